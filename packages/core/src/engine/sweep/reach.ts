// Whether a place can be swept at all: said once for the place, not once for everything that might be in it.
import { isRedressError, messageOf } from '../../model/errors.js';
import { isRecord } from '../../model/json.js';
import { GLOBAL_REGION, partitionOf } from '../../model/resource.js';
import { classifyAwsError } from '../aws-errors.js';
import { apiRegion, LOOKING } from '../gate.js';
import type { Runtime } from '../runtime.js';
import type { SweepTarget } from '../types.js';

/** Why a place, or a service in it, was not swept. */
export interface Unreached {
  /** `absent`: nothing can be there. */
  readonly status: 'absent' | 'failed';
  readonly message: string;
}

/**
 * What services answer in a region that the account has not enabled. They answer the same to credentials that are not valid at all.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/rande-manage.html
 */
const NOT_ENABLED: readonly string[] = [
  'OptInRequired',
  'RegionDisabledException',
  'AuthFailure',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
];

/** Whose the credentials for a place are, and whether they hold there; null where it can be swept. */
export async function unreached(runtime: Runtime, target: SweepTarget): Promise<Unreached | null> {
  try {
    const { account } = await identityIn(runtime, target, target.region);
    if (account === target.account) return null;
    return { status: 'failed', message: `The credentials belong to account ${account}, not to ${target.account}: nothing was listed.` };
  } catch (error) {
    return (await regionOff(runtime, target, error)) ?? { status: 'failed', message: `Account ${target.account} cannot be read: ${messageOf(error)}` };
  }
}

/** Whether an error says that the region is not enabled: the same credentials hold where every account is. */
export async function regionOff(runtime: Runtime, target: SweepTarget, error: unknown): Promise<Unreached | null> {
  if (!NOT_ENABLED.includes(nameOf(error))) return null;
  const home = apiRegion({ region: GLOBAL_REGION, partition: partitionOf(target.region) });
  if (home === target.region) return null;
  try {
    if ((await identityIn(runtime, target, home)).account !== target.account) return null;
  } catch {
    return null;
  }
  return { status: 'absent', message: `Region ${target.region} is not enabled in account ${target.account}: nothing of it can be read.` };
}

/** Whether an error says that there is no such service in the region: its endpoint has no name. A network without DNS looks the same. */
export function isServiceAbsent(error: unknown): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause) if ((each as { code?: unknown }).code === 'ENOTFOUND') return true;
  return false;
}

function identityIn(runtime: Runtime, { account }: SweepTarget, region: string) {
  return runtime.gate.identity({ account, region, partition: partitionOf(region), ...LOOKING });
}

/** The service's own name of an error. */
function nameOf(error: unknown): string {
  const thrown = isRedressError(error) && error.cause !== undefined ? error.cause : error;
  return isRecord(thrown) || thrown instanceof Error ? classifyAwsError(thrown).name : '';
}
