import { defineReport, given } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { idsIn, internetGateway } from './network.js';

/**
 * Reports an internet gateway of a VPC that is not to have one.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/internet-gateway-authorized-vpc-only.html
 */
export const reportUnauthorizedInternetGateway = defineReport({
  on: internetGateway,
  id: 'ec2-report-unauthorized-internet-gateway',
  title: 'Report internet gateways attached to VPCs that should have none',
  package: packageRef,
  controls: {},
  rules: { INTERNET_GATEWAY_AUTHORIZED_VPC_ONLY: 'internet-gateway-authorized-vpc-only' },
  calls: { 'ec2:AttachInternetGateway': 'request.internetGatewayId', 'ec2:DetachInternetGateway': 'request.internetGatewayId' },
  blindSpots: ['Routes to it, public addresses and NAT gateways in the VPC: without the gateway, all of them stop working at once.'],
  parameters: z.strictObject({
    authorizedVpcIds: z._default(z.string(), '').check(z.describe('Comma-separated ids of VPCs that may have an internet gateway.')),
  }),
  ruleParameters: { AuthorizedVpcIds: 'authorizedVpcIds' },
  at: (found) => ({
    vpcs: given(found, 'Attachments')
      .map(({ VpcId }) => VpcId ?? '?')
      .sort(),
  }),
  gap: ({ now, id, parameters }) => {
    const others = now.vpcs.filter((vpc) => !idsIn(parameters.authorizedVpcIds).includes(vpc));
    if (others.length === 0) return null;
    return {
      message: `Internet gateway ${id} is attached to ${others.join(', ')}, which the policy does not name.`,
      steps: [
        'Find out whether the VPC is meant to reach the internet. If so, add it to the parameter authorizedVpcIds, or record an exception.',
        'Otherwise find the routes to the gateway and the traffic that uses them. Provide another path (a NAT gateway elsewhere, VPC endpoints), and remove the routes.',
        'Only then detach the gateway.',
      ],
    };
  },
  closed: 'it is attached only to VPCs that the policy names, or is gone',
});
