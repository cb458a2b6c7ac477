import type { Decision } from '../guardrails/guardrail.js';
import type { JsonObject } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { Remediator } from '../remediator/define.js';
import type { Applied } from './apply.js';
import { type Closing, outcomeOf } from './recorder.js';
import type { Verification } from './verify.js';

/** Everything that is known about an execution when it is closed. */
export interface Ended {
  readonly plan: Pick<Plan, 'changes'>;
  readonly applied: Applied;
  /** Why a guardrail stopped it before the next call, and whether that may be otherwise later; null: none did. */
  readonly stopped: { readonly decision: Decision; readonly retryable: boolean } | null;
  /** What the plan leaves open. */
  readonly open: readonly string[];
  /** What the record says about a call that AWS refused permanently; empty if there was none. */
  readonly denied: JsonObject;
}

/** Whether a call was refused because it had been done already, or what it was about is not there any more. */
export function isOvertaken({ failure }: Pick<Applied, 'failure'>): boolean {
  return failure?.code === 'aws/gone' || failure?.code === 'aws/conflict';
}

/** The outcome of an execution that sent nothing; null: something was sent, or may have been, and a read has to show the result. */
export function closingUnsent({ applied, stopped, denied }: Ended): Closing | null {
  const { error, sent, unsure } = applied;
  if (error === null || sent + unsure > 0) return null;
  const body: JsonObject = { calls: applied.calls, ...denied };
  if (stopped !== null) {
    const { decision, retryable } = stopped;
    return { outcome: outcomeOf(decision), message: error, sent: 0, retryable: applied.retryable || retryable, body, decision };
  }
  return { outcome: isOvertaken(applied) ? 'superseded' : 'failed', message: error, sent: 0, retryable: applied.retryable, body };
}

/** The outcome of an execution, from its calls and from a read of the resource. */
export function closingOf(ended: Ended, verified: Verification, { runbook }: Pick<Remediator, 'runbook'>, now: number): Closing {
  const { plan, applied, stopped } = ended;
  const { error, done } = applied;
  const { changes } = plan;
  const closing = {
    sent: applied.sent + applied.unsure,
    body: { calls: applied.calls, verified: verified.status, ...ended.denied },
    ...(verified.after === null ? {} : { documents: { after: verified.after } }),
  };
  // Also when its start may have been lost: a second one at the same time is worse than waiting.
  if (runbook !== undefined && (error !== null || verified.status !== 'verified')) {
    const until = new Date(now + runbook.waits).toISOString();
    const message = `${runbook.document} was started; it has until ${until}, and the resource will show its outcome.`;
    return { ...closing, outcome: 'awaiting-runbook', message, open: changes.map((change) => change.summary) };
  }
  if (verified.status === 'unconfirmed')
    return { ...closing, outcome: 'unknown', message: `The calls were sent, but the resource could not be read afterwards: ${verified.message}` };
  if (verified.status === 'not-verified')
    return { ...closing, outcome: 'unknown', message: `The calls were accepted, but the resource still shows the gap: ${verified.message}` };
  if (error !== null && verified.left?.length !== 0) {
    const message = `${done} of ${changes.length} changes were made: ${error}`;
    return { ...closing, outcome: 'partial', message, retryable: applied.retryable || stopped?.retryable === true, open: [error] };
  }
  // What is right at the end is closed, whoever did it.
  const others = changes.slice(done).map((change) => change.summary);
  const open = [...ended.open, ...verified.open];
  const said = [
    changes.map((change) => change.summary).join('; '),
    ...(others.length === 0 ? [] : [`not by this execution, but found done: ${others.join('; ')} (${error})`]),
    ...(open.length === 0 ? [] : [`still open: ${open.join('; ')}`]),
  ];
  const body = others.length === 0 ? closing.body : { ...closing.body, foundDone: others };
  return { ...closing, body, outcome: changes.some((change) => change.resolves) ? 'remediated' : 'flagged', message: said.join('; '), open };
}
