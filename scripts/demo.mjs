#!/usr/bin/env node
// `npm run demo`: an account with misconfigurations, and how Redress fixes them.
import { join } from 'node:path';
import { fail, onNode24, ROOT, setup } from './setup.mjs';

try {
  await setup();
  process.exitCode = await onNode24([join(ROOT, 'demo/demo.ts'), ...process.argv.slice(2)], { cwd: process.env.INIT_CWD ?? process.cwd() });
} catch (error) {
  fail(error);
}
