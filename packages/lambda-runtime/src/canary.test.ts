import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connect, definePolicy, RedressError, type Remediator } from '@redress/core';
import { folderJournal, memoryJournal } from '@redress/evidence';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import type { CanaryInput } from './canary.js';
import { createHandler, type HandlerOptions } from './create-handler.js';
import { Metrics } from './metrics.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T06:00:00Z');
const context = { getRemainingTimeInMillis: () => 300_000 };
const connect: Connect = async ({ region }) => ({ config: { region }, identity: async () => ({ account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/x` }) });

function setUp(over: Partial<HandlerOptions> = {}) {
  const state = { time: START, sent: [] as CanaryInput[] };
  const clock = { now: () => state.time, sleep: async (milliseconds: number) => void (state.time += milliseconds) };
  const journal = memoryJournal({ clock });
  const handler = createHandler({
    remediators: [],
    policy: definePolicy({ version: 1 }),
    journal,
    connect,
    clock,
    canary: { parameter: '/redress/canary', send: async (input) => void state.sent.push(input) },
    ...over,
  });
  const arrived = async () => {
    const found: unknown[] = [];
    for await (const { record } of journal.read({ all: true }))
      found.push({ id: record.resource.id, region: record.resource.region, ...(record.body['canary'] as object) });
    return found;
  };
  const metrics = () => log.metrics.map(({ _aws, ...rest }) => rest);
  return { state, handler, journal, arrived, metrics };
}

/** What AWS makes of the call that was sent. */
const reported = (input: CanaryInput, over: object = {}) => ({
  version: '0',
  id: 'e-1',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ssm',
  account: ACCOUNT,
  time: new Date(START).toISOString(),
  region: 'eu-west-1',
  resources: [],
  detail: {
    eventVersion: '1.09',
    eventID: 'ct-1',
    eventTime: new Date(START).toISOString(),
    eventSource: 'ssm.amazonaws.com',
    eventName: 'AddTagsToResource',
    awsRegion: 'eu-west-1',
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: ACCOUNT,
    userIdentity: { type: 'AssumedRole' },
    requestParameters: {
      resourceType: input.ResourceType,
      resourceId: input.ResourceId,
      tags: input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    },
  },
  ...over,
});
const message = (body: unknown, attributes: object = {}) => ({ messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify(body), attributes });

const log = logOfEachTest();

beforeEach(() => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'redress');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the canary of the handler', () => {
  it.each([
    ['directly', (body: unknown) => body],
    ['through the queue', (body: unknown) => ({ Records: [message(body)] })],
  ])('is sent and arrives %s', async (_name, wrap) => {
    const { state, handler, arrived, metrics } = setUp();
    await handler(wrap({ redress: 'canary' }), context);
    expect(state.sent).toEqual([
      { ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [{ Key: 'redress:canary', Value: '2026-11-24T06:00:00.000Z' }] },
    ]);
    // Sending proves nothing.
    expect([await arrived(), metrics()]).toEqual([[], []]);
    state.time += 45_000;
    await handler(wrap(reported(state.sent[0] as CanaryInput)), context);
    expect(await arrived()).toEqual([{ id: '/redress/canary', region: 'eu-west-1', sent: '2026-11-24T06:00:00.000Z', seconds: 45, finding: 'ct-1' }]);
    expect(metrics()).toEqual([{ CanaryArrived: 1 }]);
  });

  it('proves nothing when it arrives too late, from an archive, or for another parameter', async () => {
    const { handler, arrived, metrics } = setUp();
    const input = { ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [{ Key: 'redress:canary', Value: '2026-11-22T06:00:00.000Z' }] } as const;
    await handler(reported({ ...input, Tags: [...input.Tags] }), context);
    await handler(reported({ ...input, Tags: [] }, { 'replay-name': 'r' }), context);
    await handler(reported({ ...input, ResourceId: '/other', Tags: [] }), context);
    expect([await arrived(), metrics()]).toEqual([[], []]);
    expect(log.lines.map(({ level, message, kind }) => [level, message, kind])).toContainEqual(['WARN', 'canary arrived too late', 'canary-late']);
  });

  it('is delivered again when it could not be sent', async () => {
    const canary = { parameter: '/redress/canary', send: () => Promise.reject(new Error('AccessDenied')) };
    await expect(setUp({ canary }).handler({ redress: 'canary' }, context)).rejects.toThrow('AccessDenied');
    expect(await setUp({ canary }).handler({ Records: [message({ redress: 'canary' })] }, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
  });

  it('counts as arrived when only the journal is unavailable', async () => {
    const { handler, metrics } = setUp({
      journal: { ...memoryJournal(), kind: 'memory', open: async () => [], append: () => Promise.reject(new RedressError('journal/unavailable', 'away')) },
    });
    await handler(reported({ ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [] }), context);
    expect(metrics()).toEqual([{ CanaryArrived: 1 }]);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'WARN', kind: 'canary-unrecorded', error: { name: 'RedressError', code: 'journal/unavailable', message: 'away' } }),
    );
  });

  it('leaves records that verify', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'redress-canary-'));
    const journal = folderJournal({ directory });
    // Inside Lambda a folder is refused.
    vi.unstubAllEnvs();
    const { handler } = setUp({ journal });
    await handler(reported({ ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [] }), context);
    await journal.close?.();
    expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 1 });
    rmSync(directory, { recursive: true, force: true });
  });

  it('is an unknown input where no canary is configured', async () => {
    const { handler } = setUp({ canary: undefined } as unknown as Partial<HandlerOptions>);
    expect(await handler({ redress: 'canary' }, context)).toMatchObject({ counted: { rejected: 1 } });
  });
});

describe('metrics', () => {
  const policy = (mode: string) =>
    definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: mode as 'enforce' } } });
  const fixing = (mode: string, remediators: readonly Remediator[] = [revokeOpenRules]) => {
    const aws = new Widgets();
    aws.put('w', ['open-1', 'closed']);
    return { aws, ...setUp({ remediators, policy: policy(mode), connect: aws.connect }) };
  };

  it('report what was closed, and how long it was open since the event', async () => {
    const { handler, metrics, aws } = fixing('enforce');
    await handler({ Records: [message(openedEvent('w', 'open-1', START - 90_000), { SentTimestamp: String(START - 30_000) })] }, context);
    expect(aws.rules('w')).toEqual(['closed']);
    expect(metrics()).toEqual([{ QueueWait: 30 }, { Outcomes: 1, Outcome: 'remediated' }, { TimeToClose: 90 }]);
    for (const line of log.metrics) {
      const { _aws, ...rest } = line as unknown as {
        _aws: { Timestamp: number; CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[] };
      };
      const [directive] = _aws.CloudWatchMetrics;
      expect([_aws.Timestamp, directive?.Namespace]).toEqual([START, 'Redress']);
      // Each name and dimension of the directive is a member of the line.
      for (const name of [...(directive?.Dimensions[0] ?? []), ...(directive?.Metrics.map((each) => each.Name) ?? [])]) expect(rest).toHaveProperty([name]);
    }
  });

  it('report what was held back', async () => {
    const { handler, metrics } = fixing('notify');
    await handler(openedEvent('w', 'open-1', START - 1000), context);
    expect(metrics()).toMatchObject([{ Outcomes: 1, Outcome: 'notified' }, { HeldBack: 1 }]);
    expect(log.text).not.toContain('TimeToClose');
  });

  it('report that a sweep completed', async () => {
    const aws = new Widgets();
    aws.put('w', ['closed']);
    const { handler, metrics } = setUp({
      remediators: [revokeOpenRules],
      policy: policy('enforce'),
      connect: aws.connect,
      sweep: { targets: [{ account: ACCOUNT, region: 'us-east-1' }] },
    });
    const tick = {
      id: 't',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: ACCOUNT,
      time: new Date(START).toISOString(),
      region: 'us-east-1',
      resources: ['arn:r'],
      detail: {},
    };
    await handler(tick, context);
    expect(metrics()).toContainEqual({ SweepCompleted: 1 });
  });

  it('are also written when the invocation fails', async () => {
    const { handler, metrics, aws } = fixing('enforce');
    aws.faults.set('DescribeWidget', Array(9).fill('throttled') as 'throttled'[]);
    await expect(handler(openedEvent('w', 'open-1', START - 1000), context)).rejects.toMatchObject({ code: 'lambda/retry' });
    expect(metrics()).toHaveLength(2);
  });

  it('hold at most a hundred values in a line', () => {
    const lines: string[] = [];
    const metrics = new Metrics((line) => lines.push(line));
    for (let value = 0; value < 250; value++) metrics.add('TimeToClose', 'Seconds', value);
    for (let value = 0; value < 250; value++) metrics.add('HeldBack', 'Count', 1);
    metrics.flush(START);
    metrics.flush(START);
    expect(
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).map((each) => (each['TimeToClose'] as number[] | undefined)?.length ?? each['HeldBack']),
    ).toEqual([100, 100, 50, 250]);
  });

  it('go to standard output inside Lambda, as raw lines, and nowhere outside of it', async () => {
    const { handler } = setUp();
    await handler(reported({ ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [] }), context);
    const [line] = log.text.split('\n').filter((each) => each.includes('_aws'));
    expect(JSON.parse(line ?? '')).toMatchObject({ CanaryArrived: 1 });
    vi.unstubAllEnvs();
    const outside = setUp();
    await outside.handler(reported({ ResourceType: 'Parameter', ResourceId: '/redress/canary', Tags: [] }), context);
    expect(log.metrics).toHaveLength(1);
    expect(log.lines.map(({ kind }) => kind)).toEqual(['canary', 'canary']);
  });
});
