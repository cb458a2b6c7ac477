#!/usr/bin/env node
// `npm run fuzz -- [--inputs N] [--seed N] [--json]`: hostile events against the normalizer.
import { join } from 'node:path';
import { fail, onNode24, ROOT, setup } from './setup.mjs';

try {
  await setup({ python: false });
  process.exitCode = await onNode24([join(ROOT, 'campaign', 'fuzz.ts'), ...process.argv.slice(2)]);
} catch (error) {
  fail(error);
}
