// Mutation testing: `npm run campaign -- --only mutation`, which says by the environment what is mutated: a part, or some lines of it.
const PARTS = {
  guardrails: { source: ['packages/core/src/guardrails/*.ts', 'packages/core/src/cel.ts'], related: true },
  engine: { source: ['packages/core/src/engine/**/*.ts'], related: false },
  evidence: { source: ['packages/evidence/src/**/*.ts'], related: false },
  // Not in the campaign: their files are mutated one by one.
  verify: { source: ['packages/verify/src/**/*.ts'], related: false },
  report: { source: ['packages/report/src/**/*.ts'], related: false },
};
const part = process.env.REDRESS_MUTATE ?? 'guardrails';
const lines = process.env.REDRESS_MUTATE_LINES;
export default {
  packageManager: 'pnpm',
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: PARTS[part].related },
  plugins: ['@stryker-mutator/vitest-runner', './campaign/stryker-words.mjs'],
  ignorers: ['words'],
  // Not copied into the sandbox: nothing that the tests need.
  ignorePatterns: ['.venv*', '.cache', '**/dist', 'bench', 'demo', 'docs', 'examples'],
  // The contract of a journal is a test that is published.
  mutate: lines === undefined ? [...PARTS[part].source, '!**/*.test.ts', '!packages/evidence/src/contract.ts'] : lines.split(','),
  coverageAnalysis: 'perTest',
  // Mutants of what a module makes as it is loaded need every test anew, and half of the time: a full campaign has them.
  ignoreStatic: process.env.REDRESS_STATIC_MUTANTS !== '1',
  reporters: ['json', 'clear-text'],
  jsonReporter: { fileName: `.cache/mutation-${part}.json` },
  tempDirName: `.cache/stryker-${part}`,
  concurrency: 2,
  // A mutant that goes on for ever is found; a machine with other work is not taken for one.
  timeoutMS: 60_000,
  dryRunTimeoutMinutes: 30,
  allowEmpty: false,
  checkers: [],
  // What a part has to reach, the campaign says.
  thresholds: { high: 95, low: 80, break: null },
};
