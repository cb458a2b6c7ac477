import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../src/run.js';

it.each([
  ["appendFileSync('told', JSON.stringify(options))", '{"all":true}', ''],
  ["appendFileSync('told', ''); throw new Error('no\\u001b[2J')", '', 'warning: some of it could not be told: no\\u001b[2J\n'],
])('what was held back is delivered before the process ends: %s', async (body, told, warned) => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-flush-'));
  try {
    const path = JSON.stringify(join(directory, 'told'));
    writeFileSync(
      join(directory, 'redress.config.mjs'),
      `import { appendFileSync } from 'node:fs';\nexport default { notify: Object.assign(async () => {}, { flush: async (options) => { ${body.replace("'told'", path)}; } }) };\n`,
    );
    let err = '';
    const stderr = (text: string) => {
      err += text;
    };
    const io = {
      stdout: () => undefined,
      stderr,
      stdin: async () => '',
      stdinChunks: async function* () {},
      color: false,
      cwd: directory,
      env: {},
      user: 'tester',
    };
    writeFileSync(join(directory, 'redress.yaml'), 'version: 1\n');
    expect(await run(['policy', 'check'], io)).toBe(0);
    expect(readFileSync(join(directory, 'told'), 'utf8')).toBe(told);
    expect(err).toBe(warned);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
