// Checkpoints as signed notes: what is signed, by which key, and the format of keys. Pure.
// See https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { RedressError } from '@redress/core';

/** Ed25519. */
const ALGORITHM = 0x01;
/** For keys of witnesses: https://c2sp.org/tlog-cosignature */
const COSIGNATURE = 0x04;
// The last moment that a date can have.
const LAST_SECOND = 8_640_000_000_000;
const PRIVATE = 'PRIVATE+KEY';
// The DER prefix of a 32-byte key (RFC 8410).
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** The content of a checkpoint: the log, its number of entries, and the root of their tree. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** A private key with its name, which is the log's origin. */
export interface NoteSigner {
  readonly name: string;
  /** The public key in the form for verifiers: name, key ID and key, joined by `+`. */
  readonly verifier: string;
  /** Signs bytes as they are: Ed25519. */
  sign(text: Buffer): Buffer | Promise<Buffer>;
}

/** A private key in this process. */
export interface KeptSigner extends NoteSigner {
  sign(text: Buffer): Buffer;
}

/**
 * Generates a key: the secret, and the public key for verifiers. Both have the format of `golang.org/x/mod/sumdb/note`.
 *
 * @throws {RedressError} `ledger/key` for a name that a note cannot have.
 */
export function generateKey(name: string): { readonly secret: string; readonly verifier: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8.length);
  checkName(name);
  const id = keyId(name, publicBytes(createPublicKey(privateKey))).toString('hex');
  const secret = [PRIVATE, name, id, Buffer.concat([Buffer.from([ALGORITHM]), seed]).toString('base64')].join('+');
  return { secret, verifier: signerOf(secret).verifier };
}

/**
 * A signer from a secret of {@link generateKey}. The secret is never part of a message.
 *
 * @throws {RedressError} `ledger/key` if it is not a key.
 */
export function signerOf(secret: string): KeptSigner {
  const match = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(secret.trim());
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ALGORITHM)
    throw new RedressError('ledger/key', 'This is not an Ed25519 private key of the signed-note format.', { next: 'Make one with `redress evidence key`.' });
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytes.subarray(1)]), format: 'der', type: 'pkcs8' });
  const verifier = verifierOf(name, createPublicKey(key));
  if (verifier.split('+')[1] !== id) throw new RedressError('ledger/key', `The key id ${id} is not that of the key and the name ${name}.`);
  return { name, verifier, sign: (text) => sign(null, text, key) };
}

/**
 * A public key in the form for verifiers.
 *
 * @throws {RedressError} `ledger/key` if it is not an Ed25519 key, or for a name that a note cannot have.
 */
export function verifierOf(name: string, key: KeyObject): string {
  checkName(name);
  if (key.asymmetricKeyType !== 'ed25519') throw new RedressError('ledger/key', `The key of ${name} is not an Ed25519 key.`);
  const raw = publicBytes(key);
  return [name, keyId(name, raw).toString('hex'), Buffer.concat([Buffer.from([ALGORITHM]), raw]).toString('base64')].join('+');
}

/** First four bytes of SHA-256 over name, newline, algorithm and key. */
function keyId(name: string, raw: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([ALGORITHM]))
    .update(raw)
    .digest()
    .subarray(0, 4);
}

function publicBytes(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
}

/** An invalid name could be signed, but nobody could read the note. */
function checkName(name: string): void {
  if (!/^[^\s+\p{Cc}]{1,200}$/u.test(name))
    throw new RedressError(
      'ledger/key',
      `${JSON.stringify(name)} cannot be the origin of a log: it must have 1 to 200 characters, without spaces and plus signs.`,
      {
        next: 'Use a name that you own, such as example.com/redress.',
      },
    );
}

/**
 * A checkpoint as a signed note. The same checkpoint and key give the same bytes. The signature is verified before it is returned.
 *
 * @example await signCheckpoint({ origin: signer.name, size: 0, root }, signer)
 * @throws {RedressError} `ledger/key` if the signer returns an invalid signature.
 */
export async function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): Promise<string> {
  return signNote(`${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`, signer);
}

/**
 * The decision of a sealer, as a signed note. It is not a checkpoint, because a checkpoint has a size in its second line.
 *
 * @param digest The digest of the decision.
 * @throws {RedressError} `ledger/key` if the signer returns an invalid signature.
 */
export async function signDecision(digest: string, signer: NoteSigner): Promise<string> {
  return signNote(decisionText(digest, signer.name), signer);
}

/**
 * Whether one of these keys has signed this decision.
 *
 * @param name The name of the log.
 */
export function hasDecided(note: string, digest: string, name: string, verifiers: readonly string[]): boolean {
  const text = decisionText(digest, name);
  const [, by, signed = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})\n$/.exec(note.slice(text.length + 1)) ?? [];
  return note.startsWith(`${text}\n`) && by === name && verifiers.some((verifier) => hasSigned(verifier, text, Buffer.from(signed, 'base64')));
}

const decisionText = (digest: string, name: string): string => `${name}\ndecision\n${digest}\n`;

async function signNote(text: string, signer: NoteSigner): Promise<string> {
  const [, id = ''] = splitVerifier(signer.verifier);
  const signature = Buffer.concat([Buffer.from(id, 'hex'), await signer.sign(Buffer.from(text))]);
  if (!hasSigned(signer.verifier, text, signature))
    throw new RedressError('ledger/key', `What was signed for ${signer.name} is not a signature of its key. Nothing was published.`, {
      next: 'Check that the key has not been replaced: its public key is in the trust file.',
    });
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`;
}

/**
 * Reads a checkpoint of a log.
 *
 * @param verifiers Keys that may have signed it: the current one, and those that it has replaced.
 * @returns the checkpoint, and the key that signed it.
 * @throws {RedressError} `ledger/corrupt` if it is not a checkpoint of this log, or if none of these keys has signed it.
 */
export function openCheckpoint(note: string, name: string, verifiers: readonly string[]): Checkpoint & { readonly by: string } {
  const [, origin = '', size = '', root = '', lines = ''] =
    /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:— \S+ [A-Za-z0-9+/]+={0,2}\n)+)$/.exec(note) ?? [];
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  // The log's own signature is the first one. All others are of witnesses.
  const [, by, signed = ''] = lines.split('\n', 1)[0]?.split(' ') ?? [];
  const bytes = Buffer.from(signed, 'base64');
  if (by !== name || origin !== name || !verifiers.some((verifier) => hasSigned(verifier, text, bytes)))
    throw new RedressError('ledger/corrupt', `The newest checkpoint is not one that the key of ${name} has signed.`, {
      next: 'Verify the ledger. If it was sealed with another key, give that one, or the trust file that has both.',
    });
  const key = verifiers.find((verifier) => hasSigned(verifier, text, bytes)) ?? '';
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), by: key };
}

function hasSigned(verifier: string, text: string, signature: Buffer): boolean {
  const [, id = '', key] = splitVerifier(verifier);
  if (signature.subarray(0, 4).toString('hex') !== id) return false;
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, Buffer.from(key, 'base64').subarray(1)]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), publicKey, signature.subarray(4));
}

/** The key of a witness. */
export interface WitnessKey {
  readonly name: string;
  readonly id: Buffer;
  /** Without the byte of the algorithm. */
  readonly raw: Buffer;
}

/**
 * Parses the key of a witness, in the format of signed notes.
 *
 * @throws {RedressError} `ledger/key` if it is not a key for Ed25519 cosignatures.
 * @see https://c2sp.org/tlog-cosignature
 */
export function witnessKey(text: string): WitnessKey {
  const [name, id, key] = splitVerifier(text);
  const bytes = Buffer.from(key, 'base64');
  const hash = createHash('sha256').update(`${name}\n`).update(bytes).digest();
  if (name === '' || bytes.length !== 33 || bytes[0] !== COSIGNATURE || hash.subarray(0, 4).toString('hex') !== id)
    throw new RedressError(
      'ledger/key',
      `${JSON.stringify(text.slice(0, 100))} is not the key of a witness for Ed25519 cosignatures (type 4), or was changed.`,
      {
        next: 'Give it as the witness publishes it: NAME+ID+KEY.',
      },
    );
  return { name, id: hash.subarray(0, 4), raw: bytes.subarray(1) };
}

/**
 * The cosignature of a witness over a checkpoint.
 *
 * @param signed The position of its signature lines: after an empty line.
 * @returns null if there is no valid one. Cosignatures of other witnesses are ignored.
 */
export function cosignatureIn(note: string, signed: string, { name, id, raw }: WitnessKey): { readonly time: string; readonly line: string } | null {
  const body = note.slice(0, note.indexOf('\n\n') + 1);
  for (const line of signed.slice(signed.indexOf('\n\n') + 2).split('\n')) {
    const [, by, encoded = ''] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    if (by !== name || bytes.length !== 76 || !bytes.subarray(0, 4).equals(id)) continue;
    const seconds = Number(bytes.readBigUInt64BE(4));
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
    const holds = verify(null, Buffer.from(`cosignature/v1\ntime ${bytes.readBigUInt64BE(4)}\n${body}`), publicKey, bytes.subarray(12));
    if (holds && seconds <= LAST_SECOND) return { time: new Date(seconds * 1000).toISOString(), line: `${line}\n` };
  }
  return null;
}

/** A key may contain plus signs, a name may not. */
function splitVerifier(verifier: string): [string, string, string] {
  const [name = '', id = '', ...key] = verifier.split('+');
  return [name, id, key.join('+')];
}

/** A key for people: its name and id. */
export function keyName(verifier: string): string {
  return splitVerifier(verifier).slice(0, 2).join('+');
}
