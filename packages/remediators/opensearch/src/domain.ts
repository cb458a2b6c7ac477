import { defineResource, type ListArgs, tagsIn } from '@redress/core';
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
              for (const { DomainName: id } of (await aws.es.ListDomainNames({})).DomainNames ?? []) if (id !== undefined) yield { id };
            },
          },
        }
      : {}),
  });

/** A sweep meets each domain once, whatever its engine: as this. */
export const openSearchDomain = domainOf('AWS::OpenSearch::Domain', true);
export const elasticsearchDomain = domainOf('AWS::Elasticsearch::Domain', false);
