import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { detachCloudShellFullAccess, reportExpiredServerCertificate, reportMissingSupportRole, reportUnusedGroup } from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type, id, account: ACCOUNT, region: 'aws-global' });
const SHELL = 'arn:aws:iam::aws:policy/AWSCloudShellFullAccess';
const NOW = Date.parse('2026-11-29T12:00:00Z');
const judged = async (...args: Parameters<typeof look>) => {
  const seen = await look(...args);
  if (seen === 'gone') throw new Error('It is there.');
  return seen.judge;
};

describe('the policy AWSCloudShellFullAccess', () => {
  const replies = (type: 'User' | 'Role' | 'Group', policies: readonly string[], Path = '/') => ({
    iam: {
      [`Get${type}`]: { [type]: { [`${type}Id`]: 'unique', Path }, ...(type === 'Group' ? { Users: [], IsTruncated: false } : {}) },
      [`ListAttached${type}Policies`]: { AttachedPolicies: policies.map((PolicyArn) => ({ PolicyArn })), IsTruncated: false },
    },
  });
  it.each(['User', 'Role', 'Group'] as const)('is detached from a %s with other policies, without an undo', async (type) => {
    const found = await assess(detachCloudShellFullAccess, ref(`AWS::IAM::${type}`, 'ada'), replies(type, ['arn:aws:iam::aws:policy/ReadOnlyAccess', SHELL]));
    expect(found).toMatchObject({
      status: 'change',
      changes: [{ call: { operation: `Detach${type}Policy`, input: { [`${type}Name`]: 'ada', PolicyArn: SHELL } }, undo: { irreversible: expect.anything() } }],
    });
  });
  describe('of a group is kept if there is an exception on one of its users', () => {
    const users: Readonly<Record<string, object>> = {
      ada: { Tags: [{ Key: 'redress:exception', Value: 'EX-1' }] },
      bob: {},
      eve: { Tags: [{ Key: 'for', Value: 'emergency' }] },
    };
    const iam = {
      ...replies('Group', [SHELL]).iam,
      GetGroup: ({ Marker, MaxItems }: { readonly Marker?: string; readonly MaxItems?: number }) => ({
        Group: { GroupId: 'unique', Path: '/' },
        ...(MaxItems === 1 || Marker === undefined
          ? { Users: [{ UserName: 'ada' }], IsTruncated: true, Marker: '2' }
          : { Users: [{ UserName: 'bob' }, { UserName: 'eve' }], IsTruncated: false }),
      }),
      GetUser: ({ UserName }: { readonly UserName: string }) => ({ User: users[UserName] }),
    };
    const group = ref('AWS::IAM::Group', 'operators');
    const observed = (purpose: string, more: object = {}) => {
      const aws = {
        iam: Object.fromEntries(
          Object.entries({ ...iam, ...more }).map(([name, reply]) => [name, async (input: never) => (typeof reply === 'function' ? reply(input) : reply)]),
        ),
      };
      return detachCloudShellFullAccess.observe({ aws, resource: group, parameters: {}, purpose, observedAt: 0 } as never);
    };
    it.each(['decision', 'confirmation'])('for a %s', async (purpose) => {
      expect(await observed(purpose)).toMatchObject({
        usedBy: [
          { type: 'AWS::IAM::User', id: 'ada', tags: { 'redress:exception': 'EX-1' } },
          { type: 'AWS::IAM::User', id: 'bob', tags: {} },
          { type: 'AWS::IAM::User', id: 'eve', tags: { for: 'emergency' } },
        ],
      });
      expect(detachCloudShellFullAccess.exceptionTypes).toEqual(['AWS::IAM::User']);
    });
    it('and needs an approval if tags of one name an emergency', async () => {
      expect(await assess(detachCloudShellFullAccess, group, { iam })).toMatchObject({
        hazards: [{ code: 'rare-on-purpose', message: expect.stringContaining('of eve') }],
      });
    });
    it('and is never changed if their tags are unknown', async () => {
      await expect(observed('decision', { GetUser: {} })).rejects.toThrow('User');
      const refused = () => {
        throw new Error('AccessDenied');
      };
      await expect(observed('decision', { GetUser: refused })).rejects.toThrow('AccessDenied');
    });
  });
  it('is not one with the same name in the account, or a missing one', async () => {
    const others = [`arn:aws:iam::${ACCOUNT}:policy/AWSCloudShellFullAccess`, 'arn:aws:iam::aws:policy/ReadOnlyAccess'];
    expect((await assess(detachCloudShellFullAccess, ref('AWS::IAM::User', 'ada'), replies('User', others))).status).toBe('compliant');
  });
  it('of a permission set is left to IAM Identity Center', async () => {
    const path = '/aws-reserved/sso.amazonaws.com/eu-west-1/';
    const of = (policies: readonly string[]) =>
      assess(detachCloudShellFullAccess, ref('AWS::IAM::Role', 'AWSReservedSSO_Dev_1'), replies('Role', policies, path));
    expect((await of([SHELL])).status).toBe('manual');
    expect((await of([])).status).toBe('compliant');
  });
  it('is named only by the calls that attach it', () => {
    const named = (policyArn: string) =>
      detachCloudShellFullAccess.apiCalls['iam:AttachRolePolicy']?.({ request: { roleName: 'ci', policyArn }, response: null, account: ACCOUNT } as never);
    expect(named(SHELL)).toEqual([{ id: 'ci', type: 'AWS::IAM::Role', region: 'aws-global' }]);
    expect(named('arn:aws:iam::aws:policy/ReadOnlyAccess')).toEqual([]);
  });
  it('is listed with everyone who has it', async () => {
    const entities = {
      User: { PolicyUsers: [{ UserName: 'ada' }] },
      Role: { PolicyRoles: [{ RoleName: 'ci' }] },
      Group: { PolicyGroups: [{ GroupName: 'operators' }] },
    };
    const ListEntitiesForPolicy = async ({ PolicyArn, EntityFilter }: { PolicyArn: string; EntityFilter: keyof typeof entities }) =>
      PolicyArn === SHELL ? { ...entities[EntityFilter], IsTruncated: false } : {};
    const found: string[] = [];
    const place = { account: ACCOUNT, region: 'us-east-1', partition: 'aws' as const, parameters: {} };
    for await (const { type, id } of detachCloudShellFullAccess.discover?.({ aws: { iam: { ListEntitiesForPolicy } } as never, ...place }) ?? [])
      found.push(`${type} ${id}`);
    expect(found).toEqual(['AWS::IAM::User ada', 'AWS::IAM::Role ci', 'AWS::IAM::Group operators']);
  });
  it('is judged only for a rule about nothing else', async () => {
    const judge = await judged(detachCloudShellFullAccess, ref('AWS::IAM::User', 'ada'), replies('User', []));
    expect(judge({ parameters: { policyArns: SHELL } })).toEqual([]);
    expect(judge({ parameters: { policyArns: `${SHELL},arn:aws:iam::aws:policy/AdministratorAccess` } })).toBeNull();
  });
});

describe('a role for AWS Support', () => {
  const account = ref('AWS::::Account', ACCOUNT);
  const replies = (roles: readonly string[]) => ({
    iam: {
      ListEntitiesForPolicy: ({ PolicyArn, EntityFilter, PolicyUsageFilter }: { PolicyArn: string; EntityFilter: string; PolicyUsageFilter: string }) =>
        PolicyArn === 'arn:aws:iam::aws:policy/AWSSupportAccess' && EntityFilter === 'Role' && PolicyUsageFilter === 'PermissionsPolicy'
          ? { PolicyRoles: roles.map((RoleName) => ({ RoleName })), IsTruncated: false }
          : { PolicyUsers: [{ UserName: 'ada' }], PolicyRoles: [{ RoleName: 'another' }], IsTruncated: false },
    },
  });
  it('is reported if no role has the policy, with the commands that create one', async () => {
    expect(await assess(reportMissingSupportRole, account, replies([]))).toMatchObject({
      status: 'manual',
      steps: expect.arrayContaining([expect.stringContaining('--policy-arn arn:aws:iam::aws:policy/AWSSupportAccess')]),
    });
    expect((await assess(reportMissingSupportRole, account, replies(['support']))).status).toBe('compliant');
  });
  it('is not judged by a rule for another policy', async () => {
    const judge = await judged(reportMissingSupportRole, account, replies([]));
    expect(judge({ parameters: { policyARN: 'arn:aws:iam::aws:policy/AWSSupportAccess', policyUsageType: 'ANY' } })).toEqual([]);
    expect(judge({ parameters: { policyARN: SHELL } })).toBeNull();
  });
});

describe('a certificate in IAM', () => {
  const CERTIFICATE = ref('AWS::IAM::ServerCertificate', 'shop');
  const metadata = (Expiration?: Date) => ({
    ServerCertificateName: 'shop',
    ServerCertificateId: 'ASCAEXAMPLEID0000001',
    Arn: `arn:aws:iam::${ACCOUNT}:server-certificate/cloudfront/shop`,
    ...(Expiration === undefined ? {} : { Expiration }),
  });
  const of = (expires?: number) =>
    assess(
      reportExpiredServerCertificate,
      CERTIFICATE,
      { iam: { GetServerCertificate: { ServerCertificate: { ServerCertificateMetadata: metadata(expires === undefined ? undefined : new Date(expires)) } } } },
      { now: NOW },
    );
  it('is reported from the moment of its expiry', async () => {
    expect(await of(NOW)).toMatchObject({ status: 'manual', message: 'Certificate shop in IAM expired on 2026-11-29.' });
    expect((await of(NOW + 1)).status).toBe('compliant');
  });
  it('is not judged if IAM omits the expiry', async () => {
    await expect(of()).rejects.toThrow('expires');
  });
  it.each([
    ['its unique id', 'ASCAEXAMPLEID0000001', 'shop'],
    ['its ARN', `arn:aws:iam::${ACCOUNT}:server-certificate/cloudfront/shop`, 'shop'],
    ['its name', 'shop', 'shop'],
    ['the id of a deleted group', 'ASCAEXAMPLEID0000002', null],
  ])('is found by %s', async (_, id, name) => {
    const ListServerCertificates = async () => ({ ServerCertificateMetadataList: [metadata()], IsTruncated: false });
    const found = reportExpiredServerCertificate.identify?.({
      aws: { iam: { ListServerCertificates } } as never,
      resource: ref('AWS::IAM::ServerCertificate', id),
    });
    expect(await found).toEqual(name === null ? null : { id: name, region: 'aws-global' });
  });
});

describe('a group', () => {
  const GROUP = ref('AWS::IAM::Group', 'operators');
  const of = (given: { Users?: readonly object[] | undefined; IsTruncated?: boolean; days?: number; parameters?: object }) =>
    assess(
      reportUnusedGroup,
      GROUP,
      {
        iam: {
          GetGroup: {
            Group: { GroupId: 'AGPAEXAMPLEID0000001', CreateDate: new Date(NOW - (given.days ?? 400) * 86_400_000) },
            ...('Users' in given ? (given.Users === undefined ? {} : { Users: given.Users }) : { Users: [] }),
            IsTruncated: given.IsTruncated ?? false,
          },
          ListAttachedGroupPolicies: { AttachedPolicies: [{ PolicyName: 'PowerUserAccess' }], IsTruncated: false },
          ListGroupPolicies: { PolicyNames: ['own'], IsTruncated: false },
        },
      },
      { now: NOW, parameters: given.parameters ?? {} },
    );
  it('without users is reported, with its permissions', async () => {
    expect(await of({})).toMatchObject({ status: 'manual', message: 'Group operators has no users. Its future members get PowerUserAccess, own (inline).' });
  });
  it('has users if a page has one, or there is another page', async () => {
    expect((await of({ Users: [{ UserName: 'ada' }] })).status).toBe('compliant');
    expect((await of({ IsTruncated: true })).status).toBe('compliant');
  });
  it('that is new may still get users', async () => {
    expect((await of({ days: 6 })).status).toBe('not-applicable');
    expect((await of({ days: 7 })).status).toBe('manual');
    expect((await of({ days: 6, parameters: { newForDays: 1 } })).status).toBe('manual');
  });
  it('is not judged by a reply without a list of users', async () => {
    await expect(of({ Users: undefined })).rejects.toThrow();
  });
});
