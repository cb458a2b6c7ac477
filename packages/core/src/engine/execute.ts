import { subjectsOf } from '../guardrails/fights.js';
import type { Shown } from '../guardrails/freshness.js';
import { type Decision, decisive, type Facts } from '../guardrails/guardrail.js';
import type { Lease } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Json, JsonObject } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import { apply, type Verification, verify } from './apply.js';
import { breakerAfter, tripped } from './breaker.js';
import { inExecution } from './gate.js';
import { makePlan, type Part } from './planning.js';
import { type Asked, blank, type Closing, closeExecution, decisionBody, observed, outcomeOf, recordDecision } from './recorder.js';
import { budgetsOf, type Look, type Runtime, unread } from './runtime.js';
import type { PassResult, RunBudget } from './types.js';

/** How long an execution may take before another worker may close it. */
export const LEASE = 120_000;
/** With less time than this before the process ends, nothing is begun. */
const NEEDED = 30_000;

/** What a decision led to. */
export interface Step {
  readonly result: PassResult | null;
  /** `busy`: another worker holds the resource. `look-again`: it is not what it was. `executed`: the rest has to be planned anew. */
  readonly again: 'no' | 'busy' | 'look-again' | 'executed';
  /** Epoch milliseconds until which nothing is decided, because the resource changed just now. */
  readonly settles?: number;
  /** What was seen after a change that is verified. */
  readonly verified?: Pick<Verification, 'done' | 'reads'>;
}

interface Allowed {
  readonly facts: Facts;
  readonly shown: Shown;
  readonly plan: Plan;
  readonly decision: Decision;
  /** The parts in another look at the resource. */
  readonly partsIn: (look: Look) => readonly Part[];
  readonly approval: string | null;
  readonly drill: boolean;
  /** What the plan leaves open. */
  readonly assessmentOpen: readonly string[];
  readonly budget: RunBudget;
  readonly deadline: number | null;
}

/** Carries an allowed plan out: the intent first, then the change under its lease. */
export async function execute(runtime: Runtime, asked: Asked, allowed: Allowed): Promise<Step> {
  const { remediator, ref, trigger } = asked;
  const { facts, plan, decision, budget, deadline } = allowed;
  const journal = runtime.needJournal('Changing something');
  const policy = facts.policy.ok ? facts.policy.value : null;
  const history = facts.history.ok ? facts.history.value : null;
  if (policy === null || history === null) throw new RedressError('engine/bug', 'An allowed decision without policy or history.');
  if (deadline !== null && runtime.clock.now() + NEEDED > deadline) {
    const message = 'Not enough time left to begin; it comes again.';
    return { result: { ...blank(remediator, ref), outcome: 'busy', message, decision, plan, retryable: true }, again: 'no' };
  }
  // Reserved before the first await, so that passes at the same time cannot share the last one.
  budget.changes++;
  let release = true;
  try {
    const begun = await journal.begin({
      resource: ref,
      remediator: remediator.id,
      planDigest: plan.digest,
      generation: history.generation,
      budgets: budgetsOf(policy, remediator.id, ref, trigger),
      lease: LEASE,
      ...(allowed.approval === null ? {} : { approval: allowed.approval }),
      body: {
        purpose: 'fix',
        subjects: subjectsOf(plan.changes),
        terms: { version: remediator.package.version, parameters: facts.parameters, drill: allowed.drill },
        ...decisionBody(trigger, decision, facts),
      },
      documents: { plan: plan as unknown as Json, before: plan.before, ...observed(facts) },
    });
    switch (begun.status) {
      case 'stale':
        return { result: null, again: 'look-again' };
      case 'over-budget': {
        const { changes, window, key } = begun.budget;
        const message = `The limit of ${changes} changes in ${Math.round(window / 60_000)} minutes for ${key} is reached (${begun.used}).`;
        const limit = { guardrail: 'limits', effect: 'deny', code: 'limit-window', message, data: { key, used: begun.used } } as const;
        const limited: Decision = { effect: 'deny', results: [...decision.results, limit] };
        // What a sweep found waits for the next one. So many changes for events are not what anyone expected: a person looks first.
        const backlog = trigger.by === 'sweep';
        if (!backlog) await tripped(runtime, asked, message);
        const verdict = { outcome: 'denied', message, decision: limited, plan, facts, open: allowed.assessmentOpen, retryable: backlog } as const;
        return { result: await recordDecision(runtime, asked, false, verdict), again: 'no' };
      }
      case 'busy': {
        const { open } = begun;
        if (open.leaseUntil <= runtime.clock.now()) return { result: null, again: 'look-again' };
        if (open.planDigest !== plan.digest) return { result: null, again: 'busy' };
        // Its worker may be gone. What became of it is known when this comes again.
        const message = `Execution ${open.execution} is doing it; it comes again, to see what became of that.`;
        return { result: { ...blank(remediator, ref), outcome: 'busy', execution: open.execution, message, decision, plan, retryable: true }, again: 'no' };
      }
    }
    // From here on something may be sent, also when this throws.
    release = false;
    const closing = await runtime.gate.within(begun.lease, () => carryOut(runtime, asked, allowed, begun.lease));
    release = closing.sent === 0;
    const result = await closeExecution(runtime, { ...asked, plan, decision, lease: begun.lease, seen: facts }, closing);
    await breakerAfter(runtime, asked, result);
    const { verified } = closing;
    return { result, again: result.outcome === 'superseded' ? 'look-again' : 'executed', ...(verified?.status === 'verified' ? { verified } : {}) };
  } finally {
    if (release) budget.changes--;
  }
}

/** Under the lease: look again, apply, verify; answers what the execution comes to. */
async function carryOut(
  runtime: Runtime,
  { remediator, ref }: Asked,
  { facts, plan, shown, partsIn, deadline, assessmentOpen }: Allowed,
  lease: Lease,
): Promise<Closing & { readonly verified?: Verification }> {
  const as = inExecution(lease, remediator, ref, 'fix');
  const seen = await runtime.look(remediator, ref, facts.policy, { as, deadline });
  const blind = unread(seen);
  if (blind !== null || !seen.observation.ok || !seen.assessment.ok)
    return { outcome: 'failed', message: `Could not be read again under the lease: ${blind?.error ?? ''}`, sent: 0, retryable: true };
  const observation = seen.observation.value;
  const same = observation !== 'gone' && partsIn(seen).some((part) => makePlan(remediator, ref, observation.state, part).digest === plan.digest);
  if (!same) return { outcome: 'superseded', message: 'The resource changed since it was decided on; nothing was done on the old decision.', sent: 0 };

  let stopped: Decision | null = null;
  const recheck = async () => {
    // Kill switch, policy and exceptions may have changed since; nothing else decides differently for the same state.
    const decision = runtime.decide(await runtime.refreshed(facts, observation), shown);
    if (decision.effect === 'allow') return;
    stopped = decision;
    const why = decisive(decision).map((each) => each.message);
    throw new RedressError('gate/stopped', why.join(' '));
  };
  const applied = await apply(runtime, { remediator, ref, changes: plan.changes, purpose: 'fix', lease, deadline, recheck, policy: facts.policy });
  const sent = applied.sent + applied.unsure;
  const { error, retryable } = applied;
  const calls: JsonObject = { calls: applied.calls };

  if (error !== null && sent === 0) {
    const closing = { message: error, sent, retryable, body: calls };
    if (stopped !== null) return { ...closing, outcome: outcomeOf(stopped), decision: stopped };
    const overtaken = applied.failure?.code === 'aws/gone' || applied.failure?.code === 'aws/conflict';
    return { ...closing, outcome: overtaken ? 'superseded' : 'failed' };
  }
  const verified = await verify(runtime, { remediator, ref, lease, changed: plan.changes.slice(0, applied.done), policy: facts.policy, deadline });
  const closing = {
    sent,
    verified,
    body: { ...calls, verified: verified.status },
    documents: verified.after === null ? {} : { after: verified.after },
  };
  // Also when its start may have been lost: another one beside it is worse than waiting.
  if (remediator.runbook !== undefined && (error !== null || verified.status !== 'verified')) {
    const { document, waits } = remediator.runbook;
    const until = new Date(runtime.clock.now() + waits).toISOString();
    const message = `${document} was started; it has until ${until}, and what it came to is seen by looking.`;
    return { ...closing, outcome: 'awaiting-runbook', message, open: plan.changes.map((change) => change.summary) };
  }
  if (verified.status === 'unconfirmed')
    return { ...closing, outcome: 'unknown', message: `The calls were sent, but the resource could not be read afterwards: ${verified.message}` };
  if (verified.status === 'not-verified')
    return { ...closing, outcome: 'unknown', message: `The calls were accepted, but the resource still shows the gap: ${verified.message}` };
  if (error !== null)
    return { ...closing, outcome: 'partial', message: `${applied.done} of ${plan.changes.length} changes were made: ${error}`, retryable, open: [error] };
  const open = [...assessmentOpen, ...verified.open];
  const message = `${plan.changes.map((change) => change.summary).join('; ')}${open.length === 0 ? '' : `; still open: ${open.join('; ')}`}`;
  return { ...closing, outcome: plan.changes.some((change) => change.resolves) ? 'remediated' : 'flagged', message, open };
}
