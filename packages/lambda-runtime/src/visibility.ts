import { describe } from './log.js';
import type { HandlerLogger, InvocationContext, SqsRecord } from './types.js';

/**
 * Hides a message of a queue, which this function has received, for this many seconds from now. Then it is delivered again. The SDK's command fits.
 *
 * @example ({ queueArn, receiptHandle }, seconds) => …new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds })
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 */
export type ChangeVisibility = (message: { readonly queueArn: string; readonly receiptHandle: string }, seconds: number) => Promise<void>;

/** A message that is delivered again, and the epoch milliseconds from which on it can be decided; null: nothing says when. */
export interface ComesBack {
  readonly record: SqsRecord;
  readonly retryAt: number | null;
}

/** The longest sleep for a resource to settle where a message can come back instead, in milliseconds: a delivery costs about as much. */
export const PATIENCE = 10_000;
/** Seconds. SQS takes twelve hours, and counts them from when the message was received, which is some time ago. */
const LONGEST = 39_600;
/** Milliseconds: SQS keeps a message for four days unless its queue says otherwise, and a hidden one is gone with the others. */
const KEPT = 345_600_000;
/** It becomes visible this many milliseconds before that. */
const LAST_CHANCE = 60_000;
/** Deliveries that come as early as they can. A queue gives up a message after some: the rest has to outlast what holds it up. */
const EARLY_DELIVERIES = 3;
/** With less time than this nothing is asked of the queue: the answer goes first. Milliseconds. */
const NEEDED_TO_ASK = 5_000;

/** Seconds after the end of an invocation until a message that it held is delivered again: then its worker is gone for certain. */
const GONE_AFTER = 15;

/** Hides a message no longer than this invocation can last. What fails is a warning: then it comes back when the queue's own time-out ends. */
export async function holdOn(
  changeVisibility: ChangeVisibility,
  { messageId, eventSourceARN: queueArn, receiptHandle }: SqsRecord,
  { context, logger }: { readonly context: InvocationContext; readonly logger: HandlerLogger },
): Promise<void> {
  if (queueArn === undefined || receiptHandle === undefined) return;
  const seconds = Math.ceil(context.getRemainingTimeInMillis() / 1000) + GONE_AFTER;
  try {
    await changeVisibility({ queueArn, receiptHandle }, seconds);
  } catch (error) {
    logger.warn('the visibility of a message could not be changed', { messageId, seconds, error: describe(error) });
  }
}

/** For how many seconds a message is hidden until it can be decided; null: the queue's own visibility time-out stands. */
export function hiddenFor({ record, retryAt }: ComesBack, now: number): number | null {
  const { SentTimestamp, ApproximateReceiveCount } = record.attributes ?? {};
  if (retryAt === null || Number(ApproximateReceiveCount) > EARLY_DELIVERIES) return null;
  const sent = Number(SentTimestamp);
  const left = sent > 0 ? Math.floor((sent + KEPT - LAST_CHANCE - now) / 1000) : LONGEST;
  const seconds = Math.min(Math.max(1, Math.ceil((retryAt - now) / 1000)), left, LONGEST);
  return seconds >= 1 ? seconds : null;
}

/** Has messages delivered again when they can be decided. What fails is a warning: then they come when the queue's own time-out ends. */
export async function bringBack(
  changeVisibility: ChangeVisibility,
  messages: readonly ComesBack[],
  { context, logger, now, inOrder }: { readonly context: InvocationContext; readonly logger: HandlerLogger; readonly now: number; readonly inOrder: boolean },
): Promise<void> {
  const change = async (message: ComesBack): Promise<void> => {
    const { messageId, eventSourceARN: queueArn, receiptHandle } = message.record;
    const seconds = hiddenFor(message, now);
    if (seconds === null || queueArn === undefined || receiptHandle === undefined) return;
    try {
      if (context.getRemainingTimeInMillis() < NEEDED_TO_ASK) throw new Error('Not enough time is left.');
      await changeVisibility({ queueArn, receiptHandle }, seconds);
      logger.info('message is delivered again when it can be decided', { messageId, seconds });
    } catch (error) {
      logger.warn('the visibility of a message could not be changed', {
        messageId,
        seconds,
        error: describe(error),
        next: 'It is delivered again when the visibility timeout of its queue ends. The role of the function needs sqs:ChangeMessageVisibility.',
      });
    }
  };
  // One after the other, for the same number of seconds each: so none is seen before one that was sent before it.
  if (inOrder) for (const message of messages) await change(message);
  else await Promise.all(messages.map(change));
}
