import type { GuardrailResult } from './guardrails/guardrail.js';
import type { Gap, Unsaid } from './journal.js';
import type { Finding } from './model/finding.js';
import type { Json } from './model/json.js';
import type { Outcome } from './model/outcome.js';
import type { Plan } from './model/plan.js';
import type { ResourceRef } from './model/resource.js';

/** The content of a notification. */
export interface Notification {
  readonly outcome: Outcome;
  readonly remediator: { readonly id: string; readonly title: string };
  readonly resource: ResourceRef;
  /** One sentence. */
  readonly message: string;
  readonly reasons: readonly GuardrailResult[];
  /** What people should know although it restricted nothing, such as a tag that is almost the exception tag. Absent: nothing. */
  readonly hints?: readonly string[];
  readonly plan: Plan | null;
  readonly steps: readonly string[];
  readonly finding: Finding | null;
  readonly execution: string | null;
  /** What to approve or deny: `redress approvals approve …`. */
  readonly approval: string | null;
  /** Time of the outcome; epoch milliseconds. */
  readonly at: number;
  /** As the policy has it; null for an account in none, or when the policy could not be read. */
  readonly environment: string | null;
  /** Tags of the resource, as the pass read them; they show its owner. Null if nothing could be read, empty if it has none. */
  readonly tags: Readonly<Record<string, string>> | null;
  /** What is still open afterwards. */
  readonly open: readonly string[];
  /** The state after a change, if it was read again. */
  readonly after: Json | null;
  /** Blind spots: what no read can show, and a person has to know. */
  readonly blindSpots: readonly string[];
  /** A change will be made unless someone objects: the number of this notice (0, then reminders), and the time of the change in epoch milliseconds. */
  readonly grace?: { readonly notice: number; readonly ends: number };
  /** Set if people know of the gap and something about it has changed: when it appeared, in epoch milliseconds. Absent: it is new. */
  readonly since?: number;
  /** When its approval or its exception expires, in epoch milliseconds, if that is soon. Absent: not soon. */
  readonly deadline?: number;
}

/** The result of a notification. */
export interface Delivered {
  /**
   * `delivered`: a channel accepted it, now or when the same notification was last sent. `held`: it waits in this process for the next
   * notifications, or for a flush. `nobody`: a route sends it to no channel.
   */
  readonly status: 'delivered' | 'held' | 'nobody';
  /** Names of the channels that accepted it. */
  readonly channels: readonly string[];
  /** Why other channels did not accept it. */
  readonly failed?: string;
}

/** The open gaps, once a day. People have already been notified of each of them. */
export interface GapDigest {
  /** `2026-11-28`, in UTC. */
  readonly day: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly gaps: readonly (Gap & {
    readonly title: string;
    /** As the policy has it; null for an account in none, or when the policy could not be read. */
    readonly environment: string | null;
    /** When it was last seen, by an event or a sweep; epoch milliseconds. */
    readonly seen: number;
  })[];
  /** Outcomes of which nobody could be notified so far. */
  readonly unsaid: readonly (Unsaid & { readonly title: string })[];
}

/**
 * Notifies people. If it throws, there is a warning, but the outcome does not change. If it returns nothing, the notification counts as delivered.
 *
 * A change depends on a notification with `grace`. When this function and `flush({ all: true })` have returned, it has been sent as a message of
 * its own, with its resource, its end and how to stop the change. Otherwise one of them throws, and the period does not begin.
 */
export interface Notify {
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that answers nothing is one, too.
  (notification: Notification): Promise<Delivered | void>;
  /** Sends the digest of a day, at most one message to each channel. If it throws, it is retried on the same day. Absent: there is no digest. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above.
  digest?(digest: GapDigest): Promise<Delivered | void>;
  /** Delivers what was held back; with `all` everything, for a process that ends. The command line calls it. */
  flush?(options?: { readonly all?: boolean }): Promise<void>;
}
