import { accountEverywhere, type Claim, defineSetting, isGone } from '@redress/core';
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

/** What a rule or control wants; what is absent it does not look at. */
type Wanted = Partial<Pick<PasswordPolicy, (typeof REQUIRED)[number] | 'MinimumPasswordLength' | 'PasswordReusePrevention' | 'MaxPasswordAge'>>;

const ALL: Wanted = { RequireSymbols: true, RequireNumbers: true, RequireUppercaseCharacters: true, RequireLowercaseCharacters: true };
/** What the managed rule looks for where it is not configured otherwise. */
const RULE: Wanted = { ...ALL, MinimumPasswordLength: 14, PasswordReusePrevention: 24, MaxPasswordAge: 90 };
const CIS_1_2 = 'cis-aws-foundations-benchmark/v/1.2.0';
const PCI: Wanted = { ...ALL, RequireSymbols: false, MinimumPasswordLength: 7, PasswordReusePrevention: 4, MaxPasswordAge: 90 };
const LENGTH: Wanted = { MinimumPasswordLength: 14 };
const REUSE: Wanted = { PasswordReusePrevention: 24 };

/**
 * What controls want.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html
 */
const CONTROLS: Readonly<Record<string, Wanted>> = {
  'IAM.7': { ...ALL, MinimumPasswordLength: 8 },
  'IAM.10': PCI,
  'IAM.11': { RequireUppercaseCharacters: true },
  'IAM.12': { RequireLowercaseCharacters: true },
  'IAM.13': { RequireSymbols: true },
  'IAM.14': { RequireNumbers: true },
  'IAM.15': LENGTH,
  'IAM.16': REUSE,
  [`${CIS_1_2}/1.5`]: { RequireUppercaseCharacters: true },
  [`${CIS_1_2}/1.6`]: { RequireLowercaseCharacters: true },
  [`${CIS_1_2}/1.7`]: { RequireSymbols: true },
  [`${CIS_1_2}/1.8`]: { RequireNumbers: true },
  [`${CIS_1_2}/1.9`]: LENGTH,
  [`${CIS_1_2}/1.10`]: REUSE,
  'pci-dss/v/3.2.1/PCI.IAM.8': PCI,
  'cis-aws-foundations-benchmark/v/1.4.0/1.8': LENGTH,
  'cis-aws-foundations-benchmark/v/1.4.0/1.9': REUSE,
  'cis-aws-foundations-benchmark/v/3.0.0/1.8': LENGTH,
  'cis-aws-foundations-benchmark/v/3.0.0/1.9': REUSE,
  'cis-aws-foundations-benchmark/v/5.0.0/1.7': LENGTH,
  'cis-aws-foundations-benchmark/v/5.0.0/1.8': REUSE,
};

function wantedBy(claim: Claim): { readonly by: string; readonly what: Wanted; readonly known: boolean } | null {
  const own = configured(claim.parameters);
  const control = claim.controls.find((each) => Object.hasOwn(CONTROLS, each));
  // A control looks with a rule of its own, which has the control's parameters.
  if (control !== undefined) return { by: `the control ${control}`, what: { ...CONTROLS[control], ...own }, known: true };
  if (!claim.isRule('IAM_PASSWORD_POLICY') && !claim.isRule('iam-password-policy')) return null;
  const known = claim.parameters !== null;
  return { by: `the Config rule ${claim.configRule ?? ''}${known ? '' : ', by its defaults,'}`, what: { ...RULE, ...own }, known };
}

/** Parameters of a rule: texts, under the names of the API. */
function configured(parameters: Claim['parameters']): Wanted {
  const found: Record<string, boolean | number> = {};
  for (const [key, value] of Object.entries(parameters ?? {})) {
    if ((REQUIRED as readonly string[]).includes(key)) found[key] = value.toLowerCase() === 'true';
    else if (/^(?:MinimumPasswordLength|PasswordReusePrevention|MaxPasswordAge)$/.test(key) && /^\d{1,4}$/.test(value)) found[key] = Number(value);
  }
  return found as Wanted;
}

function shortfalls(now: PasswordPolicy, wanted: Wanted): readonly string[] {
  const { MinimumPasswordLength: length = 0, PasswordReusePrevention: reuse, MaxPasswordAge: age } = wanted;
  return [
    ...REQUIRED.filter((each) => wanted[each] === true && !now[each]).map((each) => `${each} = true`),
    ...(now.MinimumPasswordLength < length ? [`at least ${length} characters (there are ${now.MinimumPasswordLength})`] : []),
    ...((now.PasswordReusePrevention ?? 0) < (reuse ?? 0) ? [`${reuse} passwords remembered (there are ${now.PasswordReusePrevention ?? 0})`] : []),
    ...(age != null && age > 0 && (now.MaxPasswordAge === null || now.MaxPasswordAge > age)
      ? [`passwords that end after at most ${age} days (they end ${now.MaxPasswordAge === null ? 'never' : `after ${now.MaxPasswordAge}`})`]
      : []),
  ];
}

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
    'Programs that make passwords for users by rules of their own: they may be refused.',
    'Users who may not change their own password: an administrator sets a longer one.',
  ],
  parameters,
  read: {
    reads: [iam.pick('GetAccountPasswordPolicy')],
    async of({ aws }): Promise<{ readonly policy: PasswordPolicy | null }> {
      try {
        const found = (await aws.iam.GetAccountPasswordPolicy({})).PasswordPolicy;
        if (found === undefined) throw new Error('GetAccountPasswordPolicy did not say which rules hold.');
        return {
          policy: {
            MinimumPasswordLength: found.MinimumPasswordLength ?? NONE.MinimumPasswordLength,
            RequireSymbols: found.RequireSymbols === true,
            RequireNumbers: found.RequireNumbers === true,
            RequireUppercaseCharacters: found.RequireUppercaseCharacters === true,
            RequireLowercaseCharacters: found.RequireLowercaseCharacters === true,
            AllowUsersToChangePassword: found.AllowUsersToChangePassword === true,
            MaxPasswordAge: found.MaxPasswordAge || null,
            PasswordReusePrevention: found.PasswordReusePrevention || null,
            HardExpiry: found.HardExpiry === true,
          },
        };
      } catch (error) {
        // Without a policy IAM answers NoSuchEntity.
        if (isGone(error)) return { policy: null };
        throw error;
      }
    },
  },
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
  inCode: { cloudFormation: 'none: a setting of the account', terraform: 'aws_iam_account_password_policy' },
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
    return short.map((each) => `${wanted.by} looks for ${each}, which is not changed here`);
  },
});
