// Mutation testing: `npm run campaign -- --only mutation`. What decides is judged by the tests beside it, on each run; the engine, which takes an
// hour, by its own tests in a large campaign.
const engine = process.env.REDRESS_MUTATE === 'engine';
export default {
  packageManager: 'pnpm',
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: !engine },
  plugins: ['@stryker-mutator/vitest-runner', './campaign/stryker-words.mjs'],
  ignorers: ['words'],
  // Not copied into the sandbox: nothing that the tests need.
  ignorePatterns: ['.venv*', '.cache', '**/dist', 'bench', 'demo', 'docs', 'examples'],
  mutate: engine
    ? ['packages/core/src/engine/*.ts', '!packages/core/src/engine/*.test.ts']
    : ['packages/core/src/guardrails/*.ts', 'packages/core/src/cel.ts', '!packages/core/src/guardrails/*.test.ts'],
  coverageAnalysis: 'perTest',
  // Mutants of what a module makes as it is loaded need every test anew, and half of the time: a full campaign has them, `npm test` does not.
  ignoreStatic: process.env.REDRESS_STATIC_MUTANTS !== '1',
  reporters: ['json', 'clear-text'],
  jsonReporter: { fileName: engine ? '.cache/mutation-engine.json' : '.cache/mutation.json' },
  tempDirName: '.cache/stryker',
  concurrency: 2,
  timeoutMS: 20_000,
  allowEmpty: false,
  checkers: [],
  thresholds: { high: 95, low: 90, break: engine ? 0 : 90 },
};
