import type { Remediator } from '../remediator/define.js';
import type { Policy } from './policy.js';
import { type Mistake, nearest } from './validate.js';

/**
 * Config rules have names that people and services choose. A managed rule is known by its identifier (when the policy maps the name), by its
 * default name, with the prefix and suffix of Security Hub (`securityhub-restricted-ssh-0a1b2c`) or the suffix of a conformance pack
 * (`restricted-ssh-conformance-pack-abc123`). Nothing looser: a rule that merely sounds alike is another rule.
 */
export function matchesRule(known: string, name: string, policy: Pick<Policy, 'configRules'>): boolean {
  const mapped = Object.hasOwn(policy.configRules, name) ? policy.configRules[name] : undefined;
  if (mapped !== undefined) return mapped === known;
  const normal = known.toLowerCase().replaceAll('_', '-');
  if (name.toLowerCase() === normal) return true;
  const service = /^securityhub-(.+)-[0-9a-z]{6,12}$/.exec(name)?.[1] ?? /^(.+)-conformance-pack-[0-9a-z]+$/.exec(name)?.[1];
  return service === normal;
}

/** Rules of a policy that no remediator knows: what they find would reach nobody. */
export function unknownRules({ configRules }: Pick<Policy, 'configRules'>, remediators: readonly Pick<Remediator, 'configRules'>[]): readonly Mistake[] {
  const known = [...new Set(remediators.flatMap((each) => each.configRules))].sort();
  return Object.entries(configRules).flatMap(([name, identifier]) => {
    if (known.includes(identifier)) return [];
    const near = nearest(identifier.toUpperCase().replaceAll('-', '_'), known);
    const message = `${JSON.stringify(identifier)} is no rule that a remediator here knows${near === null ? '' : ` (did you mean ${near}?)`}; allowed: ${known.join(', ') || 'none'}`;
    return [{ path: ['configRules', name], message }];
  });
}
