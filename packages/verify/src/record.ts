// The records of a stream: each follows from those before it.
import { digestOf } from './hash.js';
import { canonical, isObject, type Json, type JsonObject, readCanonical, utf8 } from './json.js';

const KINDS = ['decision', 'intent', 'lease', 'call', 'outcome', 'duplicate', 'approval', 'sweep', 'breaker', 'notice'];
const OUTCOMES = [
  ...['remediated', 'flagged', 'no-op', 'planned', 'notified', 'exempt', 'denied', 'awaiting-approval', 'awaiting-runbook', 'superseded'],
  ...['failed', 'partial', 'unknown', 'rolled-back', 'contested'],
];
const MEMBERS = ['blobs', 'body', 'execution', 'kind', 'prev', 'remediator', 'resource', 'seq', 'stream', 'time', 'v'];
const RESOURCE = ['account', 'id', 'partition', 'region', 'type'];

/** A stream after some of its records. */
export interface Chain {
  readonly stream: string;
  readonly seq: number;
  readonly head: string | null;
  readonly time: number;
  readonly fence: number;
  readonly open: { readonly execution: string; readonly fence: number } | null;
}

/** A stream without records. */
export const empty = (stream: string): Chain => ({ stream, seq: 0, head: null, time: 0, fence: 0, open: null });

/** A record that follows. */
export interface Followed {
  readonly record: JsonObject;
  readonly json: Buffer;
  readonly chain: Chain;
}

/** What is wrong with a line. */
export interface Broken {
  readonly code: string;
  readonly message: string;
}

/** Reads a line as the next record of a stream. */
export function follow(chain: Chain, line: Buffer): Followed | Broken {
  const json = line.subarray(72);
  const digest = digestOf(json);
  if (line.subarray(0, 72).toString('latin1') !== `${digest} `) return { code: 'wrong-digest', message: 'The record is not what its digest says.' };
  const text = utf8(json);
  if (text === undefined) return { code: 'not-utf8', message: 'The record holds bytes that are not UTF-8.' };
  const record = readCanonical(text);
  if (record === undefined) return { code: 'not-canonical', message: 'The record is not JSON in canonical form.' };
  if (!isRecord(record)) return { code: 'malformed', message: 'It does not have the form of a record.' };
  const broken = placed(chain, record) ?? leased(chain, record);
  return broken ?? { record, json, chain: after(chain, record, digest) };
}

function placed(chain: Chain, record: JsonObject): Broken | null {
  const { stream, resource, seq, prev, time } = record;
  if (stream !== chain.stream || digestOf(canonical(resource as Json)) !== chain.stream)
    return { code: 'wrong-stream', message: 'The record belongs to another resource.' };
  if (seq !== chain.seq + 1) return { code: 'wrong-number', message: `The record has number ${String(seq)}; ${chain.seq + 1} is next.` };
  if (prev !== chain.head) return { code: 'broken-chain', message: 'The record does not follow the one before it: that one was changed, removed or put in.' };
  if (Date.parse(time as string) < chain.time) return { code: 'time-backwards', message: `The record is dated ${String(time)}, before the one before it.` };
  return null;
}

/** What belongs to an execution is of the one that is open, and of who holds its lease. */
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
  return { stream: chain.stream, seq: chain.seq + 1, head: digest, time: Date.parse(String(record['time'])), fence: Math.max(chain.fence, own), open };
}

function fenceOf(record: JsonObject): number {
  const body = record['body'];
  const own = isObject(body) ? body['journal'] : undefined;
  const fence = isObject(own) ? own['fence'] : undefined;
  return typeof fence === 'number' ? fence : 0;
}

function isRecord(value: Json): value is JsonObject {
  if (!isObject(value) || Object.keys(value).join() !== MEMBERS.join()) return false;
  const { v, stream, seq, prev, time, kind, execution, resource, remediator, body, blobs } = value;
  if (v !== 1 || !isDigest(stream) || !Number.isSafeInteger(seq) || !(prev === null || isDigest(prev))) return false;
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time)) || new Date(time).toISOString() !== time) return false;
  if (!KINDS.includes(String(kind)) || !(execution === null || typeof execution === 'string') || typeof remediator !== 'string') return false;
  if (!isObject(resource) || Object.keys(resource).join() !== RESOURCE.join() || !Object.values(resource).every((each) => typeof each === 'string'))
    return false;
  if (!isObject(body) || !isObject(blobs) || !Object.values(blobs).every(isDigest)) return false;
  if (!['intent', 'lease', 'call', 'outcome'].includes(String(kind))) return true;
  const own = body['journal'];
  if (execution === null || !isObject(own) || !Number.isSafeInteger(own['fence'])) return false;
  return kind !== 'outcome' || OUTCOMES.includes(String(own['outcome']));
}

function isDigest(value: Json | undefined): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}
