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
  blindSpots: ['Whether other subnets lead to what the function reaches.', 'Who lets it in by the address that it has now.'],
  parameters: z.strictObject({
    zones: z._default(z.int().check(z.gte(2), z.lte(6)), 2).check(z.describe('In how many availability zones the subnets of a function have to be.')),
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
              if (zone === undefined) throw new Error(`EC2 did not say in which zone ${id} is.`);
              return zone;
            }),
          ),
        ].sort(),
      };
    },
  },
  exempt: ({ now: { subnets } }) => (subnets.length > 0 ? null : 'It is in no VPC: Lambda runs it in several zones.'),
  gap: ({ now: { zones }, id, parameters: { zones: wanted } }) =>
    zones.length >= wanted
      ? null
      : {
          message: `Function ${id} is in ${zones.join(' and ')} alone; ${wanted} zones are required.`,
          steps: [
            'Choose a subnet in another zone, with the same routes, NAT gateway and VPC endpoints, and with addresses that are free.',
            'Let the egress address of that zone in where the present one is on an allowlist.',
            'Add the subnet to the function in its code or template, and watch errors and durations.',
          ],
        },
  closed: 'the subnets of the function are in enough zones, it is in no VPC, or is gone',
});
