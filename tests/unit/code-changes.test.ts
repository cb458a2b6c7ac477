// Whatever a built-in remediator may change has its change in code, for those whose resources are managed by it.
import { SNIPPETS } from '@redress/notify';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { expect, it } from 'vitest';

const all = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const writes = all.flatMap((each) =>
  each.uses.writes.flatMap((use) => use.operations.map((operation) => [each.id, `${use.service.id}:${operation}`] as const)),
);

// It takes a flag away again: nothing that code would say.
const NOT_IN_CODE = ['iam:UntagUser'];

it.each(writes.filter(([, operation]) => !NOT_IN_CODE.includes(operation)))('%s: %s', (_, operation) => {
  expect(Object.keys(SNIPPETS)).toContain(operation);
});
it('every snippet belongs to a declared write', () => {
  const known = new Set<string>(writes.map(([, operation]) => operation));
  expect(Object.keys(SNIPPETS).filter((each) => !known.has(each))).toEqual([]);
});
