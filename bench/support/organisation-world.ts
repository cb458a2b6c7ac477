// The organization of the bench `organisation`, and its journal: in their own thread, so that the heap of the sweeping workers does not include them.
import { workerData } from 'node:worker_threads';
import type { Clock, Journal, StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { type SimulatedAccount, simulatedAccount } from '@redress/testing';
import { serve } from './apart.ts';

/** Requests to it. */
export type Question =
  | { readonly ask: 'call'; readonly now: number; readonly account: string; readonly region: string; readonly call: Call }
  | {
      readonly ask: 'journal';
      readonly now: number;
      readonly account: string;
      readonly method: Exclude<keyof Journal, 'kind' | 'close'>;
      readonly args: readonly unknown[];
    }
  | { readonly ask: 'journals'; readonly now: number; readonly method: 'open' | 'approvals' | 'standing' }
  | { readonly ask: 'over'; readonly now: number; readonly account: string };

/** A call of an SDK. */
export interface Call {
  readonly service: string;
  readonly command: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly access: 'read' | 'write' | 'rollback';
}

/** The result for an account. */
export interface Over {
  /** Open gaps that the policy lets Redress close. */
  readonly open: number;
  readonly fixes: number;
}

/** The page size of the services. */
const PAGES: Readonly<Record<string, readonly [list: string, size: number, input: string, output: string]>> = {
  DescribeLogGroupsCommand: ['logGroups', 50, 'nextToken', 'nextToken'],
  ListUsersCommand: ['Users', 100, 'Marker', 'Marker'],
};
const SIZES = { groups: 200, buckets: 40, users: 60, logGroups: 150, volumes: 100 };
const DAY = 86_400_000;
/** One in fifty has a gap. */
const isGap = (at: number) => at % 50 === 0;

const { regions, active, began } = workerData as { regions: readonly string[]; active: number; began: number };
let now = began;
const clock: Clock = { now: () => now, sleep: async () => undefined };
const places = new Map<string, SimulatedAccount>();
const journals = new Map<string, Journal>();

function journalOf(account: string): Journal {
  const known = journals.get(account) ?? memoryJournal({ clock });
  journals.set(account, known);
  return known;
}

/** A place at its first sweep. */
function placeOf(account: string, region: string): SimulatedAccount {
  const key = `${account} ${region}`;
  const known = places.get(key);
  if (known !== undefined) return known;
  const made = simulatedAccount({ account, clock });
  places.set(key, made);
  const { state } = made;
  // A region that nobody uses still has the default group.
  state.groups['sg-default'] = { name: 'default', description: 'default', tags: {}, rules: [rule('sgr-default', '-1', -1, '10.0.0.0/8')] };
  state.ebs[region] = { default: true, key: 'alias/aws/ebs' };
  const at = regions.indexOf(region);
  if (at >= active) return made;
  const iso = new Date(began - 300 * DAY).toISOString();
  for (let n = 0; n < SIZES.groups; n++)
    state.groups[`sg-${n}`] = {
      name: `g${n}`,
      description: '',
      tags: {},
      rules: [rule(`sgr-${n}`, 'tcp', isGap(n) ? 22 : 443, isGap(n) ? '0.0.0.0/0' : '10.0.0.0/8')],
    };
  for (let n = 0; n < SIZES.volumes; n++) state.volumes[`vol-${n}`] = { encrypted: !isGap(n), tags: {} };
  for (let n = 0; n < SIZES.logGroups; n++) state.logGroups[`/app/${n}`] = { region, created: began - 300 * DAY, days: isGap(n) ? 7 : 365, tags: {} };
  const encryption = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }];
  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  for (let n = 0; n < SIZES.buckets; n++) {
    const own = { encryption: isGap(n) ? null : encryption, block, policy: null, website: null, ownership: 'BucketOwnerEnforced', grants: [] };
    state.buckets[`${account}-${at}-${n}`] = { region, created: iso, tags: null, ...own };
  }
  // Users belong to the account, and are listed in its first region.
  for (let n = 0; at === 0 && n < active * SIZES.users; n++) {
    const created = isGap(n) ? iso : new Date(began - DAY).toISOString();
    state.users[`user-${n}`] = {
      id: `AIDA${String(n).padStart(16, '0')}`,
      created: iso,
      tags: {},
      keys: [{ id: `AKIA${String(n).padStart(16, '0')}`, active: true, created }],
    };
  }
  return made;
}

function rule(id: string, protocol: string, port: number, cidr: string) {
  return { id, egress: false, protocol, from: port, to: port, cidr, description: null, tags: {} };
}

async function call(account: string, region: string, { service, command, input, access }: Call): Promise<unknown> {
  const place = placeOf(account, region);
  const connection = await place.connect({ account, region, access, partition: 'aws' } as never);
  const reply = (await connection.client?.(service).send({ constructor: { name: command }, input } as never)) as Record<string, unknown>;
  // Calls are counted elsewhere.
  (place.calls as unknown[]).length = 0;
  const [list, size, from, token] = PAGES[command] ?? [];
  const items = list === undefined ? undefined : reply[list];
  if (list === undefined || size === undefined || !Array.isArray(items)) return reply;
  const at = Number(input[from ?? ''] ?? 0);
  return { ...reply, [list]: items.slice(at, at + size), ...(at + size < items.length ? { [token ?? '']: String(at + size) } : {}) };
}

/** Forgets an account whose round is over, and returns its final state. */
async function over(account: string): Promise<Over> {
  let [open, fixes] = [0, 0];
  for (const region of regions) {
    const { state } = placeOf(account, region);
    open += [
      ...Object.values(state.logGroups).filter(({ days }) => days !== null && days < 365),
      ...Object.values(state.buckets).filter(({ encryption }) => encryption === null),
      ...Object.values(state.users).filter(
        ({ keys, tags }) => keys.some(({ created }) => now - Date.parse(created) > 90 * DAY) && Object.keys(tags).length === 0,
      ),
    ].length;
    places.delete(`${account} ${region}`);
  }
  for await (const { record } of journalOf(account).read({ all: true })) if (record.kind === 'outcome') fixes++;
  journals.delete(account);
  return { open, fixes };
}

serve(async (question: Question): Promise<unknown> => {
  now = question.now;
  if (question.ask === 'call') return call(question.account, question.region, question.call);
  if (question.ask === 'over') return over(question.account);
  if (question.ask === 'journals') return Promise.all([...journals.values()].map((each) => each[question.method]()));
  const { method, args } = question;
  const journal = journalOf(question.account);
  if (method !== 'read') return (journal[method] as (...given: readonly unknown[]) => Promise<unknown>).apply(journal, [...args]);
  const found: StoredRecord[] = [];
  for await (const each of journal.read(args[0] as Parameters<Journal['read']>[0])) found.push(each);
  return found;
});
