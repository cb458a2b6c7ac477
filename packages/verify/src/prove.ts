// Creates proofs and bundles from a complete ledger.
import { statSync } from 'node:fs';
import { Archives } from './archives.js';
import { Folder } from './findings.js';
import { leaf } from './hash.js';
import { type Included, rootFrom, Tree } from './inclusion.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { breaksIn, rotationsIn } from './keys.js';
import { Entries, entryOf, nameOf } from './log.js';
import { type Checkpoint, readCheckpoint, UsageError } from './note.js';
import { bundleFile, saidBreaks } from './proof.js';
import { proofFile } from './proof-file.js';
import { JSON_AT } from './record.js';

/** A proof as files. */
export interface MadeProof {
  /** The `.tlog-proof`. */
  readonly file: string;
  /** The record, if the proof does not contain it; else null. */
  readonly record: string | null;
  /** Global number of the record. */
  readonly entry: number;
  readonly stream: string;
  readonly seq: number;
  /** How often a key of the log was lost. The proof contains these declarations. */
  readonly breaks: number;
}

/** Which records. */
export interface Selection {
  /** `STREAM/SEQ` each. STREAM is a digest or its beginning, or the id of a resource. */
  readonly records?: readonly string[];
  /** All records of a resource, by its id, or a stream. */
  readonly resources?: readonly string[];
  /** All records of an execution. */
  readonly executions?: readonly string[];
  /** Digests of the streams in which executions are searched; default: all. */
  readonly within?: readonly string[];
}

/** A record that was chosen. */
interface Chosen {
  readonly stream: string;
  readonly seq: number;
  readonly json: Buffer;
}

/**
 * The proof of one record, to show it without the rest.
 *
 * @param record `STREAM/SEQ`.
 * @example writeFileSync('record.tlog-proof', proveRecord('evidence', '1a2b3c4d/3').file)
 * @throws {UsageError} if there is no such record, it is not sealed, or the ledger differs from what was signed.
 */
export function proveRecord(directory: string, record: string): MadeProof {
  const ledger = new Ledger(directory);
  const [chosen] = ledger.choose({ records: [record] });
  const [included] = chosen === undefined ? [] : ledger.prove([chosen]);
  if (chosen === undefined || included === undefined) throw new UsageError(`There is no record ${record}.`);
  const breaks = ledger.breaks();
  const { file, hasRecord } = proofFile(included, ledger.note, breaks);
  const { stream, seq } = chosen;
  return { file, record: hasRecord ? null : String(chosen.json), entry: included.entry, stream, seq, breaks: breaks.length };
}

/**
 * The proofs of the records that ended some executions. An execution that has not ended has none. The ledger is read once for all of them.
 *
 * @example for (const { execution, file } of proveExecutions('evidence', ['x-1', 'x-2'])) writeFileSync(`${execution}.tlog-proof`, file)
 * @throws {UsageError} if there is no such execution, its end is not sealed, or the ledger differs from what was signed.
 */
export function* proveExecutions(
  directory: string,
  executions: readonly string[],
  within?: readonly string[],
): Generator<MadeProof & { readonly execution: string }> {
  const ledger = new Ledger(directory);
  const ends = ledger.choose({ executions, ...(within === undefined ? {} : { within }) }).filter(({ json }) => parsed(json)['kind'] === 'outcome');
  const breaks = ledger.breaks();
  for (const [at, included] of ledger.prove(ends).entries()) {
    const { stream = '', seq = 0, json = Buffer.alloc(0) } = ends[at] ?? {};
    const { file, hasRecord } = proofFile(included, ledger.note, breaks);
    yield { execution: executionIn(json) ?? '', file, record: hasRecord ? null : String(json), entry: included.entry, stream, seq, breaks: breaks.length };
  }
}

/**
 * Records with their proofs, the checkpoint and their documents, as one file that can be verified on its own.
 *
 * @example writeFileSync('bundle.json', makeBundle('evidence', { resources: ['sg-1'] }).file)
 * @throws {UsageError} if nothing is selected, something is missing or not sealed, or the ledger differs from what was signed.
 */
export function makeBundle(
  directory: string,
  selection: Selection,
): { readonly file: string; readonly records: number; readonly documents: number; readonly breaks: number } {
  const ledger = new Ledger(directory);
  const records = ledger.prove(ledger.choose(selection));
  if (records.length === 0) throw new UsageError('No sealed record was chosen.');
  const documents = new Map<string, string>();
  for (const { bytes } of records) {
    const { blobs } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { blobs: Record<string, string> };
    for (const digest of Object.values(blobs)) {
      const hex = digest.slice('sha256:'.length);
      // A document whose retention has ended is missing. The bundle then says so.
      const document = ledger.folder.bytes(`blobs/${hex.slice(0, 2)}/${hex}.json`)?.toString('utf8') ?? ledger.archives().text(digest);
      if (document !== null) documents.set(digest, document);
    }
  }
  const breaks = ledger.breaks();
  const file = bundleFile({ checkpoint: ledger.note, records, seal: ledger.seal(), documents, rotations: rotationsIn(ledger.folder), breaks });
  return { file, records: records.length, documents: documents.size, breaks: breaks.length };
}

class Ledger {
  readonly folder: Folder;
  readonly note: Buffer;
  readonly #checkpoint: Checkpoint;
  readonly #tree: Tree;
  #archives: Archives | null = null;

  constructor(directory: string) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`There is no folder ${directory}.`);
    this.folder = new Folder(directory);
    const note = this.folder.bytes('ledger/checkpoint');
    // The verifier decides whom to trust.
    const read = note === null ? null : readCheckpoint(note, { keys: [] });
    const checkpoint = read !== null && 'code' in read ? read.said : null;
    if (note === null || checkpoint === null || checkpoint.size === 0)
      throw new UsageError(`The ledger in ${directory} was never sealed: nothing in it can be proven.`);
    this.note = note;
    this.#checkpoint = checkpoint;
    this.#tree = new Tree(this.folder, checkpoint.size);
  }

  choose({ records = [], resources = [], executions = [], within }: Selection): Chosen[] {
    const byRecord = records.map((each) => {
      const [, stream = '', seq = ''] = /^(.+)\/([1-9][0-9]{0,14})$/.exec(each) ?? [];
      if (stream === '') throw new UsageError(`${each} does not name a record: give STREAM/SEQ.`);
      return { each, file: this.#fileOf(stream), seq: Number(seq) };
    });
    const byResource = new Set(resources.map((each) => this.#fileOf(each)));
    const wanted = new Set(executions);
    const found: Chosen[] = [];
    const missing = new Set(byRecord.map(({ each }) => each));
    const met = new Set<string>();
    const places = new Set([...byRecord.map((each) => each.file), ...byResource, ...(within ?? []).map(fileOfDigest)]);
    for (const file of wanted.size > 0 && within === undefined ? this.#files() : places) {
      const of = byRecord.filter((each) => each.file === file);
      let seq = 0;
      this.folder.lines(file, (bytes, from, to) => {
        seq++;
        const json = bytes.subarray(from + JSON_AT, to);
        const named = of.filter((each) => each.seq === seq);
        const execution = wanted.size === 0 ? null : executionIn(json);
        for (const { each } of named) missing.delete(each);
        if (typeof execution === 'string' && wanted.has(execution)) met.add(execution);
        if (named.length > 0 || byResource.has(file) || (typeof execution === 'string' && wanted.has(execution)))
          found.push({ stream: `sha256:${hexOf(file)}`, seq, json: Buffer.from(json) });
        return true;
      });
    }
    const [none = executions.find((each) => !met.has(each))] = missing;
    if (none !== undefined) throw new UsageError(`There is no record of ${none}.`);
    return found;
  }

  /** The sealed records, each with its proof. */
  prove(chosen: readonly Chosen[]): Included[] {
    const leaves = chosen.map(({ stream, seq, json }) => leaf(entryOf(stream, seq, json)).toString('latin1'));
    const numbers = this.#tree.numbersOf(new Set(leaves));
    return chosen.map(({ stream, seq, json }, at) => {
      const entry = numbers.get(leaves[at] ?? '');
      if (entry === undefined) throw new UsageError(`Record ${seq} of ${stream} is not sealed: seal first, or verify the ledger if it was sealed.`);
      return { ...this.#included(entry, entryOf(stream, seq, json)), bytes: json };
    });
  }

  /** Read if a document is nowhere else. */
  archives(): Archives {
    this.#archives ??= new Archives(this.folder);
    return this.#archives;
  }

  seal(): Included {
    const entry = this.#checkpoint.size - 1;
    const bytes = new Entries(this.folder.directory, this.#checkpoint.size).at(entry);
    if (bytes === null) throw new UsageError('The newest seal is missing: verify the ledger.');
    return this.#included(entry, bytes);
  }

  /** The entries that declare a key lost. Each is the first seal after the last checkpoint of that key, or the second if the key had begun another seal. */
  breaks(): Included[] {
    const { size } = this.#checkpoint;
    const entries = new Entries(this.folder.directory, size);
    const found = breaksIn(this.folder).flatMap((file) => {
      const note = this.folder.bytes(file);
      const read = note === null ? null : readCheckpoint(note, { keys: [] });
      const last = read !== null && 'code' in read ? read.said : null;
      for (let [entry, seals] = [last?.size ?? size, 0]; entry < size && seals < 2; entry++) {
        const bytes = entries.at(entry);
        const seal = bytes === null ? undefined : parsed(bytes)['seal'];
        if (!isObject(seal)) continue;
        seals++;
        if (isObject(seal['break']) && bytes !== null) return [this.#included(entry, bytes)];
      }
      return [];
    });
    const newest = entries.at(size - 1);
    const seal = newest === null ? undefined : parsed(newest)['seal'];
    if (found.length !== Math.max(breaksIn(this.folder).length, saidBreaks(isObject(seal) ? seal : undefined)))
      throw new UsageError('Some of what the log says about lost keys is missing: verify the ledger.');
    return found;
  }

  #included(entry: number, bytes: Buffer): Included {
    const path = this.#tree.path(entry);
    const included = { entry, bytes, path: path ?? [] };
    if (path === null || rootFrom(included, this.#checkpoint.size)?.equals(this.#checkpoint.root) !== true)
      throw new UsageError(`Entry ${entry} of the log differs from what was signed: verify the ledger.`);
    return included;
  }

  #files(): string[] {
    return this.folder.files('streams').filter((file) => /\/[0-9a-f]{64}\.jsonl$/.test(file));
  }

  /** Finds a stream by its digest or the beginning of it, or by the id of its resource. */
  #fileOf(name: string): string {
    const prefix = /^(?:sha256:)?([0-9a-f]{6,64})$/.exec(name)?.[1];
    const byDigest = prefix === undefined ? [] : this.#files().filter((file) => hexOf(file).startsWith(prefix));
    const found = byDigest.length > 0 ? byDigest : this.#files().filter((file) => this.#isOf(file, name));
    const [first] = found;
    if (first === undefined) throw new UsageError(`There is no stream, and no resource, ${name}.`);
    if (found.length > 1)
      throw new UsageError(
        `${name} is more than one: ${found
          .slice(0, 5)
          .map((file) => `${hexOf(file).slice(0, 12)}`)
          .join(', ')}. Give the digest of its stream.`,
      );
    return first;
  }

  #isOf(file: string, id: string): boolean {
    let is = false;
    this.folder.lines(file, (bytes, from, to) => {
      const resource = parsed(bytes.subarray(from + JSON_AT, to))['resource'];
      is = isObject(resource) && (resource['id'] === id || nameOf(resource) === id);
      return false;
    });
    return is;
  }
}

const fileOfDigest = (stream: string) => `streams/${stream.slice(7, 9)}/${stream.slice(7)}.jsonl`;
const hexOf = (file: string) => file.slice(-'.jsonl'.length - 64, -'.jsonl'.length);

/**
 * The execution of a record, without parsing all of it: in canonical JSON, nothing after this member can contain its name. A record that is not in canonical
 * form is not what was sealed, and has no proof.
 */
function executionIn(json: Buffer): string | null {
  const at = json.lastIndexOf(EXECUTION);
  // If the record belongs to no execution, the value is null. That is found as fast as a name, and nothing before it is read.
  if (at < 0 || json[at + EXECUTION.length] !== QUOTE) return null;
  const from = at + EXECUTION.length + 1;
  const to = json.indexOf('"', from);
  // An id with an escape has to be parsed as JSON.
  const text = json.toString('utf8', from, to);
  if (!text.includes('\\')) return text;
  const { execution } = parsed(json);
  return typeof execution === 'string' ? execution : null;
}
const EXECUTION = Buffer.from('"execution":');
const QUOTE = 0x22;

function parsed(json: Buffer): JsonObject {
  try {
    const value = JSON.parse(json.toString('utf8')) as Json;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
