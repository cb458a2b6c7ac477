#!/usr/bin/env node
// Installs and builds what is missing: packages with pnpm, emulators and judges with pip, Maven and Go, the packages' code with tsup. Plain Node 20, no
// dependencies. All its output goes to stderr, so that commands that run it keep a clean stdout.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, '.cache');
const PNPM = 'pnpm@10.34.9';

/** Node 24. It is a development dependency for machines with an older Node. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/**
 * The compiler, as arguments of Node. It is the native one, which takes a third of the CPU time. `typescript` is the last version that other tools can call.
 * It uses one thread, because other steps run at the same time.
 */
export const TSC = [join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc'), '--singleThreaded'];

/**
 * Tools that are installed beside the packages, each in its own folder with a pinned version. Each Python tool has its own requirements file, because their
 * dependencies conflict. A `whole` file lists everything that is installed. A Go library comes with a program of ours that calls it (`source`). `uses` has
 * to exist at run time, and `builds` at installation; neither is installed from here.
 */
const TOOLS = {
  moto: { folder: '.venv', requirements: 'requirements.txt', what: 'the AWS emulator (moto' },
  ministack: { folder: '.venv-ministack', requirements: 'requirements-ministack.txt', what: 'the emulator that enforces IAM (ministack' },
  awscli: { folder: '.cache/awscli', requirements: 'requirements-awscli.txt', what: 'the AWS command line (awscli' },
  checkov: { folder: '.venv-checkov', requirements: 'requirements-checkov.txt', what: 'the linter of templates (checkov' },
  c7n: { folder: '.cache/c7n-venv', requirements: 'requirements-c7n.txt', what: 'the peer that benchmarks compare with (Cloud Custodian' },
  'cfn-lint': { folder: '.cache/judges/cfn-lint', requirements: 'requirements-cfn-lint.txt', what: "AWS's linter of templates (cfn-lint" },
  'ocsf-json-schema': { folder: '.cache/judges/ocsf', requirements: 'requirements-ocsf.txt', what: 'the validator of OCSF (ocsf-json-schema' },
  'compliance-trestle': { folder: '.cache/judges/trestle', requirements: 'requirements-trestle.txt', what: 'the validator of OSCAL (compliance-trestle' },
  botocore: { folder: '.cache/judges/botocore', requirements: 'requirements-botocore.txt', what: "AWS's service models (botocore" },
  // It depends on the clients of every cloud, 2.3 GB. Its requirements list, completely, only what a scan of AWS loads, 380 MB.
  prowler: { folder: '.cache/judges/prowler', requirements: 'requirements-prowler.txt', whole: true, what: 'the scanner (prowler' },
  'event-ruler': {
    folder: '.cache/judges/event-ruler',
    maven: 'software.amazon.event.ruler:event-ruler:2.1.0',
    what: "EventBridge's matcher (Event Ruler, by Maven",
    uses: ['javac'],
    builds: ['mvn'],
  },
  versitygw: {
    folder: '.cache/judges/versitygw',
    go: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
    what: 'the S3 server (versitygw, compiled by Go, a few minutes',
    builds: ['go'],
  },
  tessera: {
    folder: '.cache/judges/tessera',
    go: 'github.com/transparency-dev/tessera/cmd/fsck@v1.0.4',
    what: 'the checker of transparency logs (fsck of Tessera, compiled by Go',
    builds: ['go'],
  },
  litewitness: {
    folder: '.cache/judges/litewitness',
    go: 'filippo.io/torchwood/cmd/litewitness@v0.6.1',
    what: 'the witness of transparency logs (litewitness, compiled by Go, a few minutes',
    builds: ['go'],
  },
  'sumdb-note': {
    folder: '.cache/judges/sumdb-note',
    go: 'golang.org/x/mod@v0.43.0',
    source: 'tests/judges/note',
    what: "Go's library of signed notes (sumdb/note, compiled by Go",
    builds: ['go'],
  },
  'playwright-core': { folder: 'node_modules/playwright-core', npm: 'playwright-core', what: 'what drives the browser (playwright-core', uses: ['chromium'] },
  zsh: { folder: 'node_modules', debian: 'zsh', what: 'the shell (zsh', uses: ['zsh'] },
  fish: { folder: 'node_modules', debian: 'fish', what: 'the shell (fish', uses: ['fish'] },
  'cfn-guard': {
    folder: 'node_modules/@cdklabs/cdk-validator-cfnguard',
    npm: '@cdklabs/cdk-validator-cfnguard',
    what: 'cfn-guard with the rules of Control Tower (@cdklabs/cdk-validator-cfnguard',
  },
  'cdk-nag': { folder: 'node_modules/cdk-nag', npm: 'cdk-nag', what: 'the rules of cdk-nag (cdk-nag' },
  'axe-core': { folder: 'node_modules/axe-core', npm: 'axe-core', what: 'the checker of accessibility (axe-core', uses: ['chromium'] },
};
/** The Maven plugin that copies an artefact with its dependencies. */
const MAVEN_COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Programs that have to be on the machine: how each reports its version, the minimum version, and the command that installs it. */
const PROGRAMS = {
  javac: { version: ['-version'], least: [17], install: 'apt install openjdk-17-jdk-headless', what: 'A JDK of Java' },
  mvn: { version: ['--version'], least: [3, 6], install: 'apt install maven', what: 'Maven' },
  // From 1.21 on it downloads the newer version that a module requires.
  go: { version: ['version'], least: [1, 21], install: 'apt install golang-go', before13: 'apt install -t bookworm-backports golang-go', what: 'Go' },
  zsh: { version: ['--version'], least: [5], install: 'apt install zsh', what: 'Zsh', debian: 'zsh' },
  fish: { version: ['--version'], least: [3], install: 'apt install fish', what: 'Fish', debian: 'fish' },
  chromium: { version: ['--version'], least: [120], install: 'apt install chromium', what: 'Chromium', debian: 'chromium' },
};

const place = (name) => join(ROOT, TOOLS[name].folder);
const interpreter = (name) => join(place(name), 'bin', 'python');

/** The folder of a tool. A judge may only use tools in its own entry (`REDRESS_TOOLS`): only those are certainly installed. */
export function folderOf(name) {
  const named = process.env.REDRESS_TOOLS?.split(',') ?? [name];
  if (!named.includes(name))
    throw new SetupError(`The entry of this judge names ${named.join(', ')}, and not ${name}. Add it to the judge's entry in scripts/judges.mjs.`);
  return place(name);
}

/** The interpreter of a Python tool. */
export function pythonOf(name) {
  return join(folderOf(name), 'bin', 'python');
}

/** The pinned version of a tool. */
export function versionOf(name) {
  return /[=:@]v?([0-9][^=:@\s]*)\s*$/.exec(pinned(name))?.[1] ?? '';
}

/** The Python that has the emulator. */
export const PYTHON = interpreter('moto');

const say = (text) => process.stderr.write(`${text}\n`);

/** An error that a person can correct: {@link fail} shows its message without a stack. */
export class SetupError extends Error {}

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
/** The digest of all sources of a build. */
export const buildStamp = () =>
  digest(
    packageFolders()
      .flatMap((folder) => [read(`${folder}/package.json`)].concat(filesUnder(`${folder}/src`).flatMap((file) => [relative(ROOT, file), readFileSync(file)])))
      .concat([read('scripts/build.mjs'), read('tsconfig.base.json')]),
  );

const stampFile = (name) => join(CACHE, `${name}.stamp`);
const fresh = (name, stamp) => existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === stamp;
const keep = (name, stamp) => writeFileSync(stampFile(name), stamp);

/** Waits for all of them, and then throws what the first failed with: one that fails leaves none running. */
async function every(jobs) {
  const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

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

/** Checks that the program exists and is new enough. */
async function need(name) {
  const { version, least, install, before13, what, debian } = PROGRAMS[name];
  const there = () => {
    const { status, stdout, stderr } = spawnSync(name, version, { encoding: 'utf8' });
    const [, major, minor = '0'] = (status === 0 && /(\d+)\.(\d+)/.exec(`${stdout}${stderr}`)) || [];
    return { major, minor, fits: Number(major) > least[0] || (Number(major) === least[0] && Number(minor) >= (least[1] ?? 0)) };
  };
  // Root installs it without asking: in a container, or on a CI machine.
  if (debian !== undefined && !there().fits && process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    say(`Installing ${what} (apt-get install ${debian}) …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['-qq', 'update'], { env });
    await run('apt-get', ['-qq', '--yes', '--no-install-recommends', 'install', debian], { env });
  }
  const { major, minor, fits } = there();
  if (fits) return;
  const found = major === undefined ? 'is not there' : `is ${major}.${minor}`;
  const older = before13 === undefined ? '' : `, before Debian 13: ${before13}`;
  throw new SetupError(`${what} ${least.join('.')} or newer is needed; ${name} ${found}. Install it (Debian: ${install}${older}) and try again.`);
}

/** The Python of this machine. */
export function findPython() {
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
 * @param {{ python?: boolean | readonly string[], build?: boolean }} [options] `python`: tools of Python; `true` is moto alone.
 */
export async function setup({ python = true, build = true } = {}) {
  const stamp = installStamp();
  const needInstall = !fresh('install', stamp) || !existsSync(NODE);
  const needBuild = build && (needInstall || !fresh('build', buildStamp()));
  const tools = (python === true ? ['moto'] : python === false ? [] : python).filter((name) => !installed(name));
  if (!needInstall && !needBuild && tools.length === 0) return;
  await locked(async () => {
    const started = Date.now();
    const jobs = [];
    for (const name of tools) jobs.push(installTool(name));
    jobs.push(
      (async () => {
        if (needInstall && !(fresh('install', stamp) && existsSync(NODE))) {
          say('Installing packages (pnpm) …');
          await pnpm(['install', '--frozen-lockfile', '--prefer-offline']);
          keep('install', stamp);
        }
        const sources = buildStamp();
        if (needBuild && !fresh('build', sources)) {
          say('Building packages …');
          await run(NODE, [join(ROOT, 'scripts', 'build.mjs'), '--code']);
          keep('build', sources);
        }
      })(),
    );
    await every(jobs);
    say(`Set up in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  });
}

/**
 * Installs tools that are missing or of another version, and checks for the programs that they use.
 *
 * @param {readonly string[]} names
 * @returns {Promise<number>} the milliseconds of the installation; 0 if everything was there
 * @throws {SetupError} with the command that installs what is missing
 */
export async function install(names) {
  for (const name of names) for (const program of TOOLS[name].uses ?? []) await need(program);
  const missing = names.filter((name) => !installed(name));
  if (missing.length === 0) return 0;
  return locked(async () => {
    const started = Date.now();
    // Another process may just have installed it.
    await every(missing.filter((name) => !installed(name)).map(installTool));
    return Date.now() - started;
  });
}

/** The content that identifies the version of a tool. */
function pinned(name) {
  const { requirements, maven, go, npm, debian } = TOOLS[name];
  if (debian !== undefined) return `${debian}@${PROGRAMS[debian].least.join('.')}`;
  if (npm !== undefined) return `${npm}@${JSON.parse(String(read('package.json'))).devDependencies[npm]}`;
  return requirements === undefined ? (maven ?? go) : String(read(requirements));
}
const wanted = (name) => digest([pinned(name), ...filesUnder(TOOLS[name].source ?? 'no-source').map((file) => readFileSync(file))]);
const toolStamp = (name) => (name === 'moto' ? 'python' : TOOLS[name].requirements === undefined ? `tool-${name}` : `python-${name}`);

function installed(name) {
  // `setup` has installed what the manifest names, and `need` what the machine has.
  if (TOOLS[name].npm !== undefined || TOOLS[name].debian !== undefined) return existsSync(place(name));
  const stamp = stampFile(toolStamp(name));
  const there = TOOLS[name].requirements === undefined ? place(name) : interpreter(name);
  return existsSync(there) && existsSync(stamp) && readFileSync(stamp, 'utf8').startsWith(wanted(name));
}

async function installTool(name) {
  const { requirements, what, npm, builds = [] } = TOOLS[name];
  if (npm !== undefined) throw new SetupError(`${what}) is missing. Install it (npx --yes ${PNPM} install) and try again.`);
  for (const program of builds) await need(program);
  if (requirements !== undefined) return installPython(name);
  say(`Installing ${what}) …`);
  const folder = place(name);
  clear(name);
  mkdirSync(folder, { recursive: true });
  await (TOOLS[name].maven === undefined ? installGo(name, folder) : installMaven(name, folder));
  keep(toolStamp(name), wanted(name));
}

/** So that a partial installation counts as missing. */
function clear(name) {
  rmSync(stampFile(toolStamp(name)), { force: true });
  rmSync(place(name), { recursive: true, force: true });
}

/** The artefact and its dependencies, as JAR files. */
async function installMaven(name, folder) {
  const [groupId, artifactId, version] = TOOLS[name].maven.split(':');
  const coordinates = Object.entries({ groupId, artifactId, version }).map(([key, value]) => `<${key}>${value}</${key}>`);
  const pom = join(folder, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>redress</groupId><artifactId>judges</artifactId><version>0</version>` +
      `<dependencies><dependency>${coordinates.join('')}</dependency></dependencies></project>`,
  );
  await run('mvn', ['--quiet', '--batch-mode', '--file', pom, MAVEN_COPY, `-DoutputDirectory=${folder}`]);
}

/** A program that is compiled from the module. For a library it is the one in `source`, whose `go.mod` has to name the same version. */
async function installGo(name, folder) {
  const { source } = TOOLS[name];
  if (source !== undefined) return void (await run('go', ['build', '-o', folder, '.'], { cwd: join(ROOT, source) }));
  await run('go', ['install', TOOLS[name].go], { env: { ...process.env, GOBIN: folder } });
}

async function installPython(name) {
  const { folder, requirements, whole = false, what } = TOOLS[name];
  const found = findPython();
  const stamp = `${wanted(name)} ${found.version}`;
  if (existsSync(interpreter(name)) && fresh(toolStamp(name), stamp)) return;
  say(`Installing ${what}, Python ${found.version}) …`);
  clear(name);
  try {
    await run(found.name, ['-m', 'venv', folder]);
  } catch (error) {
    throw new SetupError(`Python's venv module is missing (Debian: apt install python3-venv).\n${error.message}`);
  }
  // Each module is compiled when it is first imported: most never are.
  const options = ['--quiet', '--disable-pip-version-check', '--no-compile', ...(whole ? ['--no-deps'] : [])];
  await run(interpreter(name), ['-m', 'pip', 'install', ...options, '-r', requirements]);
  keep(toolStamp(name), stamp);
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

/** Ends this process with a message instead of a stack if a person can correct the error. */
export function fail(error) {
  say(error instanceof SetupError ? error.message : (error?.stack ?? String(error)));
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  await setup().then(() => say('Everything is set up.'), fail);
}
