// Several changes at once, by somebody with older backups, another ledger of the same key, and keys whose time is over.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateKey, type KeptSigner, type NoteSigner, rotateFolder, sealFolder, signerOf } from '@redress/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEXT_VERIFIER, SECRET, type Sealing, sealing, VERIFIER } from '../../evidence/test/support/sealing.js';
import { exitCodeOf, parseTrust, type Trust, verifyLedger } from './index.js';

/** Runs of the property; the campaign has more. */
const RUNS = Number(process.env['REDRESS_TAMPER_RUNS'] ?? 50);
const ORIGIN = 'example.com/redress';
const trust: Trust = { keys: [{ origin: ORIGIN, key: VERIFIER, from: null, until: null }] };
const root = mkdtempSync(join(tmpdir(), 'redress-hostile-'));
let count = 0;
const copy = (directory: string): string => {
  const made = join(root, String(count++));
  cpSync(directory, made, { recursive: true, filter: (file) => !/index\.sqlite|lock\.sqlite/.test(file) });
  return made;
};

/** A ledger after each seal, and its sealer's decision before each. */
interface History {
  readonly backups: readonly string[];
  readonly pending: readonly Buffer[];
}

/** Five seals of a ledger whose key is replaced before the fourth; documents are in archives since the second. */
async function history(world: Sealing, mark: string): Promise<History> {
  const backups: string[] = [];
  const pending: Buffer[] = [];
  const options = { directory: world.directory, clock: world.clock };
  const noting = {
    store: (store: Parameters<NonNullable<Parameters<typeof sealFolder>[0]['store']>>[0]) => ({
      ...Object.fromEntries(
        (['alone', 'checkpoint', 'publish', 'read', 'create', 'archive', 'partials', 'remove', 'decided', 'forget', 'kept', 'keep'] as const).map((name) => [
          name,
          (store[name] as (...given: unknown[]) => unknown).bind(store),
        ]),
      ),
      decide: async (seal: number, plan: Buffer) => {
        pending.push(plan);
        return store.decide(seal, plan);
      },
    }),
  } as Pick<Parameters<typeof sealFolder>[0], 'store'>;
  for (let round = 0; round < 5; round++) {
    for (const id of ['a', 'b', 'c']) {
      await world.decide(id, { round, mark });
      await world.fix(id);
    }
    // So that a log has full tiles, too.
    if (round < 2) for (let more = 0; more < 60; more++) await world.decide(['a', 'b'][more % 2] ?? 'a', { more, mark });
    const signer = round < 3 ? world.signer : world.next;
    if (round === 3) await rotateFolder({ ...options, ...noting, signer: world.signer, next: world.next, by: 'alice', reason: 'yearly' });
    else await sealFolder({ ...options, ...noting, signer, ...(round === 0 ? {} : { documentsFor: 365 }) });
    backups.push(copy(world.directory));
  }
  return { backups, pending };
}

let own: History;
let other: History;
beforeAll(async () => {
  for (const mark of ['own', 'other']) {
    const world = sealing();
    const made = await history(world, mark);
    if (mark === 'own') own = made;
    else other = made;
    await world.remove();
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newest = () => own.backups.at(-1) ?? '';
const filesIn = (directory: string, below = '.') =>
  existsSync(join(directory, below))
    ? readdirSync(join(directory, below), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => join(each.parentPath, each.name).slice(directory.length + 1))
        .filter((file) => !file.startsWith('sealer/'))
        .sort()
    : [];
const read = (directory: string, file: string) => readFileSync(join(directory, file));
const put = (directory: string, file: string, bytes: Buffer | string) => {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), bytes);
};
const PARTS = ['ledger/checkpoint', 'streams', 'ledger/tile', 'ledger/tile/entries', 'ledger/tile/0', 'ledger/rotations', 'ledger/documents', 'blobs'] as const;
const anchor = () => ({ name: 'elsewhere', note: read(newest(), 'ledger/checkpoint') });

/** Replaces what a ledger has at a place with what another one has there. */
function replacePart(directory: string, part: string, from: string): void {
  if (part !== 'ledger/checkpoint') rmSync(join(directory, part), { recursive: true, force: true });
  for (const file of filesIn(from, part === 'ledger/checkpoint' ? 'ledger' : part)) if (file.startsWith(part)) put(directory, file, read(from, file));
}

interface Change {
  readonly what: 'older' | 'other' | 'removed' | 'exchanged' | 'doubled' | 'byte' | 'pending';
  readonly part: (typeof PARTS)[number];
  readonly which: number;
  readonly and: number;
}

function change(directory: string, { what, part, which, and }: Change): void {
  const files = filesIn(directory).filter((file) => file.startsWith(part));
  const file = files[which % Math.max(1, files.length)];
  const second = files[and % Math.max(1, files.length)];
  if (what === 'older') replacePart(directory, part, own.backups[which % 4] ?? '');
  else if (what === 'other') {
    const from = other.backups[which % 5] ?? '';
    const theirs = filesIn(from).filter((each) => each.startsWith(part));
    const one = theirs[and % Math.max(1, theirs.length)];
    if (one !== undefined) put(directory, one, read(from, one));
  } else if (what === 'pending') put(directory, 'sealer/pending.json', own.pending[which % own.pending.length] ?? '');
  else if (file === undefined || second === undefined) return;
  else if (what === 'removed') rmSync(join(directory, file));
  else if (what === 'exchanged') {
    const [one, two] = [read(directory, file), read(directory, second)];
    put(directory, file, two);
    put(directory, second, one);
  } else if (what === 'byte') {
    const bytes = read(directory, file);
    const at = and % bytes.length;
    bytes[at] = (bytes[at] as number) ^ 1;
    put(directory, file, bytes);
  } else if (file.startsWith('streams/')) {
    const lines = read(directory, file).toString('utf8').split('\n');
    put(directory, file, lines.toSpliced(and % lines.length, 0, lines[which % (lines.length - 1)] ?? '').join('\n'));
  } else put(directory, `${file}.copy`, read(directory, file));
}

/** Changes of what the newest seal covers. Missing documents do not count, nor what an older log had and the newer one begins with. */
function changed(directory: string): string[] {
  const good = newest();
  const before = new Set(
    own.backups.flatMap((backup) => filesIn(backup).map((file) => `${file} ${createHash('sha256').update(read(backup, file)).digest('hex')}`)),
  );
  const isDocument = (file: string) => /^(?:blobs|ledger\/documents)\//.test(file);
  const is = (file: string) => `${file} ${createHash('sha256').update(read(directory, file)).digest('hex')}`;
  const there = new Set(filesIn(directory));
  return [
    ...filesIn(good).filter((file) => (there.has(file) ? !read(directory, file).equals(read(good, file)) : !isDocument(file))),
    ...[...there].filter((file) => !existsSync(join(good, file)) && !before.has(is(file))),
  ];
}

describe('several concurrent changes', () => {
  it('are found, with parts of older backups, of another ledger of the same key, and of unfinished seals', () => {
    const any: fc.Arbitrary<Change> = fc.record({
      what: fc.constantFrom('older', 'older', 'other', 'removed', 'exchanged', 'doubled', 'byte', 'pending'),
      part: fc.constantFrom(...PARTS),
      which: fc.nat(1000),
      and: fc.nat(100_000),
    });
    let touched = 0;
    fc.assert(
      fc.property(fc.array(any, { minLength: 2, maxLength: 4 }), (changes) => {
        const directory = copy(newest());
        for (const each of changes) change(directory, each);
        const really = changed(directory);
        const withPending = existsSync(join(directory, 'sealer/pending.json'));
        const report = verifyLedger({ directory, trust, copies: [anchor()] });
        if (really.length > 0) {
          touched++;
          expect([really[0], report.status]).toEqual([really[0], expect.stringMatching(/^(?:tampered|untrusted)$/)]);
          expect(report.firstBad).not.toBeNull();
        } else if (!withPending) expect(['intact', 'incomplete']).toContain(report.status);
        rmSync(directory, { recursive: true });
      }),
      { numRuns: RUNS },
    );
    expect(touched).toBeGreaterThan(RUNS / 4);
  });
});

describe('an older checkpoint', () => {
  it('over tiles of the longer log is found, whatever a sealer had begun', () => {
    for (const [at, backup] of own.backups.slice(0, -1).entries())
      for (const begun of [null, ...own.pending]) {
        const directory = copy(newest());
        put(directory, 'ledger/checkpoint', read(backup, 'ledger/checkpoint'));
        if (begun !== null) put(directory, 'sealer/pending.json', begun);
        // Also with the tiles at the right edge that the shorter log had.
        for (const file of filesIn(backup, 'ledger/tile')) if (!existsSync(join(directory, file))) put(directory, file, read(backup, file));
        const report = verifyLedger({ directory, trust });
        const isLast = at === own.backups.length - 2;
        // This is the log of a sealer that died at its last step, byte for byte.
        if (isLast && report.status === 'incomplete') expect(begun).toEqual(own.pending.at(-1));
        else expect(report.status).toBe('tampered');
        const compared = verifyLedger({ directory, trust, copies: [anchor()] });
        expect(compared).toMatchObject({ status: 'tampered' });
        expect(compared.findings.map(({ code }) => code)).toContain('rolled-back');
        rmSync(directory, { recursive: true });
      }
  });

  it('with all files of that time is a valid ledger, and only a copy that was stored elsewhere shows that it was set back', () => {
    const both: Trust = { keys: [...trust.keys, { origin: ORIGIN, key: NEXT_VERIFIER, from: null, until: null }] };
    for (const backup of own.backups.slice(0, -1)) {
      expect(verifyLedger({ directory: backup, trust }).status).toBe('intact');
      // A trust file from before the key was replaced does not have the key of the copy either. A log that was set back no longer announces it.
      const isBefore = filesIn(backup, 'ledger/rotations').length === 0;
      const report = verifyLedger({ directory: backup, trust, copies: [anchor()] });
      expect(report).toMatchObject(
        isBefore ? { status: 'untrusted', firstBad: { code: 'untrusted-copy' }, compared: 0 } : { status: 'tampered', firstBad: { code: 'rolled-back' } },
      );
      if (isBefore) expect(report.firstBad?.message).toContain('either the log was set back to before that key, or the copy is from somebody else');
      expect(verifyLedger({ directory: backup, trust: both, copies: [anchor()] })).toMatchObject({ status: 'tampered', firstBad: { code: 'rolled-back' } });
      // Current streams in place of the earlier ones: newer records are not sealed, and reported as such.
      const directory = copy(backup);
      replacePart(directory, 'streams', newest());
      replacePart(directory, 'blobs', newest());
      expect(verifyLedger({ directory, trust }).unsealed).toBeGreaterThan(0);
      expect(verifyLedger({ directory, trust: both, copies: [anchor()] }).status).toBe('tampered');
    }
  });

  it('of another origin in the place of an anchor is refused', async () => {
    const key = signerOf(generateKey('example.org/other').secret);
    const world = sealing();
    await world.decide('a');
    await sealFolder({ directory: world.directory, signer: key, clock: world.clock });
    const place = join(root, 'anchors');
    put(place, 'one', read(world.directory, 'ledger/checkpoint'));
    const both: Trust = { keys: [...trust.keys, { origin: key.name, key: key.verifier, from: null, until: null }] };
    expect(() => verifyLedger({ directory: newest(), trust: both, anchors: [place] })).toThrow(`${place} has no checkpoint of ${ORIGIN}.`);
    // Next to those of the log, it is ignored.
    put(place, 'two', read(newest(), 'ledger/checkpoint'));
    expect(verifyLedger({ directory: newest(), trust: both, anchors: [place] })).toMatchObject({ status: 'intact', compared: 1 });
    // A ledger of another origin in place of this one is noticed with an anchor of this one.
    rmSync(join(place, 'one'));
    expect(() => verifyLedger({ directory: world.directory, trust: both, anchors: [place] })).toThrow(`${place} has no checkpoint of example.org/other.`);
    // Its checkpoint, over this log.
    const directory = copy(newest());
    put(directory, 'ledger/checkpoint', read(world.directory, 'ledger/checkpoint'));
    expect(verifyLedger({ directory, trust: both })).toMatchObject({ status: 'tampered' });
    await world.remove();
  });
});

describe('a key that is trusted for a limited time', () => {
  const until = (end: string): Trust => ({ keys: [{ origin: ORIGIN, key: VERIFIER, from: null, until: end }] });
  const since = (from: string): Trust => ({ keys: [{ origin: ORIGIN, key: NEXT_VERIFIER, from, until: null }] });
  /** A history of a thief, who can date seals freely. */
  async function stolen(signer: NoteSigner, sealed: number): Promise<string> {
    const world = sealing();
    for (const id of ['a', 'b']) await world.decide(id);
    await sealFolder({ directory: world.directory, signer, clock: { now: () => sealed } });
    const directory = copy(world.directory);
    await world.remove();
    return directory;
  }

  it('signs no later history, even if its seal is dated earlier: records have their own time', async () => {
    // The seal is dated before the end. The second record, two seconds after midnight, is a quarter of an hour after the end.
    const end = '2026-01-01T23:45:02.000Z';
    const signer = signerOf(SECRET);
    const directory = await stolen(signer, Date.UTC(2026, 0, 1));
    const report = verifyLedger({ directory, trust: until(end) });
    expect(report.findings).toMatchObject([{ severity: 'untrusted', code: 'key-out-of-time', entry: 1, seq: 1, line: 1 }]);
    expect(report.firstBad?.message).toBe(`The record is dated 2026-01-02T00:00:02.000Z, when the key that sealed it was no longer trusted.`);
    expect(exitCodeOf(report)).toBe(3);
    expect(verifyLedger({ directory, trust: until('2026-01-01T23:45:02.001Z') }).status).toBe('intact');
    // Both are reported as one if the seal says so.
    const late = await stolen(signer, Date.UTC(2026, 0, 3));
    expect(verifyLedger({ directory: late, trust: until(end) }).findings.map(({ code }) => code)).toEqual(['key-out-of-time']);
  });

  it('signs no earlier history', async () => {
    const world = sealing();
    const directory = await stolen(world.next, Date.UTC(2026, 0, 1));
    expect(verifyLedger({ directory, trust: since('2026-02-01T00:00:00Z') })).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
    await world.remove();
  });

  it('remains valid for what it has signed: each key of a ledger with a replaced key counts for its own part', () => {
    const { rotations } = verifyLedger({ directory: newest(), trust });
    const [at = ''] = rotations.map((each) => each.since);
    const each: Trust = { keys: [...until(new Date(Date.parse(at) + 1).toISOString()).keys, ...since(at).keys] };
    expect(verifyLedger({ directory: newest(), trust: each })).toMatchObject({ status: 'intact', findings: [] });
    // The old key over the newest root, and the new one over an older one.
    const sign = (secret: KeptSigner, note: string) => {
      const text = note.slice(0, note.indexOf('\n\n') + 1);
      return `${text}\n\u2014 ${ORIGIN} ${Buffer.concat([Buffer.from(secret.verifier.split('+')[1] ?? '', 'hex'), secret.sign(Buffer.from(text))]).toString('base64')}\n`;
    };
    const world = sealing();
    for (const [backup, key] of [
      [newest(), world.signer],
      [own.backups[1] ?? '', world.next],
    ] as const) {
      const directory = copy(backup);
      put(directory, 'ledger/checkpoint', sign(key, read(backup, 'ledger/checkpoint').toString('utf8')));
      expect([backup, verifyLedger({ directory, trust: parseTrust(JSON.stringify(each)) }).status]).toEqual([backup, 'untrusted']);
    }
    return world.remove();
  });
});
