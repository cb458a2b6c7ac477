import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { warm } from './campaign/warm-worker.ts';

// The tests that judge mutants: those that stand beside what is mutated, and no others.
const conditions = ['@redress/source', 'node', 'development|production'];
const JUDGES: Record<string, string[]> = {
  guardrails: ['packages/core/src/guardrails/*.test.ts', 'packages/core/src/cel.test.ts'],
  engine: ['tests/engine/*.test.ts', 'packages/core/src/engine/**/*.test.ts'],
  evidence: ['packages/evidence/src/**/*.test.ts'],
  verify: ['packages/verify/src/**/*.test.ts'],
  report: ['packages/report/src/**/*.test.ts'],
};

/** The first test that fails ends the run of a mutant: first the file that found the one before it, then those beside the code, and the quick ones first. */
class LikelyFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = (file: TestSpecification) => {
      const last = this.ctx.cache.getTestSpecificationResult(file);
      return last?.failed === true ? -1 : (last?.duration ?? 0) + (file.moduleId.includes('/src/') ? 0 : 1000);
    };
    return [...files].sort((a, b) => cost(a) - cost(b));
  }
}

export default defineConfig({
  plugins: [warm()],
  resolve: {
    conditions,
    // By its name core would be found outside of the sandbox, where nothing is mutated.
    alias: [{ find: /^@redress\/core$/, replacement: fileURLToPath(new URL('./packages/core/src/index.ts', import.meta.url)) }],
  },
  ssr: { resolve: { conditions } },
  test: {
    // `REDRESS_JUDGES=FILE,…`: these alone, for a first look at a file; what they find, all of them find.
    include: process.env['REDRESS_JUDGES']?.split(',') ?? JUDGES[process.env['REDRESS_MUTATE'] ?? 'guardrails'] ?? [],
    // Left out: what takes seconds for each mutant that lives, and finds hardly one that the others do not.
    exclude: ['**/*.prop.test.ts', '**/{races,storm,truth}.test.ts'],
    // Thousands of runs: they share what they load.
    isolate: false,
    fileParallelism: false,
    sequence: { sequencer: LikelyFirst },
    setupFiles: ['./campaign/mutation-setup.ts', './tests/support/setup.ts'],
    testTimeout: 600_000,
  },
});
