#!/usr/bin/env node
// `npm run release:dry [-- --json]`: the release, rehearsed. In a clone of the last commit, against a registry on loopback that is thrown away:
// version and publish everything; bump one remediator and publish again; then a new project outside installs from it and plans.
// Nothing here touches the working copy, its changesets, or a registry that anybody else sees.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMoto } from './moto.mjs';
import { fail, NODE, ROOT, setup } from './setup.mjs';
import { packages } from './workspace.mjs';

const json = process.argv.includes('--json');
const say = (text) => process.stderr.write(`${text}\n`);
const VERDACCIO = '6.10.4';
const BUMPED = '@redress/remediator-s3';
const checks = [];
const check = (what, holds, detail = '') => checks.push({ what, holds: Boolean(holds), detail: String(detail) });

function run(command, args, { cwd, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
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
    child.once('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${all.slice(-4000)}`))));
  });
}
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Verdaccio, in a folder of its own: pnpm cannot install it, since a dependency asks for a tag of node-fetch; npm can, told which one to take. */
async function verdaccio() {
  const home = join(ROOT, '.cache', 'verdaccio');
  const bin = join(home, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  if (existsSync(bin) && JSON.parse(readFileSync(join(home, 'node_modules/verdaccio/package.json'), 'utf8')).version === VERDACCIO) return bin;
  say(`Installing verdaccio ${VERDACCIO} …`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies: { verdaccio: VERDACCIO }, overrides: { 'node-fetch': '2.7.0' } }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: home });
  return bin;
}

const work = mkdtempSync(join(tmpdir(), 'redress-release-'));
const clone = join(work, 'repository');
const ending = [];
try {
  await setup();
  const bin = await verdaccio();
  const upstream = (await run('npm', ['config', 'get', 'registry'])).trim();
  const port = await freePort();
  const registry = `http://127.0.0.1:${port}`;
  writeFileSync(
    join(work, 'verdaccio.yaml'),
    [
      `storage: ${join(work, 'storage')}`,
      `uplinks: { npm: { url: ${JSON.stringify(upstream)} } }`,
      'packages:',
      // Ours come from here or from nowhere.
      "  '@redress/*': { access: $all, publish: $all }",
      "  '**': { access: $all, proxy: npm }",
      'log: { type: stdout, level: error }',
      '',
    ].join('\n'),
  );
  const server = spawn(NODE, [bin, '--config', join(work, 'verdaccio.yaml'), '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  ending.push(() => server.kill('SIGTERM'));
  for (let attempt = 0; ; attempt++) {
    if (
      await fetch(`${registry}/-/ping`).then(
        (response) => response.ok,
        () => false,
      )
    )
      break;
    if (attempt > 150 || server.exitCode !== null) throw new Error('The registry does not start.');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const npmrc = join(work, 'npmrc');
  writeFileSync(npmrc, `registry=${registry}/\n//127.0.0.1:${port}/:_authToken=nobody\n`);
  const npmEnv = { ...process.env, npm_config_userconfig: npmrc, npm_config_registry: `${registry}/`, npm_config_cache: join(work, 'npm-cache') };

  say('Cloning the last commit …');
  await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
  await run('npx', ['--yes', 'pnpm@10.34.9', 'install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts'], { cwd: clone });
  const all = packages().filter(({ path }) => existsSync(join(clone, path, 'package.json')));
  // The build of here: building again would show nothing about releasing.
  for (const { path } of all) cpSync(join(ROOT, path, 'dist'), join(clone, path, 'dist'), { recursive: true });

  const manifests = () => Object.fromEntries(all.map(({ path }) => [path, JSON.parse(readFileSync(join(clone, path, 'package.json'), 'utf8'))]));
  const versions = () => Object.fromEntries(Object.values(manifests()).map(({ name, version }) => [name, version]));
  const published = async (name) => {
    const response = await fetch(`${registry}/${name.replace('/', '%2f')}`);
    return response.ok ? response.json() : null;
  };
  const version = () => run(NODE, [join(clone, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: clone });
  const publish = async () => {
    const done = [];
    for (const [path, { name, version: at }] of Object.entries(manifests())) {
      if ((await published(name))?.versions?.[at] !== undefined) continue;
      const folder = mkdtempSync(join(work, 'pack-'));
      await run('npx', ['--yes', 'pnpm@10.34.9', 'pack', '--pack-destination', folder], { cwd: join(clone, path) });
      const tarball = join(
        folder,
        readdirSync(folder).find((file) => file.endsWith('.tgz')),
      );
      // Provenance needs the identity of the release workflow.
      await run('npm', ['publish', tarball, '--provenance=false', '--access=public', '--tag=latest', '--ignore-scripts'], { cwd: work, env: npmEnv });
      done.push(name);
    }
    return done;
  };

  say('First release …');
  const before = versions();
  await version();
  const first = versions();
  const firstPublished = await publish();
  check('every package is published', firstPublished.length === all.length, `${firstPublished.length} of ${all.length}`);
  for (const name of Object.keys(first)) {
    const document = await published(name);
    const manifest = document?.versions?.[first[name]];
    const ranges = ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) => Object.values(manifest?.[kind] ?? {}));
    check(
      `${name}: a version that is no prerelease, and ranges that npm understands`,
      manifest !== undefined && !first[name].includes('-') && !ranges.some((range) => /^(?:workspace|catalog):/.test(range)),
      `${first[name]}`,
    );
    check(
      `${name}: no package brings a core of its own`,
      manifest?.dependencies?.['@redress/core'] === undefined || name === '@redress/cli' || name === '@redress/cdk',
    );
  }

  say(`Second release: ${BUMPED} alone …`);
  writeFileSync(join(clone, '.changeset', 'rehearsal.md'), `---\n'${BUMPED}': patch\n---\n\nRehearsal.\n`);
  await version();
  const second = versions();
  const secondPublished = await publish();
  const changed = Object.keys(second).filter((name) => second[name] !== first[name]);
  check('only what was bumped has a new version', changed.join() === BUMPED, changed.join(', '));
  check('only what was bumped is published again', secondPublished.join() === BUMPED, secondPublished.join(', '));

  say('Third release: a patch of core …');
  writeFileSync(join(clone, '.changeset', 'rehearsal.md'), "---\n'@redress/core': patch\n---\n\nRehearsal.\n");
  await version();
  const third = versions();
  const thirdPublished = await publish();
  const moved = Object.keys(third).filter((name) => third[name] !== second[name]);
  check('a patch of core moves nothing that has it as a peer', moved.join() === '@redress/core' && thirdPublished.join() === '@redress/core', moved.join(', '));

  say('A new project …');
  const project = join(work, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--no-audit', '--no-fund', '@redress/core', '@redress/connect', BUMPED], { cwd: project, env: npmEnv });
  const tree = JSON.parse(await run('npm', ['ls', '--all', '--json'], { cwd: project, env: npmEnv }));
  check('it has the remediator of the second release', tree.dependencies?.[BUMPED]?.version === second[BUMPED], tree.dependencies?.[BUMPED]?.version);
  check('and the core of the third', tree.dependencies?.['@redress/core']?.version === third['@redress/core'], tree.dependencies?.['@redress/core']?.version);
  const ours = readdirSync(join(project, 'node_modules', '@redress')).sort();
  check('one remediator was installed, and no other', ours.join() === 'connect,core,remediator-s3', ours.join(', '));
  const moto = await startMoto();
  ending.push(() => moto.stop());
  const env = {
    ...npmEnv,
    AWS_ACCESS_KEY_ID: 'dry',
    AWS_SECRET_ACCESS_KEY: 'dry',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    ENDPOINT: moto.endpoint,
  };
  writeFileSync(
    join(project, 'plan.mjs'),
    `import { connectAws } from '@redress/connect';
import { createRedress, definePolicy } from '@redress/core';
import { s3Remediators } from '@redress/remediator-s3';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
const endpoint = process.env.ENDPOINT;
await new S3Client({ endpoint, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'rehearsal' }));
const redress = createRedress({ remediators: s3Remediators, policy: definePolicy({ version: 1 }), connect: connectAws({ endpoint }) });
const resource = { partition: 'aws', account: '123456789012', region: 'us-east-1', type: 'AWS::S3::Bucket', id: 'rehearsal' };
const passes = await redress.plan('s3-enforce-default-encryption', resource);
redress.close();
console.log(JSON.stringify([passes].flat().map((pass) => pass.plan?.changes.map((change) => change.call.operation))));
`,
  );
  const planned = (await run(NODE, ['plan.mjs'], { cwd: project, env })).trim();
  check('it plans on an emulated account', planned.includes('PutBucketEncryption'), planned);

  const table = Object.keys(third).map((name) => ({ name, before: before[name], first: first[name], second: second[name], third: third[name] }));
  const failed = checks.filter((each) => !each.holds);
  if (json) console.log(JSON.stringify({ name: 'release-dry', checks, releases: table }));
  else {
    const width = Math.max(...table.map(({ name }) => name.length)) + 2;
    console.log(`${'package'.padEnd(width)}before     first      ${BUMPED.slice(9)}  core`);
    for (const { name, before: a, first: b, second: c, third: d } of table)
      console.log(`${name.padEnd(width)}${a.padEnd(11)}${b.padEnd(11)}${(c === b ? '·' : c).padEnd(BUMPED.length - 7)}${d === c ? '·' : d}`);
    for (const { what, detail } of failed) console.log(`FAILED: ${what} (${detail})`);
    console.log(`${checks.length - failed.length} checks hold, ${failed.length} do not.`);
  }
  if (failed.length > 0) process.exitCode = 1;
} catch (error) {
  fail(error);
} finally {
  for (const end of ending.reverse()) await end();
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
