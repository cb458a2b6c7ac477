// What a user gets: packages packed as they are published, installed from the tarballs into a project outside this repository.
import { type SpawnOptions, spawn } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resource } from '@redress/core';
import { cloudTrailEvent, configComplianceEvent } from '@redress/testing';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { filesOf } from '../../scripts/release-checks.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = process.execPath;
const ACCOUNT = '210987654321';
const REGION = 'eu-west-1';
const endpoint = inject('moto');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Record<string, string>;
  readonly files?: readonly string[];
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}
interface Packed {
  /** In the workspace. */
  readonly folder: string;
  readonly tarball: string;
  readonly manifest: Manifest;
  /** Text by path, without `package/`. */
  readonly files: ReadonlyMap<string, string>;
}

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
/** Folders of the published packages; what is private stays here. */
const published = ['packages', 'packages/remediators']
  .flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => join(ROOT, parent, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')) && manifestOf(folder).private !== true);
const names = published.map((folder) => manifestOf(folder).name).sort();
const versionOf = (name: string) => manifestOf(join(ROOT, 'node_modules', name)).version;

const temp = mkdtempSync(join(tmpdir(), 'redress-installed-'));
const tarballs = join(temp, 'tarballs');
/** A project with all packages, and one with core and a single remediator package. */
const project = join(temp, 'project');
const small = join(temp, 'small');
/** The download of a project with the command line, and what it needs. */
let command: { readonly aws: number; readonly rest: number; readonly packages: readonly string[] };
const packed = new Map<string, Packed>();

// Neither the workspace's settings nor real credentials reach the project: only what it needs to find programs, caches and the registry. Dozens of processes
// load the same modules, and one compiles them.
const env = {
  ...process.env,
  PATH: `${dirname(NODE)}:${process.env['PATH']}`,
  FORCE_COLOR: '0',
  NODE_OPTIONS: '',
  NODE_PATH: '',
  NODE_COMPILE_CACHE: join(temp, 'compiled'),
};

function run(command: string, args: readonly string[], options: SpawnOptions & { input?: string } = {}) {
  return new Promise<{ exit: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(command, args, { cwd: project, env, ...options, stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout?.on('data', (data) => (out += String(data)));
    child.stderr?.on('data', (data) => (err += String(data)));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, out, err }));
    child.stdin?.end(options.input ?? '');
  });
}

async function must(command: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<string> {
  const { exit, out, err } = await run(command, args, options);
  if (exit !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exit}:\n${out}\n${err}`);
  return out;
}

/** Installs tarballs and other packages into a project. A registry that holds our packages does not exist for it. */
async function install(folder: string, ours: readonly string[], others: Record<string, string>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.npmrc'), '@redress:registry=http://127.0.0.1:9/\nfetch-retries=3\nfetch-retry-mintimeout=50\nfetch-retry-maxtimeout=1000\n');
  const dependencies = { ...Object.fromEntries(ours.map((name) => [name, `file:${packed.get(name)?.tarball}`])), ...others };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', version: '1.0.0', private: true, type: 'module', dependencies }, null, 2));
  await must('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline', '--no-update-notifier'], { cwd: folder });
}

/** The packages below node_modules, those in node_modules of packages too. */
function installed(folder: string): string[] {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string }> };
  return Object.keys(lock.packages)
    .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .sort();
}

/** A package of ours, and those of ours that it needs. */
function ours(name: string, found: ReadonlySet<string> = new Set()): string[] {
  const { dependencies, peerDependencies } = (packed.get(name) as Packed).manifest;
  const all = new Set([...found, name]);
  for (const each of Object.keys({ ...dependencies, ...peerDependencies }))
    if (packed.has(each) && !all.has(each)) for (const more of ours(each, all)) all.add(more);
  return [...all];
}

/** Megabytes in the files of an installation: those of clients of AWS with what only they need, and those of the rest. */
function megabytes(folder: string): { readonly aws: number; readonly rest: number } {
  const root = join(folder, 'node_modules');
  const sum = { aws: 0, rest: 0 };
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const { size, isFile } = ((stat) => ({ size: stat.size, isFile: stat.isFile() }))(lstatSync(join(root, path)));
    if (isFile) sum[/^(?:@aws-sdk|@smithy|@aws|bowser|tslib)\//.test(path) ? 'aws' : 'rest'] += size;
  }
  return { aws: sum.aws / 1e6, rest: sum.rest / 1e6 };
}

beforeAll(async () => {
  // From what the sources say now, not from what was built some time ago.
  await must(NODE, [join(ROOT, 'scripts', 'build.mjs'), '--stale'], { cwd: ROOT });
  await must('npx', ['--yes', 'pnpm@10.34.9', '-r', '--filter', './packages/**', 'pack', '--pack-destination', tarballs], { cwd: ROOT });
  for (const file of readdirSync(tarballs)) {
    const tarball = join(tarballs, file);
    const files = filesOf(readFileSync(tarball));
    const manifest = JSON.parse(files.get('package.json') ?? '{}') as Manifest;
    const folder = published.find((path) => manifestOf(path).name === manifest.name) ?? '';
    packed.set(manifest.name, { folder, tarball, manifest, files });
  }
  // The command line first: what it needs is installed once.
  await install(project, ours('@redress/cli'), {});
  command = { ...megabytes(project), packages: installed(project) };
  await install(project, names, {
    '@aws-sdk/client-kms': versionOf('@aws-sdk/client-kms'),
    '@types/node': versionOf('@types/node'),
    vitest: versionOf('vitest'),
    // Of a remediator of the user's: ours need none.
    zod: manifestOf(join(ROOT, 'packages', 'core', 'node_modules', 'zod')).version,
  });
  await install(small, ['@redress/core', '@redress/remediator-s3'], {});
});

afterAll(() => {
  rmSync(temp, { recursive: true, force: true });
});

it('packs every published package, and no other', () => {
  expect([...packed.keys()].sort()).toEqual(names);
});

describe.each(names)('%s', (name) => {
  const it_ = () => packed.get(name) as Packed;
  const subpaths = Object.keys(manifestOf(published.find((folder) => manifestOf(folder).name === name) ?? '').exports).filter(
    (path) => path !== './package.json',
  );

  it('contains what is published, and nothing of the workspace', () => {
    const { files, manifest, folder } = it_();
    const text = files.get('package.json') ?? '';
    expect(text).not.toMatch(/workspace:|catalog:|@redress\/source|file:|link:/);
    const paths = [...files.keys()];
    expect(paths.filter((path) => /^src\/|(?:^|\/)tests?\/|\.test\.|tsconfig|tsup\.config|node_modules|\.tsbuildinfo|\.env/.test(path))).toEqual([]);
    expect(files.get('README.md')?.startsWith(`# ${name}\n`)).toBe(true);
    const licences = [folder, ROOT].flatMap((path) => readdirSync(path)).filter((file) => /^licen[cs]e/i.test(file));
    if (licences.length > 0 || manifest.files?.some((file) => /licen[cs]e/i.test(file)))
      expect(paths.filter((path) => /^licen[cs]e/i.test(path))).toHaveLength(1);
    const leading = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : [target.types, target.default]));
    for (const target of [...leading, ...Object.values(manifest.bin ?? {})]) expect(paths).toContain(target.replace(/^\.\//, ''));
    expect(Object.values(manifest.exports).every((target) => target === './package.json' || (target as { types: string }).types.endsWith('.d.ts'))).toBe(true);
    for (const [path, content] of files) expect(content.includes(ROOT), `${path} names a folder of the machine that packed it`).toBe(false);
  });

  it('depends on no package that it does not declare', () => {
    const { files, manifest } = it_();
    const named = [name, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies })];
    const asked = new Set<string>();
    for (const [path, content] of files) {
      if (!/\.(?:js|d\.ts)$/.test(path)) continue;
      // What the compiler takes for imports: texts that only look like one (what `redress new` writes) are none.
      for (const { fileName: from } of ts.preProcessFile(content, true, true).importedFiles)
        if (!from.startsWith('.') && !from.startsWith('node:') && !builtinModules.includes(from))
          asked.add(
            from
              .split('/')
              .slice(0, from.startsWith('@') ? 2 : 1)
              .join('/'),
          );
    }
    expect([...asked].filter((each) => !named.includes(each))).toEqual([]);
  });

  it.each(subpaths)('can be imported on its own: %s', async (subpath) => {
    const entry = `${name}${subpath.slice(1)}`;
    const out = await must(NODE, ['--input-type=module', '-e', `console.log(Object.keys(await import('${entry}')).length, import.meta.resolve('${entry}'))`]);
    const [count, from] = out.trim().split(' ');
    expect(Number(count)).toBeGreaterThan(0);
    expect(fileURLToPath(from as string).startsWith(join(project, 'node_modules', name))).toBe(true);
  });
});

describe('a project with all packages', () => {
  it('has our packages only from the tarballs, each once', () => {
    const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string }> };
    const ours = Object.entries(packages).filter(([path]) => path.includes('node_modules/@redress/'));
    expect(ours.map(([path]) => path).sort()).toEqual(names.map((name) => `node_modules/${name}`));
    for (const [, { resolved }] of ours) expect(resolved).toMatch(/^file:/);
  });

  /** Two of ours from two packages, and one of the user's own: the example, which is as the documentation has it. */
  const HANDLER = `import { connectAws } from '@redress/connect';
import { definePolicy } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { createHandler } from '@redress/lambda-runtime';
import { raiseRetention } from '@redress/remediator-cloudwatch-logs';
import { revokeSgOpenSsh } from '@redress/remediator-ec2';
import { rotateKeys } from './remediator.js';

export const handler = createHandler({
  remediators: [revokeSgOpenSsh, raiseRetention, rotateKeys],
  policy: definePolicy({
    version: 1,
    environments: { dev: { accounts: ['${ACCOUNT}'] } },
    remediators: {
      'ec2-revoke-sg-open-ssh': { dev: 'enforce' },
      'logs-raise-retention': { dev: 'enforce', parameters: { minDays: 90 } },
      [rotateKeys.id]: { dev: 'enforce' },
    },
  }),
  journal: memoryJournal(),
  connect: connectAws(),
});
`;
  const compilerOptions = { target: 'es2023', strict: true, exactOptionalPropertyTypes: true, verbatimModuleSyntax: true, types: ['node'] };

  beforeAll(() => {
    writeFileSync(join(project, 'handler.ts'), HANDLER);
    copyFileSync(join(ROOT, 'examples', 'third-party-remediator', 'remediator.ts'), join(project, 'remediator.ts'));
  });

  it.each([
    ['nodenext', 'typescript', { module: 'nodenext', moduleResolution: 'nodenext', outDir: 'out' }],
    ['bundler', 'typescript-native', { module: 'esnext', moduleResolution: 'bundler', noEmit: true }],
  ])('type-checks a handler with our remediators and a custom one, package types included: %s, by %s', async (resolution, compiler, more) => {
    const file = join(project, `tsconfig.${resolution}.json`);
    writeFileSync(file, JSON.stringify({ compilerOptions: { ...compilerOptions, ...more, rootDir: '.' }, files: ['handler.ts'] }));
    const { exit, out } = await run(NODE, [join(ROOT, 'node_modules', compiler, 'bin', 'tsc'), '-p', file, '--pretty', 'false']);
    expect(out).toBe('');
    expect(exit).toBe(0);
  });

  it('validates parameters with the schema library of the user, in any installed version', async () => {
    const script = `import { defineRemediator } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import * as ours from '@redress/core/parameters';
import * as whole from 'zod';
import * as small from 'zod/mini';
const given = (parameters) => defineRemediator({
  id: 'acme-days', title: 'Days', resourceTypes: ['AWS::Test::Widget'], controls: [], ceiling: 'notify', blindSpots: [], parameters,
  uses: { reads: [], writes: [], undoes: [] }, observe: async () => 'gone', plan: () => ({ status: 'compliant', message: 'Closed.' }),
});
const tried = (remediator) => { try { return remediator.parameters({ days: 0 }); } catch ({ code, place }) { return [code, place.path]; } };
const all = [ours, small].map((z) => z.strictObject({ days: z._default(z.int().check(z.gte(1)), 7) }));
all.push(whole.strictObject({ days: whole.int().min(1).default(7) }));
console.log(JSON.stringify(all.map(given).map((each) => [each.parameters({}), tried(each), parametersJsonSchema(each).properties.days.minimum])));`;
    const out = await must(NODE, ['--input-type=module', '-e', script]);
    expect(JSON.parse(out)).toEqual(Array.from({ length: 3 }, () => [{ days: 7 }, ['policy/invalid', 'parameters.days'], 1]));
  });

  describe('in an account', () => {
    interface Sdk {
      send(command: object): Promise<any>;
    }
    type Module = Record<string, new (input: object) => any>;
    let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
    let inAccount: NodeJS.ProcessEnv;
    let group: string;
    let logGroup: string;
    let key: string;

    /** A call with the SDK that is in the project. */
    async function call(service: string, operation: string, input: object): Promise<any> {
      const sdk = createRequire(join(project, 'package.json'))(`@aws-sdk/client-${service}`) as Module;
      const Client = Object.entries(sdk).find(([name]) => name.endsWith('Client') && name !== '__Client')?.[1];
      const Command = sdk[`${operation}Command`];
      if (Client === undefined || Command === undefined) throw new Error(`${service} has no ${operation}`);
      const client = new Client({ region: REGION, endpoint, credentials }) as Sdk;
      return client.send(new Command(input));
    }
    const ports = async () =>
      ((await call('ec2', 'DescribeSecurityGroupRules', { Filters: [{ Name: 'group-id', Values: [group] }] })).SecurityGroupRules as any[])
        .filter((rule) => rule.IsEgress === false)
        .map((rule) => rule.FromPort)
        .sort((a, b) => a - b);
    const retention = async () => (await call('cloudwatch-logs', 'DescribeLogGroups', { logGroupNamePrefix: logGroup })).logGroups[0].retentionInDays;
    const rotates = async () => (await call('kms', 'GetKeyRotationStatus', { KeyId: key })).KeyRotationEnabled;

    beforeAll(async () => {
      // An account of its own, so that nothing of other tests is in it.
      const reply = await fetch(endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
          authorization: 'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
        },
        body: `Action=AssumeRole&Version=2011-06-15&RoleSessionName=installed&RoleArn=arn:aws:iam::${ACCOUNT}:role/redress`,
      });
      const text = await reply.text();
      const member = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] as string;
      credentials = { accessKeyId: member('AccessKeyId'), secretAccessKey: member('SecretAccessKey'), sessionToken: member('SessionToken') };
      inAccount = {
        ...env,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        AWS_REGION: REGION,
      };
      group = (await call('ec2', 'CreateSecurityGroup', { GroupName: 'installed', Description: 'test' })).GroupId;
      for (const port of [443, 22])
        await call('ec2', 'AuthorizeSecurityGroupIngress', {
          GroupId: group,
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        });
      logGroup = '/acme/payments';
      await call('cloudwatch-logs', 'CreateLogGroup', { logGroupName: logGroup });
      await call('cloudwatch-logs', 'PutRetentionPolicy', { logGroupName: logGroup, retentionInDays: 7 });
      key = (await call('kms', 'CreateKey', {})).KeyMetadata.KeyId;
    });

    it('runs the installed command: --help', async () => {
      const help = await must(join(project, 'node_modules', '.bin', 'redress'), ['--help']);
      for (const command of ['normalize', 'plan', 'run', 'rollback', 'history', 'evidence', 'remediators', 'policy']) expect(help).toContain(`\n  ${command} `);
      expect((await must('npx', ['--no-install', 'redress', '--version'])).trim()).toBe(packed.get('@redress/cli')?.manifest.version);
    });

    it('plans a live account with the installed command, and changes nothing', async () => {
      const args = ['plan', '--live', '--json', '--endpoint-url', endpoint, '--region', REGION];
      const { exit, out, err } = await run(join(project, 'node_modules', '.bin', 'redress'), args, { env: inAccount });
      expect([exit, err]).toEqual([0, expect.stringContaining('policy is empty')]);
      const { account, passes } = JSON.parse(out) as { account: string; passes: { remediator: string; verdict: string; resource: { id: string } }[] };
      expect(account).toBe(ACCOUNT);
      expect(passes.filter(({ resource: { id } }) => [group, logGroup].includes(id)).map(({ remediator, verdict }) => [remediator, verdict])).toEqual(
        expect.arrayContaining([
          ['ec2-revoke-sg-open-ssh', 'notify-only'],
          ['logs-raise-retention', 'notify-only'],
        ]),
      );
      expect([await ports(), await retention()]).toEqual([[22, 443], 7]);
      expect(readdirSync(project)).not.toContain('.redress');
    });

    it('handles a batch of SQS messages: each remediator has its effect, and nothing else changes', async () => {
      const items = [
        { ipProtocol: 'tcp', fromPort: 22, toPort: 22, groups: {}, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] }, ipv6Ranges: {}, prefixListIds: {} },
      ];
      // What is newer than a minute has to settle first.
      const ago = new Date(Date.now() - 120_000);
      const trail = (service: string, operation: string, request: object) =>
        cloudTrailEvent({ account: ACCOUNT, region: REGION, service, operation, request: request as never, time: ago });
      const bodies = [
        trail('ec2', 'AuthorizeSecurityGroupIngress', { groupId: group, ipPermissions: { items } }),
        configComplianceEvent({
          time: ago,
          resource: resource({ type: 'AWS::Logs::LogGroup', id: logGroup, account: ACCOUNT, region: REGION }),
          rule: 'cw-loggroup-retention-period-check',
        }),
        trail('kms', 'DisableKeyRotation', { keyId: key }),
      ];
      const event = {
        Records: bodies.map((body, index) => ({
          messageId: `m-${index}`,
          receiptHandle: 'r',
          eventSource: 'aws:sqs',
          eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:redress`,
          body: JSON.stringify(body),
          attributes: {},
          messageAttributes: {},
          md5OfBody: '',
          awsRegion: REGION,
        })),
      };
      expect([await ports(), await retention(), await rotates()]).toEqual([[22, 443], 7, false]);

      writeFileSync(
        join(project, 'invoke.mjs'),
        `import { readFileSync } from 'node:fs';
import { handler } from './out/handler.js';
const answer = await handler(JSON.parse(readFileSync(0, 'utf8')), { awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 });
process.stdout.write('\\n' + JSON.stringify(answer));
`,
      );
      const out = await must(NODE, ['invoke.mjs'], { env: { ...inAccount, AWS_ENDPOINT_URL: endpoint }, input: JSON.stringify(event) });
      expect(JSON.parse(out.slice(out.lastIndexOf('\n')))).toEqual({ batchItemFailures: [] });
      expect([await ports(), await retention(), await rotates()]).toEqual([[443], 90, true]);
    });
  });
});

/** Megabytes in files, besides clients of AWS; `everything` with them. See docs/adr/0034. */
const REST = { remediator: 1.7, command: 42, everything: 101 };

describe('the download', () => {
  it('for one remediator is its AWS clients, and about 1.5 MB more', () => {
    const { aws, rest } = megabytes(small);
    expect(rest).toBeLessThanOrEqual(REST.remediator);
    expect(aws).toBeLessThanOrEqual(16);
    // It counts: core alone has more than one.
    expect(rest).toBeGreaterThan(1);
  });

  it('for the command line is at most 101 MB, with only four remediator packages', () => {
    const { aws, rest, packages } = command;
    expect(aws + rest).toBeLessThanOrEqual(REST.everything);
    expect(rest).toBeLessThanOrEqual(REST.command);
    expect(packages.filter((name) => name.startsWith('@redress/remediator'))).toEqual([
      ...['@redress/remediator-cloudwatch-logs', '@redress/remediator-ec2', '@redress/remediator-iam', '@redress/remediator-s3'],
    ]);
  });

  it('has no source map; code of other packages includes their licences', () => {
    for (const [name, { files }] of packed)
      for (const [path, text] of files) expect(path.endsWith('.map') || text.includes('\n//# sourceMappingURL='), `${name} ${path}`).toBe(false);
    expect(packed.get('@redress/cli')?.files.get('dist/THIRD-PARTY-NOTICES.txt')).toMatch(
      /commander [0-9.]+, whose licence is:[\s\S]*Permission is hereby granted/,
    );
    expect(packed.get('@redress/cli')?.manifest.dependencies).not.toHaveProperty('commander');
    for (const name of ['zod', 'yaml', '@marcbachmann/cel-js', 'canonicalize'])
      expect(packed.get('@redress/core')?.files.get('dist/THIRD-PARTY-NOTICES.txt')).toMatch(new RegExp(`${name} [0-9.]+, whose licence is:`));
    expect(Object.keys(packed.get('@redress/core')?.manifest.dependencies ?? {})).toEqual(['@standard-schema/spec']);
  });
});

describe('a project with one remediator package', () => {
  it('gets its SDK clients, and neither another remediator package nor another client', () => {
    const all = installed(small);
    expect(all.filter((name) => name.startsWith('@redress/'))).toEqual(['@redress/core', '@redress/remediator-s3']);
    expect(all.filter((name) => name.startsWith('@aws-sdk/client-'))).toEqual([
      '@aws-sdk/client-kms',
      '@aws-sdk/client-organizations',
      '@aws-sdk/client-s3',
      '@aws-sdk/client-s3-control',
    ]);
    expect(all.filter((name) => /vitest|commander|powertools|aws-cdk/.test(name))).toEqual([]);
  });

  it('works', async () => {
    const script = `import { createRedress, definePolicy } from '@redress/core';
import { s3Remediators } from '@redress/remediator-s3';
const connect = async () => { throw new Error('not needed'); };
createRedress({ remediators: s3Remediators, policy: definePolicy({ version: 1 }), connect }).close();
console.log(s3Remediators.map(({ id }) => id).join());`;
    const out = await must(NODE, ['--input-type=module', '-e', script], { cwd: small });
    expect(out.trim().split(',')).toContain('s3-enforce-default-encryption');
  });
});
