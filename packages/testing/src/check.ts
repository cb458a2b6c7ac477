import { messageOf, type Remediator } from '@redress/core';
import { Bench } from './bench.js';
import { type Check, declarationProblems, discoveryProblems, type Problems, scenarioChecks, unusedDeclarations } from './checks.js';
import type { ConformanceOptions, Scenario } from './scenario.js';

/** One promise that a remediator breaks. */
export interface Failure {
  /** The scenario in which it failed; null if it concerns the remediator as a whole. */
  readonly scenario: string | null;
  /** The promise that is broken. */
  readonly check: string;
  readonly problem: string;
}

/** Names of the checks that are not about one scenario. */
export const DECLARATIONS = 'is declared completely';
export const DISCOVERY = 'is found by a sweep';
export const USES = 'uses all that it declares';

/** The checks that apply to a scenario. */
export function checksFor(remediator: Remediator, scenario: Scenario): readonly Check[] {
  return scenarioChecks.filter((check) => check.applies(scenario, remediator));
}

/** The scenario that a sweep should find. */
export function sweptScenario(remediator: Remediator, scenarios: readonly Scenario[]): Scenario | undefined {
  return remediator.discover === null
    ? undefined
    : (scenarios.find((scenario) => scenario.expect === 'change') ?? scenarios.find((scenario) => scenario.expect === 'manual'));
}

/** Runs a check: what it throws is a problem as well, and what the emulator lacks is said. */
export async function problemsOf(bench: Bench, run: () => Promise<Problems>): Promise<Problems> {
  let problems: Problems;
  try {
    problems = await run();
  } catch (error) {
    problems = [`the check could not be carried out: ${messageOf(error)}`];
  }
  const lacking = bench.notEmulated;
  return problems.length === 0 || lacking.length === 0 ? problems : [...problems, `(the emulator does not implement ${lacking.join(', ')})`];
}

/**
 * Tests a remediator in all its scenarios, and returns every promise that it breaks. {@link describeRemediator} does the same as vitest tests.
 *
 * @example
 * const failures = await checkRemediator(mine, { account: { endpoint: 'http://127.0.0.1:5000' }, scenarios });
 * if (failures.length > 0) throw new Error(failures.map((each) => `${each.check}: ${each.problem}`).join('\n'));
 */
export function checkRemediator(remediator: Remediator, options: ConformanceOptions): Promise<readonly Failure[]> {
  return failuresOf(remediator, options, () => true);
}

/** What {@link checkRemediator} returns, from some of its checks. What is declared and not used is known when all of them are tried. */
export async function failuresOf(remediator: Remediator, options: ConformanceOptions, isTried: (check: string) => boolean): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const note = async (scenario: string | null, check: string, problems: () => Problems | Promise<Problems>) => {
    if (isTried(check)) failures.push(...(await problems()).map((problem) => ({ scenario, check, problem })));
  };
  await note(null, DECLARATIONS, () => declarationProblems(remediator, options.scenarios));
  const bench = await Bench.open(remediator, options);
  try {
    for (const scenario of options.scenarios) {
      for (const check of checksFor(remediator, scenario)) await note(scenario.name, check.name, () => problemsOf(bench, () => check.run(bench, scenario)));
    }
    const swept = sweptScenario(remediator, options.scenarios);
    if (swept !== undefined) await note(swept.name, DISCOVERY, () => problemsOf(bench, () => discoveryProblems(bench, swept)));
    await note(null, USES, () => unusedDeclarations(bench));
  } finally {
    await bench.close();
  }
  return failures;
}
