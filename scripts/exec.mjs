// Runs commands and tests as steps of a longer run: their result, their output, their cost. Plain Node 20, no dependencies.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { findPython, NODE, ROOT } from './setup.mjs';

/**
 * Runs a command with Node 24 in its path.
 *
 * @returns {Promise<{ ok: boolean, log: string, cpu: number }>} whether it succeeded, its output, and the CPU seconds of it and its children
 */
export function exec(command, ...args) {
  const env = { ...process.env, PATH: `${dirname(NODE)}:${process.env.PATH}`, DO_NOT_TRACK: '1', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
  return new Promise((resolve) => {
    // Node does not report the CPU time of a child.
    const timed = [join(ROOT, 'scripts', 'timed.py'), command, ...args];
    const child = spawn(findPython().name, timed, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    let [log, cpu] = ['', ''];
    child.stdout.on('data', (data) => (log += String(data)));
    child.stderr.on('data', (data) => (log += String(data)));
    child.stdio[3].on('data', (data) => (cpu += String(data)));
    child.once('error', (error) => resolve({ ok: false, log: String(error), cpu: 0 }));
    child.once('close', (code) => resolve({ ok: code === 0, log, cpu: Number(cpu) }));
  });
}

/** A message without its stack, on one line. Of a long one both ends: a comparison says at its end what was expected. */
function inOneLine(text) {
  const said = stripVTControlCharacters(text ?? '')
    .split(/\n\s+at /, 1)[0]
    .replaceAll(/\s*\n\s*/g, ' / ');
  return said.length <= 900 ? said : `${said.slice(0, 300)} … ${said.slice(-600)}`;
}

/** Prefix of log lines that name a failed test. A run repeats these lines at its end, where people look first. */
export const FAILED = 'FAILED ';

const reportOf = (name) => join(ROOT, '.cache', `vitest-${name}.json`);

/** The tests that passed in the last run under a name, each as `file: its full name`. */
export function passedIn(name) {
  const { testResults } = JSON.parse(readFileSync(reportOf(name), 'utf8'));
  return new Set(
    testResults.flatMap(({ name: file, assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => `${relative(ROOT, file)}: ${fullName}`),
    ),
  );
}

/**
 * Runs tests. A skipped test counts as failed, because it proves nothing. So does a file without a result, and a run without a test.
 *
 * @param {string} name of the report
 * @param {string[]} args of `vitest run`
 * @returns {Promise<{ ok: boolean, passed: number, failed: number, said: string[], log: string, cpu: number }>} `said`: the tests' `task.meta.said`
 */
export async function vitest(name, ...args) {
  const report = reportOf(name);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const program = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { ok, log, cpu } = await exec(NODE, program, 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`);
  if (!existsSync(report)) return { ok: false, passed: 0, failed: 1, said: [], log: `vitest left no report.\n${log}`, cpu };
  const found = JSON.parse(readFileSync(report, 'utf8'));
  const skipped = found.numPendingTests + found.numTodoTests;
  const broken = found.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')).length;
  const bad = found.numFailedTests + skipped + broken;
  const failed = bad === 0 && !(ok && found.success && found.numPassedTests > 0) ? 1 : bad;
  const lines = found.testResults.flatMap(({ name: file, message, assertionResults }) => [
    ...(message === '' ? [] : [`${FAILED}${relative(ROOT, file)}: ${inOneLine(message)}`]),
    ...assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${FAILED}${relative(ROOT, file)}: ${fullName}: ${inOneLine(failureMessages[0])}`),
  ]);
  return {
    ok: failed === 0,
    passed: found.numPassedTests,
    failed,
    said: found.testResults.flatMap((file) => file.assertionResults.flatMap((test) => test.meta?.said ?? [])),
    log: `${log}\n${lines.join('\n')}\n${name}: ${found.numFailedTests} failed, ${skipped} skipped, ${broken} files without a result`,
    cpu,
  };
}
