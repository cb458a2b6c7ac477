import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { expect, it } from 'vitest';
import { proveEqual } from '../src/index.js';
import { BUILT_IN, here } from './support/bundles.js';

/** What the journal, the kill switch, the canary, the notifier and the connections call. */
const OWN = `
import { ConfigServiceClient, DescribeConfigRulesCommand } from '@aws-sdk/client-config-service';
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { AddTagsToResourceCommand, GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
const also = [
  { service: 'config', client: (config) => new ConfigServiceClient(config), commands: { DescribeConfigRules: DescribeConfigRulesCommand } },
  { service: 'dynamodb', client: (config) => new DynamoDBClient(config), commands: { BatchGetItem: BatchGetItemCommand, GetItem: GetItemCommand, PutItem: PutItemCommand, Query: QueryCommand, Scan: ScanCommand, TransactWriteItems: TransactWriteItemsCommand, UpdateItem: UpdateItemCommand } },
  { service: 's3', client: (config) => new S3Client(config), commands: { GetObject: GetObjectCommand, PutObject: PutObjectCommand } },
  { service: 'sns', client: (config) => new SNSClient(config), commands: { Publish: PublishCommand } },
  { service: 'ssm', client: (config) => new SSMClient(config), commands: { AddTagsToResource: AddTagsToResourceCommand, GetParameter: GetParameterCommand } },
  { service: 'sts', client: (config) => new STSClient(config), commands: { AssumeRole: AssumeRoleCommand, GetCallerIdentity: GetCallerIdentityCommand } },
];
`;

it('a pruned bundle sends and reads the same as a plain one, for every declared operation', async () => {
  const proofs = await proveEqual({
    ...here,
    remediators: Object.fromEntries(Object.entries(BUILT_IN).map(([module, { name }]) => [module, name])),
    also: OWN,
  });
  const declared = new Set(
    [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators].flatMap(({ uses }) =>
      [...uses.reads, ...uses.writes, ...uses.undoes].flatMap(({ service, operations }) => operations.map((operation) => `${service.id}:${operation}`)),
    ),
  );
  const seen = new Set(proofs.map(({ operation }) => operation));
  expect([...declared].filter((operation) => !seen.has(operation))).toEqual([]);
  expect(proofs.filter(({ equal }) => !equal)).toEqual([]);
});
