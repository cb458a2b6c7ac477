import { GLOBAL_REGION, type JsonObject, RedressError, resource } from '@redress/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strengthenPasswordPolicy as remediator } from './iam-strengthen-password-policy.js';

const account = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
const STRONG = {
  MinimumPasswordLength: 14,
  RequireSymbols: true,
  RequireNumbers: true,
  RequireUppercaseCharacters: true,
  RequireLowercaseCharacters: true,
  AllowUsersToChangePassword: true,
  PasswordReusePrevention: 24,
};

async function look(policy: object | null | Error, given: JsonObject = {}) {
  const parameters = remediator.parameters(given);
  const aws = {
    iam: {
      GetAccountPasswordPolicy: async () => {
        if (policy instanceof Error) throw policy;
        if (policy === null) throw new RedressError('aws/gone', 'NoSuchEntity');
        return { PasswordPolicy: policy };
      },
    },
  };
  const seen = await remediator.observe({ aws: aws as never, resource: account, parameters });
  if (seen === 'gone') throw new Error('gone');
  return { ...seen, assessment: remediator.plan({ state: seen.state, context: seen.context, resource: account, parameters, observedAt: 0 }) };
}
const change = async (policy: object | null, given: JsonObject = {}) => {
  const { assessment } = await look(policy, given);
  if (assessment.status !== 'change') throw new Error(`${assessment.status}, not a change`);
  const [only] = assessment.changes;
  return only as NonNullable<typeof only>;
};

describe('the password policy', () => {
  it('is set where there is none, and taken away by the undo', async () => {
    const { call, undo, summary } = await change(null);
    expect(call).toMatchObject({ operation: 'UpdateAccountPasswordPolicy', input: { ...STRONG, AllowUsersToChangePassword: false, HardExpiry: false } });
    expect(Object.keys(call.input)).not.toContain('MaxPasswordAge');
    expect(undo).toMatchObject({ restores: 'exact', calls: [{ operation: 'DeleteAccountPasswordPolicy', input: {} }] });
    expect(summary).toContain('6 characters instead of 14');
  });
  it('keeps what is stronger, and everything that is not its own: expiry, who may change', async () => {
    const before = {
      ...STRONG,
      MinimumPasswordLength: 20,
      RequireSymbols: false,
      PasswordReusePrevention: 5,
      MaxPasswordAge: 90,
      ExpirePasswords: true,
      HardExpiry: true,
    };
    const { call, undo } = await change(before);
    expect(call.input).toEqual({ ...STRONG, MinimumPasswordLength: 20, MaxPasswordAge: 90, HardExpiry: true });
    const { ExpirePasswords: _, ...restored } = before;
    expect(undo).toMatchObject({ calls: [{ input: restored }] });
  });
  it.each<[string, object, JsonObject]>([
    ['what is wanted', STRONG, {}],
    ['more than is wanted', { ...STRONG, MinimumPasswordLength: 30 }, { minLength: 16 }],
    ['less to remember, where less is wanted', { ...STRONG, PasswordReusePrevention: 5 }, { reusePrevention: 5 }],
  ])('with %s is left as it is', async (_name, policy, given) => {
    expect((await look(policy, given)).assessment.status).toBe('compliant');
  });
  it('never gets weaker in any member, and is compliant afterwards', async () => {
    const any = fc.record(
      {
        MinimumPasswordLength: fc.integer({ min: 6, max: 128 }),
        RequireSymbols: fc.boolean(),
        RequireNumbers: fc.boolean(),
        RequireUppercaseCharacters: fc.boolean(),
        RequireLowercaseCharacters: fc.boolean(),
        AllowUsersToChangePassword: fc.boolean(),
        MaxPasswordAge: fc.integer({ min: 0, max: 1095 }),
        PasswordReusePrevention: fc.integer({ min: 0, max: 24 }),
        HardExpiry: fc.boolean(),
      },
      { requiredKeys: ['MinimumPasswordLength'] },
    );
    await fc.assert(
      fc.asyncProperty(any, async (policy) => {
        const { assessment } = await look(policy);
        if (assessment.status !== 'change') return;
        const after = assessment.changes[0]?.call.input as Record<string, unknown>;
        for (const [key, value] of Object.entries(policy)) {
          if (key === 'MaxPasswordAge') expect(after[key] ?? 0).toBe(value);
          else if (key === 'AllowUsersToChangePassword' || key === 'HardExpiry') expect(after[key]).toBe(value);
          else expect(Number(after[key])).toBeGreaterThanOrEqual(Number(value));
        }
        expect((await look(after)).assessment.status).toBe('compliant');
      }),
    );
  });
  it('is unreadable when IAM says so, and that is not "none"', async () => {
    await expect(look(new RedressError('aws/denied', 'AccessDenied'))).rejects.toThrow('AccessDenied');
  });
});
