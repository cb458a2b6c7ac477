import { defineSetting, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { logs } from './client.js';
import { logGroup } from './log-group.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The KMS key of log groups: symmetric, enabled, in their region, and usable by CloudWatch Logs.')),
});

/**
 * Encrypts what comes into a log group with the key that the policy names. CloudWatch Logs encrypts what has none with a key of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export const encryptLogGroup = defineSetting({
  on: logGroup,
  id: 'logs-encrypt-log-group',
  title: 'Encrypt a log group with a KMS key',
  package: packageRef,
  controls: {},
  rules: { CLOUDWATCH_LOG_GROUP_ENCRYPTED: 'cloudwatch-log-group-encrypted' },
  calls: { 'logs:CreateLogGroup': 'request.logGroupName', 'logs:DisassociateKmsKey': 'request.logGroupName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the key policy lets CloudWatch Logs use the key for this group: if not, CloudWatch Logs rejects the call.',
    'Whether the key stays enabled: while it is disabled, the log group can be neither written nor read.',
    'Readers and subscribers of the log group that are not allowed to decrypt with the key.',
    'Earlier events: they stay as they are.',
  ],
  parameters,
  at: ({ kmsKeyId, logGroupClass }) => ({ key: kmsKeyId, logGroupClass }),
  // A group without a KMS key is described without one.
  absent: { key: null, logGroupClass: 'STANDARD' },
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'New events are again encrypted with the key of CloudWatch Logs.',
    not: ['Events that arrived in the meantime stay encrypted with the KMS key: without it nobody can read them.'],
  },
  alsoFoundBy: { prowler: ['cloudwatch_log_group_kms_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::Logs::LogGroup KmsKeyId', terraform: 'aws_cloudwatch_log_group kms_key_id' },
  instead({ now: { key, logGroupClass }, id, parameters: { kmsKeyArn } }) {
    if (logGroupClass === 'DELIVERY') return { status: 'not-applicable', reason: 'Log groups of class DELIVERY only forward events.' };
    return key === null ? needs('logs-encrypt-log-group', `${id} is not encrypted with a KMS key`, { kmsKeyArn }) : null;
  },
  // A group that has a key keeps it.
  wanted: ({ now, parameters: { kmsKeyArn = null } }) => ({ ...now, key: now.key ?? kmsKeyArn }),
  writes: [logs.pick('AssociateKmsKey')],
  undoes: [logs.pick('DisassociateKmsKey')],
  write: ({ id, to }) => logs.call('AssociateKmsKey', { logGroupName: id, kmsKeyId: to.key ?? '' }),
  undo: ({ id }) => ({ calls: [logs.call('DisassociateKmsKey', { logGroupName: id })], restores: 'exact' }),
  judge: ({ state: { key }, claim: { parameters: asked }, resource }) =>
    key !== null && asked?.['KmsKeyId'] !== undefined && asked['KmsKeyId'] !== key
      ? [`${resource.id} is encrypted with ${key}, and ${asked['KmsKeyId']} is required`]
      : [],
  summary: ({ id, to }) => `encrypt new events of ${id} with ${to.key}`,
});
