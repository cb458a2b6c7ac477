import { defineReport } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { idsIn, routeTable } from './network.js';

const EVERYWHERE: readonly unknown[] = ['0.0.0.0/0', '::/0'];

/**
 * Reports a route from everywhere to an internet gateway.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/no-unrestricted-route-to-igw.html
 */
export const reportDefaultRouteToIgw = defineReport({
  on: routeTable,
  id: 'ec2-report-default-route-to-igw',
  title: 'Report 0.0.0.0/0 routes to an internet gateway',
  package: packageRef,
  controls: {},
  rules: { NO_UNRESTRICTED_ROUTE_TO_IGW: 'no-unrestricted-route-to-igw' },
  calls: { 'ec2:CreateRoute': 'request.routeTableId', 'ec2:ReplaceRoute': 'request.routeTableId', 'ec2:DeleteRoute': 'request.routeTableId' },
  blindSpots: ['Resources in the subnets that have a public address and depend on this route.', 'Load balancers and NAT gateways in them, which need it.'],
  parameters: z.strictObject({
    routeTableIds: z._default(z.string(), '').check(z.describe('Comma-separated ids of route tables that may have such a route.')),
  }),
  ruleParameters: { routeTableIds: 'routeTableIds' },
  at: ({ Routes, Associations = [] }) => ({
    open: Routes?.filter(
      ({ DestinationCidrBlock, DestinationIpv6CidrBlock, GatewayId }) =>
        (EVERYWHERE.includes(DestinationCidrBlock) || EVERYWHERE.includes(DestinationIpv6CidrBlock)) && GatewayId?.startsWith('igw-') === true,
    )
      .map((each) => `${each.DestinationCidrBlock ?? each.DestinationIpv6CidrBlock} to ${each.GatewayId}`)
      .sort(),
    subnets: Associations.map(({ SubnetId, Main }) => SubnetId ?? (Main === true ? 'the main route table of its VPC' : '?')).sort(),
  }),
  exempt: ({ id, parameters }) => (idsIn(parameters.routeTableIds).includes(id) ? 'The policy allows this route table to have such a route.' : null),
  gap: ({ now: { open, subnets }, id }) =>
    open.length === 0
      ? null
      : {
          message: `Route table ${id} sends everything to the internet (${open.join(', ')})${subnets.length === 0 ? '; no subnet uses it' : `: ${subnets.join(', ')}`}.`,
          steps: [
            'Find out whether its subnets are meant to be public: load balancers, NAT gateways and bastions need the route. If so, add the route table to the parameter routeTableIds, or record an exception.',
            'Otherwise move their resources to private subnets with a NAT gateway or VPC endpoints. Remove the route when no traffic uses it any more.',
          ],
        },
  closed: 'the route table has no route from 0.0.0.0/0 or ::/0 to an internet gateway, or is gone',
});
