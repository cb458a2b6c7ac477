import { callOf, subjectsOf } from '../guardrails/fights.js';
import type { Shown } from '../guardrails/freshness.js';
import { type Decision, decisive, type Facts } from '../guardrails/guardrail.js';
import { type BeginRequest, type BeginResult, type Lease, newExecution } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { digestOf, type Json, toJson } from '../model/json.js';
import type { Assessment, Plan } from '../model/plan.js';
import { apply } from './apply.js';
import { breakerAfter, tripped } from './breaker.js';
import { closingOf, closingUnsent, type Ended, isOvertaken } from './closing.js';
import { deniedBody } from './denial.js';
import { inExecution, LOOKING, type SharedReads } from './gate.js';
import { mayBeReadLater } from './later.js';
import { LEASE, LOOK_HOLDS, NEEDED } from './limits.js';
import { plannedByOthers } from './others.js';
import { blank, type Closing, closeExecution, decisionBody, observed, recordDecision } from './recorder.js';
import { budgetsOf, type Look, type Observed, type Runtime, unread } from './runtime.js';
import type { PassResult } from './types.js';
import { verify } from './verify.js';
import { type End, following, type Way } from './way.js';

/** A plan that may be carried out. */
export interface Allowed {
  readonly facts: Facts;
  /** What was new when it was decided on. */
  readonly shown: Shown;
  readonly plan: Plan;
  readonly decision: Decision;
  readonly approval: string | null;
  /** What the plan leaves open. */
  readonly open: readonly string[];
}

/** A second look, and when it was begun; epoch milliseconds. */
interface Second extends Look {
  readonly at: number;
}

/** Carries an allowed plan out: the intent first, on exactly what was decided on, then the change under its lease. */
export async function execute(runtime: Runtime, way: Way, allowed: Allowed): Promise<End> {
  const { remediator, ref, run } = way;
  const { plan, decision } = allowed;
  const [first] = plan.changes;
  // Reserved before the first await, so that passes at the same time cannot share the last one.
  run.budget.changes++;
  let release = true;
  try {
    if (first !== undefined) await runtime.gate.turn(first.call.service, ref);
    if (run.deadline !== null && runtime.clock.now() + NEEDED > run.deadline) {
      const message = 'Not enough time left to start; it is delivered again later.';
      return { results: [{ ...blank(remediator, ref), outcome: 'busy', message, decision, plan, retryable: true }], leads: { is: 'go-on' } };
    }
    const execution = newExecution(runtime.clock.now());
    return await runtime.gate.within({ execution }, async () => {
      const { begun, second } = await begin(runtime, way, allowed, execution);
      if (begun.status !== 'begun') return await refused(runtime, way, allowed, begun);
      // From here on something may be sent, also when this throws.
      release = false;
      const { reads, ...closing } = await carryOut(runtime, way, allowed, begun.lease, second);
      release = closing.sent === 0;
      return await close(runtime, way, allowed, begun.lease, closing, reads);
    });
  } finally {
    if (release) run.budget.changes--;
  }
}

/**
 * The intent, on exactly the head that was decided on. Concurrently, at no cost in time: the second read, which makes an exception
 * tag hold that came in between, and the session of the execution.
 */
async function begin(
  runtime: Runtime,
  way: Way,
  { facts, plan, decision, approval }: Allowed,
  execution: string,
): Promise<{ readonly begun: BeginResult; readonly second: Second }> {
  const { remediator, ref, trigger } = way;
  const policy = facts.policy.ok ? facts.policy.value : null;
  const history = facts.history.ok ? facts.history.value : null;
  if (policy === null || history === null) throw new RedressError('engine/bug', 'An allowed decision without policy or history.');
  const request: BeginRequest = {
    resource: ref,
    remediator: remediator.id,
    planDigest: plan.digest,
    generation: history.generation,
    execution,
    budgets: budgetsOf(policy, remediator.id, ref, trigger),
    lease: LEASE,
    ...(approval === null ? {} : { approval }),
    body: {
      purpose: 'fix',
      subjects: subjectsOf(plan.changes),
      terms: { version: remediator.package.version, parameters: facts.parameters, drill: way.run.drill },
      ...decisionBody(way, decision, facts),
    },
    documents: { plan: plan as unknown as Json, before: plan.before, ...observed(facts) },
  };
  const as = inExecution({ execution }, remediator, ref, 'fix');
  const [first] = plan.changes;
  const [begun, second] = await Promise.all([
    runtime.needJournal('Changing something').begin(request),
    confirm(runtime, way, facts),
    first === undefined ? undefined : runtime.gate.open(first.call, { remediator, ref, as }),
  ]);
  return { begun, second };
}

async function confirm(runtime: Runtime, { remediator, ref, run }: Way, facts: Facts): Promise<Second> {
  const at = runtime.clock.now();
  const how = { as: LOOKING, deadline: run.deadline, purpose: 'confirmation', earlier: planned(facts) } as const;
  return { ...(await runtime.look(remediator, ref, facts.policy, how)), at };
}

/** What the plan was made from. */
const planned = ({ observation }: Facts): Observed | null => (observation.ok ? observation.value : null);

/** What follows when the journal lets nothing begin. */
async function refused(runtime: Runtime, way: Way, allowed: Allowed, begun: Exclude<BeginResult, { status: 'begun' }>): Promise<End> {
  // Another worker held the lease: what was read before that is not used.
  if (begun.status !== 'over-budget') way.together.reads.forget();
  if (begun.status === 'stale') return { results: [], leads: { is: 'look-again' } };
  if (begun.status === 'busy') return { results: [], leads: { is: begun.open.leaseUntil <= runtime.clock.now() ? 'look-again' : 'turn' } };
  const { facts, plan, decision, open } = allowed;
  const { changes, window, key } = begun.budget;
  const message = `The limit of ${changes} changes in ${Math.round(window / 60_000)} minutes for ${key} is reached (${begun.used}).`;
  const limit = { guardrail: 'limits', effect: 'deny', code: 'limit-window', message, data: { key, used: begun.used } } as const;
  const limited: Decision = { effect: 'deny', results: [...decision.results, limit] };
  // What a sweep found waits for the next one. Nobody expects this many changes for events: a person reviews them first.
  const backlog = way.trigger.by === 'sweep';
  if (!backlog) await tripped(runtime, way, message);
  const verdict = { outcome: 'denied', message, decision: limited, plan, facts, open, retryable: backlog } as const;
  return { results: [await recordDecision(runtime, way, false, verdict)], leads: { is: 'go-on' } };
}

/** Why nothing is sent although it was allowed: what the second look shows is not what was decided on. Null: it is. */
function overtaken(second: Look, plan: Plan): Closing | null {
  const { observation, assessment } = second;
  const blind = unread(second);
  if (blind !== null || !observation.ok || !assessment.ok)
    return { outcome: 'failed', message: `Could not be read a second time: ${blind?.error ?? ''}`, sent: 0, retryable: true };
  const seen = observation.value;
  if (seen !== 'gone' && digestOf(seen.state) === digestOf(plan.before) && isStill(plan, assessment.value)) return null;
  return { outcome: 'superseded', message: 'The resource drifted after the decision, so the decision was not carried out.', sent: 0 };
}

/** Whether an assessment still asks for a plan, with no hazard that nobody has decided on. */
function isStill({ changes, hazards }: Plan, assessment: Assessment): boolean {
  if (assessment.status !== 'change') return false;
  const calls = changes.map(callOf);
  const still = assessment.changes.filter((change) => calls.includes(callOf(change)));
  const known = hazards.map((each) => digestOf(toJson(each)));
  const met = [...(assessment.hazards ?? []), ...still.flatMap((change) => change.hazards ?? [])];
  return still.length === changes.length && met.every((each) => known.includes(digestOf(toJson(each))));
}

/** Under the lease: compare the second read, send, verify; returns the outcome of the execution. */
async function carryOut(
  runtime: Runtime,
  way: Way,
  { facts, plan, shown, open }: Allowed,
  lease: Lease,
  second: Second,
): Promise<Closing & { readonly reads?: { readonly shared: SharedReads; readonly done: boolean } }> {
  const { remediator, ref } = way;
  const { deadline } = way.run;
  let moved = overtaken(second, plan);
  if (moved !== null) return moved;
  let latest = second;
  let begun = false;
  let stopped: Ended['stopped'] = null;
  const recheck = async () => {
    if (runtime.clock.now() - latest.at > LOOK_HOLDS) {
      latest = await confirm(runtime, way, facts);
      // Once something was sent it is not what it was, and only exceptions are asked for.
      moved = begun ? null : overtaken(latest, plan);
      if (moved !== null) throw new RedressError('gate/stopped', moved.message);
    }
    // Kill switch, policy and exceptions may have changed since; nothing else decides differently for the same state.
    const now = await asOfNow(runtime, way, facts, latest);
    const decision = runtime.decide(now, shown);
    begun ||= decision.effect === 'allow';
    if (decision.effect === 'allow') return;
    stopped = { decision, retryable: mayBeReadLater(now) };
    const why = decisive(decision).map((each) => each.message);
    throw new RedressError('gate/stopped', why.join(' '));
  };
  const besides: Promise<unknown>[] = [];
  const { policy } = facts;
  const applied = await apply(runtime, {
    remediator,
    ref,
    changes: plan.changes,
    purpose: 'fix',
    lease,
    deadline,
    recheck,
    policy,
    besides,
    earlier: planned(facts),
  });
  if (moved !== null) return { ...(moved as Closing), body: { calls: applied.calls } };
  const ended: Ended = { plan, applied, stopped, open, denied: deniedBody(applied, plan.changes, facts) };
  const unsent = closingUnsent(ended);
  if (unsent !== null) return unsent;
  const [changed, unmade] = [plan.changes.slice(0, applied.done), plan.changes.slice(applied.done)];
  // The record of the last call is written while its effect is read.
  const [verified] = await Promise.all([
    verify(runtime, {
      remediator,
      ref,
      changed,
      unmade,
      overtaken: isOvertaken(applied),
      policy,
      deadline,
      earlier: planned(facts),
      following: following(way),
    }),
    ...besides,
  ]);
  const closing = closingOf(ended, verified, remediator, runtime.clock.now());
  return verified.status === 'verified' ? { ...closing, reads: { shared: verified.reads, done: verified.done } } : closing;
}

/** The facts of the decision with what may have changed since. Another register may name a remediator that nobody has asked so far. */
async function asOfNow(runtime: Runtime, way: Way, facts: Facts, second: Look): Promise<Facts> {
  const now = await runtime.refreshed(facts, second.observation);
  if (!now.register.ok || (facts.register.ok && facts.register.value.digest === now.register.value.digest)) return now;
  const others = await plannedByOthers(runtime, way, now, second);
  if (!others.ok) throw new RedressError('gate/stopped', others.error, { retryable: true });
  return { ...now, alsoPlannedBy: others.value };
}

const OVER: readonly string[] = ['partial', 'unknown', 'failed', 'awaiting-runbook'];

/** Records what it came to, and where that leads: what is left is planned from what is there now. */
async function close(
  runtime: Runtime,
  way: Way,
  { facts, plan, decision }: Allowed,
  lease: Lease,
  closing: Closing,
  reads: { readonly shared: SharedReads; readonly done: boolean } | undefined,
): Promise<End> {
  const result: PassResult = await closeExecution(runtime, { ...way, plan, decision, lease, seen: facts }, closing);
  await breakerAfter(runtime, way, result);
  way.together.reads.renew(reads?.shared);
  // What would be looked for now, the verification has just looked for.
  if (OVER.includes(result.outcome) || reads?.done === true) return { results: [result], leads: { is: 'done' } };
  // A guardrail stopped it: the resource is what it was.
  if (closing.sent === 0 && result.outcome !== 'superseded') return { results: [result], leads: { is: 'go-on' } };
  return { results: [result], leads: { is: 'look-again' } };
}
