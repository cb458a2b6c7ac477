// Replacement of keys: a checkpoint has to be signed by a trusted key, or by one that a trusted key has announced, and that signs logs of that size.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '@redress/core';
import { breakFolder, generateKey, rotateFolder, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copies, type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { dying, NEXT_SECRET, NEXT_VERIFIER, SECRET, sealing, VERIFIER } from '../../evidence/test/support/sealing.js';
import { exitCodeOf, makeBundle, parseTrust, proofText, proveRecord, reportText, type Trust, verifyBundle, verifyLedger, verifyProof } from './index.js';

const ORIGIN = 'example.com/redress';
/** Only the replaced key: what auditors have who got the trust file before. */
const trust = parseTrust(TRUST);
const trusting = (key: string, from: string | null = null, until: string | null = null): Trust => ({ keys: [{ origin: ORIGIN, key, from, until }] });
const made = copies();
let kept: SealedFolder;
let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const PROOF = 'ledger/rotations/1.tlog-proof';
const verify = (more: object = {}) => verifyLedger({ directory: folder, trust, ...more });
const codes = (more: object = {}) => verify(more).findings.map(({ severity, code }) => `${severity} ${code}`);
const read = (file: string) => readFileSync(at(file), 'utf8');
const name = (verifier: string) => verifier.split('+').slice(0, 2).join('+');

/** A note with the signature of another key in place of its own. */
function signedBy(secret: string, note: string): string {
  const { verifier, sign } = signerOf(secret);
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  return `${text}\n\u2014 ${ORIGIN} ${Buffer.concat([Buffer.from(verifier.split('+')[1] ?? '', 'hex'), sign(Buffer.from(text))]).toString('base64')}\n`;
}

beforeAll(async () => {
  // 265 records and five seals as in other tests, one that announces, and one of the next key.
  kept = await sealedFolder({ rotated: true });
});
afterAll(() => {
  made.remove();
  rmSync(kept.directory, { recursive: true, force: true });
});
beforeEach(() => {
  folder = made.copy(kept);
});

describe('a replaced key', () => {
  it('has announced the next one: whoever trusts the first one trusts the next one for what follows', () => {
    const report = verify();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ...{ status: 'intact', checkpoint: { size: 272, seals: 7 } },
      rotations: [{ number: 1, from: VERIFIER, to: NEXT_VERIFIER, by: 'alice', reason: 'yearly' }],
    });
    expect(reportText(report)).toContain(`${name(NEXT_VERIFIER)} has replaced ${name(VERIFIER)} at ${report.rotations[0]?.since ?? ''}, by alice: yearly\n`);
    // The log begins with the checkpoints of both.
    const checkpoints = kept.checkpoints.map((note, index) => ({ name: `copy ${index}`, note: Buffer.from(note) }));
    expect(checkpoints).toHaveLength(6);
    expect(verify({ copies: checkpoints })).toMatchObject({ status: 'intact', compared: 6 });
  });

  it('does not have to be trusted if the next one is, nor outside of its time', () => {
    expect(codes({ trust: trusting(NEXT_VERIFIER) })).toEqual([]);
    const since = verify().rotations[0]?.since ?? '';
    const after = new Date(Date.parse(since) + 1).toISOString();
    const both = { keys: [...trusting(VERIFIER, null, after).keys, ...trusting(NEXT_VERIFIER, after).keys] };
    expect(codes({ trust: both })).toEqual([]);
  });

  it('can be followed by further ones', async () => {
    rmSync(at('index.sqlite'), { force: true });
    const third = signerOf(generateKey(ORIGIN).secret);
    const options = { directory: folder, clock: { now: () => Date.UTC(2026, 1, 1) } };
    await rotateFolder({ ...options, signer: signerOf(NEXT_SECRET), next: third, by: 'bob', reason: 'lost' });
    expect(verify()).toMatchObject({
      ...{ status: 'intact', findings: [] },
      rotations: [
        { number: 1, to: NEXT_VERIFIER },
        { number: 2, from: NEXT_VERIFIER, to: third.verifier, by: 'bob' },
      ],
    });
    const second = readFileSync(at('ledger/rotations/2.tlog-proof'));
    rmSync(at('ledger/rotations/2.tlog-proof'));
    expect(codes()).toEqual(['untrusted untrusted-key', 'tampered missing-rotation']);
    // The first does not prove the second, nor the second without the first.
    writeFileSync(at('ledger/rotations/2.tlog-proof'), read(PROOF));
    expect(codes()).toContain('tampered wrong-rotation');
    writeFileSync(at(PROOF), second);
    rmSync(at('ledger/rotations/2.tlog-proof'));
    expect(codes()).toEqual(expect.arrayContaining(['tampered wrong-rotation', 'tampered missing-rotation']));
  });

  it('leaves nothing that is tampered with if its sealer died at any write', async () => {
    const world = sealing();
    for (const id of ['a', 'b']) await world.decide(id);
    const options = { directory: world.directory, signer: world.signer, clock: world.clock };
    await sealFolder(options);
    await world.decide('a');
    const rotation = { ...options, next: world.next, by: 'alice', reason: 'yearly' };
    const seen = new Set<string>();
    for (let step = 0; ; step++) {
      const copy = made.copy({ directory: world.directory, checkpoints: [] });
      const { through } = dying(step, 'after');
      const failed = await rotateFolder({ ...rotation, directory: copy, store: through }).then(
        () => false,
        (error: unknown) => {
          expect(String(error)).toContain('died');
          return true;
        },
      );
      folder = copy;
      seen.add(verify().status);
      expect(['intact', 'incomplete']).toContain(verify().status);
      await rotateFolder({ ...rotation, directory: copy });
      expect(verify()).toMatchObject({ status: 'intact', rotations: [{ number: 1 }], unsealed: 0 });
      if (!failed) break;
      expect(step).toBeLessThan(30);
    }
    expect(seen).toEqual(new Set(['intact', 'incomplete']));
    await world.remove();
  });
});

describe('the verifier finds of replaced keys', () => {
  it('that the announcement of the next one is missing', () => {
    rmSync(at(PROOF));
    const report = verify();
    expect(report.findings.map(({ code }) => code)).toEqual(['untrusted-key', 'missing-rotation']);
    expect(report.firstBad).toMatchObject({ severity: 'tampered', code: 'missing-rotation', file: PROOF, entry: 270 });
    // Even if the auditor does not need it.
    expect(codes({ trust: trusting(NEXT_VERIFIER) })).toEqual(['tampered missing-rotation']);
  });

  it('that only the next key has signed it', () => {
    const note = read(PROOF);
    const checkpoint = note.slice(note.indexOf('\n\n') + 2);
    writeFileSync(at(PROOF), `${note.slice(0, note.indexOf('\n\n') + 2)}${signedBy(NEXT_SECRET, checkpoint)}`);
    const report = verify();
    expect(report.findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['tampered forged-rotation', 'untrusted untrusted-key']);
    expect(report.firstBad?.message).toContain(`${name(VERIFIER)} is replaced by ${name(NEXT_VERIFIER)}, but ${name(VERIFIER)} has not signed it`);
    expect(exitCodeOf(report)).toBe(1);
    // Under the id of the old key, too.
    const forged = signedBy(NEXT_SECRET, checkpoint).replace(/ \S+\n$/, (signature) => {
      const bytes = Buffer.from(signature.trim(), 'base64');
      bytes.write(VERIFIER.split('+')[1] ?? '', 'hex');
      return ` ${bytes.toString('base64')}\n`;
    });
    writeFileSync(at(PROOF), `${note.slice(0, note.indexOf('\n\n') + 2)}${forged}`);
    expect(codes({ trust: trusting(NEXT_VERIFIER) })).toEqual(['tampered forged-rotation']);
  });

  it('that it was announced in another history', async () => {
    const world = sealing();
    await world.decide('x');
    await rotateFolder({ directory: world.directory, signer: world.signer, next: world.next, clock: world.clock, by: 'alice', reason: 'yearly' });
    writeFileSync(at(PROOF), readFileSync(join(world.directory, PROOF)));
    expect(codes()).toEqual(['tampered forked']);
    await world.remove();
  });

  it('that the announcement was not in what the key has signed', () => {
    const other = generateKey(ORIGIN).verifier;
    const changed = read(PROOF).replace(/extra (\S+)/, (_, extra: string) => {
      const entry = Buffer.from(extra, 'base64').toString().replace(NEXT_VERIFIER, other);
      return `extra ${Buffer.from(entry).toString('base64')}`;
    });
    writeFileSync(at(PROOF), changed);
    expect(codes()).toEqual(['tampered forged-rotation', 'untrusted untrusted-key']);
  });

  it('a key without an announcement', () => {
    const foreign = generateKey(ORIGIN);
    writeFileSync(at('ledger/checkpoint'), signedBy(foreign.secret, read('ledger/checkpoint')));
    const report = verify();
    expect(report).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
    expect(report.firstBad?.message).toContain(`It is signed by ${name(foreign.verifier)}, which no trusted key without an end (until) has announced.`);
    expect(exitCodeOf(report)).toBe(3);
    // The trust file may announce it if there was no record of it.
    expect(codes({ trust: { keys: [...trust.keys, ...trusting(foreign.verifier).keys] } })).toEqual([]);
  });

  it('that the old key has signed after it, here or elsewhere, and the new one before', () => {
    const newest = read('ledger/checkpoint');
    const old = signedBy(SECRET, newest);
    expect(codes({ copies: [{ name: 'elsewhere', note: Buffer.from(old) }] })).toEqual(['untrusted key-out-of-time']);
    const announced = read(PROOF).slice(read(PROOF).indexOf('\n\n') + 2);
    const early = verify({ copies: [{ name: 'elsewhere', note: Buffer.from(signedBy(NEXT_SECRET, announced)) }] });
    expect(early.firstBad?.message).toContain(`elsewhere: It has 271 entries and is signed by ${name(NEXT_VERIFIER)}, which signs from entry 271 on.`);
    writeFileSync(at('ledger/checkpoint'), old);
    const report = verify({ trust: { keys: [...trust.keys, ...trusting(NEXT_VERIFIER).keys] } });
    expect(report).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
    expect(report.firstBad?.message).toContain(`is signed by ${name(VERIFIER)}, which ${name(NEXT_VERIFIER)} replaced at entry 270`);
  });

  it('that the key was no longer trusted when it announced the next one', () => {
    const report = verify({ trust: trusting(VERIFIER, null, '2026-01-01T00:00:00Z') });
    expect(report.findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['untrusted key-out-of-time', 'untrusted untrusted-key']);
    expect(report.firstBad).toMatchObject({ file: PROOF, entry: 270 });
  });

  it('that an expired key announced another one, dated before its end, that is not in the trust file', async () => {
    // A later thief of the old key pretends that it was earlier, and continues with another key.
    const [thief, world] = [signerOf(generateKey(ORIGIN).secret), sealing()];
    await world.decide('forged');
    const options = { directory: world.directory, signer: world.signer, clock: { now: () => Date.UTC(2026, 0, 1) } };
    await rotateFolder({ ...options, next: thief, by: 'alice', reason: 'yearly' });
    await sealFolder({ ...options, signer: thief, clock: { now: () => Date.UTC(2026, 8, 1) } });
    folder = made.copy({ directory: world.directory, checkpoints: [] });
    const end = '2026-02-01T00:00:00.000Z';
    const both = { keys: [...trusting(VERIFIER, null, end).keys, ...trusting(NEXT_VERIFIER, end).keys] };
    expect(codes({ trust: both })).toEqual(['untrusted untrusted-key']);
    expect(verifyBundle(Buffer.from(makeBundle(folder, { resources: ['forged'] }).file), { trust: both })).toMatchObject({ status: 'untrusted' });
    // An auditor with only the earlier trust file accepts it: only a copy of a checkpoint reveals it.
    expect(codes()).toEqual([]);
    await world.remove();
  });

  it('that an announced key is used after its until in the trust file', () => {
    const until = { keys: [...trust.keys, ...trusting(NEXT_VERIFIER, null, '2026-01-01T00:00:00Z').keys] };
    expect(codes({ trust: until })).toEqual(['untrusted key-out-of-time']);
  });

  it('proofs of rotations that the log does not have', () => {
    const plain = 'ledger/rotations/3.tlog-proof';
    writeFileSync(at(plain), read(PROOF));
    mkdirSync(at('ledger/rotations/x'), { recursive: true });
    writeFileSync(at('ledger/rotations/x/1.tlog-proof'), read(PROOF));
    expect(
      verify()
        .findings.map(({ code, file }) => `${code} ${file}`)
        .sort(),
    ).toEqual(['stray-file ledger/rotations/3.tlog-proof', 'stray-file ledger/rotations/x/1.tlog-proof']);
  });

  it('a proof where there was none', async () => {
    const plain = await sealedFolder({ rounds: 1 });
    const proof = read(PROOF);
    folder = made.copy(plain);
    mkdirSync(dirname(at(PROOF)), { recursive: true });
    writeFileSync(at(PROOF), proof);
    expect(existsSync(at(PROOF))).toBe(true);
    expect(codes()).toEqual(['tampered beyond-checkpoint']);
    rmSync(plain.directory, { recursive: true });
  });
});

describe('a lost key', () => {
  const third = generateKey(ORIGIN);
  const FILE = 'ledger/breaks/1.checkpoint';
  const both = { keys: [...trust.keys, ...trusting(third.verifier).keys] };
  const accepting = { keys: [...trust.keys, { ...trusting(third.verifier).keys[0], succeeds: VERIFIER }] } as Trust;
  let broken: SealedFolder;
  let directory: string;

  /** A ledger whose key was lost while it was being replaced, and that continues. */
  beforeAll(async () => {
    const world = sealing();
    const options = { directory: world.directory, clock: world.clock };
    for (const id of ['a', 'b']) await world.decide(id);
    await sealFolder({ ...options, signer: world.signer });
    await world.decide('a');
    const store = dying(0, 'after').through;
    await expect(rotateFolder({ ...options, signer: world.signer, next: world.next, by: 'alice', reason: 'yearly', store })).rejects.toThrow('died');
    await breakFolder({ ...options, signer: signerOf(third.secret), lost: VERIFIER, by: 'kim', reason: 'the disk failed' });
    await world.decide('b');
    await sealFolder({ ...options, signer: signerOf(third.secret) });
    directory = world.directory;
    broken = { directory, checkpoints: [] };
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  beforeEach(() => {
    folder = made.copy(broken);
  });

  it('is named with the person and the reason, without any signature of it: exit code 3 until the trust file names its successor', () => {
    const report = verify({ trust: both });
    expect(report.findings).toMatchObject([{ severity: 'untrusted', code: 'declared-break', file: FILE, entry: 5 }]);
    expect(exitCodeOf(report)).toBe(3);
    expect(report.firstBad?.message).toContain(
      `${name(VERIFIER)} was declared lost at ${report.breaks[0]?.since ?? ''} by kim: the disk failed. It signed the first 3 entries`,
    );
    expect(report).toMatchObject({
      ...{ checkpoint: { size: 8, seals: 4 }, unsealed: 0, rotations: [] },
      breaks: [{ number: 1, from: VERIFIER, to: third.verifier, entries: 3, by: 'kim', reason: 'the disk failed', accepted: false }],
    });
    // An auditor who trusts only the lost key, or the one that it was to announce, has no key that has signed.
    expect(codes()).toEqual(['untrusted untrusted-key', 'untrusted declared-break']);
    expect(codes({ trust: trusting(NEXT_VERIFIER) })).toEqual(['untrusted untrusted-key', 'untrusted declared-break']);
    // If it is accepted, the ledger is intact, and the break is still named.
    const accepted = verify({ trust: accepting });
    expect(accepted).toMatchObject({ status: 'intact', findings: [], breaks: [{ accepted: true }] });
    expect(reportText(accepted)).toContain(
      `${name(VERIFIER)} was lost after 3 entries, and ${name(third.verifier)} continues without its announcement, declared at ${accepted.breaks[0]?.since ?? ''} by kim: the disk failed (the trust file confirms it)\n`,
    );
    expect(exitCodeOf(accepted)).toBe(0);
    // The entry of another key does not count.
    expect(codes({ trust: { keys: [...trust.keys, { ...trusting(third.verifier).keys[0], succeeds: NEXT_VERIFIER }] } as Trust })).toEqual([
      'untrusted declared-break',
    ]);
  });

  it('has signed what came before, which is checked: its last checkpoint exists, is its own, and is of this log', () => {
    const note = read(FILE);
    rmSync(at(FILE));
    expect(codes({ trust: accepting })).toEqual(['tampered missing-break']);
    writeFileSync(at(FILE), signedBy(third.secret, note));
    expect(codes({ trust: accepting })).toEqual(['tampered forged-break']);
    writeFileSync(at(FILE), signedBy(SECRET, note.replace(/\n3\n/, '\n2\n')));
    expect(codes({ trust: accepting })).toEqual(['tampered forged-break']);
    writeFileSync(at(FILE), signedBy(SECRET, note.replace(/\n[A-Za-z0-9+/]{43}=/, `\n${'A'.repeat(43)}=`)));
    expect(codes({ trust: accepting })).toEqual(['tampered forked']);
    writeFileSync(at(FILE), note);
    writeFileSync(at('ledger/breaks/2.checkpoint'), note);
    expect(codes({ trust: accepting })).toEqual(['tampered beyond-checkpoint']);
  });

  it('signs nothing afterwards, and its successor nothing before: here, and in copies that were stored elsewhere', () => {
    const late = signedBy(SECRET, read('ledger/checkpoint'));
    expect(codes({ trust: accepting, copies: [{ name: 'elsewhere', note: Buffer.from(late) }] })).toEqual(['untrusted key-out-of-time']);
    const early = signedBy(third.secret, read(FILE));
    expect(codes({ trust: accepting, copies: [{ name: 'elsewhere', note: Buffer.from(early) }] })).toEqual(['untrusted key-out-of-time']);
    expect(codes({ trust: accepting, copies: [{ name: 'elsewhere', note: Buffer.from(read(FILE)) }] })).toEqual([]);
    writeFileSync(at('ledger/checkpoint'), late);
    expect(codes({ trust: accepting })).toContain('untrusted key-out-of-time');
  });

  it('is named in the trust file as a valid key, or not at all', () => {
    const text = (succeeds: unknown) => JSON.stringify({ keys: [{ ...trusting(third.verifier).keys[0], succeeds }] });
    expect(parseTrust(text(VERIFIER)).keys[0]?.succeeds).toBe(VERIFIER);
    for (const wrong of [7, 'x', null, generateKey('example.org').verifier]) expect(() => parseTrust(text(wrong))).toThrow(/succeeds/);
  });

  it('is named by the proof of each record and by each bundle, from before and after it: exit code 3 until the trust file names its successor', () => {
    for (const record of ['a/1', 'a/2', 'b/2']) {
      const { file, breaks } = proveRecord(folder, record);
      expect(breaks).toBe(1);
      const report = verifyProof(Buffer.from(file), { trust: both });
      expect(report.findings).toMatchObject([{ severity: 'untrusted', code: 'declared-break', file: 'proof', entry: 5 }]);
      expect(exitCodeOf(report)).toBe(3);
      expect(report.breaks).toMatchObject([
        { number: 1, from: VERIFIER, to: third.verifier, entries: 3, by: 'kim', reason: 'the disk failed', accepted: false },
      ]);
      const accepted = verifyProof(Buffer.from(file), { trust: accepting });
      expect(accepted).toMatchObject({ status: 'intact', findings: [], breaks: [{ accepted: true }], records: [{ seq: Number(record.slice(2)) }] });
      expect(exitCodeOf(accepted)).toBe(0);
      expect(proofText(accepted)).toMatch(
        /was lost after 3 entries, and .* continues without its announcement, declared at .* by kim: the disk failed \(the trust file confirms it\)\n/,
      );
      // An auditor who trusts only the lost key has no key that has signed it.
      expect(verifyProof(Buffer.from(file), { trust }).findings.map(({ code }) => code)).toEqual(['untrusted-key', 'declared-break']);
    }
    const { file, breaks } = makeBundle(folder, { resources: ['a'] });
    expect(breaks).toBe(1);
    const bundled = verifyBundle(Buffer.from(file), { trust: both });
    expect(bundled.findings).toMatchObject([{ severity: 'untrusted', code: 'declared-break', file: 'bundle', entry: 5 }]);
    expect(exitCodeOf(bundled)).toBe(3);
    expect(verifyBundle(Buffer.from(file), { trust: accepting })).toMatchObject({ status: 'intact', findings: [], breaks: [{ accepted: true }] });
  });

  it('is reported if it was removed from a bundle; a proof alone cannot show that there is none', () => {
    const bundle = JSON.parse(makeBundle(folder, { resources: ['a'] }).file) as { breaks: { entry: number; text: string }[] };
    const codesOf = (value: object) =>
      verifyBundle(Buffer.from(canonicalJson(value)), { trust: accepting }).findings.map(({ severity, code }) => `${severity} ${code}`);
    const [lost] = bundle.breaks;
    const { breaks: _, ...without } = bundle;
    expect(codesOf(without)).toEqual(['tampered missing-break']);
    expect(codesOf({ ...bundle, breaks: [] })).toEqual(['tampered missing-break']);
    expect(codesOf({ ...bundle, breaks: [lost, lost] })).toEqual(['tampered wrong-break']);
    expect(codesOf({ ...bundle, breaks: [{ ...lost, text: lost?.text.replace('the disk failed', 'the disk felled') }] })).toEqual(['tampered wrong-break']);
    expect(codesOf({ ...bundle, breaks: [{ ...lost, text: lost?.text.replace(third.verifier, NEXT_VERIFIER) }] })).toEqual(['tampered wrong-break']);
    expect(codesOf({ ...bundle, breaks: [{ ...lost, entry: 6 }] })).toEqual(['tampered wrong-break']);
    expect(codesOf({ ...bundle, breaks: 7 })).toEqual(['tampered not-a-bundle']);
    const proof = proveRecord(folder, 'b/2').file;
    const extra = Buffer.from(/\nextra (\S+)\n/.exec(proof)?.[1] ?? '', 'base64').toString();
    const of = (text: string) => verifyProof(Buffer.from(proof.replace(/\nextra \S+\n/, `\nextra ${Buffer.from(text).toString('base64')}\n`)), { trust: both });
    const { breaks, record } = JSON.parse(extra) as { breaks: { text: string }[]; record: string };
    const bare = of(record);
    expect(bare).toMatchObject({ status: 'intact', breaks: [] });
    expect(bare.limits).toContain(
      'Whether a key of the log was lost and another one continues without its announcement: the whole ledger shows it, or a bundle whose newest seal counts lost keys.',
    );
    expect(of(extra).limits).not.toContain(
      'Whether a key of the log was lost and another one continues without its announcement: the whole ledger shows it, or a bundle whose newest seal counts lost keys.',
    );
    const changed = breaks.map((each) => ({ ...each, text: each.text.replace('"by":"kim"', '"by":"tim"') }));
    expect(of(canonicalJson({ breaks: changed, record }))).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-break', entry: 5 } });
    expect(of(canonicalJson({ breaks: 'none', record }))).toMatchObject({ status: 'tampered', firstBad: { code: 'not-a-proof' } });
  });

  it('prevents proofs and bundles of a ledger from which its announcement was removed', () => {
    rmSync(at(FILE));
    for (const make of [() => proveRecord(folder, 'a/1'), () => makeBundle(folder, { resources: ['a'] })])
      expect(make).toThrow('Some of what the log says about lost keys is missing: verify the ledger.');
  });

  it('is named next to a record that is too long for its proof', async () => {
    const world = sealing();
    const options = { directory: world.directory, clock: world.clock };
    await world.decide('a', { text: 'x'.repeat(66_000) });
    await sealFolder({ ...options, signer: world.signer });
    await breakFolder({ ...options, signer: signerOf(third.secret), lost: VERIFIER, by: 'kim', reason: 'the disk failed' });
    const { file, record } = proveRecord(world.directory, 'a/1');
    expect(file.length).toBeLessThan(3000);
    expect(verifyProof(Buffer.from(file), { trust: both, record: Buffer.from(record ?? '') })).toMatchObject({
      ...{ status: 'untrusted', firstBad: { code: 'declared-break' }, records: [{ seq: 1 }] },
    });
    expect(() => verifyProof(Buffer.from(file), { trust: both })).toThrow('--record');
    await world.remove();
  });

  it('leaves nothing that is tampered with, wherever the sealer that records it dies', async () => {
    const world = sealing();
    for (const id of ['a', 'b']) await world.decide(id);
    const options = { directory: world.directory, signer: world.signer, clock: world.clock };
    await sealFolder(options);
    await world.decide('a');
    const store = dying(0, 'after').through;
    await expect(rotateFolder({ ...options, next: world.next, by: 'alice', reason: 'yearly', store })).rejects.toThrow('died');
    for (let step = 0, failed = true; failed; step++) {
      folder = made.copy({ directory: world.directory, checkpoints: [] });
      const said = { directory: folder, clock: world.clock, signer: signerOf(third.secret), lost: VERIFIER, by: 'kim', reason: 'the disk failed' };
      failed = await breakFolder({ ...said, store: dying(step, 'after').through }).then(
        () => false,
        () => true,
      );
      expect(['intact', 'incomplete']).toContain(verify({ trust: accepting }).status);
      await breakFolder(said);
      expect(verify({ trust: accepting })).toMatchObject({ status: 'intact', unsealed: 0, breaks: [{ number: 1 }] });
      expect(step).toBeLessThan(30);
    }
    await world.remove();
  });
});

describe('a bundle', () => {
  const bundle = () => makeBundle(folder, { resources: ['a'] }).file;

  it('has the announcement of the key that signed it', () => {
    expect(verifyBundle(Buffer.from(bundle()), { trust })).toMatchObject({ status: 'intact', findings: [], checkpoint: { size: 272 } });
    expect(verifyBundle(Buffer.from(bundle()), { trust: trusting(NEXT_VERIFIER) })).toMatchObject({ status: 'intact' });
  });

  it('has no trusted key without that, and is tampered with if that was changed', () => {
    const { rotations, ...rest } = JSON.parse(bundle()) as { rotations: string[] };
    expect(rotations).toHaveLength(1);
    expect(verifyBundle(Buffer.from(JSON.stringify(rest)), { trust })).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key' } });
    const proof = rotations[0] ?? '';
    const forged = `${proof.slice(0, proof.indexOf('\n\n') + 2)}${signedBy(NEXT_SECRET, proof.slice(proof.indexOf('\n\n') + 2))}`;
    const { seal, ...others } = rest as { seal?: unknown };
    const changed = JSON.stringify({ ...others, rotations: [forged], seal });
    expect(verifyBundle(Buffer.from(changed), { trust })).toMatchObject({ status: 'tampered', firstBad: { code: 'forged-rotation' } });
  });
});
