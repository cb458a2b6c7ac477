import { GLOBAL_REGION, resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { reportLongLivedApiKey as report } from '../index.js';

const REF = resource({ type: 'AWS::IAM::User', id: 'ada', account: '111111111111', region: GLOBAL_REGION });
const NOW = Date.parse('2026-11-29T00:00:00Z');
const MADE = new Date('2026-11-01T00:00:00Z');
const key = (more: object) => ({
  UserName: 'ada',
  ServiceSpecificCredentialId: 'ACCA0',
  ServiceName: 'bedrock.amazonaws.com',
  Status: 'Active',
  CreateDate: MADE,
  ...more,
});
const of = (...keys: object[]) => ({ iam: { GetUser: { User: { UserId: 'AIDA0' } }, ListServiceSpecificCredentials: { ServiceSpecificCredentials: keys } } });
const status = async (more: object, parameters = {}) => (await assess(report, REF, of(key(more)), { now: NOW, parameters })).status;
const after = (days: number) => new Date(MADE.getTime() + days * 86_400_000);

it('is long-lived if it never expires, or expires later than the policy allows', async () => {
  expect(await status({})).toBe('manual');
  expect(await status({ ExpirationDate: after(90) })).toBe('compliant');
  expect(await status({ ExpirationDate: after(91) })).toBe('manual');
  expect(await status({ ExpirationDate: after(91) }, { maxDays: 91 })).toBe('compliant');
  expect(await status({ ServiceName: 'logs.amazonaws.com' })).toBe('manual');
});
it('is compliant once it has expired or was turned off, and a password for a protocol is not one', async () => {
  expect(await status({ Status: 'Inactive' })).toBe('compliant');
  expect(await status({ CreateDate: new Date('2026-01-01T00:00:00Z'), ExpirationDate: new Date('2026-11-29T00:00:00Z') })).toBe('compliant');
  expect(await status({ ServiceName: 'codecommit.amazonaws.com' })).toBe('compliant');
});
it('is not judged by an incomplete description from IAM', async () => {
  await expect(look(report, REF, of(key({ CreateDate: undefined })))).rejects.toThrow('returned no creation date or service');
});
it('is found by a sweep that lists all users once, each named once', async () => {
  const asked: unknown[] = [];
  const pages = [
    { ServiceSpecificCredentials: [key({}), key({ UserName: 'bob' })], IsTruncated: true, Marker: 'm' },
    { ServiceSpecificCredentials: [key({ ServiceSpecificCredentialId: 'ACCA1' })], IsTruncated: false },
  ];
  const aws = {
    iam: {
      ListServiceSpecificCredentials: async (input: unknown) => {
        asked.push(input);
        return pages.shift();
      },
    },
  };
  const found: string[] = [];
  for await (const page of report.observeMany?.({ aws, account: '111111111111', region: 'us-east-1', partition: 'aws', parameters: {} } as never) ?? [])
    found.push(...page.map(({ id }) => id));
  expect(found).toEqual(['ada', 'bob']);
  expect(asked).toEqual([{ AllUsers: true }, { AllUsers: true, Marker: 'm' }]);
});
