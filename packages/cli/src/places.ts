import { isAccountId, isRedressError, isRegion, messageOf, ORGANIZATIONAL_UNIT, partitionOf, regionsOf, type SweepTarget } from '@redress/core';
import type { Composition } from './compose.js';
import { CliError } from './errors.js';
import { inOrder } from './in-order.js';
import { printable } from './printable.js';

/** Options of commands that look at several accounts and regions. */
export interface PlaceOptions {
  /** Ids, organizational units or roots, or `all`. */
  readonly accounts?: readonly string[];
  /** The same, by its older name. */
  readonly account?: readonly string[];
  /** Regions, or `all`. */
  readonly in?: readonly string[];
}

/** An account that is not looked at, and why. */
export interface LeftAccount {
  readonly account: string;
  readonly reason: string;
}

/** Where a command looks. */
export interface Places {
  readonly targets: readonly SweepTarget[];
  readonly left: readonly LeftAccount[];
}

/** Accounts that are asked at the same time whether they let us in. */
const AT_ONCE = 10;

/**
 * Where to look: in the account of the credentials and the region of the global options, unless something else is named. An account that does not let us
 * in is left with its reason, once for all of its regions, where more than one account was asked for.
 *
 * @throws {CliError} for what is neither an account nor a region, or if none of the accounts allows access
 */
export async function placesOf(composition: Composition, options: PlaceOptions): Promise<Places> {
  const named = options.accounts ?? options.account;
  if (options.accounts !== undefined && options.account !== undefined) throw new CliError('cli/usage', 'Give --accounts or --account, not both.');
  const regions = regionsIn(composition, options.in);
  const ids = named === undefined ? null : await accountsOf(composition, named);
  if (ids === null) return { targets: across([await accountOf(composition, undefined)], regions), left: [] };
  const left: LeftAccount[] = [];
  const asked = await inOrder(ids, AT_ONCE, async (id) => {
    try {
      return await accountOf(composition, id);
    } catch (error) {
      if (ids.length === 1 || isTransient(error)) throw error;
      left.push({ account: id, reason: messageOf(error) });
      return null;
    }
  });
  const reached = asked.flatMap((each) => each ?? []);
  if (reached.length === 0)
    throw new CliError('cli/usage', `None of ${ids.length} accounts accepts these credentials: ${left[0]?.reason ?? 'there is none'}`, {
      next: 'Connect with roles: `connect: connectAws(memberRoles({ … }))` in the configuration file.',
    });
  return { targets: across(reached, regions), left };
}

/** The account to look at: the one that is named, else that of the credentials, whoever they are. */
export async function accountOf({ region, connect, account: own }: Composition, named: string | undefined): Promise<string> {
  if (named === undefined) return own();
  if (!isAccountId(named)) throw new CliError('cli/usage', `${JSON.stringify(named)} is not a 12-digit account id.`);
  const connection = await connect({ partition: partitionOf(region), account: named, region, access: 'read', execution: null });
  const { account } = await connection.identity();
  if (account !== named)
    throw new CliError('cli/usage', `The credentials belong to account ${account}, not to ${named}.`, {
      next: 'Give another profile, or a connection with a role of that account in the configuration file.',
    });
  return account;
}

/** Places at the same time, unless asked otherwise: what the hub does, too. */
const CONCURRENCY = 10;

/** @throws {CliError} for what is not a whole number from 1 to 100 */
export function concurrencyOf(given: string | undefined): number {
  const concurrency = given === undefined ? CONCURRENCY : Number(given);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 100)
    throw new CliError('cli/usage', `--concurrency ${JSON.stringify(given)} is not a whole number from 1 to 100.`);
  return concurrency;
}

/** Lines for people about accounts that are left. */
export function leftAccountLines(left: readonly LeftAccount[]): readonly string[] {
  return left.map(({ account, reason }) => `${account}: ${printable(reason)}`);
}

/** What says nothing of the account: it may let us in a moment later. */
function isTransient(error: unknown): boolean {
  return isRedressError(error) && (error.retryable || error.code !== 'aws/denied');
}

async function accountsOf(composition: Composition, named: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const each of named) {
    if (isAccountId(each)) found.add(each);
    else if (each === 'all') for (const account of await composition.organization.accounts()) found.add(account);
    else if (ORGANIZATIONAL_UNIT.test(each)) for (const account of await composition.organization.within(each)) found.add(account);
    else
      throw new CliError('cli/usage', `${JSON.stringify(each)} is neither a 12-digit account id, nor an organizational unit (ou-…), nor all.`, {
        next: 'For example: --accounts 111111111111 ou-ab12-cdefgh34',
      });
  }
  if (found.size === 0) throw new CliError('cli/usage', `There is no account in ${named.join(', ')}.`);
  return [...found];
}

function regionsIn({ region }: Composition, given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return [region];
  if (given.length === 1 && given[0] === 'all') return regionsOf(partitionOf(region));
  const wrong = given.find((each) => !isRegion(each) || each === 'aws-global');
  if (wrong !== undefined)
    throw new CliError('cli/usage', `${JSON.stringify(wrong)} is not a region name.`, { next: 'For example: --in eu-west-1 us-east-1; or --in all' });
  return [...new Set(given)];
}

function across(accounts: readonly string[], regions: readonly string[]): readonly SweepTarget[] {
  return accounts.flatMap((account) => regions.map((region) => ({ account, region })));
}
