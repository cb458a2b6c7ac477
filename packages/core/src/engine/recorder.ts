import { dischargedBy, isLive, joinedBy, shownAs } from '../guardrails/approval.js';
import { callOf, subjectsOf } from '../guardrails/fights.js';
import { freshness, namedBy } from '../guardrails/freshness.js';
import { type Decision, decisive, type Facts, type Trigger } from '../guardrails/guardrail.js';
import { personOf } from '../guardrails/principal.js';
import type { Approval, FinishRequest, Hold, Journal, Lease, RecordRef, StreamView } from '../journal.js';
import { isRedressError, messageOf } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { digestOf, isRecord, type Json, type JsonObject, toJson } from '../model/json.js';
import type { Outcome } from '../model/outcome.js';
import type { Assessment, Plan } from '../model/plan.js';
import { formatResource, type ResourceRef } from '../model/resource.js';
import type { Delivered, Notification } from '../notify.js';
import { closedWithin, environmentOf } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { type GapNews, gapNews } from './gap-news.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

/** The remediator and resource of a pass, and its trigger. */
export interface Asked {
  readonly remediator: Remediator;
  readonly ref: ResourceRef;
  readonly trigger: Trigger;
  /** IDs by which the trigger has named the resource, in addition to its own. */
  readonly ids?: readonly string[];
}

/** What a pass saw, for those who are notified: who owns the resource. */
interface Seen {
  readonly seen?: Pick<Facts, 'observation'> | null;
}

/** The outcome of an execution. */
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

/** Closes an execution, and notifies people. */
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
  if (outcome !== 'superseded') {
    const delivery = await tell(runtime, remediator, result, trigger, { seen: seen ?? null, after: documents?.['after'] ?? null });
    await unlessDelivered(runtime, result, delivery);
  }
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
  /** The execution that already does, or has done, what is requested. */
  readonly duplicateOf?: string;
  readonly open?: readonly string[];
  readonly steps?: readonly string[];
  readonly retryable?: boolean;
  /** Whether an event showed it to be new: kept with what waits for an approval. */
  readonly fresh?: boolean;
  /** Further members of the record. */
  readonly body?: JsonObject;
}

/** Records a decision that changes nothing, and notifies people of what they do not know; a dry run does neither. */
export async function recordDecision(runtime: Runtime, asked: Asked, dryRun: boolean, verdict: Verdict): Promise<PassResult> {
  const { remediator, ref } = asked;
  const { outcome, message, decision = null, plan = null, facts, duplicateOf, open = [], steps = [] } = verdict;
  const joined = decision === null ? null : joinedBy(decision);
  const asks = outcome === 'awaiting-approval' && joined === null && decision !== null && plan !== null && facts !== undefined;
  const asksFor = asks ? approvalFor(decision, plan, facts, verdict) : null;
  const news = await newsOf(runtime, asked, dryRun, verdict, { joined: joined !== null, asksFor });
  // A sweep records what it found as a whole: a record for each resource that is as it was would bury the others.
  const record =
    dryRun || !news.record
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
              ...(news.gap === null ? {} : { gap: news.gap }),
              ...(duplicateOf === undefined ? { notice: runtime.notify === null ? 'no-channel' : news.notice } : {}),
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
  if (!dryRun && news.tell && runtime.notify !== null) await notifyOf(runtime, asked, result, news, facts ?? null);
  return result;
}

/** What is news of a decision. A contradiction is remembered by its own reasons. */
async function newsOf(
  runtime: Runtime,
  { remediator, ref, trigger }: Asked,
  dryRun: boolean,
  { outcome, decision = null, plan = null, facts, duplicateOf, open = [], steps = [], body }: Verdict,
  { joined, asksFor }: { readonly joined: boolean; readonly asksFor: ReturnType<typeof approvalFor> | null },
): Promise<GapNews> {
  if (duplicateOf !== undefined || body?.['contradicts'] !== undefined) {
    const tell = outcome !== 'no-op';
    return { gap: null, record: true, changed: true, tell, notice: tell ? 'follows' : 'none', known: null, since: null, deadline: null };
  }
  const approval = asksFor === null ? null : { id: asksFor.id, expires: asksFor.expires, announced: asksFor['grace'] !== undefined };
  const view = dryRun ? null : await knownOf(runtime, ref, facts);
  const policy = facts?.policy.ok === true ? facts.policy.value : null;
  const within = policy === null ? null : closedWithin(policy, remediator, ref.account);
  return gapNews({ remediator: remediator.id, trigger, outcome, decision, plan, open, steps, joined, approval, within, facts: facts ?? null, view });
}

/** What the journal knows of a resource; null when it cannot be read. */
async function knownOf(runtime: Runtime, ref: ResourceRef, facts: Facts | undefined): Promise<StreamView | null> {
  if (facts?.history.ok) return facts.history.value;
  try {
    return (await runtime.journal?.view(ref)) ?? null;
  } catch {
    return null;
  }
}

/** Notifies people of what was recorded, and records the result. If several workers found the same at the same time, one of them notifies. */
export async function notifyOf(
  runtime: Runtime,
  { remediator, ref, trigger }: Asked,
  result: PassResult,
  { gap, changed, known, since, deadline }: Pick<GapNews, 'gap' | 'changed' | 'known' | 'since' | 'deadline'>,
  seen: Facts | null,
): Promise<void> {
  const key = gap?.['key'];
  if (changed && typeof key === 'string' && result.record !== null) {
    const mine = (await knownOf(runtime, ref, undefined))?.gaps.find((each) => each.key === key);
    // Where that cannot be read people are notified twice at worst.
    if (mine !== undefined && mine.record !== result.record.seq) return;
  }
  const delivery = await tell(runtime, remediator, result, trigger, { seen, ...(since === null ? {} : { since }), ...(deadline === null ? {} : { deadline }) });
  if (delivery === null) return;
  await recordNotice(runtime, { resource: ref, remediator: remediator.id }, delivery, {
    of: result.record?.seq ?? known,
    outcome: result.outcome,
    ...(gap === null ? {} : { gap: gap['key'] ?? null, state: gap['state'] ?? '', approval: gap['approval'] ?? null }),
  });
}

/** Records that people could not be notified, if no record says that they were. The next digest then includes it. */
export async function unlessDelivered(
  runtime: Runtime,
  { resource, remediator, record, execution, outcome, message }: PassResult,
  delivery: Delivery | null,
): Promise<void> {
  if (delivery === null || delivery.status === 'delivered' || delivery.status === 'nobody' || record === null) return;
  const about = { resource, remediator, ...(execution === null ? {} : { execution }) };
  await recordNotice(runtime, about, delivery, { of: record.seq, outcome }, message);
}

/** Records the result of a notice. A notice that is held in this process is recorded again when it is delivered. */
async function recordNotice(
  runtime: Runtime,
  about: { readonly resource: ResourceRef; readonly remediator: string; readonly execution?: string },
  delivery: Delivery,
  what: JsonObject,
  happened?: string,
): Promise<void> {
  const write = ({ status, channels, failed }: Delivery) =>
    persist(runtime, (journal) =>
      journal.append({
        kind: 'notice',
        ...about,
        body: {
          notice: { ...what, status, channels: [...channels], ...(failed === undefined ? {} : { failed }) },
          message: happened ?? SAYS[status],
        },
      }),
    );
  try {
    await write(delivery);
    if (delivery.status === 'held') runtime.heldNotices.push(() => write({ status: 'delivered', channels: delivery.channels }));
  } catch (error) {
    // What happened is recorded. At worst people are notified of it twice.
    runtime.warn(`the result of a notification about ${formatResource(about.resource)} could not be recorded`, error);
  }
}

const SAYS = {
  delivered: 'People were notified.',
  held: 'A notice is held back: too many were sent at once.',
  nobody: 'Nobody was notified: its route has no channel.',
  'not-delivered': 'Nobody was notified: no channel accepted the notice.',
} as const;

/** Delivers what was held back in this process, and records that it was. */
export async function flushNotices(runtime: Runtime): Promise<void> {
  if (runtime.notify?.flush === undefined) return;
  const waiting = runtime.heldNotices.splice(0);
  try {
    await runtime.notify.flush({ all: true });
    for (const delivered of waiting) await delivered();
  } catch (error) {
    // Nothing says that it was: the next sweep, or the next digest, has it.
    runtime.warn('notices that were held back were not delivered', error);
  }
}

/** Persists a decision or a result. If the journal is unavailable for a moment, it retries for a while, before recovery would be necessary. */
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

/** How long a plan waits for an approval: 7 days. */
const APPROVAL_WAITS = 7 * 86_400_000;

/** What is asked of an approver. Asked for the same thing again it is the same request, until it has an end. */
function approvalFor(decision: Decision, plan: Plan, facts: Facts, { fresh = false }: Verdict): JsonObject & { readonly id: string; readonly expires: number } {
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
          // An approval that exists, but was not sufficient, is requested again.
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

/** The result of a notification. */
export type Delivery = Omit<Delivered, 'status'> & { readonly status: Delivered['status'] | 'not-delivered' };

/** Notifies people. A failure is a warning. Returns the result, or null if there is no notifier. */
export async function tell(
  runtime: Runtime,
  remediator: Remediator,
  result: PassResult,
  trigger: Trigger,
  { seen = null, after = null, ...more }: Seen & { readonly after?: Json | null } & Pick<Notification, 'grace' | 'since' | 'deadline'> = {},
): Promise<Delivery | null> {
  if (runtime.notify === null) return null;
  try {
    const delivered = await runtime.notify({
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
      ...more,
    });
    // A change rests on it: it may not be held back for company.
    if (more.grace !== undefined) await runtime.notify.flush?.({ all: true });
    const answer = delivered ?? { status: 'delivered', channels: [] };
    if (answer.failed !== undefined)
      runtime.warn(`a notification about ${formatResource(result.resource)} was not delivered everywhere`, new Error(answer.failed));
    return answer;
  } catch (error) {
    runtime.warn(`a notification about ${formatResource(result.resource)} was not delivered`, error);
    // What a channel of somebody's own throws may hold what must not be kept: an address with its secret.
    return { status: 'not-delivered', channels: [], failed: isRedressError(error) ? messageOf(error) : 'It threw an error: see the log.' };
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
    name: null,
    outcome: 'no-op',
    execution: null,
    duplicate: false,
    message: '',
    decision: null,
    ifEnforced: null,
    plan: null,
    open: [],
    steps: [],
    record: null,
    retryable: false,
    approval: null,
    retryAt: null,
  };
}

/** The outcome of a decision not to act. */
export function outcomeOf(decision: Decision): Outcome {
  if (decisive(decision).some((each) => each.guardrail === 'fights')) return 'contested';
  return decision.effect === 'exempt' ? 'exempt' : decision.effect === 'notify' ? 'notified' : decision.effect === 'approve' ? 'awaiting-approval' : 'denied';
}

/** What is still open, according to an assessment. */
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
    trigger: triggerBody(asked),
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
    // A context that is not JSON cannot be kept, and half an observation would decide differently.
    return {};
  }
}

/** A call that names more parts than this is about the resource as a whole. */
const MOST_PARTS = 50;

/** What a record says about the trigger. */
export function triggerBody(asked: Asked): JsonObject {
  const { trigger } = asked;
  return trigger.by === 'finding' ? summary(trigger.finding, asked) : { ...trigger };
}

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
