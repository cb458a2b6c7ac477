#!/usr/bin/env node
// `npm run -s redress -- …`: the command, from this repository. Runs the setup first if necessary.
import { join } from 'node:path';
import { fail, onNode24, ROOT, setup } from './setup.mjs';

try {
  await setup({ python: false });
  // npm changes the working directory. File names are relative to where the command was typed.
  process.exitCode = await onNode24([join(ROOT, 'packages/cli/dist/bin.js'), ...process.argv.slice(2)], { cwd: process.env.INIT_CWD ?? process.cwd() });
} catch (error) {
  fail(error);
}
