// The log: entries, the tiles over them, and the signatures. See https://c2sp.org/tlog-tiles
import { createHash } from 'node:crypto';
import { type Finding, Folder } from './findings.js';
import { digestOf, HASH, Hashes, leafWithin, rootOf, treeRoot } from './hash.js';
import { canonical, isDigest, isObject, type JsonObject, readCanonical, utf8 } from './json.js';
import { beforeNumber, beforeString, beforeText } from './scan.js';
import type { Share } from './share.js';

const WIDTH = 256;

/** A log as far as it was read. */
export interface Log {
  readonly size: number;
  /** Hash of each entry, in shared memory. If entries and tiles differ, it has the signed hashes. */
  readonly leaves: Hashes;
  /** {@link Hashes.above} of the hashes. */
  readonly above: Hashes;
  /** Global numbers of the records of each stream. */
  readonly streams: ReadonlyMap<string, readonly number[]>;
  readonly seals: number;
  /** The time of the last seal, in milliseconds; null if no entry says it. */
  readonly sealedAt: number | null;
  /** Whether its newest seal has the summary of all seals. Versions before this one write none. */
  readonly says: boolean;
  /** Numbers of the entries that replace its key, in order. */
  readonly rotations: readonly number[];
  /** Its declarations of lost keys, in order. */
  readonly breaks: readonly SaidLost[];
  /** Seals whose documents are in archives. */
  readonly archived: ReadonlySet<number>;
  /** For each entry, the retention of its documents according to a seal: nothing said, required, or ended. */
  readonly retention: SharedArrayBuffer;
  /**
   * Checks whether the newest seal matches what it closes.
   *
   * @param headOf Digest of the last sealed record of a stream, if the stream was found to be what was sealed.
   */
  checkNewest(headOf: (stream: string) => string | null): void;
}

/** A seal that declares the previous key lost. */
export interface SaidLost {
  /** Number of its entry. */
  readonly entry: number;
  /** The time that it states. */
  readonly since: string;
  readonly said: JsonObject;
}

/** Path of a tile in the folder. */
function pathOf(level: number | 'entries', index: number, width: number): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `ledger/tile/${level}/${path}${width === WIDTH ? '' : `.p/${width}`}`;
}

/** The tile of a path; null if the path is not one of a tile. */
function tileOf(path: string): { level: number | 'entries'; index: number; width: number } | null {
  const match = /^ledger\/tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return null;
  const [, level = '', groups = '', width = String(WIDTH)] = match;
  const tile = { level: level === 'entries' ? ('entries' as const) : Number(level), index: Number(groups.replaceAll(/[x/]/g, '')), width: Number(width) };
  // Each tile has exactly one path.
  return pathOf(tile.level, tile.index, tile.width) === path && tile.width <= WIDTH ? tile : null;
}

/** The minimum number of entries of a log that has this tile; null if it is not a tile. */
export function leastOf(path: string): number | null {
  const tile = tileOf(path);
  return tile === null ? null : (tile.index * WIDTH + tile.width) * (tile.level === 'entries' ? 1 : WIDTH ** tile.level);
}

/** Bundles that a thread takes at a time. */
const TAKEN = 8;
/** What a seal says about the documents of its records, in {@link Log.retention}. */
export const UNSAID = 0;
const KEPT = 1;
export const OVER = 2;

/** Marks of entries without a stream. Other values are numbers of streams. */
const MISSING = -1;
const OTHER = -2;

/** Hash each entry of a log, and find out what it belongs to. */
export interface EntriesJob {
  readonly kind: 'entries';
  readonly directory: string;
  readonly size: number;
  /** Hash of each entry. */
  readonly leaves: SharedArrayBuffer;
  /** Root of each bundle. */
  readonly above: SharedArrayBuffer;
  /** For each entry, the number of its stream within the part, times the number of parts, plus the number of the part. */
  readonly streams: SharedArrayBuffer;
  /** For each entry, the record's number in its stream. */
  readonly seqs: SharedArrayBuffer;
  /** For each entry, the length of the record's line in bytes. */
  readonly lengths: SharedArrayBuffer;
}

/** The result of a thread for its bundles. */
export interface EntriesPart {
  readonly findings: readonly Finding[];
  /** Streams in the order in which they appeared. */
  readonly streams: readonly string[];
  /** Entries that are not records. */
  readonly others: readonly { readonly index: number; readonly entry: Uint8Array }[];
  /** Bundles whose tile has different hashes. */
  readonly unlike: readonly number[];
}

/** Does a share of the job. */
export function readEntries(job: EntriesJob, { part, parts, next }: Share): EntriesPart {
  const folder = new Folder(job.directory);
  const leaves = new Hashes(Buffer.from(job.leaves));
  const above = Buffer.from(job.above);
  const [streams, seqs, lengths] = [new Int32Array(job.streams), new Float64Array(job.seqs), new Uint32Array(job.lengths)];
  const known = new Map<string, number>();
  const others: { index: number; entry: Uint8Array }[] = [];
  const unlike: number[] = [];
  const bundles = Math.ceil(job.size / WIDTH);
  const isStream = (text: string) => known.has(text) || isDigest(text);
  const one = (bundle: number) => {
    const first = bundle * WIDTH;
    const width = Math.min(WIDTH, job.size - first);
    streams.fill(MISSING, first, first + width);
    const hashes: string[] = [];
    eachEntry(folder, bundle, width, (index, bytes, from, to) => {
      const said = recordIn(bytes, from, to, isStream);
      if (said === null) {
        streams[index] = OTHER;
        others.push({ index, entry: Uint8Array.from(bytes.subarray(from, to)) });
      } else {
        const number = known.get(said.stream) ?? known.size;
        if (number === known.size) known.set(said.stream, number);
        streams[index] = number * parts + part;
        seqs[index] = said.seq;
        lengths[index] = said.bytes;
      }
      hashes.push(leafWithin(bytes, from, to));
    });
    // Only the end of a bundle is missing.
    leaves.bytes.write(hashes.join(''), first * HASH, hashes.length * HASH, 'latin1');
    rootOf(leaves, first, width).copy(above, bundle * HASH);
    const tile = tileBytes(folder, 0, bundle, width);
    if (tile === null || !tile.equals(leaves.bytes.subarray(first * HASH, (first + width) * HASH))) unlike.push(bundle);
  };
  for (let at = next() * TAKEN; at < bundles; at = next() * TAKEN) for (let bundle = at; bundle < Math.min(at + TAKEN, bundles); bundle++) one(bundle);
  return { findings: folder.findings, streams: [...known.keys()], others, unlike };
}

/** Reads the entries of a bundle. */
function eachEntry(folder: Folder, bundle: number, width: number, each: (index: number, bytes: Buffer, from: number, to: number) => void): void {
  const first = bundle * WIDTH;
  const path = pathOf('entries', bundle, width);
  const exact = folder.passing(path);
  const bytes = exact ?? (width === WIDTH ? null : folder.passing(pathOf('entries', bundle, WIDTH)));
  const wrong = (code: string, message: string, index: number) => folder.find('tampered', code, message, path, { entry: index });
  if (bytes === null) {
    wrong('missing-entries', `Entries ${first} to ${first + width - 1} are missing.`, first);
    return;
  }
  let at = 0;
  for (let index = first; index < first + width; index++) {
    if (at === bytes.length) {
      wrong('cut-entries', `It ends before entry ${index}.`, index);
      return;
    }
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) {
      wrong('cut-entries', `It ends in the middle of entry ${index}.`, index);
      return;
    }
    each(index, bytes, at + 2, end);
    at = end;
  }
  // If a wider bundle is read instead, only its beginning counts.
  if (at < bytes.length && exact !== null) wrong('stray-bytes', `It holds more than the ${width} entries that were signed.`, first + width - 1);
}

/**
 * Reads and checks a log of a signed size and root.
 *
 * @param known Files of the log that are not tiles, and are checked elsewhere.
 */
export function* checkLog(folder: Folder, size: number, root: Buffer, known: ReadonlySet<string>): Generator<EntriesJob, Log, readonly EntriesPart[]> {
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  const job: EntriesJob = {
    ...{ kind: 'entries', directory: folder.directory, size, leaves: shared(size * HASH), above: shared(Math.ceil(size / WIDTH) * HASH) },
    ...{ streams: shared(size * 4), seqs: shared(size * 8), lengths: shared(size * 4) },
  };
  const parts = yield job;
  folder.findings.push(...parts.flatMap(({ findings }) => findings));
  const read = new Hashes(Buffer.from(job.leaves));
  const readAbove = new Hashes(Buffer.from(job.above));
  const byEntries = treeRoot(readAbove).equals(root);
  const tile = byEntries ? read : tileHashes(folder, 0, size);
  const tileAbove = byEntries ? readAbove : tile.above();
  const byTiles = !byEntries && treeRoot(tileAbove).equals(root);
  const [leaves, above] = byTiles ? [tile, tileAbove] : [read, readAbove];
  if (!byEntries && !byTiles)
    folder.find(
      'tampered',
      'wrong-root',
      'Neither the entries nor their hashes match what was signed: the log was rewritten, wholly or in part.',
      'ledger/checkpoint',
    );
  if (byTiles) checkEntries(folder, read, tile, size, new Int32Array(job.streams));
  checkTiles(folder, leaves, above, size, byEntries ? parts.flatMap(({ unlike }) => unlike) : null, known);
  return { size, leaves, above, ...checkOrder(folder, job, parts) };
}

/** Root of the tree over the first entries of a log. */
export function rootOfFirst({ leaves, above }: Log, size: number): Buffer {
  const bundles = Math.floor(size / WIDTH);
  const last = size % WIDTH === 0 ? [] : [rootOf(leaves, bundles * WIDTH, size % WIDTH)];
  return treeRoot(new Hashes(Buffer.concat([above.first(bundles).bytes, ...last])));
}

/** Reads single entries, to name them in findings. Errors in their bytes were reported already. */
export class Entries {
  readonly #folder: Folder;
  readonly #size: number;
  #last: { index: number; list: readonly Buffer[] } = { index: -1, list: [] };

  constructor(directory: string, size: number) {
    this.#folder = new Folder(directory);
    this.#size = size;
  }

  /** An entry; null if it is missing. */
  at(index: number): Buffer | null {
    const bundle = Math.floor(index / WIDTH);
    if (this.#last.index !== bundle) {
      const list: Buffer[] = [];
      eachEntry(this.#folder, bundle, this.#widthOf(bundle), (_, bytes, from, to) => void list.push(Buffer.from(bytes.subarray(from, to))));
      this.#last = { index: bundle, list };
    }
    return this.#last.list[index % WIDTH] ?? null;
  }

  /** The place of an entry. */
  pathOf(index: number): string {
    const bundle = Math.floor(index / WIDTH);
    return pathOf('entries', bundle, this.#widthOf(bundle));
  }

  #widthOf(bundle: number): number {
    return Math.min(WIDTH, this.#size - bundle * WIDTH);
  }
}

/** Bytes of a tile. A partial tile may also be read from a wider one, which begins with it. */
export function tileBytes(folder: Folder, level: number | 'entries', index: number, width: number): Buffer | null {
  const exact = folder.bytes(pathOf(level, index, width));
  if (exact !== null || width === WIDTH) return exact;
  return folder.bytes(pathOf(level, index, WIDTH));
}

/** The hashes of a level, from its tiles. */
function tileHashes(folder: Folder, level: number, count: number): Hashes {
  const bytes = Buffer.from(new SharedArrayBuffer(count * HASH));
  for (let index = 0; index * WIDTH < count; index++) {
    const width = Math.min(WIDTH, count - index * WIDTH);
    tileBytes(folder, level, index, width)?.copy(bytes, index * WIDTH * HASH, 0, width * HASH);
  }
  return new Hashes(bytes);
}

/** Reports the entries that differ from the hashes in their tile. */
function checkEntries(folder: Folder, read: Hashes, tile: Hashes, size: number, streams: Int32Array): void {
  const entries = new Entries(folder.directory, size);
  for (let index = 0; index < size; index++) {
    if (streams[index] === MISSING || read.at(index).equals(tile.at(index))) continue;
    folder.find('tampered', 'changed-entry', 'The entry differs from what was signed.', entries.pathOf(index), { entry: index, ...placeOf(entries.at(index)) });
  }
}

/**
 * Checks each tile: those that a log of this size has, and any others that exist.
 *
 * @param unlike Which tiles of the lowest level to check; null: all.
 * @param known Files of the log that are not tiles.
 */
function checkTiles(folder: Folder, leaves: Hashes, above: Hashes, size: number, unlike: readonly number[] | null, known: ReadonlySet<string>): void {
  const levels: Hashes[] = [];
  for (let [hashes, over] = [leaves, above]; hashes.count > 0; [hashes, over] = [over.first(Math.floor(hashes.count / WIDTH)), over.above()])
    levels.push(hashes);
  for (const [level, hashes] of levels.entries()) {
    const all = level > 0 || unlike === null ? Array.from({ length: Math.ceil(hashes.count / WIDTH) }, (_, index) => index) : [...unlike].sort((a, b) => a - b);
    for (const index of all) checkTile(folder, level, index, hashes);
  }
  checkStray(folder, levels, size, known);
}

function checkTile(folder: Folder, level: number, index: number, hashes: Hashes): void {
  const width = Math.min(WIDTH, hashes.count - index * WIDTH);
  const path = pathOf(level, index, width);
  const found = tileBytes(folder, level, index, width);
  const expected = hashes.bytes.subarray(index * WIDTH * HASH, (index * WIDTH + width) * HASH);
  const first = index * WIDTH ** (level + 1);
  if (found === null) folder.find('tampered', 'missing-tile', 'The tile is missing.', path, { entry: first });
  else if (!found.subarray(0, width * HASH).equals(expected)) {
    const at = Array.from({ length: width }, (_, each) => each).find(
      (each) => !found.subarray(each * HASH, each * HASH + HASH).equals(hashes.at(index * WIDTH + each)),
    );
    const of = first + (at ?? 0) * WIDTH ** level;
    folder.find('tampered', 'changed-tile', `Hash ${at ?? 0} of the tile does not match what is below it.`, path, { entry: of });
  } else if (found.length > width * HASH && folder.bytes(path) !== null)
    folder.find('tampered', 'stray-bytes', `It holds more than ${width} hashes.`, path, { entry: first });
}

function checkStray(folder: Folder, levels: readonly Hashes[], size: number, known: ReadonlySet<string>): void {
  for (const path of folder.files('ledger')) {
    if (path === 'ledger/checkpoint' || known.has(path)) continue;
    const tile = tileOf(path);
    if (tile === null) {
      folder.find('tampered', 'stray-file', 'The file does not belong here.', path);
      continue;
    }
    const { level, index, width } = tile;
    const count = level === 'entries' ? size : (levels[level]?.count ?? 0);
    const end = index * WIDTH + width;
    if (end > count) {
      folder.find('tampered', 'beyond-checkpoint', `The tile is of a log that is longer than the ${size} entries that the checkpoint says.`, path, {
        entry: size,
      });
    } else if (width < WIDTH && end < count) {
      // A tile of the log when it was shorter. The current tile has to begin with it.
      const now = tileBytes(folder, level, index, Math.min(WIDTH, count - index * WIDTH));
      const before = folder.bytes(path);
      if (before !== null && now?.subarray(0, before.length).equals(before) !== true)
        folder.find('tampered', 'changed-tile', 'The tile of the shorter log is not what the longer one begins with.', path, { entry: index * WIDTH });
    }
  }
}

/** How far the entries take a stream. */
interface Position {
  readonly stream: string;
  readonly numbers: number[];
  seq: number;
  last: number;
  bytes: number;
}

/** Checks the order of the entries: streams without gaps, and each seal closed by what it contains. */
function checkOrder(folder: Folder, job: EntriesJob, parts: readonly EntriesPart[]) {
  const { size } = job;
  const [ids, seqs, lengths] = [new Int32Array(job.streams), new Float64Array(job.seqs), new Uint32Array(job.lengths)];
  const entries = new Entries(folder.directory, size);
  const others = new Map(parts.flatMap((part) => part.others.map(({ index, entry }) => [index, Buffer.from(entry)] as const)));
  const positions = new Map<string, Position>();
  const byPart = parts.map(({ streams }) =>
    streams.map((stream) => {
      const position = positions.get(stream) ?? { stream, numbers: [], seq: 0, last: 0, bytes: 0 };
      positions.set(stream, position);
      return position;
    }),
  );
  const state = new SealState();
  let missing = 0;
  const wrongAt = (index: number, code: string, message: string, entry: Buffer | null) =>
    folder.find('tampered', code, message, entries.pathOf(index), { entry: index, ...placeOf(entry) });
  for (let index = 0; index < size; index++) {
    const id = ids[index] ?? MISSING;
    const position = id < 0 ? undefined : byPart[id % parts.length]?.[Math.floor(id / parts.length)];
    if (position !== undefined) {
      const { numbers } = position;
      const seq = seqs[index] ?? 0;
      if (missing === 0 && seq !== numbers.length + 1)
        wrongAt(index, 'out-of-order', `The entry is record ${seq} of its stream; ${numbers.length + 1} is next.`, entries.at(index));
      // A number counts only as far ahead as missing entries, and entries that were removed from a bundle, can explain.
      if (seq <= numbers.length + missing + WIDTH) numbers[seq - 1] = index;
      position.seq = seq;
      position.last = index;
      position.bytes += lengths[index] ?? 0;
      state.records++;
    } else if (id === MISSING) missing++;
    else {
      const entry = others.get(index) ?? null;
      const seal = entry === null ? null : sealIn(entry);
      if (seal === null) wrongAt(index, 'unknown-entry', 'The entry is neither a record nor a seal.', entry);
      else if (missing === 0) {
        const problem = state.close(seal, index);
        if (problem !== null) wrongAt(index, 'wrong-seal', problem, entry);
      }
    }
  }
  const checkNewest = (headOf: (stream: string) => string | null) => {
    if (missing > 0 || size === 0) return;
    const named = [...positions.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
    const digest = createHash('sha256').update('{');
    for (const [at, { stream, seq, last, bytes }] of named.entries()) {
      const head = headOf(stream) ?? digestIn(entries.at(last)) ?? '';
      digest.update(`${at > 0 ? ',' : ''}"${stream}":{"bytes":${bytes},"head":"${head}","seq":${seq}}`);
    }
    if (state.isNewest(size, `sha256:${digest.update('}').digest('hex')}`)) return;
    folder.find('tampered', 'wrong-seal', 'The newest seal does not close what it says.', entries.pathOf(size - 1), { entry: size - 1 });
  };
  const streams = new Map([...positions].map(([stream, { numbers }]) => [stream, numbers]));
  const retention = new SharedArrayBuffer(size);
  for (const { first, end, until } of state.kept.values()) new Uint8Array(retention).fill((state.time ?? 0) >= until ? OVER : KEPT, first, end);
  return {
    streams,
    seals: state.seals,
    sealedAt: state.time,
    says: state.says,
    rotations: state.rotations,
    breaks: state.breaks,
    archived: new Set(state.kept.keys()),
    retention,
    checkNewest,
  };
}

/** The summary of all seals so far. */
class SealState {
  records = 0;
  seals = 0;
  time: number | null = null;
  readonly rotations: number[] = [];
  readonly breaks: SaidLost[] = [];
  /** Entry, and first entry, of the previous seal if that replaces the key. */
  #replacing: { readonly number: number; readonly first: number } | null = null;
  /** By the number of a seal: entries whose documents are kept, and until when. */
  readonly kept = new Map<number, { readonly first: number; readonly end: number; readonly until: number }>();
  #first = 0;
  /** First entry of the previous seal. */
  #firstBefore = 0;
  /** Number of entries about whose documents seals have said until when they are kept. */
  #said = 0;
  #streams = '';
  says = false;

  close(seal: JsonObject, index: number): string | null {
    const time = Date.parse(String(seal['time']));
    const expected = { number: this.seals + 1, first: this.#first, records: this.records };
    const wrong = Object.entries(expected).find(([name, value]) => seal[name] !== value);
    const before = this.time;
    this.seals++;
    const documents = seal['documents'];
    const until = isObject(documents) ? Date.parse(String(documents['until'])) : Number.NaN;
    const from = this.#said;
    const first = this.#first;
    if (documents !== undefined) {
      this.kept.set(this.seals, { first: from, end: index, until });
      this.#said = index + 1;
    }
    this.records = 0;
    this.#first = index + 1;
    this.#streams = String(seal['streams']);
    this.time = Number.isNaN(time) ? before : time;
    const { rotation, break: lost } = seal;
    const replacing = this.#replacing;
    this.#replacing = rotation === undefined ? null : { number: this.rotations.length + 1, first };
    if (rotation !== undefined) this.rotations.push(index);
    if (lost !== undefined) {
      if (!isObject(lost)) return 'The seal does not say which key is lost.';
      // The rotation that the lost key had begun but not signed announces nothing.
      const isUnsigned = replacing !== null && lost['unsigned'] === replacing.number;
      if (isUnsigned) this.rotations.pop();
      this.breaks.push({ entry: index, since: String(seal['time']), said: lost });
      const entries = isUnsigned ? [replacing.first] : [index, ...(replacing === null ? [this.#firstBefore] : [])];
      if (lost['number'] !== this.breaks.length || !entries.includes(Number(lost['entries'])) || (lost['unsigned'] !== undefined && !isUnsigned))
        return `The seal does not describe lost key ${this.breaks.length}, or after which entry it was lost.`;
    }
    this.#firstBefore = first;
    if (documents !== undefined && (Number.isNaN(until) || !isObject(documents) || documents['from'] !== from))
      return `The seal does not say until when documents are kept, from entry ${from} on.`;
    if (rotation !== undefined && (!isObject(rotation) || rotation['number'] !== this.rotations.length))
      return `The seal does not describe replacement ${this.rotations.length} of the key.`;
    this.says = seal['said'] !== undefined;
    const said = { breaks: this.breaks.length, documents: this.#said, rotations: this.rotations.length };
    if (seal['said'] !== undefined && canonical(seal['said']) !== canonical(said)) return 'The seal does not have the summary of all seals so far.';
    if (wrong !== undefined) return `The seal says ${wrong[0]} ${String(seal[wrong[0]])}; ${wrong[1]} is right.`;
    return Number.isNaN(time) || time < (before ?? 0) ? `The seal is dated ${String(seal['time'])}, before the one before it.` : null;
  }

  /** The newest seal covers all streams and their positions, and it is the last entry. */
  isNewest(size: number, streams: string): boolean {
    return this.#first === size && streams === this.#streams;
  }
}

/** Bytes of a digest: `sha256:` and 64 digits. */
const DIGEST = 71;

/** The content of a record's entry. */
interface Said {
  readonly stream: string;
  readonly seq: number;
  /** Bytes of its line in the stream. */
  readonly bytes: number;
  /** Its digest, if the entry has that instead of the record; null: the digest is that of the entry. */
  readonly digest: string | null;
}

/**
 * Parses an entry in a buffer, if it is that of a record.
 *
 * @param isStream Whether a text is the digest of a known stream: most entries belong to one.
 */
function recordIn(bytes: Buffer, from: number, to: number, isStream: (text: string) => boolean = isDigest): Said | null {
  // The end of a record in canonical form says where it belongs.
  const streamEnd = beforeText(bytes, beforeString(bytes, beforeText(bytes, to, ',"v":1}')), '","time":');
  const seqEnd = beforeText(bytes, streamEnd - DIGEST, ',"stream":"');
  const seqAt = beforeNumber(bytes, seqEnd);
  if (beforeText(bytes, seqAt, ',"seq":') >= from) {
    const stream = bytes.toString('latin1', streamEnd - DIGEST, streamEnd);
    if (isStream(stream)) return { stream, seq: Number(bytes.toString('latin1', seqAt, seqEnd)), bytes: to - from + 73, digest: null };
  }
  const value = objectIn(bytes.subarray(from, to));
  const long = value?.['long'];
  if (!isObject(long)) return null;
  const { stream, seq, digest, bytes: length } = long as JsonObject;
  if (!isDigest(stream) || !isDigest(digest) || !Number.isSafeInteger(seq) || (seq as number) < 1 || !Number.isSafeInteger(length)) return null;
  return { stream, seq: seq as number, bytes: (length as number) + 73, digest };
}

/** Digest of the record of an entry. */
function digestIn(entry: Buffer | null): string | null {
  const said = entry === null ? null : recordIn(entry, 0, entry.length);
  return said === null || entry === null ? null : (said.digest ?? digestOf(entry));
}

function sealIn(entry: Buffer): JsonObject | null {
  const seal = objectIn(entry)?.['seal'];
  return isObject(seal) ? seal : null;
}

function objectIn(entry: Buffer | null): JsonObject | null {
  const value = readCanonical((entry === null ? undefined : utf8(entry)) ?? '');
  return isObject(value) ? value : null;
}

/** Identifies the record of an entry, as far as the entry can be trusted. */
export function placeOf(entry: Buffer | null): { stream?: string; seq?: number; resource?: string } {
  const said = entry === null ? null : recordIn(entry, 0, entry.length);
  if (said === null) return {};
  const resource = objectIn(entry)?.['resource'];
  return { stream: said.stream, seq: said.seq, ...(isObject(resource) ? { resource: nameOf(resource) } : {}) };
}

/** A resource, for people. */
export function nameOf({ type, id, account, region }: JsonObject): string {
  return `${String(type)} ${String(id)} (${String(account)}, ${String(region)})`;
}

/** The entry of a record, by the bytes of its JSON. */
export function entryOf(stream: string, seq: number, json: Buffer): Buffer {
  return json.length <= 65_535 ? json : Buffer.from(canonical({ v: 1, long: { stream, seq, digest: digestOf(json), bytes: json.length } }));
}
