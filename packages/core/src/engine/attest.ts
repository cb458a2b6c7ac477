import { type Attestation, breakerOf } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Partition, ResourceRef } from '../model/resource.js';
import { persist } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { AttestOptions } from './types.js';

/** Nobody's word holds for longer. Milliseconds. */
const LONGEST = 366 * 86_400_000;

/** The account that somebody vouches for, as a resource. */
export function accountOf({ account, partition = 'aws' }: { readonly account: string; readonly partition?: Partition }): ResourceRef {
  return breakerOf({ account, partition });
}

/** Records that a person says that something is so in an account, or is so no more. */
export async function attest(
  runtime: Runtime,
  remediator: string,
  where: { readonly account: string; readonly partition?: Partition },
  { by, until, evidence }: AttestOptions,
): Promise<Attestation> {
  const stop = (message: string, next: string): never => {
    throw new RedressError('attest/refused', message, { next });
  };
  const { id, attested } = runtime.named(remediator);
  if (attested !== true) stop(`${id} evaluates the resource itself: an attestation has no effect.`, '`redress coverage` shows what is attested.');
  if (by.trim() === '' || evidence.trim() === '')
    stop('An attestation needs a person and evidence.', 'Give the name of the person who attests it, and a document, a ticket or a link.');
  const now = runtime.clock.now();
  if (until !== null && !(until > now && until <= now + LONGEST))
    stop('It has to expire within 366 days from now.', 'Give an expiry date in the future, and attest it again before then.');
  const attestation: Attestation = { remediator: id, by: { name: by, verified: false }, at: now, until: until ?? now, evidence };
  const message =
    until === null
      ? `${by} (unverified) withdraws the attestation: ${evidence}`
      : `${by} (unverified) attests it until ${new Date(until).toISOString()}: ${evidence}`;
  await persist(runtime, (journal) =>
    journal.append({
      kind: 'approval',
      resource: accountOf(where),
      remediator: id,
      body: { attested: { by: { ...attestation.by }, until: attestation.until, evidence }, message },
    }),
  );
  return attestation;
}
