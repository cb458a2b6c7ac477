import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from './run.js';

it('mistakes in the policy and the register of a configuration are reported in one error', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'redress-config-'));
  const unhandled: unknown[] = [];
  const heard = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', heard);
  try {
    writeFileSync(join(cwd, 'redress.config.mjs'), "export default { policy: { version: 3 }, exceptions: [{ id: 'x' }] };");
    const said: string[] = [];
    const io = { cwd, env: {}, user: 'u', stdout: () => undefined, stderr: (text: string) => void said.push(text) };
    expect(await run(['plan', 'x.json'], io as never)).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said.join('')).toContain('The exceptions register has 5 mistakes');
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', heard);
    rmSync(cwd, { recursive: true });
  }
});
