import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { startMinistack } from '../../../../tests/support/ministack.js';
import { enablePitr, encryptWithKms } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const arnOf = ({ region, account, id }: ResourceRef) => `arn:aws:dynamodb:${region}:${account}:table/${id}`;
const pitr = (sdk: Sdk, TableName: string, PointInTimeRecoveryEnabled: boolean) =>
  new DynamoDBClient(sdk.config).send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled } }));

const table =
  (recovers: boolean, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const TableName = sdk.name('table');
    await new DynamoDBClient(sdk.config).send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        Tags: Object.entries({ team: 'payments', ...tags }).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    await pitr(sdk, TableName, recovers);
    return resource({ type: 'AWS::DynamoDB::Table', id: TableName, account: sdk.account, region: sdk.region });
  };

const common: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: async (sdk, ref, Key, Value) => {
    await new DynamoDBClient(sdk.config).send(new TagResourceCommand({ ResourceArn: arnOf(ref), Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => {
    const client = new DynamoDBClient(sdk.config);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: ref.id }));
    return { table: JSON.stringify(Table), tags: (await client.send(new ListTagsOfResourceCommand({ ResourceArn: arnOf(ref) }))).Tags };
  },
  breakAgain: async (sdk, ref) => {
    await pitr(sdk, ref.id, false);
  },
};

describeRemediator(enablePitr, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...common, name: 'a table without it', expect: 'change', arrange: table(false) },
    {
      ...common,
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: table(false),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'dynamodb', operation: 'UpdateContinuousBackups', request: { tableName: id } }),
    },
    { ...common, name: 'a scratch table', expect: 'change', hazards: ['short-lived'], arrange: table(false, { purpose: 'scratch' }) },
    { ...common, name: 'a table with it', expect: 'compliant', arrange: table(true) },
    {
      name: 'a table that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::DynamoDB::Table', id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});

// moto does not change how a table is encrypted.
const ministack = await startMinistack();
afterAll(() => ministack.close());
const KEY = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const encrypted = async (sdk: Sdk, TableName: string, Enabled: boolean) => {
  await new DynamoDBClient(sdk.config).send(
    new UpdateTableCommand({ TableName, SSESpecification: { Enabled, ...(Enabled ? { SSEType: 'KMS' as const } : {}) } }),
  );
};
const plain =
  (kms = false) =>
  async (sdk: Sdk) => {
    const ref = await table(true)(sdk);
    if (kms) await encrypted(sdk, ref.id, true);
    return ref;
  };
const encrypting: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: common.tag,
  rest: async (sdk, { id: TableName }) => {
    const { Table: { SSEDescription: _, ...rest } = {} } = await new DynamoDBClient(sdk.config).send(new DescribeTableCommand({ TableName }));
    return JSON.stringify(rest);
  },
  breakAgain: (sdk, { id }) => encrypted(sdk, id, false),
};
describeRemediator(encryptWithKms, {
  account: { endpoint: ministack.endpoint, accountId: ministack.account },
  scenarios: [
    { ...encrypting, name: 'a table with the key of DynamoDB', expect: 'change', arrange: plain() },
    {
      ...encrypting,
      name: 'someone has just made it',
      expect: 'change',
      arrange: plain(),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'dynamodb', operation: 'CreateTable', request: { tableName: id } }),
    },
    { ...encrypting, name: 'a key is named', expect: 'change', parameters: { kmsKeyArn: KEY }, hazards: ['key-of-your-own'], arrange: plain() },
    { ...encrypting, name: 'a table with a KMS key', expect: 'compliant', arrange: plain(true) },
    {
      name: 'a table that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::DynamoDB::Table', id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});
