import { BatchProcessor, EventType, processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQSEvent } from 'aws-lambda';
import { RetryError } from './retry-error.js';
import type { BatchResponse, SqsEvent, SqsRecord } from './types.js';
import type { ComesBack } from './visibility.js';

/**
 * Handles the messages of a batch, and answers those that failed; `comesBack` is asked before, with each of them and when it can be decided.
 *
 * In order: messages share the time and the limits of the run. A FIFO queue stops at the first failure, so that nothing overtakes.
 */
export async function handleBatch(
  event: SqsEvent,
  handle: (record: SqsRecord) => Promise<void>,
  comesBack: (messages: readonly ComesBack[], inOrder: boolean) => Promise<void>,
): Promise<BatchResponse> {
  const retryAt = new Map<string, number | null>();
  const attempt = (record: SqsRecord): Promise<void> =>
    handle(record).catch((error: unknown) => {
      retryAt.set(record.messageId, error instanceof RetryError ? error.retryAt : null);
      throw error;
    });
  const fifo = event.Records.some((record) => record.eventSourceARN?.endsWith('.fifo') ?? false);
  const batch = event as unknown as SQSEvent;
  const done = fifo
    ? await processPartialResponse(batch, attempt, new SqsFifoPartialProcessorAsync(), { throwOnFullBatchFailure: false })
    : await processPartialResponse(batch, attempt, new BatchProcessor(EventType.SQS), { processInParallel: false, throwOnFullBatchFailure: false });
  const failed = done.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  // The first failure of a FIFO queue stopped the others: one that is hidden for longer would keep its whole group waiting.
  const when = (id: string) => retryAt.get(fifo ? (failed[0] ?? id) : id) ?? null;
  const messages = event.Records.filter(({ messageId }) => failed.includes(messageId)).map((record) => ({ record, retryAt: when(record.messageId) }));
  await comesBack(messages, fifo);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
