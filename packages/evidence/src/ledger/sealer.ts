// Seals what a journal has recorded. It decides first what a seal is, in a file that nothing has signed; from there on every sealer makes the
// same tiles and signs the same checkpoint, however often one dies.
import { canonicalJson, type Digest, messageOf, RedressError } from '@redress/core';
import { entryOf, JSON_AT, type Line, type Position, positionsDigest, readEntry, readNext, type Seal, sealEntry } from './entry.js';
import { type Edge, EMPTY_EDGE, edgeOf, Growth } from './growth.js';
import { type Checkpoint, type NoteSigner, openCheckpoint, signCheckpoint } from './note.js';
import { decodeEntries, partialTiles, TILE_WIDTH, type Tile, tilePath } from './tiles.js';
import { leafHash } from './tree.js';

/** Where the log and the sealer's own files are. */
export interface SealFiles {
  /** @returns null where there is no such file. */
  read(path: string): Buffer | null;
  /** Writes a file as a whole or not at all, also over another one; it is kept when this returns. */
  write(path: string, bytes: Uint8Array): void;
  /** Removes a file, if it is there. */
  remove(path: string): void;
}

/** What a sealer reads of a journal. */
export interface SealSource {
  /** Each stream and its bytes so far, of one moment: nothing is recorded meanwhile. */
  lengths(): ReadonlyMap<Digest, number>;
  /** Bytes of a stream; fewer where it is shorter. */
  read(stream: Digest, from: number, to: number): Buffer;
}

/** A stream that could not be sealed on. */
export interface Skipped {
  readonly stream: Digest;
  /** The record that is wrong. */
  readonly seq: number;
  readonly message: string;
}

/** What {@link seal} made. */
export interface SealReport {
  readonly origin: string;
  /** Entries of the log: records, and one for each seal. */
  readonly size: number;
  /** Root of the log, in Base64. */
  readonly root: string;
  readonly seal: Seal;
  /** Whether this call made it; otherwise another one has just made it, or begun it. */
  readonly made: 'sealed' | 'completed' | 'joined';
  readonly skipped: readonly Skipped[];
}

/** How far the log has come. It is only kept for speed: what it says is in the log. */
interface State {
  readonly size: number;
  readonly root: string;
  readonly seal: Seal | null;
  readonly streams: Readonly<Record<Digest, Position>>;
}

/** A seal that is decided. */
interface Plan {
  readonly before: State;
  readonly after: State;
}

const CHECKPOINT = 'ledger/checkpoint';
const PENDING = 'sealer/pending.json';
const STATE = 'sealer/state.json';
const inLedger = (tile: Tile) => `ledger/${tilePath(tile)}`;

/** The newest checkpoint, as text; null before the first seal. */
export function newestCheckpoint(files: Pick<SealFiles, 'read'>): string | null {
  return files.read(CHECKPOINT)?.toString('utf8') ?? null;
}

/**
 * Seals all that is not sealed yet. One sealer at a time: the caller holds the lock.
 *
 * @param replaced Keys of the same log that may have signed its newest checkpoint, besides that of the signer.
 * @param found The newest checkpoint before the caller waited for the lock: when another sealer has made one since, and nothing is left to
 *   seal, that is the answer.
 * @throws {RedressError} `ledger/corrupt` when the log is not what was sealed; then nothing is signed.
 */
export function seal(files: SealFiles, source: SealSource, signer: NoteSigner, replaced: readonly string[], now: number, found: string | null): SealReport {
  const begun = pendingPlan(files);
  if (begun !== null) complete(files, source, signer, replaced, begun);
  const newest = newestCheckpoint(files);
  const state = stateOf(files, newest === null ? null : openCheckpoint(newest, signer.name, [signer.verifier, ...replaced]), signer);
  const { plan, skipped } = decide(files, source, state, now);
  const done = (after: State, made: SealReport['made']): SealReport => {
    if (after.seal === null) throw new RedressError('ledger/corrupt', 'The log has entries, and no seal.');
    return { origin: signer.name, size: after.size, root: after.root, seal: after.seal, made, skipped };
  };
  // An empty interval is sealed, but not the moment after another seal.
  if (plan.after.seal?.records === 0 && state.seal !== null && (begun !== null || newest !== found))
    return done(state, begun === null ? 'joined' : 'completed');
  files.write(PENDING, Buffer.from(canonicalJson(plan)));
  complete(files, source, signer, replaced, plan);
  return done(plan.after, 'sealed');
}

function pendingPlan(files: SealFiles): Plan | null {
  const bytes = files.read(PENDING);
  return bytes === null ? null : (parsed(bytes, PENDING) as Plan);
}

/** What the next seal is. Writes nothing. */
function decide(files: SealFiles, source: SealSource, before: State, now: number): { plan: Plan; skipped: Skipped[] } {
  const { lines, streams, skipped } = unsealed(source, before.streams, source.lengths());
  const { size: first, seal: last } = before;
  // A clock that was set back must not make the order of seals doubtful.
  const time = new Date(Math.max(now, last === null ? 0 : Date.parse(last.time))).toISOString();
  const made: Seal = { number: (last?.number ?? 0) + 1, first, records: lines.length, time, streams: positionsDigest(streams) };
  const growth = grownBy(edge(files, before), lines, made);
  return { plan: { before, after: { size: growth.size, root: growth.root().toString('base64'), seal: made, streams } }, skipped };
}

/** Writes what was decided, signs it, and forgets that it was only decided. Doing it again, wholly or in part, makes the same bytes. */
function complete(files: SealFiles, source: SealSource, signer: NoteSigner, replaced: readonly string[], { before, after }: Plan): void {
  const newest = newestCheckpoint(files);
  const checkpoint = newest === null ? null : openCheckpoint(newest, signer.name, [signer.verifier, ...replaced]);
  const signed = { size: checkpoint?.size ?? 0, root: checkpoint?.root.toString('base64') ?? EMPTY.root };
  if (!same(signed, after)) {
    if (!same(signed, before)) throw corrupt(`The seal that was begun follows a log of ${before.size} entries; the newest checkpoint says ${signed.size}.`);
    if (after.seal === null) throw corrupt(`${PENDING} names no seal.`);
    const { lines } = unsealed(source, before.streams, new Map(Object.entries(after.streams).map(([stream, { bytes }]) => [stream as Digest, bytes])));
    const from = edge(files, before);
    // Nothing is written beside the log that it will not be part of.
    if (!isRoot(after, grownBy(from, lines, after.seal))) throw changed(after.seal);
    const growth = new Growth(from, (tile, bytes) => files.write(inLedger(tile), bytes));
    for (const line of lines) growth.append(entryOf({ ...line, json: source.read(line.stream, line.from, line.to).subarray(JSON_AT) }));
    growth.append(sealEntry(after.seal));
    growth.end();
    if (!isRoot(after, growth)) throw changed(after.seal);
    files.write(CHECKPOINT, Buffer.from(signCheckpoint({ origin: signer.name, size: after.size, root: Buffer.from(after.root, 'base64') }, signer)));
  }
  files.write(STATE, Buffer.from(canonicalJson(after)));
  const kept = new Set(partialTiles(after.size).map(tilePath));
  for (const tile of partialTiles(before.size)) if (!kept.has(tilePath(tile))) files.remove(inLedger(tile));
  files.remove(PENDING);
}

/** The tree after a seal, of which only the root is wanted. */
function grownBy(from: Edge, lines: readonly Unsealed[], made: Seal): Growth {
  const growth = new Growth(from, null);
  for (const { leaf } of lines) growth.appendLeaf(leaf);
  growth.appendLeaf(leafHash(sealEntry(made)));
  return growth;
}

const isRoot = ({ size, root }: State, growth: Growth) => growth.size === size && growth.root().toString('base64') === root;
const changed = ({ number }: Seal) => corrupt(`Records were changed since seal ${number} was begun.`);
const same = (one: Pick<State, 'size' | 'root'>, other: Pick<State, 'size' | 'root'>) => one.size === other.size && one.root === other.root;

/** A line that is to be sealed, by where it is: what many records hold is not kept in memory. */
interface Unsealed extends Omit<Line, 'json'> {
  readonly from: number;
  readonly to: number;
  /** Hash of its entry. */
  readonly leaf: Buffer;
}

/** Lines that are not sealed yet, in the order in which they were recorded, and how far the streams come with them. */
function unsealed(source: SealSource, sealed: State['streams'], lengths: ReadonlyMap<Digest, number>) {
  const streams: Record<Digest, Position> = { ...sealed };
  const lines: Unsealed[] = [];
  const skipped: Skipped[] = [];
  for (const [stream, bytes] of lengths) {
    const skip = (message: string) => void skipped.push({ stream, seq: (streams[stream]?.seq ?? 0) + 1, message });
    const start = sealed[stream]?.bytes ?? 0;
    if (bytes < start) {
      skip('records that are sealed are missing');
      continue;
    }
    const text = source.read(stream, start, bytes);
    for (let from = 0; ; ) {
      // What comes after the last newline is being written.
      const to = text.indexOf(10, from);
      if (to < 0) break;
      const line = readNext(stream, streams[stream], text.subarray(from, to));
      if (typeof line === 'string') {
        skip(line);
        break;
      }
      const { json: _, ...kept } = line;
      lines.push({ ...kept, from: start + from, to: start + to, leaf: leafHash(entryOf(line)) });
      from = to + 1;
      streams[stream] = { seq: line.seq, head: line.digest, bytes: start + from };
    }
  }
  for (const stream of Object.keys(sealed) as Digest[])
    if (!lengths.has(stream)) skipped.push({ stream, seq: 1, message: 'the stream is missing, and is sealed' });
  // Within a stream time does not go back, and its order holds where times are the same.
  lines.sort((a, b) => compare(a.time, b.time) || compare(a.stream, b.stream) || a.seq - b.seq);
  return { lines, streams, skipped };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The right edge of the log, which has to have the root that was signed: nothing is sealed on top of tiles that were changed. */
function edge(files: SealFiles, { size, root }: Pick<State, 'size' | 'root'>): Edge {
  if (size === 0) return EMPTY_EDGE;
  const found = edgeOf(size, (tile) => files.read(inLedger(tile)), decodeEntries);
  if (new Growth(found, null).root().toString('base64') !== root) throw corrupt('The last tiles of the log do not have the root that was signed.');
  return found;
}

const EMPTY: State = { size: 0, root: new Growth(EMPTY_EDGE, null).root().toString('base64'), seal: null, streams: {} };

/** How far a log has come: as it was kept, or read from its entries. */
function stateOf(files: SealFiles, checkpoint: Checkpoint | null, signer: NoteSigner): State {
  if (checkpoint === null) return EMPTY;
  const signed = { size: checkpoint.size, root: checkpoint.root.toString('base64') };
  return keptState(files, signed) ?? reread(files, signed, signer);
}

/** What was kept, if it is what the newest seal says. */
function keptState(files: SealFiles, signed: Pick<State, 'size' | 'root'>): State | null {
  const bytes = files.read(STATE);
  if (bytes === null) return null;
  const last = edge(files, signed).entries.at(-1);
  if (last === undefined) return null;
  try {
    const kept = parsed(bytes, STATE) as State;
    const said = readEntry(last);
    return same(kept, signed) && 'seal' in said && positionsDigest(kept.streams) === said.seal.streams ? { ...kept, seal: said.seal } : null;
  } catch {
    return null;
  }
}

/** Reads all entries. Needed when nothing was kept, or when the newest seal is the last entry of a full bundle. */
function reread(files: SealFiles, signed: Pick<State, 'size' | 'root'>, signer: NoteSigner): State {
  const streams: Record<Digest, Position> = {};
  let last: Seal | null = null;
  const growth = new Growth(EMPTY_EDGE, null);
  for (let index = 0; index * TILE_WIDTH < signed.size; index++) {
    const width = Math.min(TILE_WIDTH, signed.size - index * TILE_WIDTH);
    const bytes = files.read(inLedger({ level: 'entries', index, width }));
    if (bytes === null) throw corrupt(`Entries from ${index * TILE_WIDTH} on are missing.`);
    for (const entry of decodeEntries(bytes)) {
      growth.append(entry);
      const said = readEntry(entry);
      if ('seal' in said) last = said.seal;
      else streams[said.stream] = { ...said.after, bytes: (streams[said.stream]?.bytes ?? 0) + said.bytes };
    }
  }
  if (growth.size !== signed.size || growth.root().toString('base64') !== signed.root) throw corrupt(`The entries are not what ${signer.name} has signed.`);
  return { ...signed, seal: last, streams };
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw corrupt(`${path} cannot be read: ${messageOf(cause)}`);
  }
}

function corrupt(message: string): RedressError {
  return new RedressError('ledger/corrupt', `${message} Nothing was signed.`, { next: 'Find out with `redress evidence verify` what was changed.' });
}
