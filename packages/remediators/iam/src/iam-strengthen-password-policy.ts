import { defineRemediator, GLOBAL_REGION, isGone } from '@redress/core';
import * as z from 'zod/mini';
import { iam } from './client.js';
import { packageRef } from './package-ref.js';

const REQUIRED = ['RequireSymbols', 'RequireNumbers', 'RequireUppercaseCharacters', 'RequireLowercaseCharacters'] as const;

/** All that UpdateAccountPasswordPolicy sets: what is left out of a call is reset. A type, not an interface: state must be plain JSON. */
type PasswordPolicy = {
  readonly MinimumPasswordLength: number;
  readonly RequireSymbols: boolean;
  readonly RequireNumbers: boolean;
  readonly RequireUppercaseCharacters: boolean;
  readonly RequireLowercaseCharacters: boolean;
  readonly AllowUsersToChangePassword: boolean;
  /** Null: passwords do not end. */
  readonly MaxPasswordAge: number | null;
  /** Null: none is remembered. */
  readonly PasswordReusePrevention: number | null;
  readonly HardExpiry: boolean;
};

/** What IAM does where no policy is set. */
const NONE: PasswordPolicy = {
  MinimumPasswordLength: 6,
  RequireSymbols: false,
  RequireNumbers: false,
  RequireUppercaseCharacters: false,
  RequireLowercaseCharacters: false,
  AllowUsersToChangePassword: false,
  MaxPasswordAge: null,
  PasswordReusePrevention: null,
  HardExpiry: false,
};

const parameters = z.strictObject({
  minLength: z._default(z.int().check(z.gte(8), z.lte(128)), 14).check(z.describe('Passwords have at least so many characters.')),
  reusePrevention: z._default(z.int().check(z.gte(1), z.lte(24)), 24).check(z.describe('So many passwords are not used again.')),
});

function input(policy: PasswordPolicy) {
  const { MaxPasswordAge, PasswordReusePrevention, ...rest } = policy;
  return {
    ...rest,
    ...(MaxPasswordAge === null ? {} : { MaxPasswordAge }),
    ...(PasswordReusePrevention === null ? {} : { PasswordReusePrevention }),
  };
}

/**
 * Raises length, complexity and reuse rules of the account's password policy; whatever is stronger already stays. Passwords that are there
 * stay valid: the rules hold from their next change. When passwords end is not touched, and nobody is locked out.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
 */
export const strengthenPasswordPolicy = defineRemediator({
  id: 'iam-strengthen-password-policy',
  title: 'Raise length, complexity and reuse rules of the account password policy',
  package: packageRef,
  resourceTypes: ['AWS::::Account'],
  controls: [
    ...['IAM.7', 'IAM.10', 'IAM.11', 'IAM.12', 'IAM.13', 'IAM.14', 'IAM.15', 'IAM.16'].map((id) => ({ framework: 'aws-fsbp' as const, id })),
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '1.8' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '1.9' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '1.8' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '1.9' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '1.7' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '1.8' },
  ],
  triggers: {
    configRules: ['IAM_PASSWORD_POLICY', 'iam-password-policy'],
    apiCalls: {
      'iam:UpdateAccountPasswordPolicy': ({ account }) => [{ id: account, region: GLOBAL_REGION }],
      'iam:DeleteAccountPasswordPolicy': ({ account }) => [{ id: account, region: GLOBAL_REGION }],
    },
  },
  ceiling: 'enforce',
  global: true,
  blindSpots: [
    'Programs that make passwords for users by rules of their own: they may be refused.',
    'Users who may not change their own password: an administrator sets a longer one.',
  ],
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The password policy is set back to what it was, or taken away where there was none.',
    not: ['Passwords that were changed in between: they stay as they are.'],
  },
  alsoFoundBy: {
    prowler: [
      'iam_password_policy_minimum_length_14',
      'iam_password_policy_lowercase',
      'iam_password_policy_uppercase',
      'iam_password_policy_number',
      'iam_password_policy_symbol',
      'iam_password_policy_reuse_24',
    ],
  },
  uses: {
    reads: [iam.pick('GetAccountPasswordPolicy')],
    writes: [iam.pick('UpdateAccountPasswordPolicy')],
    undoes: [iam.pick('UpdateAccountPasswordPolicy', 'DeleteAccountPasswordPolicy')],
  },
  parameters,
  async observe({ aws }) {
    type State = { readonly policy: PasswordPolicy | null };
    try {
      const found = (await aws.iam.GetAccountPasswordPolicy({})).PasswordPolicy;
      if (found === undefined) throw new Error('GetAccountPasswordPolicy did not say which rules hold.');
      const state: State = {
        policy: {
          MinimumPasswordLength: found.MinimumPasswordLength ?? NONE.MinimumPasswordLength,
          RequireSymbols: found.RequireSymbols === true,
          RequireNumbers: found.RequireNumbers === true,
          RequireUppercaseCharacters: found.RequireUppercaseCharacters === true,
          RequireLowercaseCharacters: found.RequireLowercaseCharacters === true,
          AllowUsersToChangePassword: found.AllowUsersToChangePassword === true,
          MaxPasswordAge: found.MaxPasswordAge === undefined || found.MaxPasswordAge === 0 ? null : found.MaxPasswordAge,
          PasswordReusePrevention: found.PasswordReusePrevention === undefined || found.PasswordReusePrevention === 0 ? null : found.PasswordReusePrevention,
          HardExpiry: found.HardExpiry === true,
        },
      };
      return { state, tags: 'untaggable' };
    } catch (error) {
      // Without a policy IAM answers NoSuchEntity.
      if (isGone(error)) return { state: { policy: null } as State, tags: 'untaggable' };
      throw error;
    }
  },
  plan({ state, parameters: { minLength, reusePrevention } }) {
    const now = state.policy ?? NONE;
    const weak = [
      ...(now.MinimumPasswordLength < minLength ? [`${now.MinimumPasswordLength} characters instead of ${minLength}`] : []),
      ...REQUIRED.filter((each) => !now[each]).map((each) => `no ${each.slice('Require'.length).replace('Characters', '').toLowerCase()}`),
      ...((now.PasswordReusePrevention ?? 0) < reusePrevention
        ? [`${now.PasswordReusePrevention ?? 0} passwords remembered instead of ${reusePrevention}`]
        : []),
    ];
    if (weak.length === 0) return { status: 'compliant', message: 'The password policy is strong enough.' };
    const after: PasswordPolicy = {
      ...now,
      MinimumPasswordLength: Math.max(now.MinimumPasswordLength, minLength),
      RequireSymbols: true,
      RequireNumbers: true,
      RequireUppercaseCharacters: true,
      RequireLowercaseCharacters: true,
      PasswordReusePrevention: Math.max(now.PasswordReusePrevention ?? 0, reusePrevention),
    };
    return {
      status: 'change',
      changes: [
        {
          call: iam.call('UpdateAccountPasswordPolicy', input(after)),
          undo: {
            calls: [state.policy === null ? iam.call('DeleteAccountPasswordPolicy', {}) : iam.call('UpdateAccountPasswordPolicy', input(state.policy))],
            restores: 'exact',
          },
          summary: `raise the password policy: ${weak.join(', ')}`,
          resolves: true,
        },
      ],
    };
  },
  async *discover({ account }) {
    yield { type: 'AWS::::Account', id: account, region: GLOBAL_REGION };
  },
});
