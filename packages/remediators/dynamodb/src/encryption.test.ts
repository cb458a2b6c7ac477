import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { encryptWithKms } from './index.js';

const REF = resource({ type: 'AWS::DynamoDB::Table', id: 'orders', account: '111111111111', region: 'eu-west-1' });
const KEY = 'arn:aws:kms:{region}:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const table = (found: object) => ({
  dynamodb: { DescribeTable: { Table: { TableStatus: 'ACTIVE', CreationDateTime: new Date(0), ...found } }, ListTagsOfResource: { Tags: [] } },
});
const changeOf = async (found: object, parameters = {}) => {
  const plan = await assess(encryptWithKms, REF, table(found), { parameters });
  if (plan.status !== 'change') throw new Error(plan.status);
  return { input: plan.changes[0]?.call.input, undo: plan.changes[0]?.undo, hazards: plan.hazards?.map(({ code }) => code) };
};

it('gets the AWS managed key, unless the policy names one, which is a hazard', async () => {
  expect(await changeOf({})).toMatchObject({
    input: { TableName: 'orders', SSESpecification: { Enabled: true, SSEType: 'KMS' } },
    undo: { restores: 'equivalent', calls: [{ input: { TableName: 'orders', SSESpecification: { Enabled: false } } }] },
    hazards: [],
  });
  const { input, hazards } = await changeOf({}, { kmsKeyArn: KEY });
  expect(input).toEqual({ TableName: 'orders', SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY.replace('{region}', 'eu-west-1') } });
  expect(hazards).toEqual(['key-of-your-own']);
});
it.each([
  ['ENABLED', 'compliant'],
  ['ENABLING', 'compliant'],
  ['UPDATING', 'compliant'],
  ['DISABLING', 'change'],
  ['DISABLED', 'change'],
])('whose encryption is %s: %s', async (Status, status) => {
  expect((await assess(encryptWithKms, REF, table({ SSEDescription: { Status, SSEType: 'KMS', KMSMasterKeyArn: KEY } }))).status).toBe(status);
});
it('needs manual steps if it has replicas, and waits while it is updated', async () => {
  expect(await assess(encryptWithKms, REF, table({ Replicas: [{ RegionName: 'eu-central-1' }] }))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('eu-central-1'),
  });
  expect((await assess(encryptWithKms, REF, table({ TableStatus: 'UPDATING' }))).status).toBe('manual');
});
it('is open if its rule requires another key', async () => {
  const seen = await look(encryptWithKms, REF, table({ SSEDescription: { Status: 'ENABLED', KMSMasterKeyArn: 'arn:a' } }));
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.judge({ parameters: { kmsKeyArns: 'arn:b' } })).toHaveLength(1);
  expect(seen.judge({ parameters: { kmsKeyArns: 'arn:b, arn:a' } })).toEqual([]);
});

it('has not drifted once the table is active again; it has, if it has another key', () => {
  const state = (status: string, key: string) => ({ created: 'first', kms: true, key, status, replicas: [] });
  const left = encryptWithKms.effective?.(state('UPDATING', 'key/1'));
  expect(encryptWithKms.effective?.(state('ACTIVE', 'key/1'))).toEqual(left);
  expect(encryptWithKms.effective?.(state('ACTIVE', 'key/2'))).not.toEqual(left);
});
