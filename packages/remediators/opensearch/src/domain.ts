import { defineResource, fromConfigName, given, type InCode, type ResourceType, tagsIn, type WithFound } from '@redress/core';
import { opensearch } from './client.js';

/** A domain, by its name, whatever its engine: one API reads and changes both. AWS Config and Security Hub have a type for each, which core makes one. */
export const domain = defineResource({
  type: 'AWS::OpenSearch::Domain',
  arn: 'arn:{partition}:es:{region}:{account}:domain/{id}',
  name: {
    async of({ resource }) {
      const { id } = fromConfigName(resource, resource.account);
      // It still has an account before its name, and another one.
      return id.includes('/') ? null : { id };
    },
  },
  find: { reads: [opensearch.pick('DescribeDomain')], of: async ({ aws, id }) => (await aws.es.DescribeDomain({ DomainName: id })).DomainStatus },
  tags: { reads: [opensearch.pick('ListTags')], of: async ({ aws, arn }) => tagsIn((await aws.es.ListTags({ ARN: arn })).TagList) },
  list: {
    reads: [opensearch.pick('ListDomainNames')],
    async *of({ aws }) {
      for (const { DomainName: id } of given(await aws.es.ListDomainNames({}), 'DomainNames')) if (id !== undefined) yield { id };
    },
  },
});

/** What is changed by the calls that make a domain or change one. */
export const domainCalls = Object.fromEntries(
  ['CreateDomain', 'UpdateDomainConfig', 'CreateElasticsearchDomain', 'UpdateElasticsearchDomainConfig'].map((call) => [`es:${call}`, 'request.domainName']),
) as Readonly<Record<string, 'request.domainName'>>;

/** A rule of AWS Config has a name for each engine. By their identifiers, and under the names that AWS gives them. */
export function rulesOf(...checks: readonly string[]): Readonly<Record<string, string>> {
  const identifiers = checks.flatMap((check) => [`OPENSEARCH_${check}`, `ELASTICSEARCH_${check}`]);
  return Object.fromEntries(identifiers.map((each) => [each, each.toLowerCase().replaceAll('_', '-')]));
}

/** Controls of Security Hub by their numbers: AWS writes them with a small s, and has others for Elasticsearch. */
export function controlsOf(...numbers: readonly number[]): readonly string[] {
  return numbers.flatMap((number) => [`OpenSearch.${number}`, `Opensearch.${number}`, `ES.${number}`]);
}

/** Where code sets it: there is a type for each engine. */
export function inCodeOf(property: string, argument: string): InCode {
  return {
    cloudFormation: `AWS::OpenSearchService::Domain (AWS::Elasticsearch::Domain) ${property}`,
    terraform: `aws_opensearch_domain (aws_elasticsearch_domain) ${argument}`,
  };
}

type Domain = typeof domain extends ResourceType<infer Found> ? Found : never;

/**
 * Whether it is being changed at the moment: OpenSearch Service takes one change at a time. And whether its service software is known to be the newest:
 * what a change of the domain does to its nodes depends on that. Without an update there may be one that the domain cannot take at the moment.
 */
export const condition = {
  of: async ({ found }: WithFound<Domain>) => {
    const { Processing, UpgradeProcessing, ServiceSoftwareOptions } = await found();
    return {
      busy: Processing === true || UpgradeProcessing === true,
      newest: ServiceSoftwareOptions?.UpdateAvailable === false && ServiceSoftwareOptions.UpdateStatus === 'COMPLETED',
    };
  },
};

/** Whether a domain of this version takes encryption as it is: one of Elasticsearch before 6.7 has to be replaced by another. */
export function isEncryptable(version: string): boolean {
  const [, major, minor] = /^Elasticsearch_(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined || Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 7);
}
