import { approvalOf, isLive } from '../guardrails/approval.js';
import { setApart } from '../guardrails/exceptions.js';
import { type Shown, shownBy } from '../guardrails/freshness.js';
import { type Decision, decisive, type Fact, type Facts, known, type Trigger, unreadable } from '../guardrails/guardrail.js';
import { type Approval, emptyView, type StreamView } from '../journal.js';
import { digestOf } from '../model/json.js';
import type { Change, Plan } from '../model/plan.js';
import { type ResourceRef, streamOf } from '../model/resource.js';
import { modeOf } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { execute, type Step } from './execute.js';
import { LOOKING, SharedReads } from './gate.js';
import { endMoot, sendNotice } from './grace.js';
import { type Approved, makePlan, type Part, partition } from './planning.js';
import { type Asked, announcedBy, blank, outcomeOf, recordDecision, type Verdict } from './recorder.js';
import { recoverOne } from './recover.js';
import { whileRunbook } from './runbook.js';
import { factOf, type Look, type Runtime, unread } from './runtime.js';
import type { PassResult, RunBudget, RunOptions } from './types.js';

/** How long a pass waits for another worker that holds the resource; then the input comes again. */
const BUSY_WAIT = 5000;
const BUSY_POLL = 250;
/** How often a pass looks anew at a resource that keeps changing under it. */
const ROUNDS = 8;

/** {@link RunOptions} with nothing left open. */
interface Run {
  readonly deadline: number | null;
  readonly dryRun: boolean;
  readonly drill: boolean;
  readonly budget: RunBudget;
}

/** With less time than this after it, a pass does not wait for a resource to settle. */
const NEEDED_AFTER_SETTLING = 45_000;

/** One remediator over one resource: observe, plan, and decide and execute each part of the plan. */
export async function runPass(
  runtime: Runtime,
  request: {
    readonly remediator: Remediator;
    readonly claimed: ResourceRef;
    readonly ids: readonly string[];
    readonly trigger: Trigger;
    /** When a sweep saw it first; it comes back to it instead of waiting. */
    readonly seenAt?: number;
    /** What came before in the same pass over the resource. */
    readonly together?: ResourcePass;
  },
  options: RunOptions,
): Promise<readonly PassResult[]> {
  const { remediator, claimed, ids, trigger, together = resourcePass() } = request;
  const run: Run = {
    deadline: options.deadline ?? null,
    dryRun: options.dryRun ?? false,
    drill: options.drill ?? false,
    budget: options.budget ?? { changes: 0 },
  };
  const lastChange = run.dryRun ? null : lastChangeBy(trigger, request.seenAt ?? runtime.clock.now(), runtime.clock.now());
  const journal = run.dryRun ? runtime.journal : runtime.needJournal('Changing something');
  together.asked.add(remediator.id);

  const passes: PassResult[] = [];
  const done = new Set<string>();
  let ref: ResourceRef | null = null;
  let waited = 0;
  for (let round = 0; round < ROUNDS; ) {
    const identity = await factOf(() => runtime.identity(claimed, LOOKING));
    const home = identity.ok && identity.value.account === claimed.account;
    // With the wrong credentials nothing is read: what they show would be another account's.
    if (ref === null && home) {
      const named = await runtime.identify(remediator, claimed, run.deadline, together.names);
      if (!named.ok || named.value === null) {
        const why = named.ok ? 'it is none of this account.' : named.error;
        const verdict: Verdict = {
          outcome: 'denied',
          message: `${claimed.id} could not be identified, so nothing was done: ${why}`,
          retryable: !named.ok && named.retryable,
        };
        return [await recordDecision(runtime, { remediator, ref: claimed, trigger }, run.dryRun, verdict)];
      }
      ref = named.value;
    }
    const asked: Asked = { remediator, ref: ref ?? claimed, trigger };
    const policy = await factOf(() => runtime.readPolicy());
    const history = await factOf(async () => (journal === null ? emptyView(streamOf(asked.ref)) : await journal.view(asked.ref)));
    if (!run.dryRun && history.ok && history.value.open !== null && history.value.open.leaseUntil <= runtime.clock.now()) {
      // Its worker is gone. Close it first: only then is known what happened.
      await recoverOne(runtime, history.value.open, run.deadline);
      together.reads.forget();
      round++;
      continue;
    }
    const seen: Look = home
      ? await runtime.look(remediator, asked.ref, policy, { as: LOOKING, deadline: run.deadline, shared: together.reads })
      : unseen(identity);
    const shown = shownBy(trigger, remediator, asked.ref, ids, policy.ok ? policy.value : null, runtime.clock.now());
    const facts = await runtime.facts({ remediator, ref: asked.ref, trigger, identity, policy, history, seen, changes: run.budget.changes, lastChange });

    const waits = await whileRunbook(runtime, asked, { seen, facts, dryRun: run.dryRun });
    if (waits !== null) return [...passes, waits];

    await heedNarrower(runtime, asked, { facts, seen, together, run });
    let again: Step['again'] = 'no';
    let settled: number | null = null;
    let verified: Step['verified'];
    const partsIn = (look: Look) =>
      partsOf(facts, asked, without(look, together, remediator.id), shown, history.ok ? history.value.approvals : [], runtime.clock.now());
    if (!run.dryRun && history.ok)
      await endMoot(runtime, asked, seen, history.value.approvals, (look) => partsOf(facts, asked, look, shown, history.value.approvals, runtime.clock.now()));
    const settledBy = decidedBy(seen, together, remediator.id);
    if (settledBy !== null) return [...passes, await recordDecision(runtime, asked, run.dryRun, { outcome: 'no-op', ...settledBy })];
    for (const part of todo(partsIn(seen), seen, trigger, done)) {
      const step = await decideAndAct(runtime, asked, { facts, part, shown: part === null ? shown : shownFor(part, shown), seen, run, partsIn });
      if (step.settles !== undefined) settled = step.settles;
      again = step.again;
      if (step.result !== null) passes.push(step.result);
      if (step.result !== null && part !== null && again === 'no' && holdsForOthers(step.result))
        for (const change of part.changes) together.decided.set(callOf(change), step.result);
      verified = step.verified;
      if (again !== 'no') together.reads.renew(verified?.reads);
      if (part !== null && step.settles === undefined && (again === 'no' || again === 'executed')) done.add(part.key);
      // A change was made, or the resource is not what it was: the rest is planned anew from what is there now.
      if (again !== 'no') break;
    }
    if (again === 'no' && settled === null) return passes;
    if (settled !== null && again === 'no') {
      // A sweep comes back to it; whoever has the time waits.
      const late = run.deadline !== null && settled + NEEDED_AFTER_SETTLING > run.deadline;
      if (trigger.by === 'sweep' || late)
        return [...passes, busy(asked, `It changed just now, and is decided on after ${new Date(settled).toISOString()}.`, settled)];
      await runtime.clock.sleep(Math.max(1, settled - runtime.clock.now()));
      together.reads.forget();
      round++;
      continue;
    }
    if (again === 'executed' && ['partial', 'unknown', 'failed', 'awaiting-runbook'].includes(passes.at(-1)?.outcome ?? '')) return passes;
    // What would be looked for now, the verification has just looked for.
    if (again === 'executed' && verified?.done === true) return passes;
    if (again === 'busy') {
      if (waited >= BUSY_WAIT) return [...passes, busy(asked, 'Another worker holds the resource.')];
      waited += BUSY_POLL;
      await runtime.clock.sleep(BUSY_POLL);
    } else round++;
  }
  // Nothing may be lost for it: the same input comes again.
  return [...passes, busy({ remediator, ref: ref ?? claimed }, 'The resource keeps changing.')];
}

/** One pass over a resource by several remediators, narrow before wide. */
export interface ResourcePass {
  /** The same question is asked of AWS once. */
  readonly reads: SharedReads;
  /** Which resource is meant is asked once, whatever is changed in between: a pass has one. */
  readonly names: SharedReads;
  /** What became of calls that a narrower remediator planned, and that were not made: a wider one does not decide on them again. */
  readonly decided: Map<string, PassResult>;
  /** The remediators that had their turn. */
  readonly asked: Set<string>;
}

/** Begins a pass over a resource. */
export function resourcePass(): ResourcePass {
  return { reads: new SharedReads(), names: new SharedReads(), decided: new Map(), asked: new Set() };
}

/** What the policy lets one remediator do says nothing of another; an exception, a wait, a hold does. */
function holdsForOthers({ decision }: PassResult): boolean {
  // A dry run: it would be made, and so there would be nothing left to decide on.
  return decision === null || decision.effect === 'allow' || !decisive(decision).every((each) => each.guardrail === 'mode' || each.guardrail === 'ceiling');
}

const callOf = ({ call }: Change) => digestOf({ service: call.service, operation: call.operation, input: call.input });
const isDecided = (change: Change, { decided }: ResourcePass, remediator: string) => (decided.get(callOf(change))?.remediator ?? remediator) !== remediator;

/** A look without the changes that a narrower remediator has decided on. */
function without(look: Look, together: ResourcePass, remediator: string): Look {
  if (!look.assessment.ok || look.assessment.value.status !== 'change' || together.decided.size === 0) return look;
  const changes = look.assessment.value.changes.filter((change) => !isDecided(change, together, remediator));
  return { ...look, assessment: known({ ...look.assessment.value, changes }) };
}

/** Guardrails that say what people want of a resource; others say how a remediator may act, or on what. */
const SAID: readonly string[] = ['exceptions', 'hold', 'fights', 'approval'];

/**
 * What people have said of a narrower remediator's call holds for a wider one, also where the wider one alone is asked: by a sweep, or by a
 * finding of its own. Where there may be something of the kind the narrower one decides as well, and does nothing.
 */
async function heedNarrower(
  runtime: Runtime,
  { remediator, ref, trigger }: Asked,
  { facts, seen, together, run }: { readonly facts: Facts; readonly seen: Look; readonly together: ResourcePass; readonly run: Run },
): Promise<void> {
  const { register, history, now } = facts;
  // Without them nothing is decided anyway.
  if (!register.ok || !history.ok || !seen.assessment.ok || seen.assessment.value.status !== 'change') return;
  const { approvals, holds, closed } = history.value;
  for (const narrow of runtime.remediators) {
    const { id } = narrow;
    if (narrow.breadth >= remediator.breadth || !narrow.resourceTypes.includes(ref.type) || together.asked.has(id)) continue;
    const asked = approvals.filter((each) => each.remediator === id && isLive(each, now));
    const met = asked.length > 0 || [...holds, ...closed].some((each) => each.remediator === id);
    if (!met && !register.value.entries.some((entry) => entry.scope.remediators?.includes(id) === true)) continue;
    const passes = await runPass(
      runtime,
      {
        remediator: narrow,
        claimed: ref,
        ids: [ref.id],
        trigger: trigger.by === 'approval' ? { by: 'request' } : trigger,
        together: { ...together, decided: new Map(), asked: new Set() },
      },
      { dryRun: true, ...(run.deadline === null ? {} : { deadline: run.deadline }) },
    );
    for (const pass of passes) {
      const said = pass.decision?.results.some((each) => each.effect !== 'allow' && SAID.includes(each.guardrail)) === true;
      const waits = asked.some((each) => each.planDigest === pass.plan?.digest && (each.verdict === 'denied' || holdsForOthers(pass)));
      if (said || waits) for (const change of pass.plan?.changes ?? []) together.decided.set(callOf(change), pass);
    }
  }
}

/** When a narrower remediator has decided on everything: an exception from it, or its wait for an approval, holds for the same call under another name. */
function decidedBy(look: Look, together: ResourcePass, remediator: string): { message: string; open: readonly string[] } | null {
  if (!look.assessment.ok || look.assessment.value.status !== 'change') return null;
  const { changes } = look.assessment.value;
  if (changes.length === 0 || !changes.every((change) => isDecided(change, together, remediator))) return null;
  const by = [...new Set(changes.map((change) => together.decided.get(callOf(change))))].filter((each) => each !== undefined);
  const message = `Decided on already: ${by.map((each) => `${each.remediator}: ${each.outcome}`).join(', ')}.`;
  return { message, open: changes.map((change) => change.summary) };
}

/** Nothing is looked at with credentials of which is not known that they are of the resource's account. */
function unseen(identity: Facts['identity']): Look {
  const observation = identity.ok
    ? unreadable('not read with credentials of another account')
    : { ...identity, error: `whose the credentials are could not be read: ${identity.error}` };
  return { observation, assessment: unreadable('not read') };
}

/** When a resource changed last, at the latest: what an event reports is no later than the event; of anything else only the first sight is known. */
function lastChangeBy(trigger: Trigger, seenAt: number, now: number): number | null {
  // Whoever approves has looked.
  if (trigger.by === 'approval') return null;
  const reported = trigger.by === 'finding' ? Date.parse(trigger.finding.observedAt ?? '') : Number.NaN;
  // A clock that is ahead must not make it wait for ever.
  return Math.min(Number.isNaN(reported) ? seenAt : reported, now);
}

/** The changes by what decides on them; what was approved as one is one, as long as it is still the same plan. */
function partsOf(facts: Facts, { remediator, ref, trigger }: Asked, seen: Look, shown: Shown, approvals: readonly Approval[], now: number): readonly Part[] {
  if (!seen.assessment.ok || !seen.observation.ok || seen.observation.value === 'gone') return [];
  const { state } = seen.observation.value;
  // What was approved just now comes first: an earlier yes to the same plan may have been to less.
  const isAsked = ({ id }: Approval) => trigger.by === 'approval' && trigger.approval === id;
  const approved = approvals
    .toSorted((a, b) => Number(isAsked(b)) - Number(isAsked(a)))
    .filter(
      (each) =>
        each.remediator === remediator.id && (each.verdict === 'approved' || (each.verdict === 'none' && each.grace !== undefined)) && isLive(each, now),
    )
    .map((each): Approved => ({ ...each, holds: (part) => makePlan(remediator, ref, state, part).digest === each.planDigest }));
  return partition(seen.assessment.value, shown, approved, (change) => setApart({ ...facts, observation: seen.observation }, change));
}

/** What has to be decided on; one decision without a part when nothing is to be changed. After an approval, only what was approved. */
function todo(parts: readonly Part[], seen: Look, trigger: Trigger, done: ReadonlySet<string>): readonly (Part | null)[] {
  if (trigger.by === 'approval') {
    const mine = parts.filter((part) => part.approval?.id === trigger.approval && !done.has(part.key));
    return mine.length > 0 || done.size > 0 ? mine : [null];
  }
  if (seen.assessment.ok && seen.assessment.value.status === 'change') return parts.filter((part) => !done.has(part.key));
  return done.size > 0 ? [] : [null];
}

/** What was new when its approval was asked for stays so: waiting for an answer makes nothing older. */
function shownFor(part: Part, shown: Shown): Shown {
  return part.approval === undefined ? shown : part.approval.fresh ? 'all' : 'nothing';
}

function busy({ remediator, ref }: Pick<Asked, 'remediator' | 'ref'>, message: string, settles: number | null = null): PassResult {
  return { ...blank(remediator, ref), outcome: 'busy', message, retryable: true, settles };
}

async function decideAndAct(
  runtime: Runtime,
  asked: Asked,
  args: { facts: Facts; part: Part | null; shown: Shown; seen: Look; run: Run; partsIn: (look: Look) => readonly Part[] },
): Promise<Step> {
  const { part, seen, run } = args;
  const { remediator, ref } = asked;
  const observed = seen.observation.ok ? seen.observation.value : null;
  const assessment = seen.assessment.ok ? seen.assessment.value : null;
  const plan = part === null || observed === null || observed === 'gone' ? null : makePlan(remediator, ref, observed.state, part);
  const facts: Facts = {
    ...args.facts,
    // As it is now: others of the run may have taken their place since the facts were gathered.
    run: { changes: run.budget.changes },
    changes: part?.changes ?? [],
    hazards: part?.hazards ?? args.facts.hazards,
    plan: plan?.digest ?? null,
  };
  const decision = runtime.decide(facts, args.shown);
  const conclude = async (verdict: Verdict): Promise<Step> => {
    const result = await recordDecision(runtime, asked, run.dryRun, { decision, plan, facts, ...verdict });
    const announced = !run.dryRun && result.outcome === 'awaiting-approval' && announcedBy(decision) !== null;
    return { result: announced ? await sendNotice(runtime, asked, result, facts, run.deadline) : result, again: 'no' };
  };

  if (assessment === null) {
    return conclude({
      outcome: 'denied',
      message: `Not decided, because it could not be read: ${unread(seen)?.error ?? ''}`,
      retryable: mayBeReadLater(facts),
    });
  }
  const unchanged = async (verdict: Verdict): Promise<Step> => {
    // Who reported it before it was closed, or flagged, reports the same thing again.
    const earlier = await answered(runtime, asked, facts.history, run.dryRun);
    return conclude(earlier === null ? verdict : { outcome: 'no-op', message: earlier.message, duplicateOf: earlier.execution, open: verdict.open ?? [] });
  };
  if (asked.trigger.by === 'approval' && part === null) {
    const message = 'The resource is not what was approved any more, so nothing was done on the approval.';
    return conclude({ outcome: 'superseded', message });
  }
  if (assessment.status === 'compliant') return unchanged({ outcome: 'no-op', message: assessment.message ?? 'There is nothing to change.' });
  if (assessment.status === 'not-applicable') return unchanged({ outcome: 'no-op', message: `It does not apply: ${assessment.reason}` });

  const why = decisive(decision)
    .map((result) => result.message)
    .join(' ');
  if (part !== null && decision.effect === 'deny' && decisive(decision).every((each) => each.code === 'settling'))
    return { result: null, again: 'no', settles: (facts.lastChange ?? facts.now) + remediator.settle };
  if (decision.effect === 'deny') return conclude({ outcome: 'denied', message: why, retryable: mayBeReadLater(facts) });
  if (decision.effect === 'exempt') return conclude({ outcome: 'exempt', message: why });
  if (assessment.status === 'manual')
    return unchanged({ outcome: 'notified', message: assessment.message, open: [assessment.message], steps: assessment.steps ?? [] });

  const open = assessment.open ?? [];
  if (part === null || plan === null) return conclude({ outcome: 'denied', message: 'There is no plan.' });
  if (decision.effect !== 'allow') {
    const planned = decision.effect === 'notify' && facts.policy.ok && modeOf(facts.policy.value, remediator.id, ref.account) === 'plan';
    return conclude({ outcome: planned ? 'planned' : outcomeOf(decision), message: why, open, fresh: isFresh(decision) });
  }
  if (run.dryRun) return { result: { ...blank(remediator, ref), outcome: 'planned', message: summaryOf(plan), decision, plan, open }, again: 'no' };
  return execute(runtime, asked, {
    facts,
    shown: args.shown,
    plan,
    decision,
    partsIn: args.partsIn,
    approval: approvalOf(decision),
    drill: run.drill,
    assessmentOpen: open,
    budget: run.budget,
    deadline: run.deadline,
  });
}

/** Whether the event showed the change itself when it was decided on. */
function isFresh(decision: Decision): boolean {
  return decision.results.some((each) => each.guardrail === 'freshness' && each.effect === 'allow');
}

function summaryOf(plan: Plan): string {
  return plan.changes.map((change) => change.summary).join('; ');
}

/**
 * Whether a denial for want of facts may end otherwise later. Our own stores are expected back, so what needs them comes again; what AWS
 * refuses for good does not.
 */
function mayBeReadLater({ policy, register, stop, history, track, identity, observation, assessment }: Facts): boolean {
  if ([policy, register, stop, history, track].some((fact: Fact<unknown>) => !fact.ok)) return true;
  return [identity, observation, assessment].some((fact: Fact<unknown>) => !fact.ok && fact.retryable);
}

/** The execution that already does, or did, what this input asks for. */
async function answered(
  runtime: Runtime,
  { remediator, ref, trigger }: Asked,
  history: Fact<StreamView>,
  dryRun: boolean,
): Promise<{ execution: string; message: string } | null> {
  // What was reported before it was fixed is the same report again.
  const reported = trigger.by === 'finding' && trigger.finding.observedAt !== null ? Date.parse(trigger.finding.observedAt) : Number.POSITIVE_INFINITY;
  const find = ({ open, closed }: StreamView) => {
    const last = closed.find((each) => each.remediator === remediator.id);
    if (last !== undefined && ['remediated', 'flagged'].includes(last.outcome) && reported <= last.closedAt)
      return { execution: last.execution, message: `Execution ${last.execution} has closed it already.` };
    return open !== null && open.remediator === remediator.id ? { execution: open.execution, message: `Execution ${open.execution} is at it.` } : null;
  };
  const answer = history.ok ? find(history.value) : null;
  // The history was read before the resource: another worker may have made the change in between.
  return answer !== null || dryRun || runtime.journal === null ? answer : find(await runtime.journal.view(ref));
}
