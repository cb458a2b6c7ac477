// The first hour of a new user: an empty folder, npm, and nothing of this repository but what it would publish, from a registry on loopback. That one
// line of .npmrc is all that differs from the day on which the packages are on npm.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startMoto } from '../../../scripts/moto.mjs';
import { withRegistry } from '../../../scripts/registry.mjs';

let folder: string;
/** An account that nobody else works on: what a plan cannot read there is a failure. */
let account: Awaited<ReturnType<typeof startMoto>>;
beforeAll(async () => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'redress-install-'));
  account = await startMoto();
});
afterAll(async () => {
  await account?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A command in a folder, with an account and nothing else of this process. */
function run(cwd: string, program: string, ...args: string[]): Promise<{ exit: number | null; out: string; err: string }> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_(?:OPTIONS|ENV|PATH)|AWS_|REDRESS_|npm_(?!config_))/i.test(name)),
  );
  const env = {
    ...inherited,
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: account.endpoint,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    child.once('error', failed);
    child.once('close', (exit) => done({ exit, out, err }));
  });
}

async function ran(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { exit, out, err } = await run(cwd, program, ...args);
  expect(exit, `${program} ${args.join(' ')}\n${out}\n${err}`).toBe(0);
  return out;
}

it('installs the command line, makes a handler, checks its policy, plans on an account and bundles, by what its README says', async () => {
  await withRegistry(async ({ url }) => {
    const registry = `@redress:registry=${url}/\n`;
    writeFileSync(join(folder, '.npmrc'), registry);
    await ran(folder, 'npm', 'init', '-y');
    await ran(folder, 'npm', 'install', '@redress/cli');
    const said = await ran(folder, 'npx', 'redress', 'new', 'handler', 'our-redress');
    expect(said).toContain('npm install');

    const handler = join(folder, 'our-redress');
    writeFileSync(join(handler, '.npmrc'), registry);
    // What its README says under Use and Deploy, word for word, but for what the AWS command line does: the tests of what is deployed do that.
    const steps = [...readFileSync(join(handler, 'README.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)]
      .flatMap(([, block = '']) => block.trim().replaceAll('\\\n', '').split('\n'))
      .filter((step) => !step.startsWith('aws '));
    expect(steps.map((step) => step.split(' > ')[0])).toEqual([
      ...['npm install', 'npm run check', 'npm run plan', 'npm run bundle', 'npx redress generate template hub --format json'],
      ...[
        'node -p "crypto.randomUUID()"',
        'npx redress generate template member-role --format json',
        'npx redress generate template member-events --format json',
      ],
    ]);
    const outputs: Record<string, string> = {};
    for (const step of steps) outputs[step] = await ran(handler, 'sh', '-c', step);
    expect(outputs['npm run check']).toContain('iam-flag-stale-access-key: notify');
    expect(outputs['npm run plan']).toMatch(/\d+ gaps? in|Nothing|No gap/);
    expect(existsSync(join(handler, 'dist', 'redress.zip'))).toBe(true);
    for (const template of ['hub', 'member-role', 'member-events'])
      expect(JSON.parse(readFileSync(join(handler, `${template}.json`), 'utf8'))).toHaveProperty('AWSTemplateFormatVersion');
    expect(readFileSync(join(handler, 'external-id'), 'utf8').trim()).toMatch(/^[0-9a-f-]{36}$/);

    // What is ours is what was packed.
    const lock = JSON.parse(readFileSync(join(handler, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; integrity: string }> };
    const ours = Object.entries(lock.packages).flatMap(([path, { version, integrity }]) => {
      const [name] = /@redress\/[^/]+$/.exec(path) ?? [];
      return name === undefined ? [] : [{ name, version, integrity }];
    });
    expect(ours.length).toBeGreaterThan(8);
    for (const { name, version, integrity } of ours) {
      const { versions } = (await (await fetch(`${url}/${name.replace('/', '%2f')}`)).json()) as { versions: Record<string, { dist: { integrity: string } }> };
      expect([name, integrity]).toEqual([name, versions[version]?.dist.integrity]);
    }
  });
});
