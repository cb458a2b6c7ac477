import { GLOBAL_REGION, resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { reportOutsideOrganization as report } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
const IN = { organizations: { DescribeOrganization: { Organization: { Id: 'o-a1b2c3d4e5', MasterAccountId: '222222222222' } } } };
const failing = (name: string) => ({ organizations: { DescribeOrganization: Object.assign(new Error('no'), { name, $metadata: { httpStatusCode: 400 } }) } });

it('is in none if Organizations returns that, and unknown with any other error', async () => {
  expect(await assess(report, REF, failing('AWSOrganizationsNotInUseException'))).toMatchObject({
    status: 'manual',
    message: 'Account 111111111111 is not in an organization.',
  });
  await expect(look(report, REF, failing('AccessDeniedException'))).rejects.toThrow('no');
  await expect(look(report, REF, { organizations: { DescribeOrganization: {} } })).rejects.toThrow('organization');
});
it('is in the right one by the management account in policy or rule', async () => {
  expect((await assess(report, REF, IN)).status).toBe('compliant');
  expect((await assess(report, REF, IN, { parameters: { managementAccount: '222222222222' } })).status).toBe('compliant');
  expect(await assess(report, REF, IN, { parameters: { managementAccount: '333333333333' } })).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('not in that of 333333333333'),
  });
  const seen = await look(report, REF, IN);
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.judge({ parameters: { MasterAccountId: '333333333333' } })).toHaveLength(1);
  expect(seen.judge({ parameters: { MasterAccountId: '222222222222' } })).toEqual([]);
});
