import { accountInRegion, defineSetting, given } from '@redress/core';
import { holder } from '../client.js';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';

/**
 * Makes IMDSv2 what new instances of an account and region start with, where neither launch nor image says otherwise. The other defaults, and what runs, stay
 * as they are.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html#set-imdsv2-account-defaults
 */
export const setImdsv2AccountDefault = defineSetting({
  on: accountInRegion,
  id: 'ec2-set-imdsv2-account-default',
  title: 'Make IMDSv2 the default of the account for new instances',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 'ec2:ModifyInstanceMetadataDefaults': 'account' },
  ceiling: 'approve',
  blindSpots: [
    'Images whose software asks for metadata without a token: the metric MetadataNoToken of CloudWatch counts that for what runs, and is not read.',
    'Launches and images that say otherwise: what they say wins.',
  ],
  read: {
    reads: [ec2.pick('GetInstanceMetadataDefaults')],
    async of({ aws }) {
      const { HttpTokens, ManagedBy } = given(await aws.ec2.GetInstanceMetadataDefaults({}), 'AccountLevel');
      return { tokens: HttpTokens, managedBy: holder(ManagedBy) };
    },
  },
  absent: { tokens: 'no-preference' },
  context: {
    reads: [ec2.pick('GetInstanceMetadataDefaults')],
    of: async ({ aws }) => ({ hops: given(await aws.ec2.GetInstanceMetadataDefaults({}), 'AccountLevel').HttpPutResponseHopLimit ?? null }),
  },
  hazards: [
    {
      code: 'one-hop',
      effect: 'approve',
      what: 'New instances let a token travel one hop: containers that are not in the network of their host get none, and no credentials.',
      advice: 'Let those who start containers set a hop limit of 2 in their launch templates, or give tasks and pods roles of their own. Then approve.',
      when: ({ context }) => (context?.hops === 1 ? 'The default of the account for the hop limit is 1' : null),
    },
  ],
  rollback: { restores: 'exact', what: 'The default is what it was.', not: ['Instances that were started meanwhile: they ask for a token.'] },
  alsoFoundBy: { prowler: ['ec2_instance_account_imdsv2_enabled'] },
  inCode: { cloudFormation: 'none: a setting of the account', terraform: 'aws_ec2_instance_metadata_defaults http_tokens' },
  instead: ({ now: { tokens, managedBy } }) =>
    tokens === 'required' || managedBy === null
      ? null
      : {
          status: 'manual',
          message: `New instances start without IMDSv2, and the account does not hold the setting (${managedBy} does): it is not changed here.`,
          steps: ['Change it in the declarative policy of the organization, or let that leave the account out.'],
        },
  wanted: ({ now }) => ({ ...now, tokens: 'required' as const }),
  writes: [ec2.pick('ModifyInstanceMetadataDefaults')],
  write: ({ to }) => ec2.call('ModifyInstanceMetadataDefaults', { HttpTokens: to.tokens }),
  summary: () => 'make IMDSv2 the default for new instances',
});
