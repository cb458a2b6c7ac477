import type { SNSClient, SNSClientConfig } from '@aws-sdk/client-sns';
import type { Message } from '../message.js';
import { fitted, plainText } from '../plain-text.js';
import { bytesOf, clip } from '../text.js';
import { sdkConfig } from './aws.js';
import type { Channel } from './channel.js';
import { regionOfTopic } from './topic-arn.js';

/** Of message and attributes together. */
const MOST = 262_144;
const FOR_ATTRIBUTES = 4096;

/** What {@link snsChannel} takes. */
export interface SnsOptions {
  readonly topicArn: string;
  /** Default `sns`. */
  readonly name?: string;
  /** More for the SDK client: an endpoint, credentials. The region is that of the topic. */
  readonly client?: SNSClientConfig;
}

/**
 * Publishes to an SNS topic: text for people, attributes (`outcome`, `severity`, `remediator`, `account`, `environment`) for the filter
 * policies of subscriptions.
 *
 * @example snsChannel({ topicArn: 'arn:aws:sns:eu-west-1:111111111111:redress' })
 * @throws {RedressError} `notify/invalid` when the ARN is none of a topic
 */
export function snsChannel({ topicArn, name = 'sns', client }: SnsOptions): Channel {
  const region = regionOfTopic(topicArn);
  let made: SNSClient | null = null;
  const fifo = topicArn.endsWith('.fifo');
  return {
    name,
    held: 'summed-up',
    async send(messages, { signal }) {
      // Loaded with the first message: most events end without one, and a function should not start with it.
      const { PublishCommand, SNSClient } = await import('./sns-client.js');
      made ??= new SNSClient(sdkConfig({ region, ...client }));
      const sns = made;
      for (const message of messages) {
        const body = fitted(message, (each) => bytesOf(plainText(each)) <= MOST - FOR_ATTRIBUTES);
        const { notification, key, severity } = message;
        const attributes = {
          severity,
          ...(notification === null
            ? { outcome: 'several' }
            : { outcome: notification.outcome, remediator: notification.remediator.id, account: notification.resource.account }),
          ...(notification?.environment == null ? {} : { environment: notification.environment }),
        };
        await sns.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: subject(message),
            Message: plainText(body),
            MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([at, StringValue]) => [at, { DataType: 'String', StringValue }])),
            // The same notice at another time is another message.
            ...(fifo ? { MessageGroupId: message.about.slice(0, 71), MessageDeduplicationId: `${key}-${notification?.at ?? ''}`.slice(0, 128) } : {}),
          }),
          { abortSignal: signal },
        );
      }
    },
  };
}

/** A subject is at most 100 characters of printable ASCII. */
function subject({ title }: Message): string {
  return clip(`Redress: ${title}`.replace(/[^\x20-\x7e]/g, '?'), 98).replace('…', '..');
}
