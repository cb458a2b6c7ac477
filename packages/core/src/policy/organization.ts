import { messageOf, RedressError } from '../model/errors.js';
import { deepFreeze } from '../model/json.js';
import { type Clock, isLive, type Live, type Organization, systemClock } from '../ports.js';
import type { Environment, Policy } from './policy.js';

/** How long what the organization said is believed; milliseconds. Organizations allows few requests a second, of all who ask together. */
const KEPT = 900_000;

/** Whether a policy has to be read {@link inOrganization}, because an environment selects accounts by organizational unit or by tag. */
export function needsOrganization({ environments }: Pick<Policy, 'environments'>): boolean {
  return environments.some(byOrganization);
}

/**
 * A policy whose environments contain the accounts that their organizational units and tags select. Its digest stays that of the written policy.
 *
 * The more specific selection wins: first the ID of an account, then its unit, then its tags. The tags of an account that is selected by ID or unit
 * are not read. An account that two environments select in the same way is in neither, so it is notify-only. If the organization cannot be read,
 * there is no policy, and everything is denied. What was read is used for 15 minutes.
 *
 * @param ambiguous is called with accounts that two environments claim.
 * @example createRedress({ policy: inOrganization(policy, organization()), … })
 * @throws {RedressError} `policy/unreadable`, from `read`
 */
export function inOrganization(
  policy: Policy | Live<Policy>,
  organization: Organization,
  {
    clock = systemClock,
    ambiguous = () => undefined,
  }: { readonly clock?: Clock; readonly ambiguous?: (account: string, environments: readonly string[]) => void } = {},
): Live<Policy> {
  const written: Live<Policy> = isLive<Policy>(policy) ? policy : { read: async () => policy };
  let last: { readonly of: Policy; readonly until: number; readonly resolved: Promise<Policy> } | null = null;
  return {
    async read() {
      const of = await written.read();
      if (!needsOrganization(of)) return of;
      if (last === null || last.of.digest !== of.digest || last.until <= clock.now()) {
        const resolved = resolve(of, organization, ambiguous);
        const mine = { of, until: clock.now() + KEPT, resolved };
        last = mine;
        // What failed is asked again, and not kept.
        resolved.catch(() => {
          if (last === mine) last = null;
        });
      }
      return last.resolved;
    },
  };
}

function byOrganization({ organizationalUnits, accountTags }: Environment): boolean {
  return organizationalUnits !== undefined || accountTags !== undefined;
}

async function resolve(policy: Policy, organization: Organization, ambiguous: (account: string, environments: readonly string[]) => void): Promise<Policy> {
  const named = new Set(policy.environments.flatMap(({ accounts }) => accounts));
  try {
    const byUnit = new Claims();
    for (const { name, organizationalUnits = [] } of policy.environments)
      for (const unit of organizationalUnits) for (const account of await organization.within(unit)) if (!named.has(account)) byUnit.add(account, name);
    const byTag = new Claims();
    if (policy.environments.some(({ accountTags }) => accountTags !== undefined))
      for (const account of await organization.accounts()) {
        if (named.has(account) || byUnit.has(account)) continue;
        const tags = await organization.tags(account);
        for (const { name, accountTags = [] } of policy.environments)
          if (accountTags.some(({ key, value }) => Object.hasOwn(tags, key) && tags[key] === value)) byTag.add(account, name);
      }
    const found = new Map([...byUnit.settled(ambiguous), ...byTag.settled(ambiguous)]);
    const environments = policy.environments.map((each) => ({
      ...each,
      accounts: [...each.accounts, ...[...found].filter(([, name]) => name === each.name).map(([account]) => account)],
    }));
    return deepFreeze({ ...policy, environments });
  } catch (cause) {
    throw new RedressError('policy/unreadable', `The accounts of the policy's environments could not be read: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: 'Organizations answers the management account and delegated administrators. Allow the role to list accounts and tags, or name the accounts by their ids.',
    });
  }
}

/** Which environments stand for an account. */
class Claims {
  readonly #of = new Map<string, Set<string>>();

  add(account: string, environment: string): void {
    this.#of.set(account, (this.#of.get(account) ?? new Set()).add(environment));
  }

  has(account: string): boolean {
    return this.#of.has(account);
  }

  /** Those of one environment alone. */
  *settled(ambiguous: (account: string, environments: readonly string[]) => void): Iterable<readonly [string, string]> {
    for (const [account, [only, ...more]] of this.#of) {
      if (only === undefined) continue;
      if (more.length === 0) yield [account, only];
      else ambiguous(account, [only, ...more]);
    }
  }
}
