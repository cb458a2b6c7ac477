import { dischargedBy, isLive, joinedBy, shownAs } from '../guardrails/approval.js';
import { callOf, subjectsOf } from '../guardrails/fights.js';
import { freshness, namedBy } from '../guardrails/freshness.js';
import { type Decision, decisive, type Facts, type Trigger } from '../guardrails/guardrail.js';
import { personOf } from '../guardrails/principal.js';
import type { Approval, FinishRequest, Hold, Journal, Lease, RecordRef } from '../journal.js';
import { isRedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { digestOf, isRecord, type Json, type JsonObject, toJson } from '../model/json.js';
import type { Outcome } from '../model/outcome.js';
import type { Assessment, Plan } from '../model/plan.js';
import { formatResource, type ResourceRef } from '../model/resource.js';
import type { Notification } from '../notify.js';
import { environmentOf } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

/** Who is asked about what, and why. */
export interface Asked {
  readonly remediator: Remediator;
  readonly ref: ResourceRef;
  readonly trigger: Trigger;
  /** By which ids the trigger has named it, besides its own. */
  readonly ids?: readonly string[];
}

/** What a pass saw, for those who are told: whose the resource is. */
interface Seen {
  readonly seen?: Pick<Facts, 'observation'> | null;
}

/** What an execution comes to. */
export interface Closing {
  readonly outcome: Outcome;
  readonly message: string;
  /** How many calls were sent, or may have been. */
  readonly sent: number;
  readonly body?: JsonObject;
  readonly documents?: Record<string, Json>;
  readonly open?: readonly string[];
  readonly retryable?: boolean;
  readonly hold?: Pick<Hold, 'until' | 'owner'>;
  /** When it is not the one that the execution began with. */
  readonly decision?: Decision;
}

/** Closes an execution, and tells people. */
export async function closeExecution(
  runtime: Runtime,
  { remediator, ref, trigger, plan, decision: begunWith, lease, seen }: Asked & Seen & { plan: Plan; decision: Decision | null; lease: Lease },
  closing: Closing,
): Promise<PassResult> {
  const { outcome, message, sent, open = [], documents, hold } = closing;
  const decision = closing.decision ?? begunWith;
  const restricted = decision === null || decision.effect === 'allow' ? {} : { decision: toJson(decision) as unknown as Json };
  const record = await finished(runtime, {
    resource: ref,
    remediator: remediator.id,
    lease,
    outcome,
    sent,
    body: { message, open: [...open], ...(closing.retryable === true ? { retryable: true } : {}), ...restricted, ...closing.body },
    ...(documents === undefined ? {} : { documents }),
    ...(hold === undefined ? {} : { hold }),
  });
  const result: PassResult = {
    ...blank(remediator, ref),
    outcome,
    execution: lease.execution,
    message,
    decision,
    plan,
    open,
    record,
    retryable: closing.retryable ?? false,
  };
  if (outcome !== 'superseded') await tell(runtime, remediator, result, trigger, { seen: seen ?? null, after: documents?.['after'] ?? null });
  return result;
}

/** Closes it in the journal. When the reply to an earlier attempt was lost, the lease may be gone because that one has closed it. */
async function finished(runtime: Runtime, request: FinishRequest): Promise<RecordRef> {
  let again = false;
  return persist(runtime, async (journal) => {
    try {
      return await journal.finish(request);
    } catch (error) {
      const ours = again && isRedressError(error) && error.code === 'journal/lost-lease' ? await outcomeUnder(journal, request.lease) : null;
      again = true;
      if (ours === null) throw error;
      return ours;
    }
  });
}

/** The outcome that was recorded under a lease: only its holder can have written it. */
async function outcomeUnder(journal: Journal, { execution, fence }: Lease): Promise<RecordRef | null> {
  for await (const { record, stream, seq, digest } of journal.read({ execution })) {
    const own = record.kind === 'outcome' ? record.body['journal'] : undefined;
    if (isRecord(own) && own['fence'] === fence) return { stream, seq, digest };
  }
  return null;
}

/** A decision that changes nothing. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly message: string;
  readonly decision?: Decision | null;
  readonly plan?: Plan | null;
  /** What it was decided on. */
  readonly facts?: Facts;
  /** The execution that already does or did what is asked. */
  readonly duplicateOf?: string;
  readonly open?: readonly string[];
  readonly steps?: readonly string[];
  readonly retryable?: boolean;
  /** Whether an event showed it to be new: kept with what waits for an approval. */
  readonly fresh?: boolean;
  /** What the record says besides. */
  readonly body?: JsonObject;
}

/** Codes of refusals that people need not be told about each time. */
const QUIET: readonly string[] = ['mode-off', 'own-call', 'replayed', 'approval-denied', 'refused-before'];

/** What AWS has refused was notified when it did; that it has not settled either says nothing more. */
function isQuiet(decision: Decision): boolean {
  const codes = decisive(decision).map((each) => each.code);
  return codes.every((code) => QUIET.includes(code) || (code === 'settling' && codes.includes('refused-before')));
}

/** Records a decision that changes nothing, and tells people; a dry run does neither. */
export async function recordDecision(runtime: Runtime, asked: Asked, dryRun: boolean, verdict: Verdict): Promise<PassResult> {
  const { remediator, ref, trigger } = asked;
  const { outcome, message, decision = null, plan = null, facts, duplicateOf, open = [], steps = [] } = verdict;
  const joined = decision === null ? null : joinedBy(decision);
  const asks = outcome === 'awaiting-approval' && joined === null && decision !== null && plan !== null && facts !== undefined;
  const asksFor = asks ? approvalFor(decision, plan, facts, verdict) : null;
  // A sweep records what it found as a whole: a record for each resource that is as it should be would bury the others.
  const record =
    dryRun || (trigger.by === 'sweep' && outcome === 'no-op' && duplicateOf === undefined)
      ? null
      : await persist(runtime, (journal) =>
          journal.append({
            kind: duplicateOf === undefined ? 'decision' : 'duplicate',
            resource: ref,
            remediator: remediator.id,
            body: {
              outcome,
              message,
              open: [...open],
              ...(steps.length === 0 ? {} : { steps: [...steps] }),
              ...(asksFor === null ? {} : { approval: asksFor, subjects: [...subjectsOf(plan?.changes ?? [])] }),
              ...verdict.body,
              ...(facts !== undefined && isCompliant(facts) ? { compliant: true } : {}),
              ...decisionBody(asked, decision, facts ?? null),
            },
            // A repeat says no more than which execution it repeats.
            documents: duplicateOf !== undefined ? {} : { ...(plan === null ? {} : { plan: plan as unknown as Json }), ...observed(facts ?? null) },
            ...(duplicateOf === undefined ? {} : { execution: duplicateOf }),
          }),
        );
  const result: PassResult = {
    ...blank(remediator, ref),
    outcome,
    execution: duplicateOf ?? null,
    duplicate: duplicateOf !== undefined,
    message,
    decision,
    plan,
    open,
    steps,
    record,
    retryable: verdict.retryable ?? false,
    approval: joined ?? (asksFor === null || dryRun ? null : asksFor.id),
  };
  const why = decision === null ? [] : decisive(decision);
  const known =
    outcome === 'no-op' ||
    (outcome === 'denied' && decision !== null && isQuiet(decision)) ||
    // Whoever is meant by the exception is asked about the same gap under its own name.
    (outcome === 'exempt' && why.every((each) => each.data?.['from'] !== undefined));
  // What is changed by itself later is told when a notice of it is due, and not each time that it is seen.
  const announced = asksFor?.['grace'] !== undefined;
  if (!dryRun && !known && !announced && joined === null) await tell(runtime, remediator, result, trigger, { seen: facts ?? null });
  return result;
}

/** What is decided, or done, is recorded: a journal that is down for a moment is tried for a while, before recovery has to find out. */
export async function persist<T>(runtime: Runtime, write: (journal: Journal) => Promise<T>): Promise<T> {
  const journal = runtime.needJournal('A record');
  for (const wait of [100, 400, 1600]) {
    try {
      return await write(journal);
    } catch (error) {
      if (!isRedressError(error) || error.code !== 'journal/unavailable') throw error;
      await runtime.clock.sleep(wait);
    }
  }
  return write(journal);
}

/** How long a plan waits for a person: 7 days. */
const APPROVAL_WAITS = 7 * 86_400_000;

/** What is asked of an approver. Asked for the same thing again it is the same request, until it has an end. */
function approvalFor(decision: Decision, plan: Plan, facts: Facts, { fresh = false }: Verdict): JsonObject & { readonly id: string } {
  const { now, history, trigger, remediator } = facts;
  const discharges = dischargedBy(decision);
  const grace = announcedBy(decision);
  // An event shows what is new, and a sweep does not: the gap is the same whoever asks. A request is carried out as it was asked for first.
  const besides = dischargedBy({ ...decision, results: decision.results.filter((each) => each.guardrail !== 'freshness') });
  const aged = { guardrail: 'freshness', ...freshness(() => false).evaluate(facts) };
  const old = aged.effect === 'approve' ? [...besides, shownAs(aged)] : besides;
  const covers = (each: Approval) => (each.fresh ? besides : old).every((one) => each.discharges.includes(one));
  const same = history.ok
    ? history.value.approvals.find(
        (each) =>
          each.remediator === remediator.id &&
          each.planDigest === plan.digest &&
          isLive(each, now) &&
          // A yes that is there, and was not enough, is asked for anew.
          each.verdict === 'none' &&
          (each.grace === undefined) === (grace === null) &&
          covers(each),
      )
    : undefined;
  const actor = trigger.by === 'finding' ? (trigger.finding.actor?.arn ?? trigger.finding.actor?.issuerArn ?? null) : undefined;
  return {
    id: same?.id ?? `a-${digestOf({ plan: plan.digest, discharges, fresh, now }).slice('sha256:'.length, 'sha256:'.length + 16)}`,
    planDigest: plan.digest,
    calls: plan.changes.map(callOf),
    asks: [...new Set(decision.results.filter((each) => each.effect === 'approve').map((each) => each.guardrail))],
    breadth: remediator.breadth,
    discharges: [...(same?.discharges ?? discharges)],
    fresh: same?.fresh ?? fresh,
    expires: same?.expires ?? now + APPROVAL_WAITS + (grace === null ? 0 : 2 * grace.period),
    ...(grace === null ? {} : { grace }),
    // A request or a sweep is caused by nobody; an event that names nobody is an unknown cause.
    ...(actor === undefined ? {} : { causedBy: actor }),
  };
}

/** The terms under which it is changed without an answer: where nothing but a grace period stands before it. */
export function announcedBy(decision: Decision): { readonly period: number; readonly remind: number[] } | null {
  const asking = decision.results.filter((each) => each.effect === 'approve');
  if (asking.length === 0 || !asking.every((each) => each.guardrail === 'grace')) return null;
  const { period, remind } = asking[0]?.data ?? {};
  return typeof period === 'number' && Array.isArray(remind) ? { period, remind: remind as number[] } : null;
}

/** Tells people. Whatever goes wrong with it is a warning; answers whether it went well. */
export async function tell(
  runtime: Runtime,
  remediator: Remediator,
  result: PassResult,
  trigger: Trigger,
  { seen = null, after = null, grace }: Seen & { readonly after?: Json | null; readonly grace?: NonNullable<Notification['grace']> } = {},
): Promise<boolean> {
  if (runtime.notify === null) return false;
  try {
    await runtime.notify({
      outcome: result.outcome === 'busy' ? 'unknown' : result.outcome,
      remediator: { id: remediator.id, title: remediator.title },
      resource: result.resource,
      message: result.message,
      reasons: result.decision?.results.filter((each) => each.effect !== 'allow') ?? [],
      hints: result.decision?.results.flatMap(({ hint }) => hint ?? []) ?? [],
      plan: result.plan,
      steps: result.steps,
      finding: trigger.by === 'finding' ? trigger.finding : null,
      execution: result.execution,
      approval: result.approval,
      at: runtime.clock.now(),
      environment: await environmentName(runtime, result.resource),
      tags: tagsOf(seen),
      open: result.open,
      after,
      blindSpots: remediator.blindSpots,
      ...(grace === undefined ? {} : { grace }),
    });
    // A change rests on it: it may not be held back for company.
    if (grace !== undefined) await runtime.notify.flush?.({ all: true });
    return true;
  } catch (error) {
    runtime.warn(`a notification about ${formatResource(result.resource)} was not delivered`, error);
    return false;
  }
}

/** For routing alone, so what cannot be read is not known. */
async function environmentName(runtime: Runtime, { account }: ResourceRef): Promise<string | null> {
  try {
    return environmentOf(await runtime.readPolicy(), account)?.name ?? null;
  } catch {
    return null;
  }
}

function tagsOf(seen: Pick<Facts, 'observation'> | null): Readonly<Record<string, string>> | null {
  if (seen === null || !seen.observation.ok || seen.observation.value === 'gone') return null;
  const { tags } = seen.observation.value;
  return tags === 'untaggable' ? {} : tags;
}

/** A result that says nothing so far. */
export function blank(remediator: Pick<Remediator, 'id'>, ref: ResourceRef): PassResult {
  return {
    remediator: remediator.id,
    resource: ref,
    outcome: 'no-op',
    execution: null,
    duplicate: false,
    message: '',
    decision: null,
    plan: null,
    open: [],
    steps: [],
    record: null,
    retryable: false,
    approval: null,
    retryAt: null,
  };
}

/** What a decision that is not to act comes to. */
export function outcomeOf(decision: Decision): Outcome {
  if (decisive(decision).some((each) => each.guardrail === 'fights')) return 'contested';
  return decision.effect === 'exempt' ? 'exempt' : decision.effect === 'notify' ? 'notified' : decision.effect === 'approve' ? 'awaiting-approval' : 'denied';
}

/** What an assessment says is open. */
export function stillOpen(assessment: Assessment): readonly string[] {
  if (assessment.status === 'manual') return [assessment.message];
  if (assessment.status !== 'change') return [];
  return [...assessment.changes.map((change) => change.summary), ...(assessment.open ?? [])];
}

/** Why: what asked, what each guardrail said, and the exact policy and register that they said it on. */
export function decisionBody(asked: Asked, decision: Decision | null, facts: Pick<Facts, 'policy' | 'register' | 'identity'> | null): JsonObject {
  const { trigger } = asked;
  const tagged = decision?.results.find((each) => each.code === 'tag-without-entry' || each.code === 'tag-without-effect');
  return {
    trigger: trigger.by === 'finding' ? summary(trigger.finding, asked) : { ...trigger },
    ...(decision === null ? {} : { effect: decision.effect, guardrails: toJson(decision.results) as unknown as Json }),
    policy: facts?.policy.ok ? facts.policy.value.digest : null,
    register: facts?.register.ok ? facts.register.value.digest : null,
    identity: facts?.identity.ok ? facts.identity.value.arn : null,
    // Only who is named by an event can be one of them.
    ...(trigger.by === 'finding' && trigger.finding.actor !== null && facts?.identity.ok && facts.identity.value.actsAs !== undefined
      ? { actsAs: [...facts.identity.value.actsAs] }
      : {}),
    // True for the whole resource; a part is named.
    ...(tagged === undefined ? {} : { exceptionTagUnregistered: tagged.data?.['part'] ?? true }),
  };
}

/** Whether it was seen without the gap. A resource that is not there says nothing: reads may be late, and what is there later may be another. */
function isCompliant({ observation, assessment }: Pick<Facts, 'observation' | 'assessment'>): boolean {
  return observation.ok && observation.value !== 'gone' && assessment.ok && assessment.value.status === 'compliant';
}

/**
 * What was seen, as a document: enough to ask any policy, and any version of the remediator, what they make of it. Documents may be deleted
 * when their retention ends, unlike records: tags and settings are the account's own.
 */
export function observed(facts: Pick<Facts, 'observation'> | null): Record<string, Json> {
  if (facts === null || !facts.observation.ok) return {};
  const seen = facts.observation.value;
  if (seen === 'gone') return { observation: 'gone' };
  const { state, tags, usedBy, parts, context } = seen;
  try {
    const more = { ...(usedBy === undefined ? {} : { usedBy }), ...(parts === undefined ? {} : { parts }) };
    return { observation: toJson({ state, tags, context, ...more }) as unknown as Json };
  } catch {
    // A context that is no JSON cannot be kept, and half an observation would decide differently.
    return {};
  }
}

/** A call that names more parts than this is about the resource as a whole. */
const MOST_PARTS = 50;

/** What is kept of a finding: enough to say why and to find it again, nothing of its payload. */
function summary(finding: Finding, { remediator, ref, ids = [] }: Asked): JsonObject {
  const { actor } = finding;
  const named = namedBy(finding, remediator, ref, ids);
  const person = actor?.arn == null ? null : personOf(actor.arn);
  return {
    by: 'finding',
    id: finding.id,
    source: finding.source,
    kind: finding.kind,
    controls: [...finding.controls],
    configRule: finding.configRule,
    state: finding.state,
    observedAt: finding.observedAt,
    actor: actor?.arn ?? null,
    ...(actor?.issuerArn == null ? {} : { issuer: actor.issuerArn }),
    ...(person === null ? {} : { person }),
    ...(actor?.sourceIdentity === undefined ? {} : { sourceIdentity: actor.sourceIdentity }),
    ...(typeof named === 'string' || named.size === 0 || named.size > MOST_PARTS ? {} : { parts: [...named].sort() }),
    call: finding.call === null ? null : `${finding.call.service}:${finding.call.operation}`,
    event: finding.envelope?.id ?? null,
  };
}
