import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canonicalJson, digestOf } from '@redress/core';
import { breakFolder, generateKey, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  copies,
  EMPTY_EDGE,
  entriesOf,
  Growth,
  replaceEntries,
  type SealedFolder,
  sealedFolder,
  signCheckpoint,
  TRUST,
  tilePath,
} from '../../evidence/test/support/ledgers.js';
import { dying, SECRET, sealing, VERIFIER } from '../../evidence/test/support/sealing.js';
import { exitCodeOf, makeBundle, parseTrust, type VerifyReport, verifyBundle, verifyLedger } from './index.js';

const trust = parseTrust(TRUST);
const made = copies();
let kept: SealedFolder;
let folder: string;
const verify = (more: { copies?: { name: string; note: Buffer }[] } = {}): VerifyReport => verifyLedger({ directory: folder, trust, ...more });
const at = (...path: string[]) => join(folder, ...path);
const files = (root: string) =>
  readdirSync(at(root), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .sort();
/** The stream of a bucket; its records are 22 decisions and 22 fixes of three records each. */
const streamOf = (id: string) => files('streams').find((file) => readFileSync(at(file), 'utf8').includes(`"id":"${id}"`)) ?? '';
const linesOf = (file: string) => readFileSync(at(file), 'utf8').split('\n').slice(0, -1);
const writeLines = (file: string, lines: readonly string[]) => writeFileSync(at(file), lines.map((line) => `${line}\n`).join(''));
/** Number of a bucket's record in the log. */
const numberOf = (id: string, seq: number) =>
  entriesOf(kept.directory).findIndex((entry) => {
    const { resource, seq: of } = JSON.parse(entry.toString()) as { resource?: { id: string }; seq?: number };
    return resource?.id === id && of === seq;
  });

beforeAll(async () => {
  kept = await sealedFolder();
});
afterAll(() => {
  made.remove();
  rmSync(kept.directory, { recursive: true, force: true });
});
beforeEach(() => {
  folder = made.copy(kept);
});

describe('an unchanged ledger', () => {
  it('is intact', () => {
    const report = verify();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      status: 'intact',
      checkpoint: { origin: 'example.com/redress', size: 270, seals: 5 },
      ...{ streams: 4, records: 265, unsealed: 0, executions: 66, openExecutions: 0, firstBad: null },
    });
    expect(exitCodeOf(report)).toBe(0);
    // It states what it cannot show.
    expect(report.limits).toHaveLength(2);
  });

  it('begins with what each earlier checkpoint has', () => {
    expect(kept.checkpoints).toHaveLength(5);
    const report = verify({ copies: kept.checkpoints.map((note, index) => ({ name: `copy ${index}`, note: Buffer.from(note) })) });
    expect(report.findings).toEqual([]);
    expect(report.limits).toHaveLength(1);
  });

  it('is intact with records that are not sealed yet, which are counted', async () => {
    const more = await sealedFolder({ rounds: 1, unsealed: true });
    const report = verifyLedger({ directory: more.directory, trust });
    expect(report).toMatchObject({ status: 'intact', unsealed: 1, records: 13 });
    expect(report.limits.join()).toContain('not sealed yet');
    rmSync(more.directory, { recursive: true });
  });

  it('is intact during a seal', async () => {
    const world = sealing();
    await world.decide('a');
    const seal = () => sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    await seal();
    // Files that another sealer creates meanwhile.
    const later = `${world.directory}-later`;
    cpSync(world.directory, later, { recursive: true });
    await sealFolder({ directory: later, signer: world.signer, clock: world.clock });
    // The copies are checked after the checkpoint was read, and before the files that do not belong to it.
    let seals = 0;
    const between: { name: string; note: Buffer }[] = [];
    between[Symbol.iterator] = () => {
      if (seals++ === 0) {
        cpSync(later, world.directory, { recursive: true });
        rmSync(join(world.directory, 'ledger', 'tile', '0', '000.p', '2'));
        rmSync(join(world.directory, 'ledger', 'tile', 'entries', '000.p', '2'));
      }
      return [][Symbol.iterator]();
    };
    expect(verifyLedger({ directory: world.directory, trust, copies: between })).toMatchObject({ status: 'intact', checkpoint: { size: 3, seals: 2 } });
    expect(seals).toBe(2);
    rmSync(later, { recursive: true });
    await world.remove();
  });

  it('is intact after its key was replaced, and the newest seal has the key of its time', async () => {
    const world = sealing();
    await world.decide('a');
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    const next = generateKey('example.com/redress');
    world.clock.time += 3_600_000;
    const from = new Date(world.clock.time).toISOString();
    const sealed = { directory: world.directory, signer: signerOf(next.secret), clock: world.clock };
    await expect(sealFolder(sealed)).rejects.toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    await expect(sealFolder({ ...sealed, replaced: [VERIFIER] })).rejects.toThrow(expect.objectContaining({ code: 'ledger/key' }));
    expect((await breakFolder({ ...sealed, lost: VERIFIER, by: 'kim', reason: 'lost' })).report.size).toBe(3);
    const both = [
      { origin: 'example.com/redress', key: VERIFIER, from: null, until: from },
      { origin: 'example.com/redress', key: next.verifier, from, until: null, succeeds: VERIFIER },
    ];
    expect(verifyLedger({ directory: world.directory, trust: { keys: both } }).findings).toEqual([]);
    // A thief of the old key cannot continue with it.
    const stolen = { directory: world.directory, signer: world.signer, replaced: [next.verifier], clock: world.clock };
    await expect(sealFolder(stolen)).rejects.toThrow(expect.objectContaining({ code: 'ledger/key' }));
    await world.remove();
  });

  it('is verified without any code that writes', () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    expect(sources.length).toBeGreaterThan(8);
    const imported = sources.flatMap((name) =>
      [...readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? ''),
    );
    expect(
      imported.filter(
        (name) =>
          !name.startsWith('./') &&
          !['buffer', 'child_process', 'crypto', 'fs', 'os', 'path', 'zlib', 'url', 'util', 'worker_threads'].map((each) => `node:${each}`).includes(name),
      ),
    ).toEqual([]);
  });
});

describe('the verifier finds of a stream', () => {
  it('a record that was rewritten, with its chain', () => {
    const file = streamOf('b');
    // A forger who can hash: the record, and every digest after it.
    const lines = linesOf(file);
    const forged = rehash(lines.map((line, index) => (index === 4 ? line.replace('seen b', 'SEEN b') : line)));
    writeLines(file, forged);
    expect(verify().firstBad).toMatchObject({
      ...{ severity: 'tampered', code: 'changed-record', file, line: 5, seq: 5, entry: numberOf('b', 5) },
      resource: 'AWS::S3::Bucket b (111111111111, us-east-1)',
    });
  });

  it('a record that was edited', () => {
    const file = streamOf('b');
    writeLines(
      file,
      linesOf(file).map((line, index) => (index === 4 ? line.replace('seen b', 'SEEN b') : line)),
    );
    expect(verify().firstBad).toMatchObject({ code: 'wrong-digest', file, line: 5, seq: 5, entry: numberOf('b', 5) });
  });

  it.each([
    ['one was removed', (lines: string[]) => lines.filter((_, index) => index !== 6), 7],
    ['one was removed and the rest was rewritten', (lines: string[]) => rehash(lines.filter((_, index) => index !== 6)), 7],
    ['one was inserted', (lines: string[]) => lines.toSpliced(6, 0, lines[2] ?? ''), 7],
    ['two were swapped', (lines: string[]) => lines.with(6, lines[7] ?? '').with(7, lines[6] ?? ''), 7],
    ['one is repeated', (lines: string[]) => lines.toSpliced(6, 0, lines[5] ?? ''), 7],
    ['the tail was cut off', (lines: string[]) => lines.slice(0, -4), 85],
    ['all except the first were cut off', (lines: string[]) => lines.slice(0, 1), 2],
  ])('that %s, and which record is the first one', (_, change, seq) => {
    const file = streamOf('a');
    writeLines(file, change(linesOf(file)));
    const report = verify();
    expect(report.status).toBe('tampered');
    expect(exitCodeOf(report)).toBe(1);
    expect(report.firstBad).toMatchObject({ severity: 'tampered', file, seq, entry: numberOf('a', seq) });
  });

  it('that it is missing, with its documents', () => {
    const file = streamOf('c');
    const documents = linesOf(file).flatMap((line) => Object.values((JSON.parse(line.slice(72)) as { blobs: Record<string, string> }).blobs));
    rmSync(at(file));
    for (const digest of new Set(documents)) rmSync(at('blobs', digest.slice(7, 9), `${digest.slice(7)}.json`));
    const report = verify();
    expect(report.findings).toHaveLength(1);
    expect(report.firstBad).toMatchObject({
      code: 'missing-stream',
      file,
      seq: 1,
      entry: numberOf('c', 1),
      resource: 'AWS::S3::Bucket c (111111111111, us-east-1)',
    });
  });

  it('that it is empty', () => {
    truncateSync(at(streamOf('c')), 0);
    const codes = verify().findings.map(({ code }) => code);
    expect(codes).toContain('empty-stream');
    expect(codes).toContain('missing-record');
  });

  it('that it is in another place, or is not a file', () => {
    const file = streamOf('c');
    mkdirSync(at('streams', 'zz'));
    renameSync(at(file), at('streams', 'zz', 'x.jsonl'));
    expect(
      verify()
        .findings.map(({ code }) => code)
        .sort(),
    ).toEqual(['missing-stream', 'stray-file', 'unused-document']);
  });

  it('a record of an execution that is not open, and of a worker without a lease', () => {
    const file = streamOf('a');
    const lines = linesOf(file);
    const of = (kind: string) => lines.findIndex((line) => line.includes(`"kind":"${kind}"`));
    // Not sealed, so that only the rules of records can find it.
    rmSync(at('ledger'), { recursive: true });
    const codes = (changed: string[]) => {
      writeLines(file, rehash(changed));
      return verify().findings.map(({ code }) => code);
    };
    expect(codes(lines)).toEqual(['no-checkpoint']);
    expect(codes(lines.slice(0, of('outcome') + 1).concat(lines[of('call')] ?? ''))).toContain('not-open');
    expect(codes(lines.slice(0, of('intent') + 1).concat(lines[of('intent')] ?? ''))).toContain('already-open');
    expect(codes(lines.slice(0, of('intent') + 1).concat((lines[of('call')] ?? '').replace('"fence":1', '"fence":2')))).toContain('wrong-fence');
    expect(codes(lines.slice(0, of('intent') + 1))).toContain('open-execution');
    expect(codes(lines.map((line, index) => (index === 3 ? line.replace('"time":"2026-01-02T', '"time":"2025-01-02T') : line)))).toContain('time-backwards');
    expect(codes(lines.map((line, index) => (index === 3 ? line.replace('"kind":"', '"kind":"x') : line)))).toContain('malformed');
    expect(codes(lines.map((line, index) => (index === 3 ? line.replace('"id":"a"', '"id":"z"') : line)))).toContain('wrong-stream');
    expect(codes(lines.map((line, index) => (index === 3 ? line.replace('"v":1', '"v": 1') : line)))).toContain('not-canonical');
  });
});

describe('the verifier finds of documents', () => {
  const document = () => files('blobs')[3] ?? '';

  it('that one was changed', () => {
    writeFileSync(at(document()), '{"id":"x"}');
    expect(verify().firstBad).toMatchObject({ severity: 'tampered', code: 'changed-document' });
  });

  it('that one is missing, with the record still proven', () => {
    rmSync(at(document()));
    const report = verify();
    expect(report.status).toBe('incomplete');
    expect(exitCodeOf(report)).toBe(2);
    expect(new Set(report.findings.map(({ code }) => code))).toEqual(new Set(['missing-document']));
    expect(report.firstBad?.entry).not.toBeNull();
  });

  it('that no record names one, or that something else is in its place', () => {
    const digest = '2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df';
    mkdirSync(at('blobs', '26'), { recursive: true });
    writeFileSync(at('blobs', '26', `${digest}.json`), 'ok');
    writeFileSync(at('blobs', 'note.txt'), 'x');
    expect(
      verify()
        .findings.map(({ code, severity }) => `${severity} ${code}`)
        .sort(),
    ).toEqual(['tampered changed-document', 'tampered stray-file']);
  });
});

describe('the verifier finds of the log', () => {
  it('that an entry was changed, and which record it belongs to', () => {
    const entries = entriesOf(folder);
    const number = numberOf('b', 7);
    replaceEntries(folder, entries.with(number, Buffer.from(String(entries[number]).replace('111111111111', '111111111112'))));
    expect(verify().firstBad).toMatchObject({ code: 'changed-entry', entry: number, seq: 7, file: 'ledger/tile/entries/000' });
  });

  it.each([
    ['one was removed', (entries: Buffer[]) => entries.toSpliced(20, 1, entries[269] as Buffer)],
    ['two were swapped', (entries: Buffer[]) => entries.with(20, entries[21] as Buffer).with(21, entries[20] as Buffer)],
    ['one is repeated', (entries: Buffer[]) => entries.with(21, entries[20] as Buffer)],
  ])('that of its entries %s', (_, change) => {
    replaceEntries(folder, change(entriesOf(folder)));
    const report = verify();
    expect(report.status).toBe('tampered');
    expect([20, 21]).toContain(report.firstBad?.entry);
  });

  it.each([
    ['a tile of hashes is missing', 'tile/0/000', 'missing-tile'],
    ['a tile of an upper level is missing', 'tile/1/000.p/1', 'missing-tile'],
    ['a bundle of entries is missing', 'tile/entries/000', 'missing-entries'],
    ['the checkpoint is missing', 'checkpoint', 'no-checkpoint'],
  ])('that %s', (_, file, code) => {
    rmSync(at('ledger', file));
    const report = verify();
    expect(report.status).toBe('tampered');
    expect(report.findings.map((each) => each.code)).toContain(code);
  });

  it('that it is longer than what was signed', () => {
    // The previous checkpoint, with everything after it left as it is: a log that is half set back.
    writeFileSync(at('ledger', 'checkpoint'), kept.checkpoints[2] as string);
    const report = verify();
    expect(report.status).toBe('tampered');
    expect(report.findings.map(({ code }) => code)).toContain('beyond-checkpoint');
  });

  it('that something else is in it', () => {
    for (const name of ['tile/0/000.p/256', 'tile/0/x000/000', 'tile/00/000', 'checkpoint.old', 'tile/7/000']) {
      mkdirSync(join(at('ledger', name), '..'), { recursive: true });
      writeFileSync(at('ledger', name), Buffer.alloc(32));
    }
    const found = verify().findings.map(({ code, file }) => `${code} ${file.slice('ledger/'.length)}`);
    expect(found.sort()).toEqual([
      ...['beyond-checkpoint tile/7/000', 'stray-file checkpoint.old', 'stray-file tile/0/000.p/256', 'stray-file tile/0/x000/000', 'stray-file tile/00/000'],
    ]);
  });

  it('that a tile of a shorter log was changed, and nothing if it was not', () => {
    const tile = readFileSync(at('ledger', 'tile/0/000'));
    mkdirSync(at('ledger', 'tile/0/000.p'));
    writeFileSync(at('ledger', 'tile/0/000.p/7'), tile.subarray(0, 7 * 32));
    expect(verify().findings).toEqual([]);
    writeFileSync(at('ledger', 'tile/0/000.p/7'), tile.subarray(32, 8 * 32));
    expect(verify().firstBad).toMatchObject({ code: 'changed-tile', file: 'ledger/tile/0/000.p/7' });
  });

  it('that all of it was rewritten without the key', async () => {
    const file = streamOf('a');
    const other = sealing();
    writeLines(file, rehash(linesOf(file).map((line) => line.replace('seen a', 'fine a'))));
    const checkpoint = readFileSync(at('ledger', 'checkpoint'));
    rmSync(at('ledger'), { recursive: true });
    rmSync(at('sealer'), { recursive: true });
    const signer = signerOf(generateKey('example.com/redress').secret);
    // As many seals as before, and of the same length, so that only the root differs.
    for (let seals = 0; seals < 5; seals++) await sealFolder({ directory: folder, signer, clock: other.clock });
    expect(exitCodeOf(verify())).toBe(3);
    // With the true checkpoint restored, the files do not match it.
    writeFileSync(at('ledger', 'checkpoint'), checkpoint);
    expect(exitCodeOf(verify())).toBe(1);
    expect(verify().findings.map(({ code }) => code)).toEqual(['wrong-root']);
    return other.remove();
  });
});

describe('the verifier finds of the checkpoint', () => {
  const note = () => readFileSync(at('ledger', 'checkpoint'), 'utf8');
  const write = (text: string) => writeFileSync(at('ledger', 'checkpoint'), text);

  it('that an untrusted key has signed it', () => {
    const key = generateKey('example.com/redress');
    write(signed(note(), signerOf(key.secret).sign, key.verifier));
    const report = verify();
    expect(report).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
    expect(exitCodeOf(report)).toBe(3);
  });

  it('that the key signed it when it was no longer, or not yet, trusted', () => {
    for (const [from, until] of [
      ['2026-06-01T00:00:00Z', null],
      [null, '2026-01-01T00:00:00Z'],
    ] as const) {
      const report = verifyLedger({ directory: folder, trust: { keys: [{ origin: 'example.com/redress', key: VERIFIER, from, until }] } });
      expect(report).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
    }
  });

  it('that no key is trusted', () => {
    expect(verifyLedger({ directory: folder })).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
  });

  it('that it has a signature of another algorithm, under the name of the key', () => {
    // ECDSA instead of Ed25519: another algorithm gives another key id, and no key with it is trusted.
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [, id] = VERIFIER.split('+');
    write(signed(note(), (text) => sign('sha256', text, privateKey), `example.com/redress+00000002+`));
    expect(exitCodeOf(verify())).toBe(3);
    write(signed(note(), (text) => sign('sha256', text, privateKey), `example.com/redress+${id}+`));
    expect(verify()).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-signature' } });
  });

  it.each([
    ['has no signature', (text: string) => text.slice(0, text.indexOf('\n\n') + 2), 'not-a-checkpoint'],
    ['has another size', (text: string) => text.replace('\n270\n', '\n269\n'), 'wrong-signature'],
    ['has another origin', (text: string) => text.replace(/^example\.com/, 'example.org'), 'wrong-signature'],
    ['has a size in another notation', (text: string) => text.replace('\n270\n', '\n0270\n'), 'not-a-checkpoint'],
    ['has an additional line', (text: string) => text.replace('\n\n', '\nmore\n\n'), 'not-a-checkpoint'],
    ['is empty', () => '', 'not-a-checkpoint'],
  ])('that it %s', (_, change, code) => {
    write(change(note()));
    expect(verify()).toMatchObject({ status: 'tampered' });
    expect(verify().findings.map((each) => each.code)).toContain(code);
  });

  it('accepts one with further signatures, as added by witnesses', () => {
    const witness = generateKey('witness.example');
    const more = signed(note(), signerOf(witness.secret).sign, witness.verifier);
    write(`${note()}${more.slice(more.indexOf('\n\n') + 2)}`);
    expect(verify().findings).toEqual([]);
  });
});

describe('the verifier finds with copies of checkpoints', () => {
  const copyOf = (note: string) => ({ copies: [{ name: 'kept elsewhere', note: Buffer.from(note) }] });

  it('that the log was set back', async () => {
    // Everything as it was when the first seal was made.
    const world = sealing();
    await world.decide('a');
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    const early = mkdtempSync(join(tmpdir(), 'redress-early-'));
    cpSync(world.directory, early, { recursive: true });
    await world.decide('a');
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    const late = readFileSync(join(world.directory, 'ledger', 'checkpoint'), 'utf8');
    folder = early;
    expect(verify()).toMatchObject({ status: 'intact' });
    expect(verify(copyOf(late))).toMatchObject({ status: 'tampered', firstBad: { code: 'rolled-back', entry: 2 } });
    // And that the key signed another history from there on.
    const clock = { now: () => world.clock.time + 1 };
    rmSync(join(early, 'index.sqlite'), { force: true });
    await sealFolder({ directory: early, signer: signerOf(SECRET), clock });
    await sealFolder({ directory: early, signer: signerOf(SECRET), clock });
    expect(verify()).toMatchObject({ status: 'intact' });
    expect(verify(copyOf(late))).toMatchObject({ status: 'tampered', firstBad: { code: 'forked' } });
    rmSync(early, { recursive: true });
    await world.remove();
  });

  it('refuses an invalid one', () => {
    expect(() => verify(copyOf('nothing'))).toThrow('kept elsewhere cannot be compared with');
  });
});

describe('an unfinished seal', () => {
  it('is incomplete wherever its sealer died, and intact when it is completed', async () => {
    for (let step = 0; step < 8; step++) {
      const world = sealing();
      for (const id of ['a', 'b']) await world.decide(id);
      await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
      await world.decide('a');
      const { through } = dying(step, 'after');
      await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: through })).rejects.toThrow('died after');
      folder = world.directory;
      const last = step === 7;
      expect(existsSync(at('sealer', 'pending.json'))).toBe(!last);
      expect(
        verify()
          .findings.filter(({ code }) => code !== 'beyond-checkpoint')
          .map(({ code }) => code),
      ).toEqual(last ? [] : ['unfinished-seal']);
      expect(verify().status).toBe(last ? 'intact' : 'incomplete');
      await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
      expect(verify().findings).toEqual([]);
      await world.remove();
    }
  });

  it('does not explain a log that was set back', () => {
    writeFileSync(at('ledger', 'checkpoint'), kept.checkpoints[2] as string);
    writeFileSync(at('sealer', 'pending.json'), '{"after":{"root":"","size":270},"before":{"root":"","size":100}}');
    const report = verify();
    expect(report.status).toBe('tampered');
    expect(report.findings.map(({ code }) => code)).toContain('wrong-pending');
  });
});

/** Lines whose digests match again, including numbers and links, as a forger would write them. */
function rehash(lines: readonly string[]): string[] {
  let head: string | null = null;
  return lines.map((line, index) => {
    const json = line
      .slice(72)
      .replace(/"prev":(?:null|"[^"]*")/, `"prev":${JSON.stringify(head)}`)
      .replace(/"seq":[0-9]+,"stream"/, `"seq":${index + 1},"stream"`);
    head = `sha256:${createHash('sha256').update(json).digest('hex')}`;
    return `${head} ${json}`;
  });
}

/** A checkpoint with its signatures replaced by another one. */
function signed(note: string, by: (text: Buffer) => Buffer, verifier: string): string {
  const [name = '', id = ''] = verifier.split('+');
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  return `${text}\n\u2014 ${name} ${Buffer.concat([Buffer.from(id, 'hex'), by(Buffer.from(text))]).toString('base64')}\n`;
}

describe('a log that was signed by another writer', () => {
  const said = { breaks: 0, documents: 0, rotations: 0 };
  let world: ReturnType<typeof sealing>;
  beforeEach(() => {
    world = sealing();
    folder = world.directory;
  });
  afterEach(() => world.remove());

  /** Seals one stream, whatever its first record is. */
  async function sealedAs(id: string, change: (json: string) => string, more: object): Promise<void> {
    await world.decide(id);
    const file = files('streams')[0] ?? '';
    const stream = `sha256:${file.slice(-70, -6)}`;
    const json = Buffer.from(change((linesOf(file)[0] ?? '').slice(72)));
    const head = `sha256:${createHash('sha256').update(json).digest('hex')}`;
    writeFileSync(at(file), Buffer.concat([Buffer.from(`${head} `), json, Buffer.from('\n')]));
    const streams = digestOf({ [stream]: { bytes: json.length + 73, head, seq: 1 } });
    const seal = { number: 1, first: 0, records: 1, time: '2026-01-02T00:00:05.000Z', streams, ...more };
    const growth = new Growth(EMPTY_EDGE, (tile, bytes) => {
      mkdirSync(dirname(at('ledger', tilePath(tile))), { recursive: true });
      writeFileSync(at('ledger', tilePath(tile)), bytes);
    });
    for (const entry of [json, Buffer.from(canonicalJson({ v: 1, seal }))]) growth.append(entry);
    growth.end();
    writeFileSync(at('ledger', 'checkpoint'), await signCheckpoint({ origin: world.signer.name, size: 2, root: growth.root() }, world.signer));
  }

  it.each<[string, (json: string) => string, string]>([
    ['unknown members', (json) => json.replace('},"execution":', '},"kind":"outcome","z":{},"execution":'), 'not-canonical'],
    ['duplicate documents', (json) => json.replace('},"execution":', `},"blobs":{"plan":"sha256:${'0'.repeat(64)}"},"execution":`), 'not-canonical'],
    ['a space, and a duplicate name, in its body', (json) => json.replace('"message":"seen a"', ' "message" : "x","message":"y"'), 'not-canonical'],
    ['an unknown kind', (json) => json.replace('"kind":"decision"', '"kind":"opinion"'), 'malformed'],
  ])('is tampered with if the first record of a stream has %s: all others are compared with it', async (_, change, code) => {
    await sealedAs('a', change, { said });
    expect(verify()).toMatchObject({ status: 'tampered', firstBad: { code, entry: 0, seq: 1 } });
  });

  it('names resources unchanged, whatever letters they have', async () => {
    await sealedAs('prüfung-日本', (json) => json, { said });
    expect(verify()).toMatchObject({ status: 'intact', findings: [] });
    await world.decide('prüfung-日本');
    const resource = 'AWS::S3::Bucket prüfung-日本 (111111111111, us-east-1)';
    expect(verify().uncovered).toMatchObject([{ resource, first: 2, last: 2 }]);
    rmSync(at('blobs'), { recursive: true });
    expect(verify().firstBad).toMatchObject({ code: 'missing-document', resource });
  });

  it.each([
    ['has', { said }, false],
    ['does not have', {}, true],
  ])('whose newest seal %s how often a key was lost: a bundle reports what it cannot show', async (_, more, isLimit) => {
    await sealedAs('a', (json) => json, more);
    const { status, limits } = verifyBundle(Buffer.from(makeBundle(folder, { resources: ['a'] }).file), { trust });
    expect(status).toBe('intact');
    expect(limits.some((each) => each.startsWith('Whether a key of the log was lost'))).toBe(isLimit);
  });
});
