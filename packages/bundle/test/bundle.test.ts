import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { definePolicy, defineRegister } from '@redress/core';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundle, entryText } from '../src/index.js';
import { BUILT_IN, here } from './support/bundles.js';

const text = entryText({ remediators: BUILT_IN, policy: { version: 1 }, exceptions: [] });
const folders: string[] = [];
let pruned: Bundle;
let plain: Bundle;
/** Of built packages, as users get them. */
let built: Bundle;

beforeAll(async () => {
  pruned = await bundle({ ...here, entry: { text } });
  built = await bundle({ resolveDir: here.resolveDir, entry: { text } });
  plain = await bundle({ ...here, entry: { text }, prune: false });
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'redress-bundle-'));
  folders.push(folder);
  return folder;
}

/** What a module of its own process prints. */
async function run(files: Readonly<Record<string, string | Uint8Array>>, env: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporary();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.mjs')], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  return stdout.trim();
}

/** What the source maps of a bundle name. */
function sourcesOf(files: Bundle['files']): readonly string[] {
  const maps = [...files].flatMap(([name, bytes]) => (name.endsWith('.map') ? [JSON.parse(Buffer.from(bytes).toString('utf8')) as { sources: string[] }] : []));
  return maps.flatMap(({ sources }) => sources);
}

describe('a bundle', () => {
  it('has the same bytes again, even in another folder', async () => {
    // The same packages, seen from other places: this package, and a folder somewhere else with those of the command.
    const elsewhere = await temporary();
    await symlink(join(dirname(here.resolveDir), 'cli', 'node_modules'), join(elsewhere, 'node_modules'));
    const again = await bundle({ ...here, resolveDir: elsewhere, entry: { text } });
    expect([...again.files.keys()]).toEqual([...pruned.files.keys()]);
    expect(again.digest).toBe(pruned.digest);
    expect(Buffer.from(again.zip).equals(Buffer.from(pruned.zip))).toBe(true);
  });

  it('has no information about the machine that made it', () => {
    const told = [homedir(), tmpdir(), dirname(dirname(here.resolveDir)), process.env['USER'] ?? '/nobody/'].filter((each) => each.length > 4);
    for (const made of [pruned, plain])
      for (const [name, bytes] of made.files) {
        const content = Buffer.from(bytes).toString('utf8');
        expect([name, told.filter((each) => content.includes(each))]).toEqual([name, []]);
      }
  });

  it('can be uploaded to Lambda: a ZIP with index.mjs, readable, each file with its source map', () => {
    const files = unzipSync(pruned.zip);
    expect(Object.keys(files)).toEqual([...pruned.files.keys()]);
    for (const name of Object.keys(files).filter((each) => each.endsWith('.mjs'))) {
      expect(Buffer.from(files[name] as Uint8Array).toString('utf8')).toContain(`//# sourceMappingURL=${name}.map`);
      const { sources } = JSON.parse(Buffer.from(files[`${name}.map`] as Uint8Array).toString('utf8')) as { sources: string[] };
      // A package and a version, or what a plugin made.
      for (const source of sources) expect(source).toMatch(/^(?:@[^/]+\/)?[^/@]+@\d+\.\d+\.\d+[^/]*\/|^redress[a-z-]*:|^redress-entry\.mjs$/);
    }
  });

  it('lists the packages in it, with versions and licences that may be shipped', () => {
    const sbom = JSON.parse(Buffer.from(pruned.files.get('sbom.cdx.json') as Uint8Array).toString('utf8')) as {
      bomFormat: string;
      specVersion: string;
      serialNumber?: string;
      metadata: { timestamp?: string };
      components: { name: string; group?: string; version: string; purl: string; licenses: { license: { id: string } }[] }[];
    };
    expect([sbom.bomFormat, sbom.specVersion, sbom.serialNumber, sbom.metadata.timestamp]).toEqual(['CycloneDX', '1.6', undefined, undefined]);
    expect(sbom.components).toHaveLength(pruned.packages.length);
    const purls = sbom.components.map(({ purl }) => purl);
    expect(purls).toContainEqual(expect.stringMatching(/^pkg:npm\/%40aws-sdk\/client-ec2@3\./));
    expect(purls).toContainEqual(expect.stringMatching(/^pkg:npm\/%40redress\/core@/));
    const licenses = new Set(sbom.components.flatMap((each) => each.licenses.map(({ license }) => license.id)));
    expect([...licenses].filter((id) => !['Apache-2.0', 'MIT', 'BSD-3-Clause', 'BSD-2-Clause', 'ISC', '0BSD', 'MIT-0'].includes(id))).toEqual([]);
  });

  it('leaves out unused code', () => {
    const names = pruned.packages.map(({ name }) => name);
    for (const gone of ['@aws-sdk/credential-provider-sso', '@aws-sdk/credential-provider-ini', 'bowser', 'yaml', 'esbuild']) expect(names).not.toContain(gone);
    // Whoever raises these says why: they are what each start loads. See bench/README.md. What users get is made of built packages.
    expect(pruned.bytes.code).toBeLessThan(LARGEST.code);
    expect(pruned.bytes.start).toBeLessThan(LARGEST.startOfSources);
    expect(plain.bytes.code / pruned.bytes.code).toBeGreaterThan(1.5);
  });

  it('loads no more at its start if it is made of built packages', () => {
    const { bytes, files } = built;
    expect(sourcesOf(files).filter((each) => each.startsWith('@redress/') && !each.includes('/dist/'))).toEqual([]);
    expect(bytes.code).toBeLessThan(LARGEST.built);
    expect(bytes.start).toBeLessThan(LARGEST.start);
  });

  it.each(['sources', 'built packages'])('loads no definition of a remediator at its start, made of %s', (of) => {
    const { files } = of === 'sources' ? pruned : built;
    const contents = (name: string) => Buffer.from(files.get(name) as Uint8Array).toString('utf8');
    const atStart = new Set<string>();
    const load = (name: string) => {
      if (atStart.has(name)) return;
      atStart.add(name);
      for (const [, next = ''] of contents(name).matchAll(/(?:from|import)"\.\/(chunk-\w+\.mjs)"/g)) load(next);
    };
    load('index.mjs');
    const code = [...files.keys()].filter((name) => name.endsWith('.mjs'));
    const holding = (text: string) => code.filter((name) => contents(name).includes(text)).map((name) => atStart.has(name));
    for (const { remediators } of Object.values(BUILT_IN))
      for (const { id, title } of remediators) {
        expect([id, holding(`"${id}"`).includes(true)]).toEqual([id, true]);
        expect([id, holding(title)]).toEqual([id, [false]]);
      }
  });

  it('starts in little more CPU time than Node itself, and with little memory', async () => {
    const report = `
      const { user, system } = process.cpuUsage();
      const kb = /VmHWM:\\s+(\\d+)/.exec(process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8'))[1];
      console.log(JSON.stringify([(user + system) / 1000, kb / 1024]));`;
    const chunks = Object.fromEntries([...pruned.files].filter(([name]) => name.endsWith('.mjs')));
    const env = {
      AWS_REGION: 'eu-west-1',
      REDRESS_TABLE: 'redress-journal',
      REDRESS_BUCKET: 'redress-evidence',
      REDRESS_STOP_PARAMETER: 'redress-stop',
      REDRESS_POLICY_DIGEST: definePolicy({ version: 1 }).digest,
      REDRESS_REGISTER_DIGEST: defineRegister([]).digest,
    };
    const folder = await temporary();
    for (const [name, content] of Object.entries({ ...chunks, 'start.mjs': `await import('./index.mjs');${report}`, 'bare.mjs': report }))
      await writeFile(join(folder, name), content);
    const start = async (name: string) => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, name)], { env: { PATH: process.env['PATH'] ?? '', ...env } });
      return JSON.parse(stdout) as [number, number];
    };
    const [bare, ready]: [number[], number[]] = [[], []];
    let most = 0;
    // By turns, and the least of each: what else the machine does only adds to what a start takes.
    for (let round = 0; round < 7; round++) {
      bare.push((await start('bare.mjs'))[0]);
      const [time, memory] = await start('start.mjs');
      ready.push(time);
      most = Math.max(most, memory);
    }
    // 3.0 and 59 MiB were measured (`npm run bench -- coldstart`).
    expect(Math.min(...ready) / Math.min(...bare)).toBeLessThan(4.2);
    expect(most).toBeLessThan(80);
  });

  it('reports where an entry is wrong', async () => {
    await expect(bundle({ ...here, entry: { text: 'import x from "no-such-package";\n' } })).rejects.toMatchObject({
      code: 'compose/invalid',
      message: expect.stringContaining('no-such-package') as string,
      place: { file: 'redress-entry.mjs', line: 1 },
    });
    await expect(bundle({ ...here, entry: 'no-such-file.mjs' })).rejects.toMatchObject({ code: 'compose/invalid' });
  });

  it('refuses code of another version than the facts of its remediators', async () => {
    const [first] = BUILT_IN['@redress/remediator-s3'].remediators;
    if (first === undefined) throw new Error('The list is empty.');
    const { name, version } = first.package;
    const remediators = [{ ...first, package: { name, version: '0.0.9' } }];
    const other = entryText({ remediators: { [name]: { name: 's3Remediators', remediators } }, policy: { version: 1 }, exceptions: [] });
    await expect(bundle({ ...here, entry: { text: other } })).rejects.toMatchObject({
      code: 'compose/invalid',
      message: `The remediators whose facts were given declare ${name} 0.0.9, and the code in the bundle is of ${version}.`,
    });
  });

  it('refuses a module without a handler, and reports what it exports instead', async () => {
    const folder = await temporary();
    const made = async (name: string, source: string) => {
      await writeFile(join(folder, name), source);
      return bundle({ resolveDir: folder, entry: name });
    };
    const refused = (file: string, instead: string) => ({
      code: 'compose/invalid',
      message: expect.stringContaining(`it exports ${instead}.`) as string,
      place: { file },
      next: expect.stringContaining('export const handler') as string,
    });
    await expect(made('renamed.mjs', 'export const handle = async () => 1;\nexport const approvals = async () => 1;\n')).rejects.toMatchObject(
      refused('renamed.mjs', '`approvals`, `handle`'),
    );
    await expect(made('none.mjs', 'console.log(1);\n')).rejects.toMatchObject(refused('none.mjs', 'nothing'));
    await expect(made('inner.mjs', 'export default { handler: async () => 1 };\n')).rejects.toMatchObject(refused('inner.mjs', '`default`'));
    // Lambda looks for it in an ES module, and would find the default export alone.
    await expect(made('old.cjs', 'module.exports = { handler: async () => 1 };\n')).rejects.toMatchObject(refused('old.cjs', '`default`'));
    // Given on from another module, it is there.
    await writeFile(join(folder, 'inside.mjs'), 'export const handler = async () => 1;\n');
    expect((await made('outside.mjs', "export * from './inside.mjs';\n")).exports).toEqual(['handler']);
    expect(pruned.exports).toEqual(['approvals', 'config', 'handler', 'seal']);
  });

  it('reads credentials only from the environment, and refuses a profile instead of ignoring it', async () => {
    const { files } = await bundle({
      ...here,
      entry: {
        text: `
          import { defaultProvider } from '@aws-sdk/credential-provider-node';
          const tried = async (init) => { try { return await defaultProvider(init)(); } catch (error) { return error.name; } };
          console.log(JSON.stringify([await tried({}), await tried({ profile: 'prod' })]));`,
      },
    });
    const index = { 'main.mjs': files.get('index.mjs') as Uint8Array };
    const keys = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'B', AWS_SESSION_TOKEN: 'C' };
    expect(JSON.parse(await run(index, keys))).toEqual([{ accessKeyId: 'A', secretAccessKey: 'B', sessionToken: 'C' }, 'CredentialsProviderError']);
    expect(JSON.parse(await run(index, {}))).toEqual(['CredentialsProviderError', 'CredentialsProviderError']);
  });

  it('imports modules of Node by name, and does not load unused ones', async () => {
    const entry = `
      import { request, STATUS_CODES } from 'node:http';
      import fs, { existsSync } from 'fs';
      import * as path from 'node:path';
      const { Agent } = await import('node:https');
      const dynamic = await import('node:http');
      console.log(JSON.stringify([typeof request, STATUS_CODES[404], fs.existsSync === existsSync, path.join('a', 'b'), typeof Agent, typeof dynamic.default.request, typeof dynamic.Server,
        process.moduleLoadList.some((each) => each.endsWith('undici/undici'))]));`;
    const seen = async (prune: boolean) => {
      const { files } = await bundle({ ...here, entry: { text: entry }, prune });
      const chunks = Object.fromEntries([...files].filter(([name]) => name !== 'index.mjs'));
      return JSON.parse(await run({ ...chunks, 'main.mjs': files.get('index.mjs') as Uint8Array }, {})) as unknown[];
    };
    const expected = ['function', 'Not Found', true, 'a/b', 'function', 'function', 'function'];
    expect(await seen(true)).toEqual([...expected, false]);
    expect(await seen(false)).toEqual([...expected, true]);
  });
});

/** Bytes. */
// 942 and 420 kB were measured: S3 Control (what the account blocks) and AWS Config (what a rule looks for) came as clients, loaded when they are needed.
// 13.5 and 0.8 kB more for SQS (when a message comes back), loaded when a message has to. 996 and 460 kB with what a journal knows of standing gaps,
// who caused them and what AWS refuses for good, all of it our own code. 1,006 and 467 kB with what turns the declaration of a setting into a remediator:
// 3.5 kB at each start, however many settings there are. How they look is loaded at the first look. 1,084 and 499 kB with sweeps that go resource by
// resource with budgets of calls, rounds of messages, accounts of an organisation (its client, and that of the queue, are loaded when they are asked)
// and deadlines: 28 kB of our own at each start.
// 1,182 and 515 kB with what was merged since, and the sealer: the client of KMS (40 kB) and the sealer are loaded when something is sealed. At each start
// are its handler, and the look whether the table was set back behind its ledger. 1,199 and 528 kB with what finds secrets, which every record needs.
// 1,211 and 529 kB with settings in steps, the key of log groups in their client, and what was merged beside them.
// 531 kB at each start with what writes back what a table has lost, and with replies that lack a member.
// 1,244 and 539 kB: what enforcing would do on the same look, keys that are named lost, ports that a policy names, and what was merged beside them.
// 475 kB at each start: sweeps, rollbacks, what answers approvers, recovers, and makes messages and digests are loaded when there is one.
// 1,273 kB of code in all: six more remediations that ask, what tells an open policy from one that names its callers, and decisions of the sealer.
// 426 kB at each start: what a resource is looked at with is loaded with the first one. Most events lead to none.
// 1,335 kB of code in all: 23 more remediations and reports of EC2, S3, IAM and RDS, and the client of KMS beside that of S3.
// 358 kB at each start: definitions of remediators are loaded with the first finding that asks for them. A start has the facts that findings are routed by
// (9 kB). What sends notices, sweeps a place and asks the organization is loaded then, too. 1,361 kB in all: the facts, and what became pieces of its own.
// Of built packages 1,385 and 358 kB, which users get. It was 1,531 and 413 kB: what is needed late was in files that a start loads, and no definition could
// be left out of a file.
const LARGEST = { code: 1_366_000, built: 1_390_000, start: 360_000, startOfSources: 361_500 };
