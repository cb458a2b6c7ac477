import type { Remediator } from '../../remediator/define.js';
import { Alike } from '../alike.js';
import { isUnread, type PassResult } from '../types.js';

/** The running result of the sweep of a place for one remediator. */
export class Tally {
  readonly remediator: Remediator;
  readonly alike = new Alike();
  readonly outcomes: Record<string, number> = {};
  looked = 0;
  retryable = 0;
  errors = 0;
  unread = 0;
  /** Why its list was not completed. */
  unlisted: { readonly status: 'failed' | 'absent'; readonly message: string } | null = null;

  constructor(remediator: Remediator) {
    this.remediator = remediator;
  }

  /** There is nothing to do, which needs no pass. */
  idle(count = 1): void {
    this.outcomes['no-op'] = (this.outcomes['no-op'] ?? 0) + count;
  }

  add(pass: PassResult): void {
    this.outcomes[pass.outcome] = (this.outcomes[pass.outcome] ?? 0) + 1;
    if (pass.retryable) this.retryable++;
    if (isUnread(pass)) this.unread++;
    this.alike.add(pass);
  }

  get counts() {
    const { looked, outcomes, retryable, errors, unread } = this;
    return { looked, outcomes: { ...outcomes }, retryable, errors, unread };
  }
}
