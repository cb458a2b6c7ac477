import type { Account, OrganizationsClient } from '@aws-sdk/client-organizations';
import { classifyAwsError, isRedressError, type Organization, partitionOf, RedressError } from '@redress/core';
import { connectAws } from './connect-aws.js';

/** What {@link organization} takes; everything has a default. */
export interface OrganizationOptions {
  /**
   * A role of the management account, or of a delegated administrator, to ask with. Default: the credentials of the environment, which are of one of
   * these then.
   */
  readonly roleArn?: string;
  /** External id that the role asks for. */
  readonly externalId?: string;
  /** Default: that of the environment. Organizations has one endpoint in each partition. */
  readonly region?: string;
  /** Profile of the shared configuration files; default: that of the environment. */
  readonly profile?: string;
  /** Endpoint, for an emulator. */
  readonly endpoint?: string;
}

/** States of an account in which nothing can be looked at. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['SUSPENDED', 'PENDING_CLOSURE', 'CLOSED', 'PENDING_ACTIVATION']);
/** Organizations allows few requests a second, of all who ask together. */
const ATTEMPTS = 8;

/**
 * The accounts of AWS Organizations. It answers the management account and delegated administrators of any service.
 *
 * @example const policy = inOrganization(definePolicy({ … }), organization());
 * @throws {RedressError} `compose/invalid` for what is not the ARN of a role; `aws/…` from its functions
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
  let made: Promise<OrganizationsClient> | null = null;
  const client = async (): Promise<OrganizationsClient> => {
    const { OrganizationsClient } = await import('./organizations-client.js');
    // Whose the credentials of the environment are does not matter here; no account has this id.
    const target = { partition: partitionOf(region), account: account ?? '000000000000', region, access: 'read', execution: null } as const;
    const { config } = await connect(target);
    return new OrganizationsClient({ ...config, region, maxAttempts: ATTEMPTS });
  };
  const asked = async <T>(operation: string, ask: (client: OrganizationsClient) => Promise<T>): Promise<T> => {
    try {
      made ??= client();
      return await ask(await made);
    } catch (error) {
      if (isRedressError(error)) throw error;
      const { code, name, message, retryable } = classifyAwsError(error);
      throw new RedressError(code, `organizations:${operation}: ${name}: ${message}`, {
        cause: error,
        retryable,
        ...(code === 'aws/denied'
          ? {
              next: `It answers the management account and delegated administrators. Register this account, or give a role of one of them that may ${operation}.`,
            }
          : {}),
      });
    }
  };
  const idsOf = (accounts: readonly Account[] = []): readonly string[] =>
    // `Status` is what `State` was called before; an account of neither is asked, and says so itself.
    accounts.flatMap(({ Id, State, Status }) => (Id === undefined || CLOSED.has(State ?? Status) ? [] : [Id]));

  const within = async (ParentId: string): Promise<readonly string[]> => {
    const sdk = await import('./organizations-client.js');
    const own = await asked('ListAccountsForParent', (from) =>
      paged(async (NextToken) => {
        const page = await from.send(new sdk.ListAccountsForParentCommand({ ParentId, NextToken }));
        return [idsOf(page.Accounts), page.NextToken];
      }),
    );
    const below = await asked('ListOrganizationalUnitsForParent', (from) =>
      paged(async (NextToken) => {
        const page = await from.send(new sdk.ListOrganizationalUnitsForParentCommand({ ParentId, NextToken }));
        return [(page.OrganizationalUnits ?? []).flatMap(({ Id }) => Id ?? []), page.NextToken];
      }),
    );
    const found = [...own];
    for (const unit of below) found.push(...(await within(unit)));
    return found;
  };

  return {
    async accounts() {
      const { ListAccountsCommand } = await import('./organizations-client.js');
      return asked('ListAccounts', (from) =>
        paged(async (NextToken) => {
          const page = await from.send(new ListAccountsCommand({ NextToken }));
          return [idsOf(page.Accounts), page.NextToken];
        }),
      );
    },
    within,
    async tags(id) {
      const { ListTagsForResourceCommand } = await import('./organizations-client.js');
      const tags = await asked('ListTagsForResource', (from) =>
        paged(async (NextToken) => {
          const page = await from.send(new ListTagsForResourceCommand({ ResourceId: id, NextToken }));
          return [page.Tags ?? [], page.NextToken];
        }),
      );
      return Object.fromEntries(tags.flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
    },
  };
}

/** A page may be empty although more follow. */
async function paged<T>(page: (token: string | undefined) => Promise<readonly [readonly T[], string | undefined]>): Promise<readonly T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const [some, next] = await page(token);
    found.push(...some);
    token = next;
  } while (token !== undefined && token !== '');
  return found;
}
