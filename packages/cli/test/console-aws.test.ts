// The console on the journal on AWS, by the command: what it shows and answers, and how much it asks AWS for, counted on the wire.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsJournal } from '@redress/evidence/aws';
import { type RecordingProxy, recordingProxy } from '@redress/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import {
  type ConsoleWorld,
  emptyWorld,
  LEAD_SESSION,
  overridesOf,
  type Running,
  runningConsole,
  type Visitor,
  visitor,
} from '../../../tests/support/console-world.js';
import { DEV, PROD } from '../../../tests/support/quarter.js';
import { emulator, type Made } from '../../evidence/test/support/emulator.js';
import { command } from './support/command.js';

const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
const before = KEYS.map((name) => process.env[name]);

let proxy: RecordingProxy;
let made: Made;
let directory: string;
let world: ConsoleWorld;
let running: Running;
let browser: Visitor;

beforeAll(async () => {
  for (const name of KEYS) process.env[name] = 'testing';
  proxy = await recordingProxy(inject('moto'));
});
afterAll(async () => {
  for (const [at, name] of KEYS.entries()) {
    if (before[at] === undefined) delete process.env[name];
    else process.env[name] = before[at];
  }
  await proxy?.close();
});
beforeEach(async () => {
  const aws = emulator(inject('moto'));
  made = await aws.make();
  directory = mkdtempSync(join(tmpdir(), 'redress-console-aws-'));
  const { table, bucket } = made;
  // Who writes does not go through the proxy: what is counted there is what the console asks for.
  world = emptyWorld(directory, (clock) => awsJournal({ table, bucket, region: 'us-east-1', endpoint: inject('moto'), credentials, clock }));
});
afterEach(async () => {
  await running?.stop();
  await made.remove();
  rmSync(directory, { recursive: true, force: true });
});

const start = async (...argv: string[]) => {
  const { table, bucket } = made;
  running = await runningConsole(world, ['--journal', `aws:${table}/${bucket}`, '--region', 'us-east-1', '--endpoint-url', proxy.endpoint, ...argv]);
  browser = await visitor(running);
};
const page = async (at: string) => {
  const reply = await browser.get(at);
  expect([at, reply.status]).toEqual([at, 200]);
  return reply.body;
};
/** What was asked of AWS while something was done, by operation. */
const asked = async (work: () => Promise<unknown>) => {
  const from = proxy.calls.length;
  await work();
  return proxy.calls.slice(from);
};
const counted = (calls: readonly { readonly operation: string }[]) => {
  const counts: Record<string, number> = {};
  for (const { operation } of calls) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
};
/** Without the looks that go on meanwhile; what those are, `tests/integration/journal-requests.test.ts` says. */
const besidesLooks = (calls: readonly { readonly operation: string }[]) => {
  const { Query: _, BatchGetItem: __, ...others } = counted(calls);
  return others;
};
const csrfIn = (body: string) => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? '';
const answersOf = async (id: string) =>
  (await world.records()).flatMap(({ record }) => {
    const own = record.body['approval'] as { id?: unknown; verdict?: unknown } | undefined;
    return record.kind === 'approval' && own?.id === id ? [own?.verdict] : [];
  });

it('shows each page without a call to AWS, and reads a journal once, with two requests for each stream', async () => {
  for (const id of ['w-1', 'w-2', 'w-3']) await world.opened(DEV, id, 'open-asked');
  const streams = new Set((await world.records()).map(({ stream }) => stream)).size;
  const starting = await asked(() => start());
  // A stream has its head and its records; and one scan says which there are.
  expect(besidesLooks(starting)).toEqual({ GetItem: streams, Scan: 1 });
  expect(starting.every(({ write }) => !write)).toBe(true);

  const approvals = await page('/approvals');
  for (const id of ['w-1', 'w-2', 'w-3']) expect(approvals).toContain(id);
  const story = /href="(\/resources\/[0-9a-f]{64})"/.exec(await page('/fixes?show=everything'))?.[1] ?? '';
  const calls = await asked(async () => {
    for (const at of ['/', '/approvals', '/gaps', '/fixes', '/fixes?show=everything&resource=w-2', '/health', story])
      for (let times = 0; times < 5; times++) await page(at);
  });
  // Looks go on, and nothing else is asked.
  expect(besidesLooks(calls)).toEqual({});
  expect(await page(story)).toMatch(/awaiting-approval/);
  expect(await page('/health')).toContain('A journal on AWS is not verified here.');
  expect(await page('/')).toContain(LEAD_SESSION);
});

it('a plan is approved, and then fixed', async () => {
  const id = String(await world.opened(DEV, 'w-yes', 'open-asked'));
  await start();
  const shown = await page(`/approvals/${id}`);
  for (const said of ['widget:RevokeRule', 'What could break', LEAD_SESSION]) expect(shown).toContain(said);
  const reply = await browser.form(`/approvals/${id}`, { csrf: csrfIn(shown), verdict: 'approve', reason: 'CHG-7: looked at' });
  expect(reply.status).toBe(303);
  const answered = (await browser.get(String(reply.headers.location))).body;
  expect(answered).toContain('✓ remediated');
  expect(await answersOf(id)).toEqual(['approved']);
  expect((await world.widgets(DEV)).rules('w-yes')).toEqual(['closed']);
  const fix = /href="(\/fixes\/x-[^"]+)"/.exec(answered)?.[1] ?? '';
  const fixed = await page(fix);
  for (const said of ['CHG-7: looked at', 'a second read found nothing left to change']) expect(fixed).toContain(said);
  expect(await page('/fixes?ticket=CHG-7')).toContain('1 change matches.');
  expect(await page('/approvals')).toContain('0 plans wait');
});

it('a plan is denied, and one is refused if the command line refuses it', async () => {
  const no = String(await world.opened(DEV, 'w-no', 'open-asked'));
  const prod = String(await world.opened(PROD, 'w-prod', 'open-asked'));
  await start();
  const denied = await browser.form(`/approvals/${no}`, { csrf: csrfIn(await page(`/approvals/${no}`)), verdict: 'deny', reason: 'in use' });
  expect([denied.status, await answersOf(no)]).toEqual([303, ['denied']]);
  expect((await world.widgets(DEV)).rules('w-no')).toEqual(['closed', 'open-asked']);
  const refused = await browser.form(`/approvals/${prod}`, { csrf: csrfIn(await page(`/approvals/${prod}`)), verdict: 'approve', reason: 'r' });
  expect([refused.status, refused.body.includes('prod is the highest environment')]).toEqual([409, true]);
  expect(await answersOf(prod)).toEqual([]);
  expect((await world.widgets(PROD)).rules('w-prod')).toEqual(['closed', 'open-asked']);
});

it('a request is found among the open ones, and its stream is read: always eleven requests', async () => {
  const id = String(await world.opened(DEV, 'w-1', 'open-asked'));
  const { table, bucket } = made;
  // The page of the console is shown by the desk of the command line; no look of a console is counted with it.
  const calls = await asked(async () => {
    const argv = ['approvals', 'show', id, '--journal', `aws:${table}/${bucket}`, '--region', 'us-east-1', '--endpoint-url', proxy.endpoint];
    const { exit, out } = await command(argv, directory, overridesOf(world));
    expect([exit, out.includes(id)]).toEqual([0, true]);
  });
  expect(counted(calls)).toEqual({ Query: 8 + 1, BatchGetItem: 1, GetItem: 1 });
});

it('shows a new request, and one that another person has answered', async () => {
  const first = String(await world.opened(DEV, 'w-first', 'open-asked'));
  await start();
  const version = async () => Number(/data-version="(\d+)"/.exec(await page('/approvals'))?.[1]);
  const known = await version();
  await world.opened(DEV, 'w-new', 'open-asked');
  await expect.poll(() => page('/approvals')).toContain('w-new');
  expect(await version()).toBeGreaterThan(known);
  const other = await runningConsole(world, ['--journal', `aws:${made.table}/${made.bucket}`, '--region', 'us-east-1', '--endpoint-url', inject('moto')]);
  const elsewhere = await visitor(other);
  const csrf = csrfIn((await elsewhere.get(`/approvals/${first}`)).body);
  expect((await elsewhere.form(`/approvals/${first}`, { csrf, verdict: 'deny', reason: 'in use' })).status).toBe(303);
  await other.stop();
  await expect.poll(() => page('/approvals')).toContain('1 plan waits');
  expect(await page(`/approvals/${first}`)).toContain('It was answered already.');
});

it('what began and ended between two reads is shown when everything is read again', async () => {
  await world.opened(DEV, 'w-1', 'open-asked');
  await start('--refresh', 'PT1S');
  const { table, bucket } = made;
  const journal = awsJournal({ table, bucket, region: 'us-east-1', endpoint: inject('moto'), credentials, clock: world.clock });
  const [{ record }] = (await world.records()) as [Awaited<ReturnType<ConsoleWorld['records']>>[number]];
  await journal.append({
    kind: 'decision',
    resource: { ...record.resource, id: 'w-quick' },
    remediator: 'widget-note',
    body: { outcome: 'no-op', message: 'm' },
  });
  await journal.close?.();
  await world.clock.sleep(1_000);
  await expect.poll(() => page('/fixes?show=everything')).toContain('w-quick');
});
