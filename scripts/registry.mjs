#!/usr/bin/env node
// Redress is not on npm yet. `npm run pack [-- DIR]` creates a tarball of each package, as it would be published. `npm run registry` serves them on loopback,
// and everything else from the registry that npm uses here. So `npm install` works as it will later, except for the address of the registry.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec } from './exec.mjs';
import { filesOf } from './release-checks.mjs';
import { fail, NODE, pnpm, ROOT, SetupError, setup } from './setup.mjs';
import { packages } from './workspace.mjs';

const VERDACCIO = '6.10.4';
const say = (text) => process.stderr.write(`${text}\n`);

/** A command's output. @throws {SetupError} with that output */
async function run(command, ...args) {
  const { ok, log } = await exec(command, ...args);
  if (!ok) throw new SetupError(`${command} ${args.join(' ')}:\n${log.slice(-4000)}`);
  return log;
}

/** Verdaccio, in its own folder. pnpm cannot install it, because a dependency asks for a tag of node-fetch. npm can, if the version is given. */
async function verdaccio() {
  const home = join(ROOT, '.cache', 'verdaccio');
  const program = join(home, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  const manifest = join(home, 'node_modules', 'verdaccio', 'package.json');
  if (existsSync(program) && existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === VERDACCIO) return program;
  say(`Installing verdaccio ${VERDACCIO} …`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies: { verdaccio: VERDACCIO }, overrides: { 'node-fetch': '2.7.0' } }));
  await run('npm', 'install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts');
  return program;
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/**
 * A registry on loopback without our packages. It proxies all others.
 *
 * @param {string} folder where it keeps published packages and its settings
 * @param {typeof spawn} start starts its process
 * @returns {Promise<{ url: string, npmrc: string, upstream: string, close: () => Promise<void> }>} `npmrc`: a file of settings with which npm installs from it and publishes to it; `upstream`: the registry behind it
 */
export async function startRegistry(folder, start = spawn) {
  const program = await verdaccio();
  // npm may print warnings first.
  const upstream = (await run('npm', 'config', 'get', 'registry')).match(/^https?:\S+$/m)?.[0];
  if (upstream === undefined) throw new SetupError('npm does not say which registry it installs from: `npm config get registry`.');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = [
    `storage: ${join(folder, 'storage')}`,
    `uplinks: { npm: { url: ${JSON.stringify(upstream)} } }`,
    'packages:',
    // Our packages come only from here.
    "  '@redress/*': { access: $all, publish: $all }",
    "  '**': { access: $all, proxy: npm }",
    'log: { type: stdout, level: error }',
    '',
  ];
  writeFileSync(join(folder, 'verdaccio.yaml'), settings.join('\n'));
  const server = start(NODE, [program, '--config', join(folder, 'verdaccio.yaml'), '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise((done) => server.once('close', done));
  const answers = () =>
    fetch(`${url}/-/ping`).then(
      (response) => response.ok,
      () => false,
    );
  for (let attempt = 0; !(await answers()); attempt++) {
    // Timeout for hanging processes: ten minutes.
    if (attempt > 3000 || server.exitCode !== null) throw new SetupError('The registry does not start.');
    await new Promise((done) => setTimeout(done, 200));
  }
  const npmrc = join(folder, 'npmrc');
  // The scope as well: a machine may have its own registry for it.
  writeFileSync(npmrc, `registry=${url}/\n@redress:registry=${url}/\n//127.0.0.1:${port}/:_authToken=nobody\n`);
  return {
    url,
    npmrc,
    upstream,
    close: async () => {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

/** Packs each package as it would be published. @returns {Promise<string[]>} the tarballs */
export async function pack(folder) {
  await pnpm(['-r', '--filter', './packages/**', 'pack', '--pack-destination', folder]);
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (tarballs.length !== packages().length) throw new SetupError(`${tarballs.length} tarballs of ${packages().length} packages are in ${folder}.`);
  return tarballs.map((name) => join(folder, name));
}

const hash = (algorithm, data, encoding) => createHash(algorithm).update(data).digest(encoding);

/**
 * Publishes tarballs to a registry of {@link startRegistry}, with the request that `npm publish` sends: one npm process per package takes longer than all
 * else here. The release itself uses npm, and is rehearsed with it (`npm run release:dry`).
 */
export async function publish(tarballs, { url }) {
  for (const path of tarballs) {
    const tarball = readFileSync(path);
    const manifest = JSON.parse(filesOf(tarball).get('package.json'));
    const { name, version } = manifest;
    const file = `${name}-${version}.tgz`;
    const dist = { integrity: `sha512-${hash('sha512', tarball, 'base64')}`, shasum: hash('sha1', tarball, 'hex'), tarball: `${url}/${name}/-/${file}` };
    const body = {
      _id: name,
      name,
      access: 'public',
      // As long as there are only prereleases, `npm publish` has to be told that one is intended.
      'dist-tags': { latest: version },
      versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
      _attachments: { [file]: { content_type: 'application/octet-stream', data: tarball.toString('base64'), length: tarball.length } },
    };
    const response = await fetch(`${url}/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: 'Bearer nobody' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new SetupError(`${url} does not take ${name} ${version} (${response.status}): ${await response.text()}`);
  }
}

/** Packs, publishes and serves until `work` ends. */
export async function withRegistry(work) {
  const folder = mkdtempSync(join(tmpdir(), 'redress-registry-'));
  let registry = null;
  try {
    mkdirSync(join(folder, 'packed'));
    const tarballs = await pack(join(folder, 'packed'));
    registry = await startRegistry(folder);
    say(`Publishing ${tarballs.length} packages to ${registry.url} …`);
    await publish(tarballs, registry);
    return await work(registry);
  } finally {
    await registry?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function serve({ url }) {
  console.log(`@redress:registry=${url}/`);
  say('Put this line into the .npmrc of a project, and run `npm install` there. Ctrl-C ends the registry.');
  await new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, done);
  });
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  try {
    await setup({ python: false });
    if (process.argv[2] === 'pack') {
      const folder = resolve(process.argv[3] ?? 'packed');
      mkdirSync(folder, { recursive: true });
      for (const each of await pack(folder)) console.log(relative('', each));
    } else await withRegistry(serve);
  } catch (error) {
    fail(error);
  }
}
