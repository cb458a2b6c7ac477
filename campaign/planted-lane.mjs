// A process that plants defects, one after another. It keeps Vitest loaded, so that a defect costs only its tests, and no start. A defect is planted in
// memory, in the code that Vitest serves to the tests; no file changes. Requests and replies use the channel of `fork`.
import { join, relative } from 'node:path';
import { createVitest } from 'vitest/node';
import { ROOT } from '../scripts/setup.mjs';
import config from '../vitest.config.ts';
import { renew, spoil, warm } from './warm-worker.ts';

/** @type {import('./planted/index.mjs').PlantedBug | null} */
let planted = null;
let served = 0;
/** Whether all tests that find a defect are collected, to know the quickest. */
let surveying = false;
/** Whether tests are run that were not remembered. One of them that finds the defect is enough. */
let searching = false;
const plugin = {
  name: 'planted',
  enforce: 'pre',
  transform(code, id) {
    if (planted === null || relative(ROOT, id.replace(/\?.*$/, '')) !== planted.file) return;
    served++;
    return { code: code.replace(planted.find, () => planted.replace), map: null };
  },
};
/** Nobody reads where an error occurred, so no source maps are made. */
const noMaps = { name: 'no-maps', enforce: 'post', transform: (code) => ({ code, map: { mappings: '' } }) };

// One project for everything that needs no emulator: modules that are loaded and transformed once serve unit and property tests.
const [{ test, ...common }, ...others] = config.test.projects.filter(({ test }) => test.globalSetup === undefined);
const project = {
  ...common,
  root: ROOT,
  plugins: [plugin, noMaps, warm()],
  test: {
    ...test,
    name: 'planted',
    include: [test, ...others.map((each) => each.test)].flatMap(({ include }) => include),
    exclude: ['**/node_modules/**'],
    setupFiles: [...test.setupFiles, './campaign/warm-setup.ts'],
    // Less than a defect may take: a test that waits forever fails, and so has found it.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fsModuleCache: false,
  },
};
const reporter = {
  onTestCaseResult: (test) => {
    if (planted !== null && !surveying && test.result().state === 'failed') {
      // A test that is aborted goes on in its thread.
      if (searching) spoil();
      void vitest.cancelCurrentRun('test-failure');
    }
  },
};
// The transformed code of a defect must not be cached on the disk: the cache is keyed by the file's text.
const vitest = await createVitest('test', {
  config: false,
  root: ROOT,
  watch: false,
  projects: [project],
  reporters: [reporter],
  maxWorkers: 1,
  fsModuleCache: false,
  cache: false,
});
await vitest.standalone();

// Vitest puts ` > ` between the parts of a name, and its report puts a space.
const patternOf = (name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '(?: > | )');
const exactly = (names) => new RegExp(`^(?:${names.map(patternOf).join('|')})$`);
const nameOf = (test) => test.fullName.replaceAll(' > ', ' ').trim();

const durationOf = (each) => each.diagnostic()?.duration ?? 0;
/** Milliseconds that a test takes when it runs alone: its own, those of loading its file, and of what its file does before and after all tests. */
function alone(test) {
  const own = [...test.module.children.allTests()].reduce((sum, each) => sum + durationOf(each), 0);
  return durationOf(test) + test.module.diagnostic().collectDuration + Math.max(0, durationOf(test.module) - own);
}

/**
 * Runs test files, or only some tests in them by name. An error outside of all tests may come from what an earlier run has left in the thread. So such a run is
 * repeated in a new thread.
 */
async function run(files, names = null) {
  const result = await runHere(files, names);
  return result.failed.length === 0 && result.broken !== null && (await renew()) ? runHere(files, names) : result;
}

async function runHere(files, names) {
  searching = names === null;
  vitest.setGlobalTestNamePattern(names === null ? /(?:)/ : exactly(names));
  const [project] = vitest.projects;
  const specifications = names === null ? await vitest.globTestSpecifications(files) : files.map((file) => project.createSpecification(join(ROOT, file)));
  const asked = new Set(specifications.map(({ moduleId }) => moduleId));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  const modules = testModules.filter(({ moduleId }) => asked.has(moduleId));
  const all = modules.flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test, state: test.result().state })));
  const failed = all.filter(({ state }) => state === 'failed');
  return {
    // A defect that keeps a test file from loading is found by a compiler, not by a test.
    broken: [...modules.flatMap((module) => module.errors()), ...unhandledErrors].map((error) => error.message)[0] ?? null,
    passed: all.filter(({ state }) => state === 'passed').map(({ module, test }) => ({ by: relative(ROOT, module.moduleId), test: nameOf(test) })),
    failed: failed.map(({ module, test }) => ({
      by: relative(ROOT, module.moduleId),
      test: nameOf(test),
      took: alone(test),
      why: (test.result().errors ?? []).map((error) => error.message).join(' '),
    })),
  };
}

/** Makes Vite load a file again, but not the files that import it: their code does not change. */
function reload(file) {
  for (const { vite } of vitest.projects)
    for (const { moduleGraph } of Object.values(vite.environments))
      for (const module of moduleGraph.getModulesByFile(file) ?? []) {
        const importers = [...module.importers];
        module.importers.clear();
        moduleGraph.invalidateModule(module);
        for (const each of importers) module.importers.add(each);
      }
}

/** Whether a defect is found: by the test that found it last, else by any of its tests; or by the `quickest` of those. */
async function find(bug, last, quickest) {
  const file = `${ROOT}/${bug.file}`;
  planted = bug;
  surveying = quickest;
  served = 0;
  reload(file);
  vitest.provide('planted', file);
  try {
    const known = last === undefined || quickest ? null : await run([last.by], [last.test]);
    const result = known !== null && known.failed.length > 0 ? known : await run(bug.tests);
    if (result.failed.length === 0 && result.broken !== null) return { error: `the defect does not compile: ${result.broken}` };
    if (served === 0) return { error: `no test of ${bug.tests.join(', ')} loads ${bug.file}` };
    const [first] = quickest ? result.failed.toSorted((a, b) => a.took - b.took) : result.failed;
    return { test: first?.test ?? null, by: first?.by ?? null, remembered: result === known };
  } finally {
    planted = null;
    reload(file);
  }
}

/** Like {@link find}, but the finding test has to pass without the defect. For remembered tests, `passes` says that this is known. */
async function findSoundly({ bug, last, passes, quickest }) {
  const { remembered, ...found } = await find(bug, last, quickest);
  if ((remembered && passes) || found.by === null || found.error !== undefined) return found;
  const { failed, broken } = await run([found.by], [found.test]);
  return failed.length === 0 && broken === null ? found : { error: `${found.test} fails without the defect, too` };
}

/** Runs the remembered tests without any defect. */
const soundness = async (tests) => {
  const files = [...new Set(tests.map(({ by }) => by))];
  return files.length === 0 ? { broken: null, passed: [], failed: [] } : run(files, [...new Set(tests.map(({ test }) => test))]);
};

process.on('message', async ({ sound, ...question }) => {
  try {
    process.send(sound === undefined ? await findSoundly(question) : await soundness(sound));
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.on('disconnect', () => vitest.close().finally(() => process.exit()));
process.send({ ready: true });
