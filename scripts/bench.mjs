#!/usr/bin/env node
// `npm run bench -- NAME [--json]`: one benchmark of bench/.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail, onNode24, ROOT, setup } from './setup.mjs';

const names = readdirSync(join(ROOT, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- NAME [--json]\nBenchmarks: ${names.join(', ')}\n`);
  process.exitCode = 64;
} else {
  try {
    // Benchmarks that use an emulator, or a peer for comparison.
    await setup({
      python: { peers: ['moto', 'c7n', 'ministack'], scan: ['moto', 'c7n'], 'plan-all': ['moto', 'c7n'], drain: ['moto'], coldstart: ['moto'] }[name] ?? false,
    });
    process.exitCode = await onNode24([join(ROOT, 'bench', `${name}.ts`), ...rest]);
  } catch (error) {
    fail(error);
  }
}
