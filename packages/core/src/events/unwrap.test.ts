import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  apiCall,
  asffFinding,
  authorizeIngress,
  awslogs,
  configurationItem,
  evaluationResult,
  kinesis,
  logsData,
  lookupEvents,
  sns,
  snsNotification,
  sqs,
  tick,
} from './fixtures/events.js';
import { isEnvelope, unwrap } from './unwrap.js';

const plain = (input: unknown, options?: { maxBytes: number }) =>
  unwrap(input, options).map(({ body, via, itemId, problem }) => ({ body, via, itemId, problem }));

describe('unwrap', () => {
  it('leaves an EventBridge event as it is, also one without version', () => {
    const { version: _, ...event } = apiCall();
    expect(plain(event)).toEqual([{ body: event, via: [], itemId: null, problem: null }]);
  });

  it('gives each SQS message its own id, and a bad one does not hide the others', () => {
    expect(plain(sqs('hello', tick(), ''))).toEqual([
      { body: 'hello', via: ['sqs'], itemId: 'm-1', problem: 'The body is not JSON.' },
      { body: tick(), via: ['sqs'], itemId: 'm-2', problem: null },
      { body: '', via: ['sqs'], itemId: 'm-3', problem: 'The body is empty.' },
    ]);
  });

  it('opens SNS inside SQS, with and without raw delivery', () => {
    expect(plain(sqs(snsNotification(tick())))).toEqual([{ body: tick(), via: ['sqs', 'sns'], itemId: 'm-1', problem: null }]);
    expect(plain(sqs(tick()))[0]).toMatchObject({ via: ['sqs'], problem: null });
  });

  it('opens SNS records and bare notifications, which are not items of a batch', () => {
    expect(plain(sns(tick()))).toEqual([{ body: tick(), via: ['sns'], itemId: null, problem: null }]);
    expect(plain(snsNotification(tick()))).toEqual([{ body: tick(), via: ['sns'], itemId: null, problem: null }]);
    expect(plain({ Records: [{ EventSource: 'aws:sns' }] })[0]?.problem).toBe('The record has no SNS message.');
    expect(plain({ Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:111111111111:redress' })[0]?.problem).toBe('The notification has no message.');
  });

  it('leaves a subscription confirmation as it is', () => {
    const confirmation = { Type: 'SubscriptionConfirmation', TopicArn: 'arn:aws:sns:eu-west-1:111111111111:redress', Token: 'x' };
    expect(plain(sqs(confirmation))[0]).toMatchObject({ body: confirmation, problem: null });
    expect(plain({ Records: [{ EventSource: 'aws:sns', Sns: confirmation }] })[0]).toMatchObject({ body: confirmation, via: ['sns'], problem: null });
  });

  it('decodes Kinesis records, by sequence number', () => {
    expect(plain(kinesis(tick(), 'text'))).toEqual([
      { body: tick(), via: ['kinesis'], itemId: '1', problem: null },
      { body: 'text', via: ['kinesis'], itemId: '2', problem: 'The body is not JSON.' },
    ]);
    expect(plain(kinesis(new Uint8Array([0x1f, 0x8b, 8, 0])))[0]?.problem).toBe('The body is damaged gzip data.');
    expect(plain({ Records: [{ eventSource: 'aws:kinesis', kinesis: { sequenceNumber: '1' } }] })[0]?.problem).toBe('The record has no data.');
  });

  it('reads the list that Pipes delivers, of SQS and of Kinesis records', () => {
    const [record] = sqs(tick()).Records as unknown[];
    const pipe = [record, { eventSource: 'aws:kinesis', sequenceNumber: '7', data: Buffer.from(JSON.stringify(tick())).toString('base64') }];
    expect(plain(pipe)).toEqual([
      { body: tick(), via: ['list', 'sqs'], itemId: 'm-1', problem: null },
      { body: tick(), via: ['list', 'kinesis'], itemId: '7', problem: null },
    ]);
  });

  it('reads lists of events and of findings, and API answers', () => {
    expect(plain([tick(), asffFinding()])).toMatchObject([{ via: ['list'] }, { via: ['list'] }]);
    expect(plain({ Findings: [asffFinding()] })).toEqual([{ body: asffFinding(), via: ['list'], itemId: null, problem: null }]);
    expect(plain({ findings: [asffFinding(), asffFinding()] })).toHaveLength(2);
  });

  it('does not take an event apart whose detail is a list of findings', () => {
    const event = { 'detail-type': 'x', source: 'aws.y', findings: [1, 2], Records: [3] };
    expect(plain(event)).toEqual([{ body: event, via: [], itemId: null, problem: null }]);
  });

  it('reads a CloudTrail log file', () => {
    expect(plain({ Records: [authorizeIngress(), authorizeIngress()] })).toMatchObject([
      { via: ['cloudtrail-file'], problem: null },
      { via: ['cloudtrail-file'], problem: null },
    ]);
  });

  it('reads responses of the CloudTrail API, as a whole or as a single event; a bad record does not affect others', () => {
    const answer = lookupEvents(authorizeIngress(), authorizeIngress());
    const [first] = answer.Events as Record<string, unknown>[];
    expect(plain(answer)).toEqual([
      { body: authorizeIngress(), via: ['lookup-events'], itemId: null, problem: null },
      { body: authorizeIngress(), via: ['lookup-events'], itemId: null, problem: null },
    ]);
    expect(plain(first)).toEqual([{ body: authorizeIngress(), via: ['lookup-events'], itemId: null, problem: null }]);
    expect(plain({ Events: [{ ...first, CloudTrailEvent: '{' }, first, {}] }).map(({ problem }) => problem)).toEqual(['The body is not JSON.', null, null]);
    expect(unwrap({ Events: [], NextToken: 'x' })).toEqual([]);
    // Other APIs have a list of that name.
    expect(plain({ Events: [{ SourceIdentifier: 'db' }] })).toMatchObject([{ via: [], body: { Events: [{}] } }]);
  });

  it('reads snapshots and histories of Config, and responses of its API', () => {
    const item = configurationItem();
    for (const member of ['configurationItems', 'baseConfigurationItems'])
      expect(plain({ fileVersion: '1.0', [member]: [item, item] })).toEqual([
        { body: item, via: ['config-items'], itemId: null, problem: null },
        { body: item, via: ['config-items'], itemId: null, problem: null },
      ]);
    for (const member of ['EvaluationResults', 'AggregateEvaluationResults'])
      expect(plain({ [member]: [evaluationResult()] })).toEqual([{ body: evaluationResult(), via: ['compliance-details'], itemId: null, problem: null }]);
  });

  it('reads a subscription of CloudWatch Logs, to Lambda and to a stream, line by line', () => {
    const record = JSON.stringify(authorizeIngress());
    expect(plain(awslogs([record, 'START RequestId: 1', record]))).toEqual([
      { body: authorizeIngress(), via: ['awslogs', 'log-events'], itemId: null, problem: null },
      { body: 'START RequestId: 1', via: ['awslogs', 'log-events'], itemId: null, problem: 'The body is not JSON.' },
      { body: authorizeIngress(), via: ['awslogs', 'log-events'], itemId: null, problem: null },
    ]);
    expect(plain(kinesis(gzipSync(JSON.stringify(logsData([record])))))).toEqual([
      { body: authorizeIngress(), via: ['kinesis', 'log-events'], itemId: '1', problem: null },
    ]);
    expect(plain({ events: [{ timestamp: 1, message: record, ingestionTime: 2 }] })).toMatchObject([{ via: ['log-events'], problem: null }]);
    expect(plain(logsData([], { logEvents: [{ id: '1' }] }))).toMatchObject([{ problem: 'The log event has no message.' }]);
  });

  it.each([
    ['no data', {}, 'The subscription has no data.'],
    ['data other than gzip', { data: Buffer.from('{').toString('base64') }, 'The body is not JSON.'],
    ['damaged gzip', { data: gzipSync('{}').subarray(0, 12).toString('base64') }, 'The body is damaged gzip data.'],
    ['gzip of something other than JSON', { data: gzipSync('hello').toString('base64') }, 'The body is gzip, but its content is not JSON.'],
    ['gzip in gzip', { data: gzipSync(gzipSync('{}')).toString('base64') }, 'The body is gzip, but its content is not JSON.'],
    ['too much before it is unpacked', { data: 'A'.repeat(1400) }, 'The body is larger than 1000 bytes.'],
    // 16 times as much as goes in is the most that comes out.
    ['too much after it is unpacked', { data: gzipSync(' '.repeat(16_001)).toString('base64') }, 'The body unpacks to more than 16000 bytes.'],
  ])('refuses a subscription with %s', (_name, data, problem) => {
    expect(plain({ awslogs: data }, { maxBytes: 1000 })).toMatchObject([{ via: ['awslogs'], itemId: null, problem }]);
  });

  it('holds each line of a log to the limit of a message', () => {
    const long = JSON.stringify({ text: 'x'.repeat(1000) });
    const data = gzipSync(JSON.stringify(logsData([long, '{}']))).toString('base64');
    expect(plain({ awslogs: { data } }, { maxBytes: 1000 }).map(({ problem }) => problem)).toEqual(['The body is larger than 1000 bytes.', null]);
  });

  it('reads the request of a failed invocation', () => {
    const failed = {
      version: '1.0',
      timestamp: '2026-11-02T09:15:31.000Z',
      requestContext: { condition: 'RetriesExhausted' },
      requestPayload: tick(),
      responsePayload: {},
    };
    expect(plain(failed)).toEqual([{ body: tick(), via: ['lambda-destination'], itemId: null, problem: null }]);
  });

  it('refuses a Firehose transform as one item', () => {
    const [item, ...others] = plain({
      invocationId: 'i',
      deliveryStreamArn: 'arn:aws:firehose:eu-west-1:111111111111:deliverystream/x',
      records: [
        { recordId: '1', data: '' },
        { recordId: '2', data: '' },
      ],
    });
    expect(others).toEqual([]);
    expect(item?.via).toEqual(['firehose']);
    expect(item?.problem).toMatch(/^Unsupported entry/);
  });

  it('refuses records of sources without events', () => {
    expect(plain({ Records: [{ eventSource: 'aws:dynamodb', dynamodb: { SequenceNumber: '5' } }] })).toMatchObject([
      { itemId: '5', problem: expect.stringMatching(/^Unsupported entry/) },
    ]);
    expect(plain({ Records: [{ eventSource: 'aws:s3', s3: {} }] })[0]?.problem).toMatch(/^Unsupported entry/);
    expect(plain({ Records: [{}, 4] }).map((each) => each.problem)).toEqual([
      'The record does not say which service it is from.',
      'The record is not a JSON object.',
    ]);
    expect(plain({ Records: [{ eventSource: 'aws:sqs', messageId: 'm-1' }] })).toMatchObject([{ itemId: 'm-1', problem: 'The message has no body.' }]);
  });

  it('opens three wrappers, not four', () => {
    expect(plain(sqs(snsNotification([tick()])))[0]).toMatchObject({ via: ['sqs', 'sns', 'list'], problem: null });
    expect(plain([sqs(snsNotification([tick()]))])[0]).toMatchObject({
      via: ['list', 'sqs', 'sns', 'list'],
      itemId: 'm-1',
      problem: 'More than 3 nested wrappers.',
    });
    let quoted = JSON.stringify(tick());
    for (let i = 0; i < 6; i++) quoted = JSON.stringify(quoted);
    expect(plain(quoted)[0]?.problem).toBe('More than 3 nested wrappers.');
  });

  it('keeps the outer item, which the caller can acknowledge', () => {
    expect(plain(sqs(sqs(tick(), tick()))).map((each) => each.itemId)).toEqual(['m-1', 'm-1']);
  });

  it('refuses bodies above the size limit, counted in bytes, before decoding them', () => {
    const limit = { maxBytes: 1000 };
    expect(plain(sqs('x'.repeat(1001)), limit)[0]?.problem).toBe('The body is larger than 1000 bytes.');
    expect(plain(sqs(JSON.stringify('ü'.repeat(600))), limit)[0]?.problem).toBe('The body is larger than 1000 bytes.');
    expect(plain(sqs(JSON.stringify({ a: 'ü'.repeat(400) })), limit)[0]?.problem).toBeNull();
    expect(plain(kinesis('x'.repeat(2000)), limit)[0]).toMatchObject({ itemId: '1', problem: 'The body is larger than 1000 bytes.' });
    expect(plain(new Uint8Array(1001), limit)[0]?.problem).toBe('The body is larger than 1000 bytes.');
  });

  it('reads text and bytes', () => {
    expect(plain(JSON.stringify(tick()))).toEqual([{ body: tick(), via: [], itemId: null, problem: null }]);
    expect(plain(Buffer.from(JSON.stringify(tick())))).toEqual([{ body: tick(), via: [], itemId: null, problem: null }]);
  });

  it('returns nothing for an empty batch', () => {
    expect(unwrap({ Records: [] })).toEqual([]);
    expect(unwrap([])).toEqual([]);
  });

  it('reports what is not an object', () => {
    for (const input of [null, undefined, 4, true, 10n, Symbol('x'), () => 1])
      expect(plain(input)).toMatchObject([{ problem: 'The input is not a JSON object.' }]);
  });

  it('keeps the other records when reading one throws', () => {
    const throwing = Object.defineProperty({}, 'eventSource', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const throwingBody = Object.defineProperty({ eventSource: 'aws:sqs', messageId: 'm-0' }, 'body', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const items = plain({ Records: [throwing, throwingBody, ...(sqs(tick()).Records as unknown[])] });
    expect(items).toMatchObject([{ problem: 'The record cannot be read.' }, { problem: 'The record cannot be read.' }, { problem: null, itemId: 'm-1' }]);
  });

  it('recognizes its own envelopes, which no message can imitate', () => {
    const [item] = unwrap(sqs(tick()));
    expect(isEnvelope(item)).toBe(true);
    expect(unwrap(item)).toEqual([item]);
    const forged = { body: tick(), via: [], itemId: 'm-9', problem: null };
    expect(isEnvelope(forged)).toBe(false);
    expect(plain(sqs(forged))).toMatchObject([{ itemId: 'm-1' }]);
    expect(isEnvelope(null)).toBe(false);
  });
});
