// Streams: each record has to follow the one before it, and has to be what was sealed.
import { Approvals } from './approvals.js';
import { type DocumentState, Documents, type Retention } from './documents.js';
import { type Finding, Folder } from './findings.js';
import { HASH, leaf, leafWithin } from './hash.js';
import { isObject, type JsonObject } from './json.js';
import { Entries, entryOf, type Log, nameOf, OVER, placeOf, UNSAID } from './log.js';
import { type Chain, digestIn, empty, type Followed, Frame, follow, followSigned, JSON_AT } from './record.js';
import { standsAt } from './scan.js';
import type { Share } from './share.js';

/** The totals of all streams. */
interface Counts {
  readonly streams: number;
  readonly records: number;
  /** Records that no checkpoint covers yet. */
  readonly unsealed: number;
  readonly executions: number;
  readonly openExecutions: number;
}

/** Records of a stream that no seal covers. */
export interface Uncovered {
  readonly stream: string;
  /** For people; null if it is unknown. */
  readonly resource: string | null;
  /** Numbers of the first and the last of them in their stream. */
  readonly first: number;
  readonly last: number;
}

const FILE = /^streams\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.jsonl$/;
/** Streams that a thread takes at a time. */
const TAKEN = 8;

/** Check each record of streams. */
export interface StreamsJob {
  readonly kind: 'streams';
  readonly directory: string;
  /** The digits of each stream's digest. */
  readonly streams: readonly string[];
  /** Where the numbers of each stream begin in {@link numbers}, and where the last one ends. */
  readonly begins: SharedArrayBuffer;
  /** Global number of each sealed record; -1 if it is unknown. */
  readonly numbers: SharedArrayBuffer;
  /** Entries of the log, and the hash of each; null if there is no log. */
  readonly log: { readonly size: number; readonly leaves: SharedArrayBuffer } | null;
  /** For records about which no seal speaks: documents of records before this time need not exist any more; null: all have to exist. */
  readonly kept: string | null;
  /** {@link Log.retention} */
  readonly retention: SharedArrayBuffer | null;
  /** Documents that are in archives. */
  readonly archived: ReadonlyMap<string, 'good' | 'changed'>;
}

/** The result of a thread for its streams. */
export interface StreamsPart {
  /** For each stream, by its number in the job. */
  readonly streams: readonly StreamFound[];
  /** Documents that its streams name. */
  readonly documents: ReadonlyMap<string, DocumentState>;
}

interface StreamFound {
  readonly number: number;
  readonly findings: readonly Finding[];
  readonly records: number;
  readonly executions: number;
  readonly open: boolean;
  /** Its last sealed record, if that is what was sealed. */
  readonly sealed: LastSealed | null;
  readonly uncovered: Uncovered | null;
}

/** The last record of a stream that is sealed. */
interface LastSealed {
  readonly digest: string;
  readonly seq: number;
  readonly entry: number | null;
  /** In milliseconds. */
  readonly time: number;
}

/** The combined result of all streams. */
export interface StreamsFound {
  /** The sealed record with the newest time; null if none is sealed. */
  readonly newest: (LastSealed & { readonly file: string }) | null;
  readonly counts: Counts;
  readonly uncovered: readonly Uncovered[];
}

/** Checks every existing stream, and reports those that are missing. */
export function* checkStreams(
  folder: Folder,
  log: Log | null,
  documents: Documents,
  kept: string | null,
  archived: StreamsJob['archived'],
): Generator<StreamsJob, StreamsFound, readonly StreamsPart[]> {
  const streams: string[] = [];
  for (const file of folder.files('streams')) {
    const hex = FILE.exec(file)?.[2];
    if (hex === undefined) folder.find('tampered', 'stray-file', 'The file does not belong here.', file);
    else streams.push(hex);
  }
  const parts = yield {
    kind: 'streams',
    directory: folder.directory,
    streams,
    ...numbersOf(streams, log),
    log: log === null ? null : { size: log.size, leaves: log.leaves.bytes.buffer as SharedArrayBuffer },
    ...{ kept, retention: log?.retention ?? null, archived },
  };
  const found = parts.flatMap((part) => part.streams).sort((a, b) => a.number - b.number);
  folder.findings.push(...found.flatMap(({ findings }) => findings));
  for (const part of parts) documents.add(part.documents);
  if (log !== null) {
    missing(folder, log, new Set(streams));
    const heads = new Map(found.map(({ number, sealed }) => [String(streams[number]), sealed?.digest ?? null]));
    log.checkNewest((stream) => heads.get(stream.slice('sha256:'.length)) ?? null);
  }
  const sum = (of: (each: StreamFound) => number) => found.reduce((total, each) => total + of(each), 0);
  const uncovered = found.flatMap((each) => each.uncovered ?? []);
  const counts = {
    streams: streams.length,
    records: sum(({ records }) => records),
    unsealed: uncovered.reduce((total, { first, last }) => total + last - first + 1, 0),
    executions: sum(({ executions }) => executions),
    openExecutions: sum(({ open }) => Number(open)),
  };
  const newest = found.reduce<StreamsFound['newest']>(
    (most, { number, sealed }) => (sealed === null || (most !== null && sealed.time <= most.time) ? most : { ...sealed, file: fileOf(streams[number] ?? '') }),
    null,
  );
  return { counts, uncovered, newest };
}

const fileOf = (hex: string): string => `streams/${hex.slice(0, 2)}/${hex}.jsonl`;

/** The numbers of all streams in one list in shared memory. */
function numbersOf(streams: readonly string[], log: Log | null): Pick<StreamsJob, 'begins' | 'numbers'> {
  const lists = streams.map((hex) => log?.streams.get(`sha256:${hex}`) ?? []);
  const begins = new Int32Array(new SharedArrayBuffer((streams.length + 1) * 4));
  for (const [at, { length }] of lists.entries()) begins[at + 1] = (begins[at] ?? 0) + length;
  const numbers = new Int32Array(new SharedArrayBuffer((begins[streams.length] ?? 0) * 4));
  for (const [at, list] of lists.entries()) for (let each = 0; each < list.length; each++) numbers[(begins[at] ?? 0) + each] = list[each] ?? -1;
  return { begins: begins.buffer, numbers: numbers.buffer };
}

function missing(folder: Folder, log: Log, there: ReadonlySet<string>): void {
  const entries = new Entries(folder.directory, log.size);
  for (const [stream, numbers] of log.streams) {
    const name = stream.slice('sha256:'.length);
    if (there.has(name)) continue;
    const first = numbers.find((each) => each !== undefined) ?? null;
    const message = `The stream is missing, and ${numbers.length} of its records are sealed.`;
    const place = first === null ? {} : placeOf(entries.at(first));
    folder.find('tampered', 'missing-stream', message, fileOf(name), { stream, seq: 1, entry: first, ...place });
  }
}

/** Does a share of the job. */
export function checkStreamFiles(job: StreamsJob, { next }: Share): StreamsPart {
  const documents = new Documents(new Folder(job.directory), job.archived);
  const folder = new Folder(job.directory);
  const sealed =
    job.log === null
      ? null
      : {
          leaves: Buffer.from(job.log.leaves),
          entries: new Entries(job.directory, job.log.size),
          retention: new Uint8Array(job.retention ?? new ArrayBuffer(0)),
        };
  const begins = new Int32Array(job.begins);
  const numbers = new Int32Array(job.numbers);
  const streams: StreamFound[] = [];
  for (let at = next() * TAKEN; at < job.streams.length; at = next() * TAKEN)
    for (let number = at; number < Math.min(at + TAKEN, job.streams.length); number++) {
      const own = numbers.subarray(begins[number], begins[number + 1]);
      const stream = new Stream(folder, documents, sealed, own, job.streams[number] ?? '', job.kept);
      streams.push({ number, ...stream.check(), findings: folder.findings.splice(0) });
    }
  return { streams, documents: documents.known };
}

/** The log that streams are compared with. */
interface Sealed {
  readonly leaves: Buffer;
  readonly retention: Uint8Array;
  readonly entries: Entries;
}

class Stream {
  readonly #folder: Folder;
  readonly #documents: Documents;
  readonly #log: Sealed | null;
  readonly #file: string;
  readonly #sealed: Int32Array;
  readonly #kept: string | null;
  #chain: Chain;
  #frame: Frame | null = null;
  #executions = 0;
  #last: LastSealed | null = null;
  /** Kept only once an execution relies on an approval. */
  #approvals: Approvals | null = null;

  constructor(folder: Folder, documents: Documents, log: Sealed | null, sealed: Int32Array, hex: string, kept: string | null) {
    this.#kept = kept;
    this.#folder = folder;
    this.#documents = documents;
    this.#log = log;
    this.#file = fileOf(hex);
    this.#sealed = sealed;
    this.#chain = empty(`sha256:${hex}`);
  }

  check(): Omit<StreamFound, 'number' | 'findings'> {
    let whole = true;
    const left = this.#folder.lines(this.#file, (bytes, from, to) => (whole = this.#line(bytes, from, to)));
    if (left !== null && whole) this.#end(left);
    const { stream, seq, open } = this.#chain;
    const covered = this.#log === null ? 0 : this.#sealed.length;
    const uncovered = seq > covered ? { stream, resource: this.#name(), first: covered + 1, last: seq } : null;
    return { records: seq, executions: this.#executions, open: whole && open !== null, sealed: this.#last, uncovered };
  }

  #end(left: number): void {
    const { seq, open } = this.#chain;
    if (seq === 0 && left === 0) this.#find('tampered', 'empty-stream', 'The stream has no records, but a stream is created with its first one.');
    if (left > 0) this.#find('incomplete', 'torn-line', 'The last line is unfinished; nothing was done on it.', seq + 1);
    if (this.#sealed.length > seq)
      this.#find('tampered', 'missing-record', `${this.#sealed.length} records are sealed, and ${seq} are there: the tail was cut off.`, seq + 1);
    if (open === null) return;
    const why = 'it runs, its worker is gone, or the tail was cut off.';
    this.#find('incomplete', 'open-execution', `Execution ${open.execution} has no outcome: ${why}`, seq);
  }

  /** @returns whether the next record can follow. */
  #line(bytes: Buffer, from: number, to: number): boolean {
    const seq = this.#chain.seq + 1;
    const wrong = (code: string, message: string) => {
      this.#find('tampered', code, message, seq);
      return false;
    };
    const digest = digestIn(bytes, from, to);
    if (digest === null) return wrong('wrong-digest', 'The record does not match its digest.');
    const json = bytes.subarray(from + JSON_AT, to);
    const signed = this.#isSigned(seq, bytes, from + JSON_AT, to);
    const read = (signed === true && this.#frame !== null ? followSigned(this.#chain, json, digest, this.#frame) : null) ?? follow(this.#chain, json, digest);
    if ('code' in read) return wrong(read.code, read.message);
    if (signed === false) return wrong('changed-record', 'The record differs from the one that was sealed.');
    const unapproved = this.#unapproved(read, json, seq);
    // It still follows, and so do the records after it.
    if (unapproved !== null) wrong('no-approval', `The execution relies on ${unapproved}, but no earlier record shows that it was given.`);
    this.#chain = read.chain;
    if (this.#frame?.resource !== read.resource) this.#frame = new Frame(read.chain.stream, read.resource);
    if (read.kind === 'intent') this.#executions++;
    if (seq === this.#sealed.length) this.#last = { digest: `sha256:${digest}`, seq, entry: this.#entryOf(seq), time: Date.parse(read.chain.time) };
    for (const [name, of] of read.blobs) this.#documents.named(name, of, this.#retention(seq), this.#folder, this.#file, () => this.#place(seq));
    return true;
  }

  /** Whether the documents of a record have to exist: as its seal says, otherwise as the caller says. */
  #retention(seq: number): Retention {
    const said = this.#log?.retention[this.#sealed[seq - 1] ?? -1] ?? UNSAID;
    if (said !== UNSAID) return said === OVER ? 'over' : 'kept';
    return this.#kept !== null && this.#chain.time < this.#kept ? 'over' : 'unknown';
  }

  /** Whether a record is what was sealed; null if it is not sealed yet. */
  #isSigned(seq: number, bytes: Buffer, from: number, to: number): boolean | null {
    const entry = this.#sealed[seq - 1] ?? -1;
    if (this.#log === null || entry < 0) return null;
    const { leaves } = this.#log;
    const entryLeaf = to - from <= 65_535 ? leafWithin(bytes, from, to) : leaf(entryOf(this.#chain.stream, seq, bytes.subarray(from, to))).toString('latin1');
    return standsAt(leaves, entry * HASH, entryLeaf);
  }

  /** The approval that an execution relies on although it was not given. */
  #unapproved({ record }: Followed, json: Buffer, seq: number): string | null {
    if (this.#approvals === null) {
      if (record?.['kind'] !== 'intent' || !json.includes('"approval":')) return null;
      this.#approvals = this.#approvalsBefore(seq);
    }
    const own = record ?? (JSON.parse(json.toString('utf8')) as JsonObject);
    const missing = this.#approvals.missing(own);
    this.#approvals.add(own);
    return missing;
  }

  /** Reads the records before this one again. Most streams contain no approval, so normally nothing has to be collected. */
  #approvalsBefore(seq: number): Approvals {
    const approvals = new Approvals();
    let read = 1;
    new Folder(this.#folder.directory).lines(this.#file, (bytes, from, to) => {
      if (read < seq) approvals.add(JSON.parse(bytes.toString('utf8', from + JSON_AT, to)) as JsonObject);
      return read++ < seq;
    });
    return approvals;
  }

  #entryOf(seq: number | null): number | null {
    const entry = seq === null ? -1 : (this.#sealed[seq - 1] ?? -1);
    return entry < 0 ? null : entry;
  }

  #name(): string | null {
    const resource: unknown = this.#frame === null ? null : JSON.parse(this.#frame.resource);
    return isObject(resource) ? nameOf(resource) : null;
  }

  #place(seq: number | null) {
    return { line: seq, seq, entry: this.#entryOf(seq), stream: this.#chain.stream, resource: this.#name() };
  }

  #find(severity: Finding['severity'], code: string, message: string, seq: number | null = null): void {
    const place = this.#place(seq);
    const named = place.entry === null || this.#log === null ? {} : placeOf(this.#log.entries.at(place.entry));
    this.#folder.find(severity, code, message, this.#file, { ...place, resource: place.resource ?? named.resource ?? null });
  }
}
