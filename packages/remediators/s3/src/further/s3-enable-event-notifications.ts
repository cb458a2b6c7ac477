import { canonicalJson, defineSetting, type JsonObject, needs, shortLived, toJson } from '@redress/core';
import * as z from '@redress/core/parameters';
import { bucketOf } from '../bucket.js';
import { packageRef } from '../package-ref.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';

const ARN = /^(?:eventbridge|arn:[a-z-]+:s(?:ns|qs):(?:[a-z0-9-]+|\{region\}):(?:[0-9]{12}|\{account\}):[\w{}.-]+)$/;
const parameters = z.strictObject({
  target: z
    .optional(z.string().check(z.regex(ARN, 'eventbridge, or the ARN of a topic or a queue, which may contain {account} and {region}')))
    .check(z.describe('The destination of events: eventbridge, or an SNS topic or SQS queue in the region of each bucket, whose policy allows S3.')),
  events: z
    ._default(z.array(z.string().check(z.regex(/^s3:\w+(?::\w+)?(?::\*)?$/, 'a type of event'))).check(z.minLength(1)), [
      's3:ObjectCreated:*',
      's3:ObjectRemoved:*',
    ])
    .check(z.describe('The events for a topic or a queue. EventBridge receives all events.')),
});

/** What is added for a target. */
function entryFor(target: string, Events: readonly string[]): JsonObject {
  if (target === 'eventbridge') return { EventBridgeConfiguration: {} };
  return target.split(':')[2] === 'sns' ? { TopicConfigurations: [{ TopicArn: target, Events }] } : { QueueConfigurations: [{ QueueArn: target, Events }] };
}

/** Notifications in an order of their own: S3 gives them in none that it promises. */
const sorted = (found: object) =>
  toJson(
    Object.fromEntries(
      Object.entries(found).map(([kind, all]) => [kind, Array.isArray(all) ? [...all].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)) : all]),
    ),
  ) as unknown as JsonObject;

/**
 * Lets S3 send events of the objects of a bucket to a target that the policy names, where it sends none. The call replaces all notifications of a bucket,
 * so a bucket that has some at the last look is not written to.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-11
 */
export const enableEventNotifications = defineSetting({
  on: bucket,
  id: 's3-enable-event-notifications',
  title: 'Turn on event notifications of a bucket',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.11'] },
  rules: { S3_EVENT_NOTIFICATIONS_ENABLED: 's3-event-notifications-enabled' },
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketNotification': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'EventBridge rules, and subscribers of the topic or queue, that accept events of any bucket: they receive these, too. One that writes to the bucket causes a loop.',
    'A notification configuration that someone sets between the last read and the change: it is overwritten, and a rollback does not restore it.',
    'What the events cost.',
    'Whether the target accepts them: if the policy of a topic or queue does not allow S3, S3 rejects the call.',
  ],
  parameters,
  read: {
    reads: [s3.pick('GetBucketNotificationConfiguration')],
    async of({ aws, resource }) {
      const found = await aws.s3.GetBucketNotificationConfiguration(bucketOf(resource));
      const { TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } = found;
      return { configured: sorted({ TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration }) };
    },
  },
  hazards: [shortLived('its events cost money, and nobody uses them')],
  rollback: { restores: 'exact', what: 'S3 no longer sends events.', not: ['Events sent in the meantime.'] },
  alsoFoundBy: { prowler: ['s3_bucket_event_notifications_enabled'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket NotificationConfiguration', terraform: 'aws_s3_bucket_notification' },
  instead: ({ now: { configured }, id, parameters: { target } }) =>
    Object.keys(configured).length > 0 ? null : needs('s3-enable-event-notifications', `${id} has no event notifications`, { target }),
  wanted: ({ now: { configured }, parameters: { target = '', events } }) => ({
    configured: Object.keys(configured).length > 0 ? configured : entryFor(target, events),
  }),
  writes: [s3.pick('PutBucketNotificationConfiguration')],
  write: ({ resource, to: { configured } }) => s3.call('PutBucketNotificationConfiguration', { ...bucketOf(resource), NotificationConfiguration: configured }),
  // The rule may look for targets and events of its own.
  judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
  summary: ({ id, parameters: { target } }) => `send events of the objects of ${id} to ${target}`,
});
