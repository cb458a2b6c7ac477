import { type Connect, type Connection, classifyAwsError, isRedressError, messageOf, partitionOf } from '@redress/core';

/** Where an account can be read. */
export interface AccountRegions {
  readonly enabled: readonly string[];
  /** What cannot be read: a region or, with null, the whole account. */
  readonly left: readonly { readonly region: string | null; readonly reason: 'denied' | 'not-enabled' | 'no-endpoint'; readonly message: string }[];
}

/** Regions that are checked at the same time. */
const AT_ONCE = 8;
/** The errors of a region that the account has not enabled: credentials of another region are invalid there. */
const NOT_ENABLED = /^(?:InvalidClientTokenId|UnrecognizedClientException|AuthFailure|OptInRequired|RegionDisabledException)$/;

/**
 * Which regions of an account can be read. It calls GetCallerIdentity in each, which no policy can deny. A region that is not enabled rejects a session that
 * another region has just issued.
 *
 * @param region The region for the first call: one that is enabled everywhere, or the caller's own.
 * @example const { enabled, left } = await accountRegions(connectAws(memberRoles({ … })), 'eu-west-1')('111111111111', ['eu-west-1', 'eu-south-1']);
 * @throws {RedressError} for errors that are not about account or region: throttling, a network that is down
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export function accountRegions(connect: Connect, region: string): (account: string, regions: readonly string[]) => Promise<AccountRegions> {
  return async (account, regions) => {
    const none = (message: string): AccountRegions => ({ enabled: [], left: [{ region: null, reason: 'denied', message }] });
    let connection: Connection;
    try {
      connection = await connect({ partition: partitionOf(region), account, region, access: 'read', execution: null });
      const identity = await connection.identity();
      if (identity.account !== account) return none(`The credentials belong to account ${identity.account}, not to ${account}.`);
    } catch (error) {
      if (isRedressError(error) && error.code === 'aws/denied' && !error.retryable) return none(messageOf(error));
      throw error;
    }
    const asked = await inTurns(regions, (each) => ask(connection, each));
    return {
      enabled: regions.filter((_, index) => asked[index] === null),
      left: asked.flatMap((each) => (each === null || each === undefined ? [] : [each])),
    };
  };
}

/** Null: it is enabled. */
async function ask({ config }: Connection, region: string): Promise<AccountRegions['left'][number] | null> {
  const { GetCallerIdentityCommand, STSClient } = await import('./sts.js');
  const client = new STSClient({ ...config, region, maxAttempts: 3 });
  try {
    await client.send(new GetCallerIdentityCommand({}));
    return null;
  } catch (error) {
    if (NOT_ENABLED.test(classifyAwsError(error).name))
      return { region, reason: 'not-enabled', message: `The region ${region} is not enabled in this account.` };
    if ((error as { code?: unknown }).code === 'ENOTFOUND')
      return { region, reason: 'no-endpoint', message: `No AWS endpoint for ${region} can be reached from here.` };
    throw error;
  } finally {
    client.destroy();
  }
}

/** Runs a limited number at a time. Results are in the order of the items. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
