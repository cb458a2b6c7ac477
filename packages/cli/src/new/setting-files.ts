import { exportName, remediatorFiles } from './remediator-files.js';
import type { NewFiles } from './write-new.js';

/**
 * The package of {@link remediatorFiles} with the same remediator as a declaration: what belongs to a table once, and one setting of it.
 */
export function settingFiles(id: string): NewFiles {
  const name = `redress-remediator-${id}`;
  const { [`src/${id}.ts`]: _, 'README.md': readme = '', ...files } = remediatorFiles(id);
  return {
    ...files,
    'src/table.ts': `import { allOf, defineResource, given, paginate, tagsIn } from '@redress/core';
import { dynamodb } from './client.ts';

/** What all settings of a table have in common. */
export const table = defineResource({
  type: 'AWS::DynamoDB::Table',
  // Security Hub names a table by its ARN, AWS Config and API calls mostly by its name.
  arn: 'arn:{partition}:dynamodb:{region}:{account}:table/{id}',
  // A reply without a table is an error: for a table that does not exist, DynamoDB returns an error of its own.
  find: { reads: [dynamodb.pick('DescribeTable')], of: async ({ aws, id }) => given(await aws.dynamodb.DescribeTable({ TableName: id }), 'Table') },
  tags: {
    reads: [dynamodb.pick('ListTagsOfResource')],
    of: async ({ aws, arn }) => tagsIn(await allOf(paginate(aws.dynamodb.ListTagsOfResource, { ResourceArn: arn }, 'Tags'))),
  },
  // For the sweep, which finds what events missed.
  list: {
    reads: [dynamodb.pick('ListTables')],
    async *of({ aws }) {
      const tokens = { input: 'ExclusiveStartTableName', output: 'LastEvaluatedTableName' };
      for await (const id of paginate(aws.dynamodb.ListTables, {}, 'TableNames', tokens)) yield { id };
    },
  },
});
`,
    [`src/${id}.ts`]: `import { defineSetting, shortLived } from '@redress/core';
import { dynamodb } from './client.ts';
import { table } from './table.ts';

/**
 * Turns on deletion protection of a table. Nothing about how it is read or written changes.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-6
 */
export const ${exportName(id)} = defineSetting({
  on: table,
  id: '${id}',
  title: 'Turn on deletion protection of a DynamoDB table',
  package: { name: '${name}', version: '0.1.0' },
  controls: { 'aws-fsbp': ['DynamoDB.6'] },
  rules: { DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED: 'dynamodb-table-deletion-protection-enabled' },
  calls: { 'dynamodb:CreateTable': 'request.tableName', 'dynamodb:UpdateTable': 'request.tableName' },
  // The most that it may ever do automatically: \`approve\` or \`notify\` where its change can break something.
  ceiling: 'enforce',
  // Tags are often set right after the table is created.
  settle: 'PT60S',
  // What no read can show, and an approver has to know.
  blindSpots: ['Stacks and pipelines that delete or replace the table: they fail until the protection is turned off.'],
  // Where the value is in the response. The read fails if a member is missing and \`absent\` gives it no meaning.
  at: ({ DeletionProtectionEnabled }) => ({ protected: DeletionProtectionEnabled }),
  absent: { protected: false },
  hazards: [shortLived('whatever deletes the table fails')],
  rollback: { restores: 'exact', what: 'Deletion protection is turned off again.', not: [] },
  inCode: { cloudFormation: 'AWS::DynamoDB::Table DeletionProtectionEnabled', terraform: 'aws_dynamodb_table deletion_protection_enabled' },
  wanted: () => ({ protected: true }),
  writes: [dynamodb.pick('UpdateTable')],
  // The undo is the same call with the previous value.
  write: ({ id, to }) => dynamodb.call('UpdateTable', { TableName: id, DeletionProtectionEnabled: to.protected }),
  summary: ({ id }) => \`turn on deletion protection of \${id}\`,
});
`,
    'README.md': readme.replace(
      /^2\. .*$/m,
      `2. \`src/table.ts\`: what is the same for every setting of the resource. \`src/${id}.ts\`: where the value is, what is wanted, how it is written, what could break, and what no read can show.`,
    ),
  };
}
