import { type Assessment, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { look } from '../../../../../tests/support/look.js';
import { disableSubnetAutoPublicIp, enableVpcFlowLogs, requireImdsv2OnInstance } from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type: `AWS::EC2::${type}`, id, account: ACCOUNT, region: 'eu-west-1' });

async function assess(remediator: Remediator, at: ReturnType<typeof ref>, ec2: object): Promise<Assessment> {
  const seen = await remediator.observe({ aws: { ec2 }, resource: at, parameters: {}, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('gone');
  return remediator.plan({ state: seen.state, context: seen.context, resource: at, parameters: {}, observedAt: 0 } as never);
}

describe('a subnet with public addresses by default', () => {
  const at = ref('Subnet', 'subnet-1');
  const routes = (...gateways: readonly string[]) => [{ Routes: gateways.map((GatewayId) => ({ GatewayId })) }];
  const world = (own: readonly object[], main: readonly object[], OwnerId = ACCOUNT) => ({
    DescribeSubnets: async () => ({ Subnets: [{ SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId, MapPublicIpOnLaunch: true }] }),
    DescribeRouteTables: async ({ Filters: [first] }: { Filters: { Name: string }[] }) => ({
      RouteTables: first?.Name === 'association.subnet-id' ? own : main,
    }),
  });
  it('assigns none after the fix, without another change', async () => {
    expect(await assess(disableSubnetAutoPublicIp, at, world(routes('local'), routes('igw-1')))).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: { operation: 'ModifySubnetAttribute', input: { SubnetId: 'subnet-1', MapPublicIpOnLaunch: { Value: false } } },
          undo: { restores: 'exact', calls: [{ input: { SubnetId: 'subnet-1', MapPublicIpOnLaunch: { Value: true } } }] },
        },
      ],
    });
  });
  it('with a route to an internet gateway needs an approval: by its own route table, or by that of its VPC', async () => {
    const hazards = [{ code: 'routed-to-internet', message: 'subnet-1 has a route to igw-1' }];
    expect(await assess(disableSubnetAutoPublicIp, at, world(routes('local', 'igw-1'), routes('local')))).toMatchObject({ hazards });
    expect(await assess(disableSubnetAutoPublicIp, at, world([], routes('local', 'igw-1')))).toMatchObject({ hazards });
  });
  it('of another account is not changed', async () => {
    expect(await assess(disableSubnetAutoPublicIp, at, world([], [], '222222222222'))).toMatchObject({ status: 'not-applicable' });
  });
});

describe('an instance with metadata without a token', () => {
  const at = ref('Instance', 'i-1');
  const world = (found: object) => ({ DescribeInstances: async () => ({ Reservations: [{ Instances: [{ InstanceId: 'i-1', ...found }] }] }) });
  const MetadataOptions = { HttpTokens: 'optional', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 2 };
  it('requires one after the fix, without a change of other options', async () => {
    expect(await assess(requireImdsv2OnInstance, at, world({ MetadataOptions }))).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: { operation: 'ModifyInstanceMetadataOptions', input: { InstanceId: 'i-1', HttpTokens: 'required' } },
          undo: { restores: 'exact', calls: [{ input: { InstanceId: 'i-1', HttpTokens: 'optional' } }] },
        },
      ],
    });
  });
  it('in an Auto Scaling group names it', async () => {
    const Tags = [{ Key: 'aws:autoscaling:groupName', Value: 'web' }];
    expect(await assess(requireImdsv2OnInstance, at, world({ MetadataOptions, Tags }))).toMatchObject({
      hazards: [{ code: 'of-a-group', message: 'i-1 belongs to the Auto Scaling group web' }],
    });
  });
  it('is not assumed if EC2 omits the option', async () => {
    await expect(assess(requireImdsv2OnInstance, at, world({}))).rejects.toThrow('tokens of i-1');
  });
  it.each([
    [{ ModifyInstanceMetadataOptionsRequest: { InstanceId: 'i-1' } }, [{ id: 'i-1' }]],
    [{ instanceId: 'i-1' }, [{ id: 'i-1' }]],
    [{}, []],
    [null, []],
  ])('is named by the recorded call %j', (request, named) => {
    expect(requireImdsv2OnInstance.apiCalls['ec2:ModifyInstanceMetadataOptions']?.({ request } as never)).toEqual(named);
  });
});

describe('a VPC without a flow log', () => {
  const hazards = async (parameters: object) => {
    const replies = { ec2: { DescribeVpcs: { Vpcs: [{ VpcId: 'vpc-1' }] }, DescribeFlowLogs: { FlowLogs: [] } } };
    const seen = await look(enableVpcFlowLogs, ref('VPC', 'vpc-1'), replies, { parameters });
    return seen !== 'gone' && seen.assessment.status === 'change' ? (seen.assessment.hazards ?? []).map(({ code }) => code) : null;
  };
  it('gets one to a bucket after an approval, since EC2 may replace the bucket policy, and one to a log group without it', async () => {
    expect(await hazards({ destination: 'arn:aws:s3:::flows' })).toEqual(['bucket-policy']);
    const roleArn = 'arn:aws:iam::111111111111:role/flows';
    expect(await hazards({ destination: 'arn:aws:logs:eu-west-1:111111111111:log-group:flows', roleArn })).toEqual([]);
  });
});
