// The log: entries, the tiles over them, and what was signed of them. See https://c2sp.org/tlog-tiles
import type { Folder } from './findings.js';
import { digestOf, Hashes, leaf, rootOf } from './hash.js';
import { canonical, isObject, type Json, type JsonObject, readCanonical, utf8 } from './json.js';

const WIDTH = 256;

/** A log as far as it was read. */
export interface Log {
  readonly size: number;
  /** Hash of each entry: of those that were signed, where entries and tiles differ. */
  readonly leaves: Hashes;
  /** Whether {@link leaves} are those that were signed. */
  readonly signed: boolean;
  /** Global numbers of the records of each stream. */
  readonly streams: ReadonlyMap<string, readonly number[]>;
  readonly seals: number;
  /** When it was last sealed, in milliseconds; null where no entry says it. */
  readonly sealedAt: number | null;
  /** The text of an entry, for who wants to name it. */
  entry(index: number): Buffer | null;
}

/** Path of a tile in the folder. */
function pathOf(level: number | 'entries', index: number, width: number): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `ledger/tile/${level}/${path}${width === WIDTH ? '' : `.p/${width}`}`;
}

/** The tile that a path is of; null for what is no such path. */
function tileOf(path: string): { level: number | 'entries'; index: number; width: number } | null {
  const match = /^ledger\/tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return null;
  const [, level = '', groups = '', width = String(WIDTH)] = match;
  const tile = { level: level === 'entries' ? ('entries' as const) : Number(level), index: Number(groups.replaceAll(/[x/]/g, '')), width: Number(width) };
  // There is one path for each.
  return pathOf(tile.level, tile.index, tile.width) === path && tile.width <= WIDTH ? tile : null;
}

/** Reads and checks a log of a size that was signed, with its root. */
export function checkLog(folder: Folder, size: number, root: Buffer): Log {
  const entries = new Entries(folder, size);
  const read = entries.leaves();
  const tile = tileHashes(folder, 0, size);
  const byEntries = rootOf(read, 0, size).equals(root);
  const byTiles = !byEntries && rootOf(tile, 0, size).equals(root);
  const leaves = byTiles ? tile : read;
  if (!byEntries && !byTiles)
    folder.find(
      'tampered',
      'wrong-root',
      'Neither the entries nor their hashes are what was signed: the log was rewritten, wholly or in part.',
      'ledger/checkpoint',
    );
  checkEntries(folder, read, tile, byTiles, entries);
  checkTiles(folder, leaves, size);
  const { streams, seals, sealedAt } = checkOrder(folder, entries, size);
  return { size, leaves, signed: byEntries || byTiles, streams, seals, sealedAt, entry: (index) => entries.at(index) };
}

/** The bundles of entries. */
class Entries {
  readonly #folder: Folder;
  readonly #size: number;
  #last: { index: number; list: readonly Buffer[] } = { index: -1, list: [] };
  readonly #said = new Set<number>();

  constructor(folder: Folder, size: number) {
    this.#folder = folder;
    this.#size = size;
  }

  /** An entry; null where it is missing. */
  at(index: number): Buffer | null {
    const bundle = Math.floor(index / WIDTH);
    if (this.#last.index !== bundle) this.#last = { index: bundle, list: this.#read(bundle) };
    return this.#last.list[index % WIDTH] ?? null;
  }

  /** Where an entry is. */
  pathOf(index: number): string {
    const bundle = Math.floor(index / WIDTH);
    return pathOf('entries', bundle, Math.min(WIDTH, this.#size - bundle * WIDTH));
  }

  leaves(): Hashes {
    const bytes = Buffer.alloc(this.#size * 32);
    for (let index = 0; index < this.#size; index++) {
      const entry = this.at(index);
      if (entry !== null) bytes.set(leaf(entry), index * 32);
    }
    return new Hashes(bytes);
  }

  #read(bundle: number): readonly Buffer[] {
    const first = bundle * WIDTH;
    const width = Math.min(WIDTH, this.#size - first);
    const path = this.pathOf(first);
    const bytes = tileBytes(this.#folder, 'entries', bundle, width);
    const list: Buffer[] = [];
    const wrong = (code: string, message: string) => {
      // It is looked at more than once.
      if (!this.#said.has(bundle)) this.#folder.find('tampered', code, message, path, { entry: first + list.length });
      this.#said.add(bundle);
      return list;
    };
    if (bytes === null) return wrong('missing-entries', `Entries ${first} to ${first + width - 1} are missing.`);
    for (let at = 0; at < bytes.length && list.length < width; ) {
      const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
      if (end > bytes.length) return wrong('cut-entries', `It ends in the middle of entry ${first + list.length}.`);
      list.push(bytes.subarray(at + 2, end));
      at = end;
    }
    if (list.length < width) return wrong('cut-entries', `It ends before entry ${first + list.length}.`);
    const length = list.reduce((sum, entry) => sum + entry.length + 2, 0);
    if (length !== bytes.length && widthOf(this.#folder, path)) wrong('stray-bytes', `It holds more than the ${width} entries that were signed.`);
    return list;
  }
}

/** Whether a file of this very path is there: else a wider one was read, of which only the beginning counts. */
const widthOf = (folder: Folder, path: string) => folder.bytes(path) !== null;

/** Bytes of a tile; of a partial one also from a wider one, which begins with it. */
function tileBytes(folder: Folder, level: number | 'entries', index: number, width: number): Buffer | null {
  const exact = folder.bytes(pathOf(level, index, width));
  if (exact !== null || width === WIDTH) return exact;
  return folder.bytes(pathOf(level, index, WIDTH));
}

/** The hashes of a level, as its tiles have them. */
function tileHashes(folder: Folder, level: number, count: number): Hashes {
  const bytes = Buffer.alloc(count * 32);
  for (let index = 0; index * WIDTH < count; index++) {
    const width = Math.min(WIDTH, count - index * WIDTH);
    tileBytes(folder, level, index, width)?.copy(bytes, index * WIDTH * 32, 0, width * 32);
  }
  return new Hashes(bytes);
}

/** Names the entries that are not those that their tile has the hash of. */
function checkEntries(folder: Folder, read: Hashes, tile: Hashes, byTiles: boolean, entries: Entries): void {
  if (read.bytes.equals(tile.bytes) || !byTiles) return;
  for (let index = 0; index < read.count; index++) {
    if (read.at(index).equals(tile.at(index)) || entries.at(index) === null) continue;
    folder.find('tampered', 'changed-entry', 'The entry is not what was signed.', entries.pathOf(index), { entry: index, ...placeOf(entries.at(index)) });
  }
}

/** Looks at each tile: those that a log of this size has, and what else is there. */
function checkTiles(folder: Folder, leaves: Hashes, size: number): void {
  const levels: Hashes[] = [];
  for (let hashes = leaves; hashes.count > 0; hashes = hashes.above()) levels.push(hashes);
  for (const [level, hashes] of levels.entries())
    for (let index = 0; index * WIDTH < hashes.count; index++) {
      const width = Math.min(WIDTH, hashes.count - index * WIDTH);
      const path = pathOf(level, index, width);
      const found = tileBytes(folder, level, index, width);
      const expected = hashes.bytes.subarray(index * WIDTH * 32, (index * WIDTH + width) * 32);
      const first = index * WIDTH ** (level + 1);
      if (found === null) folder.find('tampered', 'missing-tile', 'The tile is missing.', path, { entry: first });
      else if (!found.subarray(0, width * 32).equals(expected)) {
        const at = Array.from({ length: width }, (_, each) => each).find(
          (each) => !found.subarray(each * 32, each * 32 + 32).equals(hashes.at(index * WIDTH + each)),
        );
        const of = first + (at ?? 0) * WIDTH ** level;
        folder.find('tampered', 'changed-tile', `Hash ${at ?? 0} of the tile is not that of what is below it.`, path, { entry: of });
      } else if (found.length > width * 32 && folder.bytes(path) !== null)
        folder.find('tampered', 'stray-bytes', `It holds more than ${width} hashes.`, path, { entry: first });
    }
  checkStray(folder, levels, size);
}

function checkStray(folder: Folder, levels: readonly Hashes[], size: number): void {
  for (const path of folder.files('ledger')) {
    if (path === 'ledger/checkpoint') continue;
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
      // Of a log that was shorter: what is there instead begins with it.
      const now = tileBytes(folder, level, index, Math.min(WIDTH, count - index * WIDTH));
      const before = folder.bytes(path);
      if (before !== null && now?.subarray(0, before.length).equals(before) !== true)
        folder.find('tampered', 'changed-tile', 'The tile of the shorter log is not what the longer one begins with.', path, { entry: index * WIDTH });
    }
  }
}

/** The end of a record in canonical form: what says where it belongs. */
const TAIL = /,"seq":([1-9][0-9]*),"stream":"(sha256:[0-9a-f]{64})","time":"[^"\\]*","v":1\}$/;

/** Looks at the order of the entries: streams without gaps, each seal closed by what it holds. */
function checkOrder(folder: Folder, entries: Entries, size: number) {
  const streams = new Map<string, number[]>();
  const state = new SealState();
  let whole = true;
  for (let index = 0; index < size; index++) {
    const entry = entries.at(index);
    const wrong = (code: string, message: string) => folder.find('tampered', code, message, entries.pathOf(index), { entry: index, ...placeOf(entry) });
    if (entry === null) {
      whole = false;
      continue;
    }
    const said = recordIn(entry);
    if (said !== null) {
      const numbers = streams.get(said.stream) ?? [];
      streams.set(said.stream, numbers);
      if (whole && said.seq !== numbers.length + 1) wrong('out-of-order', `The entry is record ${said.seq} of its stream; ${numbers.length + 1} is next.`);
      numbers[said.seq - 1] = index;
      state.positions.set(said.stream, { seq: said.seq, head: said.digest, bytes: (state.positions.get(said.stream)?.bytes ?? 0) + said.bytes });
      state.records++;
      continue;
    }
    const seal = sealIn(entry);
    if (seal === null) wrong('unknown-entry', 'The entry is neither a record nor a seal.');
    else if (whole) {
      const problem = state.close(seal, index);
      if (problem !== null) wrong('wrong-seal', problem);
    }
  }
  if (whole && size > 0 && !state.checkPositions(size))
    folder.find('tampered', 'wrong-seal', 'The newest seal does not close what it says.', entries.pathOf(size - 1), { entry: size - 1 });
  return { streams, seals: state.seals, sealedAt: state.time };
}

/** What seals have said so far. */
class SealState {
  readonly positions = new Map<string, { seq: number; head: string; bytes: number }>();
  records = 0;
  seals = 0;
  time: number | null = null;
  #first = 0;
  #streams = '';

  close(seal: JsonObject, index: number): string | null {
    const time = Date.parse(String(seal['time']));
    const expected = { number: this.seals + 1, first: this.#first, records: this.records };
    const wrong = Object.entries(expected).find(([name, value]) => seal[name] !== value);
    const before = this.time;
    this.seals++;
    this.records = 0;
    this.#first = index + 1;
    this.#streams = String(seal['streams']);
    this.time = Number.isNaN(time) ? before : time;
    if (wrong !== undefined) return `The seal says ${wrong[0]} ${String(seal[wrong[0]])}; ${wrong[1]} is right.`;
    return Number.isNaN(time) || time < (before ?? 0) ? `The seal is dated ${String(seal['time'])}, before the one before it.` : null;
  }

  /** The newest seal names all streams and how far they come, and it is the last entry. */
  checkPositions(size: number): boolean {
    return this.#first === size && digestOf(canonical(Object.fromEntries(this.positions) as unknown as Json)) === this.#streams;
  }
}

function recordIn(entry: Buffer): { stream: string; seq: number; digest: string; bytes: number } | null {
  const match = TAIL.exec(entry.subarray(-220).toString('latin1'));
  if (match !== null) return { stream: match[2] ?? '', seq: Number(match[1]), digest: digestOf(entry), bytes: entry.length + 73 };
  const value = objectIn(entry);
  const long = value?.['long'];
  if (!isObject(long)) return null;
  const { stream, seq, digest, bytes } = long as JsonObject;
  if (typeof stream !== 'string' || typeof digest !== 'string' || !Number.isSafeInteger(seq) || (seq as number) < 1 || !Number.isSafeInteger(bytes))
    return null;
  return { stream, seq: seq as number, digest, bytes: (bytes as number) + 73 };
}

function sealIn(entry: Buffer): JsonObject | null {
  const seal = objectIn(entry)?.['seal'];
  return isObject(seal) ? seal : null;
}

function objectIn(entry: Buffer | null): JsonObject | null {
  const value = readCanonical((entry === null ? undefined : utf8(entry)) ?? '');
  return isObject(value) ? value : null;
}

/** Names the record of an entry, as far as the entry can be believed. */
export function placeOf(entry: Buffer | null): { stream?: string; seq?: number; resource?: string } {
  const said = entry === null ? null : recordIn(entry);
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
