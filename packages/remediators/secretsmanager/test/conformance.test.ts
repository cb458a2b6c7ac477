import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { isRecord, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { inFrontOf } from '../../../../tests/support/in-front.js';
import { reportFailedRotation } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const DAY = 86_400;
// One moment for all replies: two looks in a row see the same date.
const NOW = Math.floor(Date.now() / 1000);
// moto rotates as it is told to, and never late: how late a secret is, its tag says, in days.
const late = await inFrontOf(
  inject('moto'),
  () => null,
  ({ operation }, reply) => {
    if (operation !== 'DescribeSecret' || !isRecord(reply)) return reply;
    const tags = (reply['Tags'] ?? []) as readonly { readonly Key: string; readonly Value: string }[];
    const days = tags.find(({ Key }) => Key === 'late')?.Value;
    if (days === undefined) return reply;
    const NextRotationDate = NOW - Number(days) * DAY;
    return { ...reply, RotationEnabled: true, NextRotationDate, LastRotatedDate: NextRotationDate - 30 * DAY };
  },
);
afterAll(() => late.close());

const TYPE = 'AWS::SecretsManager::Secret';
const client = (sdk: Sdk) => new SecretsManagerClient(sdk.config);
const secret =
  (days: number | null, deleted = false) =>
  async (sdk: Sdk) => {
    const Tags = [{ Key: 'team', Value: 'shop' }, ...(days === null ? [] : [{ Key: 'late', Value: String(days) }])];
    const { ARN: id = '', Name } = await client(sdk).send(new CreateSecretCommand({ Name: sdk.name('secret'), SecretString: 'x', Tags }));
    if (deleted) await client(sdk).send(new DeleteSecretCommand({ SecretId: id }));
    return { resource: resource({ type: TYPE, id, account: sdk.account, region: sdk.region }), name: Name };
  };
const tag: Scenario['tag'] = async (sdk, { id: SecretId }, Key, Value) => {
  await client(sdk).send(new TagResourceCommand({ SecretId, Tags: [{ Key, Value }] }));
};

describeRemediator(reportFailedRotation, {
  account: { endpoint: late.endpoint },
  scenarios: [
    { name: 'a rotation that is three days late', expect: 'manual', arrange: secret(3), tag },
    {
      name: 'somebody tries again, and names the secret by its name',
      expect: 'manual',
      arrange: secret(3),
      tag,
      event: ({ account, region }, { name }) =>
        cloudTrailEvent({ account, region, service: 'secretsmanager', operation: 'RotateSecret', request: { secretId: String(name) } }),
    },
    { name: 'a rotation that is due in three days', expect: 'compliant', arrange: secret(-3), tag },
    { name: 'a secret that is not rotated', expect: 'not-applicable', arrange: secret(null), tag },
    { name: 'a secret that is to be deleted', expect: 'compliant', arrange: secret(3, true) },
    {
      name: 'a secret that is gone',
      expect: 'compliant',
      arrange: async (sdk) =>
        resource({ type: TYPE, id: `arn:aws:secretsmanager:${sdk.region}:${sdk.account}:secret:gone-AbCdEf`, account: sdk.account, region: sdk.region }),
    },
  ],
});
