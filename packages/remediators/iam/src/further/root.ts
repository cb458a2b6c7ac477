import type { Asked } from '@redress/core';
import { iam } from './client.js';

const READS = [iam.pick('GetAccountSummary')] as const;

/** The credentials of the root user, as the account's summary counts them. */
export const root = {
  reads: READS,
  of: async ({ aws }: Asked<typeof READS>) => {
    const { SummaryMap: summary } = await aws.iam.GetAccountSummary({});
    return {
      mfa: summary?.AccountMFAEnabled,
      keys: summary?.AccountAccessKeysPresent,
      certificates: summary?.AccountSigningCertificatesPresent,
      password: summary?.AccountPasswordPresent,
    };
  },
};

/** Where IAM does not say that the root user has no password, it has one. */
export const ROOT_HAS = { password: 1, certificates: 0 } as const;

/** Why there is nothing to protect: an organization can take the credentials of its members' root users away. */
export const withoutRoot = ({ now }: { readonly now: { readonly keys: number; readonly password: number; readonly certificates: number } }): string | null =>
  now.keys === 0 && now.password === 0 && now.certificates === 0 ? 'The root user has no credentials.' : null;
