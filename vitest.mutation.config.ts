import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests that judge mutants: those that stand beside what is mutated, and no others.
const conditions = ['@redress/source', 'node', 'development|production'];
const JUDGES: Record<string, string[]> = {
  guardrails: ['packages/core/src/guardrails/*.test.ts', 'packages/core/src/cel.test.ts'],
  engine: ['tests/engine/*.test.ts', 'packages/core/src/engine/*.test.ts'],
  evidence: ['packages/evidence/src/**/*.test.ts'],
};

export default defineConfig({
  resolve: {
    conditions,
    // By its name core would be found outside of the sandbox, where nothing is mutated.
    alias: [{ find: /^@redress\/core$/, replacement: fileURLToPath(new URL('./packages/core/src/index.ts', import.meta.url)) }],
  },
  ssr: { resolve: { conditions } },
  test: {
    include: JUDGES[process.env['REDRESS_MUTATE'] ?? 'guardrails'] ?? [],
    exclude: ['**/*.prop.test.ts', '**/{races,storm}.test.ts'],
    // Thousands of runs: they share what they load.
    isolate: false,
    fileParallelism: false,
    setupFiles: ['./tests/support/setup.ts'],
    testTimeout: 600_000,
  },
});
