import { defineSetting, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { logs } from './client.js';
import { logGroup } from './log-group.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  kmsKeyArn: z
    .optional(z.string().check(z.regex(/^arn:[a-z-]+:kms:(?:[a-z0-9-]+|\{region\}):[0-9]{12}:key\/[\w-]+$/, 'the ARN of a key of KMS')))
    .check(z.describe('The key of log groups: symmetric, enabled, of their region, and open to CloudWatch Logs. {region} stands for the region.')),
});

/**
 * Encrypts what comes into a log group with the key that the policy names. CloudWatch Logs encrypts what has none with a key of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export const encryptLogGroup = defineSetting({
  on: logGroup,
  id: 'logs-encrypt-log-group',
  title: 'Encrypt a log group with a key of KMS',
  package: packageRef,
  controls: {},
  rules: { CLOUDWATCH_LOG_GROUP_ENCRYPTED: 'cloudwatch-log-group-encrypted' },
  calls: { 'logs:CreateLogGroup': 'request.logGroupName', 'logs:DisassociateKmsKey': 'request.logGroupName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the policy of the key lets CloudWatch Logs use it for this group: CloudWatch Logs refuses the call where it does not.',
    'Whether the key stays enabled: nothing is written to or read from the group while it is not.',
    'Who reads the group or is subscribed to it, and may not decrypt with the key.',
    'Events that came before: they stay as they are.',
  ],
  parameters,
  at: ({ kmsKeyId, logGroupClass }) => ({ key: kmsKeyId, logGroupClass }),
  // A group without a key of KMS is described without one.
  absent: { key: null, logGroupClass: 'STANDARD' },
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'New events are encrypted with the key of CloudWatch Logs again.',
    not: ['Events that came meanwhile stay under the key: without it nobody can read them.'],
  },
  alsoFoundBy: { prowler: ['cloudwatch_log_group_kms_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::Logs::LogGroup KmsKeyId', terraform: 'aws_cloudwatch_log_group kms_key_id' },
  instead({ now: { key, logGroupClass }, id, parameters: { kmsKeyArn } }) {
    if (logGroupClass === 'DELIVERY') return { status: 'not-applicable', reason: 'Log groups of the class DELIVERY only pass events on.' };
    return key === null ? needs('logs-encrypt-log-group', `${id} is not encrypted with a key of KMS`, { kmsKeyArn }) : null;
  },
  // A group that has a key keeps it.
  wanted: ({ now, resource, parameters: { kmsKeyArn = null } }) => ({ ...now, key: now.key ?? kmsKeyArn?.replaceAll('{region}', resource.region) ?? null }),
  writes: [logs.pick('AssociateKmsKey')],
  undoes: [logs.pick('DisassociateKmsKey')],
  write: ({ id, to }) => logs.call('AssociateKmsKey', { logGroupName: id, kmsKeyId: to.key ?? '' }),
  undo: ({ id }) => ({ calls: [logs.call('DisassociateKmsKey', { logGroupName: id })], restores: 'exact' }),
  judge: ({ state: { key }, claim: { parameters: asked }, resource }) =>
    key !== null && asked?.['KmsKeyId'] !== undefined && asked['KmsKeyId'] !== key
      ? [`${resource.id} is encrypted with ${key}, and ${asked['KmsKeyId']} is looked for`]
      : [],
  summary: ({ id, to }) => `encrypt new events of ${id} with ${to.key}`,
});
