// Mutation testing of what decides: `npm run campaign -- --mutation`. Only mutants of these files count.
export default {
  packageManager: 'pnpm',
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner', './campaign/stryker-words.mjs'],
  ignorers: ['words'],
  // Not copied into the sandbox: nothing that the tests need.
  ignorePatterns: ['.venv', '.cache', '.turbo', '**/dist', 'bench', 'demo', 'docs', 'examples'],
  mutate: ['packages/core/src/guardrails/*.ts', 'packages/core/src/cel.ts', '!packages/core/src/guardrails/*.test.ts'],
  coverageAnalysis: 'perTest',
  // Mutants of what a module makes as it is loaded need every test anew, and half of the time: a full campaign has them, `npm test` does not.
  ignoreStatic: process.env.REDRESS_STATIC_MUTANTS !== '1',
  reporters: ['json', 'clear-text'],
  jsonReporter: { fileName: '.cache/mutation.json' },
  tempDirName: '.cache/stryker',
  concurrency: 2,
  timeoutMS: 20_000,
  allowEmpty: false,
  checkers: [],
  thresholds: { high: 95, low: 90, break: 90 },
};
