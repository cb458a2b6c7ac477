import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { enablePitr } from '../src/index.js';

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
