import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { command } from './support/command.js';

it.each([
  ["appendFileSync('flushed', JSON.stringify(options))", '{"all":true}', '', 0],
  ["appendFileSync('flushed', ''); throw new Error('no\\u001b[2J')", '', 'warning: some notifications could not be delivered: no\\u001b[2J\n', 1],
])('held messages are delivered before the process ends: %s', async (body, flushed, warned, ended) => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-flush-'));
  try {
    const path = JSON.stringify(join(directory, 'flushed'));
    writeFileSync(
      join(directory, 'redress.config.mjs'),
      `import { appendFileSync } from 'node:fs';\nexport default { notify: Object.assign(async () => {}, { flush: async (options) => { ${body.replace("'flushed'", path)}; } }) };\n`,
    );
    writeFileSync(join(directory, 'redress.yaml'), 'version: 1\n');
    const { exit, err } = await command(['policy', 'check'], directory);
    expect(exit).toBe(ended);
    expect(readFileSync(join(directory, 'flushed'), 'utf8')).toBe(flushed);
    expect(err).toBe(warned);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
