import { defineGuardrail, type Guardrail, type Policy, type PolicyParsing, policyMistakes, type Remediator } from '@redress/core';
import type { Tracking } from './tracking.js';

/** What only some policies need, and is loaded with the first that does: CEL for its rules, and packs for what it tracks. */
export class PolicyParts {
  readonly guardrails: readonly Guardrail[];
  readonly #judging: readonly Remediator[];
  #rules: Guardrail | null = null;
  #tracking: Tracking | null = null;

  /**
   * @param judging remediators, without what a policy tracks.
   * @param guardrails besides the one for the rules of the policy.
   */
  constructor(judging: readonly Remediator[], guardrails: readonly Guardrail[]) {
    this.#judging = judging;
    const rules = defineGuardrail({
      id: 'rules',
      needs: ['policy'],
      evaluate: ({ policy }) => {
        // Not loaded means that no policy with rules was read here: one that is decided on anyway denies.
        if (policy.rules.length > 0) throw new TypeError('the rules of this policy were not read');
        return { effect: 'allow', code: 'no-rules', message: 'The policy has no rules of its own.' };
      },
    });
    this.guardrails = [
      {
        id: rules.id,
        needs: ['policy', 'observation'],
        evaluate: (facts) => (this.#rules ?? rules).evaluate(facts),
        check: (policy) => this.#rules?.check?.(policy) ?? [],
      },
      ...guardrails,
    ];
  }

  /** Remediators, and the rules and controls that a policy tracks besides. */
  remediators(policy: Pick<Policy, 'tracked'>): readonly Remediator[] {
    return [...this.#judging, ...(this.#tracking?.of(policy, this.#judging) ?? [])];
  }

  /** Loads what a policy needs that is not loaded yet, and says whether there was such a thing. */
  async load({ rules, tracked }: Policy): Promise<boolean> {
    const [cel, packs] = await Promise.all([
      rules.length > 0 && this.#rules === null ? import('@redress/core/cel') : null,
      this.#tracking === null && [tracked.packs, Object.keys(tracked.rules), Object.keys(tracked.controls)].some(({ length }) => length > 0)
        ? import('./tracking.js').then(({ loadTracking }) => loadTracking())
        : null,
    ]);
    this.#rules ??= cel?.celRules() ?? null;
    this.#tracking ??= packs;
    return cel !== null || packs !== null;
  }

  /**
   * Reads a policy with everything that is wrong with it at once: a second time, where it needs what was not loaded.
   *
   * @throws {RedressError} `policy/invalid`
   */
  async read(parse: (also: NonNullable<PolicyParsing['also']>) => Policy): Promise<Policy> {
    let seen: Policy | null = null;
    const attempt = () =>
      parse((found) => {
        seen = found;
        return [
          ...(this.#tracking?.mistakes(found) ?? []),
          ...policyMistakes(found, { remediators: this.remediators(found), guardrails: this.guardrails, hasRegister: true }),
        ];
      });
    let result: Policy | null = null;
    let failure: unknown;
    try {
      result = attempt();
    } catch (error) {
      failure = error;
    }
    if (seen !== null && (await this.load(seen))) return attempt();
    if (result === null) throw failure;
    return result;
  }
}
