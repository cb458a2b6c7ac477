import { defineResource, given, type ListArgs, type ResourceType, tagsIn, type WithFound } from '@redress/core';
import { opensearch } from './client.js';

const listing = opensearch.pick('ListDomainNames');

/** A domain, by its name. AWS Config has a type for each engine; both are read and changed by one API. */
const domainOf = (type: string, swept: boolean) =>
  defineResource({
    type,
    arn: 'arn:{partition}:es:{region}:{account}:domain/{id}',
    // AWS Config names it by its domain id, which is account and name.
    name: {
      async of({ id, resource: { account } }) {
        const [owner, name] = id.includes('/') ? id.split('/') : [account, id];
        return owner === account && name !== undefined ? { id: name } : null;
      },
    },
    find: { reads: [opensearch.pick('DescribeDomain')], of: async ({ aws, id }) => (await aws.es.DescribeDomain({ DomainName: id })).DomainStatus },
    tags: { reads: [opensearch.pick('ListTags')], of: async ({ aws, arn }) => tagsIn((await aws.es.ListTags({ ARN: arn })).TagList) },
    ...(swept
      ? {
          list: {
            reads: [listing] as [typeof listing],
            async *of({ aws }: ListArgs<[typeof listing]>) {
              for (const { DomainName: id } of given(await aws.es.ListDomainNames({}), 'DomainNames')) if (id !== undefined) yield { id };
            },
          },
        }
      : {}),
  });

/** A sweep meets each domain once, whatever its engine: as this. */
export const openSearchDomain = domainOf('AWS::OpenSearch::Domain', true);
export const elasticsearchDomain = domainOf('AWS::Elasticsearch::Domain', false);

/** What is changed by the calls that make a domain or change one. */
export const domainCalls = Object.fromEntries(
  ['CreateDomain', 'UpdateDomainConfig', 'CreateElasticsearchDomain', 'UpdateElasticsearchDomainConfig'].map((call) => [`es:${call}`, 'request.domainName']),
) as Readonly<Record<string, 'request.domainName'>>;

/** What a remediator has of its own for each of the two types. */
export interface OfDomain {
  readonly on: typeof openSearchDomain;
  readonly id: string;
  readonly controls: readonly string[];
  readonly name: string;
}

/** Rules of AWS Config by their identifiers, under the names that AWS gives them. */
export function rulesOf(...identifiers: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(identifiers.map((each) => [each, each.toLowerCase().replaceAll('_', '-')]));
}

/** What Terraform calls it. */
export function terraformOf(on: typeof openSearchDomain): string {
  return on === elasticsearchDomain ? 'aws_elasticsearch_domain' : 'aws_opensearch_domain';
}

type Domain = typeof openSearchDomain extends ResourceType<infer Found> ? Found : never;

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
