import { defineResource, defineSetting, given, paginate } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';
import { inRequest } from './network.js';

/** A transit gateway. Only who owns it can change it; one that is shared with the account is not listed. */
const transitGateway = defineResource({
  type: 'AWS::EC2::TransitGateway',
  arn: 'arn:{partition}:ec2:{region}:{account}:transit-gateway/{id}',
  find: {
    reads: [ec2.pick('DescribeTransitGateways')],
    async of({ aws, id }) {
      const found = given(await aws.ec2.DescribeTransitGateways({ TransitGatewayIds: [id] }), 'TransitGateways').find((each) => each.TransitGatewayId === id);
      return found?.State === 'deleted' ? null : found;
    },
  },
  created: ({ CreationTime }) => CreationTime,
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeTransitGateways')],
    async *of({ aws, account }) {
      for await (const found of paginate(aws.ec2.DescribeTransitGateways, {}, 'TransitGateways'))
        if (found.TransitGatewayId !== undefined && found.State !== 'deleted' && given(found, 'OwnerId') === account)
          yield { id: found.TransitGatewayId, found };
    },
  },
});

/**
 * Stops a transit gateway from accepting attachments of other accounts without being asked. Attachments that are there stay up.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-23
 */
export const disableTgwAutoAccept = defineSetting({
  on: transitGateway,
  id: 'ec2-disable-tgw-auto-accept',
  title: 'Stop a transit gateway from accepting shared attachments automatically',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.23'] },
  rules: { EC2_TRANSIT_GATEWAY_AUTO_VPC_ATTACH_DISABLED: 'ec2-transit-gateway-auto-vpc-attach-disabled' },
  calls: {
    'ec2:CreateTransitGateway': 'response.CreateTransitGatewayResponse.transitGateway.transitGatewayId',
    'ec2:ModifyTransitGateway': inRequest('ModifyTransitGateway', 'TransitGatewayId'),
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: ['Pipelines that create accounts and wait for their attachment: from now on, someone has to accept it.', 'With which accounts it is shared.'],
  at: ({ Options, OwnerId }) => ({ accepts: Options?.AutoAcceptSharedAttachments, owner: OwnerId }),
  hazards: [
    {
      code: 'vending',
      effect: 'approve',
      what: 'Tags mark it as part of account creation: new accounts would wait for their network.',
      advice: 'Make sure that the account pipeline also accepts the attachments. Then approve.',
      words: ['landing zone', 'account factory', 'vending', 'control tower', 'shared services'],
    },
  ],
  rollback: { restores: 'exact', what: 'Attachments are accepted automatically again.', not: ['Pending attachments: they still have to be accepted.'] },
  alsoFoundBy: { prowler: ['ec2_transitgateway_auto_accept_vpc_attachments'] },
  inCode: { cloudFormation: 'AWS::EC2::TransitGateway AutoAcceptSharedAttachments', terraform: 'aws_ec2_transit_gateway auto_accept_shared_attachments' },
  instead: ({ now: { owner }, resource: { account } }) =>
    owner === account ? null : { status: 'not-applicable', reason: `It is shared by ${owner}, and only that account can change it.` },
  wanted: ({ now }) => ({ ...now, accepts: 'disable' as const }),
  writes: [ec2.pick('ModifyTransitGateway')],
  write: ({ id, to }) => ec2.call('ModifyTransitGateway', { TransitGatewayId: id, Options: { AutoAcceptSharedAttachments: to.accepts } }),
  summary: ({ id }) => `stop ${id} from accepting shared attachments automatically`,
});
