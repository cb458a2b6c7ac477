import type { Ceiling, JsonObject, Remediator } from '@redress/core';
import { customRules, defaults, does, knownRules, type ParametersOf } from './managed-rules.js';

/** What one remediator does about one control of AWS Foundational Security Best Practices. */
export interface FsbpEntry {
  /** `EC2.13`. */
  readonly control: string;
  readonly remediator: string;
  readonly package: string;
  readonly title: string;
  /** `flag` marks, and `tell` notifies; both leave the control open. */
  readonly does: 'fix' | 'flag' | 'tell';
  /** The most that it does automatically: `enforce` changes, `approve` needs an approval, `notify` notifies. */
  readonly ceiling: Ceiling;
  /** It automatically changes only what an event shows to be newer than this many minutes; null: age does not matter. */
  readonly freshWithinMinutes: number | null;
  readonly resourceTypes: readonly string[];
  /** Config rules whose findings also trigger it: default names of managed rules, and names of custom rules. */
  readonly configRules: readonly string[];
  readonly parameters: JsonObject;
}

/**
 * The remediators for each control of the standard that Security Hub calls FSBP, one line for each pair. A control is closed when all its remediators are
 * satisfied. The list says what can be done at most; the policy decides what is done.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html
 */
export function fsbpMap(remediators: readonly Remediator[], parametersOf: ParametersOf = defaults): readonly FsbpEntry[] {
  return remediators
    .flatMap((each) =>
      each.controls
        .filter(({ framework }) => framework === 'aws-fsbp')
        .map(
          ({ id }): FsbpEntry => ({
            control: id,
            remediator: each.id,
            package: `${each.package.name}@${each.package.version}`,
            title: each.title,
            does: does(each),
            ceiling: each.ceiling,
            freshWithinMinutes: each.freshWithin === null ? null : Math.round(each.freshWithin / 60_000),
            resourceTypes: each.resourceTypes,
            configRules: [...knownRules([each]).map(({ name }) => name), ...customRules(each)],
            parameters: parametersOf(each),
          }),
        ),
    )
    .sort((a, b) => byControl(a.control, b.control) || (a.remediator < b.remediator ? -1 : 1));
}

/** `EC2.7` before `EC2.13`. */
function byControl(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
