// Shells read the scripts that complete words. Bash is on every machine, and is asked by the unit tests of the command.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { command } from '../../packages/cli/test/support/command.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-shells-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function script(shell: string, name: string): Promise<string> {
  const { exit, out, err } = await command(['completion', shell], directory);
  expect(exit, err).toBe(0);
  const file = join(directory, name);
  writeFileSync(file, out);
  return file;
}

it('zsh reads its script, and completes at each position', async ({ task }) => {
  const file = await script('zsh', '_redress');
  const ask = `compdef() { :; }; _describe() { print -l "\${found[@]}"; }; source ${file}; words=(redress evidence ver); CURRENT=3; _redress`;
  const out = execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8' });
  expect(out).toContain('verify:');
  expect(out).not.toContain('plan:');
  task.meta.said = 'the commands of `redress evidence`';
});

it('fish reads its script, and completes at each position', async ({ task }) => {
  const file = await script('fish', 'redress.fish');
  const complete = (line: string) => execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], { encoding: 'utf8' });
  expect(complete('redress evidence ver')).toMatch(/^verify\t/);
  expect(complete('redress plan --out')).toMatch(/^--output\t/);
  expect(complete('redress plan --output nd')).toMatch(/^ndjson/);
  expect(complete('redress evid')).toMatch(/^evidence\t/);
  task.meta.said = 'commands, options and values of options';
});
