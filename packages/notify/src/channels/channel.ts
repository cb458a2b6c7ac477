import type { Delivery } from '../http.js';
import type { Message } from '../message.js';

/** A way to people. What it throws is tried again with what comes later, and warned of. */
export interface Channel {
  /** As routes name it. */
  readonly name: string;
  /**
   * How what was held back is delivered: as one message that sums it up, or message by message, at most this many at once.
   */
  readonly held: 'summed-up' | { readonly atOnce: number };
  /**
   * Whether this channel reaches people with this message; default: always. A change that is made automatically needs one that does.
   */
  tells?(message: Message): boolean;
  /** Delivers all of them, or throws. */
  send(messages: readonly Message[], delivery: Delivery): Promise<void>;
}
