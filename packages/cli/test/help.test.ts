// What `redress --help` loads: it answers before anybody could think that it hangs.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
// Counts what the loader resolves to files, and prints it at the end.
const COUNT = `import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) loaded.push(url); return next(url, context); } });
process.on('exit', () => process.stderr.write(JSON.stringify(loaded)));`;

const loadedBy = async (...argv: string[]) => {
  const preload = `data:text/javascript,${encodeURIComponent(COUNT)}`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', preload, BIN, ...argv]);
  return { stdout, files: JSON.parse(stderr) as readonly string[] };
};

it.each([['--help'], ['plan', '--help'], ['--version']])('%s loads the parser of arguments, and no SDK, engine or command', async (...argv) => {
  const { stdout, files } = await loadedBy(...argv);
  expect(stdout).not.toBe('');
  expect(files.filter((file) => /@aws-sdk|@smithy|packages\/(?!cli\/)/.test(file))).toEqual([]);
  expect(files.filter((file) => /\/(?:compose|plan|doctor)-/.test(file))).toEqual([]);
  expect(files.length).toBeLessThanOrEqual(20);
});

it('counts what is loaded where something is', async () => {
  const { files } = await loadedBy('schema', 'policy');
  expect(files.some((file) => /packages\/core\//.test(file))).toBe(true);
});
