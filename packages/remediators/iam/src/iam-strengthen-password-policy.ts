import { accountEverywhere, defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { iam } from './client.js';
import { packageRef } from './package-ref.js';
import { input, NONE, type PasswordPolicy, REQUIRED, readPolicy, shortfalls, wantedBy } from './password-policy.js';

const parameters = z.strictObject({
  minLength: z._default(z.int().check(z.gte(8), z.lte(128)), 14).check(z.describe('The minimum length of a password.')),
  reusePrevention: z._default(z.int().check(z.gte(1), z.lte(24)), 24).check(z.describe('How many earlier passwords cannot be reused.')),
});

/**
 * Raises length, complexity and reuse rules of the account's password policy; whatever is stronger already stays. Passwords that are there
 * stay valid: the rules hold from their next change. When passwords end is not touched, and nobody is locked out.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
 */
export const strengthenPasswordPolicy = defineSetting({
  on: accountEverywhere,
  id: 'iam-strengthen-password-policy',
  title: 'Raise length, complexity and reuse rules of the account password policy',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.7', 'IAM.10', 'IAM.11', 'IAM.12', 'IAM.13', 'IAM.14', 'IAM.15', 'IAM.16'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.5', '1.6', '1.7', '1.8', '1.9', '1.10'],
    'pci-dss/v/3.2.1': ['PCI.IAM.8'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.8', '1.9'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.8', '1.9'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.7', '1.8'],
  },
  rules: { IAM_PASSWORD_POLICY: 'iam-password-policy' },
  calls: { 'iam:UpdateAccountPasswordPolicy': 'account', 'iam:DeleteAccountPasswordPolicy': 'account' },
  ceiling: 'enforce',
  blindSpots: [
    'Programs that generate passwords for users: their passwords may be rejected.',
    'Users who may not change their own password: an administrator has to set a longer one.',
  ],
  parameters,
  read: readPolicy,
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The earlier password policy is restored, or the policy is removed if there was none.',
    not: ['New passwords that users have set since then: they stay as they are.'],
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
  inCode: { cloudFormation: 'none: it is an account setting', terraform: 'aws_iam_account_password_policy' },
  wanted: ({ now: { policy }, parameters: { minLength, reusePrevention } }) => {
    const now = policy ?? NONE;
    const after: PasswordPolicy = {
      ...now,
      MinimumPasswordLength: Math.max(now.MinimumPasswordLength, minLength),
      RequireSymbols: true,
      RequireNumbers: true,
      RequireUppercaseCharacters: true,
      RequireLowercaseCharacters: true,
      PasswordReusePrevention: Math.max(now.PasswordReusePrevention ?? 0, reusePrevention),
    };
    return { policy: after };
  },
  compliant: () => 'The password policy is strong enough.',
  writes: [iam.pick('UpdateAccountPasswordPolicy')],
  undoes: [iam.pick('UpdateAccountPasswordPolicy', 'DeleteAccountPasswordPolicy')],
  write: ({ to: { policy } }) => (policy === null ? iam.call('DeleteAccountPasswordPolicy', {}) : iam.call('UpdateAccountPasswordPolicy', input(policy))),
  summary({ now: { policy }, parameters: { minLength, reusePrevention } }) {
    const now = policy ?? NONE;
    const weak = [
      ...(now.MinimumPasswordLength < minLength ? [`${now.MinimumPasswordLength} characters instead of ${minLength}`] : []),
      ...REQUIRED.filter((each) => !now[each]).map((each) => `no ${each.slice('Require'.length).replace('Characters', '').toLowerCase()}`),
      ...((now.PasswordReusePrevention ?? 0) < reusePrevention
        ? [`${now.PasswordReusePrevention ?? 0} passwords remembered instead of ${reusePrevention}`]
        : []),
    ];
    return `raise the password policy: ${weak.join(', ')}`;
  },
  judge({ state, claim }) {
    const wanted = wantedBy(claim);
    if (wanted === null) return null;
    const short = shortfalls(state.policy ?? NONE, wanted.what);
    if (short.length === 0 && !wanted.known) return null;
    return short.map((each) => `${wanted.by} requires ${each}, which this remediator does not change`);
  },
});
