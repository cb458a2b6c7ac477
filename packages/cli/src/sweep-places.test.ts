// Sweeps and plans over accounts and regions, how far they are, and what an interrupt leaves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connect, type Organization, RedressError, type Remediator } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { revokeOpenRules, Widgets, widget } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';
import type { PlanDocument } from './commands/plan.js';
import type { SweepDocument } from './commands/sweep.js';
import type { Io } from './io.js';
import { progressLine, ShownProgress } from './sweep-progress.js';

const [OWN, OTHER, CLOSED] = ['111111111111', '222222222222', '333333333333'] as const;
const UNIT = 'ou-ab12-cdefgh34';
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };

let directory: string;
let accounts: Map<string, Widgets>;
let time: number;

const organization: Organization = {
  accounts: async () => [OWN, OTHER, CLOSED],
  within: async (unit) => (unit === UNIT ? [OTHER] : []),
  tags: async () => ({}),
};
const connect: Connect = async (target) => {
  // Whose the credentials are is asked before any account is known.
  const account = target.account === '000000000000' ? OWN : target.account;
  const found = accounts.get(account);
  if (found === undefined)
    return { config: {}, identity: () => Promise.reject(new RedressError('aws/denied', 'The identity could not be read: AccessDenied')) };
  return found.connect({ ...target, account });
};
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
const redress = (argv: readonly string[], signal?: AbortSignal) =>
  command(argv, directory, { remediators: [anyAge], connect, organization, clock, ...(signal === undefined ? {} : { signal }) });

beforeEach(() => {
  time = Date.parse('2026-11-24T10:00:00Z');
  directory = mkdtempSync(join(tmpdir(), 'redress-places-'));
  accounts = new Map(
    [OWN, OTHER].map((account) => {
      const aws = new Widgets();
      aws.identity = { account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` };
      aws.put(`open-${account}`, ['open-1']);
      aws.put(`closed-${account}`, ['closed']);
      return [account, aws];
    }),
  );
  writeFileSync(
    join(directory, 'redress.yaml'),
    `version: 1\nenvironments:\n  dev: { accounts: ["${OWN}"], organizationalUnits: [${UNIT}] }\nremediators: { widget-revoke-open: { dev: enforce } }\n`,
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const placesOf = (of: readonly { account: string; region: string }[]) => [...new Set(of.map(({ account, region }) => `${account} ${region}`))].sort();

describe('sweep', () => {
  it('covers all accounts of the organization and the named regions, and reports once which account denies access', async () => {
    const { exit, out, err } = await redress(['sweep', '--accounts', 'all', '--in', 'us-east-1', 'eu-west-1', '--json']);
    const document = JSON.parse(out) as SweepDocument;
    expect([exit, err]).toEqual([1, '']);
    expect(placesOf(document.sweeps)).toEqual([`${OWN} eu-west-1`, `${OWN} us-east-1`, `${OTHER} eu-west-1`, `${OTHER} us-east-1`]);
    expect(document.left).toEqual([{ account: CLOSED, reason: 'The identity could not be read: AccessDenied' }]);
    expect(document.complete).toBe(false);
    expect([OWN, OTHER].map((account) => accounts.get(account)?.rules(`open-${account}`))).toEqual([[], []]);
  });

  it('accepts organizational units, and closes what an environment names by one', async () => {
    const { exit, out } = await redress(['sweep', '--accounts', UNIT, '--json']);
    expect(exit).toBe(0);
    expect(placesOf((JSON.parse(out) as SweepDocument).sweeps)).toEqual([`${OTHER} us-east-1`]);
    expect([OWN, OTHER].map((account) => accounts.get(account)?.rules(`open-${account}`))).toEqual([['open-1'], []]);
  });

  it('resumes where it was interrupted, and reports how', async () => {
    const aws = accounts.get(OWN) as Widgets;
    for (let index = 0; index < 30; index++) aws.put(`w-${index}`, ['closed']);
    const controller = new AbortController();
    let looked = 0;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && ++looked === 10) controller.abort();
    };
    const first = await redress(['sweep', '--json'], controller.signal);
    const document = JSON.parse(first.out) as SweepDocument;
    expect(first.exit).toBe(1);
    expect(document.interrupted).toMatchObject({ places: 1 });
    expect(document.interrupted?.decided).toBeLessThan(32);
    const before = looked;
    const people = await redress(['sweep'], controller.signal);
    expect(people.out).toContain('Interrupted: 0 of 1 places are done');
    expect(people.out).toContain('The same command resumes from there; with --restart it starts over.');
    const second = await redress(['sweep', '--json']);
    expect([second.exit, (JSON.parse(second.out) as SweepDocument).interrupted]).toEqual([0, null]);
    expect(aws.rules(`open-${OWN}`)).toEqual([]);
    // Of those before nothing is looked at again.
    expect(looked - before).toBeLessThan(32);
  });

  it.each([
    [['--accounts', 'prod'], '"prod" is neither a 12-digit account id, nor an organizational unit (ou-…), nor all.'],
    [['--accounts', 'ou-ab12-emptyunit'], 'There is no account in ou-ab12-emptyunit.'],
    [['--accounts', OWN, '--account', OTHER], 'Give --accounts or --account, not both.'],
    [['--in', 'all', 'us-east-1'], '"all" is not a region name.'],
    [['--concurrency', 'many'], '--concurrency "many" is not a whole number from 1 to 100.'],
  ])('refuses %j', async (argv, message) => {
    const { exit, out } = await redress(['sweep', ...argv, '--json']);
    expect([exit, (JSON.parse(out) as { error: { message: string } }).error.message]).toEqual([2, message]);
    expect([...accounts.values()].flatMap(({ writes }) => writes)).toEqual([]);
  });

  it('reads nothing if no account allows access', async () => {
    const { exit, out } = await redress(['sweep', '--accounts', CLOSED, '--json']);
    expect([exit, (JSON.parse(out) as { error: { code: string } }).error.code]).toEqual([1, 'aws/denied']);
  });
});

describe('plan --live', () => {
  it('reads every named account and region, and counts passes without changes', async () => {
    const { exit, out } = await redress(['plan', '--live', '--accounts', OWN, OTHER, '--in', 'us-east-1', '--json']);
    const document = JSON.parse(out) as PlanDocument;
    expect(exit).toBe(0);
    expect(document.places).toEqual([
      { account: OWN, region: 'us-east-1' },
      { account: OTHER, region: 'us-east-1' },
    ]);
    expect(document.passes.map(({ resource, verdict }) => [resource.account, resource.id, verdict])).toEqual([
      [OWN, `open-${OWN}`, 'would-fix'],
      [OTHER, `open-${OTHER}`, 'would-fix'],
    ]);
    expect(document.summary).toMatchObject({ wouldFix: 2, nothingToChange: 2 });
    const people = await redress(['plan', '--live', '--accounts', 'all']);
    expect(people.exit).toBe(1);
    expect(people.out).toContain(`denied  ${CLOSED}: The identity could not be read: AccessDenied`);
    expect(people.out).toContain(
      '2 accounts in 1 region; policy redress.yaml.\n2 gaps in 2 resources: 2 would be fixed, 0 need approval, 0 held back. 2 passes',
    );
    expect([...accounts.values()].flatMap(({ writes }) => writes)).toEqual([]);
  });

  it('reports that it was interrupted, so that there may be more', async () => {
    const controller = new AbortController();
    controller.abort();
    const { exit, out } = await redress(['plan', '--live', '--json'], controller.signal);
    const document = JSON.parse(out) as PlanDocument;
    expect([exit, document.interrupted, document.passes]).toEqual([1, true, []]);
    expect(document.problems).toContain('It was interrupted: the plan covers what was read so far.');
  });
});

describe('a policy that names a unit', () => {
  it('is shown with it, and is refused by a replay, which makes no call to AWS', async () => {
    expect((await redress(['policy', 'check'])).out).toContain(`environment dev: ${OWN}, ${UNIT}`);
    writeFileSync(join(directory, 'event.json'), '{}');
    const { exit, out } = await redress(['replay', 'event.json', '--json']);
    expect([exit, (JSON.parse(out) as { error: { message: string } }).error.message]).toEqual([
      2,
      'The policy names units or tags of an organization, which a replay cannot resolve: it makes no calls to AWS.',
    ]);
  });
});

describe('a wait of a command', () => {
  it('is reported before a sweep sleeps, with its end', async () => {
    const { exit, err } = await command(['sweep'], directory, { remediators: [{ ...anyAge, settle: 60_000 }], connect, organization, clock });
    expect([exit, err.split('\n')]).toEqual([
      0,
      [`settling until 10:01:00Z: AWS::Test::Widget open-${OWN} (${OWN}, us-east-1), widget-revoke-open`, '0 of 1 places, 2 of 2 resources so far, 0.0/s', ''],
    ]);
    expect(accounts.get(OWN)?.rules(`open-${OWN}`)).toEqual([]);
  });

  it('is on its own line, even after a progress line', () => {
    let text = '';
    const io = { stderr: (more: string) => void (text += more), terminal: true } as unknown as Io;
    const progress = new ShownProgress(io, { now: () => time, sleep: async () => undefined });
    time += 1000;
    progress.update({ places: 1, placesDone: 0, found: 1, decided: 0 });
    progress.waits({ reason: 'held', remediator: 'a', resource: widget('w'), until: time });
    expect(text).toBe(
      '\r\u001b[K0 of 1 places, 0 of 1 resources so far, 0.0/s\r\u001b[Kanother execution holds it until 10:00:01Z: AWS::Test::Widget w (111111111111, us-east-1), a\n',
    );
  });
});

describe('the progress of a sweep', () => {
  it('has places, resources, a rate, and the remaining time', () => {
    const progress = { places: 12, placesDone: 3, found: 5000, decided: 4200 };
    expect(progressLine(progress, 60_000)).toBe('3 of 12 places, 4200 of 5000 resources so far, 70/s, about 3 min left');
    expect(progressLine({ ...progress, placesDone: 0 }, 60_000)).toBe('0 of 12 places, 4200 of 5000 resources so far, 70/s');
    expect(progressLine({ places: 1, placesDone: 0, found: 300, decided: 100 }, 20_000)).toBe(
      '0 of 1 places, 100 of 300 resources so far, 5.0/s, about 40 s left',
    );
    expect(progressLine({ places: 100, placesDone: 1, found: 10, decided: 10 }, 60_000)).toContain('about 1 h 39 min left');
    expect(progressLine({ places: 1, placesDone: 0, found: 0, decided: 0 }, 0)).toBe('0 of 1 places, 0 of 0 resources so far, 0.0/s');
  });

  const shown = (terminal: boolean, seconds: readonly number[]) => {
    let now = 0;
    let text = '';
    const io = { stderr: (more: string) => void (text += more), terminal } as unknown as Io;
    const progress = new ShownProgress(io, { now: () => now, sleep: async () => undefined });
    for (const each of seconds) {
      now = each * 1000;
      progress.update({ places: 2, placesDone: 0, found: each, decided: each });
    }
    progress.end();
    return text;
  };

  it('is one line on a terminal, which is cleared for other output', () => {
    const text = shown(true, [1, 2, 3]);
    expect(text.split('\r\u001b[K').slice(1)).toEqual([
      '0 of 2 places, 1 of 1 resources so far, 1.0/s',
      '0 of 2 places, 2 of 2 resources so far, 1.0/s',
      '0 of 2 places, 3 of 3 resources so far, 1.0/s',
      '',
    ]);
  });

  it('is a line a minute elsewhere', () => {
    const lines = shown(false, [1, 30, 59, 60, 61, 119, 120, 200]).split('\n');
    expect(lines).toEqual([
      '0 of 2 places, 60 of 60 resources so far, 1.0/s',
      '0 of 2 places, 120 of 120 resources so far, 1.0/s',
      '0 of 2 places, 200 of 200 resources so far, 1.0/s',
      '',
    ]);
    expect(shown(false, [1, 30])).toBe('');
  });
});
