#!/usr/bin/env node
// `npm test`: sets up, then runs what a contributor runs before proposing a change. `npm run test:all` (`--all`) runs everything. `--only a,b` runs some
// steps of all. Four steps run at a time, and a table shows the time of each. The last line is `N passed, N failed`.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, FAILED, passedIn, vitest } from './exec.mjs';
import { JUDGES } from './judges.mjs';
import { pack } from './registry.mjs';
import { fail, install, NODE, ROOT, setup, TSC } from './setup.mjs';
import { checkWorkspace } from './workspace.mjs';

const all = process.argv.includes('--all');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : null;
// Properties are tried more often.
if (all) process.env.REDRESS_WHOLE = '1';
const bin = (name) => join(ROOT, 'node_modules', '.bin', name);
const script = (name, ...args) => [NODE, join(ROOT, 'scripts', `${name}.mjs`), ...args];

/** Packs each package as it would be published, and checks the tarballs. */
async function checkPackages() {
  const folder = mkdtempSync(join(tmpdir(), 'redress-pack-'));
  try {
    return await exec(...script('check-packages', ...(await pack(folder))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tests of a project. */
const tests = (project) => vitest(project, '--project', project);

/** A command that counts its own results: its last line is `N passed, N failed`. */
async function counted(...command) {
  const { ok, log, cpu } = await exec(...command);
  const [passed = 0, failed = 0] = (/(\d+) passed, (\d+) failed\s*$/.exec(log) ?? []).slice(1).map(Number);
  return { ok, passed, failed: ok ? failed : Math.max(1, failed), log, cpu };
}

const campaign = (...args) => exec(...script('campaign', '--only', ...args));

/** The steps with the tests that find planted defects. */
const TESTED = ['unit', 'engine'];
/** The file in which the step `promises` lists the tests that found its defects; null: they are not compared with the tests of this run. */
const FINDERS = (only === null ? !all : [...TESTED, 'promises'].every((each) => only.includes(each))) ? join(ROOT, '.cache', 'finders.json') : null;

/**
 * A test that finds a defect has to pass without it. A remembered test is compared only with {@link TESTED}, whose environment differs from that of the lane
 * that plants defects. So a test that passes there may fail in the lane. The step `planted` (`--all`) runs the finders without a defect in the lane itself.
 */
async function checkFinders() {
  const passed = TESTED.map(passedIn);
  const unsound = JSON.parse(readFileSync(FINDERS, 'utf8')).filter(({ by, test }) => !passed.some((of) => of.has(`${by}: ${test}`)));
  return { ok: unsound.length === 0, log: unsound.map(({ by, test }) => `${by}: ${test}: finds a defect, and does not pass without it`).join('\n'), cpu: 0 };
}

/**
 * The steps, each with its work. Four run at a time, so long ones come first.
 *
 * @type {[name: string, work: () => Promise<{ ok: boolean, log: string, cpu: number, passed?: number, failed?: number }>][]}
 */
const STEPS = [
  ['kit', () => tests('kit')],
  ['judges', () => counted(...script('judges'))],
  // Two files at a time, where two cores would get one: many tests wait for leases, queues and stacks.
  ['deployed', () => vitest('deployed', '--project', 'deployed', '--maxWorkers=2')],
  ['planted', () => campaign('planted', '--lanes', '1')],
  ['unit', () => tests('unit')],
  // Each safety promise is broken once.
  ['promises', () => campaign('planted', '--once', '--lanes', '1', ...(FINDERS === null ? [] : ['--finders', FINDERS]))],
  ['engine', () => tests('engine')],
  ['integration', () => tests('integration')],
  ['long', () => tests('long')],
  ['mutation', () => campaign('mutation')],
  ['faults', () => campaign('faults')],
  ['simulation', () => campaign('simulation')],
  ['packages', checkPackages],
  ['races', () => campaign('races')],
  ['prose', () => exec(...script('prose'))],
  ['arrows', () => exec(bin('depcruise'), '--config', '.dependency-cruiser.mjs', 'packages', 'examples')],
  ['typecheck', () => exec(NODE, ...TSC, '-p', '.', '--incremental', '--tsBuildInfoFile', join(ROOT, '.cache', 'types.tsbuildinfo'))],
  ['lint', () => exec(bin('biome'), 'check', '.')],
  ['unused', () => exec(bin('knip'), '--no-progress')],
  ['docs', () => exec(...script('generate-docs', '--check'))],
  [
    'workspace',
    async () => {
      const problems = checkWorkspace();
      return { ok: problems.length === 0, log: problems.join('\n'), cpu: 0 };
    },
  ],
];
/** What a contributor runs. */
const QUICK = new Set(['unit', 'promises', 'engine', 'integration', 'prose', 'arrows', 'typecheck', 'lint', 'unused', 'docs', 'workspace']);
/** What uses packages as they are published. */
const NEEDS_BUILD = new Set(['kit', 'deployed', 'packages']);

/** The steps that are asked for. */
function asked() {
  const names = STEPS.map(([name]) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no step ${unknown}: ${names.join(', ')}`);
  // The step `planted` plants every defect, and `promises`, which plants one for each promise, would repeat that.
  return STEPS.filter(([name]) => (only !== null ? only.includes(name) : all ? name !== 'promises' : QUICK.has(name)));
}

const done = [];
/** Runs one step. If it fails, its log is printed. */
async function step([name, work]) {
  const started = Date.now();
  const { ok, log, cpu, passed = ok ? 1 : 0, failed = ok ? 0 : 1 } = await work().catch((error) => ({ ok: false, log: error.stack, cpu: 0 }));
  const tests = ok ? [] : log.split('\n').filter((each) => each.startsWith(FAILED));
  done.push({ name, ok, tests, passed, failed, wall: (Date.now() - started) / 1000, cpu });
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
  if (!ok) console.log(log.split('\n').slice(-200).join('\n'));
}

/** Runs steps, four at a time: each waits for processes, emulators or timers now and then, and fewer would leave a core idle. */
async function steps(given) {
  const waiting = given.values();
  const lane = async () => {
    for (const each of waiting) await step(each);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

const sum = (key) => done.reduce((total, each) => total + each[key], 0);
const line = (name, wall, cpu) => console.log(`${name.padEnd(14)} ${wall.toFixed(1).padStart(8)} ${cpu.toFixed(1).padStart(8)}`);

try {
  const given = asked();
  await setup({ python: all || only !== null ? ['moto', 'ministack', 'awscli'] : ['moto'] });
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  if (given.some(([name]) => name === 'judges')) {
    // They stay, so their first installation is none of what a run costs. What cannot be installed is tried again by its judge, which fails.
    const installed = await install([...new Set(JUDGES.flatMap(({ tools }) => tools.map(({ name }) => name)))]).catch(({ message }) => console.log(message));
    if (installed !== undefined) console.log(`Installed the judges' tools in ${(installed / 1000).toFixed(1)} s.`);
  }
  const started = Date.now();
  if (FINDERS !== null) rmSync(FINDERS, { force: true });
  if (given.some(([name]) => NEEDS_BUILD.has(name))) await step(['build', () => exec(...script('build'))]);
  await steps(given);
  if (FINDERS !== null) await step(['finders', checkFinders]);
  console.log(`\n${'step'.padEnd(14)}   wall s    CPU s`);
  for (const { name, wall, cpu } of done) line(name, wall, cpu);
  line('together', (Date.now() - started) / 1000, sum('cpu'));
} catch (error) {
  fail(error);
  done.push({ name: 'setup', ok: false, tests: [], passed: 0, failed: 1, wall: 0, cpu: 0 });
}
const failures = done.filter(({ ok }) => !ok);
for (const { tests } of failures) for (const each of tests) console.log(each);
if (failures.length > 0) console.log(`Failed: ${failures.map(({ name }) => name).join(', ')}`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
