import {
  type Connect,
  createRedress,
  definePolicy,
  type Journal,
  type Mode,
  type Notification,
  type PassResult,
  type RedressOptions,
  type Remediator,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { raiseRetention } from '@redress/remediator-cloudwatch-logs';
import { type SimulatedAccount, SimulatedError, simulatedAccount } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OPS = { by: 'ops', reason: 'CHG-1' };

let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
/** The same gap under a wider name. */
const wide: Remediator = { ...revokeOpenRules, id: 'widget-revoke-all', breadth: 10, freshWithin: null };
const policy = (modes: Record<string, Mode> = { 'widget-revoke-open': 'enforce' }, extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(Object.entries(modes).map(([id, mode]) => [id, { dev: mode }])),
    ...extra,
  });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: policy(),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
/** What the event of a call that opened a rule leads to. */
const event = async (id: string, rule = 'open-1', over: Partial<RedressOptions> = {}): Promise<readonly PassResult[]> => {
  time += 1000;
  const { results } = await engine(over).handle(openedEvent(id, rule, time - 1000, { eventId: `${id}-${rule}-${time}` }));
  return results[0]?.passes ?? [];
};
const outcomes = (passes: readonly PassResult[]) => passes.map((each) => each.outcome);
const deny = (times = 1) =>
  aws.faults.set(
    'RevokeRule',
    Array.from({ length: times }, () => 'denied'),
  );

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = START;
  journal = memoryJournal({ clock });
  told = [];
});

describe('a call that AWS refuses for good', () => {
  it('is notified once, kept with the policy that refuses it, and not sent again', async () => {
    deny();
    const [refused] = await event('w');
    expect(refused).toMatchObject({
      outcome: 'failed',
      retryable: false,
      message: expect.stringMatching(/^widget:RevokeRule was refused: AccessDenied: .* It is tried again when /),
    });
    expect(told.map((each) => each.outcome)).toEqual(['failed']);
    for (let n = 0; n < 3; n++) {
      time += HOUR;
      const [again] = await event('w');
      expect(again).toMatchObject({
        outcome: 'denied',
        retryable: false,
        message: expect.stringMatching(/^AWS refused widget:RevokeRule on 2026-11-24T10:00:01/),
      });
    }
    expect(told).toHaveLength(1);
    expect(aws.writes).toEqual(['RevokeRule']);
    const { record } = (await recordsOf(journal)).find((each) => each.record.kind === 'outcome') ?? {};
    expect(record?.body['denied']).toMatchObject({
      by: 'AccessDenied',
      policyType: null,
      authorizationId: null,
      calls: [{ operation: 'widget:RevokeRule', subject: 'open-1' }],
      policy: policy().digest,
      tagged: false,
    });
  });

  it('is sent again after a week', async () => {
    deny();
    await event('w');
    time += 7 * DAY - 5000;
    expect(outcomes(await event('w'))).toEqual(['denied']);
    time += 5000;
    expect(outcomes(await event('w'))).toEqual(['remediated']);
    expect(aws.rules('w')).toEqual(['closed']);
    expect((await journal.view(widget('w'))).refusals).toEqual([]);
  });

  it.each<[string, () => Partial<RedressOptions>]>([
    ['when the policy changes', () => ({ policy: policy(undefined, { limits: [{ per: ['run'], changes: 3 }] }) })],
    [
      'when the role changes',
      () => {
        aws.identity = { ...aws.identity, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Other/test` };
        return {};
      },
    ],
  ])('is sent again %s', async (_name, change) => {
    deny();
    await event('w');
    aws.identity = { ...aws.identity, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/another-session` };
    expect(outcomes(await event('w'))).toEqual(['denied']);
    expect(outcomes(await event('w', 'open-1', change()))).toEqual(['remediated']);
  });

  it('is sent again when a person requests it, which is recorded', async () => {
    deny(2);
    await expect(engine().retry(widget('w'), OPS)).rejects.toMatchObject({
      code: 'retry/refused',
      message: expect.stringContaining('There is no refused call'),
    });
    await event('w');
    await expect(engine().retry(widget('w'), { by: ' ' })).rejects.toMatchObject({ code: 'retry/refused' });
    expect(outcomes(await event('w'))).toEqual(['denied']);
    expect(await engine().retry(widget('w'), OPS)).toMatchObject([{ operation: 'widget:RevokeRule', subject: 'open-1' }]);
    expect((await recordsOf(journal)).at(-1)?.record).toMatchObject({
      kind: 'approval',
      body: { retry: { by: { name: 'ops', verified: false } }, reason: 'CHG-1', message: 'ops (unverified) requested a retry: widget:RevokeRule: CHG-1' },
    });
    expect(outcomes(await event('w'))).toEqual(['failed']);
    await engine().retry(widget('w'), { by: 'ops' });
    expect(outcomes(await event('w'))).toEqual(['remediated']);
  });

  it('does not block other parts of the resource', async () => {
    const over = { remediators: [wide], policy: policy({ 'widget-revoke-all': 'enforce' }) };
    deny();
    expect(outcomes(await engine(over).run(widget('w')))).toEqual(['failed']);
    aws.put('w', ['open-1', 'open-2']);
    const passes = await engine(over).run(widget('w'));
    expect(passes.map((each) => [each.outcome, each.plan?.changes.map((change) => change.subject)])).toEqual([
      ['remediated', ['open-2']],
      ['denied', ['open-1']],
    ]);
    expect(aws.rules('w')).toEqual(['open-1']);
  });

  it.each(['enforce', 'approve'] as const)('is not requested by a wider remediator under %s, in the same pass or later', async (mode) => {
    const over = { remediators: [revokeOpenRules, wide], policy: policy({ 'widget-revoke-open': 'enforce', 'widget-revoke-all': mode }) };
    deny();
    expect((await event('w', 'open-1', over)).map((each) => [each.remediator, each.outcome])).toEqual([
      ['widget-revoke-open', 'failed'],
      ['widget-revoke-all', 'no-op'],
    ]);
    // Asked alone, later.
    const alone: PassResult[] = [];
    const targets = [{ account: ACCOUNT, region: 'us-east-1' }];
    await engine(over).sweep({ targets, remediators: ['widget-revoke-all'], onPass: (pass) => void alone.push(pass) });
    expect(alone.map((each) => [each.remediator, each.outcome, each.message])).toEqual([
      ['widget-revoke-all', 'denied', expect.stringContaining('AWS refused widget:RevokeRule')],
    ]);
    await engine(over).sweep({ targets });
    expect(await engine(over).approvals()).toEqual([]);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(told.map((each) => each.outcome)).toEqual(['failed']);
  });

  it('opens no circuit breaker, however many there are, and neither does one after failures that a person has reviewed', async () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      aws.put(id, ['open-1']);
      deny();
      expect(outcomes(await event(id))).toEqual(['failed']);
    }
    expect((await journal.view(widget('a'))).breakers).toEqual([]);
    // Nor does one interrupt a row of failures.
    for (const [id, fault] of [
      ['e', 'invalid'],
      ['f', 'denied'],
      ['g', 'invalid'],
      ['h', 'invalid'],
    ] as const) {
      aws.put(id, ['open-1']);
      aws.faults.set('RevokeRule', [fault]);
      expect(outcomes(await event(id))).toEqual(['failed']);
    }
    expect((await journal.view(widget('a'))).breakers).toMatchObject([{ remediator: 'widget-revoke-open' }]);
    await engine().closeBreaker('widget-revoke-open', { account: ACCOUNT }, { by: 'ops', reason: 'looked' });
    aws.put('i', ['open-1']);
    deny();
    expect(outcomes(await event('i'))).toEqual(['failed']);
    expect((await journal.view(widget('a'))).breakers).toEqual([]);
  });

  it('is not kept if throttling was the failure', async () => {
    aws.faults.set('RevokeRule', ['throttled']);
    expect(outcomes(await event('w'))).toEqual(['failed']);
    expect(outcomes(await event('w'))).toEqual(['remediated']);
  });
});

it('three exception tags that nobody registered, by which IAM denies the call, open no circuit breaker; without the tag the call is retried', async () => {
  // More than three days after the tag was seen first: it has no effect any more, but for IAM.
  const tagged = { 'redress:exception': '' };
  const over = { policy: policy({ 'widget-revoke-all': 'enforce' }), remediators: [wide] };
  for (const id of ['a', 'b', 'c']) {
    aws.put(id, ['open-1'], tagged);
    expect(outcomes(await engine(over).run(widget(id)))).toEqual(['notified']);
  }
  aws.widgets.delete('w');
  time += 4 * DAY;
  // As IAM does: it goes by the tag alone.
  aws.before = (operation) => void (operation === 'RevokeRule' && [...aws.widgets.values()].some((each) => 'redress:exception' in each.tags) && deny());
  for (const id of ['a', 'b', 'c']) expect(outcomes(await engine(over).run(widget(id)))).toEqual(['failed']);
  expect((await journal.view(widget('a'))).breakers).toEqual([]);
  for (const id of ['a', 'b', 'c']) {
    expect(outcomes(await engine(over).run(widget(id)))).toEqual(['denied']);
    const found = aws.widgets.get(id);
    if (found !== undefined) found.tags = {};
  }
  expect(aws.writes).toHaveLength(3);
  for (const id of ['a', 'b', 'c']) expect(outcomes(await engine(over).run(widget(id)))).toEqual(['remediated']);
});

describe('a week of hourly sweeps in an account of Control Tower', () => {
  const GUARDED = ['/aws/controltower/CloudTrailLogs', '/aws/lambda/aws-controltower-NotificationForwarder', '/aws-controltower/audit'];
  const OWN = ['/acme/a', '/acme/b', '/acme/c', '/acme/d'];
  const SCP = 'arn:aws:organizations::999999999999:policy/o-acme/service_control_policy/p-guardrail';
  /** The account, under a service control policy of Control Tower. */
  const guarded =
    (account: SimulatedAccount): Connect =>
    async (target) => {
      const connection = await account.connect(target);
      return {
        ...connection,
        client: (service) => {
          const client = connection.client?.(service);
          if (client === undefined) throw new Error(service);
          return {
            ...client,
            send: async (command) => {
              const { input } = command as unknown as { input: { logGroupName?: string } };
              if (command.constructor.name === 'PutRetentionPolicyCommand' && GUARDED.includes(input.logGroupName ?? '')) {
                sent.push(input.logGroupName ?? '');
                throw new SimulatedError(
                  'AccessDeniedException',
                  400,
                  `User: arn:aws:sts::${ACCOUNT}:assumed-role/Redress/fix is not authorized to perform: logs:PutRetentionPolicy on resource: ${input.logGroupName} with an explicit deny in a service control policy: ${SCP}. Authorization ID: 9x7q`,
                );
              }
              return client.send(command);
            },
          };
        },
      };
    };
  let sent: string[] = [];

  it('tries three groups once, notifies once of each, and closes all others; the next week once more', async () => {
    sent = [];
    const account = simulatedAccount({ clock });
    const add = (name: string) => {
      account.act('logs', 'CreateLogGroup', { logGroupName: name });
      account.act('logs', 'PutRetentionPolicy', { logGroupName: name, retentionInDays: 30 });
    };
    for (const name of [...GUARDED, ...OWN.slice(0, 2)]) add(name);
    const week: Notification[] = [];
    const records = memoryJournal({ clock });
    const redress = createRedress({
      remediators: [raiseRetention],
      policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'logs-raise-retention': { dev: 'enforce' } } }),
      journal: records,
      connect: guarded(account),
      clock,
      notify: async (each) => void week.push(each),
    });
    const sweep = () => redress.sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] });
    for (let hour = 0; hour < 168; hour++) {
      time = Math.max(time, START + hour * HOUR);
      // What is made in the middle of the week is closed as well.
      if (hour === 100) for (const name of OWN.slice(2)) add(name);
      await sweep();
    }
    expect(sent.toSorted()).toEqual([...GUARDED].sort());
    const refusals = week.filter((each) => GUARDED.includes(each.resource.id));
    expect(refusals.map((each) => [each.outcome, each.resource.id]).sort()).toEqual([...GUARDED].sort().map((name) => ['failed', name]));
    for (const { message } of refusals) expect(message).toContain(`(denied by ${SCP}, authorization id 9x7q).`);
    expect(week.filter((each) => !GUARDED.includes(each.resource.id)).map((each) => [each.outcome, each.resource.id])).toEqual(
      OWN.map((name) => ['remediated', name]),
    );
    expect(OWN.map((name) => account.state.logGroups[name]?.days)).toEqual([365, 365, 365, 365]);
    expect(GUARDED.map((name) => account.state.logGroups[name]?.days)).toEqual([30, 30, 30]);
    // A week after the first time each is tried once more.
    time = START + 169 * HOUR;
    await sweep();
    time += HOUR;
    await sweep();
    expect(sent).toHaveLength(6);
    const { breakers } = await records.view({ type: 'AWS::Logs::LogGroup', id: OWN[0] ?? '', account: ACCOUNT, region: 'us-east-1', partition: 'aws' });
    expect(breakers).toEqual([]);
  });
});
