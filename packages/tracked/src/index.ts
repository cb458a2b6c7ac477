/**
 * Gaps that stand open by the word of AWS Config alone.
 *
 * @packageDocumentation
 */
export { isTracked, trackedRules } from './tracked.js';
export { type TrackedRule, trackedRule } from './tracked-rule.js';
