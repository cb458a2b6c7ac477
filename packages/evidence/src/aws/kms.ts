// Keys that never leave KMS, as signers of a ledger.
import { createPublicKey } from 'node:crypto';
import { messageOf, RedressError } from '@redress/core';
import { type NoteSigner, verifierOf } from '../ledger/note.js';
import type { Sender } from './store.js';

/** Options of {@link kmsSigner}. */
export interface KmsSignerOptions {
  /** ARN or ID of a key, or of an alias. The key spec has to be `ECC_NIST_EDWARDS25519`. */
  readonly key: string;
  /** Name of the log, as in the trust file. */
  readonly origin: string;
  readonly region?: string;
  /** For an emulator. */
  readonly endpoint?: string;
  /** Profile of the shared AWS configuration. */
  readonly profile?: string;
  /** Credentials for the SDK's clients; by default they come from the environment. */
  readonly credentials?: unknown;
  /** Replaces the SDK's own client. */
  readonly client?: Sender;
}

/** Maximum number of bytes that KMS signs as they are. */
const MOST = 4096;
const ALGORITHM = 'ED25519_SHA_512';

/** See `kmsSigner` in seal.ts. */
export async function kmsSigner({ key, origin, client: given, region, endpoint, profile, credentials }: KmsSignerOptions): Promise<NoteSigner> {
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import('@aws-sdk/client-kms').catch((cause: unknown) => {
    throw new RedressError('ledger/unavailable', `The AWS SDK cannot be loaded: ${messageOf(cause)}`, {
      cause,
      next: 'Install @aws-sdk/client-kms next to @redress/evidence.',
    });
  });
  const client: Sender =
    given ??
    (new KMSClient({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { profile }),
      ...(credentials === undefined ? {} : { credentials: credentials as never }),
      requestHandler: { connectionTimeout: 3000, requestTimeout: 6000 },
    }) as Sender);
  const ask = async <T>(command: object): Promise<T> => {
    try {
      return (await client.send(command as never)) as T;
    } catch (cause) {
      throw new RedressError('ledger/unavailable', `KMS cannot use the key ${key}: ${messageOf(cause)}`, {
        cause,
        retryable: true,
        next: 'Check that the key exists in this region, is enabled, and that the role may kms:GetPublicKey and kms:Sign.',
      });
    }
  };
  const { PublicKey, KeySpec, KeyUsage, SigningAlgorithms } = await ask<{
    PublicKey?: Uint8Array;
    KeySpec?: string;
    KeyUsage?: string;
    SigningAlgorithms?: string[];
  }>(new GetPublicKeyCommand({ KeyId: key }));
  if (PublicKey === undefined || KeyUsage !== 'SIGN_VERIFY' || SigningAlgorithms?.includes(ALGORITHM) !== true)
    throw new RedressError('ledger/key', `${key} is not an Ed25519 key that signs: its key spec is ${KeySpec ?? 'not known'}.`, {
      next: 'Make one with the key spec ECC_NIST_EDWARDS25519 and the usage SIGN_VERIFY.',
    });
  const verifier = verifierOf(origin, createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }));
  return {
    name: origin,
    verifier,
    async sign(text) {
      if (text.length > MOST) throw new RedressError('ledger/key', `KMS signs at most ${MOST} bytes; the checkpoint has ${text.length}.`);
      const { Signature } = await ask<{ Signature?: Uint8Array }>(
        new SignCommand({ KeyId: key, Message: text, MessageType: 'RAW', SigningAlgorithm: ALGORITHM }),
      );
      return Buffer.from(Signature ?? []);
    },
  };
}
