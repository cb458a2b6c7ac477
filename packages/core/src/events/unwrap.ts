import { gunzipSync } from 'node:zlib';
import { isRecord } from '../model/json.js';
import { elements, name } from './read.js';

/** One event from a wrapper, or the placeholder of one that could not be read. */
export interface Envelope {
  /** The event; the raw text if it could not be decoded. */
  readonly body: unknown;
  /** Wrappers around it, outermost first. */
  readonly via: readonly string[];
  /** ID for a partial batch response: SQS message ID, stream sequence number. */
  readonly itemId: string | null;
  /** Why the body is not an event; null if it may be one. */
  readonly problem: string | null;
}

/** Bounds of {@link unwrap}. */
export interface UnwrapOptions {
  /** Maximum size of one item's decoded text, in bytes. Default 1 MiB, the limit of an SQS message. */
  readonly maxBytes?: number;
}

/** Default of {@link UnwrapOptions.maxBytes}. */
export const MAX_BYTES = 1_048_576;

/** What gzip unpacks to may be this many times {@link UnwrapOptions.maxBytes}: logs shrink by about as much. */
const MAX_EXPANSION = 16;

/** Wrappers within wrappers: SQS, SNS and a list are as deep as AWS's own deliveries go. */
const MAX_DEPTH = 3;

// A symbol, not a shape: a queue message is JSON, cannot hold it, and so cannot pretend to be another message's item.
const MADE_HERE = Symbol.for('redress.envelope');

/**
 * Whether a value is an {@link Envelope} that {@link unwrap} created, even in another copy of this package.
 *
 * @example for (const item of unwrap(event).filter(isEnvelope)) normalize(item);
 */
export function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MADE_HERE] === true;
}

/**
 * Unwraps events: from SQS, SNS, SNS in SQS (also raw delivery), Kinesis, EventBridge Pipes and batched buses, failed asynchronous Lambda
 * invocations, subscriptions of CloudWatch Logs, CloudTrail log files, Config snapshots and histories, lists and API responses (`lookup-events`,
 * `get-compliance-details-by-config-rule`, `filter-log-events`, `get-findings`). An input that is not a wrapper becomes one envelope.
 *
 * Total: an item that cannot be read becomes an envelope with a `problem`, next to the others. The result of an empty batch is empty.
 *
 * @example
 * const [item] = unwrap({ Records: [{ eventSource: 'aws:sqs', messageId: 'm-1', body: '{"detail-type":"…"}' }] });
 * item?.itemId === 'm-1'
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 * @see https://docs.aws.amazon.com/config/latest/developerguide/view-manage-resource-console.html
 */
export function unwrap(input: unknown, options: UnwrapOptions = {}): Envelope[] {
  return open(input, [], null, options.maxBytes ?? MAX_BYTES);
}

function one(body: unknown, via: readonly string[], itemId: string | null, problem: string | null): Envelope[] {
  return [{ body, via: Object.freeze(via), itemId, problem, [MADE_HERE]: true } as Envelope];
}

function open(value: unknown, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  try {
    if (typeof value === 'string') return openText(value, via, itemId, maxBytes);
    if (value instanceof Uint8Array) return openBytes(value, via, itemId, maxBytes);
    if (Array.isArray(value)) return openList(value, [...via, 'list'], itemId, maxBytes);
    if (isRecord(value)) return openRecord(value, via, itemId, maxBytes);
    return one(value, via, itemId, 'The input is not a JSON object.');
  } catch {
    // A getter or a proxy that throws. Its message is the thrower's text: not repeated.
    return one(null, via, itemId, 'The input cannot be read.');
  }
}

/** Opens what is inside a wrapper, unless it is too deep. */
function inside(value: unknown, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  if (via.length > MAX_DEPTH) return one(value, via, itemId, `More than ${MAX_DEPTH} nested wrappers.`);
  return open(value, via, itemId, maxBytes);
}

function openText(value: string, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  if (value === '') return one(value, via, itemId, 'The body is empty.');
  if (exceeds(value, maxBytes)) return one(value, via, itemId, `The body is larger than ${maxBytes} bytes.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return one(value, via, itemId, 'The body is not JSON.');
  }
  // JSON text in JSON text counts as a wrapper: else a text could be quoted without end.
  if (typeof parsed === 'string') return inside(parsed, [...via, 'text'], itemId, maxBytes);
  return open(parsed, via, itemId, maxBytes);
}

function openBytes(value: Uint8Array, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  if (value.byteLength > maxBytes) return one(null, via, itemId, `The body is larger than ${maxBytes} bytes.`);
  // CloudWatch Logs subscriptions put gzip into the same streams (RFC 1952 2.3.1).
  if (value[0] === 0x1f && value[1] === 0x8b) return openGzip(value, via, itemId, maxBytes);
  return openText(new TextDecoder().decode(value), via, itemId, maxBytes);
}

function openGzip(value: Uint8Array, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  const most = maxBytes * MAX_EXPANSION;
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(value, { maxOutputLength: most });
  } catch (error) {
    const tooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return one(null, via, itemId, tooLarge ? `The body unpacks to more than ${most} bytes.` : 'The body is damaged gzip data.');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(unpacked));
  } catch {
    return one(null, via, itemId, 'The body is gzip, but its content is not JSON.');
  }
  // What is inside has the bound of any other message: the larger one is for the whole alone.
  return inside(parsed, via, itemId, maxBytes);
}

function openList(list: readonly unknown[], via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  return collect(list, (each) => inside(each, via, itemId, maxBytes));
}

// A loop: `flatMap` asks the list which class its result is to be of.
function collect(list: readonly unknown[], read: (each: unknown) => readonly Envelope[]): Envelope[] {
  const out: Envelope[] = [];
  for (let i = 0; i < list.length; i++) for (const envelope of read(list[i])) out.push(envelope);
  return out;
}

function openRecord(value: Record<string, unknown>, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  if (isEnvelope(value)) return [value];
  // An event is an event, whatever members its detail may add.
  if (typeof value['detail-type'] === 'string') return one(value, via, itemId, null);
  if (typeof value.eventSource === 'string' && value.eventSource.startsWith('aws:')) return openItem(value, via, itemId, maxBytes);
  if (Array.isArray(value.Records)) return collect(value.Records, (record) => openMember(record, via, itemId, maxBytes));
  if (typeof value.deliveryStreamArn === 'string' && Array.isArray(value.records)) {
    return one(value, [...via, 'firehose'], itemId, 'Unsupported entry: a Firehose transform has to answer with the records, not act on them.');
  }
  if (value.Type === 'Notification' && typeof value.TopicArn === 'string') return openMessage(value, via, itemId, maxBytes);
  if (isRecord(value.requestContext) && Object.hasOwn(value, 'requestPayload'))
    return inside(value.requestPayload, [...via, 'lambda-destination'], itemId, maxBytes);
  // A subscription of CloudWatch Logs: to Lambda as `awslogs`, to streams bare.
  if (isRecord(value.awslogs)) return openAwsLogs(value.awslogs, [...via, 'awslogs'], itemId, maxBytes);
  if (value.messageType === 'DATA_MESSAGE' && Array.isArray(value.logEvents)) return openLogEvents(value.logEvents, via, itemId, maxBytes);
  // One of LookupEvents holds its record as text.
  if (typeof value.CloudTrailEvent === 'string') return inside(value.CloudTrailEvent, [...via, 'lookup-events'], itemId, maxBytes);
  const listed = LISTS.find(([member, is]) => Array.isArray(value[member]) && is(value[member]));
  if (listed !== undefined) {
    const [member, , wrapper] = listed;
    if (wrapper === 'log-events') return openLogEvents(elements(value[member]), via, itemId, maxBytes);
    return collect(elements(value[member]), (each) => inside(each, wrapper === null ? via : [...via, wrapper], itemId, maxBytes));
  }
  // Answers of GetFindings, and of its relatives.
  const findings = value.Findings ?? value.findings;
  if (Array.isArray(findings)) return openList(findings, [...via, 'list'], itemId, maxBytes);
  return one(value, via, itemId, null);
}

/**
 * Members of a document that may contain a list of events or findings: `Records`, `configurationItems`, … To read a document that is larger than
 * memory, read the items of these lists.
 *
 * @example new JSONParser({ paths: EVENT_LISTS.map((member) => `$.${member}.*`) })
 */
export const EVENT_LISTS: readonly string[] = [
  'Records',
  'Events',
  'configurationItems',
  'baseConfigurationItems',
  'EvaluationResults',
  'AggregateEvaluationResults',
  'Findings',
  'findings',
  'logEvents',
  'events',
];

const some = (has: (each: Readonly<Record<string, unknown>>) => boolean) => (list: readonly unknown[]) =>
  list.length === 0 || list.some((each) => isRecord(each) && has(each));

// Lists in files and replies of APIs, recognized by their contents where the member's name says little; null: the items say it themselves.
const LISTS: readonly (readonly [member: string, is: (list: readonly unknown[]) => boolean, wrapper: string | null])[] = [
  ['Events', some((each) => typeof each.CloudTrailEvent === 'string'), null],
  // Snapshots and histories in S3, GetResourceConfigHistory, BatchGetResourceConfig.
  ['configurationItems', () => true, 'config-items'],
  ['baseConfigurationItems', () => true, 'config-items'],
  ['EvaluationResults', () => true, 'compliance-details'],
  ['AggregateEvaluationResults', () => true, 'compliance-details'],
  // FilterLogEvents, GetLogEvents.
  ['events', some((each) => typeof each.message === 'string' && typeof each.timestamp === 'number'), 'log-events'],
];

function openAwsLogs(awslogs: Record<string, unknown>, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  const { data } = awslogs;
  if (typeof data !== 'string') return one(null, via, itemId, 'The subscription has no data.');
  // Looked at before decoding: base64 grows by a third.
  if (data.length > Math.ceil(maxBytes / 3) * 4) return one(null, via, itemId, `The body is larger than ${maxBytes} bytes.`);
  return inside(Buffer.from(data, 'base64'), via, itemId, maxBytes);
}

/** Lines of a log: a trail writes one record a line. */
function openLogEvents(events: readonly unknown[], via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  const wrapped = [...via, 'log-events'];
  return collect(events, (each) => {
    const message = isRecord(each) ? each.message : undefined;
    return typeof message === 'string' ? inside(message, wrapped, itemId, maxBytes) : one(null, wrapped, itemId, 'The log event has no message.');
  });
}

/** One of `Records`. */
function openMember(record: unknown, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  try {
    if (!isRecord(record)) return one(record, via, itemId, 'The record is not a JSON object.');
    const source = record.eventSource ?? record.EventSource;
    if (typeof source !== 'string') return one(record, via, itemId, 'The record does not say which service it is from.');
    if (source.startsWith('aws:')) return openItem(record, via, itemId, maxBytes);
    // A CloudTrail log file: `{"Records":[{"eventVersion":…}]}`.
    return inside(record, [...via, 'cloudtrail-file'], itemId, maxBytes);
  } catch {
    // Here, not outside: one record that cannot be read does not take the others with it.
    return one(null, via, itemId, 'The record cannot be read.');
  }
}

/** One record of an event source: Lambda wraps them in `Records`, Pipes delivers them in a bare list. */
function openItem(record: Record<string, unknown>, via: readonly string[], outer: string | null, maxBytes: number): Envelope[] {
  const source = record.eventSource ?? record.EventSource;
  switch (source) {
    case 'aws:sqs': {
      const itemId = outer ?? name(record.messageId);
      const wrapped = [...via, 'sqs'];
      if (typeof record.body !== 'string') return one(record.body, wrapped, itemId, 'The message has no body.');
      return inside(record.body, wrapped, itemId, maxBytes);
    }
    case 'aws:sns': {
      const message = record.Sns;
      if (isRecord(message)) return openMessage(message, via, outer, maxBytes);
      return one(record, [...via, 'sns'], outer, 'The record has no SNS message.');
    }
    case 'aws:kinesis': {
      // Pipes puts the stream's members next to the source instead of into `kinesis`.
      const data = isRecord(record.kinesis) ? record.kinesis : record;
      const itemId = outer ?? name(data.sequenceNumber);
      const wrapped = [...via, 'kinesis'];
      if (typeof data.data !== 'string') return one(null, wrapped, itemId, 'The record has no data.');
      // Looked at before decoding: base64 grows by a third.
      if (data.data.length > Math.ceil(maxBytes / 3) * 4) return one(null, wrapped, itemId, `The body is larger than ${maxBytes} bytes.`);
      return inside(Buffer.from(data.data, 'base64'), wrapped, itemId, maxBytes);
    }
    default: {
      const dynamodb = record.dynamodb;
      const itemId = outer ?? (isRecord(dynamodb) ? name(dynamodb.SequenceNumber) : null);
      return one(record, via, itemId, 'Unsupported entry: records of this event source carry no AWS events.');
    }
  }
}

function openMessage(message: Record<string, unknown>, via: readonly string[], itemId: string | null, maxBytes: number): Envelope[] {
  const wrapped = [...via, 'sns'];
  // SubscriptionConfirmation and the like stay as they are; they are recognised, and dropped, as what they are.
  if (message.Type !== undefined && message.Type !== 'Notification') return one(message, wrapped, itemId, null);
  if (typeof message.Message !== 'string') return one(message, wrapped, itemId, 'The notification has no message.');
  return inside(message.Message, wrapped, itemId, maxBytes);
}

function exceeds(value: string, maxBytes: number): boolean {
  if (value.length > maxBytes) return true;
  // UTF-8 takes at most three bytes for a UTF-16 unit: short texts need no counting.
  return value.length * 3 > maxBytes && Buffer.byteLength(value, 'utf8') > maxBytes;
}
