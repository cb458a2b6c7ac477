import { accountEverywhere, defineSetting, given, isRecord } from '@redress/core';
import * as z from '@redress/core/parameters';
import { iam } from '../client.js';
import { packageRef } from '../package-ref.js';
import { input, NONE, readPolicy, shortfalls, wantedBy } from '../password-policy.js';
import { DAY } from './access-keys.js';

/**
 * Users whose password is older than a date, of a credential report: one line a user, and names may have commas in them.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */
export function olderThan(report: string, date: number): readonly string[] {
  const [header = '', ...lines] = report.trimEnd().split('\n');
  const columns = header.split(',');
  // Name and ARN come first, and what has no commas follows.
  const at = (name: string) => columns.indexOf(name) - columns.length;
  const [enabled, changed] = [at('password_enabled'), at('password_last_changed')];
  if (enabled >= 0 || changed >= 0 || !columns.includes('password_enabled') || !columns.includes('password_last_changed'))
    throw new Error('The credential report does not show when passwords were set.');
  return lines.flatMap((line) => {
    const values = line.split(',');
    const arn = /arn:[^:]+:iam::\d{12}:user\/(?:[^,]*\/)?(.+)$/.exec(values.slice(0, values.length - columns.length + 2).join(','))?.[1];
    if (arn === undefined || values.at(enabled) !== 'true') return [];
    return Date.parse(values.at(changed) ?? '') < date ? [arn] : [];
  });
}

/** IAM has no report, or none of the last four hours: somebody has to ask for one. */
const isMissing = (error: unknown) =>
  isRecord(error) && isRecord(error['cause']) && /^CredentialReport(?:NotPresent|Expired|NotReady)/.test(String(error['cause']['name']));

/**
 * Lets passwords end, after a person has said yes: those that are older end at once. Nothing else of the password policy changes.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
 */
export const setPasswordExpiration = defineSetting({
  on: accountEverywhere,
  id: 'iam-set-password-expiration',
  title: 'Set password expiry in the account password policy',
  package: packageRef,
  controls: { 'aws-fsbp': ['IAM.10', 'IAM.17'], 'cis-aws-foundations-benchmark/v/1.2.0': ['1.11'], 'pci-dss/v/3.2.1': ['PCI.IAM.8'] },
  rules: { IAM_PASSWORD_POLICY: 'iam-password-policy' },
  calls: { 'iam:UpdateAccountPasswordPolicy': 'account', 'iam:DeleteAccountPasswordPolicy': 'account' },
  ceiling: 'approve',
  blindSpots: ['Programs that sign in with the password of a user.', 'Passwords changed since the credential report: it can be up to four hours old.'],
  parameters: z.strictObject({
    maxAgeDays: z._default(z.int().check(z.gte(1), z.lte(1095)), 90).check(z.describe('Passwords expire after this many days, or earlier.')),
  }),
  read: readPolicy,
  context: {
    reads: [iam.pick('GetCredentialReport')],
    async of({ aws, observedAt, parameters: { maxAgeDays } }): Promise<{ readonly older: readonly string[] | null }> {
      try {
        const content = given(await aws.iam.GetCredentialReport({}), 'Content');
        return { older: olderThan(Buffer.from(content).toString(), observedAt - maxAgeDays * DAY) };
      } catch (error) {
        if (isMissing(error)) return { older: null };
        throw error;
      }
    },
  },
  hazards: [
    {
      code: 'hard-expiry',
      effect: 'approve',
      what: 'The policy locks out users who do not change their password in time (`HardExpiry`): only an administrator can unlock them.',
      advice: 'Turn that off first, or make sure that each user changes the password in time.',
      when: ({ now }) => (now.policy?.HardExpiry === true ? 'users who do not change their password in time are locked out' : null),
    },
    {
      code: 'older-passwords',
      effect: 'approve',
      what: 'Some passwords are already older than that: they expire at once, and their users have to set a new one at the next sign-in.',
      advice: 'Notify those users. Then approve.',
      when: ({ context }) => {
        const { older } = context ?? { older: [] };
        if (older === null || older.length === 0) return null;
        return `the passwords of ${older.slice(0, 5).join(', ')}${older.length > 5 ? ` and ${older.length - 5} more` : ''} expire at once`;
      },
    },
    {
      code: 'ages-unknown',
      effect: 'approve',
      what: 'IAM has no credential report of the last four hours, so it is unknown whose password would expire at once.',
      advice: 'Generate one (aws iam generate-credential-report), and try again.',
      when: ({ context }) =>
        context !== undefined && context.older === null ? 'it is unknown whose password would expire at once: there is no credential report' : null,
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'Passwords expire as before, or never.',
    not: ['New passwords that users have set since then: they stay as they are.'],
  },
  alsoFoundBy: { prowler: ['iam_password_policy_expires_passwords_within_90_days_or_less'] },
  inCode: { cloudFormation: 'none: it is an account setting', terraform: 'aws_iam_account_password_policy max_password_age' },
  // A policy of that alone would be weaker than what IAM does without one.
  instead: ({ now: { policy } }) =>
    policy === null
      ? {
          status: 'manual',
          message: 'The account has no password policy. A policy that only sets an expiry would be weaker than none, so it is not created.',
          steps: [
            'Let iam-strengthen-password-policy create one, or create one by hand.',
            'An approval for the expiry is requested when the next pass finds it.',
          ],
        }
      : null,
  wanted: ({ now: { policy }, parameters: { maxAgeDays } }) => {
    const now = policy ?? NONE;
    return { policy: { ...now, MaxPasswordAge: Math.min(now.MaxPasswordAge ?? maxAgeDays, maxAgeDays) } };
  },
  compliant: ({ parameters: { maxAgeDays } }) => `Passwords expire after at most ${maxAgeDays} days.`,
  writes: [iam.pick('UpdateAccountPasswordPolicy')],
  write: ({ to: { policy } }) => iam.call('UpdateAccountPasswordPolicy', input(policy ?? NONE)),
  judge({ state: { policy }, claim }) {
    const wanted = wantedBy(claim);
    if (wanted === null) return null;
    const { MaxPasswordAge = 0 } = wanted.what;
    // What else it looks for is of iam-strengthen-password-policy.
    const short = shortfalls(policy ?? NONE, { MaxPasswordAge });
    return short.length === 0 && !wanted.known ? null : short.map((each) => `${wanted.by} requires ${each}; the policy of Redress allows more`);
  },
  summary: ({ parameters: { maxAgeDays } }) => `let passwords expire after ${maxAgeDays} days`,
});
