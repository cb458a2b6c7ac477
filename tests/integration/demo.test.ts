// The demo keeps its promises, and ends with the report that it wrote.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

it('the demo ends with the name of the report, which exists, covers what it did, and has files with matching checksums', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redress-demo-test-'));
  try {
    // It runs what is built, as a user's would.
    await run(process.execPath, [join(ROOT, 'scripts', 'setup.mjs')]);
    const { stdout } = await run(process.execPath, [join(ROOT, 'demo', 'demo.ts')], { env: { ...process.env, TMPDIR: folder, NO_COLOR: '1' } });
    expect(stdout).toContain('Everything as promised.');
    const [, page = ''] = /\nThe report that it wrote: (\S+)\n$/.exec(stdout) ?? [];
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('<span class="state good">✓ intact</span>');
    expect(html).toContain('EXC-42');
    // The execution that nine duplicates name, and the rollback of another.
    const [, execution = 'none'] = /nine records that name execution (\S+)\./.exec(stdout) ?? [];
    expect(html).toContain(execution);
    expect(html).toContain('the migration runs until Friday');
    const sums = readFileSync(join(dirname(page), 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n');
    expect(sums.length).toBeGreaterThan(11);
    for (const line of sums) {
      const [digest, name = ''] = line.split('  ');
      expect(
        createHash('sha256')
          .update(readFileSync(join(dirname(page), name)))
          .digest('hex'),
        name,
      ).toBe(digest);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
