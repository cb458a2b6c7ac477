// The sealer on AWS. It is loaded when something is sealed, because recording does not need it.
import type { NotKept } from '../ledger/anchor.js';
import type { NoteSigner } from '../ledger/note.js';
import type { Broken, LostKey, NextKey, Rotated } from '../ledger/sealer.js';
import type { Witness } from '../ledger/witness.js';
import type { BucketAnchorOptions } from './anchor.js';
import type { KmsSignerOptions } from './kms.js';
import type { SealAwsOptions, SealedAws } from './ledger.js';
import type { Restored, RestoredOptions } from './restored.js';

/**
 * Seals what a journal on AWS has recorded since the last seal, in its bucket; `sealFolder` does the same in a folder.
 *
 * Any number of sealers may run at once, and each may die at any time. The first one that creates an object decides the content of a seal, and all
 * others produce the same. With `lockDays`, everything that it stores is locked for this many days. Nothing is ever deleted.
 *
 * @example await sealAws({ table: 'redress', bucket: 'redress-evidence', signer: await kmsSigner({ key, origin: 'example.com/redress' }) });
 * @throws {RedressError} `ledger/corrupt` if the log differs from what was signed; `journal/unavailable` if table or bucket cannot be used, or streams
 *   change faster than they can be read.
 */
export async function sealAws(options: SealAwsOptions): Promise<SealedAws> {
  return (await import('./ledger.js')).sealAws(options);
}

/**
 * Replaces the key that seals a journal on AWS, as `rotateFolder` does in a folder. From then on, sealers with the old key seal nothing.
 *
 * @example await rotateAws({ table, bucket, signer: old, next: await kmsSigner({ key, origin }), by: 'alice', reason: 'yearly' });
 * @throws {RedressError} `ledger/key` when the next key cannot sign, is of another log, or was replaced before; `ledger/invalid` without a name or a
 *   reason; else as {@link sealAws}.
 */
export async function rotateAws(options: SealAwsOptions & NextKey): Promise<Rotated> {
  return (await import('./ledger.js')).rotateAws(options);
}

/**
 * Continues to seal a journal on AWS with a key that the previous one has not announced, because it is lost; `breakFolder` does the same in a folder.
 *
 * @example await breakAws({ table, bucket, signer: await kmsSigner({ key, origin }), lost: 'example.com/redress+1a2b3c4d+AQ…', by: 'alice', reason: 'deleted' })
 * @throws {RedressError} `ledger/key` when the newest checkpoint is not of the key that is said to be lost, or the signer's has signed before;
 *   `ledger/invalid` without a name or a reason; else as {@link sealAws}.
 */
export async function breakAws(options: SealAwsOptions & LostKey): Promise<Broken> {
  return (await import('./ledger.js')).breakAws(options);
}

/**
 * A key in KMS as the signer of a ledger. Its signatures are like those of a key in a file (Ed25519, note type 0x01), so verifiers need not know where
 * it is.
 *
 * KMS signs the checkpoint itself, not its digest: its algorithm for digests hashes again, which ordinary verifiers do not do.
 *
 * @example const signer = await kmsSigner({ key: 'arn:aws:kms:eu-west-1:111111111111:key/…', origin: 'example.com/redress' });
 * @throws {RedressError} `ledger/key` if it is not an Ed25519 signing key, `ledger/unavailable` if KMS cannot be reached.
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */
export async function kmsSigner(options: KmsSignerOptions): Promise<NoteSigner> {
  return (await import('./kms.js')).kmsSigner(options);
}

/**
 * Parses a witness from a setting: key and URL, separated by a space.
 *
 * @example await witnessOf('witness.example/w1+1a2b3c4d+BA… https://witness.example/w1')
 * @throws {RedressError} `ledger/key` if the setting has another form.
 */
export async function witnessOf(text: string): Promise<Witness> {
  return (await import('../ledger/witness.js')).witnessOf(text);
}

/**
 * Copies a checkpoint to a bucket, usually in another account: `anchorTo` with a `bucketAnchor`.
 *
 * @returns copies that failed. They stop nothing, but somebody has to be notified.
 * @example await copyCheckpoint({ bucket: 'redress-witness' }, report.checkpoint);
 */
export async function copyCheckpoint(to: BucketAnchorOptions, checkpoint: string): Promise<readonly NotKept[]> {
  const [{ bucketAnchor }, { anchorTo }] = await Promise.all([import('./anchor.js'), import('../ledger/anchor.js')]);
  return anchorTo([bucketAnchor(to)], checkpoint);
}

/**
 * Accepts a table that was restored to an earlier time, after a person has checked what it has lost. Until then nothing begins on it.
 *
 * First it writes back what the table has lost and the log still has: each record byte for byte at its place, with its execution, its use of limits,
 * breakers and indexes, and the documents that archives of seals still have (`documentsFor` of {@link sealAws}). Nothing is overwritten: a stream that
 * has continued differently is left as it is, and reported. So is each document that no longer exists anywhere. If it dies in between, the next call
 * continues.
 *
 * @returns the positions of table and checkpoint, and what was written back. A table that is not behind also gets back what it lacks.
 * @example await acceptRestored({ table: 'redress', bucket: 'redress-evidence', by: 'ops@example.com', reason: 'INC-42' });
 * @throws {RedressError} `journal/invalid` if it is not behind and lacks nothing, or without a name and a reason; `ledger/corrupt` if the log is not
 *   what was signed.
 */
export async function acceptRestored(options: RestoredOptions): Promise<Restored> {
  return (await import('./restored.js')).acceptRestored(options);
}
