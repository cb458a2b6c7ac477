import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess } from '../../../../../tests/support/look.js';
import { reportPatchNoncompliance as report } from '../index.js';

const id = 'i-0123456789abcdef0';
const REF = resource({ type: 'AWS::SSM::PatchCompliance', id, account: '111111111111', region: 'eu-west-1' });
const item = (Title: string, Severity = 'CRITICAL') => ({ Title, Id: Title, Severity });
const replies = (asked: unknown[], ...pages: object[][]) => ({
  ssm: {
    DescribeInstanceInformation: { InstanceInformationList: [{ InstanceId: id }] },
    ListComplianceItems: (input: unknown) => {
      asked.push(input);
      const page = pages.shift() ?? [];
      return { ComplianceItems: page, ...(pages.length > 0 ? { NextToken: 'more' } : {}) };
    },
  },
  ec2: { DescribeTags: { Tags: [] } },
});

it('is queried only for failures of its kind, on all pages, and names ten', async () => {
  const asked: unknown[] = [];
  const many = Array.from({ length: 11 }, (_, at) => item(`KB${String(at).padStart(2, '0')}`));
  const seen = await assess(report, REF, replies(asked, many, [item('KB99', 'UNSPECIFIED')]));
  expect(seen).toMatchObject({ status: 'manual' });
  if (seen.status !== 'manual') throw new Error(seen.status);
  expect(seen.message).toBe(
    `Node ${id} has 12 missing patches: ${many
      .slice(0, 10)
      .map(({ Title }) => `${Title} (critical)`)
      .join('; ')}; and 2 more.`,
  );
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatchObject({
    ResourceIds: [id],
    Filters: [
      { Key: 'ComplianceType', Values: ['Patch'] },
      { Key: 'Status', Values: ['NON_COMPLIANT'] },
    ],
  });
  expect((await assess(report, REF, replies([], []))).status).toBe('compliant');
});
it.each([
  [`AWS::SSM::ManagedInstanceInventory/${id}`, { id }],
  [`arn:aws:ec2:eu-west-1:111111111111:instance/${id}`, { id }],
  ['mi-0123456789abcdef0', { id: 'mi-0123456789abcdef0' }],
  ['vol-0123456789abcdef0', null],
  ['xi-0123456789abcdef0', null],
])('is named as %s', async (named, expected) => {
  expect(await report.identify?.({ aws: {}, resource: { ...REF, id: named } } as never)).toEqual(expected);
});
