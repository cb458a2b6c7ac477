// Copies of checkpoints in a folder whose file system has no links.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  link: () => Promise.reject(Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })),
}));
// If test files share modules, it may be loaded already, with links.
vi.resetModules();
const { anchorTo, folderAnchor } = await import('./anchor.js');

it('copies are stored without hard links, and never replaced', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-anchor-'));
  const note = `example.com/redress\n1234\n${Buffer.alloc(32, 9).toString('base64')}\n\n\u2014 example.com/redress AAAA\n`;
  const anchors = [folderAnchor(directory)];
  for (let n = 0; n < 2; n++) expect(await anchorTo(anchors, note)).toEqual([]);
  expect(await anchorTo(anchors, note.replace('AAAA', 'BBBB'))).toMatchObject([{ message: expect.stringContaining('holds another checkpoint') }]);
  const folder = join(directory, 'example.com_redress');
  expect(readdirSync(folder)).toEqual(['000000000001234.checkpoint']);
  expect(readFileSync(join(folder, '000000000001234.checkpoint'), 'utf8')).toBe(note);
  rmSync(directory, { recursive: true });
});

it.each([0, 20])('copies that were cut off after %i bytes are completed by the next attempt', async (bytes) => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-anchor-'));
  const note = `example.com/redress\n1234\n${Buffer.alloc(32, 9).toString('base64')}\n\n\u2014 example.com/redress AAAA\n`;
  const file = join(directory, 'example.com_redress', '000000000001234.checkpoint');
  mkdirSync(join(directory, 'example.com_redress'));
  writeFileSync(file, note.slice(0, bytes));
  expect(await anchorTo([folderAnchor(directory)], note)).toEqual([]);
  expect(readFileSync(file, 'utf8')).toBe(note);
  rmSync(directory, { recursive: true });
});
