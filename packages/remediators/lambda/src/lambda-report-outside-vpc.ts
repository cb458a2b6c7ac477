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
  title: 'Report functions outside a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': ['Lambda.3'] },
  rules: { LAMBDA_INSIDE_VPC: 'lambda-inside-vpc' },
  calls: functionCalls,
  alsoFoundBy: { prowler: ['awslambda_function_inside_vpc'] },
  blindSpots: [
    'Whether the function uses anything in a VPC: if not, moving it into one may gain nothing.',
    'What it uses on the internet: in a VPC it needs a NAT gateway or VPC endpoints for that.',
  ],
  // A function outside of a VPC is described without one, or with one of no subnets.
  at: ({ VpcConfig }) => ({ subnets: VpcConfig === undefined ? [] : [...given(VpcConfig, 'SubnetIds')].sort() }),
  gap: ({ now: { subnets }, id }) =>
    subnets.length > 0
      ? null
      : {
          message: `Function ${id} is not in a VPC.`,
          steps: [
            'Ask its owner what it connects to. If that is only AWS, and nothing in a VPC, record an exception.',
            'Choose private subnets in at least two zones. Make sure that everything it connects to is reachable from them: through NAT gateways or VPC endpoints.',
            'Give its role the permissions for network interfaces (AWSLambdaVPCAccessExecutionRole), and publish a version to return to.',
            'Set the VPC in its code or template, and watch errors and durations.',
          ],
        },
  judge({ state: { subnets }, claim, resource }) {
    const wanted = claim.parameters?.['subnetIds']?.split(',').map((each) => each.trim());
    const others = wanted === undefined ? [] : subnets.filter((each) => !wanted.includes(each));
    return others.length === 0 ? [] : [`${resource.id} is in ${others.join(', ')}, and ${wanted?.join(', ')} are required`];
  },
  closed: 'the function is in a VPC, or is gone',
});
