// Streams: each record follows the one before it, and is what was sealed of it.
import type { Documents } from './documents.js';
import type { Folder } from './findings.js';
import { leaf } from './hash.js';
import { isObject, type JsonObject } from './json.js';
import { entryOf, type Log, nameOf, placeOf } from './log.js';
import { type Chain, empty, follow } from './record.js';

/** What all streams hold. */
export interface Counts {
  streams: number;
  records: number;
  /** Records that no checkpoint covers yet. */
  unsealed: number;
  executions: number;
  openExecutions: number;
}

const FILE = /^streams\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.jsonl$/;

/** Checks every stream that is there, and names those that are not. */
export function checkStreams(folder: Folder, log: Log | null, documents: Documents): Counts {
  const counts: Counts = { streams: 0, records: 0, unsealed: 0, executions: 0, openExecutions: 0 };
  const seen = new Set<string>();
  for (const file of folder.files('streams')) {
    const hex = FILE.exec(file)?.[2];
    if (hex === undefined) {
      folder.find('tampered', 'stray-file', 'The file does not belong here.', file);
      continue;
    }
    seen.add(`sha256:${hex}`);
    counts.streams++;
    new Stream(folder, log, documents, counts, file, `sha256:${hex}`).check();
  }
  for (const [stream, numbers] of log?.streams ?? []) {
    if (seen.has(stream)) continue;
    const first = numbers.find((each) => each !== undefined) ?? null;
    const message = `The stream is missing, and ${numbers.length} of its records are sealed.`;
    const name = stream.slice('sha256:'.length);
    const place = first === null ? {} : placeOf(log?.entry(first) ?? null);
    folder.find('tampered', 'missing-stream', message, `streams/${name.slice(0, 2)}/${name}.jsonl`, { stream, seq: 1, entry: first, ...place });
  }
  return counts;
}

class Stream {
  readonly #folder: Folder;
  readonly #log: Log | null;
  readonly #documents: Documents;
  readonly #counts: Counts;
  readonly #file: string;
  readonly #sealed: readonly number[];
  #chain: Chain;
  #resource: string | null = null;

  constructor(folder: Folder, log: Log | null, documents: Documents, counts: Counts, file: string, stream: string) {
    this.#folder = folder;
    this.#log = log;
    this.#documents = documents;
    this.#counts = counts;
    this.#file = file;
    this.#sealed = log?.streams.get(stream) ?? [];
    this.#chain = empty(stream);
  }

  check(): void {
    const bytes = this.#folder.bytes(this.#file);
    if (bytes === null) return;
    if (bytes.length === 0) this.#find('tampered', 'empty-stream', 'The stream has no records; it is made with its first one.');
    let from = 0;
    for (let to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from)) if (!this.#line(bytes.subarray(from, to))) return;
    if (from < bytes.length) this.#find('incomplete', 'torn-line', 'The last line was never finished; nothing was done on it.', this.#chain.seq + 1);
    if (this.#sealed.length > this.#chain.seq) {
      const next = this.#sealed[this.#chain.seq];
      this.#find(
        'tampered',
        'missing-record',
        `${this.#sealed.length} records are sealed, and ${this.#chain.seq} are there: the tail was cut.`,
        this.#chain.seq + 1,
        next,
      );
    }
    if (this.#chain.open === null) return;
    this.#counts.openExecutions++;
    const why = 'it runs, its worker is gone, or the tail was cut.';
    this.#find('incomplete', 'open-execution', `Execution ${this.#chain.open.execution} has no outcome: ${why}`, this.#chain.seq);
  }

  /** @returns whether the next one can follow. */
  #line(line: Buffer): boolean {
    const seq = this.#chain.seq + 1;
    const read = follow(this.#chain, line);
    if ('code' in read) {
      this.#find('tampered', read.code, read.message, seq, this.#sealed[seq - 1]);
      return false;
    }
    this.#chain = read.chain;
    this.#resource = nameOf(read.record['resource'] as JsonObject);
    this.#counts.records++;
    if (read.record['kind'] === 'intent') this.#counts.executions++;
    if (!this.#isSealed(seq, read.json)) return false;
    const blobs = read.record['blobs'];
    if (isObject(blobs))
      for (const [name, digest] of Object.entries(blobs)) this.#documents.named(name, String(digest), this.#file, this.#place(seq, this.#sealed[seq - 1]));
    return true;
  }

  /** Whether a record is what was sealed of it; one that is not sealed yet only follows. */
  #isSealed(seq: number, json: Buffer): boolean {
    const entry = this.#sealed[seq - 1];
    if (this.#log === null || entry === undefined) {
      if (this.#log !== null) this.#counts.unsealed++;
      return true;
    }
    if (this.#log.leaves.at(entry).equals(leaf(entryOf(this.#chain.stream, seq, json)))) return true;
    this.#find('tampered', 'changed-record', 'The record is another one than the one that was sealed.', seq, entry);
    return false;
  }

  #place(seq: number | null, entry: number | undefined) {
    return { line: seq, seq, entry: entry ?? null, stream: this.#chain.stream, resource: this.#resource };
  }

  #find(severity: 'tampered' | 'incomplete', code: string, message: string, seq: number | null = null, entry?: number): void {
    const named = entry === undefined ? {} : placeOf(this.#log?.entry(entry) ?? null);
    const resource = this.#resource ?? named.resource ?? null;
    this.#folder.find(severity, code, message, this.#file, { ...this.#place(seq, entry), resource });
  }
}
