#!/usr/bin/env node
// `npm run test:runtime`: tests the bundled functions under AWS's own runtime client. Its native part is compiled at installation (a minute or two, with a
// C++ compiler, make and cmake). So `npm test` runs the same tests with its own loop instead.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, NODE, onNode24, ROOT, setup } from './setup.mjs';

const VERSION = '4.0.2';

try {
  await setup({ python: ['moto'], build: false });
  const folder = join(ROOT, '.cache', `lambda-ric-${VERSION}`);
  const client = join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs');
  if (!existsSync(client)) {
    console.log(`Installing aws-lambda-ric ${VERSION}, which compiles its native part …`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', `aws-lambda-ric@${VERSION}`], {
      cwd: folder,
      // For the Node version that runs it.
      env: { ...process.env, PATH: `${dirname(NODE)}:${process.env.PATH}` },
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(`aws-lambda-ric could not be installed (npm ended with ${status}).`);
  }
  process.exitCode = await onNode24([join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', 'packages/bundle/test/functions.test.ts'], {
    env: { ...process.env, REDRESS_LAMBDA_RIC: client },
  });
} catch (error) {
  fail(error);
}
