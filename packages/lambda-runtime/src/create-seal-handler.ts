import { messageOf, systemClock } from '@redress/core';
import { describe, makeLogger } from './log.js';
import { defaultSink, Metrics, type MetricsSink } from './metrics.js';
import type { HandlerLogger } from './types.js';

/** What a seal came to: as `sealAws` of `@redress/evidence/aws` says it. */
export interface Sealed {
  readonly size: number;
  readonly seal: { readonly number: number; readonly records: number };
  readonly made: string;
  /** Streams that could not be sealed on. */
  readonly skipped: readonly { readonly stream: string; readonly seq: number; readonly message: string }[];
  readonly checkpoint: string;
  /** Witnesses that were asked, and have not cosigned it. */
  readonly notCosigned?: readonly { readonly witness: string; readonly message: string; readonly next: string }[];
  /** Where the key was replaced, by this seal or before it, and the function does not yet have the new one as its own. */
  readonly rotated?: KeyReplaced;
}

/** A key that was replaced: public keys as the trust file has them, and when the last seal of the old one was made. */
interface KeyReplaced {
  readonly from: string;
  readonly to: string;
  readonly since: string;
}

/** Options of {@link createSealHandler}. */
export interface SealHandlerOptions {
  seal(): Promise<Sealed>;
  /** Copies the checkpoint elsewhere. @returns where it could not. */
  copy?(checkpoint: string): Promise<readonly { readonly anchor: string; readonly message: string }[]>;
  readonly logger?: HandlerLogger;
  readonly metrics?: MetricsSink;
}

/** What an invocation answers. */
export interface SealAnswer {
  readonly number: number;
  readonly records: number;
  readonly size: number;
  readonly made: string;
  readonly skipped: number;
  readonly notCopied: number;
  readonly notCosigned: number;
  readonly rotated?: KeyReplaced;
}

/** Seals. Whatever invokes it. */
export type SealHandler = () => Promise<SealAnswer>;

/**
 * Makes the Lambda handler of the sealer, for a schedule. A seal that fails is an error of the invocation: Lambda tries it again, and an alarm says that
 * none was made. A stream that was changed, a copy that could not be kept, and a witness that has not cosigned stop nothing: they are logged as errors and counted, for alarms.
 *
 * @example export const seal = createSealHandler({ seal: () => sealAws({ table, bucket, signer }) });
 */
export function createSealHandler({ seal, copy, logger = makeLogger(), metrics: sink = defaultSink() ?? undefined }: SealHandlerOptions): SealHandler {
  return async () => {
    const metrics = new Metrics(sink ?? null);
    try {
      const { size, seal: made, made: how, skipped, checkpoint, notCosigned = [], rotated } = await seal();
      metrics.add('Sealed', 'Count', 1);
      for (const { message, stream, seq } of skipped) logger.error(`not sealed: ${message}`, { kind: 'seal-skipped', stream, seq });
      if (skipped.length > 0) metrics.add('SealSkipped', 'Count', skipped.length);
      for (const { message, witness, next } of notCosigned)
        logger.error(`the checkpoint was not cosigned: ${message}`, { kind: 'checkpoint-not-cosigned', witness, next });
      if (notCosigned.length > 0) metrics.add('CheckpointNotCosigned', 'Count', notCosigned.length);
      const failed = copy === undefined ? [] : await copied(copy, checkpoint);
      for (const { message, anchor } of failed) logger.error(`the checkpoint was not copied: ${message}`, { kind: 'checkpoint-not-copied', anchor });
      if (failed.length > 0) metrics.add('CheckpointNotCopied', 'Count', failed.length);
      // Until whoever deploys it has made the new key its own, the role may sign with both: it is said each time.
      if (rotated !== undefined)
        logger.warn('the key was replaced: deploy the sealer with the new key, and without the old one', { kind: 'key-rotated', ...rotated });
      const left = { skipped: skipped.length, notCopied: failed.length, notCosigned: notCosigned.length };
      const answer = { number: made.number, records: made.records, size, made: how, ...left, ...(rotated === undefined ? {} : { rotated }) };
      logger.info('sealed', { kind: 'seal', ...answer });
      return answer;
    } catch (error) {
      logger.error('nothing was sealed', { kind: 'seal-failed', error: describe(error) });
      throw error;
    } finally {
      metrics.flush(systemClock.now());
    }
  };
}

async function copied(copy: NonNullable<SealHandlerOptions['copy']>, checkpoint: string) {
  try {
    return await copy(checkpoint);
  } catch (error) {
    return [{ anchor: '', message: messageOf(error) }];
  }
}
