// A table that was set back: restored to an earlier time, or another one beside the bucket of an older one. Its limits, holds and open executions are
// those of that time, so nothing may begin on it until a person has looked.
import { RedressError } from '@redress/core';
import { CHECKPOINT } from '../layout.js';
import type { Store } from './store.js';

/** The item that notes how far the table is sealed. */
export const MARK = { pk: 'ledger', sk: 'sealed' } as const;
/** Milliseconds for which a table that is not behind is taken to stay so. */
const KNOWN_FOR = 300_000;

/** How far a table and the log beside it have come, in entries of the log. */
export interface Sides {
  /** What the newest checkpoint says; 0 without one. */
  readonly checkpoint: number;
  /** What the table notes; 0 when it notes nothing. */
  readonly table: number;
}

/** Looks at both. The checkpoint comes first: what the table notes is noted before a checkpoint is published. */
export async function sidesOf(store: Pick<Store, 'text' | 'get'>): Promise<Sides> {
  const note = await store.text(CHECKPOINT);
  const size = Number(note?.split('\n')[1] ?? 0);
  if (size === 0) return { checkpoint: 0, table: 0 };
  const item = await store.get(MARK);
  // One that says no size is not believed to be of a short log.
  return { checkpoint: Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY, table: Number(item?.['size']?.N ?? 0) };
}

/** Denies what would begin on a table that is behind its ledger. */
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
