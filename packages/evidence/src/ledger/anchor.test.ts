// Copies of checkpoints, in folders and buckets.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Model } from '../../test/support/model.js';
import { bucketAnchor } from '../aws/anchor.js';
import { anchorPath, anchorTo, folderAnchor } from './anchor.js';

const note = 'example.com/redress\n1234\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n\n\u2014 example.com/redress AAAA\n';
const PATH = 'example.com_redress/000000000001234.checkpoint';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-anchor-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('copies of checkpoints', () => {
  it('are kept under the size of the log, once', async () => {
    expect(anchorPath(note)).toBe(PATH);
    for (let n = 0; n < 2; n++) expect(await anchorTo([folderAnchor(directory)], note)).toEqual([]);
    expect(readFileSync(join(directory, PATH), 'utf8')).toBe(note);
    expect(readdirSync(join(directory, 'example.com_redress'))).toEqual(['000000000001234.checkpoint']);
    // Nothing leads out of it.
    expect(anchorPath('../../etc\n1\n')).toBe('.._.._etc/000000000000001.checkpoint');
  });

  it('are kept in a bucket, and never replaced', async () => {
    const model = new Model('t', 'b');
    const anchor = bucketAnchor({ bucket: 'b', prefix: 'w/', clients: model.clients, lockDays: 30 });
    for (let n = 0; n < 2; n++) expect(await anchorTo([anchor], note)).toEqual([]);
    expect([...model.objects.keys()]).toEqual([`w/${PATH}`]);
    expect(model.objects.get(`w/${PATH}`)).toBe(Buffer.from(note).toString('latin1'));
    expect(model.locked.get(`w/${PATH}`)?.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    const other = note.replace('AAAA', 'BBBB');
    expect(await anchorTo([anchor], other)).toEqual([{ anchor: 's3://b/w/', message: expect.stringContaining('holds another checkpoint') as string }]);
    expect(model.objects.get(`w/${PATH}`)).toBe(Buffer.from(note).toString('latin1'));
  });

  it('that contradict one that is there are said to', async () => {
    await anchorTo([folderAnchor(directory)], note);
    const [failed] = await anchorTo([folderAnchor(directory)], note.replace('CQkJ', 'CQkK'));
    expect(failed?.message).toContain('holds another checkpoint of as many entries');
    expect(readFileSync(join(directory, PATH), 'utf8')).toBe(note);
  });

  it('that fail keep nobody from the others', async () => {
    writeFileSync(join(directory, 'file'), '');
    const failed = await anchorTo([folderAnchor(join(directory, 'file')), folderAnchor(join(directory, 'good'))], note);
    expect(failed).toEqual([{ anchor: join(directory, 'file'), message: expect.stringContaining('ENOTDIR') as string }]);
    expect(readFileSync(join(directory, 'good', PATH), 'utf8')).toBe(note);
  });
});
