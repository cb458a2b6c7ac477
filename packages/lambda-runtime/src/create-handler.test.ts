import { type Connect, definePolicy, isRedressError, type Journal, RedressError, type Remediator, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { createHandler, type HandlerOptions } from './create-handler.js';
import type { BatchResponse, HandlerLogger, InvocationContext } from './types.js';

const log = logOfEachTest();

const ACCOUNT = '111111111111';
const connect: Connect = async ({ region }) => ({
  config: { region },
  identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/test` }),
});
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: {} });

/** Looks at buckets; what it finds is set by the test. */
function looker(observe: Remediator['observe'] = async () => ({ state: { encrypted: true }, tags: {} })): Remediator {
  return {
    contract: 1,
    id: 'test-look',
    title: 'Looks',
    package: { name: 'test', version: '1.0.0' },
    resourceTypes: ['AWS::S3::Bucket'],
    controls: [{ framework: 'aws-fsbp', id: 'S3.4' }],
    showsNew: [],
    configRules: ['s3-test-rule'],
    apiCalls: {},
    ceiling: 'enforce',
    freshWithin: null,
    settle: 0,
    breadth: 0,
    global: false,
    whenResolved: false,
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    parameters: () => ({}),
    parameterSchema: null,
    identify: null,
    equivalent: () => true,
    observe,
    plan: () => ({ status: 'compliant' }),
    discover: null,
  };
}

function configEvent(bucket: string): object {
  return {
    version: '0',
    id: `event-${bucket}`,
    'detail-type': 'Config Rules Compliance Change',
    source: 'aws.config',
    account: ACCOUNT,
    time: '2026-11-20T10:00:00Z',
    region: 'us-east-1',
    resources: [],
    detail: {
      resourceId: bucket,
      resourceType: 'AWS::S3::Bucket',
      awsRegion: 'us-east-1',
      awsAccountId: ACCOUNT,
      configRuleName: 's3-test-rule',
      recordVersion: '1.0',
      messageType: 'ComplianceChangeNotification',
      configRuleARN: `arn:aws:config:us-east-1:${ACCOUNT}:config-rule/config-rule-abc`,
      notificationCreationTime: '2026-11-20T10:00:00Z',
      newEvaluationResult: {
        complianceType: 'NON_COMPLIANT',
        resultRecordedTime: '2026-11-20T10:00:00Z',
        configRuleInvokedTime: '2026-11-20T10:00:00Z',
        evaluationResultIdentifier: {
          orderingTimestamp: '2026-11-20T10:00:00Z',
          evaluationResultQualifier: { configRuleName: 's3-test-rule', resourceType: 'AWS::S3::Bucket', resourceId: bucket },
        },
      },
      oldEvaluationResult: { complianceType: 'COMPLIANT' },
    },
  };
}

const message = (messageId: string, body: unknown, queue = 'redress') => ({
  messageId,
  receiptHandle: 'r',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:us-east-1:${ACCOUNT}:${queue}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {},
  messageAttributes: {},
  md5OfBody: '',
  awsRegion: 'us-east-1',
});
const time = (...remaining: number[]): InvocationContext => ({
  awsRequestId: 'invocation',
  getRemainingTimeInMillis: () => (remaining.length > 1 ? (remaining.shift() as number) : (remaining[0] as number)),
});

function handlerOf(more: Partial<HandlerOptions> = {}) {
  return { handler: createHandler({ remediators: [looker()], policy, journal: memoryJournal(), connect, ...more }) };
}

const failures = (answer: unknown) => (answer as BatchResponse).batchItemFailures.map((each) => each.itemIdentifier);
const throttled = async (): Promise<never> => {
  throw new RedressError('aws/throttled', 'slow down', { retryable: true });
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('SQS', () => {
  it('reports which messages are delivered again, also when the metrics cannot be written', async () => {
    const metrics = () => {
      throw new Error('the pipe is closed');
    };
    const fails = looker(async ({ resource }) => (resource.id === 'two' ? throttled() : { state: {}, tags: {} }));
    const { handler } = handlerOf({ metrics, remediators: [fails] });
    const answer = await handler({ Records: [message('m-1', configEvent('one')), message('m-2', configEvent('two'))] }, time(300_000));
    expect(failures(answer)).toEqual(['m-2']);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'ERROR', message: 'the metrics could not be written' }));
  });

  it('acknowledges what was handled and what can never be read, and logs both', async () => {
    const { handler } = handlerOf();
    const answer = await handler(
      { Records: [message('m-1', configEvent('one')), message('m-2', 'no JSON, and a secret: hunter2'), message('m-3', configEvent('three'))] },
      time(300_000),
    );
    expect(answer).toEqual({ batchItemFailures: [] });
    const passes = log.lines.filter((line) => line['kind'] === 'pass');
    expect(passes.map((line) => [line['remediator'], line['resource'], line['outcome'], line['messageId']])).toEqual([
      ['test-look', `AWS::S3::Bucket one (${ACCOUNT}, us-east-1)`, 'no-op', 'm-1'],
      ['test-look', `AWS::S3::Bucket three (${ACCOUNT}, us-east-1)`, 'no-op', 'm-3'],
    ]);
    expect(log.lines.filter((line) => line.level === 'WARN').map((line) => [line.message, line['messageId']])).toEqual([['input rejected', 'm-2']]);
    expect(log.text).not.toContain('hunter2');
  });

  it('returns only the message that may succeed later', async () => {
    const { handler } = handlerOf({ remediators: [looker(async ({ resource }) => (resource.id === 'two' ? throttled() : { state: {}, tags: {} }))] });
    expect(
      failures(
        await handler(
          { Records: [message('m-1', configEvent('one')), message('m-2', configEvent('two')), message('m-3', configEvent('three'))] },
          time(300_000),
        ),
      ),
    ).toEqual(['m-2']);
  });

  it('reports all messages, without throwing, when all failed', async () => {
    const { handler } = handlerOf({ remediators: [looker(throttled)] });
    expect(failures(await handler({ Records: [message('m-1', configEvent('one')), message('m-2', configEvent('two'))] }, time(300_000)))).toEqual([
      'm-1',
      'm-2',
    ]);
  });

  it('leaves the rest for another invocation when less than 30 seconds are left', async () => {
    let observed = 0;
    const { handler } = handlerOf({
      remediators: [
        looker(async () => {
          observed++;
          return { state: {}, tags: {} };
        }),
      ],
    });
    // At the start, before the first, before the second.
    expect(
      failures(
        await handler(
          { Records: [message('m-1', configEvent('one')), message('m-2', configEvent('two')), message('m-3', configEvent('three'))] },
          time(50_000, 31_000, 29_999),
        ),
      ),
    ).toEqual(['m-2', 'm-3']);
    expect(observed).toBe(1);
  });

  it('stops a FIFO queue at the first failure, so that no message overtakes another', async () => {
    const seen: string[] = [];
    const { handler } = handlerOf({
      remediators: [
        looker(async ({ resource }) => {
          seen.push(resource.id);
          return resource.id === 'two' ? throttled() : { state: {}, tags: {} };
        }),
      ],
    });
    expect(
      failures(
        await handler({ Records: ['one', 'two', 'three'].map((id, index) => message(`m-${index + 1}`, configEvent(id), 'redress.fifo')) }, time(300_000)),
      ),
    ).toEqual(['m-2', 'm-3']);
    expect(seen).toEqual(['one', 'two']);
  });

  it('returns messages when the policy cannot be read', async () => {
    const { handler } = handlerOf({ policy: { read: () => Promise.reject(new Error('no such parameter')) } });
    expect(failures(await handler({ Records: [message('m-1', configEvent('one'))] }, time(300_000)))).toEqual(['m-1']);
    expect(log.text).toContain('no such parameter');
  });
});

describe('direct invocation', () => {
  it('logs which call or rule no remediator handles, and why', async () => {
    const lines: [string, unknown][] = [];
    const logger = { info: () => undefined, error: () => undefined, warn: (message: string, more?: unknown) => void lines.push([message, more]) };
    const handler = createHandler({ remediators: [looker()], policy, journal: memoryJournal(), connect, logger });
    const event = configEvent('invoices') as { detail: Record<string, unknown> };
    const rename = { configRuleName: 'acme-rule', newEvaluationResult: { ...(event.detail['newEvaluationResult'] as object), evaluationResultIdentifier: {} } };
    await handler({ ...event, detail: { ...event.detail, ...rename } }, { getRemainingTimeInMillis: () => 300_000 } as InvocationContext);
    expect(lines).toEqual([
      [
        'no remediator handles it',
        expect.objectContaining({
          configRule: 'acme-rule',
          resources: ['AWS::S3::Bucket invoices'],
          reason: expect.stringContaining('No remediator handles the Config rule acme-rule'),
        }),
      ],
    ]);
  });

  it('returns a summary', async () => {
    const { handler } = handlerOf();
    expect(await handler(configEvent('one'), time(300_000))).toEqual({
      findings: 1,
      passes: [{ remediator: 'test-look', resource: `AWS::S3::Bucket one (${ACCOUNT}, us-east-1)`, outcome: 'no-op', execution: null }],
      counted: {},
      evaluations: [],
      sweeps: [],
    });
  });

  it('counts what needs no decision', async () => {
    const { handler } = handlerOf();
    expect(await handler({ nothing: 'known' }, time(300_000))).toMatchObject({ findings: 1, passes: [] });
  });

  it('throws when a later attempt may succeed, so that Lambda retries', async () => {
    const { handler } = handlerOf({ remediators: [looker(throttled)] });
    await expect(handler(configEvent('one'), time(300_000))).rejects.toMatchObject({ name: 'RetryError', code: 'lambda/retry' });
  });

  it('throws when the finding could not be handled at all', async () => {
    const { handler } = handlerOf({ policy: { read: () => Promise.reject(new Error('no such parameter')) } });
    await expect(handler(configEvent('one'), time(300_000))).rejects.toMatchObject({ code: 'lambda/retry' });
  });
});

describe('composition', () => {
  const folder = { kind: 'folder' } as Journal;
  const compose = (journal: Journal | undefined) => {
    try {
      createHandler({ remediators: [], policy, journal: journal as Journal, connect });
      return null;
    } catch (error) {
      return isRedressError(error) ? error.code : error;
    }
  };

  it('refuses a folder inside Lambda, and only there', () => {
    expect(compose(folder)).toBe(null);
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'redress');
    expect(compose(folder)).toBe('compose/invalid');
    expect(compose(memoryJournal())).toBe(null);
  });

  it('has no default journal', () => expect(compose(undefined)).toBe('compose/invalid'));

  it('logs successes to standard output, with every member of the line, and metrics next to it', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'redress');
    const { handler } = handlerOf();
    await handler({ Records: [message('m-1', configEvent('one'))] }, time(300_000));
    expect(log.lines).toEqual([
      {
        level: 'INFO',
        message: expect.stringMatching(/./),
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        service: 'redress',
        sampling_rate: 0,
        kind: 'pass',
        remediator: 'test-look',
        resource: `AWS::S3::Bucket one (${ACCOUNT}, us-east-1)`,
        outcome: 'no-op',
        reasons: [],
        duplicate: false,
        retryable: false,
        messageId: 'm-1',
      },
    ]);
    expect(log.metrics).toMatchObject([{ Outcomes: 1, Outcome: 'no-op' }]);
  });

  it('accepts another logger, whose type excludes members that would be dropped', async () => {
    const given: unknown[] = [];
    const logger: HandlerLogger = { info: (text, members) => void given.push([text, members['outcome']]), warn: () => undefined, error: () => undefined };
    const { handler } = handlerOf({ logger });
    await handler(configEvent('one'), time(300_000));
    expect(given).toEqual([[expect.any(String), 'no-op']]);
    expect(log.text).toBe('');
    // @ts-expect-error: Powertools drops a member of this name, with a warning.
    logger.info('text', { message: 'dropped' });
  });
});

describe('recovery', () => {
  function journalThatCounts(): { journal: Journal; asked: () => number } {
    const journal = memoryJournal();
    let asked = 0;
    return {
      journal: {
        ...bound(journal),
        open: async () => {
          asked++;
          return journal.open();
        },
      },
      asked: () => asked,
    };
  }
  const bound = (journal: Journal): Journal => ({
    kind: journal.kind,
    view: (ref) => journal.view(ref),
    begin: (request) => journal.begin(request),
    append: (entry) => journal.append(entry),
    finish: (request) => journal.finish(request),
    open: () => journal.open(),
    approvals: () => journal.approvals(),
    standing: (place) => journal.standing(place),
    trackRecord: (query) => journal.trackRecord(query),
    read: (query) => journal.read(query),
  });

  it('runs once, in the first invocation that has time for it', async () => {
    const { journal, asked } = journalThatCounts();
    const { handler } = handlerOf({ journal });
    await handler(configEvent('one'), time(59_999));
    expect(asked()).toBe(0);
    await handler(configEvent('one'), time(60_000));
    await handler(configEvent('one'), time(300_000));
    expect(asked()).toBe(1);
  });

  it('affects nothing else when it fails', async () => {
    const { handler } = handlerOf({ journal: { ...bound(memoryJournal()), open: () => Promise.reject(new Error('the table is away')) } });
    expect(await handler(configEvent('one'), time(300_000))).toMatchObject({ findings: 1 });
    expect(log.lines.find((line) => line.message === 'recovery failed')).toMatchObject({
      level: 'ERROR',
      error: { message: 'the table is away' },
    });
  });
});

describe('a schedule', () => {
  const tick = (more: object = {}) => ({
    version: '0',
    id: 'tick-1',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: '2026-11-20T10:00:00Z',
    region: 'us-east-1',
    resources: [`arn:aws:events:us-east-1:${ACCOUNT}:rule/redress-sweep`],
    detail: {},
    ...more,
  });
  const sweeping = (more: Partial<HandlerOptions> = {}) => {
    const looked: string[] = [];
    const remediator: Remediator = {
      ...looker(async ({ resource }) => {
        looked.push(`${resource.id} ${resource.region}`);
        return { state: {}, tags: {} };
      }),
      discover: async function* () {
        yield { type: 'AWS::S3::Bucket', id: 'found' };
      },
    };
    const targets = [
      { account: ACCOUNT, region: 'us-east-1' },
      { account: ACCOUNT, region: 'eu-west-1' },
    ];
    return { ...handlerOf({ remediators: [remediator], sweep: { targets, perSecond: 1000 }, ...more }), looked };
  };

  it('sweeps every place, and reports the outcome', async () => {
    const { handler, looked } = sweeping();
    expect(await handler(tick(), time(300_000))).toMatchObject({
      counted: { evaluate: 1 },
      sweeps: [
        { region: 'us-east-1', status: 'complete', looked: 1, outcomes: { 'no-op': 1 } },
        { region: 'eu-west-1', status: 'complete', looked: 1 },
      ],
    });
    expect(looked).toEqual(['found us-east-1', 'found eu-west-1']);
    const written = { level: 'INFO', service: 'redress', timestamp: expect.any(String), sampling_rate: 0, message: '1 checked.' };
    const counts = { looked: 1, left: 0, retryable: 0, errors: 0, unread: 0, outcomes: { 'no-op': 1 } };
    const summary = { kind: 'sweep-summary', remediator: 'test-look', account: ACCOUNT, status: 'complete', complete: true, ...counts };
    expect(log.lines.filter((line) => line['kind'] === 'sweep-summary')).toEqual([
      { ...written, ...summary, region: 'us-east-1', lastComplete: expect.any(Number) },
      { ...written, ...summary, region: 'eu-west-1', lastComplete: expect.any(Number), global: false },
    ]);
    // Where there is nothing to do there is no line for the resource.
    expect(log.lines.filter((line) => line['kind'] === 'sweep')).toEqual([]);
  });

  it('logs an error with the reason why a place could not be swept', async () => {
    const broken: Remediator = {
      ...looker(),
      // biome-ignore lint/correctness/useYield: it fails before the first.
      discover: async function* () {
        throw new RedressError('aws/denied', 'ListBuckets is denied');
      },
    };
    const { handler } = sweeping({ remediators: [broken], sweep: { targets: [{ account: ACCOUNT, region: 'us-east-1' }] } });
    await handler(tick(), time(300_000));
    expect(log.lines.filter((line) => line['kind'] === 'sweep-summary')).toMatchObject([
      { level: 'ERROR', message: expect.stringContaining('ListBuckets is denied'), status: 'failed', looked: 0, remediator: 'test-look' },
    ]);
  });

  it('warns of a sweep that could not read what it found', async () => {
    const blind: Remediator = {
      ...looker(async () => {
        throw new Error('denied');
      }),
      discover: async function* () {
        yield { type: 'AWS::S3::Bucket', id: 'found' };
      },
    };
    const { handler } = sweeping({ remediators: [blind] });
    await handler(tick(), time(300_000));
    expect(log.lines.filter((line) => line['kind'] === 'sweep-summary')).toMatchObject([
      { level: 'WARN', message: '1 checked, of which 1 could not be read.', status: 'complete', looked: 1, unread: 1 },
      { level: 'WARN', unread: 1 },
    ]);
  });

  it('sweeps when it arrives through a queue', async () => {
    const { handler, looked } = sweeping();
    expect(failures(await handler({ Records: [message('m-1', tick())] }, time(300_000)))).toEqual([]);
    expect(looked).toHaveLength(2);
  });

  it('leaves to the next invocation what it has no time for', async () => {
    const { handler, looked } = sweeping();
    expect(await handler(tick(), time(31_000))).toMatchObject({
      sweeps: [
        { region: 'us-east-1', status: 'stopped', looked: 0 },
        { region: 'eu-west-1', status: 'stopped', looked: 0 },
      ],
    });
    expect(looked).toEqual([]);
  });

  it('resolves the targets again at each schedule if they may change', async () => {
    let accounts = [ACCOUNT];
    const asked = vi.fn(async () => accounts.map((account) => ({ account, region: 'us-east-1' })));
    const own: Connect = async ({ account, region }) => ({
      config: { region },
      identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` }),
    });
    const journal = memoryJournal();
    const { handler } = sweeping({ sweep: { targets: asked, perSecond: 1000 }, connect: own, journal });
    expect(asked).not.toHaveBeenCalled();
    expect(await handler(tick(), time(300_000))).toMatchObject({ sweeps: [{ account: ACCOUNT }] });
    accounts = [ACCOUNT, '222222222222'];
    expect(await handler(tick({ id: 'second' }), time(300_000))).toMatchObject({
      sweeps: expect.arrayContaining([expect.objectContaining({ account: '222222222222', status: 'complete' })]),
    });
    const swept: number[] = [];
    for (const account of accounts) {
      const place = resource({ type: 'AWS::::Account', id: account, account, region: 'us-east-1' });
      const records = [];
      for await (const { record } of journal.read({ resource: place })) if (record.kind === 'sweep') records.push(record);
      swept.push(records.length);
    }
    expect(swept).toEqual([2, 1]);
  });

  it.each([
    ['they are unknown', () => Promise.reject(new RedressError('policy/invalid', 'not readable')), 'not readable'],
    ['they are empty', async () => [], 'no place'],
  ])('is delivered again and reports it when its targets are such that %s', async (_name, targets, why) => {
    const { handler, looked } = sweeping({ sweep: { targets } });
    await expect(handler(tick(), time(300_000))).rejects.toMatchObject({ code: 'lambda/retry', message: expect.stringContaining(why) });
    expect(failures(await handler({ Records: [message('m-1', tick())] }, time(300_000)))).toEqual(['m-1']);
    expect(log.lines.filter((line) => line.level === 'ERROR' && line.message.startsWith('nothing was swept'))).toHaveLength(2);
    expect(looked).toEqual([]);
  });

  it.each([
    ['is only counted if nothing has to be swept', tick(), { sweep: undefined }],
    ['is only counted if it is replayed', tick({ 'replay-name': 'archive' }), {}],
  ])('%s', async (_name, event, more) => {
    const { handler, looked } = sweeping(more as Partial<HandlerOptions>);
    expect(await handler(event, time(300_000))).toMatchObject({ counted: { evaluate: 1 }, sweeps: [] });
    expect(looked).toEqual([]);
  });
});
