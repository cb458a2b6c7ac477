import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Packages see each other's sources, so that a test never runs against a stale build.
const conditions = ['@redress/source'];
const shared = {
  resolve: { conditions: [...conditions, 'node', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'development|production'] } },
};
const common = {
  setupFiles: ['./tests/support/setup.ts'],
  // No test fails for slowness: limits are steps and counts. This ends what hangs.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 600_000, interval: 100 } },
};
/** Memory that is a file system, where there is one: a journal in a folder waits for its disk with each record, and there it does not. */
const MEMORY = '/dev/shm';
const space = existsSync(MEMORY) ? statfsSync(MEMORY) : { bavail: 0, bsize: 0 };
const inMemory = (gigabytes: number) => (space.bavail * space.bsize > gigabytes * 2 ** 30 ? { env: { TMPDIR: MEMORY } } : {});
/** Whether programs in it can be run. */
const runs = existsSync('/proc/mounts') && !/^\S+ \/dev\/shm .*\bnoexec\b/m.test(readFileSync('/proc/mounts', 'utf8'));
/** Files share a process, and what they import is loaded once: most of a small file's time is its imports. So no test leaves anything behind. */
const together = { ...common, isolate: false };

// Every promise of every remediator, on the emulator: `npm run test:all`.
const kit = ['packages/remediators/*/test/{conformance,faults}.test.ts', 'packages/testing/test/*.test.ts'];
// What takes long on the emulator, and is also tested on a model of AWS, or by an outside judge: `npm run test:all`.
const long = ['packages/evidence/test/{aws,model}.test.ts', 'tests/integration/{demo,lost-events,pattern-judges}.test.ts'];
// What installs, bundles and deploys: `npm run test:all`.
const deployed = [
  'packages/bundle/test/*.test.ts',
  'packages/cdk/test/*.test.ts',
  'packages/cli/test/{bundle,ledger-aws,new}.test.ts',
  'examples/**/*.test.ts',
  'tests/integration/{deployed,killed,member-roles,no-writes,pack-install,reconcile,removal,rounds,session}.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          ...together,
          ...inMemory(1),
        },
      },
      {
        ...shared,
        // Of what several packages do together. A step of its own: two steps use two cores.
        test: { name: 'engine', include: ['tests/{campaign,engine,unit}/**/*.test.ts'], ...together, ...inMemory(1) },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/**/test/**/*.test.ts', 'examples/**/*.test.ts', 'tests/integration/**/*.test.ts'],
          exclude: [...kit, ...long, ...deployed, '**/node_modules/**'],
          ...together,
          globalSetup: ['./tests/support/moto.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'kit',
          include: kit,
          ...together,
          ...inMemory(1),
          setupFiles: [...common.setupFiles, './tests/support/kit.ts'],
          // The emulated account is emptied between two tests.
          fileParallelism: false,
          globalSetup: ['./tests/support/moto.ts'],
        },
      },
      { ...shared, test: { name: 'long', include: long, ...together, globalSetup: ['./tests/support/moto.ts'] } },
      {
        ...shared,
        test: {
          name: 'deployed',
          include: deployed,
          ...together,
          // Five installations by npm write more than half a gigabyte.
          ...(runs ? inMemory(3) : {}),
          globalSetup: ['./tests/support/moto.ts'],
        },
      },
    ],
  },
});
