// Copies of checkpoints, in folders and buckets.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  it('are stored under the size of the log, once', async () => {
    expect(anchorPath(note)).toBe(PATH);
    for (let n = 0; n < 2; n++) expect(await anchorTo([folderAnchor(directory)], note)).toEqual([]);
    expect(readFileSync(join(directory, PATH), 'utf8')).toBe(note);
    expect(readdirSync(join(directory, 'example.com_redress'))).toEqual(['000000000001234.checkpoint']);
    // Nothing leads out of it.
    expect(anchorPath('../../etc\n1\n')).toBe('.._.._etc/000000000000001.checkpoint');
    expect(anchorPath('a: //b\n1\n')).toBe('a_b/000000000000001.checkpoint');
    // A witness has cosigned it since: it is the same checkpoint, and the copy stays as it was.
    expect(await anchorTo([folderAnchor(directory)], `${note}\u2014 witness.example/w1 BBBB\n`)).toEqual([]);
    expect(readFileSync(join(directory, PATH), 'utf8')).toBe(note);
  });

  it('are stored in a bucket, and never replaced', async () => {
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

  it('that contradict an existing one are reported', async () => {
    await anchorTo([folderAnchor(directory)], note);
    const [failed] = await anchorTo([folderAnchor(directory)], note.replace('CQkJ', 'CQkK'));
    expect(failed?.message).toContain('holds another checkpoint of as many entries');
    await expect(folderAnchor(directory).keep(PATH, note.replace('AAAA', 'BBBB'))).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(readFileSync(join(directory, PATH), 'utf8')).toBe(note);
  });

  it('that are stored concurrently are all kept if they are equal, and only the first if they differ', async () => {
    const anchor = folderAnchor(directory);
    const kept = (notes: readonly string[]) => Promise.all(notes.map(async (each) => (await anchorTo([anchor], each)).length));
    expect(await kept([note, note, note])).toEqual([0, 0, 0]);
    const two = ['CQkK', 'CQkL'].map((other) => note.replace('1234', '1235').replace('CQkJ', other));
    const failed = await kept(two);
    expect(failed.toSorted()).toEqual([0, 1]);
    expect(readFileSync(join(directory, PATH.replace('1234', '1235')), 'utf8')).toBe(two[failed.indexOf(0)]);
    expect(readdirSync(join(directory, 'example.com_redress')).sort()).toEqual(['000000000001234.checkpoint', '000000000001235.checkpoint']);
  });

  it('that cannot be read back are reported with the error that prevented them', async () => {
    mkdirSync(join(directory, PATH), { recursive: true });
    expect(await anchorTo([folderAnchor(directory)], note)).toEqual([{ anchor: directory, message: expect.stringContaining('EEXIST') as string }]);
  });

  it('that fail do not affect the others', async () => {
    writeFileSync(join(directory, 'file'), '');
    const failed = await anchorTo([folderAnchor(join(directory, 'file')), folderAnchor(join(directory, 'good'))], note);
    expect(failed).toEqual([{ anchor: join(directory, 'file'), message: expect.stringContaining('ENOTDIR') as string }]);
    expect(readFileSync(join(directory, 'good', PATH), 'utf8')).toBe(note);
  });
});
