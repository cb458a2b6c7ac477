// What the console is given: everything that it knows and does is somebody else's.
import type { ApprovalShown, StoredRecord } from '@redress/core';
import type { Around, Calendar, ExceptionInput, NamedInput } from '@redress/report';

/** Where records come from. */
export interface RecordSource {
  /**
   * Streams that have something new since the last call, each as a whole and in order; the first time all of them.
   *
   * @param unread hears of what could not be read, with the stream where it is one's. A stream that is given again was read.
   */
  changed(unread: (problem: string, stream: string | null) => void): AsyncIterable<StoredRecord> | Iterable<StoredRecord>;
  /** How long to wait between two calls, milliseconds: what is asked over a network costs money. */
  readonly every: number;
}

/** What one look or change came to, after an approval. */
export interface AnsweredPass {
  readonly outcome: string;
  readonly message: string;
  readonly execution: string | null;
  /** The request that is open now, where it is asked for again. */
  readonly approval: string | null;
  readonly open: readonly string[];
}

/** The result of an answer. */
export interface Answered {
  /** Who has answered, as the connection says. */
  readonly by: string;
  readonly verified: boolean;
  /** It was said before, and nothing was done now. */
  readonly repeated: boolean;
  readonly passes: readonly AnsweredPass[];
}

/**
 * Where approvals are answered: the same that the command line uses. What it refuses is thrown, with `code`, `message` and `next`.
 */
export interface ApprovalDesk {
  show(id: string): Promise<ApprovalShown>;
  answer(id: string, verdict: 'approve' | 'deny', reason: string): Promise<Answered>;
}

/** Who answers, as the connection says it. */
export interface Approver {
  readonly name: string;
  /** Whether a signed request identifies them where it is recorded. */
  readonly verified: boolean;
}

/** What is known besides records. */
export interface Knowledge {
  /** Of which journal the pages are, for people: who has two consoles open has to see which is which. */
  readonly journal: string;
  readonly around: Around;
  /** Accounts of each environment; null: there is no policy. */
  readonly environments: ReadonlyMap<string, readonly string[]> | null;
  /** Remediators that are installed. */
  readonly remediators: readonly string[];
  readonly exceptions: readonly ExceptionInput[];
  readonly calendar: Calendar;
  /** How long after it appeared the policy wants a gap closed, milliseconds; null: it does not say. */
  readonly closedWithin: (remediator: string, account: string) => number | null;
  /** From what this was read. */
  readonly inputs: readonly NamedInput[];
}

/** Something about how Redress itself is. */
export interface HealthFact {
  readonly name: string;
  /** `bad` stands on the first page, too. */
  readonly state: 'good' | 'mind' | 'bad';
  readonly text: string;
  /** What to do; null: nothing. */
  readonly next: string | null;
}
