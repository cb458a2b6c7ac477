import { type Asked, allOf, defineResource, given, paginate, tagsIn } from '@redress/core';
import { ec2, ssm } from './client.js';

/** An instance of EC2, or a machine from elsewhere (`mi-…`). */
const NODE = /(?:^|\/)(m?i-[0-9a-f]{8,17})$/;

/** A managed node, by its id, as what AWS Config has of it by that type: compliance with its patches, or with its associations. */
export const nodeAs = (type: 'AWS::SSM::PatchCompliance' | 'AWS::SSM::AssociationCompliance') =>
  defineResource({
    type,
    // AWS Config names it by its type and id, Security Hub by an ARN.
    name: {
      async of({ id }) {
        const named = NODE.exec(id)?.[1];
        return named === undefined ? null : { id: named };
      },
    },
    find: {
      reads: [ssm.pick('DescribeInstanceInformation')],
      of: async ({ aws, id }) =>
        given(await aws.ssm.DescribeInstanceInformation({ Filters: [{ Key: 'InstanceIds', Values: [id] }] }), 'InstanceInformationList')[0],
    },
    tags: {
      reads: [ssm.pick('ListTagsForResource'), ec2.pick('DescribeTags')],
      async of({ aws, id }) {
        // The tags of an instance are those of EC2.
        if (id.startsWith('i-')) return tagsIn(await allOf(paginate(aws.ec2.DescribeTags, { Filters: [{ Name: 'resource-id', Values: [id] }] }, 'Tags')));
        return tagsIn((await aws.ssm.ListTagsForResource({ ResourceType: 'ManagedInstance', ResourceId: id })).TagList ?? []);
      },
    },
    list: {
      reads: [ssm.pick('DescribeInstanceInformation')],
      async *of({ aws }) {
        for await (const { InstanceId: id } of paginate(aws.ssm.DescribeInstanceInformation, {}, 'InstanceInformationList')) if (id !== undefined) yield { id };
      },
    },
  });

const READS = [ssm.pick('ListComplianceItems')] as const;
/** So many of what fails are named. */
const NAMED = 10;

/** What of a kind the node does not comply with. */
export const failing = (kind: 'Patch' | 'Association') => ({
  reads: READS,
  async of({ aws, id }: Asked<typeof READS>) {
    const items = await allOf(
      paginate(
        aws.ssm.ListComplianceItems,
        {
          ResourceIds: [id],
          ResourceTypes: ['ManagedInstance'],
          Filters: [
            { Key: 'ComplianceType', Values: [kind], Type: 'EQUAL' },
            { Key: 'Status', Values: ['NON_COMPLIANT'], Type: 'EQUAL' },
          ],
        },
        'ComplianceItems',
      ),
    );
    const named = items.map(
      ({ Id, Title, Severity }) => `${Title || Id || '?'}${Severity === undefined || Severity === 'UNSPECIFIED' ? '' : ` (${Severity.toLowerCase()})`}`,
    );
    return { count: items.length, named: named.sort().slice(0, NAMED) as readonly string[] };
  },
});

/** What of it goes into a notice. */
export const list = ({ count, named }: { readonly count: number; readonly named: readonly string[] }): string =>
  `${named.join('; ')}${count > named.length ? `; and ${count - named.length} more` : ''}`;
