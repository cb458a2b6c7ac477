// A corpus of secrets on its way through everything: whatever is written is searched for each of them, byte by byte.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedress, definePolicy, defineRegister, type Journal, type Notification, type PassResult, type RedressOptions } from '@redress/core';
import { folderJournal, memoryJournal } from '@redress/evidence';
import { createApprovalHandler, createHandler } from '@redress/lambda-runtime';
import { eventBridgeChannel, jira, notifier, securityHubChannel, serviceNow, slackChannel, snsChannel, teamsChannel, ticketChannel } from '@redress/notify';
import { securityHubEvent } from '@redress/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../../packages/cli/test/support/command.js';
import { server } from '../../packages/notify/test/support.js';
import { recordsOf } from '../support/journal.js';
import { captureLog } from '../support/lambda-log.js';
import { closeLeak, FATES, type Fate, LeakyAccount, leakEvent, leakId, leakRef } from '../support/leaks.js';
import { corpus, leaksIn, type Planted } from '../support/secrets.js';
import { repeated } from '../support/size.js';

const START = Date.parse('2026-11-24T10:00:00Z');
const ACCOUNT = '111111111111';
const ME = `arn:aws:iam::${ACCOUNT}:role/Lead`;
const secrets = corpus();
/** What is sent through everything; which texts hold which secret is another test's (`redact.test.ts`), for all of them. */
const kinds = [...new Set(secrets.map(({ kind }) => kind))].filter((_, at) => at % repeated(3, 1) === 0);
/** One of each kind. */
const few = kinds.flatMap((kind) => secrets.find((each) => each.kind === kind) ?? []);
const context = { getRemainingTimeInMillis: () => 900_000 };
const texts = (planted: readonly Planted[]) => planted.map(({ text }) => text).join('\n');
const reason = (planted: readonly Planted[]) => `The vendor wants it: ${texts(planted)}`;

/** What becomes of a kind, where not all of it is tried with each. */
const fatesOf = (kind: string): readonly Fate[] => FATES.filter((_, at) => (at + kinds.indexOf(kind)) % FATES.length < 2);

let account: LeakyAccount;
let time: number;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
const POLICY = {
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  approvers: { dev: [ME] },
  remediators: { 'leak-close': { dev: 'enforce' } },
  limits: [{ per: ['remediator', 'account'], changes: 1000, window: 'PT1H' }],
} as const;
const registerOf = (owners: readonly string[]) =>
  owners.map((kind) => ({
    id: `EXC-${kind}`,
    scope: { account: ACCOUNT, resource: leakId('exempt', kind) },
    reason: reason(account.plantedIn(leakId('exempt', kind))),
    owner: 'payments',
    approver: 'security',
    compensatingControl: texts(account.plantedIn(leakId('exempt', kind))),
    expires: '2026-12-31T00:00:00Z',
  }));

beforeEach(() => {
  account = new LeakyAccount(secrets);
  time = START;
});

const options = (journal: Journal, over: Partial<RedressOptions> = {}) => ({
  remediators: [closeLeak],
  policy: definePolicy(POLICY as never),
  exceptions: defineRegister(registerOf(kinds) as never),
  connect: account.connect,
  journal,
  clock,
  ...over,
});

const event = (id: string) => leakEvent(id, account.plantedIn(id), time - 60_000);
const sqs = (bodies: readonly object[]) => ({
  Records: bodies.map((body, at) => ({
    messageId: `m-${at}`,
    eventSource: 'aws:sqs',
    body: JSON.stringify(body),
    receiptHandle: 'r',
    attributes: { SentTimestamp: String(time), ApproximateReceiveCount: '1' },
  })),
});

/** Events of everything, then what people say to it. */
async function live(journal: Journal, over: Partial<RedressOptions> = {}): Promise<{ answered: string; outcomes: Record<Fate, Record<string, number>> }> {
  const given = options(journal, over);
  const handler = createHandler(given);
  const answers: unknown[] = [];
  for (const fate of FATES) answers.push(await handler(sqs(kinds.map((kind) => event(leakId(fate, kind)))), context).catch((error: unknown) => String(error)));
  // What comes directly is answered with a summary, and retried by throwing.
  for (const fate of ['unread', 'fixed'] as const)
    answers.push(await handler(event(leakId(fate, kinds[0] ?? '')), context).catch((error: Error) => [error.message, error.stack]));
  const engine = createRedress({ ...given, onWarning: (message, error) => answers.push([message, String(error)]) });
  const approvals = createApprovalHandler(given);
  const url = (method: string, path: string, body?: object) => ({
    version: '2.0',
    requestContext: { http: { method, path }, authorizer: { iam: { userArn: ME, accountId: ACCOUNT, userId: 'AIDAX' } } },
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  answers.push(await approvals(url('GET', '/approvals'), context));
  for (const [at, { id, resource: ref }] of (await engine.approvals()).entries()) {
    answers.push(await approvals(url('GET', `/approvals/${id}`), context));
    const how = { by: { name: ME, verified: true }, reason: reason(account.plantedIn(ref.id)) };
    answers.push(await (at % 2 === 0 ? engine.approve(id, how) : engine.deny(id, how)));
  }
  const outcomes = Object.fromEntries(FATES.map((fate) => [fate, {}])) as Record<Fate, Record<string, number>>;
  for (const { record } of await recordsOf(journal)) {
    const own = record.body['journal'] as { outcome?: string } | undefined;
    const outcome = own?.outcome ?? (record.kind === 'decision' ? String(record.body['outcome']) : null);
    const fate = outcomes[record.resource.id.split('--')[0] as Fate];
    if (outcome !== null && fate !== undefined) fate[outcome] = (fate[outcome] ?? 0) + 1;
    if (own?.outcome === 'remediated' && record.resource.id.startsWith('fixed') && record.execution !== null)
      answers.push(await engine.rollback(record.execution, { by: 'ops', reason: reason(account.plantedIn(record.resource.id)) }));
  }
  return { answered: JSON.stringify(answers), outcomes };
}

describe('a corpus of secrets, end to end', () => {
  it('is in no record, document, log line, response or notice, and fixes and rollbacks are made all the same', async () => {
    const journal = memoryJournal({ clock });
    const sent: string[] = [];
    const log = captureLog();
    const told: Notification[] = [];
    const { answered, outcomes } = await live(journal, {
      notify: async (each) => void told.push(each),
    }).finally(() => {
      sent.push(log.text);
      log.end();
    });
    expect(outcomes).toEqual({
      fixed: { remediated: kinds.length },
      refused: { failed: kinds.length },
      // One of them came twice.
      unread: { denied: kinds.length + 1 },
      exempt: { exempt: kinds.length },
      asked: { 'awaiting-approval': kinds.length, remediated: Math.ceil(kinds.length / 2) },
      written: { denied: kinds.length },
      manual: { notified: kinds.length },
    });
    // Taken back: what the undo writes is what was there.
    expect(kinds.filter((kind) => account.open.has(leakId('fixed', kind)))).toEqual(kinds);
    expect(account.written.filter((each) => JSON.stringify(each).includes('[redacted'))).toEqual([]);
    const records = JSON.stringify(await recordsOf(journal));
    expect(leaksIn(records, secrets)).toEqual([]);
    expect(log.lines.length).toBeGreaterThan(kinds.length * 6);
    expect(leaksIn(sent.join(''), secrets)).toEqual([]);
    expect(leaksIn(answered, secrets)).toEqual([]);
    expect(told.length).toBeGreaterThan(kinds.length * 4);
    expect(leaksIn(JSON.stringify(told), secrets)).toEqual([]);
    // It was seen: each resource has markers, and equal secrets have equal ones.
    expect(records.match(/\[redacted hmac:[0-9a-f]{16}\]/g)?.length).toBeGreaterThan(secrets.length * 10);
    expect(records).not.toContain('[redacted]');
  });
});

describe('every channel', () => {
  beforeEach(() => {
    account = new LeakyAccount(few);
  });

  it('is sent no secret', async () => {
    const bodies = new Map<string, string[]>();
    const keep = (name: string, text: string) => void bodies.set(name, [...(bodies.get(name) ?? []), text]);
    const http = await server(({ path, text }) => {
      keep(path.split('/')[1] ?? '', `${path} ${text}`);
      if (path.startsWith('/jira')) return { json: path.includes('search') ? { issues: [] } : { id: '1', key: 'X-1' } };
      if (path.startsWith('/now')) return { json: { result: text === '' ? [] : { sys_id: 'a'.repeat(32) } } };
      return { json: { ok: true } };
    });
    const aws = (name: string, body: string) => ({
      credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
      requestHandler: {
        handle: async (request: { body?: unknown }) => {
          keep(name, typeof request.body === 'string' ? request.body : Buffer.from(request.body as Uint8Array).toString());
          return {
            response: { statusCode: 200, headers: { 'content-type': body.startsWith('<') ? 'text/xml' : 'application/json' }, body: Buffer.from(body) },
          };
        },
      } as never,
    });
    const hosts = ['127.0.0.1'];
    const sns = '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
    const notify = notifier({
      channels: [
        slackChannel({ webhook: `${http.url}/slack/T/B/x`, hosts }),
        teamsChannel({ webhook: `${http.url}/teams/x`, hosts }),
        ticketChannel({ port: jira({ site: `${http.url}/jira`, project: 'SEC', email: 'a@example.com', token: 't' }), name: 'jira' }),
        ticketChannel({ port: serviceNow({ instance: `${http.url}/now`, auth: { token: 't' } }), name: 'now' }),
        snsChannel({ topicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:redress`, client: aws('sns', sns) }),
        eventBridgeChannel({ region: 'us-east-1', client: aws('events', '{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}') }),
        securityHubChannel({ client: aws('hub', '{"ProcessedFindings":[],"UnprocessedFindings":[]}') }),
      ],
      limits: { messages: 10_000 },
      budget: 'PT10M',
    });
    try {
      const engine = createRedress(options(memoryJournal({ clock }), { notify }));
      const passes: PassResult[] = [];
      for (const kind of kinds)
        for (const fate of fatesOf(kind)) {
          const resource = leakRef(leakId(fate, kind));
          const hub = securityHubEvent({ resource, control: 'Leak.1', time: new Date(time - 60_000) });
          const finding = (hub.detail as unknown as { findings: { Description: string }[] }).findings[0];
          if (finding !== undefined) finding.Description = texts(account.plantedIn(resource.id));
          passes.push(...(await engine.handle(hub)).results.flatMap((each) => each.passes));
        }
      await notify.flush({ all: true });
      // What the day leaves open.
      time += 2 * 86_400_000;
      await engine.sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] });
      expect(passes.length).toBe(kinds.length * 2);
      expect([...bodies.keys()].sort()).toEqual(['events', 'hub', 'jira', 'now', 'slack', 'sns', 'teams']);
      for (const [name, sent] of bodies) {
        expect([name, sent.length > 40]).toEqual([name, true]);
        expect([name, leaksIn(sent.join('\n'), few)]).toEqual([name, []]);
      }
    } finally {
      await http.close();
    }
  });
});

describe('the command line', () => {
  let directory: string;
  beforeEach(() => {
    account = new LeakyAccount(few);
    directory = mkdtempSync(join(tmpdir(), 'redress-secrets-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Bytes of every file below a folder, but for those of the test itself and of keys. */
  const written = (folder: string): string =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile() && !/redaction\.key$/.test(name))
      .map((name) => `${name}\n${readFileSync(join(folder, name)).toString('latin1')}`)
      .join('\n');

  it('prints no secret, for people or for machines, and neither folder nor seals contain one', async () => {
    const some = kinds;
    const file = (name: string, content: string | object) =>
      writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
    file('redress.yaml', JSON.stringify({ ...POLICY, exceptions: { register: 'exceptions.yaml' } }));
    file('exceptions.yaml', JSON.stringify(registerOf(some)));
    file('events.jsonl', some.flatMap((kind) => fatesOf(kind).map((fate) => JSON.stringify(event(leakId(fate, kind))))).join('\n'));
    const printed: string[] = [];
    const redress = async (...argv: string[]) => {
      const { exit, out, err } = await command(argv, directory, { remediators: [closeLeak], connect: account.connect, clock });
      printed.push(`$ redress ${argv[0]}\n${out}\n${err}`);
      return { exit, out, err };
    };
    const both = async (...argv: string[]) => {
      for (const more of [[], ['--json']]) await redress(...argv, ...more);
    };
    await both('normalize', 'events.jsonl');
    await both('plan', 'events.jsonl');
    await both('run', 'events.jsonl');
    await both('exceptions', 'list');
    await both('exceptions', 'check', '--within', 'P90D');
    await both('approvals', 'list');
    await both('history');
    await both('replay', 'events.jsonl');
    // Each fate twice: once for people, and once for machines.
    for (const kind of some.slice(0, FATES.length))
      for (const fate of fatesOf(kind))
        await redress('explain', leakId(fate, kind), ...((FATES.indexOf(fate) + kinds.indexOf(kind)) % FATES.length === 0 ? [] : ['--json']));
    const waiting = JSON.parse((await redress('approvals', 'list', '--json')).out) as { id: string; resource: { id: string } }[];
    expect(waiting.length).toBe(some.filter((kind) => fatesOf(kind).includes('asked')).length);
    for (const [at, { id, resource: ref }] of waiting.slice(0, 4).entries()) {
      await both('approvals', 'show', id);
      await redress('approvals', at % 2 === 0 ? 'approve' : 'deny', id, '--reason', reason(account.plantedIn(ref.id)), '--json');
    }
    const entries = JSON.parse((await redress('history', '--json')).out) as { execution: string | null; outcome: string | null; resource: { id: string } }[];
    const fixed = entries.filter(({ resource: ref, execution, outcome }) => ref.id.startsWith('fixed') && execution !== null && outcome === 'remediated');
    expect(fixed.length).toBe(some.filter((kind) => fatesOf(kind).includes('fixed')).length);
    for (const [at, { execution, resource: ref }] of fixed.slice(0, 4).entries())
      expect((await redress('rollback', String(execution), '--reason', reason(account.plantedIn(ref.id)), ...(at % 2 === 0 ? ['--json'] : []))).exit).toBe(0);
    expect((await redress('evidence', 'key', '--origin', 'example.com/redress')).exit).toBe(0);
    expect((await redress('evidence', 'seal')).exit).toBe(0);
    await both('evidence', 'verify');
    expect(printed.at(-2)).toContain('intact');
    // A mistake quotes what is wrong.
    file('broken.yaml', `version: 1\nremediators: { x: "${texts(few).replaceAll(/["\\\n]/g, ' ')}" }\n`);
    await both('plan', 'events.jsonl', '--policy', 'broken.yaml');
    await both('explain', texts(few.slice(0, 40)));

    for (const each of printed) expect([each.slice(0, 40), leaksIn(each, few)]).toEqual([each.slice(0, 40), []]);
    const kept = written(join(directory, '.redress'));
    expect(kept).toContain('[redacted hmac:');
    expect(leaksIn(kept, few)).toEqual([]);
    expect(statSync(join(directory, '.redress', 'redaction.key')).mode & 0o777).toBe(0o600);
    const key = readFileSync(join(directory, '.redress', 'redaction.key'), 'utf8').trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(`${kept}${printed.join('')}`).not.toContain(key);
  });

  it('of a folder that another process uses, has the same key', async () => {
    const [one, two] = [folderJournal({ directory, clock }), folderJournal({ directory, clock })];
    const keys = await Promise.all([one.redactionKey?.(), two.redactionKey?.(), one.redactionKey?.()]);
    expect(new Set(keys).size).toBe(1);
    for (const each of [one, two]) await each.close?.();
  });
});
