import type { Remediator } from '@redress/core';
import { attestedRule } from './attested-rule.js';
import { packageRef } from './package-ref.js';
import { type TrackedControl, trackedControl } from './tracked-control.js';
import { type TrackedRule, trackedRule } from './tracked-rule.js';

/** A person judges it, and Config evaluates nothing. */
const PROCESS_CHECK = 'AWS_CONFIG_PROCESS_CHECK';

/**
 * Follows the rules that no remediator judges. What a remediator is for is left to it. Of process checks a person says whether they are so
 * ({@link attestedRule}).
 *
 * @param rules for example those of a pack: `(await packOf('apra-cpg-234')).rules`
 * @param judged the other remediators
 * @example const remediators = [...s3Remediators, ...trackedRules(rules, s3Remediators)];
 */
export function trackedRules(rules: readonly TrackedRule[], judged: readonly Pick<Remediator, 'configRules'>[]): readonly Remediator[] {
  const known = new Set(judged.flatMap(({ configRules }) => configRules));
  const left = rules.filter(({ identifier, name }) => !known.has(name) && (identifier === null || !known.has(identifier)));
  return left.map((rule) => (rule.identifier === PROCESS_CHECK ? attestedRule(rule) : trackedRule(rule)));
}

/**
 * Follows the controls of Security Hub that no remediator judges.
 *
 * @param judged the other remediators
 */
export function trackedControls(controls: readonly TrackedControl[], judged: readonly Pick<Remediator, 'controls'>[]): readonly Remediator[] {
  const known = new Set(judged.flatMap(({ controls: all }) => all.flatMap(({ framework, id }) => (framework === 'aws-fsbp' ? [id] : []))));
  return controls.filter(({ control }) => !known.has(control)).map(trackedControl);
}

/** Whether a remediator only follows what its source says. */
export function isTracked({ package: { name } }: Pick<Remediator, 'package'>): boolean {
  return name === packageRef.name;
}
