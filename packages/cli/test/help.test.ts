// What the command line loads before it answers, and before its first call to AWS.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ownFolder } from '../../../tests/support/own-folder.js';

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
// Counts what the loader resolves to files, and prints it at the end.
const COUNT = `import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) loaded.push(url); return next(url, context); } });
let atCall = null;
process.getBuiltinModule('node:diagnostics_channel').subscribe('http.client.request.start', () => { atCall ??= [...loaded]; });
process.on('exit', () => process.stderr.write('\\n' + JSON.stringify(atCall ?? loaded)));`;

const loadedBy = async (argv: readonly string[], more: { readonly env?: Record<string, string>; readonly cwd?: string } = {}) => {
  const preload = `data:text/javascript,${encodeURIComponent(COUNT)}`;
  const env = { PATH: process.env['PATH'], NODE_DISABLE_COMPILE_CACHE: '1', ...more.env };
  const ended = (error: unknown) => error as { readonly stdout: string; readonly stderr: string };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', preload, BIN, ...argv], { ...more, env }).catch(ended);
  return { stdout, files: JSON.parse(stderr.slice(stderr.lastIndexOf('\n'))) as readonly string[] };
};

it.each([['--help'], ['plan', '--help'], ['--version']])('%s loads the parser of arguments, and no SDK, engine or command', async (...argv) => {
  const { stdout, files } = await loadedBy(argv);
  expect(stdout).not.toBe('');
  expect(files.filter((file) => /@aws-sdk|@smithy|packages\/(?!cli\/)/.test(file))).toEqual([]);
  expect(files.filter((file) => /\/(?:compose|plan|doctor)-/.test(file))).toEqual([]);
  expect(files.length).toBeLessThanOrEqual(20);
});

it('detects loaded modules', async () => {
  const { files } = await loadedBy(['schema', 'policy']);
  expect(files.some((file) => /packages\/core\//.test(file))).toBe(true);
});

it('plan --live reads the identity of the credentials before it loads anything else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redress-first-call-'));
  const { files } = await loadedBy(['plan', '--live'], {
    cwd: folder,
    // Nobody listens there: the request is what counts.
    env: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' },
  });
  rmSync(folder, { recursive: true });
  expect(files.some((file) => file.includes('client-sts'))).toBe(true);
  expect(
    files.filter((file) => /packages\/(?:remediators|evidence|frameworks|tracked|report|bundle)\/|core\/dist\/(?:yaml|cel|schema)\.js/.test(file)),
  ).toEqual([]);
  expect(files.filter((file) => /node_modules\/(?:zod|yaml|@marcbachmann|@streamparser)\//.test(file))).toEqual([]);
  // 42 were measured: 20 of them the SDK's.
  expect(files.length).toBeLessThanOrEqual(50);
});

it('keeps compiled code in a folder of the user, unless that is turned off', async () => {
  const home = ownFolder('home-');
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, [BIN, '--version'], { env: { PATH: process.env['PATH'], HOME: home, ...env } });
  const kept = () => readdirSync(home, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).length;
  await run({ NODE_DISABLE_COMPILE_CACHE: '1' });
  expect(kept()).toBe(0);
  const first = (await run({})).stdout;
  const folder = join(home, '.cache', 'redress', 'compiled');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(kept()).toBeGreaterThan(0);
  expect((await run({})).stdout).toBe(first);
  rmSync(home, { recursive: true });
});
