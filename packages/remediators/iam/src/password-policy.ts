// The password policy of an account: what it is, how it is read and set, and what rules and controls look for in it.
import { type AwsReads, type Claim, isGone } from '@redress/core';
import { iam } from './client.js';

export const REQUIRED = ['RequireSymbols', 'RequireNumbers', 'RequireUppercaseCharacters', 'RequireLowercaseCharacters'] as const;

/** All that UpdateAccountPasswordPolicy sets: what is left out of a call is reset. A type, not an interface: state must be plain JSON. */
export type PasswordPolicy = {
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
export const NONE: PasswordPolicy = {
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

/** All of it, as a call sets it. */
export function input(policy: PasswordPolicy) {
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
const AGE: Wanted = { MaxPasswordAge: 90 };

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
  'IAM.17': AGE,
  [`${CIS_1_2}/1.5`]: { RequireUppercaseCharacters: true },
  [`${CIS_1_2}/1.6`]: { RequireLowercaseCharacters: true },
  [`${CIS_1_2}/1.7`]: { RequireSymbols: true },
  [`${CIS_1_2}/1.8`]: { RequireNumbers: true },
  [`${CIS_1_2}/1.9`]: LENGTH,
  [`${CIS_1_2}/1.10`]: REUSE,
  [`${CIS_1_2}/1.11`]: AGE,
  'pci-dss/v/3.2.1/PCI.IAM.8': PCI,
  'cis-aws-foundations-benchmark/v/1.4.0/1.8': LENGTH,
  'cis-aws-foundations-benchmark/v/1.4.0/1.9': REUSE,
  'cis-aws-foundations-benchmark/v/3.0.0/1.8': LENGTH,
  'cis-aws-foundations-benchmark/v/3.0.0/1.9': REUSE,
  'cis-aws-foundations-benchmark/v/5.0.0/1.7': LENGTH,
  'cis-aws-foundations-benchmark/v/5.0.0/1.8': REUSE,
};

/** What the source of a claim looks for; null where that is not known. */
export function wantedBy(claim: Claim): { readonly by: string; readonly what: Wanted; readonly known: boolean } | null {
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

/** What of it is not there, in words. */
export function shortfalls(now: PasswordPolicy, wanted: Wanted): readonly string[] {
  const { MinimumPasswordLength: length = 0, PasswordReusePrevention: reuse, MaxPasswordAge: age } = wanted;
  return [
    ...REQUIRED.filter((each) => wanted[each] === true && !now[each]).map((each) => `${each} = true`),
    ...(now.MinimumPasswordLength < length ? [`at least ${length} characters (there are ${now.MinimumPasswordLength})`] : []),
    ...((now.PasswordReusePrevention ?? 0) < (reuse ?? 0) ? [`${reuse} passwords remembered (there are ${now.PasswordReusePrevention ?? 0})`] : []),
    ...(age != null && age > 0 && (now.MaxPasswordAge === null || now.MaxPasswordAge > age)
      ? [`passwords that expire after at most ${age} days (they expire ${now.MaxPasswordAge === null ? 'never' : `after ${now.MaxPasswordAge}`})`]
      : []),
  ];
}

/** Reads the policy; null: there is none. */
export const readPolicy = {
  reads: [iam.pick('GetAccountPasswordPolicy')] as const,
  async of({
    aws,
  }: {
    readonly aws: AwsReads<readonly [ReturnType<typeof iam.pick<'GetAccountPasswordPolicy'>>]>;
  }): Promise<{ readonly policy: PasswordPolicy | null }> {
    try {
      const found = (await aws.iam.GetAccountPasswordPolicy({})).PasswordPolicy;
      if (found === undefined) throw new Error('GetAccountPasswordPolicy returned no rules.');
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
};
