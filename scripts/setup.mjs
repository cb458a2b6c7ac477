#!/usr/bin/env node
// Installs and builds what is missing: packages by pnpm, the emulator by pip, the packages' code by tsup. Plain Node 20, no dependencies.
// Everything it says goes to stderr, so that commands which set up on their way keep a clean stdout.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, '.cache');
const PNPM = 'pnpm@10.34.9';

/** Node 24, which comes as a development dependency where the machine's own Node is older. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/**
 * Environments of Python, each with a folder and a requirements file of its own, for their dependencies do not agree: the emulator of everything
 * (moto), the emulator that enforces IAM (ministack), a linter of templates (checkov), and what a benchmark compares with (c7n).
 */
const ENVIRONMENTS = {
  moto: { folder: '.venv', requirements: 'requirements.txt', what: 'the AWS emulator (moto' },
  ministack: { folder: '.venv-ministack', requirements: 'requirements-ministack.txt', what: 'the emulator that enforces IAM (ministack' },
  checkov: { folder: '.venv-checkov', requirements: 'requirements-checkov.txt', what: 'the linter of templates (checkov' },
  c7n: { folder: '.cache/c7n-venv', requirements: 'requirements-c7n.txt', what: 'the peer that benchmarks compare with (Cloud Custodian' },
};

/** The interpreter of an environment. */
export function pythonOf(name) {
  return join(ROOT, ENVIRONMENTS[name].folder, 'bin', 'python');
}

/** Python with the emulator in it. */
export const PYTHON = pythonOf('moto');

const say = (text) => process.stderr.write(`${text}\n`);

class SetupError extends Error {}

/** Runs a command; its output goes to stderr when `loud`, else only when it fails. */
function run(command, args, { loud = false, env = process.env, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    const take = (data) => {
      if (loud) process.stderr.write(data);
      log = (log + String(data)).slice(-20_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => reject(new SetupError(`${command} cannot be run: ${error.message}`)));
    child.once('exit', (code) => (code === 0 ? resolve(log) : reject(new SetupError(`${command} ${args.join(' ')} ended with ${code}:\n${loud ? '' : log}`))));
  });
}

/** Runs pnpm, pinned. */
export function pnpm(args, options) {
  return run('npx', ['--yes', PNPM, ...args], options);
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

const read = (file) => (existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file)) : '');

function packageFolders() {
  const found = [];
  for (const parent of ['packages', 'packages/remediators', 'examples']) {
    if (!existsSync(join(ROOT, parent))) continue;
    for (const name of readdirSync(join(ROOT, parent))) if (existsSync(join(ROOT, parent, name, 'package.json'))) found.push(`${parent}/${name}`);
  }
  return found.sort();
}

function filesUnder(folder) {
  const all = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(path, entry.name));
      else if (!entry.name.endsWith('.test.ts')) all.push(join(path, entry.name));
    }
  };
  if (existsSync(join(ROOT, folder))) walk(join(ROOT, folder));
  return all.sort();
}

const installStamp = () =>
  digest([
    PNPM,
    process.arch,
    ...['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...packageFolders().map((folder) => `${folder}/package.json`)].map(read),
  ]);
const buildStamp = () =>
  digest(
    packageFolders()
      .flatMap((folder) => [read(`${folder}/package.json`)].concat(filesUnder(`${folder}/src`).flatMap((file) => [relative(ROOT, file), readFileSync(file)])))
      .concat([read('scripts/build.mjs'), read('tsconfig.base.json')]),
  );

const stampFile = (name) => join(CACHE, `${name}.stamp`);
const fresh = (name, stamp) => existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === stamp;
const keep = (name, stamp) => writeFileSync(stampFile(name), stamp);

/** Only one process sets up at a time. A lock whose owner is gone is taken over. */
async function locked(work) {
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, 'setup.lock');
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const pid = Number(existsSync(join(lock, 'pid')) ? readFileSync(join(lock, 'pid'), 'utf8') : 0);
      if (pid > 0 && !alive(pid)) rmSync(lock, { recursive: true, force: true });
      else {
        if (waited === 0) say('Another process is setting up; waiting for it.');
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function findPython() {
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const result = spawnSync(name, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], { encoding: 'utf8' });
    const version = result.status === 0 ? result.stdout.trim() : '';
    const [major, minor] = version.split('.').map(Number);
    if (major === 3 && minor >= 10) return { name, version };
  }
  throw new SetupError(
    'Python 3.10 or newer is needed for the AWS emulator. Install it (Debian: apt install python3 python3-venv; macOS: brew install python) and try again.',
  );
}

/**
 * Sets up what is missing or out of date.
 *
 * @param {{ python?: boolean | readonly ('moto' | 'ministack' | 'checkov' | 'c7n')[], build?: boolean }} [options] `true` is moto alone.
 */
export async function setup({ python = true, build = true } = {}) {
  const install = installStamp();
  const needInstall = !fresh('install', install) || !existsSync(NODE);
  const needBuild = build && (needInstall || !fresh('build', buildStamp()));
  const environments = (python === true ? ['moto'] : python === false ? [] : python).filter((name) => !pythonFresh(name));
  if (!needInstall && !needBuild && environments.length === 0) return;
  await locked(async () => {
    const started = Date.now();
    const jobs = [];
    for (const name of environments) jobs.push(installPython(name));
    jobs.push(
      (async () => {
        if (needInstall && !(fresh('install', install) && existsSync(NODE))) {
          say('Installing packages (pnpm) …');
          await pnpm(['install', '--frozen-lockfile', '--prefer-offline']);
          keep('install', install);
        }
        const stamp = buildStamp();
        if (needBuild && !fresh('build', stamp)) {
          say('Building packages …');
          await run(NODE, [join(ROOT, 'scripts', 'build.mjs'), '--code']);
          keep('build', stamp);
        }
      })(),
    );
    const failed = (await Promise.allSettled(jobs)).filter((job) => job.status === 'rejected');
    if (failed.length > 0) throw failed[0].reason;
    say(`Set up in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  });
}

const wanted = (name) => digest([read(ENVIRONMENTS[name].requirements)]);
const pythonStamp = (name) => (name === 'moto' ? 'python' : `python-${name}`);

function pythonFresh(name) {
  const stamp = stampFile(pythonStamp(name));
  return existsSync(pythonOf(name)) && existsSync(stamp) && readFileSync(stamp, 'utf8').startsWith(wanted(name));
}

async function installPython(name) {
  const { folder, requirements, what } = ENVIRONMENTS[name];
  const found = findPython();
  const stamp = `${wanted(name)} ${found.version}`;
  if (existsSync(pythonOf(name)) && fresh(pythonStamp(name), stamp)) return;
  say(`Installing ${what}, Python ${found.version}) …`);
  rmSync(join(ROOT, folder), { recursive: true, force: true });
  try {
    await run(found.name, ['-m', 'venv', folder]);
  } catch (error) {
    throw new SetupError(`Python's venv module is missing (Debian: apt install python3-venv).\n${error.message}`);
  }
  await run(pythonOf(name), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  keep(pythonStamp(name), stamp);
}

/** Runs a program on Node 24 with this process's terminal; resolves to its exit code. */
export function onNode24(args, { cwd = ROOT, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, args, { cwd, env, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** Ends this process with a message instead of a stack, when it is a mistake that a person can correct. */
export function fail(error) {
  say(error instanceof SetupError ? error.message : (error?.stack ?? String(error)));
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  await setup().then(() => say('Everything is set up.'), fail);
}
