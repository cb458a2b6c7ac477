import type { Guardrail } from '../guardrails/guardrail.js';
import { isRedressError } from '../model/errors.js';
import type { Remediator } from '../remediator/define.js';
import { unknownRules } from './config-rule.js';
import type { Policy } from './policy.js';
import { type Mistake, nearest } from './validate.js';

/** The guardrail that reads the rules of a policy. */
const RULES = 'rules';

/**
 * Mistakes of a policy in its composition: unknown remediators, which would silently stay notify-only, parameters that do not fit, and rules that
 * no guardrail reads.
 *
 * @param with `hasRegister`: an exceptions register is given, too.
 * @example parsePolicy(input, { also: (policy) => policyMistakes(policy, { remediators: s3Remediators, guardrails: [celRules()], hasRegister: false }) })
 */
export function policyMistakes(
  policy: Policy,
  {
    remediators,
    guardrails,
    hasRegister,
  }: { readonly remediators: readonly Remediator[]; readonly guardrails: readonly Guardrail[]; readonly hasRegister: boolean },
): readonly Mistake[] {
  const ids = remediators.map((each) => each.id);
  const unknown = (id: string, path: Mistake['path']): Mistake => {
    const near = nearest(id, ids);
    return { path, message: `${JSON.stringify(id)} is not a remediator${near === null ? '' : ` (did you mean ${near}?)`}; allowed: ${ids.join(', ')}` };
  };
  const found: Mistake[] = [];
  if (policy.rules.length > 0 && !guardrails.some((each) => each.id === RULES))
    found.push({ path: ['rules'], message: 'no guardrail evaluates these rules: add the one that `celRules` of @redress/core/cel makes' });
  if (policy.exceptions.register !== null && !hasRegister)
    found.push({
      path: ['exceptions', 'register'],
      message: `it names the register ${JSON.stringify(policy.exceptions.register)}, but none was given, so agreed exceptions would be ignored. Give it as \`exceptions\` (\`readRegister\` of @redress/core/yaml reads it), or remove the name`,
    });
  found.push(...unknownRules(policy, remediators), ...guardrails.flatMap((each) => each.check?.(policy) ?? []));
  for (const [index, each] of policy.grace.entries())
    for (const [at, id] of (each.remediators ?? []).entries()) if (!ids.includes(id)) found.push(unknown(id, ['grace', index, 'remediators', at]));
  for (const [index, each] of policy.deadlines.entries())
    for (const [at, id] of (each.remediators ?? []).entries()) if (!ids.includes(id)) found.push(unknown(id, ['deadlines', index, 'remediators', at]));
  for (const [id, entry] of Object.entries(policy.remediators)) {
    const remediator = remediators.find((each) => each.id === id);
    if (remediator === undefined) found.push(unknown(id, ['remediators', id]));
    else found.push(...misfits(remediator, entry.parameters).map(({ path, message }) => ({ path: ['remediators', id, ...path], message })));
  }
  return found;
}

function misfits(remediator: Remediator, parameters: Policy['remediators'][string]['parameters']): readonly Mistake[] {
  // Whoever reads the policy to act on it loads the definitions first for which it has parameters.
  if (remediator.late?.loaded === false) return [];
  try {
    remediator.parameters(parameters);
    return [];
  } catch (error) {
    if (!isRedressError(error)) throw error;
    const path = (at: string | undefined) => (at ?? 'parameters').split('.');
    if (error.mistakes.length === 0) return [{ path: path(error.place?.path), message: error.message }];
    return error.mistakes.map(({ message, place }) => ({ path: path(place.path), message }));
  }
}
