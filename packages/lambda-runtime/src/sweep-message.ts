import { isAccountId, isRecord, isRegion } from '@redress/core';
import type { SqsRecord } from './types.js';

/** A message of a sweep queue: an account whose regions are to be looked up, or a place to sweep. */
export type SweepMessage =
  | { readonly round: number; readonly account: string; readonly regions: readonly string[] }
  | {
      readonly round: number;
      readonly account: string;
      readonly region: string;
      /** Whether what has no region is swept here, too: at one region of each account. */
      readonly global: boolean;
      /** Nothing is to be done before; epoch milliseconds. */
      readonly at: number | null;
    };

/** A longer message is not ours. */
const LONGEST_BODY = 4096;

/** What a message asks to sweep; null: it is not such a message. */
export function sweepMessageOf({ body }: Pick<SqsRecord, 'body'>): SweepMessage | null {
  if (body.length > LONGEST_BODY || !body.includes('"redress"')) return null;
  let found: unknown;
  try {
    found = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isRecord(found) || found['redress'] !== 'sweep') return null;
  const { account, region, regions, global = true } = found;
  const round = Date.parse(String(found['round']));
  if (Number.isNaN(round) || typeof account !== 'string' || !isAccountId(account)) return null;
  if (typeof region === 'string') {
    const at = found['at'] === undefined ? null : Date.parse(String(found['at']));
    return isRegion(region) && typeof global === 'boolean' && !Number.isNaN(at) ? { round, account, region, global, at } : null;
  }
  if (!Array.isArray(regions)) return null;
  const known = regions.filter((each): each is string => typeof each === 'string' && isRegion(each));
  return known.length === regions.length ? { round, account, regions: known } : null;
}
