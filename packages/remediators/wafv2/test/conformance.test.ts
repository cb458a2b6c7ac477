import {
  CreateWebACLCommand,
  DeleteLoggingConfigurationCommand,
  GetWebACLCommand,
  ListTagsForResourceCommand,
  PutLoggingConfigurationCommand,
  TagResourceCommand,
  WAFV2Client,
} from '@aws-sdk/client-wafv2';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { enableLogging } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const client = (sdk: Sdk) => new WAFV2Client(sdk.config);
const arnOf = ({ region, account, id }: ResourceRef) => `arn:aws:wafv2:${region}:${account}:${id}`;
const refTo = (sdk: Sdk, id: string) => resource({ type: 'AWS::WAFv2::WebACL', id, account: sdk.account, region: sdk.region });
const OWN = 'arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-waf-logs-own';
const log = async (sdk: Sdk, ResourceArn: string) => {
  await client(sdk).send(new PutLoggingConfigurationCommand({ LoggingConfiguration: { ResourceArn, LogDestinationConfigs: [OWN] } }));
};

const webAcl =
  ({ logged = false, tags = {}, scope = 'REGIONAL' }: { logged?: boolean; tags?: Readonly<Record<string, string>>; scope?: 'REGIONAL' | 'CLOUDFRONT' } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const Name = sdk.name('acl');
    const { Summary } = await client(sdk).send(
      new CreateWebACLCommand({
        Name,
        Scope: scope,
        DefaultAction: { Allow: {} },
        VisibilityConfig: { SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: Name },
        Rules: [],
        Tags: Object.entries({ team: 'web', ...tags }).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    if (logged) await log(sdk, Summary?.ARN ?? '');
    return refTo(sdk, `${scope === 'REGIONAL' ? 'regional' : 'global'}/webacl/${Name}/${Summary?.Id}`);
  };
const common: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'parameters'> = {
  parameters: { stream: 'arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-waf-logs-all' },
  tag: async (sdk, ref, Key, Value) => {
    await client(sdk).send(new TagResourceCommand({ ResourceARN: arnOf(ref), Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => {
    const [scope, , Name, Id] = ref.id.split('/');
    const { WebACL } = await client(sdk).send(new GetWebACLCommand({ Name, Id, Scope: scope === 'global' ? 'CLOUDFRONT' : 'REGIONAL' }));
    const { TagInfoForResource } = await client(sdk).send(new ListTagsForResourceCommand({ ResourceARN: arnOf(ref) }));
    return JSON.stringify([WebACL, TagInfoForResource?.TagList]);
  },
  breakAgain: async (sdk, ref) => {
    await client(sdk).send(new DeleteLoggingConfigurationCommand({ ResourceArn: arnOf(ref) }));
  },
};

describeRemediator(enableLogging, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...common, name: 'a web ACL that is not logged', expect: 'change', arrange: webAcl() },
    {
      ...common,
      name: 'one of CloudFront, without headers to leave out',
      expect: 'change',
      parameters: { ...common.parameters, redact: [] },
      arrange: webAcl({ scope: 'CLOUDFRONT' }),
    },
    {
      ...common,
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: webAcl(),
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: ref.region,
          service: 'wafv2',
          operation: 'DeleteLoggingConfiguration',
          request: { resourceArn: arnOf(ref) },
        }),
    },
    { ...common, name: 'the policy names no stream', expect: 'manual', parameters: {}, arrange: webAcl() },
    { ...common, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: webAcl({ tags: { purpose: 'preview' } }) },
    { ...common, name: 'one that is logged elsewhere', expect: 'compliant', arrange: webAcl({ logged: true }) },
    {
      name: 'one that is gone',
      expect: 'compliant',
      arrange: async (sdk) => refTo(sdk, `regional/webacl/${sdk.name('gone')}/ebbcb976-8d59-4d20-8ca8-4ab2f6b7c07b`),
    },
  ],
});
