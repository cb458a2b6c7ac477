import { BAD_IN_A_ROW } from '../guardrails/breaker.js';
import { breakerOf, type TrackedExecution } from '../journal.js';
import { type Asked, blank, persist, tell, unlessDelivered } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

/** Opens the circuit breaker of a remediator in the resource's account, and notifies people. */
export async function tripped(runtime: Runtime, asked: Asked, reason: string): Promise<void> {
  const { remediator, ref, trigger } = asked;
  const message = `The circuit breaker of ${remediator.id} in ${ref.account} has opened: ${reason} It still reads and plans, but makes no changes until a person closes it.`;
  const record = await persist(runtime, (journal) =>
    journal.append({ kind: 'breaker', resource: breakerOf(ref), remediator: remediator.id, body: { breaker: 'open', reason, message } }),
  );
  const opened = { ...blank(remediator, breakerOf(ref)), outcome: 'denied', message, record } as const;
  await unlessDelivered(runtime, opened, await tell(runtime, remediator, opened, trigger));
}

/** A failure for a transient reason (a throttled call) does not count. */
const isBad = ({ outcome, retryable }: Pick<TrackedExecution | PassResult, 'outcome' | 'retryable'>) =>
  ['failed', 'partial', 'unknown'].includes(outcome) && !retryable;

/**
 * After a failure: whether it was one too many in a row. What AWS refuses permanently says nothing about the remediator, neither good nor bad: it is
 * kept, and not tried again.
 */
export async function breakerAfter(runtime: Runtime, asked: Asked, result: PassResult): Promise<void> {
  const { remediator, ref } = asked;
  if (!isBad(result)) return;
  const track = await persist(runtime, (journal) => journal.trackRecord({ remediator: remediator.id, accounts: [ref.account] }));
  if (track.some((each) => each.execution === result.execution && each.denied === true)) return;
  const last = track
    // None of these counts: nothing was done, AWS refused it permanently, or a runbook was started, whose outcome is a separate execution.
    .filter((each) => each.rollbackOf === null && each.outcome !== 'superseded' && each.denied !== true && each.outcome !== 'awaiting-runbook')
    .slice(0, BAD_IN_A_ROW);
  if (last.length === BAD_IN_A_ROW && last.every(isBad))
    await tripped(runtime, asked, `${BAD_IN_A_ROW} executions in a row have failed (${last.map((each) => `${each.execution}: ${each.outcome}`).join(', ')}).`);
}
