import { type Organization, RedressError } from '@redress/core';
import { connectAws } from './connect-aws.js';

/** Options of {@link organization}; all have defaults. */
export interface OrganizationOptions {
  /**
   * A role of the management account, or of a delegated administrator, for the requests. Default: the credentials of the environment, which then have to be
   * of such an account.
   */
  readonly roleArn?: string;
  /** External id that the role requires. */
  readonly externalId?: string;
  /** Default: that of the environment. Organizations has one endpoint in each partition. */
  readonly region?: string;
  /** Profile of the shared configuration files; default: that of the environment. */
  readonly profile?: string;
  /** Endpoint, for an emulator. */
  readonly endpoint?: string;
}

/**
 * The accounts of AWS Organizations. It works from the management account and from delegated administrators of any service.
 *
 * @example const policy = inOrganization(definePolicy({ … }), organization());
 * @throws {RedressError} `compose/invalid` if it is not the ARN of a role; `aws/…` from its functions
 * @see https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
 */
export function organization(options: OrganizationOptions = {}): Organization {
  const { roleArn, externalId, profile, endpoint } = options;
  const region = options.region ?? process.env['AWS_REGION'] ?? 'us-east-1';
  const [, account] = /^arn:[^:]+:iam::(\d{12}):role\/[^*?\s]+$/.exec(roleArn ?? '') ?? [];
  if (roleArn !== undefined && account === undefined)
    throw new RedressError('compose/invalid', `${JSON.stringify(roleArn)} is not the ARN of a role.`, {
      next: 'For example: arn:aws:iam::111111111111:role/RedressOrganization',
    });
  const connect = connectAws({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(roleArn === undefined ? {} : { roleArn: () => roleArn, sessionName: 'redress-organization' }),
    ...(externalId === undefined ? {} : { externalId }),
  });
  let made: Promise<Organization> | null = null;
  const reads = (): Promise<Organization> => {
    made ??= import('./organization-reads.js').then(({ organizationReads }) => organizationReads(connect, { region, account }));
    return made;
  };
  return {
    accounts: async () => (await reads()).accounts(),
    within: async (unit) => (await reads()).within(unit),
    tags: async (id) => (await reads()).tags(id),
  };
}
