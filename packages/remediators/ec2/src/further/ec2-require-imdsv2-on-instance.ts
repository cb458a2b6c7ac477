import { defineSetting } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { groupIn, inRequest, instance, launched, ofAGroup } from './network.js';

/**
 * Requires session tokens for the metadata of an instance. The other metadata options stay as they are.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-8
 */
export const requireImdsv2OnInstance = defineSetting({
  on: instance,
  id: 'ec2-require-imdsv2-on-instance',
  title: 'Require session tokens for instance metadata (IMDSv2)',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EC2.8'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['5.6'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['5.7'],
  },
  rules: { EC2_IMDSV2_CHECK: 'ec2-imdsv2-check' },
  calls: { 'ec2:RunInstances': launched, 'ec2:ModifyInstanceMetadataOptions': inRequest('ModifyInstanceMetadataOptions', 'InstanceId') },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether anything on it still calls without a token. The CloudWatch metric MetadataNoToken counts such calls; it should be 0 for two weeks. Programs that call without a token lose their credentials at once.',
    'Containers behind a hop limit of 1: they get no token.',
    'The account setting and the image that new instances start with.',
  ],
  at: ({ MetadataOptions }) => ({ tokens: MetadataOptions?.HttpTokens }),
  context: { of: async ({ found }) => groupIn((await found()).Tags) },
  hazards: [ofAGroup],
  rollback: { restores: 'exact', what: 'Metadata is available without a token again.', not: [] },
  alsoFoundBy: { prowler: ['ec2_instance_imdsv2_enabled'] },
  inCode: { cloudFormation: 'AWS::EC2::Instance MetadataOptions.HttpTokens', terraform: 'aws_instance metadata_options.http_tokens' },
  wanted: () => ({ tokens: 'required' as const }),
  writes: [ec2.pick('ModifyInstanceMetadataOptions')],
  write: ({ id, to }) => ec2.call('ModifyInstanceMetadataOptions', { InstanceId: id, HttpTokens: to.tokens }),
  summary: ({ id }) => `require session tokens for instance metadata of ${id}`,
});
