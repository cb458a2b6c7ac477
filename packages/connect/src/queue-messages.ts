import { RedressError } from '@redress/core';
import type { ParameterStopOptions } from './parameter-stop.js';

/** A message for a FIFO queue. */
export interface QueuedMessage {
  /** Messages of one group are handled one after the other. */
  readonly group: string;
  /** A message with the same id is not accepted again for five minutes. */
  readonly id: string;
  readonly body: string;
}

/** Maximum number of messages in one call to SQS. */
const PER_CALL = 10;
/** Concurrent calls: SQS limits the calls per second for a queue. */
const AT_ONCE = 5;
/** Attempts to send what SQS has rejected. */
const ATTEMPTS = 3;

/**
 * Sends messages to an SQS FIFO queue. It resolves when all of them are in the queue.
 *
 * @param queueUrl URL of a queue whose name ends in `.fifo`.
 * @example createHandler({ …, sweep: { targets, queue: { send: queueMessages('https://sqs.eu-west-1.amazonaws.com/111111111111/sweeps.fifo') } } })
 * @throws {RedressError} `aws/server` if SQS accepted only some. When it is called again, those in the queue are not accepted twice.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
export function queueMessages(
  queueUrl: string,
  { region, profile, endpoint }: Omit<ParameterStopOptions, 'name'> = {},
): (messages: readonly QueuedMessage[]) => Promise<void> {
  const made = async () => {
    const { SendMessageBatchCommand, SQSClient } = await import('./queue-client.js');
    const sqs = new SQSClient({
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      // The endpoint of the region: the host in the queue's URL may be another name of an emulator.
      useQueueUrlAsEndpoint: false,
    });
    return async (messages: readonly QueuedMessage[]): Promise<readonly QueuedMessage[]> => {
      const Entries = messages.map(({ group, id, body }, index) => ({
        Id: String(index),
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: id,
      }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      const wrong = Failed.find(({ SenderFault }) => SenderFault === true);
      if (wrong !== undefined) throw new RedressError('aws/invalid', `SQS does not accept a message: ${wrong.Code}: ${wrong.Message ?? ''}`);
      return messages.filter((_, index) => Failed.some(({ Id }) => Id === String(index)));
    };
  };
  let sender: ReturnType<typeof made> | null = null;
  return async (messages) => {
    sender ??= made();
    const send = await sender;
    const batches = Array.from({ length: Math.ceil(messages.length / PER_CALL) }, (_, index) =>
      messages.slice(index * PER_CALL, (index + 1) * PER_CALL),
    ).values();
    const worker = async () => {
      for (const batch of batches) {
        let left: readonly QueuedMessage[] = batch;
        for (let attempt = 0; left.length > 0; attempt++) {
          if (attempt === ATTEMPTS) throw new RedressError('aws/server', `SQS did not accept all messages: ${left.length} are left.`, { retryable: true });
          left = await send(left);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
}
