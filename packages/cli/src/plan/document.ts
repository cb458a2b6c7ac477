import type { Composition } from '../compose.js';
import type { Left } from '../left.js';
import type { PlannedPass } from '../passes.js';
import type { LeftAccount } from '../places.js';
import { byEnvironment, type EnforcedEnvironment, type Gap, gapsOf, type Summary, summarize } from './gaps.js';

/** `redress plan --json`: what every other output is made of. */
export interface PlanDocument {
  /** Whose credentials they are; null when that could not be read, and with `--live` when several accounts are looked at. */
  readonly account: string | null;
  readonly region: string;
  /** With `--live`: where it looked. */
  readonly places: readonly { readonly account: string; readonly region: string }[];
  /** With `--live`: accounts that did not let us in, each once. */
  readonly left: readonly LeftAccount[];
  /** With `--live`: whether it was interrupted, so that there may be more. */
  readonly interrupted: boolean;
  /** Digest of the policy, and where it is from. */
  readonly policy: string;
  readonly policySource: Composition['policySource'];
  /** Counts of gaps: each is counted once, however many remediators plan to close it. */
  readonly summary: Summary;
  readonly gaps: readonly Gap[];
  /** What was decided, remediator by remediator. With `--live` without those that have nothing to change: they are only counted. */
  readonly passes: readonly PlannedPass[];
  /** Findings without a pass, by disposition. Empty with `--live`. */
  readonly counted: Readonly<Record<string, number>>;
  /** Why inputs are no events, each reason once. */
  readonly rejected: readonly Left[];
  /** What no remediator is asked about, although it says that something is wrong, or was sent here. */
  readonly unasked: readonly Left[];
  /** With `--live`: remediators that were not, or not wholly, swept. */
  readonly notSwept: readonly { readonly remediator: string; readonly reason: string }[];
  /** What would become of the gaps if the policy enforced every remediator, all else being as it is. Nothing like it is in force. */
  readonly ifEnforced: {
    readonly hypothetical: true;
    readonly summary: Summary;
    readonly environments: readonly EnforcedEnvironment[];
  };
  /** What could not be handled at all. */
  readonly problems: readonly string[];
}

/** What was decided, and the gaps that it is about; `nothing` more looks found nothing to change. `environments`: those of the policy, in its order. */
export function countedPlan(
  passes: readonly PlannedPass[],
  nothing: number,
  environments: readonly string[],
): Pick<PlanDocument, 'passes' | 'gaps' | 'summary' | 'ifEnforced'> {
  const gaps = gapsOf(passes);
  const looks = nothing + passes.filter(({ verdict }) => verdict === 'nothing-to-change').length;
  const enforced = gaps.map(({ ifEnforced }) => ifEnforced);
  return {
    passes,
    gaps,
    summary: summarize(gaps, looks),
    ifEnforced: { hypothetical: true, summary: summarize(enforced, looks), environments: byEnvironment(gaps, environments) },
  };
}
