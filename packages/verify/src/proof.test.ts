// Files that can be verified on their own: the proof of one record, and bundles.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from '@redress/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copies, entriesOf, type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { VERIFIER } from '../../evidence/test/support/sealing.js';
import { Folder } from './findings.js';
import { rootFrom, Tree } from './inclusion.js';
import { makeBundle, parseTrust, proveExecutions, proveRecord, verifyBundle, verifyLedger, verifyProof } from './index.js';

const trust = parseTrust(TRUST);
const made = copies();
let kept: SealedFolder;
let folder: string;
let size: number;
beforeAll(async () => {
  kept = await sealedFolder({ rounds: 22, unsealed: true });
  size = Number(readFileSync(join(kept.directory, 'ledger', 'checkpoint'), 'utf8').split('\n')[1]);
});
beforeEach(() => {
  folder = made.copy(kept);
});
afterAll(() => {
  made.remove();
  rmSync(kept.directory, { recursive: true, force: true });
});
const proof = (record: string) => Buffer.from(proveRecord(folder, record).file);

describe('the tree of a log', () => {
  it('has a path for each entry, which leads to the signed root only from its own position', () => {
    const entries = entriesOf(folder);
    expect(entries).toHaveLength(270);
    const root = Buffer.from(readFileSync(join(folder, 'ledger', 'checkpoint'), 'utf8').split('\n')[2] ?? '', 'base64');
    const tree = new Tree(new Folder(folder), size);
    for (const [entry, bytes] of entries.entries()) {
      const path = tree.path(entry) ?? [];
      expect([entry, rootFrom({ entry, bytes, path }, size)?.equals(root)]).toEqual([entry, true]);
      expect(rootFrom({ entry: entry === 0 ? 1 : entry - 1, bytes, path }, size)?.equals(root) ?? false).toBe(false);
      expect(rootFrom({ entry, bytes, path: path.slice(0, -1) }, size)).toBeNull();
      expect(rootFrom({ entry, bytes, path: [...path, root] }, size)).toBeNull();
    }
    expect(rootFrom({ entry: 270, bytes: Buffer.of(1), path: [] }, size)).toBeNull();
  });
});

describe('the proof of a record', () => {
  it('shows that it is in the signed log, and identifies it', () => {
    const file = proof('b/7');
    const lines = file.toString('utf8').split('\n');
    expect(lines[0]).toBe('c2sp.org/tlog-proof@v1');
    expect(lines[1]).toMatch(/^extra /);
    expect(lines[2]).toMatch(/^index \d+$/);
    expect(lines.indexOf('') - 3).toBe(9);
    expect(file.toString('utf8').endsWith(readFileSync(join(folder, 'ledger', 'checkpoint'), 'utf8'))).toBe(true);
    expect(verifyProof(file, { trust })).toMatchObject({
      status: 'intact',
      checkpoint: { origin: 'example.com/redress', size: 270 },
      records: [{ seq: 7, resource: 'AWS::S3::Bucket b (111111111111, us-east-1)', entry: Number(lines[2]?.slice(6)) }],
      findings: [],
    });
    expect(verifyProof(file, {})).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
  });

  it('can be made for any sealed record, by any of its names', () => {
    const [name = ''] = readdirSync(join(folder, 'streams'), { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.jsonl'));
    const hex = name.slice(-70, -6);
    const one = proveRecord(folder, `sha256:${hex}/1`);
    expect(proveRecord(folder, `${hex.slice(0, 8)}/1`)).toEqual(one);
    expect(() => proveRecord(folder, 'a/89')).toThrow('Record 89 of sha256:');
    for (const none of ['a/90', 'z/1', '0000000/1', 'a']) expect(() => proveRecord(folder, none)).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });

  it('detects every changed byte of it', () => {
    const good = proof('a/3');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ change;
        let status: string;
        try {
          ({ status } = verifyProof(bad, { trust }));
        } catch (error) {
          // A line `extra` that is no longer one: then the record is missing.
          status = (error as Error).name;
        }
        expect(['tampered', 'untrusted', 'UsageError']).toContain(status);
      }),
      { numRuns: 500 },
    );
  });

  it('has a record that is too long for it in a separate file', () => {
    const long = proveRecord(folder, 'long/1');
    expect(long.file.length).toBeLessThan(1000);
    const record = Buffer.from(long.record ?? '');
    expect(record.length).toBeGreaterThan(65_535);
    expect(verifyProof(Buffer.from(long.file), { trust, record })).toMatchObject({ status: 'intact', records: [{ entry: long.entry }] });
    expect(() => verifyProof(Buffer.from(long.file), { trust })).toThrow('--record');
    record[100] = (record[100] as number) ^ 1;
    expect(verifyProof(Buffer.from(long.file), { trust, record }).status).toBe('tampered');
    const other = Buffer.from(proveRecord(folder, 'a/1').file);
    expect(() => verifyProof(other, { trust, record })).toThrow('differs from the one in the proof');
  });

  it('cannot be made from a ledger that differs from what was signed', () => {
    const tile = join(folder, 'ledger', 'tile', '0', '000');
    const bytes = readFileSync(tile);
    // A hash on the path of most entries.
    for (const at of [40, 200 * 32]) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] as number) ^ 1;
      writeFileSync(tile, bad);
      expect(() => proveRecord(folder, 'a/1')).toThrow(/verify the ledger/);
    }
    writeFileSync(tile, bytes);
    rmSync(join(folder, 'ledger', 'checkpoint'));
    expect(() => proveRecord(folder, 'a/1')).toThrow('never sealed');
  });

  it('is untrusted if its key was no longer trusted when the record was made', () => {
    const over = (until: string) => ({ keys: [{ origin: 'example.com/redress', key: VERIFIER, from: null, until }] });
    const made = Date.parse(verifyProof(proof('a/3'), { trust }).records[0]?.time ?? '');
    const ended = (ago: number) => verifyProof(proof('a/3'), { trust: over(new Date(made - ago).toISOString()) });
    expect(ended(900_000)).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
    // The clocks of recording and sealing processes may differ by this much.
    expect(ended(899_999)).toMatchObject({ status: 'intact', findings: [] });
    const other = { keys: [{ origin: 'example.com/redress', key: generateKey('example.com/redress').verifier, from: null, until: null }] };
    expect(verifyProof(proof('a/3'), { trust: other })).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
  });
});

describe('proofs of executions', () => {
  const executionsIn = () => {
    const all = readdirSync(join(folder, 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    return all.flatMap((name) =>
      readFileSync(join(folder, 'streams', name), 'utf8')
        .trim()
        .split('\n')
        .flatMap((line) => {
          const { kind, execution, seq, stream } = JSON.parse(line.slice(72)) as { kind: string; execution: string | null; seq: number; stream: string };
          return kind === 'outcome' && execution !== null ? [{ execution, stream, seq }] : [];
        }),
    );
  };
  const sealed = () => {
    const rest = new Map(verifyLedger({ directory: folder, trust }).uncovered.map(({ stream, first }) => [stream, first]));
    return executionsIn().filter(({ stream, seq }) => seq < (rest.get(stream) ?? Number.POSITIVE_INFINITY));
  };

  it('are those of the records that closed them, each as it is made alone', () => {
    const ends = sealed();
    expect(ends.length).toBeGreaterThan(3);
    const proofs = [
      ...proveExecutions(
        folder,
        ends.map(({ execution }) => execution),
      ),
    ];
    expect(proofs.map(({ execution }) => execution).sort()).toEqual(ends.map(({ execution }) => execution).sort());
    for (const { execution, stream, seq } of ends) {
      const own = proofs.find((each) => each.execution === execution);
      expect(own).toEqual({ execution, ...proveRecord(folder, `${stream}/${seq}`) });
      expect(verifyProof(Buffer.from(own?.file ?? ''), { trust })).toMatchObject({ status: 'intact', records: [{ kind: 'outcome', seq }] });
    }
  });

  it('are looked for in the named streams, and missing if they are in others', () => {
    const ends = sealed();
    const [first] = ends;
    const other = ends.find(({ stream }) => stream !== first?.stream);
    const names = [first?.execution ?? ''];
    expect([...proveExecutions(folder, names, [first?.stream ?? ''])]).toEqual([...proveExecutions(folder, names)]);
    expect(() => [...proveExecutions(folder, names, [other?.stream ?? ''])]).toThrow(expect.objectContaining({ name: 'UsageError' }));
    expect(makeBundle(folder, { executions: names, within: [first?.stream ?? ''] })).toEqual(makeBundle(folder, { executions: names }));
    expect(() => makeBundle(folder, { executions: names, within: [other?.stream ?? ''] })).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });

  it('cannot be made from a ledger that differs from what was signed', () => {
    const [first] = sealed();
    const file = join(folder, 'streams', (first?.stream ?? '').slice(7, 9), `${(first?.stream ?? '').slice(7)}.jsonl`);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"time":"20\d\d/g, '"time":"1999'));
    expect(() => [...proveExecutions(folder, [first?.execution ?? ''])]).toThrow('is not sealed');
  });
});

describe('a bundle', () => {
  const parsed = (file: string) =>
    JSON.parse(file) as {
      documents: Record<string, string>;
      records: { entry: number; text: string; path: string[] }[];
      seal: { entry: number; text: string };
    };
  const checked = (value: object) => verifyBundle(Buffer.from(JSON.stringify(value)), { trust });

  it('has the records of a resource with their documents, and verifies on its own', () => {
    const { file, records, documents } = makeBundle(folder, { resources: ['c'] });
    expect([records, documents]).toEqual([88, 24]);
    expect(verifyBundle(Buffer.from(file), { trust })).toMatchObject({ status: 'intact', findings: [], documents: 24 });
    expect(verifyBundle(Buffer.from(file), { trust }).records.map(({ seq }) => seq)).toEqual(Array.from({ length: 88 }, (_, at) => at + 1));
    expect(verifyBundle(Buffer.from(file), {}).status).toBe('untrusted');
  });

  it('has those of an execution, single ones, and one that is too long for an entry', () => {
    const { record = '' } = { record: String(entriesOf(folder).find((entry) => String(entry).includes('"kind":"intent"'))) };
    const { execution } = JSON.parse(record) as { execution: string };
    expect(verifyBundle(Buffer.from(makeBundle(folder, { executions: [execution] }).file), { trust }).records.map(({ kind }) => kind)).toEqual([
      'intent',
      'call',
      'outcome',
    ]);
    const some = verifyBundle(Buffer.from(makeBundle(folder, { records: ['a/1', 'long/1', 'b/2'] }).file), { trust });
    expect([some.status, some.records.length]).toEqual(['intact', 3]);
    for (const none of [{}, { executions: ['x'] }, { records: ['a/1', 'a/99'] }, { resources: ['q'] }])
      expect(() => makeBundle(folder, none)).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });

  it('detects a document that was changed, or belongs to none of its records; a missing one leaves the record proven', () => {
    const good = parsed(makeBundle(folder, { records: ['a/1'] }).file);
    const [digest = ''] = Object.keys(good.documents);
    expect(checked({ ...good, documents: { [digest]: '{"id":"z"}' } })).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document', seq: 1 } });
    expect(checked({ ...good, documents: {} })).toMatchObject({ status: 'incomplete', records: [{ seq: 1 }], firstBad: { code: 'missing-document' } });
    const other = `sha256:${createHash('sha256').update('{}').digest('hex')}`;
    const both = Object.fromEntries(Object.entries({ ...good.documents, [other]: '{}' }).sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(checked({ ...good, documents: both })).toMatchObject({ status: 'tampered', firstBad: { code: 'unused-document' } });
  });

  it('detects a record that was changed, inserted or renumbered, and a seal that is not the newest', () => {
    const good = parsed(makeBundle(folder, { records: ['a/1', 'a/2'] }).file);
    const [first, second] = good.records as [(typeof good.records)[0], (typeof good.records)[0]];
    const bad = (record: object) => checked({ ...good, documents: {}, records: [record, second] });
    expect(bad({ ...first, text: first.text.replace('seen a', 'fine a') })).toMatchObject({ status: 'tampered', firstBad: { code: 'not-included', seq: 1 } });
    expect(bad({ ...first, entry: first.entry + 1 })).toMatchObject({ status: 'tampered', firstBad: { code: 'not-included' } });
    expect(bad({ ...first, path: second.path })).toMatchObject({ status: 'tampered', firstBad: { code: 'not-included' } });
    expect(bad({ ...first, text: '{}' })).toMatchObject({ status: 'tampered', firstBad: { code: 'malformed' } });
    expect(checked({ ...good, seal: first })).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-seal' } });
    expect(checked({ ...good, more: 1 })).toMatchObject({ status: 'tampered', firstBad: { code: 'not-a-bundle' } });
    expect(verifyBundle(Buffer.from('x'), { trust })).toMatchObject({ status: 'tampered', firstBad: { code: 'not-a-bundle' } });
  });

  it('has the time when it was sealed, and so whether its key was trusted', () => {
    const file = Buffer.from(makeBundle(folder, { records: ['a/1'] }).file);
    const until = { keys: [{ origin: 'example.com/redress', key: VERIFIER, from: null, until: '2026-01-02T00:01:00Z' }] };
    expect(verifyBundle(file, { trust: until })).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
  });
});
