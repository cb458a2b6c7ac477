import { defineConfig } from 'vitest/config';

// Packages see each other's sources, so that a test never runs against a stale build.
const conditions = ['@redress/source'];
const shared = {
  resolve: { conditions: [...conditions, 'node', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'development|production'] } },
};
const setupFiles = ['./tests/support/setup.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts', 'tests/{campaign,engine,unit}/**/*.test.ts'],
          exclude: ['**/*.prop.test.ts', '**/node_modules/**'],
          setupFiles,
          // None of them waits for anything; a busy machine may be slow.
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: { name: 'property', include: ['packages/**/src/**/*.prop.test.ts'], setupFiles, testTimeout: 60_000 },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/**/test/**/*.test.ts', 'examples/**/*.test.ts', 'tests/integration/**/*.test.ts'],
          setupFiles,
          globalSetup: ['./tests/support/moto.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
