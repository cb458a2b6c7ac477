import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { encryptLogGroup } from './index.js';

const REF = resource({ type: 'AWS::Logs::LogGroup', id: 'app', account: '111111111111', region: 'eu-west-1' });
const KEY = 'arn:aws:kms:{region}:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const group = (found: object) => ({
  logs: {
    DescribeLogGroups: { logGroups: [{ logGroupName: 'app', creationTime: 1, logGroupArn: 'arn:aws:logs:eu-west-1:111111111111:log-group:app', ...found }] },
    ListTagsForResource: { tags: {} },
  },
});

it('gets the key of the policy, in its region, and an undo removes it', async () => {
  expect(await assess(encryptLogGroup, REF, group({}), { parameters: { kmsKeyArn: KEY } })).toMatchObject({
    changes: [
      {
        call: { operation: 'AssociateKmsKey', input: { logGroupName: 'app', kmsKeyId: KEY.replace('{region}', 'eu-west-1') } },
        undo: { restores: 'exact', calls: [{ operation: 'DisassociateKmsKey', input: { logGroupName: 'app' } }] },
      },
    ],
  });
  expect((await assess(encryptLogGroup, REF, group({}))).status).toBe('manual');
});
it('keeps an existing key, even if its rule requires another one', async () => {
  const seen = await look(encryptLogGroup, REF, group({ kmsKeyId: 'arn:own' }), { parameters: { kmsKeyArn: KEY } });
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.assessment.status).toBe('compliant');
  expect(seen.judge({ parameters: { KmsKeyId: 'arn:other' } })).toHaveLength(1);
  expect(seen.judge({ parameters: { KmsKeyId: 'arn:own' } })).toEqual([]);
});
it('is not changed if it only forwards events', async () => {
  expect((await assess(encryptLogGroup, REF, group({ logGroupClass: 'DELIVERY' }), { parameters: { kmsKeyArn: KEY } })).status).toBe('not-applicable');
});
