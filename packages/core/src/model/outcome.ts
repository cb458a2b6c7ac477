/** How one pass of one remediator over one resource ended. A closed union. */
export type Outcome =
  /** Changed, and a second read found nothing left to change. */
  | 'remediated'
  /** Marked for people; the gap is still open. */
  | 'flagged'
  /** Nothing to change. */
  | 'no-op'
  /** A dry run, or mode plan: the plan was shown. */
  | 'planned'
  /** It is for people, and nothing was changed. A record of the kind `notice` says whether anybody was notified. */
  | 'notified'
  /** A live exception covers it. */
  | 'exempt'
  /** A guardrail forbids it. */
  | 'denied'
  | 'awaiting-approval'
  | 'awaiting-runbook'
  /** The resource changed between the decision and the lease, and was read again. */
  | 'superseded'
  /** Nothing was changed, because something failed. */
  | 'failed'
  /** Some changes were made, not all. */
  | 'partial'
  /** Whether it was changed could not be found out; a person decides. */
  | 'unknown'
  | 'rolled-back'
  /** Someone keeps undoing it. */
  | 'contested';

/** Every {@link Outcome}. */
export const OUTCOMES: readonly Outcome[] = [
  'remediated',
  'flagged',
  'no-op',
  'planned',
  'notified',
  'exempt',
  'denied',
  'awaiting-approval',
  'awaiting-runbook',
  'superseded',
  'failed',
  'partial',
  'unknown',
  'rolled-back',
  'contested',
];

/** Outcomes of executions that left something to roll back, or may have. */
export const REVERSIBLE: readonly Outcome[] = ['remediated', 'flagged', 'partial', 'unknown'];
