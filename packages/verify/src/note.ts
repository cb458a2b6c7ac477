// Checkpoints, and the keys to trust. See https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { sha256 } from './hash.js';
import { isObject, type JsonObject } from './json.js';

/** A key that is trusted for a log. */
export interface TrustedKey {
  /** Name of the log, and of the key. */
  readonly origin: string;
  /** In the format of signed notes: name, key id and key, joined by `+`. */
  readonly key: string;
  /** Start of the time in which the key may sign; null: no limit. */
  readonly from: string | null;
  /** End of that time, exclusive; null: no limit. */
  readonly until: string | null;
  /** The lost key that it succeeds without an announcement. The author of the trust file vouches for that. */
  readonly succeeds?: string;
}

/** A trust file: the keys that an auditor got from somebody they trust, separately from the evidence. */
export interface Trust {
  readonly keys: readonly TrustedKey[];
}

/** An error in the input to the verifier. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const ED25519 = 1;
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Reads a trust file.
 *
 * @example parseTrust('{"keys":[{"origin":"example.com/redress","key":"example.com/redress+1a2b3c4d+AQ…","from":null,"until":null}]}')
 * @throws {UsageError} if it is invalid, or has an invalid key. Only Ed25519 keys are accepted.
 */
export function parseTrust(text: string): Trust {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`The trust file is not JSON: ${String(cause)}`);
  }
  if (!isObject(value) || !Array.isArray(value['keys']) || value['keys'].length === 0) throw new UsageError('The trust file has no list `keys`.');
  return { keys: (value['keys'] as unknown[]).map((each, at) => trustedKey(each, `keys[${at}]`)) };
}

function trustedKey(value: unknown, place: string): TrustedKey {
  if (!isObject(value)) throw new UsageError(`${place} of the trust file is not an object.`);
  const { origin, key, from = null, until = null, succeeds } = value as JsonObject;
  if (typeof origin !== 'string' || typeof key !== 'string') throw new UsageError(`${place} of the trust file needs origin and key.`);
  for (const [name, moment] of Object.entries({ from, until }))
    if (moment !== null && (typeof moment !== 'string' || Number.isNaN(Date.parse(moment))))
      throw new UsageError(`${place}.${name} of the trust file is not a timestamp such as 2026-01-31T00:00:00Z.`);
  checkKey(key, origin, `${place}.key of the trust file`);
  if (succeeds !== undefined && typeof succeeds !== 'string') throw new UsageError(`${place}.succeeds of the trust file is not a key.`);
  if (succeeds !== undefined) checkKey(succeeds, origin, `${place}.succeeds of the trust file`);
  return { origin, key, from: from as string | null, until: until as string | null, ...(succeeds === undefined ? {} : { succeeds }) };
}

/**
 * Checks that a key is an Ed25519 key for a log.
 *
 * @throws {UsageError} if it is not.
 */
export function checkKey(key: string, origin: string, what: string): void {
  const { id, bytes } = keyParts(key, origin, what);
  if (bytes.length !== 33 || bytes[0] !== ED25519) throw new UsageError(`${what} is not an Ed25519 key.`);
  if (!keyId(origin, bytes).equals(id)) throw new UsageError(`${what} is not that of ${origin}: name, key id and key do not fit.`);
}

function keyParts(key: string, origin: string, what: string): { id: Buffer; bytes: Buffer } {
  const rest = key.startsWith(`${origin}+`) ? key.slice(origin.length + 1) : '';
  const match = /^([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(rest);
  if (match === null) throw new UsageError(`${what} is not ${origin === '' ? 'NAME' : origin}+ID+KEY.`);
  return { id: Buffer.from(match[1] ?? '', 'hex'), bytes: Buffer.from(match[2] ?? '', 'base64') };
}

/** First four bytes of SHA-256 over name, newline, algorithm and key. So another algorithm gives another id. */
function keyId(name: string, bytes: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).subarray(0, 4);
}

/** A checkpoint that a trusted key has signed. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** The keys that signed it; none if no key is trusted. */
  readonly by: readonly TrustedKey[];
}

/** What is wrong with a checkpoint. */
export interface CheckpointProblem {
  readonly code: 'not-a-checkpoint' | 'wrong-signature' | 'untrusted-key';
  readonly message: string;
  /** Its content, as far as it has any. */
  readonly said: Checkpoint | null;
}

/**
 * Parses a checkpoint and checks its signatures. A signature by an untrusted key does not count. An invalid signature under a trusted key's id is a forgery.
 */
export function readCheckpoint(bytes: Uint8Array, trust: Trust): Checkpoint | CheckpointProblem {
  const no = (code: CheckpointProblem['code'], message: string, said: Checkpoint | null) => ({ code, message, said });
  const text = Buffer.from(bytes).toString('utf8');
  const end = text.indexOf('\n\n');
  const signed = text.slice(0, end + 1);
  const lines = linesOf(text, end);
  const [origin, size, root, ...more] = signed.split('\n');
  if (end < 0 || !Buffer.from(text).equals(Buffer.from(bytes)) || lines === null || more.join() !== '')
    return no('not-a-checkpoint', 'It is not a checkpoint in the signed-note format.', null);
  if (origin === undefined || origin === '' || !/^(?:0|[1-9][0-9]{0,14})$/.test(size ?? '') || !/^[A-Za-z0-9+/]{43}=$/.test(root ?? ''))
    return no('not-a-checkpoint', 'It does not have origin, size and root.', null);
  const hash = Buffer.from(root ?? '', 'base64');
  // Two encodings of a root would give two different checkpoints.
  if (hash.toString('base64') !== root) return no('not-a-checkpoint', 'Its root is not in canonical Base64.', null);
  const said: Checkpoint = { origin, size: Number(size), root: hash, by: [] };
  const read = signersIn(signed, lines, origin, trust);
  if (read === null) return no('not-a-checkpoint', 'One of its signature lines is not valid.', said);
  if ('wrong' in read) return no('wrong-signature', `The signature of ${read.wrong} is not of this checkpoint.`, said);
  const { by, others } = read;
  const unannounced = others.length === 0 ? '' : ` It is signed by ${others.join(' and ')}, which no trusted key without an end (until) has announced.`;
  if (by.length === 0) return no('untrusted-key', `No key that is trusted for ${JSON.stringify(origin)} has signed it.${unannounced}`, said);
  return { ...said, by };
}

/** The signature lines at the end of a note; null if there are none. */
function linesOf(note: string, end: number): readonly string[] | null {
  const lines = note.slice(end + 2).split('\n');
  return lines.pop() !== '' || lines.length === 0 ? null : lines;
}

/**
 * The keys that have signed a text: trusted keys of this log, and its other keys.
 *
 * @returns the name of a trusted key whose signature is invalid; null if a line is not a signature.
 */
function signersIn(
  signed: string,
  lines: readonly string[],
  origin: string,
  trust: Trust,
): { readonly by: readonly TrustedKey[]; readonly others: readonly string[] } | { readonly wrong: string } | null {
  const by: TrustedKey[] = [];
  const others: string[] = [];
  for (const line of lines) {
    const match = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    const signature = Buffer.from(match?.[2] ?? '', 'base64');
    if (match === null || signature.length < 5 || signature.toString('base64') !== match[2]) return null;
    if (match[1] === origin) others.push(`${origin}+${signature.toString('hex', 0, 4)}`);
    for (const key of trust.keys) {
      const { id, bytes } = keyParts(key.key, key.origin, 'key');
      if (match[1] !== key.origin || !id.equals(signature.subarray(0, 4))) continue;
      if (!verify(null, Buffer.from(signed), publicKey(bytes), signature.subarray(4))) return { wrong: key.origin };
      if (key.origin === origin) by.push(key);
    }
  }
  return { by, others };
}

/**
 * The trusted keys that have signed a sealer's decision.
 *
 * @param digest The digest of the decision.
 * @returns null if it is not such a note, or if a trusted key's signature is invalid.
 */
export function decidedBy(note: string, digest: string, trust: Trust): readonly TrustedKey[] | null {
  const end = note.indexOf('\n\n');
  const signed = note.slice(0, end + 1);
  const [origin = '', ...rest] = signed.split('\n');
  const lines = linesOf(note, end);
  if (end < 0 || lines === null || rest.join('\n') !== `decision\n${digest}\n`) return null;
  const read = signersIn(signed, lines, origin, trust);
  return read === null || 'wrong' in read ? null : read.by;
}

/** A witness that has seen a checkpoint. */
export interface Witnessed {
  /** Its name. */
  readonly witness: string;
  /** The number of entries of the log that it has seen. */
  readonly size: number;
  /** The time that it states. */
  readonly time: string;
}

/** The key of a witness, in the format of signed notes: `NAME+ID+KEY`, of the type for Ed25519 cosignatures. */
export interface WitnessKey {
  readonly name: string;
  readonly id: Buffer;
  readonly bytes: Buffer;
}

const COSIGNATURE = 4;

/**
 * Parses the key of a witness.
 *
 * @see https://c2sp.org/tlog-cosignature
 * @throws {UsageError} if it is invalid.
 */
export function witnessKey(text: string): WitnessKey {
  const name = text.slice(0, Math.max(0, text.indexOf('+')));
  const { id, bytes } = keyParts(text, name, `The witness ${JSON.stringify(text.slice(0, 80))}`);
  if (name === '' || bytes.length !== 33 || bytes[0] !== COSIGNATURE || !keyId(name, bytes).equals(id))
    throw new UsageError(`The key of the witness ${JSON.stringify(name)} is not one for Ed25519 cosignatures (type 4), or was changed.`);
  return { name, id, bytes };
}

/**
 * Checks whether a witness has cosigned a checkpoint.
 *
 * @returns `wrong` if a cosignature under its key is not valid for this checkpoint; null if there is none.
 */
export function witnessedBy(note: Uint8Array, { name, id, bytes }: WitnessKey): Witnessed | 'wrong' | null {
  const text = Buffer.from(note).toString('utf8');
  const end = text.indexOf('\n\n');
  const body = text.slice(0, end + 1);
  for (const line of text.slice(end + 2).split('\n')) {
    const [, by, encoded = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    const signature = Buffer.from(encoded, 'base64');
    if (by !== name || !signature.subarray(0, 4).equals(id)) continue;
    if (signature.length !== 76) return 'wrong';
    const seconds = signature.readBigUInt64BE(4);
    const message = `cosignature/v1\ntime ${seconds}\n${body}`;
    const fits = verify(null, Buffer.from(message), publicKey(bytes), signature.subarray(12));
    // The last moment that a date can have.
    if (!fits || seconds > 8_640_000_000_000n) return 'wrong';
    return { witness: name, size: Number(body.split('\n')[1]), time: new Date(Number(seconds) * 1000).toISOString() };
  }
  return null;
}

function publicKey(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(1)]), format: 'der', type: 'spki' });
}
