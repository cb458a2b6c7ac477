import { defineSetting, given } from '@redress/core';
import * as z from '@redress/core/parameters';
import { dynamodb } from './client.js';
import { packageRef } from './package-ref.js';
import { table } from './table.js';

const parameters = z.strictObject({
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The KMS key of tables, in their region. Without it, the AWS managed key aws/dynamodb is used.')),
});

/**
 * Encrypts a table with a KMS key: the one that the policy names, else the AWS managed one, which whoever may use the table may use through it.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/dynamodb-table-encrypted-kms.html
 */
export const encryptWithKms = defineSetting({
  on: table,
  id: 'dynamodb-encrypt-with-kms',
  title: 'Encrypt a table with a KMS key',
  package: packageRef,
  controls: {},
  rules: { DYNAMODB_TABLE_ENCRYPTED_KMS: 'dynamodb-table-encrypted-kms', DYNAMODB_TABLE_ENCRYPTION_ENABLED: 'dynamodb-table-encryption-enabled' },
  calls: { 'dynamodb:CreateTable': 'request.tableName', 'dynamodb:UpdateTable': 'request.tableName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Users of the table that are not allowed to use a customer managed key: all of their calls fail.',
    'Whether the key stays enabled: a table whose key is disabled or deleted cannot be read.',
    'The quota of key changes: four per table in 24 hours, and one more in each six hours.',
    'Earlier backups and exports, and DAX clusters and streams of the table.',
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
      what: 'The policy names a KMS key: every caller of the table needs kms:Decrypt on it, and the key policy has to allow it.',
      advice: 'Find the callers of the table in CloudTrail. Check that the key policy and their roles let each of them use the key.',
      when: ({ id, parameters: { kmsKeyArn } }) =>
        kmsKeyArn === undefined ? null : `${id} would be encrypted with ${kmsKeyArn}: every caller needs permissions on that key`,
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The table is again encrypted with the key of DynamoDB.',
    not: ['Backups made in the meantime keep their key.'],
  },
  alsoFoundBy: { prowler: ['dynamodb_tables_kms_cmk_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::DynamoDB::Table SSESpecification', terraform: 'aws_dynamodb_table server_side_encryption' },
  instead({ now: { kms, status, replicas }, id }) {
    if (kms) return null;
    const message = `${id} is not encrypted with a KMS key`;
    if (replicas.length > 0)
      return {
        status: 'manual',
        message: `${message}, and is a global table with replicas in ${replicas.join(', ')}. Each replica needs a key of its own region.`,
        steps: ['Choose a KMS key in each region, or the AWS managed key.', 'Set it with UpdateTable, one region at a time, when the owner agrees.'],
      };
    return status === 'ACTIVE' ? null : { status: 'manual', message: `${message}, and is ${status} at the moment.`, steps: ['Wait until it is active.'] };
  },
  // Which key it has is not judged here.
  judge: ({ state: { kms, key }, claim: { parameters: asked }, resource }) => {
    const keys = asked?.['kmsKeyArns']?.split(',').map((each) => each.trim());
    if (!kms || keys === undefined || keys.includes(key ?? '')) return [];
    return [`${resource.id} is encrypted with ${key}, and one of ${keys.join(', ')} is required`];
  },
  wanted: ({ now, parameters: { kmsKeyArn = null } }) => (now.kms ? now : { ...now, kms: true, key: kmsKeyArn }),
  writes: [dynamodb.pick('UpdateTable')],
  write: ({ id, to: { key } }) =>
    dynamodb.call('UpdateTable', {
      TableName: id,
      SSESpecification: { Enabled: true, SSEType: 'KMS', ...(key === null ? {} : { KMSMasterKeyId: key }) },
    }),
  undo: ({ id }) => ({ calls: [dynamodb.call('UpdateTable', { TableName: id, SSESpecification: { Enabled: false } })], restores: 'equivalent' }),
  // While it is changed, a table is not active.
  effective: ({ status: _, ...now }) => now,
  equivalent: ({ before, after }) => before.kms === after.kms,
  summary: ({ id, to }) => `encrypt ${id} with ${to.key ?? 'the AWS managed key aws/dynamodb'}`,
});
