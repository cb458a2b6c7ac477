import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand,
  PutMetricFilterCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk, securityHubEvent } from '@redress/testing';
import { inject } from 'vitest';
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
