import { defineSetting, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { trail } from './trail.js';

const parameters = z.strictObject({
  kmsKeyArn: z
    .optional(z.kmsKeyArn())
    .check(z.describe('The KMS key that encrypts trails, in the region of their bucket. Its policy has to let cloudtrail.amazonaws.com use it.')),
});

/**
 * Encrypts what a trail delivers from now on with the key that the policy names. A trail that has a key keeps it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html#cloudtrail-2
 */
export const encryptWithKms = defineSetting({
  on: trail,
  id: 'cloudtrail-encrypt-with-kms',
  title: 'Encrypt a trail with a KMS key',
  package: packageRef,
  controls: {
    'aws-fsbp': ['CloudTrail.2'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.7'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.5'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.5'],
  },
  rules: { CLOUD_TRAIL_ENCRYPTION_ENABLED: 'cloud-trail-encryption-enabled' },
  calls: { 'cloudtrail:CreateTrail': 'request.name', 'cloudtrail:UpdateTrail': 'request.name' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the key policy lets CloudTrail use the key. If not, CloudTrail rejects the call. If the policy is changed later, CloudTrail stops delivering.',
    'Readers of the logs, such as a SIEM, that are not allowed to decrypt with the key.',
    'Logs delivered earlier: they stay as they are.',
  ],
  parameters,
  // What was taken away may be an empty text.
  at: ({ KmsKeyId }) => ({ key: KmsKeyId || undefined }),
  absent: { key: null },
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The trail is again encrypted only with the key of its bucket.',
    not: ['Logs delivered in the meantime stay encrypted.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_kms_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail KMSKeyId', terraform: 'aws_cloudtrail kms_key_id' },
  instead: ({ now, id, parameters: { kmsKeyArn } }) =>
    now.key === null ? needs('cloudtrail-encrypt-with-kms', `The trail ${id} is not encrypted with a KMS key`, { kmsKeyArn }) : null,
  wanted: ({ now, parameters: { kmsKeyArn = null } }) => ({ key: now.key ?? kmsKeyArn }),
  writes: [cloudtrail.pick('UpdateTrail')],
  // An empty text takes it away.
  write: ({ id, to: { key } }) => cloudtrail.call('UpdateTrail', { Name: id, KmsKeyId: key ?? '' }),
  summary: ({ id, to }) => `encrypt the trail ${id} with ${to.key}`,
});
