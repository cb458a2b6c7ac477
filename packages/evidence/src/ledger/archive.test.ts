import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Digest, digestText } from '@redress/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Archives, archivePath, FolderArchives, heldIn } from './archive.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-archive-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const text = (value: string) => ({ digest: digestText(value), text: value });
/** Archives of texts, as a sealer creates them. */
function made(seal: number, texts: readonly string[]): Buffer[] {
  const archives = new Archives(seal);
  const done = texts.map((each) => archives.add(text(each)));
  return [...done, archives.end()].filter((each) => each !== null);
}
function stored(seal: number, texts: readonly string[]): void {
  for (const [part, bytes] of made(seal, texts).entries()) {
    const file = join(directory, archivePath(seal, part));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

describe('an archive', () => {
  const TEXTS = ['{"a":1}', `{"long":"${'abc'.repeat(2000)}"}`, '{"ä":"€ 𝄞"}'];

  it('has its documents under their digests, compressed if that is shorter, and the same bytes each time', () => {
    const [archive = Buffer.alloc(0), ...more] = made(7, TEXTS);
    expect(more).toEqual([]);
    expect(archive.length).toBeLessThan(1000);
    expect(heldIn(archive)).toEqual(TEXTS.map(digestText));
    expect(made(7, TEXTS)[0]?.equals(archive)).toBe(true);
    // What does not get shorter is stored as it is.
    expect(archive.includes('{"a":1}')).toBe(true);
    const before = archive.subarray(0, archive.length - 90);
    expect(archive.toString('latin1', archive.length - 90)).toBe(`000000000007-00000 sha256:${createHash('sha256').update(before).digest('hex')}`);
    // Its end counts its documents twice, and the bytes of its comment.
    const end = archive.subarray(archive.length - 90 - 22);
    expect([8, 10, 20].map((at) => end.readUInt16LE(at))).toEqual([3, 3, 90]);
    expect(made(7, [])).toEqual([]);
  });

  it("can be read by others: by Python's zipfile, with every checksum", () => {
    stored(7, TEXTS);
    const script = [
      'import hashlib, json, sys, zipfile',
      'with zipfile.ZipFile(sys.argv[1]) as z:',
      '    assert z.testzip() is None',
      '    for i in z.infolist():',
      '        assert (i.create_version, i.extract_version, i.flag_bits, i.date_time) == (20, 20, 0, (1980, 1, 1, 0, 0, 0)), i',
      '        assert (i.extra, i.comment, i.internal_attr, i.external_attr) == (b"", b"", 0, 0), i',
      '    assert [i.compress_type for i in z.infolist()] == [0, 8, 0]',
      '    print(json.dumps([[n, hashlib.sha256(z.read(n)).hexdigest()] for n in z.namelist()]))',
    ].join('\n');
    const listed = JSON.parse(execFileSync('python3', ['-c', script, join(directory, archivePath(7, 0))], { encoding: 'utf8' })) as [string, string][];
    expect(listed.map(([name]) => name)).toEqual(TEXTS.map((each) => `${digestText(each).slice(7)}.json`));
    for (const [name, digest] of listed) expect(name).toBe(`${digest}.json`);
  });

  it('is split into several if there is too much for one', () => {
    const many = Array.from({ length: 16_385 }, (_, at) => `${at}`);
    const parts = made(3, many);
    expect(parts.map((each) => heldIn(each).length)).toEqual([16_384, 1]);
    const large = ['a', 'b', 'c'].map((each) => `"${each.repeat(15 * 1024 * 1024)}"`);
    expect(made(3, large).map((each) => heldIn(each).length)).toEqual([2, 1]);
    expect(parts.map((each) => each.toString('latin1', each.length - 90, each.length - 71))).toEqual(['000000000003-00000 ', '000000000003-00001 ']);
    expect([archivePath(3, 0), archivePath(3, 1)]).toEqual(['ledger/documents/000000000003.zip', 'ledger/documents/000000000003-1.zip']);
  });

  it('holds no document that was changed in it, whatever was changed', () => {
    const [archive = Buffer.alloc(0)] = made(7, TEXTS);
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(archive);
        bad[at] = (bad[at] as number) ^ change;
        // Each document that it lists can be read unchanged.
        const held = heldIn(bad);
        expect(TEXTS.map(digestText)).toEqual(expect.arrayContaining(held));
      }),
    );
    expect(heldIn(archive.subarray(0, 50))).toEqual([]);
    expect(heldIn(Buffer.alloc(0))).toEqual([]);
  });
});

describe('archives in a folder', () => {
  const found = (archives: FolderArchives, value: string) => archives.get(digestText(value));

  it('have a document wherever it is, also in a later one, and as long as any has it', () => {
    const archives = new FolderArchives(directory);
    expect(found(archives, 'one')).toBeNull();
    stored(1, ['one', 'two']);
    expect(found(archives, 'one')).toBe('one');
    stored(2, ['two', 'three']);
    expect([found(archives, 'three'), found(archives, 'two'), found(archives, 'four')]).toEqual(['three', 'two', null]);
    rmSync(join(directory, archivePath(1, 0)));
    expect([found(archives, 'one'), found(archives, 'two')]).toEqual([null, 'two']);
  });

  it('return a document from the one that has it unchanged', () => {
    for (const seal of [1, 2, 3]) stored(seal, ['one']);
    const file = join(directory, archivePath(2, 0));
    for (const seal of [1, 3]) {
      const bytes = readFileSync(file);
      bytes.write('eno', bytes.indexOf('one'));
      writeFileSync(join(directory, archivePath(seal, 0)), bytes);
    }
    expect(found(new FolderArchives(directory), 'one')).toBe('one');
    // If no intact copy exists, the reader sees that it was changed.
    rmSync(file);
    expect(found(new FolderArchives(directory), 'one')).toBe('eno');
  });

  it('that cannot be listed fail: a document in them does not count as missing', () => {
    mkdirSync(join(directory, 'ledger'));
    writeFileSync(join(directory, 'ledger', 'documents'), '');
    expect(() => found(new FolderArchives(directory), 'one')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  it('are recognized by their name, without files that are being written', () => {
    stored(1, ['one']);
    renameSync(join(directory, archivePath(1, 0)), join(directory, `${archivePath(1, 0)}.tmp`));
    expect(found(new FolderArchives(directory), 'one')).toBeNull();
  });

  it('that were changed still have each document that matches its digest, and do not fail', () => {
    stored(1, ['one', `"${'x'.repeat(500)}"`]);
    const file = join(directory, archivePath(1, 0));
    const good = readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 0xff;
      writeFileSync(file, bad);
      const read = new FolderArchives(directory).get(digestText('one') as Digest);
      expect(read === null || typeof read === 'string').toBe(true);
    }
    writeFileSync(file, 'no archive');
    expect(found(new FolderArchives(directory), 'one')).toBeNull();
  });
});
