// The records of a stream: each follows from those before it.
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { digestOf } from './hash.js';
import { isDigest, isObject, type Json, type JsonObject, readCanonical, utf8 } from './json.js';
import { standsAt } from './scan.js';

const KINDS = ['decision', 'intent', 'lease', 'call', 'outcome', 'duplicate', 'approval', 'sweep', 'breaker', 'notice'];
const OUTCOMES = [
  ...['remediated', 'flagged', 'no-op', 'planned', 'notified', 'exempt', 'denied', 'awaiting-approval', 'awaiting-runbook', 'superseded'],
  ...['failed', 'partial', 'unknown', 'rolled-back', 'contested'],
];
const MEMBERS = 'blobs,body,execution,kind,prev,remediator,resource,seq,stream,time,v';
const RESOURCE = 'account,id,partition,region,type';

/** A stream after some of its records. */
export interface Chain {
  readonly stream: string;
  readonly seq: number;
  /** Digits of the digest of the newest record. */
  readonly head: string | null;
  /** ISO 8601 with milliseconds, so that comparing texts compares times. */
  readonly time: string;
  readonly fence: number;
  readonly open: { readonly execution: string; readonly fence: number } | null;
}

/** A stream without records. */
export const empty = (stream: string): Chain => ({ stream, seq: 0, head: null, time: '', fence: 0, open: null });

/** A record that follows. */
export interface Followed {
  readonly chain: Chain;
  readonly kind: string;
  /** Digests of its documents. */
  readonly blobs: readonly (readonly [name: string, digest: string])[];
  /** Its resource, as canonical JSON. */
  readonly resource: string;
  /** The whole record, if it was parsed. */
  readonly record: JsonObject | null;
}

/** What is wrong with a line. */
export interface Broken {
  readonly code: string;
  readonly message: string;
}

/** The digits of a line's digest, if its JSON matches. The JSON begins 72 bytes after the start of the line. */
export function digestIn(bytes: Buffer, from: number, to: number): string | null {
  if (to < from + JSON_AT || !standsAt(bytes, from, ALGORITHM) || bytes[from + JSON_AT - 1] !== SPACE) return null;
  const digest = hash('sha256', bytes.subarray(from + JSON_AT, to));
  return standsAt(bytes, from + ALGORITHM.length, digest) ? digest : null;
}

const ALGORITHM = 'sha256:';
const SPACE = 32;

/** Offset of the JSON in a line: after `sha256:`, 64 digits and a space. */
export const JSON_AT = 72;

/**
 * Parses a whole record as the next one of a stream.
 *
 * @param digest The digits of its digest.
 */
export function follow(chain: Chain, json: Buffer, digest: string): Followed | Broken {
  const text = utf8(json);
  if (text === undefined) return { code: 'not-utf8', message: 'The record holds bytes that are not UTF-8.' };
  const record = readCanonical(text);
  if (record === undefined) return { code: 'not-canonical', message: 'The record is not JSON in canonical form.' };
  if (!isRecord(record)) return { code: 'malformed', message: 'It does not have the form of a record.' };
  const broken = placed(chain, record) ?? leased(chain, record);
  if (broken !== null) return broken;
  const blobs = Object.entries(record['blobs'] as { readonly [name: string]: string });
  return { record, kind: String(record['kind']), blobs, resource: resourceIn(record), chain: after(chain, record, digest) };
}

const NO_BLOBS = '{"blobs":{},"body":{';
const HEAD = /^\{"blobs":\{("[^"\\]*":"sha256:[0-9a-f]{64}"(?:,"[^"\\]*":"sha256:[0-9a-f]{64}")*)\},"body":\{/;
const BLOB = /"([^"\\]*)":"(sha256:[0-9a-f]{64})"/g;
/** The text between a body and a resource. It excludes the kinds that make up an execution, because other records depend on their bodies. */
const BETWEEN =
  /\},"execution":(?:null|"[^"\\]*"),"kind":"(decision|duplicate|approval|sweep|breaker|notice)","prev":"sha256:[0-9a-f]{64}","remediator":"[^"\\]*$/y;
/** Maximum bytes of it, in most records. */
const LONGEST_BETWEEN = 320;
const PREV = '"prev":"sha256:';
/** A date and time that exists in every year. */
const TIME = /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const MOMENT = '2026-01-31T00:00:00.000Z'.length;
const END = '","v":1}';

/**
 * The text after the bodies of a stream's records. It is assembled once for all records with the same members; only the previous digest and the number
 * differ.
 */
export class Frame {
  /** As canonical JSON. */
  readonly resource: string;
  readonly #stream: string;
  #bytes = Buffer.alloc(0);
  #kind = '';
  #headAt = 0;
  #numberAt = 0;
  #digits = 0;

  constructor(stream: string, resource: string) {
    this.resource = resource;
    this.#stream = stream;
  }

  /** The kind of a record, if the part from its body to its time makes it the next one of a chain; null if it has to be parsed. */
  kindOf(json: Buffer, timeAt: number, { seq, head }: Chain): string | null {
    if (head === null) return null;
    const number = String(seq + 1);
    if (this.#stands(json, timeAt, number, head)) return this.#kind;
    return this.#takeOver(json, timeAt, number) && this.#stands(json, timeAt, number, head) ? this.#kind : null;
  }

  #stands(json: Buffer, timeAt: number, number: string, head: string): boolean {
    const bytes = this.#bytes;
    const from = timeAt - bytes.length;
    if (number.length !== this.#digits || from < 0) return false;
    bytes.write(head, this.#headAt, 'latin1');
    bytes.write(number, this.#numberAt, 'latin1');
    return bytes.compare(json, from, timeAt) === 0;
  }

  /** From now on, expects the execution, kind and remediator of this record. */
  #takeOver(json: Buffer, timeAt: number, number: string): boolean {
    const after = `${number},"stream":"${this.#stream}","time":"`;
    const place = Buffer.from(`","resource":${this.resource},"seq":${after}`);
    const placeAt = timeAt - place.length;
    const before = json.toString('latin1', Math.max(0, placeAt - LONGEST_BETWEEN), Math.max(0, placeAt));
    BETWEEN.lastIndex = Math.max(0, before.lastIndexOf('},"execution":'));
    const [between, kind] = BETWEEN.exec(before) ?? [];
    if (between === undefined || kind === undefined) return false;
    this.#bytes = Buffer.concat([Buffer.from(between, 'latin1'), place]);
    this.#kind = kind;
    this.#headAt = between.indexOf(PREV) + PREV.length;
    this.#numberAt = this.#bytes.length - after.length;
    this.#digits = number.length;
    return true;
  }
}

/**
 * Reads a signed record as the next one of a stream, from what surrounds its body. No other record depends on the body.
 *
 * @returns null if it has to be parsed: it belongs to an execution, is in an unusual form, or is wrong.
 */
export function followSigned(chain: Chain, json: Buffer, digest: string, frame: Frame): Followed | null {
  if (!isUtf8(json)) return null;
  // The expected text is known, except for the time and the first member.
  const timeAt = json.length - END.length - MOMENT;
  const kind = frame.kindOf(json, timeAt, chain);
  if (kind === null) return null;
  const time = json.toString('latin1', timeAt, timeAt + MOMENT);
  if (!standsAt(json, timeAt + MOMENT, END) || time < chain.time || !TIME.test(time)) return null;
  const blobs = blobsOf(json);
  if (blobs === null) return null;
  const { stream, seq, fence, open } = chain;
  return {
    record: null,
    kind,
    blobs,
    resource: frame.resource,
    chain: { stream, seq: seq + 1, head: digest, time, fence, open },
  };
}

function blobsOf(json: Buffer): Followed['blobs'] | null {
  if (standsAt(json, 0, NO_BLOBS)) return [];
  const [, list] = HEAD.exec(json.toString('utf8')) ?? [];
  const blobs = [...(list ?? '').matchAll(BLOB)].map(([, name = '', blob = '']) => [name, blob] as const);
  return blobs.length > 0 && blobs.every(([name], at) => at === 0 || (blobs[at - 1]?.[0] ?? '') < name) ? blobs : null;
}

function placed(chain: Chain, record: JsonObject): Broken | null {
  const { stream, seq, prev, time } = record;
  if (stream !== chain.stream || digestOf(resourceIn(record)) !== chain.stream)
    return { code: 'wrong-stream', message: 'The record belongs to another resource.' };
  if (seq !== chain.seq + 1) return { code: 'wrong-number', message: `The record has number ${String(seq)}; ${chain.seq + 1} is next.` };
  if (prev !== (chain.head === null ? null : `sha256:${chain.head}`))
    return { code: 'broken-chain', message: 'The record does not follow the one before it: that one was changed, removed or inserted.' };
  if ((time as string) < chain.time) return { code: 'time-backwards', message: `The record is dated ${String(time)}, before the one before it.` };
  return null;
}

/** A record of an execution has to belong to the open one, and come from the holder of its lease. */
function leased({ open, fence }: Chain, record: JsonObject): Broken | null {
  const { kind } = record;
  const execution = String(record['execution']);
  const own = fenceOf(record);
  if (kind === 'intent' && open !== null) return { code: 'already-open', message: `Execution ${execution} begins while ${open.execution} is open.` };
  if (kind === 'lease' || kind === 'call' || kind === 'outcome') {
    if (open === null || open.execution !== record['execution']) return { code: 'not-open', message: `A ${kind} of ${execution}, which is not open.` };
    if (kind === 'lease' ? own <= fence : own !== open.fence) return { code: 'wrong-fence', message: `A ${kind} of a worker that does not hold the lease.` };
  }
  return kind === 'intent' && own <= fence ? { code: 'wrong-fence', message: 'An intent whose fence is not newer.' } : null;
}

function after(chain: Chain, record: JsonObject, digest: string): Chain {
  const own = fenceOf(record);
  const { kind, execution } = record;
  const open =
    kind === 'intent'
      ? { execution: String(execution), fence: own }
      : kind === 'outcome'
        ? null
        : kind === 'lease' && chain.open !== null
          ? { ...chain.open, fence: own }
          : chain.open;
  return { stream: chain.stream, seq: chain.seq + 1, head: digest, time: String(record['time']), fence: Math.max(chain.fence, own), open };
}

function fenceOf(record: JsonObject): number {
  const body = record['body'];
  const own = isObject(body) ? body['journal'] : undefined;
  const fence = isObject(own) ? own['fence'] : undefined;
  return typeof fence === 'number' ? fence : 0;
}

/** The resource of a record in canonical form: a slice of the record, which is in that form. */
function resourceIn(record: JsonObject): string {
  return JSON.stringify(record['resource']);
}

function isResource(value: Json | undefined): boolean {
  return isObject(value) && Object.keys(value).join() === RESOURCE && Object.values(value).every((each) => typeof each === 'string');
}

function isMoment(time: string): boolean {
  return !Number.isNaN(Date.parse(time)) && new Date(time).toISOString() === time;
}

/** Whether a value has the form of a record. */
export function isRecord(value: Json): value is JsonObject {
  if (!isObject(value) || Object.keys(value).join() !== MEMBERS) return false;
  const { v, stream, seq, prev, time, kind, execution, resource, remediator, body, blobs } = value;
  if (v !== 1 || !isDigest(stream) || !Number.isSafeInteger(seq) || !(prev === null || isDigest(prev))) return false;
  if (typeof time !== 'string' || !(TIME.test(time) || isMoment(time))) return false;
  if (!KINDS.includes(String(kind)) || !(execution === null || typeof execution === 'string') || typeof remediator !== 'string') return false;
  if (!isResource(resource)) return false;
  if (!isObject(body) || !isObject(blobs) || !Object.values(blobs).every(isDigest)) return false;
  if (!['intent', 'lease', 'call', 'outcome'].includes(String(kind))) return true;
  const own = body['journal'];
  if (execution === null || !isObject(own) || !Number.isSafeInteger(own['fence'])) return false;
  return kind !== 'outcome' || OUTCOMES.includes(String(own['outcome']));
}
