/**
 * Gaps that stand open by the word of AWS Config, or of a person, alone.
 *
 * @packageDocumentation
 */
export { attestedRule } from './attested-rule.js';
export { isTracked, trackedControls, trackedRules } from './tracked.js';
export { isControl, type TrackedControl, trackedControl } from './tracked-control.js';
export { type TrackedRule, trackedRule } from './tracked-rule.js';
