import type { Fact, Facts } from '../guardrails/guardrail.js';

/**
 * Whether a denial for want of facts may end otherwise later. Our own stores are expected back, so what needs them is delivered later; what AWS
 * refuses for good is not.
 */
export function mayBeReadLater({ policy, register, stop, history, track, identity, observation, assessment }: Facts): boolean {
  if ([policy, register, stop, history, track].some((fact: Fact<unknown>) => !fact.ok)) return true;
  return [identity, observation, assessment].some((fact: Fact<unknown>) => !fact.ok && fact.retryable);
}
