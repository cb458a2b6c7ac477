// A person says that a table which was set back may be used.
import { RedressError, systemClock } from '@redress/core';
import { MARK, type Sides, sidesOf } from './behind.js';
import { Store, type StoreOptions } from './store.js';

/** Options of {@link acceptRestored}. */
export interface RestoredOptions extends StoreOptions {
  /** Who says so. */
  readonly by: string;
  /** Why it was set back. */
  readonly reason: string;
}

/** How far it was set back. */
export type Restored = Sides;

/** See `acceptRestored` in seal.ts. */
export async function acceptRestored({ by, reason, ...options }: RestoredOptions): Promise<Restored> {
  if (by.trim() === '' || reason.trim() === '') throw new RedressError('journal/invalid', 'Who accepts a table that was set back, and why, has to be said.');
  const store = new Store(options);
  try {
    const sides = await sidesOf(store);
    if (sides.table >= sides.checkpoint)
      throw new RedressError('journal/invalid', `The table ${options.table} is not behind its ledger: nothing has to be accepted.`);
    const { UpdateItemCommand } = await import('./ledger-clients.js');
    const { pk, sk } = MARK;
    const said = JSON.stringify({ by, reason, time: new Date(systemClock.now()).toISOString(), ...sides });
    // The one that was looked at: what a sealer or another person has noted since is looked at again.
    await store.ask(
      'dynamodb',
      new UpdateItemCommand({
        TableName: options.table,
        Key: { pk: { S: pk }, sk: { S: sk } },
        UpdateExpression: 'SET #size = :size ADD #restored :said',
        ConditionExpression: sides.table === 0 ? 'attribute_not_exists(#size) OR #size = :before' : '#size = :before',
        ExpressionAttributeNames: { '#size': 'size', '#restored': 'restored' },
        ExpressionAttributeValues: { ':size': { N: String(sides.checkpoint) }, ':before': { N: String(sides.table) }, ':said': { SS: [said] } },
      }),
    );
    return sides;
  } finally {
    await store.close();
  }
}
