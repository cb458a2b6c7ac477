// What CloudTrail reports: its log files and digests, and responses of LookupEvents.
import { isAccountId, isRecord, isRegion } from '@redress/core';

/** A call in CloudTrail that changed something, or tried to. Data events, reads and actions of AWS services themselves are excluded. */
export interface TrailEvent {
  /** `eventID`. */
  readonly id: string;
  /** Epoch milliseconds; CloudTrail gives seconds. */
  readonly time: number;
  /** The account whose trail recorded it. */
  readonly account: string;
  readonly region: string;
  /** `ec2:RevokeSecurityGroupIngress`, with CloudTrail's names, which are not always those of the SDK. */
  readonly operation: string;
  readonly requestId: string | null;
  /** Null: it succeeded. */
  readonly errorCode: string | null;
  /** ARN of the caller. */
  readonly caller: string | null;
  /** ARN of the role of a session, with its path; null for other callers. */
  readonly role: string | null;
  readonly sessionName: string | null;
  readonly sourceIdentity: string | null;
  /** The service that called with the caller's permissions: `cloudformation.amazonaws.com`. */
  readonly invokedBy: string | null;
}

/** The content of a digest file: the log files that were delivered in a period. */
export interface TrailDigest {
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Names of the log files, without their folders. */
  readonly files: readonly string[];
}

/** Something in a file that CloudTrail does not write, and its place. */
export interface TrailMistake {
  readonly code: 'trail/not-cloudtrail' | 'trail/not-an-event';
  readonly message: string;
  /** `Records.3` */
  readonly path: string | null;
}

/** The content of one JSON document. */
export interface TrailDocument {
  readonly events: readonly TrailEvent[];
  readonly digest: TrailDigest | null;
  /** Places and times at which anything was recorded, which are therefore covered. */
  readonly seen: readonly Moment[];
  /** Number of records of all kinds. */
  readonly records: number;
  readonly mistakes: readonly TrailMistake[];
}

/** A place and a time. */
export interface Moment {
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

// For records older than eventVersion 1.05, which have no `readOnly`.
const READS = /^(?:BatchGet|Describe|Discover|Get|Head|List|Lookup|Search|Select|View)(?=[A-Z]|$)/;

/**
 * Reads a JSON document: a log file (`Records`), a response of LookupEvents (`Events`, each with its record as text), a digest file, a list of
 * records, or one record.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */
export function readTrail(value: unknown): TrailDocument {
  const digest = digestOf(value);
  if (digest !== null) return { events: [], digest, seen: [], records: 0, mistakes: [] };
  const [path, list] = listOf(value);
  if (list === null)
    return {
      ...{ events: [], digest: null, seen: [], records: 0 },
      mistakes: [
        { code: 'trail/not-cloudtrail', message: 'It is neither a log file of CloudTrail, nor a digest of one, nor an answer of LookupEvents.', path: null },
      ],
    };
  const events: TrailEvent[] = [];
  const seen: Moment[] = [];
  const mistakes: TrailMistake[] = [];
  for (const [index, each] of list.entries()) {
    const read = readRecord(each);
    if (typeof read === 'string') mistakes.push({ code: 'trail/not-an-event', message: read, path: path === '' ? null : `${path}${index}` });
    else {
      seen.push(read.moment);
      if (read.event !== null) events.push(read.event);
    }
  }
  return { events, digest: null, seen, records: list.length, mistakes };
}

/** The records of a document, and the path to them. */
function listOf(value: unknown): readonly [string, readonly unknown[] | null] {
  if (Array.isArray(value)) return ['', value];
  if (!isRecord(value)) return ['', null];
  for (const member of ['Records', 'Events']) if (Array.isArray(value[member])) return [`${member}.`, value[member]];
  return ['', 'eventName' in value && 'eventSource' in value ? [value] : null];
}

function digestOf(value: unknown): TrailDigest | null {
  if (!isRecord(value) || !Array.isArray(value['logFiles'])) return null;
  const [from, until] = [momentOf(value['digestStartTime']), momentOf(value['digestEndTime'])];
  const account = value['awsAccountId'];
  // Only the key of the digest has the region.
  const region = typeof value['digestS3Object'] === 'string' ? (/\/CloudTrail-Digest\/([a-z0-9-]+)\//.exec(value['digestS3Object'])?.[1] ?? null) : null;
  if (from === null || until === null || !isAccountId(account) || region === null) return null;
  const files = value['logFiles'].flatMap((file: unknown) =>
    isRecord(file) && typeof file['s3Object'] === 'string' ? [file['s3Object'].replace(/^.*\//, '')] : [],
  );
  return { account, region, from, until, files };
}

/** A record, or what is wrong with it. */
function readRecord(given: unknown): string | { readonly moment: Moment; readonly event: TrailEvent | null } {
  const record = unpacked(given);
  if (typeof record === 'string') return record;
  const identity = membersOf(record['userIdentity']);
  const session = membersOf(identity['sessionContext']);
  const time = momentOf(record['eventTime']);
  const account = record['recipientAccountId'] ?? identity['accountId'];
  const [source, name, region, id] = ['eventSource', 'eventName', 'awsRegion', 'eventID'].map((member) => text(record[member]));
  if (time === null) return 'It has no eventTime.';
  if (!isAccountId(account)) return 'It names no account.';
  if (region == null || !isRegion(region)) return 'It names no region.';
  const moment = { account, region, time };
  const category = text(record['eventCategory']);
  const type = text(record['eventType']);
  // Insights events have no name of their own, and belong to no call.
  if ((category !== null && category !== 'Management') || record['managementEvent'] === false || (type !== null && type !== 'AwsApiCall'))
    return { moment, event: null };
  if (source == null || name == null || id == null) return 'It names no operation: eventSource, eventName or eventID is missing.';
  if (isRead(record['readOnly'], name)) return { moment, event: null };
  const caller = text(identity['arn']);
  return {
    moment,
    event: {
      ...moment,
      id,
      operation: `${source.replace(/\..*$/, '')}:${name}`,
      requestId: text(record['requestID']),
      errorCode: text(record['errorCode']),
      caller,
      role: text(membersOf(session['sessionIssuer'])['arn']),
      sessionName: caller === null ? null : (/^arn:[^:]+:sts::[0-9]{12}:assumed-role\/[^/]+\/(.+)$/.exec(caller)?.[1] ?? null),
      sourceIdentity: text(session['sourceIdentity']),
      invokedBy: text(identity['invokedBy']),
    },
  };
}

/** LookupEvents returns the record as a text in `CloudTrailEvent`. */
function unpacked(given: unknown): Readonly<Record<string, unknown>> | string {
  if (!isRecord(given)) return 'It is not an object.';
  const inner = given['CloudTrailEvent'];
  if (inner === undefined) return given;
  try {
    const record: unknown = JSON.parse(String(inner));
    return isRecord(record) ? record : 'Its CloudTrailEvent is not an object.';
  } catch {
    return 'Its CloudTrailEvent is not JSON.';
  }
}

function isRead(flag: unknown, operation: string): boolean {
  // Some loggers write the boolean as text.
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  return READS.test(operation);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function momentOf(value: unknown): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The information in the name of a file, in the layout of CloudTrail. */
export interface TrailFile {
  readonly account: string;
  readonly region: string;
  readonly digest: boolean;
  /** Time of delivery, in epoch milliseconds; null if the name does not say. */
  readonly delivered: number | null;
  /** Without its folders. Each name is used once. */
  readonly name: string;
}

const DELIVERED = /_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?Z(?:_[^_/]*)?\.json(?:\.gz)?$/;
const NAME = /(?:^|[/\\])((\d{12})_CloudTrail(-Digest)?_([a-z]{2,8}(?:-[a-z]+)+-\d{1,2})_[^/\\]+)$/;

/**
 * Parses the name of a file; null if it is not a name that CloudTrail gives to its files.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html#cloudtrail-log-filename-format
 */
export function trailFile(path: string): TrailFile | null {
  const [, name, account, digest, region] = NAME.exec(path) ?? [];
  if (name === undefined || account === undefined || region === undefined) return null;
  const [, year, month, day, hour, minute, second = '00'] = DELIVERED.exec(path) ?? [];
  const delivered = year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return { account, region, digest: digest !== undefined, delivered: Number.isNaN(delivered) ? null : delivered, name };
}

/** What to find in a tree of files. */
export interface Wanted {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Undefined: all. */
  readonly accounts?: ReadonlySet<string>;
}

/** Files are delivered after their events, and digests an hour after the files. Names are precise to the minute. */
const BESIDE = 3 * 3_600_000;

/**
 * Whether a folder or file, or an object in a bucket, may contain something that is wanted. A path that does not follow CloudTrail's layout may.
 *
 * @param path The path. That of a folder ends with `/`.
 */
export function mayHold(path: string, { from, until, accounts }: Wanted): boolean {
  const below = /(?:^|\/)AWSLogs\/(.*)$/.exec(path.replaceAll('\\', '/'))?.[1];
  if (below === undefined) return true;
  const parts = below.split('/').slice(/^o-/.test(below) ? 1 : 0);
  const [account = '', kind = '', , year, month, day] = parts;
  // The last part is the beginning of a name, unless it is a complete folder.
  const whole = parts.length - 1;
  if (whole >= 1 && accounts !== undefined && isAccountId(account) && !accounts.has(account)) return false;
  if (whole >= 2 && kind !== 'CloudTrail' && kind !== 'CloudTrail-Digest') return false;
  if (whole < 4 || year === undefined) return true;
  const first = `${year}-${(whole >= 5 && month) || '01'}-${(whole >= 6 && day) || '01'}T00:00:00Z`;
  const start = Date.parse(first);
  if (Number.isNaN(start)) return true;
  const end = new Date(start);
  if (whole >= 6) end.setUTCDate(end.getUTCDate() + 1);
  else if (whole >= 5) end.setUTCMonth(end.getUTCMonth() + 1);
  else end.setUTCFullYear(end.getUTCFullYear() + 1);
  return start <= until + BESIDE && end.getTime() >= from - BESIDE;
}
