// What is asked of the records: values as people type them, checked, and as the index takes them.
import { isAccountId, OUTCOMES, parseDuration, RedressError } from '@redress/core';

/** A filter as people type it: every member that is given has to hold. */
export interface FilterInput {
  /** A duration back from now (`P7D`), a date (`2026-07-01`, from its first moment in UTC) or a moment. */
  readonly since?: string;
  /** The same; a date is meant to its end, in UTC. */
  readonly until?: string;
  readonly account?: readonly string[];
  readonly environment?: readonly string[];
  readonly remediator?: readonly string[];
  /** Of entries as the history shows them; `open` is an execution without an end. */
  readonly outcome?: readonly string[];
  /** Part of the name of who caused it, or did it: an ARN, a session's name, a person. */
  readonly actor?: readonly string[];
  /** Part of the name of who approved it, or the exception that covers it. */
  readonly approver?: readonly string[];
  /** An id, `TYPE/ID` or an execution, exactly. */
  readonly resource?: readonly string[];
  /** A ticket, exactly: of the exception that covers it, or named in the reason of who approved or asked. */
  readonly ticket?: readonly string[];
}

/** The same, checked. Times are those of records: ISO 8601 in UTC, with milliseconds. */
export interface Filter {
  /** The first moment that counts. */
  readonly since: string | null;
  /** The first moment that does not count any more. */
  readonly until: string | null;
  readonly accounts: readonly string[] | null;
  readonly remediators: readonly string[] | null;
  readonly outcomes: readonly string[] | null;
  readonly kinds: readonly string[] | null;
  readonly actors: readonly string[] | null;
  readonly approvers: readonly string[] | null;
  readonly resources: readonly string[] | null;
  readonly tickets: readonly string[] | null;
}

/** What the names in a filter may be. */
export interface Known {
  /** Accounts of each environment; null: there is no policy that says so. */
  readonly environments: ReadonlyMap<string, readonly string[]> | null;
  /** Remediators that are installed, or that records name. */
  readonly remediators: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Everything. */
export const EVERYTHING: Filter = {
  since: null,
  until: null,
  accounts: null,
  remediators: null,
  outcomes: null,
  kinds: null,
  actors: null,
  approvers: null,
  resources: null,
  tickets: null,
};

/** Ends of entries that are no outcomes of a pass, as the history shows them. */
const OTHER_ENDS = [
  'open',
  'approved',
  'denied',
  'retry',
  'attested',
  'sending',
  'sent',
  'unsent',
  'ended',
  'closed',
  'complete',
  'partial',
  'failed',
] as const;
/** Everything that `outcome` takes. */
export const ENDS: readonly string[] = [...new Set([...OUTCOMES, ...OTHER_ENDS])].sort();

/**
 * Checks a filter.
 *
 * @example parseFilter({ environment: ['prod'], since: '2026-07-01', until: '2026-09-30' }, known)
 * @throws {RedressError} `compose/invalid` for a value that can match nothing, with what is allowed.
 */
export function parseFilter(input: FilterInput, known: Known): Filter {
  const since = input.since === undefined ? null : momentIn(input.since, 'The filter is wrong: since', known.now, false);
  const until = input.until === undefined ? null : momentIn(input.until, 'The filter is wrong: until', known.now, true);
  if (since !== null && until !== null && since >= until) throw refused(`since (${since}) is not before until (${until})`, 'Give the earlier time as since.');
  for (const account of input.account ?? [])
    if (!isAccountId(account)) throw refused(`account ${JSON.stringify(account)} is not a 12-digit account id`, 'For example: 111111111111');
  oneOf('remediator', input.remediator, known.remediators);
  oneOf('outcome', input.outcome, ENDS);
  for (const [name, values] of Object.entries({ actor: input.actor, approver: input.approver, resource: input.resource, ticket: input.ticket }))
    if (values?.some((each) => each.trim() === '') === true) throw refused(`${name} is empty`, 'Omit it, or give a value.');
  return {
    ...EVERYTHING,
    since,
    until,
    accounts: accountsOf(input, known),
    remediators: input.remediator ?? null,
    outcomes: input.outcome ?? null,
    actors: input.actor ?? null,
    approvers: input.approver ?? null,
    resources: input.resource ?? null,
    tickets: input.ticket ?? null,
  };
}

/** Accounts that are meant by both, where both are given. */
function accountsOf({ account, environment }: FilterInput, { environments }: Known): readonly string[] | null {
  if (environment === undefined) return account ?? null;
  if (environments === null) throw refused('environment needs a policy that names accounts', 'Give it with --policy, or name accounts.');
  oneOf('environment', environment, [...environments.keys()]);
  const within = environment.flatMap((name) => environments.get(name) ?? []);
  return account === undefined ? within : account.filter((each) => within.includes(each));
}

function oneOf(name: string, values: readonly string[] | undefined, allowed: readonly string[]): void {
  const unknown = (values ?? []).find((each) => !allowed.includes(each));
  if (unknown === undefined) return;
  const next = allowed.length === 0 ? 'There is none.' : `Allowed: ${allowed.slice(0, 200).join(', ')}`;
  throw refused(`${name} ${JSON.stringify(unknown)} is not known`, next);
}

const DAY = 86_400_000;

/**
 * A duration back from now, a date or a moment, as records have it. A date that ends something is meant with all of its day, in UTC.
 *
 * @throws {RedressError} `compose/invalid`
 */
export function momentIn(value: string, name: string, now: number, isEnd: boolean): string {
  const duration = parseDuration(value);
  if (duration !== null && duration > 0) return new Date(now - duration).toISOString();
  const [, date] = /^(\d{4}-\d{2}-\d{2})$/.exec(value) ?? [];
  const moment =
    date !== undefined ? Date.parse(`${date}T00:00:00Z`) : /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : Number.NaN;
  // The 31st of June is not a date, although the parser accepts it.
  if (Number.isNaN(moment) || (date !== undefined && new Date(moment).toISOString().slice(0, 10) !== date))
    throw new RedressError('compose/invalid', `${name} ${JSON.stringify(value)} is not a duration, a date or a time.`, {
      next: 'For example: P7D, 2026-07-01 or 2026-07-01T00:00:00+10:00',
    });
  return new Date(date !== undefined && isEnd ? moment + DAY : moment).toISOString();
}

function refused(message: string, next: string): RedressError {
  return new RedressError('compose/invalid', `The filter is wrong: ${message}.`, { next });
}
