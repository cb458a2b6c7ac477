// Several at once write one after the other, each on what the last has left; who is killed in between keeps nobody waiting.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { programOf } from '../../../tests/support/program.js';
import { rewrite } from './one-at-a-time.js';

let directory: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-rewrite-'));
  file = join(directory, 'exceptions.yaml');
  writeFileSync(file, '');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean).sort();

/** Processes of their own with a program that has `rewrite` and `file`. */
function program(body: string): (...argv: string[]) => ChildProcess {
  const text = `import { writeSync } from 'node:fs'; import { rewrite } from './one-at-a-time.js'; const file = ${JSON.stringify(file)}; ${body}`;
  const path = programOf(text, import.meta.dirname);
  return (...argv) => {
    const child = spawn(process.execPath, [path, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
}

it('six writers in one process write six lines', async () => {
  await Promise.all(Array.from({ length: 6 }, (_, index) => rewrite(file, 'exceptions.yaml', (text) => `${text}line ${index}\n`)));
  expect(lines()).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
  expect(readdirSync(directory).sort()).toEqual(['.exceptions.yaml.lock', 'exceptions.yaml']);
});

it('six processes write six lines concurrently', async () => {
  const start = program(`await rewrite(file, 'f', (text) => text + 'line ' + process.argv[2] + '\\n');`);
  const all = Array.from({ length: 6 }, (_, index) => start(String(index)));
  expect(await Promise.all(all.map(async (child) => (await once(child, 'exit'))[0]))).toEqual([0, 0, 0, 0, 0, 0]);
  expect(lines()).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
});

it('a process that is killed while it has the lock leaves the file unchanged, and blocks nobody', async () => {
  const child = program(
    `await rewrite(file, 'f', (text) => { writeSync(1, 'mine'); for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });`,
  )();
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  let done = false;
  const mine = rewrite(file, 'exceptions.yaml', (text) => `${text}mine\n`).then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(done).toBe(false);
  child.kill('SIGKILL');
  await mine;
  expect(lines()).toEqual(['mine']);
});

it('a failed rewrite leaves the file unchanged, and the next one may write', async () => {
  await expect(
    rewrite(file, 'exceptions.yaml', () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await rewrite(file, 'exceptions.yaml', (text) => `${text}next\n`);
  expect(lines()).toEqual(['next']);
  expect(readdirSync(directory).sort()).toEqual(['.exceptions.yaml.lock', 'exceptions.yaml']);
});

it('a missing file is named', async () => {
  await expect(rewrite(join(directory, 'none.yaml'), 'none.yaml', (text) => text)).rejects.toMatchObject({
    code: 'cli/file',
    message: 'none.yaml cannot be read: there is no such file',
  });
});
