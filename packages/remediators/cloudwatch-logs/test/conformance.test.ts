import {
  AssociateKmsKeyCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DisassociateKmsKeyCommand,
  ListTagsForResourceCommand,
  PutAccountPolicyCommand,
  PutMetricFilterCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { isRecord, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk, securityHubEvent } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { inFrontOf, json } from '../../../../tests/support/in-front.js';
import { encryptLogGroup } from '../src/logs-encrypt-log-group.js';
import { raiseAccountRetention } from '../src/logs-raise-account-retention.js';
import { raiseRetention } from '../src/logs-raise-retention.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const arnOf = (ref: ResourceRef) => `arn:aws:logs:${ref.region}:${ref.account}:log-group:${ref.id}`;

async function group(sdk: Sdk, days: number | null, name = sdk.name('/acme/logs')): Promise<ResourceRef> {
  const logs = new CloudWatchLogsClient(sdk.config);
  await logs.send(new CreateLogGroupCommand({ logGroupName: name, tags: { team: 'payments' } }));
  await logs.send(
    new PutMetricFilterCommand({
      logGroupName: name,
      filterName: 'errors',
      filterPattern: 'ERROR',
      metricTransformations: [{ metricName: 'errors', metricNamespace: 'acme', metricValue: '1' }],
    }),
  );
  if (days !== null) await logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: days }));
  return resource({ type: 'AWS::Logs::LogGroup', id: name, account: sdk.account, region: sdk.region });
}

const common: Pick<Scenario, 'tag' | 'rest'> = {
  tag: async (sdk, ref, key, value) => {
    await new CloudWatchLogsClient(sdk.config).send(new TagResourceCommand({ resourceArn: arnOf(ref), tags: { [key]: value } }));
  },
  rest: async (sdk, ref) => {
    const logs = new CloudWatchLogsClient(sdk.config);
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: ref.id }));
    const { tags = {} } = await logs.send(new ListTagsForResourceCommand({ resourceArn: arnOf(ref) }));
    return {
      tags,
      groups: logGroups.map(({ logGroupName, metricFilterCount, retentionInDays }) => ({
        logGroupName,
        metricFilterCount: metricFilterCount ?? 0,
        retention: logGroupName === ref.id ? null : (retentionInDays ?? null),
      })),
    };
  },
};

describeRemediator(raiseRetention, {
  account: { endpoint: inject('moto') },
  scenarios: [
    {
      ...common,
      name: 'a retention of 7 days, beside a group whose name begins alike',
      expect: 'change',
      arrange: async (sdk) => {
        const ref = await group(sdk, 7);
        await group(sdk, 3, `${ref.id}-audit`);
        return ref;
      },
      breakAgain: async (sdk, ref) => {
        await new CloudWatchLogsClient(sdk.config).send(new PutRetentionPolicyCommand({ logGroupName: ref.id, retentionInDays: 1 }));
      },
    },
    {
      ...common,
      name: 'reported by Security Hub, under its ARN',
      expect: 'change',
      arrange: (sdk) => group(sdk, 90),
      event: (ref) => securityHubEvent({ resource: ref, control: 'CloudWatch.16', resourceId: `${arnOf(ref)}:*` }),
    },
    {
      ...common,
      name: 'someone has just lowered it',
      expect: 'change',
      parameters: { minDays: 30 },
      arrange: (sdk) => group(sdk, 14),
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: ref.region,
          service: 'logs',
          operation: 'PutRetentionPolicy',
          request: { logGroupName: ref.id, retentionInDays: 14 },
        }),
    },
    { ...common, name: 'longer than what is required', expect: 'compliant', arrange: (sdk) => group(sdk, 731) },
    { ...common, name: 'exactly what is required', expect: 'compliant', arrange: (sdk) => group(sdk, 365) },
    { ...common, name: 'a group that keeps everything', expect: 'compliant', arrange: (sdk) => group(sdk, null) },
    {
      name: 'a group that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::Logs::LogGroup', id: sdk.name('/acme/gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});

// moto makes groups with a key, and neither gives nor takes one afterwards.
const keys = new Map<string, string>();
const keyed = await inFrontOf(
  inject('moto'),
  ({ operation, body }) => {
    if (operation !== 'AssociateKmsKey' && operation !== 'DisassociateKmsKey') return null;
    const { logGroupName, kmsKeyId = '' } = JSON.parse(body) as { readonly logGroupName: string; readonly kmsKeyId?: string };
    if (operation === 'AssociateKmsKey') keys.set(logGroupName, kmsKeyId);
    else keys.delete(logGroupName);
    return json({});
  },
  ({ operation }, reply) => {
    const groups = operation === 'DescribeLogGroups' && isRecord(reply) ? reply['logGroups'] : undefined;
    if (!Array.isArray(groups)) return reply;
    return {
      ...(reply as object),
      logGroups: groups.map((each) => ({ ...each, ...(keys.has(each.logGroupName) ? { kmsKeyId: keys.get(each.logGroupName) } : {}) })),
    };
  },
);
afterAll(() => keyed.close());
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const encrypting: Pick<Scenario, 'tag' | 'rest' | 'parameters' | 'breakAgain'> = {
  tag: common.tag,
  rest: async (sdk, ref) => {
    const { logGroups = [] } = await new CloudWatchLogsClient(sdk.config).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: ref.id }));
    return JSON.stringify(logGroups.map(({ kmsKeyId: _, ...rest }) => rest));
  },
  parameters: { kmsKeyArn: KEY.replace('us-east-1', '{region}') },
  breakAgain: async (sdk, ref) => {
    await new CloudWatchLogsClient(sdk.config).send(new DisassociateKmsKeyCommand({ logGroupName: ref.id }));
  },
};
describeRemediator(encryptLogGroup, {
  account: { endpoint: keyed.endpoint },
  scenarios: [
    { ...encrypting, name: 'a group without a key', expect: 'change', arrange: (sdk) => group(sdk, 7) },
    {
      ...encrypting,
      name: 'someone has just taken the key',
      expect: 'change',
      arrange: (sdk) => group(sdk, null),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'logs', operation: 'DisassociateKmsKey', request: { logGroupName: id } }),
    },
    { ...encrypting, name: 'no key is named', expect: 'manual', parameters: {}, arrange: (sdk) => group(sdk, 7) },
    {
      ...encrypting,
      name: 'a group with a key of its own',
      expect: 'compliant',
      arrange: async (sdk) => {
        const ref = await group(sdk, 7);
        await new CloudWatchLogsClient(sdk.config).send(new AssociateKmsKeyCommand({ logGroupName: ref.id, kmsKeyId: KEY.replace('1234abcd', '4321dcba') }));
        return ref;
      },
    },
    {
      name: 'a group that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::Logs::LogGroup', id: sdk.name('/acme/gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});

// moto has no policies of the account.
const policies = new Map<string, Record<string, unknown>>();
const withPolicies = await inFrontOf(inject('moto'), ({ operation, body }) => {
  if (operation === 'DescribeAccountPolicies') return json({ accountPolicies: [...policies.values()] });
  if (operation !== 'PutAccountPolicy') return null;
  const asked = JSON.parse(body) as Record<string, unknown>;
  policies.set(String(asked['policyName']), { ...asked, scope: 'ALL', accountId: '123456789012', lastUpdatedTime: 1_767_000_000_000 });
  return json({ accountPolicy: policies.get(String(asked['policyName'])) });
});
afterAll(() => withPolicies.close());
const putPolicy = (sdk: Sdk, policyName: string, retentionInDays: number | 'NEVER_EXPIRE', prefix?: string) =>
  new CloudWatchLogsClient(sdk.config).send(
    new PutAccountPolicyCommand({
      policyName,
      policyType: 'RETENTION_POLICY',
      policyDocument: JSON.stringify({ retentionInDays, enforcementMode: 'RETROACTIVE' }),
      ...(prefix === undefined ? {} : { selectionCriteria: `LogGroupNamePrefix IN ["${prefix}"]` }),
    }),
  );
const underPolicies = (central: number | null) => async (sdk: Sdk) => {
  policies.clear();
  await putPolicy(sdk, 'audit', 'NEVER_EXPIRE', '/audit');
  await putPolicy(sdk, 'long', 731);
  if (central !== null) await putPolicy(sdk, 'central', central, '/apps');
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });
};
describeRemediator(raiseAccountRetention, {
  account: { endpoint: withPolicies.endpoint },
  scenarios: [
    {
      name: 'a policy of 30 days, beside longer ones, that someone has just set',
      expect: 'change',
      arrange: underPolicies(30),
      rest: async () => JSON.stringify([policies.get('audit'), policies.get('long'), policies.get('central')?.['selectionCriteria']]),
      event: ({ account, region }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'logs',
          operation: 'PutAccountPolicy',
          request: { policyName: 'central', policyType: 'RETENTION_POLICY' },
        }),
      breakAgain: async (sdk) => {
        await putPolicy(sdk, 'central', 30, '/apps');
      },
    },
    { name: 'policies that are long enough', expect: 'compliant', arrange: underPolicies(365) },
    { name: 'less is required', expect: 'compliant', parameters: { minDays: 30 }, arrange: underPolicies(30) },
  ],
});
