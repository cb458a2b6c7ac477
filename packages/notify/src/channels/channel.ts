import type { Delivery } from '../http.js';
import type { Message } from '../message.js';

/** A way to people. What it throws is tried again with what comes later, and warned of. */
export interface Channel {
  /** As routes name it. */
  readonly name: string;
  /**
   * How what was held back is delivered: as one message that sums it up, or message by message, at most so many at once.
   */
  readonly held: 'summed-up' | { readonly atOnce: number };
  /** Delivers all of them, or throws. */
  send(messages: readonly Message[], delivery: Delivery): Promise<void>;
}
