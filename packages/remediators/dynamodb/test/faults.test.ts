import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enablePitr, encryptWithKms } from '../src/index.js';

interface Table {
  recovers: boolean;
  kms?: boolean;
  tags: Record<string, string>;
}
type Named = { readonly TableName: string };
const tables = (custom: Record<string, unknown>) => custom as Record<string, Table>;
const tableOf = (custom: Record<string, unknown>, name: string): Table => {
  const table = tables(custom)[name];
  if (table === undefined) throw new SimulatedError('ResourceNotFoundException', 400);
  return table;
};

/** As much of DynamoDB as the package uses. */
const dynamodb: Readonly<Record<string, Operation>> = {
  CreateTable: ({ custom }, { TableName }: Named) => {
    tables(custom)[TableName] = { recovers: false, tags: {} };
    return {};
  },
  DeleteTable: ({ custom }, { TableName }: Named) => {
    tableOf(custom, TableName);
    delete custom[TableName];
    return {};
  },
  DescribeTable: ({ custom }, { TableName }: Named) => {
    const { kms = false } = tableOf(custom, TableName);
    const SSEDescription = kms
      ? { SSEDescription: { Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/managed' } }
      : {};
    return { Table: { TableName, TableStatus: 'ACTIVE', CreationDateTime: new Date('2026-01-02T03:04:05Z'), ...SSEDescription } };
  },
  ListTables: ({ custom }) => ({ TableNames: Object.keys(custom).sort() }),
  ListTagsOfResource: ({ custom }, { ResourceArn }: { readonly ResourceArn: string }) => ({
    Tags: Object.entries(tableOf(custom, ResourceArn.split('/').at(-1) ?? '').tags).map(([Key, Value]) => ({ Key, Value })),
  }),
  DescribeContinuousBackups: ({ custom }, { TableName }: Named) => ({
    ContinuousBackupsDescription: {
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: tableOf(custom, TableName).recovers ? 'ENABLED' : 'DISABLED' },
    },
  }),
  UpdateTable: ({ custom }, { TableName, SSESpecification: { Enabled } }: Named & { readonly SSESpecification: { readonly Enabled: boolean } }) => {
    tableOf(custom, TableName).kms = Enabled;
    return {};
  },
  UpdateContinuousBackups: (
    { custom },
    {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
    }: Named & { readonly PointInTimeRecoverySpecification: { readonly PointInTimeRecoveryEnabled: boolean } },
  ) => {
    tableOf(custom, TableName).recovers = PointInTimeRecoveryEnabled;
    return {};
  },
};

it('survives every fault at every call', async () => {
  const report = await faultMatrix(enablePitr, {
    services: { dynamodb },
    arrange(account) {
      for (const TableName of ['subject', 'beside']) account.act('dynamodb', 'CreateTable', { TableName });
      const { custom } = account.state;
      const set = (PointInTimeRecoveryEnabled: boolean) =>
        account.act('dynamodb', 'UpdateContinuousBackups', { TableName: 'subject', PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled } });
      set(true);
      account.act('dynamodb', 'UpdateContinuousBackups', { TableName: 'beside', PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } });
      return reportedGap({
        resource: resource({ type: 'AWS::DynamoDB::Table', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'dynamodb-pitr-enabled',
        open: () => set(false),
        isOpen: () => tables(account.state.custom)['subject']?.recovers === false,
        others: {
          delete: () => account.act('dynamodb', 'DeleteTable', { TableName: 'subject' }),
          fix: () => set(true),
          change: () => {
            tableOf(custom, 'subject').tags['team'] = 'x';
          },
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBe(281);
  expect(report.survived).toBe(report.injected);
});

it('dynamodb-encrypt-with-kms survives every fault at every call', async () => {
  const report = await faultMatrix(encryptWithKms, {
    services: { dynamodb },
    arrange(account) {
      for (const TableName of ['subject', 'beside']) account.act('dynamodb', 'CreateTable', { TableName });
      const subject = () => tables(account.state.custom)['subject'];
      const set = (Enabled: boolean) => account.act('dynamodb', 'UpdateTable', { TableName: 'subject', SSESpecification: { Enabled } });
      set(true);
      tableOf(account.state.custom, 'beside').kms = true;
      return reportedGap({
        resource: resource({ type: 'AWS::DynamoDB::Table', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'dynamodb-table-encrypted-kms',
        open: () => set(false),
        isOpen: () => subject()?.kms === false,
        others: {
          delete: () => account.act('dynamodb', 'DeleteTable', { TableName: 'subject' }),
          fix: () => set(true),
          change: () => Object.assign(tableOf(account.state.custom, 'subject').tags, { team: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
