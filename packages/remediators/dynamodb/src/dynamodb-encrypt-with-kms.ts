import { defineSetting, given } from '@redress/core';
import * as z from '@redress/core/parameters';
import { dynamodb } from './client.js';
import { packageRef } from './package-ref.js';
import { table } from './table.js';

const parameters = z.strictObject({
  kmsKeyArn: z
    .optional(z.string().check(z.regex(/^arn:[a-z-]+:kms:(?:[a-z0-9-]+|\{region\}):[0-9]{12}:key\/[\w-]+$/, 'the ARN of a key of KMS')))
    .check(z.describe('The key of tables. {region} stands for the region of the table. Without it they get the AWS managed key aws/dynamodb.')),
});

/**
 * Encrypts a table with a key of KMS: the one that the policy names, else the AWS managed one, which whoever may use the table may use through it.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/dynamodb-table-encrypted-kms.html
 */
export const encryptWithKms = defineSetting({
  on: table,
  id: 'dynamodb-encrypt-with-kms',
  title: 'Encrypt a table with a key of KMS',
  package: packageRef,
  controls: {},
  rules: { DYNAMODB_TABLE_ENCRYPTED_KMS: 'dynamodb-table-encrypted-kms', DYNAMODB_TABLE_ENCRYPTION_ENABLED: 'dynamodb-table-encryption-enabled' },
  calls: { 'dynamodb:CreateTable': 'request.tableName', 'dynamodb:UpdateTable': 'request.tableName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Who uses the table, and may not use a key of your own: each of their calls fails then.',
    'Whether the key stays enabled: a table whose key is disabled or deleted cannot be read.',
    'Tables can change their key four times in a day and once more in each six hours.',
    'Backups and exports that were made before, and DAX clusters and streams in front of it.',
  ],
  parameters,
  at: ({ SSEDescription, TableStatus, Replicas = [] }) => ({
    // What DynamoDB encrypts with a key of its own is described without any of this.
    kms: SSEDescription !== undefined && !['DISABLED', 'DISABLING'].includes(given(SSEDescription, 'Status')),
    key: SSEDescription?.KMSMasterKeyArn,
    status: TableStatus,
    replicas: Replicas.flatMap(({ RegionName }) => (RegionName === undefined ? [] : [RegionName])).sort(),
  }),
  absent: { key: null },
  hazards: [
    {
      code: 'key-of-your-own',
      effect: 'approve',
      what: 'The policy names a key: whoever calls the table needs kms:Decrypt on it, and its key policy has to let them.',
      advice: 'See in CloudTrail who calls the table, and that key policy and roles let each use the key.',
      when: ({ id, parameters: { kmsKeyArn } }) =>
        kmsKeyArn === undefined ? null : `${id} would come under ${kmsKeyArn}: whoever calls it needs rights on that key`,
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The table is encrypted with the key of DynamoDB again.',
    not: ['Backups that were made meanwhile keep the key that they were made with.'],
  },
  alsoFoundBy: { prowler: ['dynamodb_tables_kms_cmk_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::DynamoDB::Table SSESpecification', terraform: 'aws_dynamodb_table server_side_encryption' },
  instead({ now: { kms, status, replicas }, id }) {
    if (kms) return null;
    const message = `${id} is not encrypted with a key of KMS`;
    if (replicas.length > 0)
      return {
        status: 'manual',
        message: `${message}, and is a global table with replicas in ${replicas.join(', ')}, of which each has to be set with a key of its region.`,
        steps: ['Choose a key in each region, or the AWS managed one.', 'Set it with UpdateTable in each region, one after the other, when its owner agrees.'],
      };
    return status === 'ACTIVE' ? null : { status: 'manual', message: `${message}, and is ${status} at the moment.`, steps: ['Wait until it is active.'] };
  },
  // Which key it has is not judged here.
  judge: ({ state: { kms, key }, claim: { parameters: asked }, resource }) => {
    const keys = asked?.['kmsKeyArns']?.split(',').map((each) => each.trim());
    if (!kms || keys === undefined || keys.includes(key ?? '')) return [];
    return [`${resource.id} is encrypted with ${key}, and one of ${keys.join(', ')} is looked for`];
  },
  wanted: ({ now, resource, parameters: { kmsKeyArn } }) =>
    now.kms ? now : { ...now, kms: true, key: kmsKeyArn?.replaceAll('{region}', resource.region) ?? null },
  writes: [dynamodb.pick('UpdateTable')],
  write: ({ id, to: { key } }) =>
    dynamodb.call('UpdateTable', {
      TableName: id,
      SSESpecification: { Enabled: true, SSEType: 'KMS', ...(key === null ? {} : { KMSMasterKeyId: key }) },
    }),
  undo: ({ id }) => ({ calls: [dynamodb.call('UpdateTable', { TableName: id, SSESpecification: { Enabled: false } })], restores: 'equivalent' }),
  equivalent: ({ before, after }) => before.kms === after.kms,
  summary: ({ id, to }) => `encrypt ${id} with ${to.key ?? 'the AWS managed key aws/dynamodb'}`,
});
