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
  /** What restricted nothing, and people should know: a tag that was meant as the exception tag, and is not. Absent: nothing. */
  readonly hints?: readonly string[];
  readonly plan: Plan | null;
  readonly steps: readonly string[];
  readonly finding: Finding | null;
  readonly execution: string | null;
  /** What to approve or deny: `redress approvals approve …`. */
  readonly approval: string | null;
  /** When it ended so; epoch milliseconds. */
  readonly at: number;
  /** As the policy has it; null for an account in none, or when the policy could not be read. */
  readonly environment: string | null;
  /** Tags of the resource, as the pass saw them: whose it is. Null when nothing could be read, empty for what has none. */
  readonly tags: Readonly<Record<string, string>> | null;
  /** What is still open after it. */
  readonly open: readonly string[];
  /** The state after a change, where it was read again. */
  readonly after: Json | null;
  /** Blind spots: what no read can show, and a person has to know. */
  readonly blindSpots: readonly string[];
  /** It is changed by itself when nobody says no: which notice this is (0 is the first, then reminders) and when that is; epoch milliseconds. */
  readonly grace?: { readonly notice: number; readonly ends: number };
  /** People know of the gap, and something about it has changed: when it appeared, epoch milliseconds. Absent: it is new. */
  readonly since?: number;
  /** The approval that it waits for runs out soon, or the exception that covers it ends: when, epoch milliseconds. Absent: not soon. */
  readonly deadline?: number;
}

/** The result of a notification. */
export interface Delivered {
  /**
   * `delivered`: a channel took it, now or when the same was last sent. `held`: it waits in this process for what comes next, or for a flush.
   * `nobody`: a route sends it to no channel.
   */
  readonly status: 'delivered' | 'held' | 'nobody';
  /** Names of the channels that took it. */
  readonly channels: readonly string[];
  /** Why others did not take it. */
  readonly failed?: string;
}

/** What stands open, once a day: people know of each of these gaps already. */
export interface GapDigest {
  /** `2026-11-28`, in UTC. */
  readonly day: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly gaps: readonly (Gap & {
    readonly title: string;
    /** As the policy has it; null for an account in none, or when the policy could not be read. */
    readonly environment: string | null;
    /** When it was last seen, by whatever; epoch milliseconds. */
    readonly seen: number;
  })[];
  /** What happened, and nobody could be notified of so far. */
  readonly unsaid: readonly (Unsaid & { readonly title: string })[];
}

/**
 * Notifies people. What it throws is warned of and never changes an outcome. Whoever answers nothing has delivered it.
 *
 * A notification with `grace` is one that a change rests on: it has been told by itself, with its resource, its end and how to stop it, when this
 * and `flush({ all: true })` have ended; or one of them throws, and the period does not begin.
 */
export interface Notify {
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that answers nothing is one, too.
  (notification: Notification): Promise<Delivered | void>;
  /** Sends the digest of a day, to each channel at most one message; what it throws is tried again on the same day. Absent: there is none. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above.
  digest?(digest: GapDigest): Promise<Delivered | void>;
  /** Delivers what was held back; with `all`, everything: for a process that ends. The command line calls it. */
  flush?(options?: { readonly all?: boolean }): Promise<void>;
}
