// What `redress new` writes: type-checked, built, tested and used as a person would, with this repository's packages in its node_modules.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { readRegister } from '@redress/core/yaml';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { builtinRemediators } from '../src/builtin.js';
import type { NewDocument } from '../src/commands/new.js';
import type { PlanDocument } from '../src/commands/plan.js';
import type { RemediatorDocument } from '../src/commands/remediators.js';
import { TOOLS } from '../src/new/versions.js';
import { command } from './support/command.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const endpoint = inject('moto');
const require = createRequire(import.meta.url);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'redress-new-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function redress(cwd: string, ...argv: string[]): Promise<{ exit: number; json: unknown; err: string }> {
  const { exit, out, err } = await command([...argv, '--json'], cwd);
  return { exit, json: JSON.parse(out) as unknown, err };
}

function program(cwd: string, argv: readonly string[], env: Record<string, string> = {}): Promise<{ exit: number | null; out: string }> {
  return new Promise((done, failed) => {
    // The runner's own variables would make the runner in there believe that it is a part of this one.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(?:VITEST|NODE_OPTIONS|NODE_ENV|AWS_|REDRESS_)/.test(key)));
    const own = { FORCE_COLOR: '0', NODE_COMPILE_CACHE: join(directory, 'compiled') };
    const child = spawn(process.execPath, argv, { cwd, env: { ...inherited, ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (out += String(data)));
    child.once('error', failed);
    child.once('close', (exit) => done({ exit, out }));
  });
}

/** All that a package asks for, from this repository instead of a registry. */
function link(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const names = new Set(['dependencies', 'devDependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  for (const name of names) {
    const target = [join(ROOT, 'node_modules', name), join(ROOT, 'packages/cli/node_modules', name)].find((each) => existsSync(each));
    expect(target, `${name} is a package that is there`).toBeDefined();
    const at = join(folder, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(realpathSync(target as string), at);
  }
}

/** Without what is linked: from there on it would be all packages of this repository, each as often as others ask for it. */
const filesBelow = (folder: string, below = ''): string[] =>
  readdirSync(join(folder, below), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(folder, join(below, entry.name)) : entry.isFile() ? [join(below, entry.name)] : []))
    .sort();

describe.each([
  ['new remediator', 'acme-dynamodb-protect-tables', [], ['shortLived.length === 0', 'shortLived.length >= 0']],
  ['new remediator --setting', 'acme-dynamodb-protect-more', ['--setting'], ["[shortLived('whatever deletes the table fails')]", '[]']],
] as const)('redress %s', (_, ID, how, [hazard, forgotten]) => {
  let folder: string;
  beforeAll(async () => {
    const { exit, json } = await redress(directory, 'new', 'remediator', ID, ...how);
    expect(exit).toBe(0);
    folder = join(directory, ID);
    expect([...(json as NewDocument).files].sort()).toEqual(filesBelow(folder));
    link(folder);
    // Packages are seen as sources, so that what is tested is not a stale build. The first run makes them JavaScript for all runs.
    writeFileSync(
      join(directory, 'vitest.config.mjs'),
      `const conditions = ['@redress/source', 'node', 'development|production'];
const fsModuleCachePath = ${JSON.stringify(join(directory, 'modules'))};
export default { resolve: { conditions }, ssr: { resolve: { conditions } }, test: { testTimeout: 600_000, fsModuleCachePath } };
`,
    );
  });

  it('type-checks with strict flags, and builds', async () => {
    const [tsc, native] = ['typescript', 'typescript-native'].map((name) => join(ROOT, 'node_modules', name, 'bin/tsc')) as [string, string];
    if (!existsSync(join(ROOT, 'packages/core/dist/index.d.ts'))) expect((await program(ROOT, [join(ROOT, 'scripts/build.mjs')])).exit).toBe(0);
    // The check reads all sources of this repository: the native compiler takes a fifth of the time for them. The build is that of the project.
    const [checked, built] = await Promise.all([
      program(folder, [native, '--singleThreaded', '-p', '.', '--customConditions', '@redress/source', '--pretty', 'false']),
      program(folder, [tsc, '-p', 'tsconfig.build.json', '--pretty', 'false']),
    ]);
    expect(checked).toEqual({ exit: 0, out: '' });
    expect(built).toEqual({ exit: 0, out: '' });
    expect(readFileSync(join(folder, 'dist/index.js'), 'utf8')).toContain(`from "./${ID}.js"`);
    expect(readFileSync(join(folder, 'dist/index.d.ts'), 'utf8')).toContain(ID.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase()));
  });

  it('passes the conformance kit, on its own account and on the emulator, and fails it without a hazard', async () => {
    const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(directory, 'vitest.config.mjs'), '--root', '.', '--reporter=json'];
    let runs = 0;
    const source = join(folder, 'src', `${ID}.ts`);
    const tried = async (env: Record<string, string> = {}, ...only: string[]) => {
      const results = join(directory, `results-${ID}-${++runs}.json`);
      const { out } = await program(folder, [...vitest, `--outputFile=${results}`, ...only], env);
      expect(existsSync(results), out).toBe(true);
      return JSON.parse(readFileSync(results, 'utf8')) as { numPassedTests: number; numFailedTests: number; success: boolean };
    };
    const own = await tried();
    const emulator = await tried({ REDRESS_TEST_ENDPOINT: endpoint });
    expect(own).toMatchObject({ success: true, numFailedTests: 0 });
    expect(own.numPassedTests).toBeGreaterThan(40);
    expect(emulator).toMatchObject({ success: true, numPassedTests: own.numPassedTests });
    const text = readFileSync(source, 'utf8');
    writeFileSync(source, text.replace(hazard, forgotten));
    expect(await tried({}, '-t', 'dry run')).toMatchObject({ success: false, numFailedTests: 1 });
    writeFileSync(source, text);
  });

  it('works with the command line in its folder', async () => {
    const sdk = new DynamoDBClient({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
    const TableName = `new-${crypto.randomUUID()}`;
    await sdk.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    const listed = (await redress(folder, 'remediators')).json as readonly RemediatorDocument[];
    expect(listed.map(({ id, iam }) => [id, iam.fix])).toEqual([[ID, ['dynamodb:UpdateTable']]]);
    const { json } = await redress(folder, 'plan', '--live', '--endpoint-url', endpoint, '--region', 'us-east-1');
    const mine = (json as PlanDocument).passes.find((pass) => pass.resource.id === TableName);
    expect(mine).toMatchObject({ remediator: ID, verdict: 'notify-only', code: 'mode-notify' });
    expect(JSON.stringify(mine)).toContain(`turn on deletion protection of ${TableName}`);
    const { Table } = await sdk.send(new DescribeTableCommand({ TableName }));
    expect(Table?.DeletionProtectionEnabled).toBe(false);
  });

  it('overwrites nothing, and writes nothing if one of the files exists', async () => {
    const before = filesBelow(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
    const again = await redress(directory, 'new', 'remediator', ID, ...how);
    expect(again).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
    expect(filesBelow(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')])).toEqual(before);
    const theirs = join(directory, `theirs-${ID}`);
    mkdirSync(join(theirs, 'src'), { recursive: true });
    writeFileSync(join(theirs, 'src/client.ts'), 'mine\n');
    const refused = await redress(directory, 'new', 'remediator', 'acme-other', '--dir', `theirs-${ID}`, ...how);
    expect(refused).toMatchObject({ exit: 2, json: { error: { message: `theirs-${ID} has src/client.ts already. Nothing was written.` } } });
    expect(filesBelow(theirs)).toEqual(['src/client.ts']);
    expect(readFileSync(join(theirs, 'src/client.ts'), 'utf8')).toBe('mine\n');
  });

  it('removes what it wrote if the rest cannot be written', async () => {
    const blocked = join(directory, `blocked-${ID}`);
    mkdirSync(blocked);
    // A folder that only points to one which is not there: it can be seen as absent, and not be made.
    symlinkSync(join(directory, 'nowhere', 'deeper'), join(blocked, 'test'));
    const refused = await redress(directory, 'new', 'remediator', 'acme-blocked', '--dir', `blocked-${ID}`, ...how);
    expect(refused).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
    expect(readdirSync(blocked)).toEqual(['test']);
  });

  it.each(['one', 'Acme-Tables', '../acme-tables', 'acme_tables', `acme-${'x'.repeat(80)}`])('refuses the name %s', async (name) => {
    expect(await redress(directory, 'new', 'remediator', name, ...how)).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
  });
});

describe('redress new handler', () => {
  let folder: string;
  beforeAll(async () => {
    expect((await redress(directory, 'new', 'handler', 'ours')).exit).toBe(0);
    folder = join(directory, 'ours');
    link(folder);
  });

  it('has every built-in remediator, and allows none to change anything', async () => {
    const { exit, json } = await redress(folder, 'remediators');
    expect(exit).toBe(0);
    const listed = json as readonly RemediatorDocument[];
    expect(listed.map(({ id }) => id).sort()).toEqual(builtinRemediators.map(({ id }) => id).sort());
    for (const { modes } of listed) expect(modes).toEqual({ '*': 'notify' });
  });

  it('has a valid policy and register, and its scripts name existing commands', async () => {
    expect((await redress(folder, 'policy', 'check')).exit).toBe(0);
    expect((await redress(folder, 'exceptions', 'check')).exit).toBe(0);
    const register = readFileSync(join(folder, 'exceptions.yaml'), 'utf8');
    // The example in its comment is an entry that holds.
    const example = register
      .split('\n')
      .filter((line) => /^# (?:- | {2})/.test(line))
      .map((line) => line.slice(2))
      .join('\n');
    expect(readRegister(example, 'example').entries).toMatchObject([{ id: 'EXC-1' }]);
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const [name, line] of Object.entries(scripts)) {
      const words = line.split(' ');
      expect(words[0]).toBe('redress');
      const { exit, json } = await redress(folder, ...words.slice(1), '--help');
      expect(exit, name).toBe(0);
      for (const option of words.filter((word) => word.startsWith('--'))) expect((json as { text: string }).text).toContain(option);
    }
  });

  it('overwrites nothing', async () => {
    expect(await redress(directory, 'new', 'handler', 'ours')).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
  });
});

it('uses the major versions of the tools in this repository', () => {
  for (const [name, range] of Object.entries(TOOLS)) {
    const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string };
    expect(range).toBe(`^${version.split('.')[0]}.0.0`);
  }
});
