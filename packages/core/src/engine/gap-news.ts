import { isLive } from '../guardrails/approval.js';
import { subjectsOf } from '../guardrails/fights.js';
import { type Decision, decisive, type Facts, type Trigger } from '../guardrails/guardrail.js';
import { type Approval, type Gap, gapKey, type StreamView, tagFirstSeenKey } from '../journal.js';
import { digestOf, type Json, type JsonObject } from '../model/json.js';
import type { Outcome } from '../model/outcome.js';
import type { Plan } from '../model/plan.js';

/** Guardrails whose answer is about an account or a run: it holds all gaps back alike, and one notice says so. */
const ALIKE: readonly string[] = ['limits', 'circuit-breaker', 'kill-switch', 'freeze', 'windows'];
/** Guardrails whose answer is about an event alone: the resource stands as it did. */
const OF_EVENT: readonly string[] = ['authenticity', 'self-event', 'replay', 'failed-call', 'settling'];
/** Codes of refusals that nobody has to hear of. */
const QUIET: readonly string[] = ['mode-off', 'own-call', 'replayed', 'approval-denied', 'refused-before'];
/** So long before its deadline people are notified of a gap once more; milliseconds. */
const DAY = 86_400_000;
const NEAR = { approval: DAY, exception: 7 * DAY, tag: DAY, gap: DAY } as const;
/** The clock of a record is not quite that of the decision; milliseconds. */
const CLOCKS = 60_000;
/** What could not be delivered is tried again after so long at the earliest; milliseconds. */
const AGAIN = 600_000;

/** Under these names stands what is about no change. */
const MANUAL = 'manual';
const UNREAD = 'unread';

/** A decision, and what the journal knows about its gap. */
export interface Decided {
  readonly remediator: string;
  readonly trigger: Trigger;
  readonly outcome: Outcome;
  readonly decision: Decision | null;
  readonly plan: Plan | null;
  readonly open: readonly string[];
  readonly steps: readonly string[];
  /** It waits for the request of another remediator, for the same gap. */
  readonly joined: boolean;
  /** The request for an approval that goes with it. */
  readonly approval: { readonly id: string; readonly expires: number; readonly announced: boolean } | null;
  /** So long after it appeared the policy wants a gap closed, milliseconds; null: it does not say. */
  readonly within: number | null;
  readonly facts: Pick<Facts, 'assessment' | 'now'> | null;
  /** The resource's stream before it; null when it could not be read. */
  readonly view: Pick<StreamView, 'gaps' | 'approvals' | 'tagFirstSeen'> | null;
}

/** What is recorded about a gap, and whether people are notified. */
export interface GapNews {
  /** The member `gap` of the record; null: it says nothing of a gap. */
  readonly gap: JsonObject | null;
  /** Whether it has to be recorded: a sweep that finds what stands in the stream already records itself alone. */
  readonly record: boolean;
  /** Whether anything of the gap is new, so that of several workers one notifies. */
  readonly changed: boolean;
  readonly tell: boolean;
  /**
   * What the record says about notifications when it is written. `follows`: the result of a notification is recorded after it. `known`: people know
   * of the gap, or will be notified by another notice, for it or for everything that is held back for the same reason. `none`: nobody has to be
   * notified.
   */
  readonly notice: 'follows' | 'known' | 'none';
  /** Number of the record that made the gap what it is; null: the one that is to be written. */
  readonly known: number | null;
  /** When people first heard of it, or could have; null: it is new. */
  readonly since: number | null;
  /** Where it is near; epoch milliseconds. */
  readonly deadline: number | null;
}

/** What AWS has refused was notified when it did; that it has not settled either says nothing more. */
function isQuiet(codes: readonly string[]): boolean {
  return codes.every((code) => QUIET.includes(code) || (code === 'settling' && codes.includes('refused-before')));
}

/** Whether nobody has to hear of a decision. */
function isOfNobody({ outcome, decision, joined }: Decided): boolean {
  const why = decision === null ? [] : decisive(decision);
  return (
    outcome === 'no-op' ||
    (outcome === 'denied' && decision !== null && isQuiet(why.map((each) => each.code))) ||
    // Whoever is meant by the exception, or was asked first, has the same gap under its own name.
    (outcome === 'exempt' && why.every((each) => each.data?.['from'] !== undefined)) ||
    joined
  );
}

/** Whether people know of a gap as it is. Pure. */
export function gapNews(decided: Decided): GapNews {
  const { remediator, trigger, outcome, decision, view, facts } = decided;
  const bySweep = trigger.by === 'sweep';
  const quiet = isOfNobody(decided);
  const plain = {
    gap: null,
    record: !(bySweep && outcome === 'no-op'),
    changed: true,
    tell: !quiet,
    notice: quiet ? 'none' : 'follows',
    known: null,
    since: null,
    deadline: null,
  } as const;
  if (view === null || outcome === 'superseded' || outcome === 'awaiting-runbook') return plain;
  if (!bySweep && decision !== null && decision.effect === 'deny' && decisive(decision).every((each) => OF_EVENT.includes(each.guardrail))) return plain;
  const mine = view.gaps.filter((each) => each.remediator === remediator && each.members === null);
  const there = subjectsThere(facts);
  if (outcome === 'no-op') {
    const over = there === null ? [] : mine.filter((each) => !each.subjects.every((subject) => there.includes(subject)));
    if (over.length === 0) return plain;
    return { ...plain, record: true, gap: { over: over.map(({ key }) => key) } };
  }
  return newsOfGap(decided, view, { mine, there, quiet });
}

/** What is news of a gap that stands. */
function newsOfGap(
  decided: Decided,
  view: Pick<StreamView, 'approvals' | 'tagFirstSeen'>,
  { mine, there, quiet }: { readonly mine: readonly Gap[]; readonly there: readonly string[] | null; readonly quiet: boolean },
): GapNews {
  const { remediator, trigger, outcome, decision, facts } = decided;
  const bySweep = trigger.by === 'sweep';
  const subjects = subjectsIn(decided);
  const key = gapKey(remediator, subjects);
  const known = mine.find((each) => each.key === key);
  // What is not there any more has ended; what is decided on in another division stands under its new name.
  const over = mine.filter(
    (each) =>
      each.key !== key &&
      ((there !== null && !each.subjects.every((subject) => there.includes(subject))) || each.subjects.some((subject) => subjects.includes(subject))),
  );
  const before = known ?? over.find((each) => each.subjects.some((subject) => subjects.includes(subject)));
  const held = bySweep ? heldAlike(decision) : null;
  const state = held === null ? stateOf(decided) : (known?.state ?? '');
  const now = facts?.now ?? 0;
  const deadline =
    deadlineOf(decided) ?? (quiet || outcome === 'exempt' ? null : toBeClosed(decided.within, before?.since ?? now, known?.deadline ?? null, now));
  const near = deadline !== null && now >= deadline.from;
  const approval = decided.approval?.id ?? null;
  const changed = isChanged(known, { state, held, quiet, approval, near, deadline: deadline?.at ?? null });
  // A change that is announced has notices of its own.
  const announced = decided.approval?.announced === true;
  const again = outcome === 'contested' && !bySweep;
  const due = changed || again || now - (known?.triedAt ?? 0) >= AGAIN;
  const tell =
    held === null && !quiet && !announced && due && (again || isNews(before, { state, approval, near: near ? deadline : null }, view.approvals, now));
  return {
    gap: {
      key,
      subjects: [...subjects],
      state,
      held,
      approval: approval ?? (held === null ? null : (known?.approval ?? null)),
      deadline: deadline?.at ?? null,
      near,
      quiet,
      over: over.map((each) => each.key),
    },
    record: !bySweep || changed || over.length > 0 || firstTag(decided, view),
    changed,
    tell,
    notice: tell ? 'follows' : quiet ? 'none' : 'known',
    known: known?.record ?? null,
    since: before === undefined || before.told === null ? null : before.since,
    deadline: near ? (deadline?.at ?? null) : null,
  };
}

/** Whether a gap is not as it was recorded. */
function isChanged(known: Gap | undefined, now: Pick<Gap, 'state' | 'held' | 'quiet' | 'approval' | 'near' | 'deadline'>): boolean {
  return (
    known === undefined ||
    known.state !== now.state ||
    known.held !== now.held ||
    known.quiet !== now.quiet ||
    (now.approval !== null && known.approval !== now.approval) ||
    known.near !== now.near ||
    known.deadline !== now.deadline
  );
}

/** Whether it differs from what people were last notified of, or its deadline has come near since, or it had to be asked for again. */
function isNews(
  known: Gap | undefined,
  { state, approval, near }: { readonly state: string; readonly approval: string | null; readonly near: Deadline | null },
  approvals: readonly Approval[],
  now: number,
): boolean {
  const told = known?.told ?? null;
  if (told === null || told.state !== state || (near !== null && told.at < near.from)) return true;
  if (approval === null || told.approval === null || told.approval === approval) return false;
  // One that somebody has answered asks nobody any more.
  return !approvals.some((each) => each.id === told.approval && each.verdict === 'none' && isLive(each, now));
}

/** The parts that a look shows to be open; null when it shows nothing. */
function subjectsThere(facts: Decided['facts']): readonly string[] | null {
  if (facts === null || !facts.assessment.ok) return null;
  const { value } = facts.assessment;
  return value.status === 'change' ? subjectsOf(value.changes) : value.status === 'manual' ? [MANUAL] : [];
}

function subjectsIn({ plan, facts }: Decided): readonly string[] {
  if (plan !== null && plan.changes.length > 0) return subjectsOf(plan.changes);
  return facts?.assessment.ok === true && facts.assessment.value.status === 'manual' ? [MANUAL] : [UNREAD];
}

/** Facts of one resource; all others are read from stores, for all resources alike. */
const OF_RESOURCE: readonly unknown[] = ['observation', 'assessment'];

/** Names what holds every gap back alike; null when it is about this one. What cannot be read, or fails, is named: one hides no other. */
export function heldAlike(decision: Decision | null): string | null {
  if (decision === null || decision.effect !== 'deny') return null;
  const why = decisive(decision);
  const unread = why.filter(({ code }) => code === 'unreadable').map(({ data }) => data?.['fact']);
  if (unread.length > 0) return `unreadable-${String(unread.find((fact) => !OF_RESOURCE.includes(fact)) ?? unread[0])}`;
  const failed = why.find(({ code }) => code === 'guardrail-failed');
  if (failed !== undefined) return `guardrail-failed-${failed.guardrail}`;
  return why.every(({ guardrail }) => ALIKE.includes(guardrail)) ? (why[0]?.code ?? null) : null;
}

/** All that people act on, and nothing that changes with time alone. */
function stateOf({ outcome, decision, plan, open, steps }: Decided): string {
  // Whether an event or a sweep asks makes it no other gap.
  const reasons = decision === null ? [] : decisive(decision).filter(({ guardrail }) => guardrail !== 'freshness');
  return digestOf({
    outcome,
    reasons: [...new Set(reasons.map(({ guardrail, code }) => `${guardrail}:${code}`))].sort(),
    calls: (plan?.changes ?? []).map(({ call, undo }) => ({ call, undo })) as unknown as Json,
    // An approval is for one plan, with the state that it was made for.
    plan: outcome === 'awaiting-approval' ? (plan?.digest ?? null) : null,
    open: [...open],
    steps: [...steps],
  });
}

/** When something ends that people can prolong, and from when on that is near; epoch milliseconds. */
interface Deadline {
  readonly at: number;
  readonly from: number;
}

function deadlineOf({ decision, approval }: Decided): Deadline | null {
  if (approval !== null) return approval.announced ? null : { at: approval.expires, from: approval.expires - NEAR.approval };
  for (const [code, member, lead] of [
    ['exception', 'expires', NEAR.exception],
    ['tag-without-entry', 'until', NEAR.tag],
  ] as const) {
    const said = decision === null ? undefined : decisive(decision).find((each) => each.guardrail === 'exceptions' && each.code === code);
    const at = Date.parse(String(said?.data?.[member]));
    if (!Number.isNaN(at)) return { at, from: at - lead };
  }
  return null;
}

/** When the policy wants it closed. People are notified a day before, where there is more time than that, and once more when it is over. */
function toBeClosed(within: number | null, since: number, recorded: number | null, now: number): Deadline | null {
  if (within === null) return null;
  const exact = since + within;
  const at = recorded !== null && Math.abs(recorded - exact) < CLOCKS ? recorded : exact;
  return { at, from: now >= at || within <= NEAR.gap ? at : at - NEAR.gap };
}

/** A tag that was not recorded so far: from its first sight on it has three days. */
function firstTag({ remediator, decision }: Decided, { tagFirstSeen }: Pick<StreamView, 'tagFirstSeen'>): boolean {
  return (decision?.results ?? []).some(
    ({ code, data }) =>
      (code === 'tag-without-entry' || code === 'tag-without-effect') &&
      !Object.hasOwn(tagFirstSeen, tagFirstSeenKey(remediator, typeof data?.['part'] === 'string' ? data['part'] : null)),
  );
}
