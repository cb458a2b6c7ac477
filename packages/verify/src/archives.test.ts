// Documents in archives: every change of one is found, and ended retention breaks nothing.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { folderJournal, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { repeated } from '../../../tests/support/size.js';
import { copies, type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { dying, SECRET, sealing } from '../../evidence/test/support/sealing.js';
import { exitCodeOf, makeBundle, parseTrust, verifyBundle, verifyLargeLedger, verifyLedger } from './index.js';

const trust = parseTrust(TRUST);
const made = copies();
let kept: SealedFolder;
let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const verify = (more: object = {}) => verifyLedger({ directory: folder, trust, ...more });
const codes = (more: object = {}) => verify(more).findings.map(({ severity, code }) => `${severity} ${code}`);
const archive = (seal: number) => `ledger/documents/${String(seal).padStart(12, '0')}.zip`;
const blobs = () => readdirSync(at('blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
/** Seals an empty interval, this many days after the others. */
const sealLater = (days: number) =>
  sealFolder({ directory: folder, signer: signerOf(SECRET), clock: { now: () => Date.UTC(2026, 0, 2, 12) + days * 86_400_000 } });
/** An archive under the digest that it has now. */
function resealed(bytes: Buffer): Buffer {
  const whole = bytes.subarray(0, bytes.length - 90);
  const name = bytes.toString('latin1', bytes.length - 90, bytes.length - 71);
  return Buffer.concat([whole, Buffer.from(`${name}sha256:${createHash('sha256').update(whole).digest('hex')}`)]);
}

beforeAll(async () => {
  // Five seals: the first keeps its documents as they are, the last has none.
  kept = await sealedFolder({ archived: true });
});
afterAll(() => {
  made.remove();
  rmSync(kept.directory, { recursive: true, force: true });
});
beforeEach(() => {
  folder = made.copy(kept);
});

describe('a ledger whose documents were moved', () => {
  it('is intact and has all of them', async () => {
    const plain = await sealedFolder();
    const { documents } = verifyLedger({ directory: plain.directory, trust });
    rmSync(plain.directory, { recursive: true });
    expect(documents).toBe(73);
    expect(verify()).toMatchObject({ status: 'intact', findings: [], documents: 73, expired: 0, checkpoint: { seals: 5 } });
    // The second seal has also archived those of the first, which had said nothing about them. The document of a record that is too long for an entry stays.
    expect(blobs()).toHaveLength(1);
    expect(readdirSync(at('ledger/documents'))).toEqual([2, 3, 4].map((seal) => archive(seal).slice('ledger/documents/'.length)));
    expect((await verifyLargeLedger({ directory: folder, trust }, 2)).findings).toEqual([]);
  });

  it('has them for readers of the journal and in bundles', async () => {
    const journal = folderJournal({ directory: folder });
    let documents = 0;
    for await (const record of journal.read({ all: true })) {
      expect(Object.keys(record.documents)).toEqual(Object.keys(record.record.blobs));
      documents += Object.keys(record.documents).length;
    }
    await journal.close?.();
    expect(documents).toBe(199);
    expect(verifyBundle(Buffer.from(makeBundle(folder, { resources: ['b'] }).file), { trust })).toMatchObject({ status: 'intact', documents: 24 });
  });

  it('returns a document that one archive has changed from another one that has it unchanged', () => {
    const [first, second] = [readFileSync(at(archive(2))), readFileSync(at(archive(3)))];
    const name = [...second.toString('latin1').matchAll(/[0-9a-f]{64}\.json/g)].map(([each]) => each).find((each) => first.includes(each)) ?? '';
    expect(name).not.toBe('');
    const from = first.indexOf(name) + name.length;
    first[from] = (first[from] as number) ^ 1;
    writeFileSync(at(archive(2)), resealed(first));
    expect(codes()).toEqual(['tampered changed-document']);
    const digits = name.slice(0, 64);
    const naming = readdirSync(at('streams'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.jsonl') && readFileSync(at('streams', file), 'utf8').includes(digits),
    );
    expect(naming.length).toBeGreaterThan(0);
    const bundle = makeBundle(folder, { resources: naming.map((file) => basename(file, '.jsonl')) });
    expect(verifyBundle(Buffer.from(bundle.file), { trust })).toMatchObject({ status: 'intact', findings: [] });
  });

  it('keeps the proof of records whose documents have expired, and reports missing documents that have not', async () => {
    const paths = [2, 3, 4].map(archive);
    rmSync(at(paths[1] ?? ''));
    const missing = verify();
    expect([missing.status, exitCodeOf(missing), missing.expired]).toEqual(['incomplete', 2, 0]);
    expect(new Set(missing.findings.map(({ code }) => code))).toEqual(new Set(['missing-document']));
    expect(missing.firstBad?.message).toContain('before its retention has ended');
    expect(missing.firstBad?.entry).not.toBeNull();
    // A shorter `retention` option does not excuse it.
    expect(verify({ retention: 1 }).status).toBe('incomplete');
    await sealLater(29);
    expect(verify()).toMatchObject({ status: 'incomplete', expired: 0 });
    await sealLater(31);
    const expired = verify();
    expect([expired.status, exitCodeOf(expired), expired.findings]).toEqual(['intact', 0, []]);
    // The plans of its rounds; other documents are in the other archives, too.
    expect(expired.expired).toBe(24);
    expect(expired.documents + expired.expired).toBe(73);
    for (const path of paths) if (existsSync(at(path))) rmSync(at(path));
    expect(verify()).toMatchObject({ status: 'intact', findings: [] });
    // The document of the record that is too long for an entry has stayed where it was.
    for (const name of blobs()) rmSync(at('blobs', name));
    expect(verify()).toMatchObject({ status: 'intact', findings: [], documents: 0, expired: 73 });
  });

  it('is intact or incomplete wherever its sealer died', async () => {
    const world = sealing();
    for (const id of ['a', 'b']) await world.decide(id);
    const options = { directory: world.directory, signer: world.signer, clock: world.clock, documentsFor: 30 };
    await sealFolder(options);
    await world.fix('a');
    for (let step = 0; ; step++) {
      const copy = made.copy({ directory: world.directory, checkpoints: [] });
      const died = await sealFolder({ ...options, directory: copy, store: dying(step, 'after').through }).then(
        () => false,
        () => true,
      );
      folder = copy;
      expect(['intact', 'incomplete']).toContain(verify().status);
      await sealFolder({ ...options, directory: copy });
      expect(verify()).toMatchObject({ status: 'intact', findings: [], documents: 4 });
      expect(blobs()).toEqual([]);
      if (!died) break;
      expect(step).toBeLessThan(30);
    }
    await world.remove();
  });
});

describe('the verifier finds of archives', () => {
  it('each byte that is changed', () => {
    const path = archive(2);
    const good = readFileSync(at(path));
    for (let byte = 0; byte < good.length; byte += repeated(331, 41)) {
      const bad = Buffer.from(good);
      bad[byte] = (bad[byte] as number) ^ 1;
      writeFileSync(at(path), bad);
      const report = verify();
      expect([byte, report.status]).toEqual([byte, 'tampered']);
      expect(report.findings.some(({ file }) => file === path)).toBe(true);
    }
  });

  it('that a document was replaced by another one, whatever the archive claims', () => {
    const path = archive(2);
    const bytes = readFileSync(at(path));
    // One that is not compressed, of the same length.
    const place = bytes.indexOf('{"id":"a","ok":true}');
    expect(place).toBeGreaterThan(0);
    bytes.write('{"id":"z","ok":true}', place, 'latin1');
    writeFileSync(at(path), resealed(bytes));
    const report = verify();
    expect(report.findings.map(({ code, file }) => `${code} ${file}`)).toContain(`changed-document ${path}`);
    expect(report.status).toBe('tampered');
  });

  it('that it is another one, truncated, longer, or not an archive', () => {
    const good = readFileSync(at(archive(2)));
    for (const bytes of [readFileSync(at(archive(3))), good.subarray(0, 200), Buffer.concat([good, Buffer.from('x')]), Buffer.from('PK'), Buffer.alloc(0)]) {
      writeFileSync(at(archive(2)), bytes);
      expect(codes()).toContain('tampered changed-archive');
    }
    // Bytes between documents, and a directory that names one twice.
    const end = good.length - 90 - 22;
    const directory = good.readUInt32LE(end + 16);
    const inserted = Buffer.concat([good.subarray(0, directory), Buffer.from('hidden'), good.subarray(directory)]);
    inserted.writeUInt32LE(directory + 6, end + 6 + 16);
    writeFileSync(at(archive(2)), resealed(inserted));
    expect(codes()).toEqual(['tampered changed-archive']);
    const first = good.subarray(directory, directory + 46 + good.readUInt16LE(directory + 28));
    const twice = Buffer.concat([good.subarray(0, end), first, good.subarray(end)]);
    writeFileSync(at(archive(2)), resealed(twice));
    expect(codes()).toEqual(['tampered changed-archive']);
  });

  it('one that no seal names, or that belongs to no seal', () => {
    copyFileSync(at(archive(3)), at(archive(1)));
    expect(codes()).toEqual(['tampered changed-archive', 'tampered stray-file']);
    rmSync(at(archive(1)));
    for (const name of ['ledger/documents/000000000002-01.zip', 'ledger/documents/2.zip', 'ledger/documents/x']) copyFileSync(at(archive(2)), at(name));
    expect(codes()).toEqual(['tampered stray-file', 'tampered stray-file', 'tampered stray-file']);
    for (const name of readdirSync(at('ledger/documents'))) if (!/^\d{12}\.zip$/.test(name)) rmSync(at('ledger/documents', name));
    const far = readFileSync(at(archive(2)));
    far.write('000000000009', far.length - 90, 'latin1');
    writeFileSync(at(archive(9)), far);
    expect(codes()).toEqual(['tampered beyond-checkpoint']);
  });

  it('documents of a missing stream', () => {
    const stream =
      readdirSync(at('streams'), { recursive: true, encoding: 'utf8' }).find(
        (name) => name.endsWith('.jsonl') && readFileSync(at('streams', name), 'utf8').includes('"id":"c"'),
      ) ?? '';
    rmSync(at('streams', stream));
    const found = codes();
    expect(found).toContain('tampered missing-stream');
    expect(found).toContain('tampered stray-document');
  });

  it('that the documents in a seal cannot be read', async () => {
    const world = sealing();
    await world.decide('a');
    const report = await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, documentsFor: 1 });
    folder = made.copy({ directory: world.directory, checkpoints: [] });
    const bundle = at('ledger/tile/entries/000.p/2');
    const bytes = readFileSync(bundle, 'latin1');
    expect(bytes).toContain(report.seal.documents?.until);
    writeFileSync(bundle, bytes.replace(report.seal.documents?.until ?? '', 'some time, I think; or so'.slice(0, 24)), 'latin1');
    expect(codes()).toEqual(expect.arrayContaining(['tampered changed-entry', 'tampered wrong-seal']));
    await world.remove();
  });
});
