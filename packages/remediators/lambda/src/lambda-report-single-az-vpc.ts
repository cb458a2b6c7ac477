import { allOf, defineReport, given, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { ec2 } from './client.js';
import { functionCalls, lambdaFunction } from './function.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a function in a VPC whose subnets are in too few zones: it does not run when these fail.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-5
 */
export const reportSingleAzVpc = defineReport({
  on: lambdaFunction,
  id: 'lambda-report-single-az-vpc',
  title: 'Report VPC functions tied to one zone',
  package: packageRef,
  controls: { 'aws-fsbp': ['Lambda.5'] },
  rules: { LAMBDA_VPC_MULTI_AZ_CHECK: 'lambda-vpc-multi-az-check' },
  calls: functionCalls,
  alsoFoundBy: { prowler: ['awslambda_function_vpc_multi_az'] },
  blindSpots: ['Whether what the function connects to is reachable from other subnets.', 'Allowlists that contain its present address.'],
  parameters: z.strictObject({
    zones: z._default(z.int().check(z.gte(2), z.lte(6)), 2).check(z.describe('The required number of Availability Zones of a function.')),
  }),
  ruleParameters: { availabilityZones: 'zones' },
  read: {
    reads: [ec2.pick('DescribeSubnets')],
    async of({ aws, found }) {
      const { VpcConfig } = await found();
      const subnets = VpcConfig === undefined ? [] : [...given(VpcConfig, 'SubnetIds')].sort();
      if (subnets.length === 0) return { subnets, zones: [] };
      const all = await allOf(paginate(aws.ec2.DescribeSubnets, { Filters: [{ Name: 'subnet-id', Values: subnets }] }, 'Subnets'));
      return {
        subnets,
        zones: [
          ...new Set(
            subnets.map((id) => {
              const zone = all.find(({ SubnetId }) => SubnetId === id)?.AvailabilityZone;
              if (zone === undefined) throw new Error(`EC2 did not return the zone of ${id}.`);
              return zone;
            }),
          ),
        ].sort(),
      };
    },
  },
  exempt: ({ now: { subnets } }) => (subnets.length > 0 ? null : 'It is not in a VPC: Lambda runs it in several zones.'),
  gap: ({ now: { zones }, id, parameters: { zones: wanted } }) =>
    zones.length >= wanted
      ? null
      : {
          message: `Function ${id} is only in ${zones.join(' and ')}; ${wanted} zones are required.`,
          steps: [
            'Choose a subnet in another zone, with the same routes, NAT gateway and VPC endpoints, and with free addresses.',
            'Where the present egress address is on an allowlist, add the egress address of that zone.',
            'Add the subnet to the function in its code or template, and watch errors and durations.',
          ],
        },
  closed: 'the subnets of the function are in enough zones, it is not in a VPC, or it is gone',
});
