import { accountInRegion, defineSetting, given } from '@redress/core';
import { ec2, holder } from './client.js';
import { packageRef } from './package-ref.js';

/**
 * Turns on EBS encryption by default for an account and region. Existing volumes and snapshots stay as they are.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
 */
export const enableEbsEncryptionByDefault = defineSetting({
  on: accountInRegion,
  id: 'ec2-enable-ebs-encryption-by-default',
  title: 'Turn on EBS encryption by default for the account and region',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EC2.7'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['2.2.1'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.2.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['5.1.1'],
  },
  rules: { EC2_EBS_ENCRYPTION_BY_DEFAULT: 'ec2-ebs-encryption-by-default' },
  calls: { 'ec2:DisableEbsEncryptionByDefault': 'account' },
  ceiling: 'enforce',
  blindSpots: [
    'Pipelines that share snapshots or AMIs with other accounts: what is encrypted with the AWS managed key cannot be shared.',
    'Previous-generation instance types that cannot attach encrypted volumes.',
    'Whether launch roles and Auto Scaling may use a customer managed default key (its key policy is not read).',
  ],
  read: {
    reads: [ec2.pick('GetEbsEncryptionByDefault')],
    // Other settings of EC2 for an account say by ManagedBy that a declarative policy of the organization holds them; the SDK's answer for this one
    // has no such member yet, so it is read as one that is not known.
    of: async ({ aws }) => {
      const reply: { readonly EbsEncryptionByDefault?: boolean | undefined; readonly ManagedBy?: unknown } = await aws.ec2.GetEbsEncryptionByDefault({});
      return { enabled: reply.EbsEncryptionByDefault, managedBy: holder(reply.ManagedBy) };
    },
  },
  // The key is a hazard, and nothing else.
  context: { reads: [ec2.pick('GetEbsDefaultKmsKeyId')], of: async ({ aws }) => ({ key: given(await aws.ec2.GetEbsDefaultKmsKeyId({}), 'KmsKeyId') }) },
  hazards: [
    {
      code: 'customer-default-key',
      effect: 'approve',
      what: 'The default key is a customer managed key: launches by roles or services that are not allowed to use it will fail.',
      advice: 'Check that the key policy lets launch roles and the Auto Scaling service role use the key. Then approve.',
      when: ({ context: { key } = { key: null } }) =>
        key === null || key.endsWith('alias/aws/ebs')
          ? null
          : `New volumes would be encrypted with ${key}: launches by roles or services that are not allowed to use this key would fail.`,
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'EBS encryption by default is turned off again.',
    not: ['Volumes and snapshots created in the meantime: they stay encrypted.'],
  },
  alsoFoundBy: { prowler: ['ec2_ebs_default_encryption'] },
  inCode: { cloudFormation: 'none: it is an account setting', terraform: 'aws_ebs_encryption_by_default enabled' },
  instead: ({ now: { enabled, managedBy } }) =>
    enabled || managedBy === null
      ? null
      : {
          status: 'manual',
          message: `EBS encryption by default is off, and the account does not own the setting (${managedBy} does), so it is not changed.`,
          steps: ['Change it in the declarative policy of the organization, or exclude the account from that policy.'],
        },
  wanted: ({ now }) => ({ ...now, enabled: true }),
  compliant: () => 'EBS encryption by default is on.',
  writes: [ec2.pick('EnableEbsEncryptionByDefault')],
  undoes: [ec2.pick('DisableEbsEncryptionByDefault')],
  write: ({ to }) => ec2.call(to.enabled ? 'EnableEbsEncryptionByDefault' : 'DisableEbsEncryptionByDefault', {}),
  summary: () => 'turn on EBS encryption by default',
});
