// What is kept of a replaced key: the proof that it has announced the next one, under a checkpoint that it signed. The newest checkpoint is signed by the new
// key, and shows nothing about the old one. The format is https://c2sp.org/tlog-proof
import { type JsonObject, RedressError } from '@redress/core';
import type { Seal } from './entry.js';
import type { LedgerStore } from './store.js';

/** Path of the proof of a rotation. */
export const rotationPath = (number: number): string => `ledger/rotations/${number}.tlog-proof`;

/** Path of the last checkpoint of a lost key, unchanged, with the signature of that key. */
export const breakPath = (number: number): string => `ledger/breaks/${number}.checkpoint`;

/** The last checkpoints of lost keys. */
export async function breaksOf(store: Pick<LedgerStore, 'read'>): Promise<readonly string[]> {
  const notes: string[] = [];
  for (let note = await store.read(breakPath(1)); note !== null; note = await store.read(breakPath(notes.length + 1))) notes.push(note.toString('utf8'));
  return notes;
}

/**
 * The proof that an entry is the last one of a log.
 *
 * @param path Sibling hashes from the entry up to below the root.
 * @param note The checkpoint of the log that ends with it.
 */
export function proofOfLast(entry: Buffer, index: number, path: readonly Buffer[], note: string): Buffer {
  const lines = ['c2sp.org/tlog-proof@v1', `extra ${entry.toString('base64')}`, `index ${index}`, ...path.map((hash) => hash.toString('base64')), '', note];
  return Buffer.from(lines.join('\n'));
}

/** Number of the proven entry, the last one of the signed log; infinite if it is not a proof. */
export function lastIn(proof: Buffer): number {
  return Number(/\nindex (0|[1-9]\d{0,15})\n/.exec(proof.toString('latin1'))?.[1] ?? Number.POSITIVE_INFINITY);
}

/** A seal that is the last one under its key. */
export type LastSeal = Seal & Required<Pick<Seal, 'rotation'>>;

/**
 * The seals that announce the replacement of a log's key.
 *
 * @throws {RedressError} `ledger/corrupt` if one is missing or unreadable.
 */
export async function rotationsOf(store: Pick<LedgerStore, 'read'>, count: number): Promise<readonly LastSeal[]> {
  const seals: LastSeal[] = [];
  for (let number = 1; number <= count; number++) {
    const text = (await store.read(rotationPath(number)))?.toString('utf8') ?? '';
    const seal = sealIn(/\nextra ([A-Za-z0-9+/]+={0,2})\n/.exec(text)?.[1] ?? '');
    if (seal?.rotation?.number !== number)
      throw new RedressError(
        'ledger/corrupt',
        `${rotationPath(number)} is missing, or is not what announced key ${number + 1} of the log. Nothing was signed.`,
        {
          next: '`redress evidence verify` shows what was changed.',
        },
      );
    seals.push(seal as LastSeal);
  }
  return seals;
}

function sealIn(extra: string): Seal | null {
  try {
    return ((JSON.parse(Buffer.from(extra, 'base64').toString('utf8')) as JsonObject)['seal'] ?? null) as Seal | null;
  } catch {
    return null;
  }
}
