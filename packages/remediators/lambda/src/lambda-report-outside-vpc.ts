import { defineReport, given } from '@redress/core';
import { functionCalls, lambdaFunction } from './function.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a function that is in no VPC.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-3
 */
export const reportOutsideVpc = defineReport({
  on: lambdaFunction,
  id: 'lambda-report-outside-vpc',
  title: 'Report functions outside of a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': ['Lambda.3'] },
  rules: { LAMBDA_INSIDE_VPC: 'lambda-inside-vpc' },
  calls: functionCalls,
  alsoFoundBy: { prowler: ['awslambda_function_inside_vpc'] },
  blindSpots: [
    'Whether the function reaches anything that is in a VPC: where it does not, being in one may gain nothing.',
    'What it reaches on the internet: in a VPC it needs a NAT gateway or endpoints for that.',
  ],
  // A function outside of a VPC is described without one, or with one of no subnets.
  at: ({ VpcConfig }) => ({ subnets: VpcConfig === undefined ? [] : [...given(VpcConfig, 'SubnetIds')].sort() }),
  gap: ({ now: { subnets }, id }) =>
    subnets.length > 0
      ? null
      : {
          message: `Function ${id} is in no VPC.`,
          steps: [
            'Ask its owner what it reaches. Record an exception where that is AWS alone, and nothing of a VPC.',
            'Choose private subnets in two zones or more, and see that they lead to all that it reaches: NAT gateways, VPC endpoints.',
            'Give its role the rights to network interfaces (AWSLambdaVPCAccessExecutionRole), and publish a version to go back to.',
            'Set the VPC in its code or template, and watch errors and durations.',
          ],
        },
  judge({ state: { subnets }, claim, resource }) {
    const wanted = claim.parameters?.['subnetIds']?.split(',').map((each) => each.trim());
    const others = wanted === undefined ? [] : subnets.filter((each) => !wanted.includes(each));
    return others.length === 0 ? [] : [`${resource.id} is in ${others.join(', ')}, and ${wanted?.join(', ')} are looked for`];
  },
  closed: 'the function is in a VPC, or is gone',
});
