import { defineRemediator, type Hazard, inParallel } from '@redress/core';
import { ec2 } from './client.js';
import { packageRef } from './package-ref.js';

/**
 * Turns on EBS encryption by default for an account and region. Existing volumes and snapshots stay as they are.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
 */
export const enableEbsEncryptionByDefault = defineRemediator({
  id: 'ec2-enable-ebs-encryption-by-default',
  title: 'Turn on EBS encryption by default for the account and region',
  package: packageRef,
  resourceTypes: ['AWS::::Account'],
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.7' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '2.2.1' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '2.2.1' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.1.1' },
  ],
  triggers: {
    configRules: ['EC2_EBS_ENCRYPTION_BY_DEFAULT', 'ec2-ebs-encryption-by-default'],
    apiCalls: { 'ec2:DisableEbsEncryptionByDefault': ({ account }) => [{ id: account }] },
  },
  ceiling: 'enforce',
  blindSpots: [
    'Pipelines that share snapshots or AMIs with other accounts: what is encrypted under the AWS managed key cannot be shared.',
    'Previous-generation instance types that cannot attach encrypted volumes.',
    'Whether launch roles and Auto Scaling may use a customer managed default key (its key policy is not read).',
  ],
  hazards: [
    {
      code: 'customer-default-key',
      effect: 'approve',
      what: 'The default key is a customer managed one: launches by roles or services that may not use this key fail from then on.',
      advice: 'See that the key policy lets launch roles and the Auto Scaling service role use the key. Then approve.',
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'EBS encryption by default is turned off again.',
    not: ['Volumes and snapshots that were made in between: they stay encrypted.'],
  },
  alsoFoundBy: { prowler: ['ec2_ebs_default_encryption'] },
  uses: {
    reads: [ec2.pick('GetEbsEncryptionByDefault', 'GetEbsDefaultKmsKeyId')],
    writes: [ec2.pick('EnableEbsEncryptionByDefault')],
    undoes: [ec2.pick('DisableEbsEncryptionByDefault')],
    decides: [ec2.pick('GetEbsDefaultKmsKeyId')],
  },
  async observe({ aws, purpose }) {
    const defaultKey = async () => (await aws.ec2.GetEbsDefaultKmsKeyId({})).KmsKeyId ?? null;
    // Other settings of EC2 for an account say by ManagedBy that a declarative policy of the organization holds them; the SDK's answer for this one
    // has no such member yet, so it is read as one that is not known.
    const [reply, key]: readonly [{ readonly EbsEncryptionByDefault?: boolean | undefined; readonly ManagedBy?: unknown }, string | null] = await inParallel(
      aws.ec2.GetEbsEncryptionByDefault({}),
      // The key is a hazard, and nothing else.
      purpose === 'decision' ? defaultKey() : null,
    );
    const { EbsEncryptionByDefault: enabled } = reply;
    const managedBy = typeof reply.ManagedBy === 'string' && reply.ManagedBy !== 'account' ? reply.ManagedBy : null;
    if (typeof enabled !== 'boolean') throw new Error('GetEbsEncryptionByDefault did not say whether it is on.');
    return { state: { enabled, managedBy }, ...(purpose === 'confirmation' ? {} : { context: { key: enabled ? null : key } }), tags: 'untaggable' };
  },
  plan({ state, context }) {
    if (state.enabled) return { status: 'compliant', message: 'EBS encryption by default is on.' };
    if (state.managedBy !== null)
      return {
        status: 'manual',
        message: `EBS encryption by default is off, and the account does not hold the setting (${state.managedBy} does): it is not changed here.`,
        steps: ['Change it in the declarative policy of the organization, or let that leave the account out.'],
      };
    const hazards: Hazard[] = [];
    const key = context?.key ?? null;
    if (key !== null && !key.endsWith('alias/aws/ebs')) {
      hazards.push({
        code: 'customer-default-key',
        effect: 'approve',
        message: `New volumes would be encrypted under ${key}: launches by roles or services that may not use this key would fail.`,
      });
    }
    return {
      status: 'change',
      hazards,
      changes: [
        {
          call: ec2.call('EnableEbsEncryptionByDefault', {}),
          undo: { calls: [ec2.call('DisableEbsEncryptionByDefault', {})], restores: 'exact' },
          summary: 'turn on EBS encryption by default',
          resolves: true,
        },
      ],
    };
  },
  async *discover({ account }) {
    yield { type: 'AWS::::Account', id: account };
  },
});
