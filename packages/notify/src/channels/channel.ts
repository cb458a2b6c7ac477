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
  /**
   * Whether this way leads to people for this message; default: always. A change that comes by itself needs one way that does.
   */
  tells?(message: Message): boolean;
  /** Delivers all of them, or throws. */
  send(messages: readonly Message[], delivery: Delivery): Promise<void>;
}
