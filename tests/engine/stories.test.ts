// The stories of docs/operations.md, as they are told there.
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Notification,
  type PassResult,
  type RedressOptions,
  type Remediator,
  type Stop,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const DAY = 86_400_000;
const START = Date.parse('2026-11-24T10:00:00Z');
const HERE = { targets: [{ account: ACCOUNT, region: 'us-east-1' }] };
let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
let stop: Stop;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
    journal,
    connect: aws.connect,
    clock,
    killSwitch: { read: async () => stop },
    notify: async (each) => void told.push(each),
    ...over,
  });
const event = (rule: string) => openedEvent('w', rule, time - 1000);
const handle = async (input: object, over: Partial<RedressOptions> = {}): Promise<readonly PassResult[]> =>
  (await engine(over).handle(input)).results[0]?.passes ?? [];

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
  told = [];
  stop = 'none';
});

describe('someone flips the kill switch in the middle of a run', () => {
  const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
  it('stops the next write, which is reported as partial', async () => {
    aws.put('w', ['open-1', 'open-2', 'open-3']);
    let revoked = 0;
    aws.before = (operation) => {
      if (operation === 'RevokeRule' && ++revoked === 1) stop = 'changes';
    };
    const [pass] = await handle(event('open-1'), { remediators: [anyAge] });
    expect(pass).toMatchObject({ outcome: 'partial', message: '1 of 3 changes were made: The kill switch stops changes.' });
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(told.at(-1)).toMatchObject({ outcome: 'partial' });

    const [later] = await handle(event('open-2'), { remediators: [anyAge] });
    expect(later).toMatchObject({ outcome: 'denied', plan: { changes: [{ subject: 'open-2' }, { subject: 'open-3' }] } });
    expect(later?.decision?.results).toContainEqual(expect.objectContaining({ code: 'stopped' }));

    stop = 'everything';
    await expect(engine({ remediators: [anyAge] }).rollback(pass?.execution ?? '', { by: 'ops', reason: 'half-way' })).rejects.toMatchObject({
      code: 'rollback/refused',
    });
    stop = 'changes';
    expect((await engine({ remediators: [anyAge] }).rollback(pass?.execution ?? '', { by: 'ops', reason: 'half-way' })).outcome).toBe('rolled-back');
    expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2', 'open-3']);
  });

  it('and the rest is planned when the switch is off, old rules with an approval', async () => {
    aws.put('w', ['open-1', 'open-2']);
    let revoked = 0;
    aws.before = (operation) => {
      if (operation === 'RevokeRule' && ++revoked === 1) stop = 'changes';
    };
    await handle(event('open-1'), { remediators: [anyAge] });
    stop = 'none';
    aws.before = () => undefined;
    const [old] = await engine().sweep(HERE);
    expect(old?.outcomes).toEqual({ 'awaiting-approval': 1 });
    await engine({ remediators: [anyAge] }).sweep(HERE);
    expect(aws.rules('w')).toEqual([]);
  });
});

describe('someone undoes a fix', () => {
  it('by hand: fixed again, and contested the third time', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 3; round++) {
      time += DAY;
      aws.put('w', ['open-1']);
      outcomes.push(...(await handle(event('open-1'))).map((each) => each.outcome));
    }
    expect(outcomes).toEqual(['remediated', 'remediated', 'contested']);
    expect(told.at(-1)?.message).toContain(`now by arn:aws:iam::${ACCOUNT}:user/mallory`);
    expect(aws.rules('w')).toEqual(['open-1']);
    time += 7 * DAY;
    expect((await handle(event('open-1'))).map((each) => each.outcome)).toEqual(['remediated']);
  });

  it('with a rollback: a Config event and a sweep afterwards write nothing, until the hold has ended', async () => {
    aws.put('w', ['open-1']);
    const [fixed] = await handle(event('open-1'));
    await engine().rollback(fixed?.execution ?? '', { by: 'ops', reason: 'vendor window' });
    const writes = aws.writes.length;
    const config = {
      version: '0',
      id: 'c-1',
      'detail-type': 'Config Rules Compliance Change',
      source: 'aws.config',
      account: ACCOUNT,
      time: new Date(time).toISOString(),
      region: 'us-east-1',
      resources: [],
      detail: {
        messageType: 'ComplianceChangeNotification',
        awsAccountId: ACCOUNT,
        awsRegion: 'us-east-1',
        configRuleName: 'widget-open',
        resourceType: 'AWS::Test::Widget',
        resourceId: 'w',
        newEvaluationResult: {
          complianceType: 'NON_COMPLIANT',
          resultRecordedTime: new Date(time).toISOString(),
          evaluationResultIdentifier: {
            evaluationResultQualifier: { configRuleName: 'widget-open', resourceType: 'AWS::Test::Widget', resourceId: 'w' },
            orderingTimestamp: new Date(time).toISOString(),
          },
        },
        oldEvaluationResult: { complianceType: 'COMPLIANT' },
      },
    };
    const [reported] = await handle(config);
    expect(reported).toMatchObject({ outcome: 'notified', message: expect.stringContaining('It was rolled back by ops') });
    const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
    expect((await engine({ remediators: [anyAge] }).sweep(HERE))[0]?.outcomes).toEqual({ notified: 1 });
    expect(aws.writes).toHaveLength(writes);
    time += 7 * DAY;
    expect((await engine({ remediators: [anyAge] }).sweep(HERE))[0]?.outcomes).toEqual({ remediated: 1 });
  });
});

describe('a register entry expires at midnight', () => {
  const midnight = Date.parse('2026-12-31T00:00:00Z');
  const exceptions = defineRegister([
    { id: 'EXC-42', scope: { account: ACCOUNT, resource: 'w' }, reason: 'vendor', owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' },
  ]);
  const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
  it('exempts until its last millisecond and no longer', async () => {
    aws.put('w', ['open-old']);
    time = midnight - 1;
    expect((await handle(event('other'), { exceptions, remediators: [anyAge] }))[0]).toMatchObject({ outcome: 'exempt' });
    time = midnight;
    const [asked] = await handle(event('other'), { exceptions });
    expect(asked).toMatchObject({ outcome: 'awaiting-approval' });
    expect(asked?.decision?.results.find((each) => each.guardrail === 'exceptions')?.message).toContain(
      'Exception EXC-42 expired on 2026-12-31T00:00:00.000Z.',
    );
    expect((await handle(event('other'), { exceptions, remediators: [anyAge] }))[0]).toMatchObject({ outcome: 'remediated' });
  });

  it('and one that is added during an execution applies before its write', async () => {
    aws.put('w', ['open-1']);
    let looks = 0;
    let registered = false;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && ++looks === 2) registered = true;
    };
    const live = { read: async () => (registered ? exceptions : defineRegister([])) };
    expect((await handle(event('open-1'), { exceptions: live })).at(-1)).toMatchObject({ outcome: 'exempt' });
    expect(aws.writes).toEqual([]);
  });
});

describe('a worker that dies before it has rolled anything back', () => {
  it('has made no rollback, even if the state after the fix is equivalent to the one before it', async () => {
    const lenient: Remediator = { ...revokeOpenRules, equivalent: () => true };
    aws.put('w', ['open-1']);
    const [fixed] = await handle(event('open-1'), { remediators: [lenient] });
    const dying = crashingJournal(journal, 'after-intent');
    await engine({ remediators: [lenient], journal: dying })
      .rollback(fixed?.execution ?? '', { by: 'ops', reason: 'vendor' })
      .catch(() => undefined);
    expect(dying.died).toBe(true);
    time += DAY;
    expect(await engine({ remediators: [lenient] }).recover()).toMatchObject([{ outcome: 'failed' }]);
    expect(aws.rules('w')).toEqual([]);
    // Nothing stands in the way of asking again.
    expect((await engine({ remediators: [lenient] }).rollback(fixed?.execution ?? '', { by: 'ops', reason: 'vendor' })).outcome).toBe('rolled-back');
    expect(aws.rules('w')).toEqual(['open-1']);
  });
});
