#!/usr/bin/env node
// Plants each deliberate defect in a copy of the repository, and runs the tests that should find it. The repository itself is not touched.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { NODE, ROOT } from '../scripts/setup.mjs';
import { plantedBugs } from './planted/index.mjs';

/** Which test found a defect last: it is asked first, and alone. Where it does not find it, all of them are asked. */
export const FOUND = join(ROOT, 'campaign', 'planted-found.json');
const LANES = Math.min(2, availableParallelism());

/** What git knows, with installed packages beside it. Links between packages are relative, so they lead to the copies. */
function copyRepository(target) {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: ROOT }).toString().split('\0').filter(Boolean);
  for (const file of files) {
    if (!existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file));
  }
  mkdirSync(join(target, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    const [from, to] = [join(ROOT, 'node_modules', name), join(target, 'node_modules', name)];
    if (name.startsWith('@redress')) cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    else symlinkSync(from, to);
  }
  for (const folder of new Set(files.filter((file) => /^(?:packages|examples)\/.*package\.json$/.test(file)).map((file) => dirname(file)))) {
    const installed = join(ROOT, folder, 'node_modules');
    if (existsSync(installed)) cpSync(installed, join(target, folder, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  }
}

// Vitest has ` > ` between the parts of a name, and its report a space.
const exactly = (name) => `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '(?: > | )')}$`;

/** Whether the tests fail, and the name and file of the first that does. */
function failing(folder, tests, name = null) {
  const report = join(folder, 'planted.json');
  rmSync(report, { force: true });
  const args = [
    join(folder, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'unit',
    '--project',
    'property',
    '--bail=1',
    '--reporter=json',
    `--outputFile=${report}`,
    ...(name === null ? [] : ['--testNamePattern', exactly(name)]),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, [...args, ...tests], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${dirname(NODE)}:${process.env.PATH}` },
    });
    let log = '';
    child.stderr.on('data', (data) => (log += String(data)));
    child.once('error', reject);
    child.once('exit', () => {
      if (!existsSync(report)) return reject(new Error(`the tests left no report: ${log.slice(-500)}`));
      const found = JSON.parse(readFileSync(report, 'utf8'));
      const all = found.testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: relative(folder, file.name) })));
      const first = all.find((test) => test.status === 'failed');
      // A defect that keeps a test file from loading is found by whoever compiles, not by a test.
      if (first === undefined && found.testResults.some((file) => file.status === 'failed'))
        return reject(new Error('a test file could not be loaded: the defect is no program'));
      const why = all
        .filter((test) => test.status === 'failed')
        .map((test) => `${test.fullName.trim()}: ${(test.failureMessages ?? []).join(' ').slice(0, 600)}`);
      resolve({ ran: all.length, test: first?.fullName.trim() ?? null, by: first?.file ?? null, why });
    });
  });
}

/**
 * Plants the defects, one at a time.
 *
 * @param {{ only?: string, log?: (line: string) => void }} [options]
 * @returns {Promise<{ planted: number, found: number, results: { promise: string, defect: string, file: string, test: string | null, by: string | null }[] }>}
 */
export async function plant(options = {}) {
  const log = options.log ?? (() => undefined);
  const bugs = plantedBugs.filter((bug) => options.only === undefined || `${bug.promise} ${bug.defect}`.includes(options.only));
  // A place that is no longer there is a mistake of this list; all of them are told at once.
  const lost = bugs.flatMap(({ file, find, defect }) => {
    const times = readFileSync(join(ROOT, file), 'utf8').split(find).length - 1;
    return times === 1 ? [] : [`${file}: the place of the defect "${defect}" occurs ${times} times, not once.`];
  });
  if (lost.length > 0) throw new Error(lost.join('\n'));
  // Most of a run is one thread that starts: a copy of the repository for each core.
  const folders = Array.from({ length: Math.max(1, Math.min(LANES, bugs.length)) }, () => mkdtempSync(join(tmpdir(), 'redress-planted-')));
  const results = [];
  try {
    for (const folder of folders) copyRepository(folder);
    // Tests that fail by themselves find nothing.
    const sound = await failing(folders[0], [...new Set(bugs.flatMap((bug) => bug.tests))]);
    if (sound.test !== null) throw new Error(`Without any defect tests fail:\n${sound.why.join('\n')}`);
    log(`${sound.ran} tests pass without a defect.`);
    const last = existsSync(FOUND) ? JSON.parse(readFileSync(FOUND, 'utf8')) : {};
    const waiting = bugs.entries();
    await Promise.all(
      folders.map(async (folder) => {
        for (const [index, { promise, defect, file, find, replace, tests }] of waiting) {
          const source = readFileSync(join(folder, file), 'utf8');
          writeFileSync(
            join(folder, file),
            source.replace(find, () => replace),
          );
          const { by: where, test: which } = last[`${file}: ${defect}`] ?? {};
          const known = where !== undefined && existsSync(join(folder, where)) ? await failing(folder, [where], which).catch(() => null) : null;
          const { test, by } = known?.test != null ? known : await failing(folder, tests);
          writeFileSync(join(folder, file), source);
          results[index] = { promise, defect, file, test, by };
          log(`${test === null ? 'NOT FOUND' : 'found    '}  ${promise}\n           defect: ${defect}\n           by:     ${test ?? 'no test'}`);
        }
      }),
    );
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  return { planted: results.length, found: results.filter((each) => each.test !== null).length, results };
}
