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
  title: 'Make IMDSv2 the account default for new instances',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 'ec2:ModifyInstanceMetadataDefaults': 'account' },
  ceiling: 'approve',
  blindSpots: [
    'Images whose software requests metadata without a token: the CloudWatch metric MetadataNoToken counts such calls of running instances, and is not read.',
    'Launches and images with their own setting: it takes precedence.',
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
      what: 'The hop limit of new instances is 1: containers outside the host network get no token, and no credentials.',
      advice: 'Where containers run, set a hop limit of 2 in launch templates, or give tasks and pods their own roles. Then approve.',
      when: ({ context }) => (context?.hops === 1 ? 'The account default of the hop limit is 1' : null),
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'The default is set back to its earlier value.',
    not: ['Instances started in the meantime: they still require a token.'],
  },
  alsoFoundBy: { prowler: ['ec2_instance_account_imdsv2_enabled'] },
  inCode: { cloudFormation: 'none: it is an account setting', terraform: 'aws_ec2_instance_metadata_defaults http_tokens' },
  instead: ({ now: { tokens, managedBy } }) =>
    tokens === 'required' || managedBy === null
      ? null
      : {
          status: 'manual',
          message: `New instances start without IMDSv2, and the account does not own the setting (${managedBy} does), so it is not changed.`,
          steps: ['Change it in the declarative policy of the organization, or exclude the account from that policy.'],
        },
  wanted: ({ now }) => ({ ...now, tokens: 'required' as const }),
  writes: [ec2.pick('ModifyInstanceMetadataDefaults')],
  write: ({ to }) => ec2.call('ModifyInstanceMetadataDefaults', { HttpTokens: to.tokens }),
  summary: () => 'make IMDSv2 the default for new instances',
});
