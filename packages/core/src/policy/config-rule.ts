import { isLike } from '../model/wildcard.js';
import type { Remediator } from '../remediator/define.js';
import type { Policy } from './policy.js';
import { type Mistake, nearest } from './validate.js';

/**
 * Whether a Config rule is a known managed rule. People and services choose the names of Config rules. A managed rule is recognised by its identifier
 * (if the policy maps the name, or Config reports it), by its default name, and by names that AWS derives from it: with Security Hub's prefix and
 * suffix (`securityhub-restricted-ssh-0a1b2c`), with those of an organisation (`OrgConfigRule-restricted-ssh-0a1b2c3d`), and with the suffix of a
 * conformance pack (`restricted-ssh-conformance-pack-abc123`). Nothing looser matches: a rule with a similar name is another rule.
 *
 * @param identifier of the managed rule, if Config was queried
 */
export function matchesRule(known: string, name: string, policy: Pick<Policy, 'configRules'>, identifier: string | null = null): boolean {
  const mapped = mappedRule(name, policy);
  if (mapped !== null) return mapped.length === 1 && mapped[0] === known;
  if (identifier === known) return true;
  const normal = known.toLowerCase().replaceAll('_', '-');
  if (name.toLowerCase() === normal) return true;
  const made =
    /^securityhub-(.+)-[0-9a-z]{6,12}$/.exec(name)?.[1] ??
    /^OrgConfigRule-(.+)-[0-9a-z]{8}$/.exec(name)?.[1] ??
    /^(.+)-conformance-pack-[0-9a-z]+$/.exec(name)?.[1];
  return made?.toLowerCase() === normal;
}

/**
 * The identifier that the policy maps a rule to: by its name, else by matching patterns, in which `*` is any text. Null: none. More than one: the
 * patterns contradict each other, and none of them applies.
 */
export function mappedRule(name: string, { configRules }: Pick<Policy, 'configRules'>): readonly string[] | null {
  const own = Object.hasOwn(configRules, name) ? configRules[name] : undefined;
  if (own !== undefined) return [own];
  const found = Object.entries(configRules).flatMap(([key, identifier]) => (key.includes('*') && isLike(name, key) ? [identifier] : []));
  return found.length === 0 ? null : [...new Set(found)];
}

/** Rules of a policy that no remediator knows, so that their findings would reach nobody. */
export function unknownRules({ configRules }: Pick<Policy, 'configRules'>, remediators: readonly Pick<Remediator, 'configRules'>[]): readonly Mistake[] {
  const known = [...new Set(remediators.flatMap((each) => each.configRules))].sort();
  return Object.entries(configRules).flatMap(([name, identifier]) => {
    if (known.includes(identifier)) return [];
    const near = nearest(identifier.toUpperCase().replaceAll('-', '_'), known);
    const message = `${JSON.stringify(identifier)} is not a rule that a remediator here knows${near === null ? '' : ` (did you mean ${near}?)`}; allowed: ${known.join(', ') || 'none'}`;
    return [{ path: ['configRules', name], message }];
  });
}
