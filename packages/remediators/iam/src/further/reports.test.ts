import { type Claim, RedressError, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { reportAdminPolicy, reportInlinePolicies, reportRootHardwareMfa, reportRootMfa, reportUserWithoutMfa } from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type, id, account: ACCOUNT, region: 'aws-global' });
const USER = ref('AWS::IAM::User', 'ada');
const POLICY = ref('AWS::IAM::Policy', `arn:aws:iam::${ACCOUNT}:policy/all`);

/** What a remediator makes of replies. */
async function look(remediator: Remediator, replies: Readonly<Record<string, unknown>>, at = USER, given = {}) {
  const parameters = remediator.parameters(given);
  const read = async (operation: string) => {
    const reply = replies[operation];
    if (reply instanceof Error) throw reply;
    return reply ?? {};
  };
  const aws = { iam: new Proxy({}, { get: (_, operation: string) => () => read(operation) }) } as never;
  const seen = await remediator.observe({ aws, resource: at, parameters });
  if (seen === 'gone') throw new Error('gone');
  const { state, context } = seen;
  const judge = (claim: Partial<Claim>) =>
    remediator.judge?.({
      state,
      context,
      resource: at,
      parameters,
      claim: { controls: [], configRule: null, isRule: () => false, parameters: null, observedAt: 0, ...claim },
    });
  return { judge, assessment: remediator.plan({ state, context, resource: at, parameters, observedAt: 0 }) };
}

describe('the root user', () => {
  const account = ref('AWS::::Account', ACCOUNT);
  const summary = (more: object) => ({ GetAccountSummary: { SummaryMap: { AccountMFAEnabled: 0, AccountAccessKeysPresent: 0, ...more } } });

  it('has a password unless IAM reports that it has none', async () => {
    expect((await look(reportRootMfa, summary({}), account)).assessment.status).toBe('manual');
    expect((await look(reportRootMfa, summary({ AccountPasswordPresent: 0 }), account)).assessment.status).toBe('not-applicable');
    expect((await look(reportRootMfa, summary({ AccountPasswordPresent: 0, AccountSigningCertificatesPresent: 1 }), account)).assessment.status).toBe('manual');
  });
  it('is not judged by a summary without its MFA status', async () => {
    await expect(look(reportRootMfa, { GetAccountSummary: { SummaryMap: {} } }, account)).rejects.toThrow('mfa');
    await expect(look(reportRootMfa, { GetAccountSummary: {} }, account)).rejects.toThrow('mfa');
  });
  it('has no virtual device if the devices belong to users', async () => {
    const devices = (Arn: string) => ({ ...summary({ AccountMFAEnabled: 1 }), ListVirtualMFADevices: { VirtualMFADevices: [{ User: { Arn } }] } });
    expect((await look(reportRootHardwareMfa, devices(`arn:aws:iam::${ACCOUNT}:user/root`), account)).assessment.status).toBe('compliant');
    expect((await look(reportRootHardwareMfa, devices(`arn:aws:iam::${ACCOUNT}:root`), account)).assessment.status).toBe('manual');
  });
});

describe('a user without MFA', () => {
  const replies = { GetUser: { User: { UserId: 'AIDA0' } }, ListMFADevices: { MFADevices: [] }, GetLoginProfile: new RedressError('aws/gone', 'no profile') };
  it('and without a password is open if all users are covered', async () => {
    const { assessment, judge } = await look(reportUserWithoutMfa, replies);
    expect(assessment.status).toBe('compliant');
    expect(judge({ isRule: (known) => known === 'MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS' })).toEqual([]);
    expect(judge({ isRule: (known) => known === 'IAM_USER_MFA_ENABLED' })).toEqual([expect.stringContaining('ada has no MFA device')]);
    expect(judge({ controls: ['IAM.19'] })).toHaveLength(1);
  });
  it('does not count as one without a password if that cannot be read', async () => {
    await expect(look(reportUserWithoutMfa, { ...replies, GetLoginProfile: new RedressError('aws/denied', 'no') })).rejects.toMatchObject({
      code: 'aws/denied',
    });
  });
});

describe('a policy that allows everything', () => {
  const replies = (found: object) => ({
    GetPolicy: { Policy: { Arn: POLICY.id, PolicyId: 'ANPA0', DefaultVersionId: 'v2', ...found } },
    GetPolicyVersion: { PolicyVersion: { Document: encodeURIComponent('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}') } },
  });
  const boundary = replies({ PermissionsBoundaryUsageCount: 3, AttachmentCount: 0 });
  it('counts as a boundary, unless the policy excludes boundaries', async () => {
    expect((await look(reportAdminPolicy, boundary, POLICY)).assessment.status).toBe('manual');
    const { assessment, judge } = await look(reportAdminPolicy, boundary, POLICY, { exceptBoundaries: true });
    expect(assessment.status).toBe('not-applicable');
    // The rule was set up to look at them.
    expect(judge({ parameters: { excludePermissionBoundaryPolicy: 'false' } })).toHaveLength(1);
    expect(judge({ parameters: { excludePermissionBoundaryPolicy: 'true' } })).toEqual([]);
    expect(judge({ parameters: { somethingElse: '1' } })).toBeNull();
  });
  it('counts if it is attached in addition to being a boundary', async () => {
    const both = replies({ PermissionsBoundaryUsageCount: 3, AttachmentCount: 1 });
    expect((await look(reportAdminPolicy, both, POLICY, { exceptBoundaries: true })).assessment.status).toBe('manual');
  });
  it('names who has it', async () => {
    const { assessment } = await look(
      reportAdminPolicy,
      { ...replies({}), ListEntitiesForPolicy: { PolicyRoles: [{ RoleName: 'ci' }], IsTruncated: true } },
      POLICY,
    );
    expect(assessment).toMatchObject({ status: 'manual', message: expect.stringContaining('attached to role ci, others') });
  });
  it('is not compliant if its document cannot be read', async () => {
    await expect(look(reportAdminPolicy, { ...replies({}), GetPolicyVersion: { PolicyVersion: {} } }, POLICY)).rejects.toThrow('cannot be read');
  });
});

describe('names', () => {
  const lists = {
    ListRoles: async () => ({ Roles: [{ RoleName: 'ci', RoleId: 'AROA0000000000000001' }] }),
    ListGroups: async () => ({ Groups: [{ GroupName: 'admins', GroupId: 'AGPA0000000000000001' }] }),
    ListUsers: async () => ({ Users: [{ UserName: 'ada', UserId: 'AIDA0000000000000001' }] }),
    ListPolicies: async () => ({ Policies: [{ Arn: POLICY.id, PolicyId: 'ANPA0000000000000001' }] }),
  };
  it.each([
    [reportInlinePolicies, 'AWS::IAM::Role', 'AROA0000000000000001', 'ci'],
    [reportInlinePolicies, 'AWS::IAM::Group', 'AGPA0000000000000001', 'admins'],
    [reportInlinePolicies, 'AWS::IAM::User', 'AIDA0000000000000001', 'ada'],
    [reportInlinePolicies, 'AWS::IAM::Role', 'admins', 'admins'],
    [reportInlinePolicies, 'AWS::IAM::Role', 'AROA0000000000000002', null],
    [reportAdminPolicy, 'AWS::IAM::Policy', 'ANPA0000000000000001', POLICY.id],
    [reportAdminPolicy, 'AWS::IAM::Policy', POLICY.id, POLICY.id],
  ])('%o: %s %s is %s', async (remediator, type, id, name) => {
    const found = await remediator.identify?.({ aws: { iam: lists } as never, resource: ref(type, id) });
    expect(found).toEqual(name === null ? null : { id: name, region: 'aws-global' });
  });
  it('of a sweep have their types', async () => {
    const found: unknown[] = [];
    for await (const each of reportInlinePolicies.discover?.({
      aws: { iam: lists } as never,
      account: ACCOUNT,
      region: 'us-east-1',
      partition: 'aws',
      parameters: {},
    }) ?? [])
      found.push(each);
    expect(found).toEqual([
      { type: 'AWS::IAM::User', id: 'ada', region: 'aws-global' },
      { type: 'AWS::IAM::Role', id: 'ci', region: 'aws-global' },
      { type: 'AWS::IAM::Group', id: 'admins', region: 'aws-global' },
    ]);
  });
  it('of AWS policies in a recorded call have no account', () => {
    const named = (policyArn: string) =>
      reportAdminPolicy.apiCalls['iam:CreatePolicyVersion']?.({
        service: 'iam',
        operation: 'x',
        request: { policyArn },
        response: null,
        account: ACCOUNT,
        region: 'us-east-1',
      } as never);
    expect(named('arn:aws:iam::aws:policy/AdministratorAccess')).toEqual([]);
    expect(named(POLICY.id)).toEqual([{ id: POLICY.id, region: 'aws-global' }]);
  });
});
