import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { functionCalls } from './function.js';
import { reportOutsideVpc, reportSingleAzVpc, requireFunctionUrlAuth } from './index.js';

const REF = resource({ type: 'AWS::Lambda::Function', id: 'orders', account: '111111111111', region: 'eu-west-1' });
const replies = (VpcConfig: object | undefined, zones: readonly string[] = []) => ({
  lambda: { GetFunctionConfiguration: { FunctionName: 'orders', VpcConfig }, ListTags: { Tags: {} } },
  ec2: { DescribeSubnets: { Subnets: zones.map((AvailabilityZone, at) => ({ SubnetId: `subnet-${at}`, AvailabilityZone })) } },
});
const two = { VpcId: 'vpc-1', SubnetIds: ['subnet-0', 'subnet-1'] };

it.each([undefined, { VpcId: '', SubnetIds: [] }])('is outside a VPC: %j', async (VpcConfig) => {
  expect((await assess(reportOutsideVpc, REF, replies(VpcConfig))).status).toBe('manual');
  expect((await assess(reportSingleAzVpc, REF, replies(VpcConfig))).status).toBe('not-applicable');
});
it('is not judged by a VPC without subnets in the reply', async () => {
  for (const report of [reportOutsideVpc, reportSingleAzVpc]) await expect(look(report, REF, replies({ VpcId: 'vpc-1' }))).rejects.toThrow('SubnetIds');
});
it('is in other subnets than its rule requires', async () => {
  const seen = await look(reportOutsideVpc, REF, replies(two));
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.assessment.status).toBe('compliant');
  expect(seen.judge({ parameters: { subnetIds: 'subnet-0, subnet-9' } })).toEqual(['orders is in subnet-1, and subnet-0, subnet-9 are required']);
  expect(seen.judge({ parameters: { subnetIds: 'subnet-1,subnet-0' } })).toEqual([]);
});
it('is in as many zones as its subnets, each counted once', async () => {
  expect((await assess(reportSingleAzVpc, REF, replies(two, ['a', 'b']))).status).toBe('compliant');
  expect((await assess(reportSingleAzVpc, REF, replies(two, ['a', 'a']))).status).toBe('manual');
  await expect(look(reportSingleAzVpc, REF, replies(two, ['a']))).rejects.toThrow('subnet-1');
});
it.each([
  ['orders', 'orders'],
  ['orders:live', 'orders'],
  ['111111111111:function:orders', 'orders'],
  ['arn:aws:lambda:eu-west-1:111111111111:function:orders', 'orders'],
  ['arn:aws:lambda:eu-west-1:111111111111:function:orders:$LATEST', 'orders'],
])('is named by a call as %s', (functionName, id) => {
  const call = { request: { functionName }, response: null } as never;
  expect(functionCalls['lambda:CreateFunction20150331'](call)).toEqual([{ id }]);
});

it.each<[string, unknown, string]>([
  ['no URL', Object.assign(new Error('no URL'), { code: 'aws/gone' }), 'It has no function URL itself; URLs of aliases are not read.'],
  ['a URL with required credentials', { AuthType: 'AWS_IAM' }, 'Its URL requires credentials.'],
])('with %s is compliant, with only what was read', async (_, GetFunctionUrlConfig, message) => {
  const { lambda } = replies(undefined);
  expect(await assess(requireFunctionUrlAuth, REF, { lambda: { ...lambda, GetFunctionUrlConfig } })).toMatchObject({ status: 'compliant', message });
});
