import { defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { groupIn, inRequest, instance, launched, ofAGroup } from './network.js';

/**
 * Lowers how many hops a token for the metadata of an instance may travel. The other metadata options stay as they are.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/ec2-token-hop-limit-check.html
 */
export const limitImdsHopCount = defineSetting({
  on: instance,
  id: 'ec2-limit-imds-hop-count',
  title: 'Lower the hop limit of instance metadata',
  package: packageRef,
  controls: {},
  rules: { EC2_TOKEN_HOP_LIMIT_CHECK: 'ec2-token-hop-limit-check' },
  calls: { 'ec2:RunInstances': launched, 'ec2:ModifyInstanceMetadataOptions': inRequest('ModifyInstanceMetadataOptions', 'InstanceId') },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Containers that no tag shows: with a hop limit of 1, containers outside the host network get no token, and no credentials.',
    'The account setting and the image that new instances start with.',
  ],
  parameters: z.strictObject({
    hopLimit: z._default(z.int().check(z.gte(1), z.lte(64)), 1).check(z.describe('The hop limit of tokens. Containers need 2.')),
  }),
  ruleParameters: { tokenHopLimit: 'hopLimit' },
  at: ({ MetadataOptions }) => ({ hops: MetadataOptions?.HttpPutResponseHopLimit }),
  context: { of: async ({ found }) => groupIn((await found()).Tags) },
  hazards: [
    ofAGroup,
    {
      code: 'containers',
      effect: 'approve',
      what: 'Tags show that it runs containers: they may need a second hop for their credentials.',
      advice: 'Give tasks and pods their own roles, or set the parameter hopLimit to 2.',
      words: ['eks', 'ecs', 'kubernetes', 'k8s', 'docker', 'container', 'containers', 'nomad', 'openshift'],
    },
  ],
  rollback: { restores: 'exact', what: 'The hop limit is set back to its earlier value.', not: [] },
  inCode: {
    cloudFormation: 'AWS::EC2::Instance MetadataOptions.HttpPutResponseHopLimit',
    terraform: 'aws_instance metadata_options.http_put_response_hop_limit',
  },
  wanted: ({ now, parameters: { hopLimit } }) => ({ hops: Math.min(now.hops, hopLimit) }),
  writes: [ec2.pick('ModifyInstanceMetadataOptions')],
  write: ({ id, to }) => ec2.call('ModifyInstanceMetadataOptions', { InstanceId: id, HttpPutResponseHopLimit: to.hops }),
  summary: ({ id, now, to }) => `lower the metadata hop limit of ${id} from ${now.hops} to ${to.hops}`,
});
