// Every change of a ledger is found, and an untouched ledger has no findings.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { breakFolder, generateKey, type NoteSigner, rotateFolder, type SealFolderOptions, sealFolder, signerOf } from '@redress/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repeated } from '../../../tests/support/size.js';
import { copies, type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { dying, SECRET, type Sealing, sealing } from '../../evidence/test/support/sealing.js';
import { parseTrust, verifyLedger } from './index.js';

/** Runs of each property; the campaign has more. */
const RUNS = Number(process.env['REDRESS_TAMPER_RUNS'] ?? repeated(10, 50));
const CLEAN = Number(process.env['REDRESS_CLEAN_LEDGERS'] ?? repeated(4, 12));
const trust = parseTrust(TRUST);
const made = copies();
let kept: SealedFolder;
let folder: string;
const verify = () => verifyLedger({ directory: folder, trust });

/** The evidence: everything except the sealer's own files, which say nothing that the log does not. */
const files = (root: string) =>
  readdirSync(join(folder, root), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .filter((file) => !file.startsWith('sealer/'))
    .sort();
const CLASSES = [
  'streams',
  'blobs',
  'ledger/tile/entries',
  'ledger/tile/0',
  'ledger/tile/1',
  'ledger/rotations',
  'ledger/documents',
  'checkpoint',
  'FORMAT',
] as const;
const ofClass = (name: (typeof CLASSES)[number]) =>
  files('.').filter((file) => (name.includes('/') || !name.includes('checkpoint') ? file.startsWith(name) : file === 'ledger/checkpoint'));

/** Changes a file, verifies, and restores it. */
function whileChanged<T>(file: string, bytes: Buffer | null, look: () => T): T {
  const good = readFileSync(join(folder, file));
  if (bytes === null) rmSync(join(folder, file));
  else writeFileSync(join(folder, file), bytes);
  try {
    return look();
  } finally {
    writeFileSync(join(folder, file), good);
  }
}

beforeAll(async () => {
  kept = await sealedFolder({ rounds: 22, rotated: true, archived: true });
  folder = made.copy(kept);
});
afterAll(() => {
  made.remove();
  rmSync(kept.directory, { recursive: true, force: true });
});

describe('a changed byte', () => {
  it.each(CLASSES)('of %s is found, and where it is', (name) => {
    const all = ofClass(name);
    expect(all.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, position, change) => {
        const file = all[which % all.length] as string;
        const bad = readFileSync(join(folder, file));
        const at = position % bad.length;
        bad[at] = (bad[at] as number) ^ change;
        const report = whileChanged(file, bad, verify);
        expect(report.status).not.toBe('intact');
        expect(report.status).not.toBe('incomplete');
        // A document is reported at the record that names it.
        if (name === 'blobs') expect(report.firstBad).toMatchObject({ code: 'changed-document' });
        else if (name === 'streams') {
          const line = bad.subarray(0, at).toString('latin1').split('\n').length;
          expect(report.firstBad?.file).toBe(file);
          // A broken newline joins two lines, and a new one parts a line.
          expect([line - 1, line, line + 1]).toContain(report.firstBad?.line);
        } else expect(report.findings.some((each) => each.file === file)).toBe(true);
      }),
      { numRuns: name === 'FORMAT' ? Math.min(20, RUNS) : RUNS },
    );
    expect(verify().findings).toEqual([]);
  });
});

describe('a file', () => {
  it('that is missing is found', () => {
    for (const file of files('.')) {
      const report = whileChanged(file, null, verify);
      // Documents may have been deleted when their retention ended.
      expect([file, report.status]).toEqual([file, /^(?:blobs|ledger\/documents)\//.test(file) ? 'incomplete' : 'tampered']);
    }
  });

  it('that is shorter or longer is found', () => {
    const all = files('.');
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 40 }), (which, position, more) => {
        const file = all[which % all.length] as string;
        const good = readFileSync(join(folder, file));
        const cut = good.subarray(0, position % good.length);
        expect([file, whileChanged(file, cut, verify).status]).toEqual([file, 'tampered']);
        if (more.length === 0) return;
        const { status } = whileChanged(file, Buffer.concat([good, Buffer.from(more)]), verify);
        // A line that its writer did not finish looks like this.
        expect([file, status]).toEqual([file, file.startsWith('streams/') && !more.includes(10) ? 'incomplete' : 'tampered']);
      }),
      { numRuns: RUNS },
    );
  });

  it('in the place of another one, or in a place without one, is found', () => {
    const all = files('.');
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom('x', '.bak', '0', '/x'), (one, other, suffix) => {
        const [from, to] = [all[one % all.length] as string, all[other % all.length] as string];
        const bytes = readFileSync(join(folder, from));
        if (!bytes.equals(readFileSync(join(folder, to)))) expect([from, to, whileChanged(to, bytes, verify).status]).toEqual([from, to, 'tampered']);
        if (to === 'FORMAT') return;
        const stray = suffix === '/x' ? join(dirname(to), 'x', 'x') : `${to}${suffix}`;
        mkdirSync(dirname(join(folder, stray)), { recursive: true });
        copyFileSync(join(folder, from), join(folder, stray));
        const { status, findings } = verify();
        rmSync(join(folder, stray));
        expect([stray, status]).toEqual([stray, 'tampered']);
        expect(findings.some(({ file }) => file === stray)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('lines of a stream', () => {
  it.each(['removed', 'twice', 'swapped', 'moved', 'cut off', 'put in', 'changed, with all digests after them'] as const)(
    'that are %s are found, and the first of them',
    (how) => {
      const all = ofClass('streams').filter((file) => readFileSync(join(folder, file), 'utf8').split('\n').length > 4);
      fc.assert(
        fc.property(fc.nat(), fc.nat(), fc.nat(), (which, some, other) => {
          const file = all[which % all.length] as string;
          const lines = readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1);
          const [a, b] = [some % lines.length, other % lines.length].sort((x, y) => x - y) as [number, number];
          const changed = {
            removed: lines.toSpliced(a, 1),
            twice: lines.toSpliced(b, 0, lines[a] as string),
            swapped: lines.with(a, lines[b] as string).with(b, lines[a] as string),
            moved: lines.toSpliced(a, 1).toSpliced(b, 0, lines[a] as string),
            'cut off': lines.slice(0, b),
            'put in': lines.toSpliced(a, 0, readFileSync(join(folder, all[(which + 1) % all.length] as string), 'utf8').split('\n')[0] as string),
            'changed, with all digests after them': rehashed(lines.with(a, (lines[a] as string).replace('"remediator":"r"', '"remediator":"q"'))),
          }[how];
          if (changed.join() === lines.join()) return;
          const first = changed.findIndex((line, at) => line !== lines[at]);
          const report = whileChanged(file, Buffer.from(changed.map((line) => `${line}\n`).join('')), verify);
          expect(report.status).toBe('tampered');
          const seq = first < 0 ? changed.length + 1 : first + 1;
          expect(report.firstBad).toMatchObject({ file, seq });
          if (seq <= lines.length) expect(report.firstBad?.entry).not.toBeNull();
        }),
        { numRuns: RUNS },
      );
    },
  );
});

/** Lines whose digests match again, one after the other, as a forger would write them. */
function rehashed(lines: readonly string[]): string[] {
  let head: string | null = null;
  return lines.map((line) => {
    const json = line.slice(72).replace(/"prev":(?:null|"[^"]*")/, `"prev":${JSON.stringify(head)}`);
    head = `sha256:${createHash('sha256').update(json).digest('hex')}`;
    return `${head} ${json}`;
  });
}

describe('an unchanged ledger', () => {
  it('has no finding, whatever was recorded, whichever keys and archives came with it, and wherever sealers died', async () => {
    const act = fc.record({
      what: fc.constantFrom('decide', 'fix', 'seal', 'archive', 'rotate', 'break', 'expire'),
      id: fc.constantFrom('a', 'b', 'c'),
      text: fc.string({ unit: 'binary' }),
      dies: fc.option(fc.nat(9), { nil: null }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        const world = sealing();
        await world.decide('a');
        const ledger = nobodyTouches(world);
        // A key that has never sealed cannot be lost.
        await ledger.seal(null);
        for (const { what, id, text, dies } of acts) {
          if (what === 'decide') await world.decide(id, { text });
          else if (what === 'fix') await world.fix(id);
          else await ledger[what](dies);
        }
        await ledger.seal(null);
        expect(ledger.look()).toMatchObject({ status: 'intact', findings: [], unsealed: 0, ...ledger.keys() });
        await world.remove();
      }),
      { numRuns: CLEAN },
    );
  });
});

/** What the operators of a ledger do. Each call may die at a write; then the ledger may be incomplete, and nothing else. */
function nobodyTouches(world: Sealing) {
  const { directory, clock } = world;
  const origin = 'example.com/redress';
  const keys = [{ signer: signerOf(SECRET) as NoteSigner, after: null as 'rotation' | 'break' | null }];
  /** A key that somebody has begun to introduce in place of the last one. */
  let begun: { readonly what: 'rotate' | 'break'; readonly signer: NoteSigner } | null = null;
  const last = () => keys.at(-1)?.signer as NoteSigner;
  const look = () =>
    verifyLedger({
      directory,
      trust: {
        keys: keys.flatMap(({ signer, after }, at) =>
          after === 'rotation'
            ? []
            : [{ origin, key: signer.verifier, from: null, until: null, ...(after === null ? {} : { succeeds: keys[at - 1]?.signer.verifier as string }) }],
        ),
      },
    });
  const tried = async (dies: number | null, work: (store: NonNullable<SealFolderOptions['store']>) => Promise<unknown>): Promise<boolean> => {
    try {
      await work(dies === null ? (same) => same : dying(dies, 'after').through);
      return true;
    } catch (error) {
      expect(String(error)).toContain('died');
      // A key that continues after a lost one may have sealed already, without being trusted yet.
      const { status, findings } = look();
      expect(findings.filter(({ severity }) => severity === 'tampered')).toEqual([]);
      if (begun?.what !== 'break') expect(['intact', 'incomplete']).toContain(status);
      return false;
    }
  };
  /** With a new key, or the one that was begun with. If the call dies, it is repeated. */
  const replaced = async (what: 'rotate' | 'break', dies: number | null): Promise<void> => {
    begun ??= { what, signer: signerOf(generateKey(origin).secret) };
    const { signer: next } = begun;
    const said = { directory, clock, by: 'alice', reason: 'yearly' };
    const isBreak = begun.what === 'break';
    const done = await tried(dies, (store) =>
      isBreak ? breakFolder({ ...said, signer: next, lost: last().verifier, store }) : rotateFolder({ ...said, signer: last(), next, store }),
    );
    if (!done) return;
    keys.push({ signer: next, after: isBreak ? 'break' : 'rotation' });
    begun = null;
  };
  const sealed = async (dies: number | null, documentsFor?: number): Promise<void> => {
    while (begun !== null) await replaced(begun.what, null);
    await tried(dies, (store) => sealFolder({ directory, signer: last(), clock, ...(documentsFor === undefined ? {} : { documentsFor }), store }));
  };
  return {
    look,
    seal: (dies: number | null) => sealed(dies),
    archive: (dies: number | null) => sealed(dies, 7),
    rotate: (dies: number | null) => replaced('rotate', dies),
    break: (dies: number | null) => replaced('break', dies),
    /** Removes archives whose time is over, as a lifecycle rule does. */
    async expire(dies: number | null): Promise<void> {
      await sealed(dies, 7);
      const over = readdirSync(directory).includes('ledger') ? archivesIn(directory) : [];
      clock.time += 8 * 86_400_000;
      await sealed(null);
      for (const file of over) rmSync(file);
    },
    /** What the report has to say about keys. */
    keys: () => ({
      rotations: keys.flatMap(({ signer, after }) => (after === 'rotation' ? [{ to: signer.verifier }] : [])),
      breaks: keys.flatMap(({ signer, after }) => (after === 'break' ? [{ to: signer.verifier, accepted: true }] : [])),
    }),
  };
}

const archivesIn = (directory: string): string[] => {
  const folder = join(directory, 'ledger/documents');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
};
