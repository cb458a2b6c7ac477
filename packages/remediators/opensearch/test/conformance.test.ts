import {
  AddTagsCommand,
  CreateDomainCommand,
  type CreateDomainCommandInput,
  DescribeDomainCommand,
  type LogPublishingOption,
  OpenSearchClient,
  UpdateDomainConfigCommand,
} from '@aws-sdk/client-opensearch';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { enableNodeToNodeEncryption, publishErrorLogs, reportEncryptionOrAccess } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const client = (sdk: Sdk) => new OpenSearchClient(sdk.config);
const group = (name: string) => `arn:aws:logs:us-east-1:123456789012:log-group:/aws/opensearch/${name}`;
const enabled = (name: string): LogPublishingOption => ({ CloudWatchLogsLogGroupArn: group(name), Enabled: true });

const refTo = (sdk: Sdk, id: string) => resource({ type: 'AWS::OpenSearch::Domain', id, account: sdk.account, region: sdk.region });
const domain =
  (LogPublishingOptions: Record<string, LogPublishingOption> = {}, tags: Readonly<Record<string, string>> = {}, more: Partial<CreateDomainCommandInput> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const DomainName = sdk.name('d');
    const TagList = Object.entries({ team: 'search', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    await client(sdk).send(new CreateDomainCommand({ DomainName, EngineVersion: 'OpenSearch_2.11', LogPublishingOptions, TagList, ...more }));
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
describeRemediator(publishErrorLogs, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...common, name: 'a domain that publishes nothing', expect: 'change', arrange: domain() },
    { ...common, name: 'a domain of Elasticsearch', expect: 'change', arrange: domain({}, {}, { EngineVersion: 'Elasticsearch_7.10' }) },
    {
      ...common,
      name: 'someone has just turned them off, and slow logs go on',
      expect: 'change',
      arrange: domain({ SEARCH_SLOW_LOGS: enabled('slow'), ES_APPLICATION_LOGS: { ...enabled('errors'), Enabled: false } }),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'es', operation: 'UpdateDomainConfig', request: { domainName: id } }),
    },
    { ...common, name: 'the policy names no log group', expect: 'manual', parameters: {}, arrange: domain() },
    { ...common, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: domain({}, { purpose: 'preview' }) },
    {
      ...common,
      name: 'a domain that does not say whether its service software is the newest',
      expect: 'change',
      hazards: ['blue-green'],
      // The emulator then says nothing else of it.
      arrange: domain({}, {}, { SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: true } }),
    },
    { ...common, name: 'a domain that publishes them elsewhere', expect: 'compliant', arrange: domain({ ES_APPLICATION_LOGS: enabled('own') }) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, sdk.name('g')) },
  ],
});

const encrypting: Pick<Scenario, 'tag' | 'rest' | 'irreversible'> = {
  ...(common.tag === undefined ? {} : { tag: common.tag }),
  irreversible: true,
  rest: async (sdk, { id }) => {
    const { DomainStatus } = await client(sdk).send(new DescribeDomainCommand({ DomainName: id }));
    const { NodeToNodeEncryptionOptions: _, ...rest } = DomainStatus ?? {};
    return JSON.stringify(rest);
  },
};
const plain = { NodeToNodeEncryptionOptions: { Enabled: false } };
const kept = { SEARCH_SLOW_LOGS: enabled('slow') };
describeRemediator(enableNodeToNodeEncryption, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...encrypting, name: 'a domain without it', expect: 'change', arrange: domain(kept, {}, plain) },
    { ...encrypting, name: 'a domain of Elasticsearch', expect: 'change', arrange: domain({}, {}, { ...plain, EngineVersion: 'Elasticsearch_7.10' }) },
    {
      ...encrypting,
      name: 'someone has just made one without it',
      expect: 'change',
      arrange: domain({}, {}, plain),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'es', operation: 'CreateDomain', request: { domainName: id } }),
    },
    {
      name: 'a version that does not take it',
      expect: 'manual',
      arrange: domain({}, {}, { ...plain, EngineVersion: 'Elasticsearch_6.5' }),
    },
    { name: 'a domain with it', expect: 'compliant', arrange: domain({}, {}, { NodeToNodeEncryptionOptions: { Enabled: true } }) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, sdk.name('g')) },
  ],
});

const inside = { VPCOptions: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } };
const stored = { EncryptionAtRestOptions: { Enabled: true } };
describeRemediator(reportEncryptionOrAccess, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...(common.tag === undefined ? {} : { tag: common.tag }), name: 'a domain that stores plain text', expect: 'manual', arrange: domain({}, {}, inside) },
    { name: 'a domain with a public endpoint', expect: 'manual', arrange: domain({}, {}, stored) },
    { name: 'a domain of Elasticsearch', expect: 'manual', arrange: domain({}, {}, { ...stored, EngineVersion: 'Elasticsearch_7.10' }) },
    {
      name: 'someone has just made one with neither',
      expect: 'manual',
      arrange: domain(),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'es', operation: 'CreateDomain', request: { domainName: id } }),
    },
    { name: 'a domain with both', expect: 'compliant', arrange: domain({}, {}, { ...inside, ...stored }) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, sdk.name('g')) },
  ],
});
