#!/usr/bin/env node
// `npm test`: sets up, then every check there is. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, NODE, pnpm, ROOT, setup } from './setup.mjs';
import { checkWorkspace, packages } from './workspace.mjs';

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : null;
const counts = { passed: 0, failed: 0 };
const failures = [];
const env = {
  ...process.env,
  PATH: `${dirname(NODE)}:${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  FORCE_COLOR: process.stdout.isTTY ? '1' : '0',
};
const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

function exec(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let log = '';
    child.stdout?.on('data', (data) => (log += String(data)));
    child.stderr?.on('data', (data) => (log += String(data)));
    child.once('error', (error) => resolve({ ok: false, log: String(error) }));
    child.once('exit', (code) => resolve({ ok: code === 0, log }));
  });
}

/** One named check. It passes, or its log is printed. */
async function step(name, work) {
  if (only !== null && !only.includes(name)) return;
  const started = Date.now();
  let result;
  try {
    result = await work();
  } catch (error) {
    result = { ok: false, log: error.stack };
  }
  const { ok, log = '', passed = ok ? 1 : 0, failed = ok ? 0 : 1 } = result;
  counts.passed += passed;
  counts.failed += failed;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) {
    failures.push(name);
    console.log(log.split('\n').slice(-200).join('\n'));
  }
}

/** Packs each package as it would be published, and looks at the tarball. */
async function checkPackages() {
  const folder = mkdtempSync(join(tmpdir(), 'redress-pack-'));
  try {
    const problems = [];
    for (const { path } of packages()) {
      const cwd = join(ROOT, path);
      const target = join(folder, path.replaceAll('/', '-'));
      mkdirSync(target);
      await pnpm(['pack', '--pack-destination', target], { cwd, env });
      const tarball = join(target, readdirSync(target)[0]);
      for (const [tool, args] of [
        ['publint', [tarball, '--strict']],
        ['attw', [tarball, '--profile', 'esm-only', '--no-emoji']],
      ]) {
        const { ok, log } = await exec(bin(tool), args);
        if (!ok) problems.push(`${path}: ${tool}\n${log}`);
      }
    }
    return { ok: problems.length === 0, log: problems.join('\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tests of some projects; a skipped one counts as failed, for it proves nothing. */
async function vitest(projects, stdio) {
  const report = join(ROOT, '.cache', `vitest-${projects[0]}.json`);
  rmSync(report, { force: true });
  const args = ['run', ...projects.flatMap((each) => ['--project', each]), '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { log } = await exec(bin('vitest'), args, { stdio });
  if (!existsSync(report)) return { ok: false, log: `vitest left no report. ${log}` };
  const found = JSON.parse(readFileSync(report, 'utf8'));
  const skipped = found.numPendingTests + found.numTodoTests;
  const broken = found.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')).length;
  const failed = found.numFailedTests + skipped + broken;
  const ok = failed === 0 && found.success;
  const shown = ok ? `${found.numPassedTests} passed: ${projects.join(', ')}` : log;
  return {
    ok,
    passed: found.numPassedTests,
    failed: failed === 0 && !found.success ? 1 : failed,
    log: `${shown}\n${projects.join(', ')}: ${found.numFailedTests} failed, ${skipped} skipped, ${broken} files without a result`,
  };
}

/** All tests. Those that use the emulator share it, one file after the other; beside them the others run, which use nothing. */
async function tests() {
  const both = await Promise.all([vitest(['integration'], ['ignore', 'inherit', 'inherit']), vitest(['unit', 'property'], ['ignore', 'pipe', 'pipe'])]);
  return {
    ok: both.every(({ ok }) => ok),
    passed: both.reduce((sum, { passed = 0 }) => sum + passed, 0),
    failed: both.reduce((sum, { ok, failed = ok ? 0 : 1 }) => sum + failed, 0),
    log: both.map(({ log }) => log).join('\n'),
  };
}

try {
  await setup({ python: ['moto', 'ministack', 'checkov'] });
  await step('lint', () => exec(bin('biome'), ['check', '.']));
  await step('typecheck', async () => {
    const inPackages = await exec('npx', ['--yes', 'pnpm@10.34.9', 'exec', 'turbo', 'run', 'typecheck', '--output-logs=errors-only', '--no-update-notifier']);
    return inPackages.ok ? exec(bin('tsc'), ['-p', '.']) : inPackages;
  });
  await step('workspace', async () => {
    const problems = checkWorkspace();
    return { ok: problems.length === 0, log: problems.join('\n') };
  });
  await step('docs', () => exec(NODE, [join(ROOT, 'scripts', 'generate-docs.mjs'), '--check']));
  await step('arrows', () => exec(bin('depcruise'), ['--config', '.dependency-cruiser.mjs', 'packages', 'examples']));
  await step('unused', () => exec(bin('knip'), ['--no-progress']));
  await step('packages', checkPackages);
  await step('vitest', tests);
  await step('campaign', () => exec(NODE, [join(ROOT, 'scripts', 'campaign.mjs')]));
} catch (error) {
  fail(error);
  counts.failed++;
}
if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
