import { accountEverywhere, classifyAwsError, defineReport } from '@redress/core';
import * as z from '@redress/core/parameters';
import { organizations } from './client.js';
import { packageRef } from './package-ref.js';

/** Organizations answers with an error of its own where the account is in none: that is an answer, not a failure. */
const isInNone = (error: unknown) => classifyAwsError(error instanceof Error ? (error.cause ?? error) : error).name === 'AWSOrganizationsNotInUseException';

/**
 * Reports an account that is in no organization, or not in the one that the policy names.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/account-controls.html#account-2
 */
export const reportOutsideOrganization = defineReport({
  on: accountEverywhere,
  id: 'account-report-outside-organization',
  title: 'Report accounts outside the organization',
  package: packageRef,
  controls: { 'aws-fsbp': ['Account.2'] },
  rules: { ACCOUNT_PART_OF_ORGANIZATIONS: 'account-part-of-organizations' },
  // RemoveAccountFromOrganization is recorded in the management account alone: sweeps find what it leaves.
  calls: { 'organizations:LeaveOrganization': 'account', 'organizations:AcceptHandshake': 'account' },
  alsoFoundBy: { prowler: ['organizations_account_part_of_organizations'] },
  blindSpots: ['Who pays for the account, and whether its owner may move it.', 'Which service control policies it would inherit in the organization.'],
  parameters: z.strictObject({
    managementAccount: z
      .optional(z.string().check(z.regex(/^[0-9]{12}$/, 'a 12-digit account id')))
      .check(z.describe('The management account of the required organization. Without it, any organization is accepted.')),
  }),
  ruleParameters: { MasterAccountId: 'managementAccount' },
  read: {
    reads: [organizations.pick('DescribeOrganization')],
    async of({ aws }): Promise<{ readonly organization: string | null | undefined; readonly managedBy: string | null | undefined }> {
      try {
        const { Organization } = await aws.organizations.DescribeOrganization({});
        return { organization: Organization?.Id, managedBy: Organization?.MasterAccountId };
      } catch (error) {
        if (isInNone(error)) return { organization: null, managedBy: null };
        throw error;
      }
    },
  },
  gap({ now: { organization, managedBy }, id, parameters: { managementAccount: wanted } }) {
    if (organization !== null && (wanted === undefined || managedBy === wanted)) return null;
    return {
      message:
        organization === null
          ? `Account ${id} is not in an organization.`
          : `Account ${id} is in the organization ${organization} of account ${managedBy}, not in that of ${wanted}.`,
      steps: [
        ...(organization === null
          ? []
          : [`Ask the owner of account ${managedBy} to release it: an account that leaves loses policies, central logs and its payment method.`]),
        'Find out which service control policies, billing and delegated services will apply to it, and which of them could affect its workloads.',
        `Invite it from the management account${wanted === undefined ? '' : ` ${wanted}`}, accept the invitation as its owner, and move it to its organizational unit.`,
      ],
    };
  },
  closed: 'the account is a member of the organization',
});
