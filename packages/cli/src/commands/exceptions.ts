import { dirname, isAbsolute, join, resolve } from 'node:path';
import { countOf, createRedress, type ExceptionEntry, isRecord, type JsonObject, parseDuration } from '@redress/core';
import { addException, expireException, readRegister } from '@redress/core/yaml';
import { type Composition, hasJournal, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { rewrite } from '../one-at-a-time.js';
import { printable } from '../printable.js';

/** How long before its end people are reminded, unless asked otherwise: 14 days. */
const REMINDER = 14 * 86_400_000;

/** Options of `redress exceptions add`. */
export interface ExceptionOptions {
  readonly resource?: readonly string[];
  readonly account?: readonly string[];
  readonly in?: readonly string[];
  readonly type?: readonly string[];
  readonly tag?: readonly string[];
  readonly remediator?: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly approver: string;
  readonly ticket?: string;
  readonly control?: string;
  readonly expires: string;
}

/** `redress exceptions list --json` */
export interface ExceptionDocument {
  readonly id: string;
  readonly status: 'live' | 'ending' | 'ended';
  readonly expires: string;
  readonly owner: string;
  readonly approver: string;
  readonly reason: string;
  readonly ticket: string | null;
  readonly compensatingControl: string | null;
  readonly scope: ExceptionEntry['scope'];
  /** How often it has held something back, as the journal has it. */
  readonly used: number;
  readonly lastUsed: string | null;
}

/** The file of the register. */
function registerFile(io: Io, { policy, policySource }: Composition): { shown: string; file: string } {
  const named = policy.exceptions.register;
  if (named === null)
    throw new CliError('cli/config', 'The policy names no exceptions register.', {
      next: 'Name one: `exceptions: { register: exceptions.yaml }` in redress.yaml.',
    });
  if (policySource.file === null && !isAbsolute(named))
    throw new CliError('cli/config', 'The policy is not a file, so the place of its register is not known.', { next: 'Keep policy and register in files.' });
  const shown = isAbsolute(named) || policySource.file === null ? named : join(dirname(policySource.file), named);
  return { shown, file: resolve(io.cwd, shown) };
}

/** How often each entry has held something back. */
async function usage(composition: Composition): Promise<Map<string, { count: number; last: string }>> {
  const used = new Map<string, { count: number; last: string }>();
  if (!(await hasJournal(composition.data))) return used;
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  try {
    for await (const { record } of journal.read({ all: true })) {
      if (record.kind !== 'decision' || record.body['outcome'] !== 'exempt') continue;
      const results = Array.isArray(record.body['guardrails']) ? (record.body['guardrails'] as JsonObject[]) : [];
      const data = results.find((each) => each['guardrail'] === 'exceptions')?.['data'];
      const id = isRecord(data) ? data['id'] : undefined;
      if (typeof id === 'string') used.set(id, { count: (used.get(id)?.count ?? 0) + 1, last: record.time });
    }
    return used;
  } finally {
    await journal.close?.();
  }
}

async function documents(composition: Composition, reminder: number): Promise<readonly ExceptionDocument[]> {
  const used = await usage(composition);
  const now = composition.clock.now();
  return composition.register.entries.map(({ id, expires, owner, approver, reason, ticket, compensatingControl, scope }) => ({
    id,
    status: expires <= now ? 'ended' : expires <= now + reminder ? 'ending' : 'live',
    expires: new Date(expires).toISOString(),
    owner,
    approver,
    reason,
    ticket,
    compensatingControl,
    scope,
    used: used.get(id)?.count ?? 0,
    lastUsed: used.get(id)?.last ?? null,
  }));
}

/** What an entry covers, in words: each member that it names has to match. */
export function scopeWords({ accounts, regions, resources, resourceTypes, tags }: ExceptionEntry['scope']): string {
  const parts: readonly (readonly [string, readonly string[] | null])[] = [
    ['account', accounts],
    ['region', regions],
    ['resource', resources?.map(({ id }) => id) ?? null],
    ['type', resourceTypes],
    ['tag', tags?.map(({ key, value }) => `${key}=${value}`) ?? null],
  ];
  return parts.flatMap(([name, values]) => (values === null ? [] : [`${name} ${values.join(', ')}`])).join('; ');
}

function lines(io: Io, list: readonly ExceptionDocument[]): string[] {
  const paint = painter(io);
  const status = (each: ExceptionDocument) =>
    each.status === 'live'
      ? paint('green', `until ${each.expires}`)
      : each.status === 'ending'
        ? paint('yellow', `ends on ${each.expires}`)
        : paint('red', `ended on ${each.expires}`);
  return list.flatMap((each) => [
    `${paint('bold', printable(each.id))}  ${status(each)}  owner ${printable(each.owner)}, approved by ${printable(each.approver)}  ${each.used === 0 ? 'never used' : `used ${countOf(each.used, 'time')}, last on ${each.lastUsed ?? ''}`}  ${printable(each.reason)}`,
    `  covers ${printable(scopeWords(each.scope))}`,
    `  from ${each.scope.remediators === null ? 'every remediator' : printable(each.scope.remediators.join(', '))}`,
    `  ticket ${each.ticket === null ? paint('yellow', 'none') : printable(each.ticket)}, compensating control ${each.compensatingControl === null ? paint('yellow', 'none') : printable(each.compensatingControl)}`,
  ]);
}

/** `redress exceptions list` */
export async function exceptionsListCommand(io: Io, composition: Composition): Promise<Answer> {
  const list = await documents(composition, REMINDER);
  return { json: list, text: list.length === 0 ? 'The register has no entry.' : lines(io, list).join('\n'), exit: 0 };
}

/** `redress exceptions check`: what a person has to look at. For a schedule: its exit code says whether there is something. */
export async function exceptionsCheckCommand(io: Io, composition: Composition, options: { readonly within?: string }): Promise<Answer> {
  const within = options.within === undefined ? REMINDER : parseDuration(options.within);
  if (within === null) throw new CliError('cli/usage', `${JSON.stringify(options.within)} is not a duration such as 14d or P14D.`);
  const list = await documents(composition, within);
  const ending = list.filter((each) => each.status === 'ending');
  const ended = list.filter((each) => each.status === 'ended');
  const unused = list.filter((each) => each.status !== 'ended' && each.used === 0);
  const text = [
    ...(ending.length === 0
      ? []
      : ['Expire soon; from then on what they cover is fixed, or people are notified:', ...lines(io, ending).map((line) => `  ${line}`)]),
    ...(ended.length === 0 ? [] : ['Expired, and exempt nothing:', ...lines(io, ended).map((line) => `  ${line}`)]),
    ...(unused.length === 0 ? [] : ['Never used; check whether their scope is correct:', ...lines(io, unused).map((line) => `  ${line}`)]),
    ...(ending.length + ended.length + unused.length === 0 ? ['Every exception is live and used, and none expires soon.'] : []),
  ];
  // An entry that is not used yet may just be new.
  return { json: { ending, ended, unused }, text: text.join('\n'), exit: ending.length + ended.length === 0 ? 0 : 1 };
}

/** `redress exceptions add` */
export async function exceptionsAddCommand(io: Io, composition: Composition, id: string, options: ExceptionOptions): Promise<Answer> {
  const { shown, file } = registerFile(io, composition);
  const now = composition.clock.now();
  const duration = parseDuration(options.expires);
  const expires = duration === null ? options.expires : new Date(now + duration).toISOString();
  if (!(Date.parse(expires) > now))
    throw new CliError('cli/usage', `${JSON.stringify(options.expires)} is not a time in the future.`, {
      next: 'For example: --expires 90d, or --expires 2026-12-31T00:00:00Z',
    });
  const { longest } = composition.policy.exceptions;
  if (longest !== undefined && Date.parse(expires) > now + longest)
    throw new CliError(
      'cli/usage',
      `${JSON.stringify(options.expires)} is later than the policy allows: exceptions may last for at most ${Math.floor(longest / 86_400_000)} days.`,
      {
        next: `The latest expiry date is ${new Date(now + longest).toISOString()}.`,
      },
    );
  const unknown = (options.remediator ?? []).find((each) => !composition.remediators.some((one) => one.id === each));
  // An exception from a remediator that nobody knows would protect nothing.
  if (unknown !== undefined)
    throw new CliError('cli/usage', `There is no remediator ${JSON.stringify(unknown)}.`, { next: '`redress remediators` lists them.' });
  const one = (values: readonly string[] | undefined) => (values?.length === 1 ? values[0] : values) as string | undefined;
  const some = <T>(key: string, value: T | undefined) => (value === undefined ? {} : { [key]: value });
  const entry = {
    id,
    scope: {
      ...some('account', one(options.account)),
      ...some('region', one(options.in)),
      ...some('resource', one(options.resource)),
      ...some('resourceType', one(options.type)),
      ...some('remediators', options.remediator === undefined ? undefined : [...options.remediator]),
      ...some('tag', one(options.tag)),
    },
    reason: options.reason,
    owner: options.owner,
    approver: options.approver,
    ...some('ticket', options.ticket),
    ...some('compensatingControl', options.control),
    expires,
  };
  await rewrite(file, shown, (text) => {
    const changed = addException(text, shown, entry);
    // What it says has to fit the remediators, too: else nothing would start with it.
    createRedress({ ...composition.parts({ policy: composition.policy, notify: false }), exceptions: readRegister(changed, shown) }).close();
    return changed;
  });
  return { json: { file: shown, entry }, text: `${id} is in ${printable(shown)}, until ${expires}.`, exit: 0 };
}

/** `redress exceptions expire`: the entry stays, as a record of what was accepted, and ends now. */
export async function exceptionsExpireCommand(io: Io, composition: Composition, id: string): Promise<Answer> {
  const { shown, file } = registerFile(io, composition);
  const now = composition.clock.now();
  await rewrite(file, shown, (text) => expireException(text, shown, id, now));
  return { json: { file: shown, id, expires: new Date(now).toISOString() }, text: `${id} has expired; what it covered is decided on again.`, exit: 0 };
}
