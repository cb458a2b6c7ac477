import type { ConnectTarget } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { type MemberRolesOptions, memberRoles } from './member-roles.js';

const target: ConnectTarget = { partition: 'aws-us-gov', account: '111111111111', region: 'us-gov-west-1', access: 'read', execution: null };
const options: MemberRolesOptions = { read: 'RedressRead', fix: 'RedressFix', rollback: 'security/RedressRollback', externalId: 'o-1' };

describe('memberRoles', () => {
  it.each([
    ['read', 'role/RedressRead'],
    ['write', 'role/RedressFix'],
    ['rollback', 'role/security/RedressRollback'],
  ] as const)('%s has its role, in the account and partition of the target', (access, name) => {
    expect(memberRoles(options).roleArn?.({ ...target, access })).toBe(`arn:aws-us-gov:iam::111111111111:${name}`);
  });

  it('has none without an account: the credentials are used to find it', () => {
    expect(memberRoles(options).roleArn?.({ ...target, account: '' })).toBeUndefined();
  });

  it.each([undefined, ''])('nothing is rolled back without a rollback role (%j), neither with the ambient credentials nor with those of a fix', (rollback) => {
    const { roleArn } = memberRoles({ ...options, rollback });
    expect(() => roleArn?.({ ...target, access: 'rollback' })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
    expect(roleArn?.({ ...target, access: 'write' })).toMatch(/RedressFix$/);
  });

  it.each<[string, Partial<MemberRolesOptions>]>([
    ['no read role', { read: '' }],
    ['no fix role', { fix: '' }],
    ['an ARN', { fix: 'arn:aws:iam::111111111111:role/RedressFix' }],
    ['a path without a name', { read: 'security/' }],
    ['no external id', { externalId: '' }],
    ['an external id that STS does not accept', { externalId: 'a b' }],
  ])('refuses %s', (_, over) => {
    expect(() => memberRoles({ ...options, ...over })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
  });

  it('sets no source identity if configured so', () => {
    expect(memberRoles(options)).toHaveProperty('sourceIdentity');
    expect(memberRoles({ ...options, sourceIdentity: false })).not.toHaveProperty('sourceIdentity');
  });
});
