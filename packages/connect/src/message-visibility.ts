import { RedressError } from '@redress/core';
import type { ParameterStopOptions } from './parameter-stop.js';

/** A message of a queue, as its receiver knows it. */
export interface ReceivedMessage {
  /** `arn:aws:sqs:eu-west-1:111111111111:redress`. */
  readonly queueArn: string;
  readonly receiptHandle: string;
}

type Change = (message: ReceivedMessage, seconds: number) => Promise<void>;

/**
 * Hides a message of an SQS queue for this many seconds from now. Then it is delivered again. The ARN identifies the queue and its region.
 * The function that received the message needs `sqs:ChangeMessageVisibility` on the queue.
 *
 * @example createHandler({ …, changeVisibility: messageVisibility() })
 * @throws {RedressError} `aws/unknown` if it is not the ARN of a queue; otherwise what the SDK throws
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 */
export function messageVisibility({ profile, endpoint }: Pick<ParameterStopOptions, 'profile' | 'endpoint'> = {}): Change {
  const clients = new Map<string, Promise<(path: string, receiptHandle: string, seconds: number) => Promise<unknown>>>();
  const made = async (region: string) => {
    const { ChangeMessageVisibilityCommand, SQSClient } = await import('./queue-client.js');
    const sqs = new SQSClient({
      region,
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      // The endpoint of the region: the URL that is built from the ARN below only names the queue.
      useQueueUrlAsEndpoint: false,
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 1000, requestTimeout: 1500, throwOnRequestTimeout: true },
    });
    const origin = endpoint ?? sqs.config.endpointProvider({ Region: region }).url;
    return (path: string, ReceiptHandle: string, VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: new URL(path, origin).href, ReceiptHandle, VisibilityTimeout }));
  };
  return async ({ queueArn, receiptHandle }, seconds) => {
    const [, , service, region, account, name] = queueArn.split(':');
    if (service !== 'sqs' || !region || !account || !name)
      throw new RedressError('aws/unknown', `${JSON.stringify(queueArn)} is not the ARN of an SQS queue.`, {
        next: 'Give the ARN of the queue of the message.',
      });
    const client = clients.get(region) ?? made(region);
    clients.set(region, client);
    await (await client)(`/${account}/${name}`, receiptHandle, seconds);
  };
}
