import { type Claim, GLOBAL_REGION, type JsonObject, RedressError, resource } from '@redress/core';
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
  it('is set if there is none, and removed by the undo', async () => {
    const { call, undo, summary } = await change(null);
    expect(call).toMatchObject({ operation: 'UpdateAccountPasswordPolicy', input: { ...STRONG, AllowUsersToChangePassword: false, HardExpiry: false } });
    expect(Object.keys(call.input)).not.toContain('MaxPasswordAge');
    expect(undo).toMatchObject({ restores: 'exact', calls: [{ operation: 'DeleteAccountPasswordPolicy', input: {} }] });
    expect(summary).toContain('6 characters instead of 14');
  });
  it('keeps what is stronger, and everything else: expiry, and who may change', async () => {
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
    ['what is required', STRONG, {}],
    ['more than is required', { ...STRONG, MinimumPasswordLength: 30 }, { minLength: 16 }],
    ['a shorter history, if less is required', { ...STRONG, PasswordReusePrevention: 5 }, { reusePrevention: 5 }],
  ])('with %s is not changed', async (_name, policy, given) => {
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
  it('is unreadable if IAM returns an error, which is not "none"', async () => {
    await expect(look(new RedressError('aws/denied', 'AccessDenied'))).rejects.toThrow('AccessDenied');
  });
});

describe('a claim', () => {
  const judge = (policy: object | null, claim: Partial<Claim> & { rule?: string }) =>
    remediator.judge?.({
      state: { policy: policy === null ? null : { AllowUsersToChangePassword: true, HardExpiry: false, MaxPasswordAge: null, ...policy } } as never,
      context: undefined,
      resource: undefined as never,
      parameters: remediator.parameters(undefined),
      claim: { controls: [], configRule: claim.rule ?? null, isRule: (known) => known === claim.rule, parameters: {}, observedAt: 0, ...claim },
    });
  const rule = 'IAM_PASSWORD_POLICY';
  const expiry = (by: string) => [`${by} requires passwords that expire after at most 90 days (they expire never), which this remediator does not change`];

  it('of the rule is judged by its parameters, and by its defaults', () => {
    expect(judge(STRONG, { rule, parameters: { MaxPasswordAge: '90' } })).toEqual(expiry(`the Config rule ${rule}`));
    expect(judge(STRONG, { rule })).toEqual(expiry(`the Config rule ${rule}`));
    expect(judge(STRONG, { rule, parameters: { MaxPasswordAge: '0' } })).toEqual([]);
    expect(judge({ ...STRONG, MaxPasswordAge: 90 }, { rule, parameters: { MaxPasswordAge: '90' } })).toEqual([]);
    expect(judge({ ...STRONG, MaxPasswordAge: 91 }, { rule, parameters: { MaxPasswordAge: '90' } })?.[0]).toContain('(they expire after 91)');
    expect(judge({ ...STRONG, MaxPasswordAge: 60 }, { rule, parameters: { MinimumPasswordLength: '20' } })?.[0]).toContain(
      'at least 20 characters (there are 14)',
    );
    expect(judge({ ...STRONG, MaxPasswordAge: 60, RequireSymbols: false }, { rule, parameters: { RequireSymbols: 'false' } })).toEqual([]);
  });
  it('of the rule with unreadable parameters is not judged completely', () => {
    expect(judge({ ...STRONG, MaxPasswordAge: 60 }, { rule, parameters: null })).toBeNull();
    expect(judge(STRONG, { rule, parameters: null })?.[0]).toContain('by its defaults, requires passwords that expire');
    expect(judge(STRONG, { rule: 'acme' })).toBeNull();
  });
  it.each([
    ['IAM.10', expiry('the control IAM.10')],
    ['pci-dss/v/3.2.1/PCI.IAM.8', expiry('the control pci-dss/v/3.2.1/PCI.IAM.8')],
    ['IAM.7', []],
    ['IAM.15', []],
    ['cis-aws-foundations-benchmark/v/1.2.0/1.9', []],
  ])('of the control %s is judged by its requirements', (control, expected) => {
    expect(judge(STRONG, { controls: [control], parameters: null })).toEqual(expected);
  });
  it('of a control is judged by its parameters', () => {
    expect(judge(STRONG, { controls: ['IAM.7'], parameters: { MinimumPasswordLength: '16' } })?.[0]).toContain('at least 16 characters');
  });
  it('has every requirement open if nothing is set', () => {
    expect(judge(null, { rule })).toHaveLength(7);
  });
});

it('is covered by the controls of CIS 1.2.0 and PCI about it', () => {
  const ids = remediator.controls.map(({ framework, id }) => `${framework}/${id}`);
  for (const id of ['1.5', '1.6', '1.7', '1.8', '1.9', '1.10']) expect(ids).toContain(`cis-aws-foundations-benchmark/v/1.2.0/${id}`);
  expect(ids).toContain('pci-dss/v/3.2.1/PCI.IAM.8');
  expect(ids).not.toContain('cis-aws-foundations-benchmark/v/1.2.0/1.11');
});
