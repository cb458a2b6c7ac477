import type { Fact, Facts } from '../guardrails/guardrail.js';
import type { PassResult } from './types.js';

/**
 * Whether a denial for want of facts may end otherwise later. Our own stores are expected back, so what needs them is delivered later; what AWS
 * refuses permanently is not.
 */
export function mayBeReadLater({ policy, register, stop, history, track, identity, observation, assessment }: Facts): boolean {
  if ([policy, register, stop, history, track].some((fact: Fact<unknown>) => !fact.ok)) return true;
  return [identity, observation, assessment].some((fact: Fact<unknown>) => !fact.ok && fact.retryable);
}

/**
 * When all of what has to be delivered again can be decided: the latest of its times, in epoch milliseconds. Null where nothing has to be, or where
 * something does and nothing says when.
 *
 * @example const at = retryAtOf(result.results);
 */
export function retryAtOf(results: readonly Pick<PassResult, 'retryable' | 'retryAt'>[]): number | null {
  let latest: number | null = null;
  for (const { retryable, retryAt } of results) {
    if (!retryable) continue;
    if (retryAt === null) return null;
    latest = Math.max(latest ?? retryAt, retryAt);
  }
  return latest;
}
