// A person accepts a table that was set back. Before that, what the log still has is written back into it.
import { RedressError, systemClock } from '@redress/core';
import { MARK, type Sides, sidesOf } from './behind.js';
import type { AwsJournalOptions } from './journal.js';
import { Store } from './store.js';
import { type WrittenBack, writeBack } from './written-back.js';

/** Options of {@link acceptRestored}. */
export interface RestoredOptions extends AwsJournalOptions {
  /** The person who accepts it. */
  readonly by: string;
  /** Why the table was restored to an earlier time. */
  readonly reason: string;
  /** Keys of the log. If given, one of them has to have signed the checkpoint. */
  readonly trusted?: readonly { readonly origin: string; readonly key: string }[];
}

/** How far behind the table was, and what was written back. */
export interface Restored extends Sides, WrittenBack {}

/** See `acceptRestored` in seal.ts. */
export async function acceptRestored({ by, reason, trusted = [], ...options }: RestoredOptions): Promise<Restored> {
  if (by.trim() === '' || reason.trim() === '') throw new RedressError('journal/invalid', 'Give who accepts the restored table, and why.');
  const store = new Store(options);
  try {
    const sides = await sidesOf(store);
    // First, because nothing begins until this is complete.
    const back = await writeBack(options, trusted);
    if (sides.table >= sides.checkpoint) {
      if (back.records + back.refused.length > 0) return { ...sides, ...back };
      throw new RedressError('journal/invalid', `The table ${options.table} is not behind its ledger: there is nothing to accept.`);
    }
    const { UpdateItemCommand } = await import('./ledger-clients.js');
    const { pk, sk } = MARK;
    const said = JSON.stringify({
      by,
      reason,
      time: new Date((options.clock ?? systemClock).now()).toISOString(),
      ...sides,
      records: back.records,
      refused: back.refused.length,
      documents: back.documents,
      lost: back.lost.length,
    });
    // The size that the person has checked. If a sealer or another person has recorded another one since, it has to be checked again.
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
    return { ...sides, ...back };
  } finally {
    await store.close();
  }
}
