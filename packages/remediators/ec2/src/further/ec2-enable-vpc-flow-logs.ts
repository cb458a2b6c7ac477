import { defineSetting, needs, paginate, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { vpc } from './network.js';

const parameters = z
  .strictObject({
    destination: z
      .optional(
        z
          .string()
          .check(
            z.regex(
              /^arn:[^:]+:(?:s3:::[^:]+|logs:[^:]*:(?:[0-9]{12}|\{account\}):log-group:[^:]+)$/,
              'the ARN of a bucket or of a log group; it may contain {account} and {region}',
            ),
          ),
      )
      .check(z.describe('The destination of flow logs: a bucket or a log group, in the region of the VPC.')),
    roleArn: z
      .optional(z.roleArn())
      .check(z.describe('The role that writes to a log group. It is passed to vpc-flow-logs.amazonaws.com. A bucket needs none.')),
    traffic: z._default(z.enum(['REJECT', 'ALL']), 'REJECT').check(z.describe('The traffic to log. The control requires at least REJECT; ALL costs more.')),
  })
  .check(z.refine(({ destination, roleArn }) => destination?.includes(':s3:') !== true || roleArn === undefined, 'a bucket needs no roleArn'));

/**
 * Creates a flow log of a VPC that has none. It is captured beside the path of packets.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-6
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
 */
export const enableVpcFlowLogs = defineSetting({
  on: vpc,
  id: 'ec2-enable-vpc-flow-logs',
  title: 'Create a flow log for a VPC that has none',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EC2.6'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.9'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.7'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.7'],
  },
  rules: { VPC_FLOW_LOGS_ENABLED: 'vpc-flow-logs-enabled' },
  calls: { 'ec2:CreateVpc': 'response.vpc.vpcId', 'ec2:CreateDefaultVpc': 'response.vpc.vpcId' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'What flow logs of a busy VPC cost.',
    'Whether the bucket or the role allows the delivery: errors show only in the flow log.',
    'Flow logs of single subnets and network interfaces: they do not count for the control.',
  ],
  parameters,
  ruleParameters: { trafficType: 'traffic' },
  read: {
    reads: [ec2.pick('DescribeFlowLogs')],
    async of({ aws, id }) {
      const active: string[] = [];
      for await (const { FlowLogStatus, TrafficType } of paginate(aws.ec2.DescribeFlowLogs, { Filter: [{ Name: 'resource-id', Values: [id] }] }, 'FlowLogs'))
        if (FlowLogStatus === 'ACTIVE') active.push(TrafficType ?? '?');
      return { traffic: [...new Set(active)].sort() };
    },
  },
  hazards: [
    shortLived('its flow logs cost money, and nobody reads them'),
    {
      code: 'bucket-policy',
      effect: 'approve',
      what: 'Flow logs go to a bucket. If the role that creates the flow log may write the bucket policy, EC2 replaces that policy with its own, and everyone else whom it allowed loses access.',
      advice:
        'Use the bucket only for logs, or do not let the role that creates flow logs write the bucket policy. Then approve. A log group has no such policy.',
      when: ({ parameters: { destination } }) =>
        destination?.includes(':s3:') === true ? `EC2 may replace the policy of ${destination}, if the role that creates the flow log may write it` : null,
    },
  ],
  rollback: { restores: 'exact', what: 'The flow log is deleted.', not: ['Logs delivered in the meantime stay where they are.'] },
  alsoFoundBy: { prowler: ['vpc_flow_logs_enabled'] },
  inCode: { cloudFormation: 'AWS::EC2::FlowLog', terraform: 'aws_flow_log' },
  instead: ({ now, id, parameters: { destination, roleArn, traffic } }) =>
    now.traffic.some((each) => each === 'ALL' || each === traffic)
      ? null
      : needs('ec2-enable-vpc-flow-logs', `${id} has no flow log of ${traffic === 'ALL' ? 'all traffic' : 'rejected traffic'}`, {
          destination,
          ...(destination?.includes(':logs:') === true ? { roleArn } : {}),
        }),
  wanted: ({ now, parameters: { traffic } }) =>
    now.traffic.some((each) => each === 'ALL' || each === traffic) ? now : { traffic: [...new Set([...now.traffic, traffic])].sort() },
  writes: [ec2.pick('CreateFlowLogs')],
  passes: [{ parameter: 'roleArn', service: 'vpc-flow-logs.amazonaws.com' }],
  undoes: [ec2.pick('DeleteFlowLogs')],
  write: ({ id, parameters: { destination = '', roleArn, traffic } }) =>
    ec2.call('CreateFlowLogs', {
      ResourceIds: [id],
      ResourceType: 'VPC',
      TrafficType: traffic,
      LogDestinationType: destination.includes(':s3:') ? 's3' : 'cloud-watch-logs',
      LogDestination: destination,
      ...(roleArn === undefined ? {} : { DeliverLogsPermissionArn: roleArn }),
    }),
  undo: () => ({ calls: [ec2.call('DeleteFlowLogs', { FlowLogIds: [{ $response: '/FlowLogIds/0' }] })], restores: 'exact' }),
  summary: ({ id, parameters: { destination, traffic } }) => `log ${traffic === 'ALL' ? 'all traffic' : 'rejected traffic'} of ${id} to ${destination}`,
});
