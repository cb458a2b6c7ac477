import { GLOBAL_REGION, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look, type Replies } from '../../../../../tests/support/look.js';
import { iamError } from '../../test/fake.js';
import {
  setPasswordExpiration as expiry,
  reportUnusedConsolePassword as password,
  deactivateStaleAccessKey as stale,
  deactivateUnusedAccessKey as unused,
} from '../index.js';
import { olderThan } from './iam-set-password-expiration.js';

const ADA = resource({ type: 'AWS::IAM::User', id: 'ada', account: '111111111111', region: GLOBAL_REGION });
const NOW = Date.parse('2026-11-29T12:00:00Z');
const ago = (days: number) => new Date(NOW - days * 86_400_000);
interface Key {
  readonly id: string;
  readonly age: number;
  /** Days since its last use; absent: never. */
  readonly used?: number;
  readonly status?: string;
}
const keys = (...all: readonly Key[]): Replies => ({
  iam: {
    GetUser: { User: { UserId: 'AIDA0' } },
    ListAccessKeys: { AccessKeyMetadata: all.map(({ id, age, status = 'Active' }) => ({ AccessKeyId: id, Status: status, CreateDate: ago(age) })) },
    GetAccessKeyLastUsed: ({ AccessKeyId }: { readonly AccessKeyId: string }) => {
      const used = all.find(({ id }) => id === AccessKeyId)?.used;
      return {
        AccessKeyLastUsed: used === undefined ? { ServiceName: 'N/A', Region: 'N/A' } : { LastUsedDate: ago(used), ServiceName: 's3', Region: 'eu-west-1' },
      };
    },
  },
});
const told = async (of: Remediator, replies: Replies, parameters = {}, now = NOW) => {
  const assessment = await assess(of, ADA, replies, { now, parameters });
  if (assessment.status !== 'change') return assessment.status;
  return assessment.changes.map(({ call, undo, resolves }) => {
    expect(resolves).toBe(true);
    const set = (Status: string) => ({
      service: 'iam',
      operation: 'UpdateAccessKey',
      input: { UserName: 'ada', AccessKeyId: call.input['AccessKeyId'], Status },
    });
    expect(call).toMatchObject(set('Inactive'));
    expect(undo).toMatchObject({ restores: 'exact', calls: [set('Active')] });
    return call.input['AccessKeyId'];
  });
};

describe('old access keys', () => {
  it('are deactivated, each by a call with its own undo, and no other key', async () => {
    const all = keys({ id: 'AKIA1', age: 91 }, { id: 'AKIA2', age: 90 }, { id: 'AKIA3', age: 400, status: 'Inactive' }, { id: 'AKIA4', age: 200, used: 0 });
    expect(await told(stale, all)).toEqual(['AKIA1', 'AKIA4']);
    expect(await told(stale, all, { maxAgeDays: 91 })).toEqual(['AKIA4']);
    expect(await told(stale, all, { maxAgeDays: 200 })).toBe('compliant');
  });
  it('that are in use have a hazard with what uses them', async () => {
    const hazards = async (parameters = {}) =>
      (
        (await assess(stale, ADA, keys({ id: 'AKIA1', age: 200, used: 10 }, { id: 'AKIA2', age: 1, used: 0 }), { now: NOW, parameters })) as {
          readonly hazards: readonly object[];
        }
      ).hazards;
    expect(await hazards()).toEqual([{ code: 'in-use', effect: 'approve', message: 'key AKIA1 was used on 2026-11-19 for s3 in eu-west-1' }]);
    expect(await hazards({ quietDays: 9 })).toEqual([]);
  });
  it('of users for emergencies have a hazard', async () => {
    const { iam } = keys({ id: 'AKIA1', age: 200 });
    const tagged = { iam: { ...iam, GetUser: { User: { UserId: 'AIDA0', Tags: [{ Key: 'for', Value: 'BreakGlass' }] } } } };
    expect(await assess(stale, ADA, tagged, { now: NOW })).toMatchObject({ hazards: [{ code: 'rare-on-purpose', effect: 'approve' }] });
  });
  it('always need an approval; a rule with a shorter age stays open', async () => {
    expect([stale.ceiling, unused.ceiling]).toEqual(['approve', 'approve']);
    const seen = await look(stale, ADA, keys({ id: 'AKIA1', age: 80 }), { now: NOW });
    if (seen === 'gone') throw new Error('It is there.');
    expect(seen.judge({ configRule: 'access-keys-rotated', parameters: { maxAccessKeyAge: '60' } })).toHaveLength(1);
    expect(seen.judge({ parameters: { maxAccessKeyAge: '85' } })).toEqual([]);
  });
  it.each(['CreateDate', 'AccessKeyId', 'Status'])('cannot be read if IAM omits %s', async (member) => {
    const { iam } = keys();
    const listed = { AccessKeyId: 'AKIA1', Status: 'Active', CreateDate: ago(200), [member]: undefined };
    await expect(look(stale, ADA, { iam: { ...iam, ListAccessKeys: { AccessKeyMetadata: [listed] } } })).rejects.toThrow('did not return');
  });
});

describe('unused access keys', () => {
  it('are deactivated: by the last use, or by the creation if there was none', async () => {
    const all = keys(
      { id: 'AKIA1', age: 400, used: 91 },
      { id: 'AKIA2', age: 400, used: 89 },
      { id: 'AKIA3', age: 91 },
      { id: 'AKIA4', age: 89 },
      { id: 'AKIA5', age: 400, status: 'Inactive' },
    );
    expect(await told(unused, all)).toEqual(['AKIA1', 'AKIA3']);
    expect(await told(unused, all, { maxUnusedDays: 400 })).toBe('compliant');
  });
  it('have a state that does not change with each use of another key', async () => {
    const parameters = unused.parameters({});
    const state = async (used: number) => {
      const { iam } = keys({ id: 'AKIA1', age: 400, used: 200 }, { id: 'AKIA2', age: 400, used }) as { iam: Record<string, unknown> };
      const call = (name: string) => async (input: unknown) =>
        typeof iam[name] === 'function' ? (iam[name] as (given: unknown) => unknown)(input) : iam[name];
      const aws = { iam: new Proxy({}, { get: (_, name: string) => call(name) }) };
      const seen = await unused.observe({ aws: aws as never, resource: ADA, parameters, observedAt: NOW });
      return seen === 'gone' ? seen : seen.state;
    };
    expect(await state(3)).toEqual(await state(0));
    expect(await state(3)).toMatchObject({
      keys: [
        { id: 'AKIA1', unused: '2026-05-13' },
        { id: 'AKIA2', unused: null },
      ],
    });
    expect(await state(300)).not.toEqual(await state(3));
  });
  it('without a known last use do not count as unused', async () => {
    const { iam } = keys({ id: 'AKIA1', age: 400 });
    for (const of of [unused, stale])
      await expect(
        look(of, ADA, { iam: { ...iam, GetAccessKeyLastUsed: { AccessKeyLastUsed: { ServiceName: 's3', Region: 'eu-west-1' } } } }, { now: NOW }),
      ).rejects.toThrow('did not show when the key AKIA1 was last used');
  });
  it('are judged only for a claim about them: one with fewer days is not judged', async () => {
    const seen = await look(unused, ADA, keys({ id: 'AKIA1', age: 1 }), { now: NOW });
    if (seen === 'gone') throw new Error('It is there.');
    expect([
      seen.judge({ parameters: { maxCredentialUsageAge: '90' } }),
      seen.judge({ controls: ['IAM.8'] }),
      seen.judge({ controls: ['IAM.22'] }),
      seen.judge({ parameters: null }),
    ]).toEqual([[], [], null, null]);
  });
});

describe('a password for the console', () => {
  const user = (set: number | null, used: number | null): Replies => ({
    iam: {
      GetUser: { User: { UserId: 'AIDA0', ...(used === null ? {} : { PasswordLastUsed: ago(used) }) } },
      GetLoginProfile: set === null ? iamError('NoSuchEntityException') : { LoginProfile: { UserName: 'ada', CreateDate: ago(set) } },
    },
  });
  const status = async (...args: Parameters<typeof user>) => (await assess(password, ADA, user(...args), { now: NOW })).status;
  it('is reported if nobody has used it for that long, or ever', async () => {
    expect(await assess(password, ADA, user(400, 91), { now: NOW })).toMatchObject({
      status: 'manual',
      message: 'User ada has a console password that was last used on 2026-08-30.',
    });
    expect(await status(91, null)).toBe('manual');
    // Set again since: it was given to somebody.
    expect([await status(400, 89), await status(89, null), await status(80, 200), await status(null, 300)]).toEqual(Array(4).fill('compliant'));
  });
  it('is never removed: nothing could restore it', () => {
    expect([password.ceiling, password.uses.writes, password.uses.undoes]).toEqual(['notify', [], []]);
  });
  it('that cannot be read is not a missing one', async () => {
    const denied = { iam: { GetUser: { User: { UserId: 'AIDA0' } }, GetLoginProfile: iamError('AccessDenied', 'aws/denied') } };
    await expect(look(password, ADA, denied)).rejects.toThrow('AccessDenied');
  });
});

describe('the expiry of passwords', () => {
  const ACCOUNT = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
  const REPORT = [
    'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active',
    '<root_account>,arn:aws:iam::111111111111:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,true',
    'ada,arn:aws:iam::111111111111:user/ops/ada,2020-01-01T00:00:00+00:00,true,no_information,2026-01-01T00:00:00+00:00,true',
    'b,ob,arn:aws:iam::111111111111:user/b,ob,2020-01-01T00:00:00+00:00,true,no_information,2026-08-01T00:00:00+00:00,true',
    'eve,arn:aws:iam::111111111111:user/eve,2020-01-01T00:00:00+00:00,true,no_information,2026-11-01T00:00:00+00:00,true',
    'old,arn:aws:iam::111111111111:user/old,2020-01-01T00:00:00+00:00,false,N/A,N/A,false',
  ].join('\n');
  const POLICY = {
    MinimumPasswordLength: 16,
    RequireSymbols: true,
    RequireNumbers: true,
    AllowUsersToChangePassword: true,
    PasswordReusePrevention: 5,
    HardExpiry: false,
  };
  const of = (policy: object | Error, report: object | Error = { Content: Buffer.from(REPORT) }): Replies => ({
    iam: { GetAccountPasswordPolicy: policy instanceof Error ? policy : { PasswordPolicy: policy }, GetCredentialReport: report },
  });
  it('is set, without another change of the policy, and without one by the undo', async () => {
    const carried = { ...POLICY, RequireUppercaseCharacters: false, RequireLowercaseCharacters: false };
    expect(await assess(expiry, ACCOUNT, of(POLICY), { now: NOW })).toMatchObject({
      status: 'change',
      hazards: [{ code: 'older-passwords', message: 'the passwords of ada, b,ob expire at once' }],
      changes: [
        {
          call: { operation: 'UpdateAccountPasswordPolicy', input: { ...carried, MaxPasswordAge: 90 } },
          undo: { restores: 'exact', calls: [{ operation: 'UpdateAccountPasswordPolicy', input: carried }] },
        },
      ],
    });
  });
  it('is never later than before', async () => {
    expect((await assess(expiry, ACCOUNT, of({ ...POLICY, MaxPasswordAge: 60 }), { now: NOW })).status).toBe('compliant');
    const assessment = await assess(expiry, ACCOUNT, of({ ...POLICY, MaxPasswordAge: 180 }), { now: NOW });
    expect(assessment).toMatchObject({ changes: [{ call: { input: { MaxPasswordAge: 90 } }, undo: { calls: [{ input: { MaxPasswordAge: 180 } }] } }] });
  });
  it('needs manual steps if there is no policy: one with only that would be weaker', async () => {
    expect((await assess(expiry, ACCOUNT, of(iamError('NoSuchEntityException')), { now: NOW })).status).toBe('manual');
  });
  it('has hazards for those who would be locked out, and for unknown password ages', async () => {
    const missing = iamError('CredentialReportNotPresentException');
    const assessment = await assess(expiry, ACCOUNT, of({ ...POLICY, HardExpiry: true }, missing), { now: NOW });
    expect((assessment as { readonly hazards: readonly { readonly code: string }[] }).hazards.map(({ code }) => code)).toEqual(['hard-expiry', 'ages-unknown']);
    await expect(look(expiry, ACCOUNT, of(POLICY, iamError('AccessDenied', 'aws/denied')), { now: NOW })).rejects.toThrow('AccessDenied');
  });
  it('cannot be read from a report that lacks a column', () => {
    expect(() => olderThan('user,arn,password_enabled\nada,arn:aws:iam::111111111111:user/ada,true', NOW)).toThrow('does not show when passwords were set');
  });
  it('that a rule requires earlier than the policy stays open', async () => {
    const seen = await look(expiry, ACCOUNT, of({ ...POLICY, MaxPasswordAge: 90 }), { now: NOW });
    if (seen === 'gone') throw new Error('It is there.');
    const claim = (MaxPasswordAge: string) => ({
      isRule: (name: string) => name === 'IAM_PASSWORD_POLICY',
      configRule: 'passwords',
      parameters: { MaxPasswordAge },
    });
    expect(seen.judge(claim('90'))).toEqual([]);
    expect(seen.judge(claim('60'))).toEqual([
      'the Config rule passwords requires passwords that expire after at most 60 days (they expire after 90); the policy of Redress allows more',
    ]);
    expect(seen.judge({ controls: ['IAM.17'] })).toEqual([]);
  });
});
