import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  type FunctionUrlAuthType,
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  LambdaClient,
  ListTagsCommand,
  TagResourceCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { removePublicPermission, reportOutsideVpc, reportSingleAzVpc, requireFunctionUrlAuth } from '../src/index.js';
import { policiesInFrontOf } from './policies.js';

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

const front = await policiesInFrontOf(inject('moto'));
afterAll(() => front.close());
const arnOf = ({ account, region, id }: ResourceRef) => `arn:aws:lambda:${region}:${account}:function:${id}`;
const statement = (more: object) => ({ Sid: 'call', Effect: 'Allow', Action: 'lambda:InvokeFunction', ...more });
const partner = statement({ Sid: 'partner', Principal: { AWS: 'arn:aws:iam::222222222222:root' } });
const URL_CALLS = { Principal: '*', Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } };
const letIn = (ref: ResourceRef, ...Statement: readonly object[]) => {
  front.policies.set(arnOf(ref), JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement }));
};
const letting =
  (statements: readonly object[], tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ref = await inZones()(sdk);
    for (const [key, value] of Object.entries(tags)) await tag(sdk, ref, key, value);
    letIn(ref, ...statements);
    return ref;
  };
const policed: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: async (sdk, ref) => {
    const { $metadata: _, ...found } = await client(sdk).send(new GetFunctionConfigurationCommand({ FunctionName: ref.id }));
    return JSON.stringify([found, (await client(sdk).send(new ListTagsCommand({ Resource: arnOf(ref) }))).Tags]);
  },
  breakAgain: async (_, ref) => letIn(ref, partner, statement({ Principal: '*' })),
};
describeRemediator(removePublicPermission, {
  account: { endpoint: front.endpoint },
  scenarios: [
    { ...policed, name: 'a function that everybody may call', expect: 'change', arrange: letting([partner, statement({ Principal: '*' })]) },
    {
      ...policed,
      name: 'someone has just let everybody in, by the whole policy',
      expect: 'change',
      arrange: letting([statement({ Principal: { AWS: '*' } })]),
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: ref.region,
          service: 'lambda',
          operation: 'PutResourcePolicy20260709',
          request: { resourceArn: arnOf(ref) },
        }),
    },
    {
      ...policed,
      name: 'a function with a URL that asks for no credentials',
      expect: 'change',
      hazards: ['open-url'],
      arrange: async (sdk) => {
        const ref = await letting([statement(URL_CALLS)])(sdk);
        await client(sdk).send(new CreateFunctionUrlConfigCommand({ FunctionName: ref.id, AuthType: 'NONE' }));
        return ref;
      },
    },
    {
      ...policed,
      name: 'a sample for everybody',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: letting([statement({ Principal: '*' })], { kind: 'sample' }),
    },
    {
      ...policed,
      name: 'a function that is bound by what is not weighed',
      expect: 'manual',
      arrange: letting([statement({ Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } })]),
    },
    { ...policed, name: 'a function that names who calls it', expect: 'compliant', arrange: letting([partner]) },
    { ...policed, name: 'a function without a policy', expect: 'compliant', arrange: inZones() },
    gone,
  ],
});

const withUrl =
  (AuthType: FunctionUrlAuthType, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ref = await inZones()(sdk);
    for (const [key, value] of Object.entries(tags)) await tag(sdk, ref, key, value);
    await client(sdk).send(new CreateFunctionUrlConfigCommand({ FunctionName: ref.id, AuthType, Cors: { AllowOrigins: ['https://shop.example'] } }));
    return ref;
  };
const addressed: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'event'> = {
  tag,
  // No rule and no control looks at it.
  event: ({ account, region, id }) =>
    cloudTrailEvent({ account, region, service: 'lambda', operation: 'UpdateFunctionUrlConfig', request: { functionName: id, authType: 'NONE' } }),
  rest: async (sdk, ref) => {
    const { Cors, FunctionUrl, InvokeMode } = await client(sdk).send(new GetFunctionUrlConfigCommand({ FunctionName: ref.id }));
    return JSON.stringify([Cors, FunctionUrl, InvokeMode, (await client(sdk).send(new ListTagsCommand({ Resource: arnOf(ref) }))).Tags]);
  },
  breakAgain: async (sdk, { id }) => {
    await client(sdk).send(new UpdateFunctionUrlConfigCommand({ FunctionName: id, AuthType: 'NONE' }));
  },
};
describeRemediator(requireFunctionUrlAuth, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...addressed, name: 'a URL that asks for no credentials', expect: 'change', arrange: withUrl('NONE') },
    { ...addressed, name: 'a sample for everybody', expect: 'change', hazards: ['shared-on-purpose'], arrange: withUrl('NONE', { kind: 'sample' }) },
    { ...addressed, name: 'a URL that asks for credentials', expect: 'compliant', arrange: withUrl('AWS_IAM') },
    { name: 'a function without a URL', expect: 'compliant', arrange: inZones(), tag },
    gone,
  ],
});
