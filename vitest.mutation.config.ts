import { defineConfig } from 'vitest/config';

// The tests that judge mutants: those that stand beside what decides, and no others.
const conditions = ['@redress/source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/core/src/guardrails/*.test.ts', 'packages/core/src/cel.test.ts'],
    exclude: ['**/*.prop.test.ts'],
    // Thousands of runs: they share what they load.
    isolate: false,
    fileParallelism: false,
    setupFiles: ['./tests/support/setup.ts'],
    testTimeout: 30_000,
  },
});
