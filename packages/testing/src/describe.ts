import type { Remediator } from '@redress/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Bench } from './bench.js';
import { checksFor, DECLARATIONS, DISCOVERY, problemsOf, sweptScenario, USES } from './check.js';
import { declarationProblems, discoveryProblems, type Problems, unusedDeclarations } from './checks.js';
import type { ConformanceOptions } from './scenario.js';

/** A check builds its situation many times, emulators are not fast, and no test fails for slowness: this ends only what hangs. */
const TIMEOUT = 600_000;

/**
 * The conformance kit as vitest tests. They check that a remediator keeps every promise that Redress makes for it, on an emulator, over HTTP,
 * with the real SDK.
 *
 * @example
 * describeRemediator(rotateKmsKeys, {
 *   account: { endpoint: 'http://127.0.0.1:5000' },
 *   scenarios: [
 *     { name: 'a key without rotation', expect: 'change', arrange: async (sdk) => … },
 *     { name: 'a key with rotation', expect: 'compliant', arrange: async (sdk) => … },
 *   ],
 * });
 */
export function describeRemediator(remediator: Remediator, options: ConformanceOptions): void {
  describe(remediator.id, () => {
    let bench: Bench;
    let tried = 0;
    let expected = 0;
    beforeAll(async () => {
      bench = await Bench.open(remediator, options);
    }, TIMEOUT);
    afterAll(() => bench?.close());
    const promise = (name: string, run: () => Promise<Problems>) => {
      expected++;
      it(name, { timeout: TIMEOUT }, async () => {
        complain(await problemsOf(bench, run));
        tried++;
      });
    };

    it(DECLARATIONS, () => complain(declarationProblems(remediator, options.scenarios)));
    for (const scenario of options.scenarios) {
      describe(scenario.name, () => {
        for (const check of checksFor(remediator, scenario)) promise(check.name, () => check.run(bench, scenario));
      });
    }
    const swept = sweptScenario(remediator, options.scenarios);
    if (swept !== undefined) promise(DISCOVERY, () => discoveryProblems(bench, swept));
    it(USES, ({ skip }) => {
      // What was left out, or failed, used nothing: that says nothing about the declarations.
      if (tried < expected) skip('only known when every check before it has passed');
      complain(unusedDeclarations(bench));
    });
  });
}

function complain(problems: Problems): void {
  if (problems.length === 0) return;
  const error = new Error(
    problems.length === 1 ? problems[0] : `${problems.length} promises are broken:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  );
  error.name = 'ConformanceError';
  // Where the kit stands says nothing about what is wrong with the remediator.
  delete error.stack;
  throw error;
}
