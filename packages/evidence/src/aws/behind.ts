// A table that was set back: restored to an earlier time, or replaced beside the bucket of an older one. Its limits, holds and open executions are outdated,
// so nothing may begin on it until a person has checked it.
import { RedressError } from '@redress/core';
import { CHECKPOINT } from '../layout.js';
import type { Store } from './store.js';

/** The item that records how far the table is sealed. */
export const MARK = { pk: 'ledger', sk: 'sealed' } as const;
/** Milliseconds for which a table that was not behind is assumed not to be. */
const KNOWN_FOR = 300_000;

/** How far a table and its log have come, in entries of the log. */
export interface Sides {
  /** The size in the newest checkpoint; 0 without one. */
  readonly checkpoint: number;
  /** The size that the table records; 0 if it records none. */
  readonly table: number;
}

/** Reads both. The checkpoint comes first, because the table's item is written before a checkpoint is published. */
export async function sidesOf(store: Pick<Store, 'text' | 'get'>): Promise<Sides> {
  const note = await store.text(CHECKPOINT);
  const size = Number(note?.split('\n')[1] ?? 0);
  if (size === 0) return { checkpoint: 0, table: 0 };
  const item = await store.get(MARK);
  // A checkpoint without a size must not pass for that of a short log.
  return { checkpoint: Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY, table: Number(item?.['size']?.N ?? 0) };
}

/** Denies new executions on a table that is behind its ledger. */
export class BehindGuard {
  readonly #store: Pick<Store, 'text' | 'get' | 'options'>;
  #checked = Number.NEGATIVE_INFINITY;

  constructor(store: Pick<Store, 'text' | 'get' | 'options'>) {
    this.#store = store;
  }

  /** @throws {RedressError} `journal/behind` */
  async check(): Promise<void> {
    if (performance.now() - this.#checked < KNOWN_FOR) return;
    const { checkpoint, table } = await sidesOf(this.#store);
    if (table < checkpoint)
      throw new RedressError(
        'journal/behind',
        `The table ${this.#store.options.table} is behind its ledger, as after a restore: it is sealed up to entry ${table}, and the newest checkpoint has ${checkpoint}. No execution starts on it.`,
        { next: 'Follow the drill in docs/operations.md, then run `redress evidence restored --reason TEXT`.' },
      );
    this.#checked = performance.now();
  }
}
