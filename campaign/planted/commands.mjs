// Deliberate defects in the command.

/** @type {import('./index.mjs').PlantedBug[]} */
export default [
  {
    promise: 'What `redress doctor` could not read is never well.',
    defect: 'what is unknown is ok',
    file: 'packages/cli/src/doctor/check.ts',
    find: "({ code, status: 'unknown', where, saw: error, next })",
    replace: "({ code, status: 'ok', where, saw: error, next })",
    tests: ['packages/cli/src/doctor/checks.test.ts'],
  },
];
