// Reads of AWS Organizations. Loaded with the first request.
import type { Account } from '@aws-sdk/client-organizations';
import { type Connect, classifyAwsError, isRedressError, type Organization, partitionOf, RedressError } from '@redress/core';
import * as sdk from './organizations-client.js';

/** States of an account in which nothing can be read. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['SUSPENDED', 'PENDING_CLOSURE', 'CLOSED', 'PENDING_ACTIVATION']);
/** Organizations allows few requests per second, for all callers together. */
const ATTEMPTS = 8;

/** The organization of a connection's credentials. */
export function organizationReads(connect: Connect, { region, account }: { readonly region: string; readonly account: string | undefined }): Organization {
  let made: Promise<sdk.OrganizationsClient> | null = null;
  const client = async (): Promise<sdk.OrganizationsClient> => {
    // The identity of the environment's credentials does not matter here. No account has this id.
    const target = { partition: partitionOf(region), account: account ?? '000000000000', region, access: 'read', execution: null } as const;
    const { config } = await connect(target);
    return new sdk.OrganizationsClient({ ...config, region, maxAttempts: ATTEMPTS });
  };
  const asked = async <T>(operation: string, ask: (client: sdk.OrganizationsClient) => Promise<T>): Promise<T> => {
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
    // `Status` is the old name of `State`. An account with neither is tried, and its own response decides.
    accounts.flatMap(({ Id, State, Status }) => (Id === undefined || CLOSED.has(State ?? Status) ? [] : [Id]));

  const within = async (ParentId: string): Promise<readonly string[]> => {
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
      return asked('ListAccounts', (from) =>
        paged(async (NextToken) => {
          const page = await from.send(new sdk.ListAccountsCommand({ NextToken }));
          return [idsOf(page.Accounts), page.NextToken];
        }),
      );
    },
    within,
    async tags(id) {
      const tags = await asked('ListTagsForResource', (from) =>
        paged(async (NextToken) => {
          const page = await from.send(new sdk.ListTagsForResourceCommand({ ResourceId: id, NextToken }));
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
