// Seals what a journal has recorded. It first decides the content of a seal, visibly for all sealers, and before anything is signed. From then on, every
// sealer creates the same tiles and signs the same checkpoint, however many there are and however often one dies.
import { canonicalJson, digestOf, messageOf, RedressError } from '@redress/core';
import { sameCheckpoint } from './anchor.js';
import { Archives, archivePath, heldIn } from './archive.js';
import {
  type Break,
  type Naming,
  NOTHING_SAID,
  namingIn,
  type Position,
  positionsDigest,
  type Rotation,
  readEntry,
  type Said,
  type Seal,
  saidAfter,
  sealEntry,
} from './entry.js';
import { type Edge, EMPTY_EDGE, edgeOf, Growth } from './growth.js';
import { hasDecided, keyName, type NoteSigner, openCheckpoint, signCheckpoint, signDecision } from './note.js';
import { breakPath, breaksOf, type LastSeal, lastIn, proofOfLast, rotationPath, rotationsOf } from './rotation.js';
import type { JournalSource, LedgerStore, Positions } from './store.js';
import { decodeEntries, edgesBetween, partialTiles, TILE_WIDTH, type Tile, tilePath } from './tiles.js';
import { leafHash } from './tree.js';
import { entriesOf, type Found, readUnsealed, type Skipped, type Unsealed } from './unsealed.js';
import { type Cosigned, cosign, type NotCosigned, type Witness } from './witness.js';

export type { Skipped } from './unsealed.js';
export type { Cosigned, NotCosigned } from './witness.js';

/** Result of a sealer. */
export interface SealReport {
  readonly origin: string;
  /** Number of entries of the log: records, and one for each seal. */
  readonly size: number;
  /** Root of the log, in Base64. */
  readonly root: string;
  readonly seal: Seal;
  /** Whether this call made the seal, completed one that another had begun, or found one that another had just made. */
  readonly made: 'sealed' | 'completed' | 'joined';
  readonly skipped: readonly Skipped[];
  /** The newest checkpoint, as a signed note with the cosignatures of witnesses. Keep a copy of it elsewhere. */
  readonly checkpoint: string;
  /** Witnesses that have cosigned it. */
  readonly cosigned: readonly Cosigned[];
  /** Witnesses that have not. The seal is valid nevertheless. */
  readonly notCosigned: readonly NotCosigned[];
}

/** Input of {@link seal}. */
export interface Sealer {
  readonly store: LedgerStore;
  readonly source: JournalSource;
  readonly signer: NoteSigner;
  /** Keys of the same log that may have signed its newest checkpoint, besides that of the signer. */
  readonly replaced: readonly string[];
  /** Days for which documents are kept after their seal. If set, they are stored in archives. */
  readonly documentsFor?: number | undefined;
  /** Witnesses that are asked to cosign the checkpoint. */
  readonly witnesses?: readonly Witness[];
  readonly now: number;
}

/** How many entries a log has, and the root of their tree in Base64. */
interface Size {
  readonly size: number;
  readonly root: string;
}

/** The position of the log. */
interface State extends Size {
  readonly seal: Seal | null;
  readonly streams: Positions;
  readonly said: Said;
}

/** State that is kept only for speed. The positions of streams are used only if they match the newest seal, and nothing else in it is used. */
type Kept = Pick<State, 'seal' | 'streams'>;

/** A decided seal. */
interface Plan {
  readonly before: Size;
  readonly after: Size & { readonly seal: Seal };
  /** The new positions of the streams that have grown. */
  readonly streams: Positions;
  /** The previous seal, if a lost key had begun it and not signed it. Its entry comes first, under the same checkpoint. */
  readonly begun?: Seal;
}

/** A decided seal with its signature. Other sealers complete what the log's key has signed, and nothing that somebody else has put there. */
interface Decided extends Plan {
  /** A note over the digest of all the rest. */
  readonly signed: string;
}

/** A signed log. */
interface Log {
  /** The version of its checkpoint; null before the first one. */
  readonly version: string | null;
  readonly note: string;
  /** The key that has signed it. */
  readonly by: string;
  readonly state: State;
  readonly edge: Edge;
}

const inLedger = (tile: Tile) => `ledger/${tilePath(tile)}`;
const DAY = 86_400_000;
/** A hundred years. */
const MOST_DAYS = 36_500;
/** Maximum length in characters. An entry has to hold it, whatever the characters. */
const LONGEST_REASON = 1000;
/** Concurrent writes. */
const AT_ONCE = 4;

/**
 * Seals everything that is not sealed yet. An interval without records is signed too.
 *
 * @throws {RedressError} `ledger/corrupt` if the log is not what was sealed. Then nothing is signed.
 */
export async function seal(sealer: Sealer): Promise<SealReport> {
  const { documentsFor: days } = sealer;
  if (days !== undefined && !(Number.isSafeInteger(days) && days >= 1 && days <= MOST_DAYS))
    throw new RedressError('ledger/invalid', `Documents are kept for 1 to ${MOST_DAYS} days, not ${days}.`);
  const found = (await sealer.store.checkpoint())?.note ?? null;
  const report = await sealer.store.alone(() => sealed(sealer, found, null));
  return { ...report, ...(await witnessed(sealer, report)) };
}

/** Sealing does not wait for witnesses. Their cosignatures are added to a checkpoint, unless another one has replaced it. */
async function witnessed(
  { store, witnesses = [] }: Sealer,
  { checkpoint, seal: made }: Sealed,
): Promise<Pick<SealReport, 'checkpoint' | 'cosigned' | 'notCosigned'>> {
  const { note, cosigned, notCosigned } = await cosign(checkpoint, made.first, witnesses, (tile) => store.read(inLedger(tile)));
  if (note !== checkpoint)
    await store.alone(async () => {
      const newest = await store.checkpoint();
      if (newest?.note === checkpoint) await store.publish(note, newest.version);
    });
  return { checkpoint: note, cosigned, notCosigned };
}

/** A seal, without cosignatures of witnesses. */
type Sealed = Omit<SealReport, 'cosigned' | 'notCosigned'>;

/** The key that replaces another one. */
export interface NextKey {
  readonly next: NoteSigner;
  /** Who replaces the key, and why. The log keeps this permanently. */
  readonly by: string;
  readonly reason: string;
}

/** A replaced key. */
export interface Rotated {
  readonly rotation: Rotation;
  /** Number of the entry that records it, and when it was sealed. The new key signs what comes after it. */
  readonly entry: number;
  readonly since: string;
  /** The first seal of the new key. */
  readonly report: SealReport;
}

/**
 * Replaces the key of a log. The signer's key seals once more, and this seal announces the next key. The next key then seals. From then on {@link seal}
 * works only with the next key. If the call dies, repeat it with the same keys.
 *
 * @throws {RedressError} `ledger/key` if the next key cannot sign, is of another log, or has signed for this one before; `ledger/invalid` without a name or
 *   a reason, or if one of them exceeds 1,000 characters; else as {@link seal}.
 */
export async function rotate(sealer: Sealer, next: NextKey): Promise<Rotated> {
  const { store, signer, replaced } = sealer;
  await checkNext(sealer, next);
  const announced = await store.alone(() => sealed({ ...sealer, replaced: [...replaced, next.next.verifier] }, null, next));
  const { rotation, time, first, records } = await announcedIn(store, next.next);
  const after: Sealer = { ...sealer, signer: next.next, replaced: [...replaced, signer.verifier] };
  const { by } = openCheckpoint((await store.checkpoint())?.note ?? '', signer.name, [next.next.verifier, signer.verifier, ...replaced]);
  return {
    rotation,
    entry: first + records,
    since: time,
    report: by === next.next.verifier ? { ...announced, ...(await witnessed(after, announced)) } : await seal(after),
  };
}

/**
 * Seals while a key is being replaced. It does {@link rotate} if that is still due, otherwise it seals new records with the new key. It is for scheduled
 * sealers, which cannot know which of the two is due.
 */
export async function sealRotating(sealer: Sealer, next: NextKey): Promise<Rotated> {
  const rotated = await rotate(sealer, next);
  if (rotated.report.made === 'sealed') return rotated;
  return { ...rotated, report: await seal({ ...sealer, signer: next.next, replaced: [...sealer.replaced, sealer.signer.verifier] }) };
}

/** A key that is lost. */
export interface LostKey {
  /** The key that has signed the newest checkpoint, in the form for verifiers. */
  readonly lost: string;
  /** Who states that it is lost, and how that happened. The log keeps this permanently. */
  readonly by: string;
  readonly reason: string;
}

/** A log that continues without the previous key. */
export interface Broken {
  readonly break: Break;
  /** Number of the entry that records it, and when it was sealed. */
  readonly entry: number;
  readonly since: string;
  readonly report: SealReport;
}

/**
 * Continues with the signer's key if the previous key is lost, and could not announce it. The log records this, with the person and the reason, and
 * keeps the last checkpoint of the lost key. No trusted key has signed that one key follows the other. Verifiers report this until their trust file
 * says it. A seal that the lost key had begun is completed as it was decided, but a rotation in it announces nothing. If the call dies, repeat it with
 * the same key.
 *
 * @throws {RedressError} `ledger/key` if the given lost key has not signed the newest checkpoint, if it has announced the signer's key, or if the
 *   signer's key was replaced or lost before; `ledger/invalid` without a name or a reason, or with one of more than 1,000 characters; else as
 *   {@link seal}.
 */
export async function declareBreak(sealer: Sealer, lost: LostKey): Promise<Broken> {
  checkSaid(lost, 'Who says that the key of a ledger is lost, and why,');
  const found = await sealer.store.alone(() => broken(sealer, lost));
  const { break: said, time, first, records } = found.seal;
  if (said === undefined) throw corrupt('What was decided does not say that a key is lost.');
  return { break: said, entry: first + records, since: time, report: { ...found, ...(await witnessed(sealer, found)) } };
}

async function broken(sealer: Sealer, { lost, by, reason }: LostKey): Promise<Sealed> {
  const { store, signer } = sealer;
  const log = await opened({ ...sealer, replaced: [...sealer.replaced, lost] });
  const { state } = log;
  await tidy(sealer, state);
  const { size, root, seal: last } = state;
  const report = { origin: signer.name, skipped: [] };
  if (last?.break?.to === signer.verifier && last.break.from === lost) return { ...report, size, root, seal: last, made: 'joined', checkpoint: log.note };
  const next = (last?.number ?? 0) + 1;
  const signed = await announcedBeyond(store, state);
  const [one, two] = [await store.decided(next), await store.decided(next + 1)];
  const begun = one === null ? null : planIn(one, next);
  const further = two === null ? null : planIn(two, next + 1);
  if (begun === null && further === null && signed !== null) throw undecided(signed);
  let plan = [begun, further].find((each) => each?.after.seal.break !== undefined) ?? null;
  if (plan === null) {
    await checkLost(sealer, log, lost);
    if (begun !== null) checkDecided(sealer, state, begun, [last?.rotation?.to ?? lost]);
    const number = next + (begun === null ? 0 : 1);
    const made = breakPlan(log, begun, { from: lost, to: signer.verifier, entries: size, by, reason }, sealer, await linesOf(sealer, log, begun));
    plan = planIn(await store.decide(number, await decision(made, signer)), number);
  }
  const checkpoint = await complete(sealer, log, plan, null);
  return { ...report, ...plan.after, made: 'sealed', checkpoint };
}

/** The lines of a seal that was begun. */
async function linesOf({ source }: Sealer, { state }: Pick<Log, 'state'>, begun: Pick<Plan, 'streams'> | null): Promise<readonly Unsealed[]> {
  return begun === null ? [] : (await readUnsealed(source, state.streams, new Map(Object.entries(begun.streams) as [keyof Positions, Position][]))).lines;
}

/** Only the key that signed last can be declared lost, and only a key that has never signed can continue. */
async function checkLost({ store, signer }: Sealer, { by, state: { said, seal: last } }: Log, lost: string): Promise<void> {
  const no = (message: string, next: string) => new RedressError('ledger/key', message, { next });
  if (by === '') throw no('No key has sealed this ledger, so none can be lost.', 'Seal with the key that you have.');
  if (by !== lost)
    throw no(`The newest checkpoint is signed by ${keyName(by)}, not by ${keyName(lost)}.`, '`redress evidence verify` shows which key has sealed.');
  if (signer.verifier === lost) throw no(`${keyName(lost)} is the key that was declared lost.`, 'Give the new key.');
  if (last?.rotation?.from === lost && last.rotation.to === signer.verifier)
    throw no(`${keyName(lost)} has announced ${keyName(signer.verifier)}: nothing is broken.`, 'Seal with that key.');
  const replaced = (await rotationsOf(store, said.rotations)).some((each) => each.rotation.from === signer.verifier);
  if (replaced || (await breaksOf(store)).some((note) => isOf(note, signer)))
    throw no(`${keyName(signer.verifier)} has signed for this ledger before.`, 'Make a new key.');
  await checkSigns(signer);
}

function isOf(note: string, { name, verifier }: NoteSigner): boolean {
  try {
    openCheckpoint(note, name, [verifier]);
    return true;
  } catch {
    return false;
  }
}

function breakPlan({ state, edge }: Log, begun: Plan | null, lost: Omit<Break, 'number' | 'unsigned'>, { now }: Sealer, lines: readonly Unsealed[]): Plan {
  const { size, root, seal: last } = state;
  const before = begun?.after.seal ?? last;
  const unsigned = begun?.after.seal.rotation?.number;
  const said = begun === null ? state.said : saidAfter(state.said, begun.after.seal);
  const made = saying(said, {
    number: (before?.number ?? 0) + 1,
    first: begun?.after.size ?? size,
    records: 0,
    // Two keys must not sign at the same moment.
    time: new Date(Math.max(now, before === null ? 0 : Date.parse(before.time) + 1)).toISOString(),
    streams: before?.streams ?? positionsDigest({}),
    break: { number: said.breaks + 1, ...lost, ...(unsigned === undefined ? {} : { unsigned }) },
  });
  const seals = begun === null ? [made] : [begun.after.seal, made];
  return {
    before: { size, root },
    after: { ...sizeOf(grownBy(edge, lines, seals)), seal: made },
    streams: begun?.streams ?? {},
    ...(begun === null ? {} : { begun: begun.after.seal }),
  };
}

/** Signs the empty log with a key. This contradicts no other checkpoint. */
async function checkSigns(key: NoteSigner): Promise<void> {
  await signCheckpoint({ origin: key.name, size: 0, root: new Growth(EMPTY_EDGE, null).root() }, key);
}

/** A key that cannot sign must not be announced: nobody could seal after that. */
async function checkNext({ signer }: Sealer, { next, by, reason }: NextKey): Promise<void> {
  checkSaid({ by, reason }, 'Who replaces the key of a ledger, and why,');
  if (next.name !== signer.name)
    throw new RedressError('ledger/key', `The next key belongs to ${next.name}, but the ledger is ${signer.name}.`, { next: 'Make one with the same origin.' });
  if (next.verifier === signer.verifier) throw new RedressError('ledger/key', `${keyName(next.verifier)} is the key that signs already.`);
  await checkSigns(next);
}

/** Checked before any decision: a decision that gives no valid entry could be neither completed nor revoked. */
function checkSaid({ by, reason }: { readonly by: string; readonly reason: string }, what: string): void {
  if (by.trim() === '' || reason.trim() === '') throw new RedressError('ledger/invalid', `${what} is recorded. Give both.`);
  if (Math.max(by.length, reason.length) > LONGEST_REASON)
    throw new RedressError('ledger/invalid', `${what} may have ${LONGEST_REASON} characters each.`, { next: 'Shorten it.' });
}

/** The seal that has announced a key. */
async function announcedIn(store: LedgerStore, { verifier }: NoteSigner) {
  for (let count = 1; ; count++) {
    const seal = (await rotationsOf(store, count))[count - 1];
    if (seal?.rotation.to === verifier) return seal;
  }
}

/**
 * A replaced key signs nothing more, so that it is clear which key signs which checkpoints. A key can only follow if a record announces it. If the previous
 * key is lost, a person declares that.
 */
function checkSigner(signer: NoteSigner, { seal: last }: State, by: string, announced: readonly LastSeal[]): void {
  const replaced = (key: string) => announced.find((each) => each.rotation.from === key)?.rotation;
  const ofNewest = replaced(by);
  if (ofNewest !== undefined && ofNewest.number !== last?.rotation?.number)
    throw corrupt(`The newest checkpoint is signed by ${keyName(by)}, which ${keyName(ofNewest.to)} had replaced.`);
  const ofSigner = replaced(signer.verifier);
  if (ofSigner !== undefined)
    throw new RedressError(
      'ledger/key',
      `${keyName(signer.verifier)} no longer signs for this ledger: ${keyName(ofSigner.to)} has replaced it. Nothing was signed.`,
      { next: 'Seal with the key that has replaced it.' },
    );
  if (by !== '' && by !== signer.verifier && last?.rotation?.to !== signer.verifier)
    throw new RedressError(
      'ledger/key',
      `The newest checkpoint is signed by ${keyName(by)}, which has not announced ${keyName(signer.verifier)}. Nothing was signed.`,
      { next: `Replace it (\`redress evidence rotate\`). If it is lost, declare it: \`redress evidence break --lost ${keyName(by)}\`.` },
    );
}

/**
 * @param found The newest checkpoint at the start. If another sealer has created a newer one and nothing is left to seal, that one is returned.
 * @param next The key to announce. If it is announced already, that result is returned.
 */
async function sealed(sealer: Sealer, found: string | null, next: NextKey | null): Promise<Sealed> {
  const { store, source, signer } = sealer;
  for (let completed = false; ; ) {
    const log = await opened(sealer);
    const { state } = log;
    await tidy(sealer, state);
    const { size, root, seal: last } = state;
    // It is announced, by this sealer or before; or this sealer has completed the announcement and has nothing left to do.
    const announced = await rotationsOf(store, state.said.rotations);
    const to = announced.at(-1)?.rotation.to;
    if (last !== null && (next === null ? completed && last.rotation?.from === signer.verifier : to === next.next.verifier))
      return { origin: signer.name, size, root, seal: last, made: completed ? 'completed' : 'joined', skipped: [], checkpoint: log.note };
    checkSigner(signer, state, log.by, announced);
    const number = (last?.number ?? 0) + 1;
    // Read before the decision: a sealer that signed an announcement had decided it before.
    const signed = await announcedBeyond(store, state);
    const begun = await store.decided(number);
    if (begun === null && signed !== null) throw undecided(signed);
    if (begun !== null) {
      completed = true;
      await complete(sealer, log, planIn(begun, number), null);
      continue;
    }
    const fresh = await readUnsealed(source, state.streams, await source.ends(state.streams));
    const skipped = [...fresh.skipped, ...(await source.gone(state.streams)).map((stream) => ({ stream, seq: 1, message: GONE }))];
    const report = { origin: sealer.signer.name, skipped };
    // An empty interval is sealed, but not immediately after another seal.
    if (next === null && fresh.lines.length === 0 && last !== null && (completed || found === null || !sameCheckpoint(log.note, found)))
      return { ...report, size, root, seal: last, made: completed ? 'completed' : 'joined', checkpoint: log.note };
    const plan = planned(log, fresh, sealer, next === null ? null : rotationTo(signer, next, announced));
    const bytes = await decision(plan, signer);
    const decided = await store.decide(number, bytes);
    const mine = decided.equals(bytes);
    // If another sealer was first, its decision counts. Records that it did not see are left to the next seal.
    const checkpoint = await complete(sealer, log, mine ? plan : planIn(decided, number), mine ? fresh.lines : null);
    if (mine) return { ...report, ...plan.after, made: 'sealed', checkpoint };
  }
}

/** The announcement of a key in a checkpoint that was signed but not published; null if there is none. */
async function announcedBeyond(store: LedgerStore, { said, size }: State): Promise<string | null> {
  const path = rotationPath(said.rotations + 1);
  const proof = await store.read(path);
  return proof === null || lastIn(proof) < size ? null : path;
}

/** The key has signed a log of this size. Another log of the same size would be a second history. */
function undecided(path: string): RedressError {
  return new RedressError('ledger/corrupt', `${path} announces a key, but the log does not, and the decision about it is gone. Nothing was signed.`, {
    next: 'Put back the decision that was moved away from `sealer`, and run the replacement again with the same two keys. If it is lost, make sure that nobody has a copy of the announcement, and move the announcement away: another checkpoint of the same size will be signed.',
  });
}

const GONE = 'the stream is missing, and is sealed';

function rotationTo(signer: NoteSigner, { next, by, reason }: NextKey, before: readonly LastSeal[]): Rotation {
  if (before.some((each) => each.rotation.from === next.verifier))
    throw new RedressError('ledger/key', `${keyName(next.verifier)} has signed for this ledger before, and was replaced.`, { next: 'Make a new key.' });
  return { number: before.length + 1, from: signer.verifier, to: next.verifier, by, reason };
}

/** The content of the next seal. */
function planned({ state: before, edge }: Log, { lines, grown }: Found, { now, documentsFor }: Sealer, rotation: Rotation | null): Plan {
  const { size: first, root, seal: last } = before;
  // The order of seals must stay clear even if a clock was set back, and two keys must not seal at the same moment.
  const earliest = last === null ? 0 : Date.parse(last.time) + (last.rotation === undefined ? 0 : 1);
  const time = new Date(Math.max(now, earliest)).toISOString();
  const streams = positionsDigest({ ...before.streams, ...grown });
  const documents =
    documentsFor === undefined || lines.length === 0
      ? {}
      : { documents: { from: before.said.documents, until: new Date(Date.parse(time) + documentsFor * DAY).toISOString() } };
  const made = saying(before.said, {
    ...{ number: (last?.number ?? 0) + 1, first, records: lines.length, time, streams },
    ...{ ...documents, ...(rotation === null ? {} : { rotation }) },
  });
  return { before: { size: first, root }, after: { ...sizeOf(grownBy(edge, lines, [made])), seal: made }, streams: grown };
}

/** A seal, with the summary of all seals so far. */
const saying = (before: Said, made: Seal): Seal => ({ ...made, said: saidAfter(before, made) });

/** The part of a plan that others need to complete it. */
async function decision(plan: Plan, signer: NoteSigner): Promise<Buffer> {
  return Buffer.from(canonicalJson({ ...plan, signed: await signDecision(digestOf(plan), signer) } satisfies Decided));
}

/**
 * Checks who has signed a decision. Otherwise anybody who can write decisions could announce a key, date a seal, or give up documents without a key of the
 * log. A replaced or lost key can decide nothing more, because somebody may have stolen it.
 *
 * @param keys Keys that may have decided it: the current one.
 */
function checkDecided({ signer: { name } }: Sealer, { seal: last }: State, { signed, ...plan }: Plan & Partial<Decided>, keys: readonly string[]): void {
  if (typeof signed === 'string' && hasDecided(signed, digestOf(plan), name, keys)) return;
  // Versions before this one signed no decisions, and their seals had no summary of earlier seals. After the first seal with a summary, their decisions are
  // invalid.
  if (signed === undefined && last?.said === undefined && plan.after.seal.said === undefined) return;
  throw new RedressError('ledger/corrupt', `The key that signs this ledger has not decided seal ${plan.after.seal.number}. Nothing was signed.`, {
    next: 'Find out who wrote the decision below `sealer`, and move it away. If an older version of Redress began the seal, complete it with that version.',
  });
}

/**
 * Writes what was decided, signs it, and updates the state that is kept for speed. Repeating it, in whole or in part, creates the same bytes.
 *
 * @param read The lines of the seal, if this sealer has just read and decided them. Otherwise they are read and checked first.
 * @returns the newest checkpoint afterwards.
 */
async function complete(sealer: Sealer, log: Log, plan: Plan | Decided, read: readonly Unsealed[] | null): Promise<string> {
  const { store, source } = sealer;
  const { before, after, streams } = plan;
  await checkTurn(sealer, log, plan);
  if (read === null) checkDecided(sealer, log.state, plan, [sealer.signer.verifier]);
  const lines = read ?? (await linesOf(sealer, log, plan));
  // Nothing is written beside the log that will not become part of it.
  if (read === null && !same(after, sizeOf(grownBy(log.edge, lines, sealsOf(plan))))) throw changed(after.seal);
  const { named, path } = await grow(sealer, log, plan, lines);
  await keepDocuments(sealer, log, plan, named);
  const note = await sign(sealer, log, plan, path);
  await source.sealing(after.size);
  if (!(await published(store, log, note))) return passed(sealer, after);
  const kept: Kept = { seal: after.seal, streams: { ...log.state.streams, ...streams } };
  await store.keep(after.seal.number, Buffer.from(canonicalJson(kept)));
  await source.sealed(streams);
  for (const each of sealsOf(plan)) await release(sealer, each);
  await over(store, before, after);
  return note;
}

/** The seals of a plan, in order. The records belong to the first one. */
const sealsOf = ({ begun, after }: Plan): readonly [Seal, ...Seal[]] => (begun === undefined ? [after.seal] : [begun, after.seal]);

/** A seal has to follow the log that it was decided on. If it announces a key, or declares one lost, the key that began it has to complete it. */
async function checkTurn({ store, signer }: Sealer, { state }: Log, { before, after: { seal: made } }: Plan): Promise<void> {
  if (!same(before, state)) throw corrupt(`The unfinished seal follows a log of ${before.size} entries; the newest checkpoint says ${state.size}.`);
  const refuse = (message: string, next: string) => new RedressError('ledger/key', `${message} Nothing was signed.`, { next });
  const { rotation, break: lost } = made;
  if (rotation !== undefined && rotation.from !== signer.verifier)
    throw refuse(
      `${keyName(rotation.from)} has begun to announce ${keyName(rotation.to)}, and has to complete that.`,
      `Run the replacement again, with the same two keys. If ${keyName(rotation.from)} is lost, declare it: \`redress evidence break\`.`,
    );
  if (lost !== undefined && lost.to !== signer.verifier)
    throw refuse(
      `${keyName(lost.from)} was declared lost, and ${keyName(lost.to)} continues.`,
      `Run \`redress evidence break\` again with ${keyName(lost.to)}, to complete that.`,
    );
  if (rotation !== undefined && (await store.decided(made.number + 1)) !== null)
    throw refuse(`${keyName(rotation.from)} was declared lost before it announced another key.`, 'Complete with `redress evidence break` what was begun.');
}

/** A log that has grown. */
interface Grown {
  /** The records whose documents its seal has to keep. */
  readonly named: readonly Naming[];
  /** The inclusion proof of its last entry: sibling hashes from the entry up to below the root. */
  readonly path: readonly Buffer[];
}

/** Writes the tiles of a seal. */
async function grow({ store, source }: Sealer, { state, edge }: Log, plan: Plan, lines: readonly Unsealed[]): Promise<Grown> {
  const { before, after, begun } = plan;
  const [{ documents }] = sealsOf(plan);
  const writes = new Writes(store);
  const growth = new Growth(edge, (tile, bytes) => writes.add(inLedger(tile), bytes));
  const named: Naming[] = documents === undefined ? [] : await namedBefore(store, documents.from, before.size);
  const keeps = documents !== undefined || state.said.documents > 0;
  for await (const { entry, leaf, json } of entriesOf(source, lines)) {
    growth.append(entry, leaf);
    const naming = keeps ? namingIn(json) : null;
    if (naming !== null) named.push(naming);
    if (writes.full) await writes.room();
  }
  if (begun !== undefined) growth.append(sealEntry(begun));
  const path = growth.pathOfNext();
  growth.append(sealEntry(after.seal));
  growth.end();
  await writes.end();
  if (!same(after, sizeOf(growth))) throw changed(after.seal);
  return { named, path };
}

/** Stores the documents of a seal in an archive, or separately if this seal says nothing about them and other seals do. */
async function keepDocuments(sealer: Sealer, { state }: Log, plan: Plan, named: readonly Naming[]): Promise<void> {
  const [first] = sealsOf(plan);
  await archive(sealer, first, named);
  if (first.documents === undefined && state.said.documents > 0) await sealer.source.apart?.(named);
}

/** Signs the checkpoint of a log that has grown. It also keeps what this key, or the one before, has signed, if the next checkpoint does not show it. */
async function sign({ store, signer }: Sealer, { note: newest }: Log, { after }: Plan, path: readonly Buffer[]): Promise<string> {
  const { rotation, break: lost } = after.seal;
  const note = await signCheckpoint({ origin: signer.name, size: after.size, root: Buffer.from(after.root, 'base64') }, signer);
  // The next checkpoint is signed by another key, so the checkpoint of this one is kept.
  if (rotation !== undefined) await store.create(rotationPath(rotation.number), proofOfLast(sealEntry(after.seal), after.size - 1, path, note));
  // The lost key's last checkpoint is kept as it was: nothing else of it would be left.
  if (lost !== undefined) await store.create(breakPath(lost.number), Buffer.from(newest));
  return note;
}

/** Replaces the newest checkpoint. @returns false if another sealer was faster. */
async function published(store: LedgerStore, { version, note: before }: Log, note: string): Promise<boolean> {
  for (let replaces = version; !(await store.publish(note, replaces)); ) {
    const newest = await store.checkpoint();
    // If a witness has only cosigned the previous one, that version is replaced.
    if (newest === null || newest.version === replaces || !sameCheckpoint(newest.note, before)) return false;
    replaces = newest.version;
  }
  return true;
}

/** Sealed records with documents about whose retention no seal has said anything, from entry `from` on. */
async function namedBefore(store: LedgerStore, from: number, size: number): Promise<Naming[]> {
  const named: Naming[] = [];
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
    const first = index * TILE_WIDTH;
    const bytes = await store.read(inLedger({ level: 'entries', index, width: Math.min(TILE_WIDTH, size - first) }));
    if (bytes === null) throw corrupt(`Entries from ${first} on are missing.`);
    for (const [at, entry] of decodeEntries(bytes).entries()) {
      const naming = first + at < from ? null : namingIn(entry);
      if (naming !== null) named.push(naming);
    }
  }
  return named;
}

/** Stores the documents of a seal in archives before it is published. From then on they are in both places, or only in the archive. */
async function archive({ store, source }: Sealer, { number, documents }: Seal, named: readonly Naming[]): Promise<void> {
  if (documents === undefined || (await store.read(archivePath(number, 0))) !== null) return;
  const until = new Date(documents.until);
  const archives = new Archives(number);
  let first: Buffer | null = null;
  let part = 0;
  const keep = async (bytes: Buffer | null) => {
    if (bytes === null) return;
    if (first === null) first = bytes;
    else await store.archive(archivePath(number, ++part), bytes, until);
  };
  for await (const text of source.documents(named)) await keep(archives.add(text));
  await keep(archives.end());
  // The first archive is written last: if it exists, so do the others.
  if (first !== null) await store.archive(archivePath(number, 0), first, until);
}

/** Lets the journal remove its own copies of what an archive holds, once the archive can be read. */
async function release({ store, source }: Sealer, { number, documents }: Seal): Promise<void> {
  if (documents === undefined || source.archived === undefined) return;
  for (let part = 0; ; part++) {
    const bytes = await store.read(archivePath(number, part));
    if (bytes === null) return;
    await source.archived(heldIn(bytes));
  }
}

/** Another sealer was faster. Its checkpoint covers as much, and it does the rest. */
async function passed({ store, signer, replaced }: Sealer, after: Plan['after']): Promise<string> {
  const newest = await store.checkpoint();
  const { rotation } = after.seal;
  const keys = [signer.verifier, ...replaced, ...(rotation === undefined ? [] : [rotation.to])];
  const { size, root } = newest === null ? EMPTY_EDGE_OPENED : openCheckpoint(newest.note, signer.name, keys);
  if (newest === null || size < after.size || (size === after.size && root.toString('base64') !== after.root))
    throw corrupt(`Another checkpoint was put in place of that of ${after.size} entries.`);
  return newest.note;
}

const EMPTY_EDGE_OPENED = { size: 0, root: Buffer.alloc(0) };

/** Removes what a sealer that died may have left of its seal. */
async function tidy(sealer: Sealer, { seal: last, size, root }: State): Promise<void> {
  const left = last === null ? null : await sealer.store.decided(last.number);
  if (last === null || left === null) return;
  await release(sealer, last);
  await over(sealer.store, planIn(left, last.number).before, { size, root, seal: last });
}

/** Removes what was only needed until a seal was complete, and what a dead sealer has left whose decision was moved away. */
async function over(store: LedgerStore, before: Size, after: Plan['after']): Promise<void> {
  const kept = new Set(partialTiles(after.size).map(inLedger));
  for (const tile of edgesBetween(before.size, after.size))
    for (const path of await store.partials(inLedger(tile))) if (!kept.has(path)) await store.remove(path);
  await store.forget(after.seal.number);
}

/** Writes several files at once. A failure is reported by the next call. */
class Writes {
  readonly #store: LedgerStore;
  readonly #pending = new Set<Promise<void>>();
  #failed: { readonly error: unknown } | null = null;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  add(path: string, bytes: Buffer): void {
    const write = this.#store
      .create(path, bytes)
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .finally(() => this.#pending.delete(write));
    this.#pending.add(write);
  }

  get full(): boolean {
    return this.#pending.size >= AT_ONCE;
  }

  async room(): Promise<void> {
    await Promise.race(this.#pending);
    if (this.#failed !== null) await this.end();
  }

  async end(): Promise<void> {
    await Promise.all(this.#pending);
    if (this.#failed !== null) throw this.#failed.error;
  }
}

/** The tree after a seal, if only its root is needed. */
function grownBy(from: Edge, lines: readonly Unsealed[], made: readonly Seal[]): Growth {
  const growth = new Growth(from, null);
  for (const { leaf } of lines) growth.appendLeaf(Buffer.from(leaf, 'latin1'));
  for (const each of made) growth.appendLeaf(leafHash(sealEntry(each)));
  return growth;
}

const sizeOf = (growth: Growth): Size => ({ size: growth.size, root: growth.root().toString('base64') });
const same = (one: Size, other: Size) => one.size === other.size && one.root === other.root;
const changed = ({ number }: Seal) => corrupt(`Records were changed since seal ${number} was begun.`);

function planIn(bytes: Buffer, seal: number): Decided {
  const plan = parsed(bytes, `What was decided about seal ${seal}`) as Decided;
  if (plan?.after?.seal?.number !== seal) throw corrupt(`What was decided about seal ${seal} belongs to another seal.`);
  return plan;
}

/** The signed log, with the right edge that has its root: nothing is sealed on top of changed tiles. */
async function opened(sealer: Sealer): Promise<Log> {
  const { store, signer, replaced } = sealer;
  const newest = await store.checkpoint();
  if (newest === null) return { version: null, note: '', by: '', state: EMPTY, edge: EMPTY_EDGE };
  const { size, root, by } = openCheckpoint(newest.note, signer.name, [signer.verifier, ...replaced]);
  const signed = { size, root: root.toString('base64') };
  const edge = await edgeOf(size, (tile) => store.read(inLedger(tile)), decodeEntries);
  if (!same(signed, sizeOf(new Growth(edge, null)))) throw corrupt('The last tiles of the log do not have the root that was signed.');
  const state = (await keptState(store, signed, edge)) ?? (await reread(store, signed, signer));
  return { ...newest, by, state, edge };
}

const EMPTY: State = { ...sizeOf(new Growth(EMPTY_EDGE, null)), seal: null, streams: {}, said: NOTHING_SAID };

/** The kept state with the decisions since then, if it matches the newest seal. */
async function keptState(store: LedgerStore, signed: Size, edge: Edge): Promise<State | null> {
  const entry = edge.entries.at(-1) ?? (await lastOfFull(store, edge));
  if (entry === null) return null;
  try {
    const newest = readEntry(entry);
    if (!('seal' in newest)) return null;
    const { seal } = newest;
    const { said } = seal;
    // The last seal is of a version without the summary.
    if (said === undefined) return null;
    const bytes = await store.kept(seal.number);
    const kept: Kept = bytes === null ? EMPTY : (parsed(bytes, 'What was kept') as Kept);
    let { streams } = kept;
    for (let number = (kept.seal?.number ?? 0) + 1; number <= seal.number; number++) {
      const plan = await store.decided(number);
      if (plan === null) return null;
      streams = { ...streams, ...planIn(plan, number).streams };
    }
    return positionsDigest(streams) === seal.streams ? { ...signed, seal, streams, said } : null;
  } catch (error) {
    if (error instanceof RedressError && error.code !== 'ledger/corrupt') throw error;
    return null;
  }
}

/** The last entry of a log whose last bundle is full; null if its hash is not at the edge, or if the bundle does not match. */
async function lastOfFull(store: LedgerStore, { size, hashes }: Edge): Promise<Buffer | null> {
  const above = hashes[1]?.at(-1);
  const bytes = above === undefined ? null : await store.read(inLedger({ level: 'entries', index: size / TILE_WIDTH - 1, width: TILE_WIDTH }));
  if (above === undefined || bytes === null) return null;
  const tree = new Growth(EMPTY_EDGE, null);
  const entries = decodeEntries(bytes);
  for (const entry of entries) tree.appendLeaf(leafHash(entry));
  return tree.size === TILE_WIDTH && tree.root().equals(above) ? (entries.at(-1) ?? null) : null;
}

/** Reads all entries: needed if no usable state was kept. */
async function reread(store: LedgerStore, signed: Size, signer: NoteSigner): Promise<State> {
  const streams: Record<string, Position> = {};
  let last: Seal | null = null;
  let said = NOTHING_SAID;
  const growth = new Growth(EMPTY_EDGE, null);
  for (let index = 0; index * TILE_WIDTH < signed.size; index++) {
    const width = Math.min(TILE_WIDTH, signed.size - index * TILE_WIDTH);
    const bytes = await store.read(inLedger({ level: 'entries', index, width }));
    if (bytes === null) throw corrupt(`Entries from ${index * TILE_WIDTH} on are missing.`);
    for (const entry of decodeEntries(bytes)) {
      growth.appendLeaf(leafHash(entry));
      const read = readEntry(entry);
      if ('seal' in read) {
        last = read.seal;
        said = saidAfter(said, last);
      } else streams[read.stream] = { ...read.after, bytes: (streams[read.stream]?.bytes ?? 0) + read.bytes };
    }
  }
  if (!same(signed, sizeOf(growth))) throw corrupt(`The entries differ from what ${signer.name} has signed.`);
  if (last === null && signed.size > 0) throw corrupt('The log has entries, and no seal.');
  return { ...signed, seal: last, streams, said };
}

function parsed(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw corrupt(`${what} cannot be read: ${messageOf(cause)}`);
  }
}

function corrupt(message: string): RedressError {
  return new RedressError('ledger/corrupt', `${message} Nothing was signed.`, { next: '`redress evidence verify` shows what was changed.' });
}
