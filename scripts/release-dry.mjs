#!/usr/bin/env node
// `npm run release:dry [-- --json]`: rehearses the release with the commands of the release workflow, in a clone of the last commit, against a temporary
// registry on loopback. First it versions, builds and publishes everything. Then it releases single packages. After each, only what had to change may have
// changed, in the repository and in the registry. Then external projects install from the registry, and work on an emulated account. Nothing here touches the
// working copy, its changesets, or a public registry.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startRegistry } from './registry.mjs';
import { differing, filesOf, rehearsal, released } from './release-checks.mjs';
import { projects } from './release-use.mjs';
import { fail, NODE, ROOT, setup } from './setup.mjs';
import { packages } from './workspace.mjs';

const json = process.argv.includes('--json');
const started = Date.now();
const say = (text) => process.stderr.write(`${text}\n`);
const PNPM = 'pnpm@10.34.9';
const BUMPED = '@redress/remediator-s3';
const QUIET = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' };
const { check, same, step, ended, failed, document } = rehearsal();

/** Running processes. They end with this process, however it ends. */
const children = new Set();
function start(command, args, options) {
  const child = spawn(command, args, options);
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

/** A command's standard output. A command that hangs has failed. */
function run(command, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 });
    let out = '';
    let all = '';
    child.stdout.on('data', (data) => {
      out += data;
      all += data;
    });
    child.stderr.on('data', (data) => {
      all += data;
    });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${all.slice(-4000)}`)),
    );
  });
}
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

const work = mkdtempSync(join(tmpdir(), 'redress-release-'));
const clone = join(work, 'repository');
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.once(signal, () => {
    for (const child of children) child.kill('SIGTERM');
    rmSync(work, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  });

async function rehearse() {
  await setup();
  const { url: registry, npmrc } = await startRegistry(work, start);
  const pnpm = (await run('npx', ['--yes', '-p', PNPM, '-c', 'command -v pnpm'])).trim();
  // `npm run` puts this repository's programs on the path, but those of the clone are needed.
  const inherited = process.env.PATH.split(delimiter).filter((folder) => !folder.startsWith(join(ROOT, 'node_modules')));
  const PATH = [dirname(NODE), dirname(pnpm), ...inherited].join(delimiter);
  const env = {
    // Without the credentials and the endpoint of the person who rehearses.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^AWS_|^REDRESS_/.test(name))),
    PATH,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'Rehearsal'],
        [`GIT_${who}_EMAIL`, 'rehearsal@localhost'],
      ]),
    ),
  };
  const npmEnv = { ...env, npm_config_userconfig: npmrc, npm_config_registry: `${registry}/`, npm_config_cache: join(work, 'npm-cache'), ...QUIET };

  const git = (...args) => run('git', ['-C', clone, '-c', 'commit.gpgsign=false', '-c', 'tag.gpgsign=false', ...args], { env });
  if ((await run('git', ['-C', ROOT, 'status', '--porcelain'])).trim() !== '') say('What is not committed is not rehearsed.');
  say('Cloning the last commit …');
  await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
  await git('config', 'tag.gpgsign', 'false');
  const commit = (await git('rev-parse', 'HEAD')).trim();
  const all = packages().filter(({ path }) => existsSync(join(clone, path, 'package.json')));
  const pathOf = Object.fromEntries(all.map(({ path, manifest }) => [manifest.name, path]));
  const names = Object.keys(pathOf).sort();

  const manifests = () => Object.fromEntries(names.map((name) => [name, read(join(clone, pathOf[name], 'package.json'))]));
  const versions = () => Object.fromEntries(Object.entries(manifests()).map(([name, { version }]) => [name, version]));
  const packument = async (name) => {
    const response = await fetch(`${registry}/${name.replace('/', '%2f')}`);
    return response.ok ? response.json() : null;
  };
  /** Our packages in the registry, from its storage rather than from what was meant to be published. */
  const look = async () => {
    const stored = join(work, 'storage', '@redress');
    const found = {};
    for (const name of existsSync(stored) ? readdirSync(stored) : []) {
      const document = await packument(`@redress/${name}`);
      found[`@redress/${name}`] = {
        latest: document?.['dist-tags']?.latest,
        versions: Object.fromEntries(Object.entries(document?.versions ?? {}).map(([at, { dist }]) => [at, dist.integrity])),
      };
    }
    return found;
  };
  const contents = async (name, version) => {
    const { dist } = (await packument(name)).versions[version];
    return { version, files: filesOf(Buffer.from(await (await fetch(dist.tarball)).arrayBuffer())) };
  };
  const install = () => run(pnpm, ['install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts'], { cwd: clone, env });
  await install();

  /**
   * One release as in the workflow: versions from changesets, a check of the lock file, then a build and a publication of what is new. `expected`: packages
   * whose version has to change. Without a changeset of its own it uses those of the repository.
   */
  async function release(what, { changeset = null, expected }) {
    say(`${what} …`);
    if (changeset !== null) {
      const bumps = Object.entries(changeset).map(([name, size]) => `'${name}': ${size}\n`);
      writeFileSync(join(clone, '.changeset', 'rehearsal.md'), `---\n${bumps.join('')}---\n\nRehearsal.\n`);
    }
    const asked = changeset === null ? readdirSync(join(clone, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md') : [];
    const before = versions();
    const then = await look();
    await run(pnpm, ['changeset', 'version'], { cwd: clone, env });
    const after = versions();
    const moved = names.filter((name) => after[name] !== before[name]);
    same(`${what}: the versions of these change, and of no other`, moved, expected);
    const touched = (await git('status', '--porcelain', '--untracked-files=all')).split('\n').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
    same(`${what}: versioning touches their manifests and changelogs, and takes the changesets away`, touched, [
      ...expected.flatMap((name) => [`${pathOf[name]}/package.json`, `${pathOf[name]}/CHANGELOG.md`]),
      ...asked.map((file) => `.changeset/${file}`),
    ]);
    // The build uses these manifests: a remediator writes its version into every record.
    const fits = await install().then(
      () => '',
      (error) => error.message,
    );
    check(`${what}: the lock file fits the new manifests`, fits === '', fits);
    if (fits !== '') await run(pnpm, ['install', '--no-frozen-lockfile', '--prefer-offline', '--ignore-scripts'], { cwd: clone, env });
    // The first time everything is built. Later, only what has changed is built again.
    const which = changeset === null ? [] : moved.map((name) => pathOf[name]);
    await run(process.execPath, [join(clone, 'scripts', 'build.mjs'), ...which], { cwd: clone, env });
    await git('add', '--all');
    await git('commit', '--quiet', '--message', what);
    const tags = async () => (await git('tag', '--list')).split('\n').filter((tag) => tag !== '');
    const tagged = await tags();
    // Provenance needs the identity of the release workflow. Everything else is published as it is.
    for (const name of names) {
      const file = join(clone, pathOf[name], 'package.json');
      const { provenance: _, ...publishConfig } = read(file).publishConfig;
      writeFileSync(file, `${JSON.stringify({ ...read(file), publishConfig }, null, 2)}\n`);
    }
    await run(pnpm, ['changeset', 'publish'], { cwd: clone, env: npmEnv });
    await git('checkout', '--quiet', '--', '.');
    const now = await look();
    const { published, damaged } = released(then, now);
    const wanted = expected.map((name) => `${name}@${after[name]}`);
    same(`${what}: the registry has these more, and no other`, published, wanted);
    same(`${what}: what the registry had is as it was`, damaged, []);
    same(
      `${what}: and a tag for each`,
      (await tags()).filter((tag) => !tagged.includes(tag)),
      wanted,
    );
    same(
      `${what}: the newest of each package is what the repository says`,
      Object.entries(now).map(([name, { latest }]) => `${name}@${latest}`),
      names.map((name) => `${name}@${after[name]}`),
    );
    step(what, published);
    return { before, after };
  }

  const first = await release('first release', { expected: names });
  for (const [name, manifest] of Object.entries(manifests())) {
    const at = first.after[name];
    const published = (await packument(name))?.versions?.[at];
    const ranges = ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) => Object.values(published?.[kind] ?? {}));
    check(
      `${name}: a version that is not a prerelease, and ranges that npm understands`,
      published !== undefined && !at.includes('-') && !ranges.some((range) => /^(?:workspace|catalog|link|file):/.test(range)),
      `${at}: ${ranges.join(', ')}`,
    );
    check(
      `${name}: brings no core of its own`,
      published?.dependencies?.['@redress/core'] === undefined || name === '@redress/cli',
      published?.dependencies?.['@redress/core'] ?? 'none',
    );
    check(`${name}: asks for provenance, in public`, manifest.publishConfig.provenance === true && manifest.publishConfig.access === 'public');
    const { files } = await contents(name, at);
    const leading = Object.values(published?.exports ?? {}).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
    const targets = [...leading, ...Object.values(published?.bin ?? {})].map((target) => target.replace(/^\.\//, ''));
    const missing = [...targets, 'README.md', 'CHANGELOG.md', 'LICENSE'].filter((path) => !files.has(path));
    const stray = [...files.keys()].filter((path) => !/^(?:dist\/|README\.md$|CHANGELOG\.md$|LICENSE$|package\.json$)/.test(path));
    check(
      `${name}: its tarball has what its manifest names, and nothing of the workspace`,
      missing.length + stray.length === 0,
      [...missing, ...stray].join(', '),
    );
  }
  const { checkWorkspace } = await import(pathToFileURL(join(clone, 'scripts', 'workspace.mjs')).href);
  same('after the first release the workspace is still in order', checkWorkspace(), []);

  say('A project that has the first release …');
  const { emptyProject, useReleased } = projects({ work, run, env, npmEnv });
  const user = emptyProject('user');
  await user.npm('install', '@redress/core', '@redress/connect', BUMPED);
  const userHad = user.has();

  const second = await release(`second release, a patch of ${BUMPED}`, { changeset: { [BUMPED]: 'patch' }, expected: [BUMPED] });
  same(
    `${BUMPED}: a patch differs from what it was in its version and changelog only`,
    differing(await contents(BUMPED, second.before[BUMPED]), await contents(BUMPED, second.after[BUMPED])),
    ['CHANGELOG.md'],
  );
  const third = await release('third release, a patch of core', { changeset: { '@redress/core': 'patch' }, expected: ['@redress/core'] });

  say('The same project, updated …');
  await user.npm('update', '--prefer-online');
  const userHas = user.has();
  same(
    'an update brings what was released since, and nothing else',
    userHas.filter((each) => !userHad.includes(each)),
    [`${BUMPED}@${third.after[BUMPED]}`, `@redress/core@${third.after['@redress/core']}`],
  );

  // 0.2 is out of the command's range for 0.1, so the command has to be released too: otherwise nobody would get the new version with it.
  const fourth = await release(`fourth release, a minor of ${BUMPED}`, { changeset: { [BUMPED]: 'minor' }, expected: ['@redress/cli', BUMPED] });
  same(
    '@redress/cli: it comes along with another range, and is as it was',
    differing(await contents('@redress/cli', fourth.before['@redress/cli']), await contents('@redress/cli', fourth.after['@redress/cli'])),
    ['CHANGELOG.md', 'package.json'],
  );
  await useReleased({ versions: fourth.after, bumped: BUMPED, say, check, same });
  const columns = { before: first.before, first: first.after, second: second.after, third: third.after, fourth: fourth.after };
  return { commit, packages: names.map((name) => ({ name, ...Object.fromEntries(Object.entries(columns).map(([at, of]) => [at, of[name]])) })) };
}

let about = {};
try {
  about = await rehearse();
  ended(null);
} catch (error) {
  ended(error);
  fail(error);
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
const seconds = Math.round((Date.now() - started) / 1000);
if (json) console.log(JSON.stringify(document({ ...about, seconds }), null, 2));
else {
  const columns = ['first', 'second', 'third', 'fourth'];
  const row = (cells) =>
    console.log(
      cells
        .map((cell, index) => cell.padEnd(index === 0 ? 38 : 10))
        .join('')
        .trimEnd(),
    );
  if (about.packages !== undefined) row(['package', 'before', ...columns]);
  for (const each of about.packages ?? [])
    row([each.name, each.before, ...columns.map((at, index) => (index > 0 && each[at] === each[columns[index - 1]] ? '·' : each[at]))]);
  for (const { what, detail } of failed()) console.log(`FAILED: ${what} (${detail})`);
  const { checks } = document();
  console.log(`${checks.length - failed().length} checks hold, ${failed().length} do not; ${seconds} s.`);
}
if (failed().length > 0) process.exitCode = 1;
