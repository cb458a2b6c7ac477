import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient, TagResourceCommand } from '@aws-sdk/client-lambda';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { reportOutsideVpc, reportSingleAzVpc } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const TYPE = 'AWS::Lambda::Function';
const client = (sdk: Sdk) => new LambdaClient(sdk.config);
/** An archive without anything in it. */
const EMPTY = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');
/** A function in subnets of so many zones; none: outside of a VPC. */
const inZones =
  (...zones: readonly string[]) =>
  async (sdk: Sdk) => {
    const RoleName = sdk.name('role');
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    const { Role } = await new IAMClient(sdk.config).send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const ec2 = new EC2Client(sdk.config);
    const { Vpc } = zones.length === 0 ? { Vpc: undefined } : await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const SubnetIds: string[] = [];
    for (const [at, zone] of zones.entries()) {
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: `10.0.${at}.0/24`, AvailabilityZone: `${sdk.region}${zone}` }));
      SubnetIds.push(Subnet?.SubnetId ?? '');
    }
    const FunctionName = sdk.name('orders');
    await client(sdk).send(
      new CreateFunctionCommand({
        FunctionName,
        Role: Role?.Arn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: EMPTY },
        Tags: { team: 'shop' },
        ...(zones.length === 0 ? {} : { VpcConfig: { SubnetIds, SecurityGroupIds: [] } }),
      }),
    );
    return resource({ type: TYPE, id: FunctionName, account: sdk.account, region: sdk.region });
  };
const tag: Scenario['tag'] = async (sdk, { account, region, id }, key, value) => {
  await client(sdk).send(new TagResourceCommand({ Resource: `arn:aws:lambda:${region}:${account}:function:${id}`, Tags: { [key]: value } }));
};
const gone: Scenario = {
  name: 'a function that is gone',
  expect: 'compliant',
  arrange: async (sdk) => resource({ type: TYPE, id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
};

describeRemediator(reportOutsideVpc, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a function outside of a VPC', expect: 'manual', arrange: inZones(), tag },
    {
      name: 'one that has just been made, named by its ARN',
      expect: 'manual',
      arrange: inZones(),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'lambda',
          operation: 'UpdateFunctionConfiguration20150331v2',
          request: { functionName: `arn:aws:lambda:${region}:${account}:function:${id}` },
        }),
    },
    { name: 'a function in a VPC', expect: 'compliant', arrange: inZones('a'), tag },
    gone,
  ],
});

describeRemediator(reportSingleAzVpc, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a function in one zone', expect: 'manual', arrange: inZones('a'), tag },
    { name: 'two subnets of one zone', expect: 'manual', arrange: inZones('b', 'b'), tag },
    { name: 'two zones, and three are required', expect: 'manual', parameters: { zones: 3 }, arrange: inZones('a', 'b'), tag },
    { name: 'a function in two zones', expect: 'compliant', arrange: inZones('a', 'b'), tag },
    { name: 'a function outside of a VPC', expect: 'not-applicable', arrange: inZones(), tag },
    gone,
  ],
});
