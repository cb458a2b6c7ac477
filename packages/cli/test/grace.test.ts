// A grace period as a person meets it: announced by a sweep, seen in the lists, stopped or let through.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { fakeClock, simulatedAccount } from '@redress/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { command } from './support/command.js';

const ACCOUNT = '111111111111';
const DAY = 86_400_000;

let directory: string;
let clock: ReturnType<typeof fakeClock>;
let account: ReturnType<typeof simulatedAccount>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-grace-'));
  clock = fakeClock();
  account = simulatedAccount({ account: ACCOUNT, clock });
  account.act('logs', 'CreateLogGroup', { logGroupName: 'short' }, 'us-east-1');
  account.act('logs', 'PutRetentionPolicy', { logGroupName: 'short', retentionInDays: 7 }, 'us-east-1');
  writeFileSync(
    join(directory, 'redress.yaml'),
    `version: 1
environments: { dev: { accounts: ["${ACCOUNT}"] } }
remediators: { logs-raise-retention: enforce }
approvers: { dev: ["arn:aws:iam::${ACCOUNT}:role/Lead"] }
grace: [{ period: P7D, remind: [P1D] }]
`,
  );
  const told = JSON.stringify(join(directory, 'told'));
  writeFileSync(
    join(directory, 'redress.config.mjs'),
    `import { appendFileSync } from 'node:fs';\nexport default { notify: async ({ grace, message }) => appendFileSync(${told}, (grace?.notice ?? 'done') + ' ' + message + '\\n') };\n`,
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const redress = (...argv: string[]) =>
  command([...argv, '--region', 'us-east-1'], directory, { remediators: logsRemediators, connect: account.connect, clock });
const sweep = () => redress('sweep', '--restart');
const told = () => readFileSync(join(directory, 'told'), 'utf8').trim().split('\n');
const writes = () => account.calls.filter((call) => call.write).map((call) => call.operation);
/** Longer than the resource has to settle. */
const settle = () => clock.advance(120_000);

it('is announced, listed, explained, and made when the period is over; all of it verifies', async () => {
  await sweep();
  settle();
  expect((await sweep()).exit).toBe(0);
  expect(told()).toEqual([expect.stringMatching(/^0 It is changed automatically after \d{4}-.*: keep events of short for 365 days instead of 7\.$/)]);
  const listed = (await redress('approvals', 'list')).out;
  expect(listed).toMatch(/^a-[0-9a-f]{16} {2}.*short.* {2}logs-raise-retention {2}will be changed automatically after \d{4}-/);
  const id = listed.slice(0, 18);
  const shown = (await redress('approvals', 'show', id)).out;
  expect(shown).toContain('would     keep events of short for 365 days instead of 7');
  expect(shown).toMatch(/automatically after \d{4}-.*, unless it is denied/);
  expect((await redress('explain', 'short')).out).toContain('`redress approvals deny` stops it');
  clock.advance(6 * DAY + 60_000);
  await sweep();
  expect(told().at(-1)).toMatch(/^1 It is changed automatically after/);
  expect(writes()).toEqual([]);
  clock.advance(DAY + 60_000);
  await sweep();
  expect(told().at(-1)).toMatch(/^done keep events of short/);
  expect(writes()).toEqual(['PutRetentionPolicy']);
  expect((await redress('approvals', 'list')).out).toBe('Nothing needs an approval.\n');
  const history = (await redress('history', 'short')).out;
  expect(history).toContain('the first notice of');
  expect(history).toContain('reminder 1 of 1 of');
  expect((await redress('evidence', 'verify')).exit).toBe(0);
});

it('is stopped by an approver, and by an exception', async () => {
  await sweep();
  settle();
  await sweep();
  const id = (await redress('approvals', 'list')).out.slice(0, 18);
  clock.advance(6 * DAY + 60_000);
  await sweep();
  // The credentials at hand are no approver's.
  expect((await redress('approvals', 'deny', id, '--reason', 'vendor')).exit).toBe(1);
  writeFileSync(join(directory, 'redress.yaml'), `${readFileSync(join(directory, 'redress.yaml'), 'utf8')}exceptions: { register: exceptions.yaml }\n`);
  writeFileSync(
    join(directory, 'exceptions.yaml'),
    `- { id: EXC-1, scope: { account: "${ACCOUNT}", resource: short }, reason: r, owner: a, approver: b, expires: "2099-01-01T00:00:00Z" }\n`,
  );
  clock.advance(9 * DAY);
  expect((await sweep()).out).toContain('exempt');
  expect(writes()).toEqual([]);
});
