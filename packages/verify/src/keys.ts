// Which keys sign which part of a log: the keys of the trust file, and the keys that they have announced.
import type { Finding, Folder, Place } from './findings.js';
import { rootFrom } from './inclusion.js';
import { isObject, type JsonObject, readCanonical, utf8 } from './json.js';
import { type Log, rootOfFirst, type SaidLost } from './log.js';
import { type Checkpoint, checkKey, readCheckpoint, type Trust, type TrustedKey, UsageError } from './note.js';
import { readProofFile } from './proof-file.js';

/** A replaced key. */
export interface Rotation {
  /** From 1. */
  readonly number: number;
  /** The key that announced the next one and signed that, and the next one; both in the form of the trust file. */
  readonly from: string;
  readonly to: string;
  /** The time of the seal that announces it. */
  readonly since: string;
  /** Who replaced it, and why, according to the record. */
  readonly by: string;
  readonly reason: string;
}

/** A lost key, and the key that continues without its announcement. */
export interface Break {
  /** From 1. */
  readonly number: number;
  /** The lost key, and the key that continues; both in the form of the trust file. */
  readonly from: string;
  readonly to: string;
  /** Entries of the last checkpoint of the lost key. */
  readonly entries: number;
  /** The time of the seal that declares it. */
  readonly since: string;
  /** Who declares it, and why, according to the record. */
  readonly by: string;
  readonly reason: string;
  /** Whether the trust file says that the second key succeeds the first. */
  readonly accepted: boolean;
}

/** Reports a finding at a rotation. */
export type FindAt = (severity: Finding['severity'], code: string, message: string, number: number, place?: Place) => void;

/** A rotation, with the checkpoint of the replaced key. */
interface Announced extends Rotation {
  readonly signed: Checkpoint;
}

/** Path of the proof of a rotation. */
export const rotationFile = (number: number): string => `ledger/rotations/${number}.tlog-proof`;

/** Path of the last checkpoint of a lost key. */
const breakFile = (number: number): string => `ledger/breaks/${number}.checkpoint`;

/** How many of them a folder has, numbered without gaps. */
export function breaksIn(folder: Folder): string[] {
  const files: string[] = [];
  while (folder.bytes(breakFile(files.length + 1)) !== null) files.push(breakFile(files.length + 1));
  return files;
}

/** The proofs of a folder, in order. */
export function rotationsIn(folder: Folder): Buffer[] {
  const files: Buffer[] = [];
  for (let next = folder.bytes(rotationFile(1)); next !== null; next = folder.bytes(rotationFile(files.length + 1))) files.push(next);
  return files;
}

/** Reports findings at the files of rotations. */
export const atFile =
  (folder: Folder): FindAt =>
  (severity, code, message, number, place = {}) =>
    folder.find(severity, code, message, rotationFile(number), place);

/** The keys of a log. */
export class Keys {
  /** The keys to trust: the trust file, and what its keys have announced. */
  readonly trust: Trust;
  readonly #announced: readonly Announced[];
  readonly #proofs: number;
  readonly #breaks: Break[] = [];

  /**
   * @param trust The trust file.
   * @param proofs All rotations, from the first one on. An invalid one is reported, and announces nothing.
   */
  constructor(trust: Trust, proofs: readonly Uint8Array[], find: FindAt) {
    const announced: Announced[] = [];
    const keys = [...trust.keys];
    for (const [at, proof] of proofs.entries()) {
      const number = at + 1;
      const read = announcedBy(proof, number);
      if ('code' in read) {
        find('tampered', read.code, read.message, number, read.place);
        continue;
      }
      const { from, to, since, signed } = read;
      const place = { entry: signed.size - 1 };
      if (announced.some((each) => each.from === from || each.from === to || each.to === to)) {
        find('tampered', 'wrong-rotation', `${keyName(from)} announces ${keyName(to)}, but one of them was replaced or announced before.`, number, place);
        continue;
      }
      announced.push(read);
      const of = (key: string) => keys.filter((each) => each.origin === signed.origin && each.key === key);
      const may = of(from).filter((each) => maySign(each, Date.parse(since)));
      // For keys in the trust file, it says from when until when they count. A key whose time has ended there can announce no other: whoever steals it could
      // backdate the announcement.
      if (may.some(({ until }) => until === null) && of(to).length === 0) keys.push({ origin: signed.origin, key: to, from: since, until: null });
      else if (may.length === 0 && of(from).length > 0)
        find('untrusted', 'key-out-of-time', `${keyName(from)} has announced ${keyName(to)} at ${since}, when it was not trusted.`, number, place);
    }
    this.trust = { keys };
    this.#announced = announced;
    this.#proofs = proofs.length;
  }

  /** Rotations with valid proofs. */
  get rotations(): readonly Rotation[] {
    return this.#announced.map(({ signed: _, ...rotation }) => rotation);
  }

  /** Lost keys, according to the log. */
  get breaks(): readonly Break[] {
    return this.#breaks;
  }

  /** Why a checkpoint is not by a key that signs logs of this size; null if it is. */
  outOfPlace({ by, size }: Pick<Checkpoint, 'by' | 'size'>): string | null {
    const reasons = by.map(({ key }) => {
      const end = this.#announced.find(({ from }) => from === key);
      if (end !== undefined && size > end.signed.size)
        return `It has ${size} entries and is signed by ${keyName(key)}, which ${keyName(end.to)} replaced at entry ${end.signed.size - 1}.`;
      const lost = this.#breaks.find(({ from }) => from === key);
      if (lost !== undefined && size > lost.entries)
        return `It has ${size} entries and is signed by ${keyName(key)}, which was declared lost after ${lost.entries} entries.`;
      const on = this.#breaks.find(({ to }) => to === key);
      if (on !== undefined && size <= on.entries)
        return `It has ${size} entries and is signed by ${keyName(key)}, which continues after ${on.entries} entries.`;
      const begin = this.#announced.find(({ to }) => to === key);
      return begin !== undefined && size <= begin.signed.size
        ? `It has ${size} entries and is signed by ${keyName(key)}, which signs from entry ${begin.signed.size} on.`
        : null;
    });
    return reasons.includes(null) ? null : (reasons[0] ?? null);
  }

  /**
   * Adds the next declaration of a lost key in the log. Only the key that continues has signed it, so it is reported until the trust file confirms it.
   *
   * @returns null if the log does not say so.
   */
  declared({ entry, since, said }: SaidLost, origin: string, find: (severity: Finding['severity'], code: string, message: string) => void): Break | null {
    const { from, to, entries, by, reason } = said;
    if (!isKey(from, origin) || !isKey(to, origin)) {
      find('tampered', 'wrong-break', `Entry ${entry} says that a key is lost, but not which one, or which one continues.`);
      return null;
    }
    const accepted = this.trust.keys.some((each) => each.origin === origin && each.key === to && each.succeeds === from);
    const taken = { number: this.#breaks.length + 1, from, to, entries: Number(entries), since, by: String(by), reason: String(reason), accepted };
    this.#breaks.push(taken);
    if (!accepted)
      find(
        'untrusted',
        'declared-break',
        `${keyName(from)} was declared lost at ${since} by ${taken.by}: ${taken.reason}. It signed the first ${taken.entries} entries. Only ${keyName(to)} has signed that it continues; the trust file does not confirm it (succeeds).`,
      );
    return taken;
  }

  /**
   * Compares the log with the last checkpoints of lost keys. Only the key that continues has signed that a key is lost and which key follows. So this is
   * reported until the trust file confirms it.
   */
  checkBreaks(log: Log, origin: string, folder: Folder): void {
    for (const file of breaksIn(folder).slice(log.breaks.length))
      folder.find('tampered', 'beyond-checkpoint', `No key was lost in the ${log.size} entries that the checkpoint says.`, file, { entry: log.size });
    for (const [at, lost] of log.breaks.entries()) {
      const file = breakFile(at + 1);
      const find = (severity: Finding['severity'], code: string, message: string) => folder.find(severity, code, message, file, { entry: lost.entry });
      const taken = this.declared(lost, origin, find);
      if (taken === null) continue;
      const { from, entries } = taken;
      const note = folder.bytes(file);
      const signed = note === null ? null : readCheckpoint(note, { keys: [{ origin, key: from, from: null, until: null }] });
      if (signed === null) find('tampered', 'missing-break', `The last checkpoint of ${keyName(from)}, which was lost, is missing.`);
      else if ('code' in signed || signed.size !== entries)
        find('tampered', 'forged-break', `It is not the checkpoint of ${entries} entries that ${keyName(from)} has signed.`);
      else if (signed.size > log.size || !rootOfFirst(log, signed.size).equals(signed.root))
        find('tampered', 'forked', `The first ${signed.size} entries are not those that ${keyName(from)} had signed when it was lost.`);
    }
  }

  /** Compares the log with the checkpoints that were signed when a key was replaced. */
  check(log: Log, find: FindAt): void {
    for (const { number, from, signed } of this.#announced) {
      const place = { entry: signed.size - 1 };
      if (signed.size > log.size)
        find(
          'tampered',
          'beyond-checkpoint',
          `The key was replaced in a log that is longer than the ${log.size} entries that the checkpoint says.`,
          number,
          place,
        );
      else if (!rootOfFirst(log, signed.size).equals(signed.root))
        find('tampered', 'forked', `The first ${signed.size} entries are not those that ${keyName(from)} has signed when it was replaced.`, number, place);
    }
    // An invalid one was reported already.
    for (const [at, entry] of log.rotations.entries())
      if (at >= this.#proofs)
        find('tampered', 'missing-rotation', `Entry ${entry} replaces the key of the log, but what the previous key signed for that is missing.`, at + 1, {
          entry,
        });
  }
}

interface Wrong {
  readonly code: string;
  readonly message: string;
  readonly place: Place;
}

/** The announcement in a proof, if the replaced key has signed it. */
function announcedBy(file: Uint8Array, expected: number): Announced | Wrong {
  const wrong = (code: string, message: string, place: Place = {}): Wrong => ({ code, message, place });
  const proof = readProofFile(file);
  const bytes = proof?.extra ?? null;
  const seal = bytes === null ? undefined : memberOf(readCanonical(utf8(bytes) ?? ''), 'seal');
  const rotation = memberOf(seal, 'rotation');
  if (proof === null || bytes === null || seal === undefined || rotation === undefined)
    return wrong('wrong-rotation', 'It is not the proof of a seal that replaces a key, or parts of it were changed.');
  const { number, from, to, by, reason } = rotation;
  const { time } = seal;
  const said = readCheckpoint(proof.checkpoint, { keys: [] });
  const origin = 'code' in said ? said.said?.origin : said.origin;
  const { entry, path } = proof;
  const place = { entry };
  if (number !== expected || typeof time !== 'string' || Number.isNaN(Date.parse(time)) || origin === undefined || !isKey(from, origin) || !isKey(to, origin))
    return wrong('wrong-rotation', `It does not describe replacement ${expected} of the key of a log.`, place);
  const signed = readCheckpoint(proof.checkpoint, { keys: [{ origin, key: from, from: null, until: null }] });
  if ('code' in signed)
    return wrong('forged-rotation', `It says that ${keyName(from)} is replaced by ${keyName(to)}, but ${keyName(from)} has not signed it.`, place);
  if (entry !== signed.size - 1 || rootFrom({ entry, bytes, path }, signed.size)?.equals(signed.root) !== true)
    return wrong(
      'forged-rotation',
      `It says that ${keyName(from)} is replaced by ${keyName(to)}, but that differs from what ${keyName(from)} has signed.`,
      place,
    );
  return { number: expected, from, to, since: time, by: String(by), reason: String(reason), signed };
}

function memberOf(value: unknown, name: string): JsonObject | undefined {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : undefined;
}

/** Whether a value is a key of a log. */
export function isKey(value: unknown, origin: string): value is string {
  try {
    if (typeof value !== 'string') return false;
    checkKey(value, origin, 'It');
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** A key for people: its name and id. */
export function keyName(key: string): string {
  return key.split('+').slice(0, 2).join('+');
}

/** How far the clocks of recording processes may be ahead of the sealer's clock; milliseconds. */
const CLOCKS_DIFFER = 900_000;

/** Whether a key was no longer trusted at the time of a record. The time is in milliseconds, by the clock of the process that recorded it. */
export function hasEnded({ until }: TrustedKey, recorded: number): boolean {
  return until !== null && recorded >= Date.parse(until) + CLOCKS_DIFFER;
}

/** Whether a key is trusted to sign at a time in milliseconds. */
export function maySign({ from, until }: TrustedKey, moment: number): boolean {
  return (from === null || moment >= Date.parse(from)) && (until === null || moment < Date.parse(until));
}
