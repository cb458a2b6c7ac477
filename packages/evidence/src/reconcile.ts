/**
 * Compares records with CloudTrail, both ways: finds changes without a record, and records without a change. Pure: the caller reads files, buckets and
 * AWS.
 *
 * @packageDocumentation
 */
export { type Comparison, type Discrepancy, isWanted, type Reconciliation, reconcile, type Unconfirmed, type Uncovered } from './reconcile/compare.js';
export { Coverage, type Period } from './reconcile/coverage.js';
export { type Recorded, type RecordedCall, type RecordedExecution, recordedOf } from './reconcile/recorded.js';
export {
  type Moment,
  mayHold,
  readTrail,
  type TrailDigest,
  type TrailDocument,
  type TrailEvent,
  type TrailFile,
  type TrailMistake,
  trailFile,
  type Wanted,
} from './reconcile/trail.js';
