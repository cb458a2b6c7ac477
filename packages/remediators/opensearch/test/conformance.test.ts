import {
  AddTagsCommand,
  CreateDomainCommand,
  DescribeDomainCommand,
  type LogPublishingOption,
  OpenSearchClient,
  UpdateDomainConfigCommand,
} from '@aws-sdk/client-opensearch';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { publishElasticsearchErrorLogs, publishErrorLogs } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const client = (sdk: Sdk) => new OpenSearchClient(sdk.config);
const group = (name: string) => `arn:aws:logs:us-east-1:123456789012:log-group:/aws/opensearch/${name}`;
const enabled = (name: string): LogPublishingOption => ({ CloudWatchLogsLogGroupArn: group(name), Enabled: true });

for (const [remediator, type, EngineVersion] of [
  [publishErrorLogs, 'AWS::OpenSearch::Domain', 'OpenSearch_2.11'],
  [publishElasticsearchErrorLogs, 'AWS::Elasticsearch::Domain', 'Elasticsearch_7.10'],
] as const) {
  const refTo = (sdk: Sdk, id: string) => resource({ type, id, account: sdk.account, region: sdk.region });
  const domain =
    (LogPublishingOptions: Record<string, LogPublishingOption> = {}, tags: Readonly<Record<string, string>> = {}) =>
    async (sdk: Sdk): Promise<ResourceRef> => {
      const DomainName = sdk.name('d');
      const TagList = Object.entries({ team: 'search', ...tags }).map(([Key, Value]) => ({ Key, Value }));
      await client(sdk).send(new CreateDomainCommand({ DomainName, EngineVersion, LogPublishingOptions, TagList }));
      return refTo(sdk, DomainName);
    };
  const common: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'parameters'> = {
    parameters: { logGroup: group('errors') },
    tag: async (sdk, { region, account, id }, Key, Value) => {
      await client(sdk).send(new AddTagsCommand({ ARN: `arn:aws:es:${region}:${account}:domain/${id}`, TagList: [{ Key, Value }] }));
    },
    rest: async (sdk, { id }) => {
      const { DomainStatus } = await client(sdk).send(new DescribeDomainCommand({ DomainName: id }));
      const { LogPublishingOptions: { ES_APPLICATION_LOGS: _, ...others } = {}, ...rest } = DomainStatus ?? {};
      return JSON.stringify([others, rest]);
    },
    breakAgain: async (sdk, { id }) => {
      const { DomainStatus } = await client(sdk).send(new DescribeDomainCommand({ DomainName: id }));
      const LogPublishingOptions = { ...DomainStatus?.LogPublishingOptions, ES_APPLICATION_LOGS: { ...enabled('errors'), Enabled: false } };
      await client(sdk).send(new UpdateDomainConfigCommand({ DomainName: id, LogPublishingOptions }));
    },
  };
  describeRemediator(remediator, {
    account: { endpoint: inject('moto') },
    scenarios: [
      { ...common, name: 'a domain that publishes nothing', expect: 'change', arrange: domain() },
      {
        ...common,
        name: 'someone has just turned them off, and slow logs go on',
        expect: 'change',
        arrange: domain({ SEARCH_SLOW_LOGS: enabled('slow'), ES_APPLICATION_LOGS: { ...enabled('errors'), Enabled: false } }),
        event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'es', operation: 'UpdateDomainConfig', request: { domainName: id } }),
      },
      { ...common, name: 'the policy names no log group', expect: 'manual', parameters: {}, arrange: domain() },
      { ...common, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: domain({}, { purpose: 'preview' }) },
      { ...common, name: 'a domain that publishes them elsewhere', expect: 'compliant', arrange: domain({ ES_APPLICATION_LOGS: enabled('own') }) },
      { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, sdk.name('g')) },
    ],
  });
}
