// What a sealer keeps next to the log is unsigned, or signed by the log's key: whatever somebody else puts there, no sealer signs anything false.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, digestOf } from '@redress/core';
import { breakFolder, generateKey, type NoteSigner, rotateFolder, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  copies,
  decodeEntries,
  EMPTY_EDGE,
  Growth,
  leafHash,
  MemoryTree,
  rootOf,
  signCheckpoint,
  tilePath,
  tilesBetween,
} from '../../evidence/test/support/ledgers.js';
import { dying, NEXT_SECRET, SECRET, sealing, VERIFIER } from '../../evidence/test/support/sealing.js';
import { type Trust, verifyLedger } from './index.js';

const ORIGIN = 'example.com/redress';
const third = signerOf(generateKey(ORIGIN).secret);
/** The previous key was lost, and the trust file says that this one continues. */
const trust: Trust = {
  keys: [
    { origin: ORIGIN, key: VERIFIER, from: null, until: null },
    { origin: ORIGIN, key: third.verifier, from: null, until: null, succeeds: signerOf(NEXT_SECRET).verifier },
  ],
};
const made = copies();
let folder: string;
const at = (file: string) => join(folder, file);
const verify = () => verifyLedger({ directory: folder, trust });
const STATE = 'sealer/state.json';
const PENDING = 'sealer/pending.json';

interface Kept {
  readonly seal: { readonly number: number };
  readonly streams: Readonly<Record<string, { readonly seq: number; readonly head: string; readonly bytes: number }>>;
}

describe('sealer/state.json', () => {
  const world = sealing();
  const clock = world.clock;
  /** The kept state after each seal. */
  const states: Kept[] = [];
  let size: number;

  /** A log whose key was replaced and lost, with documents in archives, and seals without records: everything that seals can say. */
  beforeAll(async () => {
    const { directory } = world;
    const kept = () => states.push(JSON.parse(readFileSync(join(directory, STATE), 'utf8')) as Kept);
    const options = { directory, clock };
    for (const id of ['a', 'b']) await world.decide(id);
    await sealFolder({ ...options, signer: world.signer });
    kept();
    await world.fix('a');
    await sealFolder({ ...options, signer: world.signer, documentsFor: 30 });
    kept();
    await rotateFolder({ ...options, signer: world.signer, next: world.next, by: 'alice', reason: 'yearly' });
    kept();
    await world.decide('c');
    await sealFolder({ ...options, signer: world.next });
    kept();
    await breakFolder({ ...options, signer: third, lost: world.next.verifier, by: 'kim', reason: 'the disk failed' });
    await world.decide('b');
    await sealFolder({ ...options, signer: third, documentsFor: 30 });
    kept();
    ({ size } = await sealFolder({ ...options, signer: third }));
    kept();
    await world.decide('a');
  });
  beforeEach(() => {
    folder = made.copy({ directory: world.directory, checkpoints: [] });
  });
  afterAll(async () => {
    made.remove();
    await world.remove();
  });

  const newest = () => states.at(-1) as Kept;
  const other = (change: (streams: Record<string, { seq: number; head: string; bytes: number }>, first: string) => void): string => {
    const { seal, streams } = structuredClone(newest()) as { seal: object; streams: Record<string, { seq: number; head: string; bytes: number }> };
    change(streams, Object.keys(streams)[0] ?? '');
    return JSON.stringify({ seal, streams });
  };
  const of = (more: object) => JSON.stringify({ ...newest(), ...more });
  const forgeries: readonly (readonly [string, () => string | null])[] = [
    ['removed', () => null],
    ['no JSON', () => '{"seal":'],
    ['no object', () => 'null'],
    ['a list', () => '[]'],
    ...[0, 1, 2, 3, 4].map((seal) => [`what it was after seal ${seal + 1} of those that were noted`, () => JSON.stringify(states[seal])] as const),
    ...[0, 1, 2, 3, 4].map(
      (seal) => [`the same, under the number of the newest seal (${seal + 1})`, () => JSON.stringify({ ...states[seal], seal: newest().seal })] as const,
    ),
    ...[0, -1, 1e9, 'x', null, Number.MAX_SAFE_INTEGER].map((number) => [`under the number ${String(number)}`, () => of({ seal: { number } })] as const),
    ['without a seal', () => of({ seal: null })],
    ['without streams', () => of({ streams: {} })],
    ['with streams that are none', () => of({ streams: 7 })],
    ['less a stream', () => other((streams, first) => void delete streams[first])],
    [
      'with a stream that is not sealed',
      () => other((streams, first) => void (streams[`sha256:${'0'.repeat(64)}`] = { ...(streams[first] ?? { seq: 1, head: '', bytes: 1 }) })),
    ],
    ['with a record less', () => other((streams, first) => void ((streams[first] ?? { seq: 0 }).seq -= 1))],
    ['with a record more', () => other((streams, first) => void ((streams[first] ?? { seq: 0 }).seq += 1))],
    ['with another place in a stream', () => other((streams, first) => void ((streams[first] ?? { bytes: 0 }).bytes = 0))],
    ['with another record', () => other((streams, first) => void ((streams[first] ?? { head: '' }).head = `sha256:${'0'.repeat(64)}`))],
    // What versions before this one kept there, and used.
    ...[0, 3, 1e9].map((documentsTo) => [`with documents said to be kept up to ${documentsTo}`, () => of({ documentsTo })] as const),
    ['as if no key was ever replaced', () => of({ rotation: null, said: { breaks: 0, documents: 0, rotations: 0 } })],
    ['as if another key was announced', () => of({ rotation: { number: 9, from: third.verifier, to: VERIFIER, by: 'x', reason: 'x' } })],
    ['of a log of another size', () => of({ size: 1, root: 'x' })],
  ];

  it.each(forgeries)('%s only costs time: the next seals, of every kind, do not change', async (_, forged) => {
    const put = () => {
      const text = forged();
      if (text === null) rmSync(at(STATE), { force: true });
      else writeFileSync(at(STATE), text);
    };
    const options = { directory: folder, clock };
    put();
    const report = await sealFolder({ ...options, signer: third, documentsFor: 30 });
    expect(report).toMatchObject({
      size: size + 2,
      seal: { number: 9, records: 1, documents: { from: size - 1 }, said: { breaks: 1, documents: size + 2, rotations: 1 } },
      skipped: [],
    });
    put();
    const next = signerOf(generateKey(ORIGIN).secret);
    const { rotation } = await rotateFolder({ ...options, signer: third, next, by: 'alice', reason: 'yearly' });
    expect(rotation.number).toBe(2);
    put();
    await expect(sealFolder({ ...options, signer: third, replaced: [next.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
    put();
    const fourth = signerOf(generateKey(ORIGIN).secret);
    const broken = await breakFolder({ ...options, signer: fourth, lost: next.verifier, by: 'kim', reason: 'deleted' });
    expect(broken.break.number).toBe(2);
    const accepting = { keys: [...trust.keys, { origin: ORIGIN, key: fourth.verifier, from: null, until: null, succeeds: next.verifier }] };
    expect(verifyLedger({ directory: folder, trust: accepting })).toMatchObject({
      status: 'intact',
      findings: [],
      unsealed: 0,
      rotations: [{ number: 1 }, { number: 2 }],
    });
  });

  it('does not affect the verifier', () => {
    for (const [, forged] of forgeries) {
      const text = forged();
      if (text === null) rmSync(at(STATE), { force: true });
      else writeFileSync(at(STATE), text);
      expect(verify()).toMatchObject({ status: 'intact', findings: [], unsealed: 1 });
    }
  });
});

describe('sealer/pending.json', () => {
  const thief = signerOf(generateKey(ORIGIN).secret);
  let world: ReturnType<typeof sealing>;
  const options = () => ({ directory: world.directory, signer: world.signer, clock: world.clock });
  interface Plan {
    readonly before: { readonly size: number };
    readonly after: { readonly size: number; readonly root: string; readonly seal: Record<string, unknown> };
    readonly signed: string;
  }

  /** A log with a seal that was begun: only the decision exists. */
  beforeEach(async () => {
    world = sealing();
    folder = world.directory;
    for (const id of ['a', 'b']) await world.decide(id);
    await sealFolder(options());
    await world.decide('a');
    await expect(sealFolder({ ...options(), documentsFor: 400, store: dying(0, 'after').through })).rejects.toThrow('died');
  });
  afterEach(() => world.remove());

  /** A decision about another seal, with the root that the log has with it: everything matches except the signature. */
  function otherwise(change: (seal: Record<string, unknown>) => void): Omit<Plan, 'signed'> {
    const { signed: _, ...plan } = JSON.parse(readFileSync(at(PENDING), 'utf8')) as Plan;
    const seal = structuredClone(plan.after.seal);
    change(seal);
    const tree = new MemoryTree();
    for (const tile of tilesBetween(0, plan.before.size))
      if (tile.level === 'entries') for (const entry of decodeEntries(readFileSync(at(join('ledger', tilePath(tile)))))) tree.append(leafHash(entry));
    const [stream = ''] = Object.keys((plan as unknown as { streams: object }).streams);
    const lines = readFileSync(at(`streams/${stream.slice(7, 9)}/${stream.slice(7)}.jsonl`), 'utf8')
      .trim()
      .split('\n');
    tree.append(leafHash(Buffer.from((lines.at(-1) ?? '').slice(72))));
    tree.append(leafHash(Buffer.from(canonicalJson({ v: 1, seal }))));
    return { ...plan, after: { ...plan.after, root: rootOf(tree.at, tree.size).toString('base64'), seal } };
  }
  const signedBy = async (plan: object, { name, verifier, sign }: NoteSigner): Promise<string> => {
    const text = `${name}\ndecision\n${digestOf(plan)}\n`;
    const signature = Buffer.concat([Buffer.from(verifier.split('+')[1] ?? '', 'hex'), await sign(Buffer.from(text))]);
    return `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`;
  };
  const put = (plan: object, signed: unknown) => writeFileSync(at(PENDING), canonicalJson({ ...plan, ...(signed === undefined ? {} : { signed }) }));

  it('is completed as decided if the key of the log has signed it', async () => {
    const plan = otherwise(() => undefined);
    put(plan, await signedBy(plan, signerOf(SECRET)));
    expect(verify()).toMatchObject({ status: 'incomplete', firstBad: { code: 'unfinished-seal' } });
    expect(await sealFolder(options())).toMatchObject({ made: 'completed', size: 5 });
    expect(verify()).toMatchObject({ status: 'intact', findings: [] });
  });

  const changes: readonly (readonly [string, (seal: Record<string, unknown>) => void])[] = [
    ['announces the key of a thief', (seal) => void (seal['rotation'] = { number: 1, from: VERIFIER, to: thief.verifier, by: 'alice', reason: 'yearly' })],
    ['is dated otherwise', (seal) => void (seal['time'] = '2031-01-01T00:00:00.000Z')],
    ['gives documents up', (seal) => void (seal['documents'] = { from: 0, until: '2026-01-02T00:00:05.000Z' })],
    ['has another number of records', (seal) => void (seal['records'] = 0)],
    ['says something else of what was said', (seal) => void (seal['said'] = { breaks: 1, documents: 0, rotations: 0 })],
  ];
  it.each(changes)('that %s is signed by no sealer, and found by the verifier', async (_, change) => {
    const genuine = (JSON.parse(readFileSync(at(PENDING), 'utf8')) as Plan).signed;
    const plan = otherwise(change);
    const before = readFileSync(at('ledger/checkpoint'), 'utf8');
    // By nobody; by a signature of the decision; by another key, also under the name of the log's key.
    const stolen = (await signedBy(plan, thief)).replace(/\S+\n$/, (signature) => {
      const bytes = Buffer.from(signature.trim(), 'base64');
      bytes.write(VERIFIER.split('+')[1] ?? '', 'hex');
      return `${bytes.toString('base64')}\n`;
    });
    for (const signed of [undefined, 7, '', genuine, stolen]) {
      put(plan, signed);
      expect(verify()).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-pending', file: PENDING } });
      await expect(sealFolder(options())).rejects.toMatchObject({
        code: 'ledger/corrupt',
        message: expect.stringContaining('The key that signs this ledger has not decided seal 2. Nothing was signed.') as string,
      });
    }
    put(plan, await signedBy(plan, thief));
    expect(verify()).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-pending', file: PENDING } });
    await expect(sealFolder(options())).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(readFileSync(at('ledger/checkpoint'), 'utf8')).toBe(before);
    expect(world.signed).toHaveLength(1);
    expect(existsSync(at('ledger/rotations'))).toBe(false);
    // The next step from the error.
    rmSync(at(PENDING));
    expect(await sealFolder(options())).toMatchObject({ made: 'sealed', size: 5 });
    expect(verify()).toMatchObject({ status: 'intact', findings: [], rotations: [] });
  });

  it('of the lost key is completed by its successor only if that key has signed it', async () => {
    const plan = otherwise((seal) => void (seal['time'] = '2031-01-01T00:00:00.000Z'));
    put(plan, await signedBy(plan, thief));
    const lost = { ...options(), signer: third, lost: VERIFIER, by: 'kim', reason: 'the disk failed' };
    await expect(breakFolder(lost)).rejects.toMatchObject({
      code: 'ledger/corrupt',
      message: expect.stringContaining('The key that signs this ledger has not decided') as string,
    });
    rmSync(at(PENDING));
    await expect(breakFolder(lost)).resolves.toMatchObject({ break: { number: 1, entries: 3 } });
  });

  it('that a replaced or lost key has signed is signed by no sealer, and the verifier does not expect it', async () => {
    const C = signerOf(generateKey(ORIGIN).secret);
    const from = Date.UTC(2026, 0, 2);
    const goes = [
      ['replaced', world.next, () => rotateFolder({ ...options(), directory: folder, next: world.next, by: 'alice', reason: 'yearly' })],
      ['lost', C, () => breakFolder({ ...options(), directory: folder, signer: C, lost: VERIFIER, by: 'kim', reason: 'stolen' })],
    ] as const;
    const begun = made.copy({ directory: folder, checkpoints: [] });
    for (const [how, signer, goOn] of goes) {
      folder = made.copy({ directory: begun, checkpoints: [] });
      await goOn();
      const sealing = { ...options(), directory: folder, signer, replaced: [VERIFIER, world.next.verifier, C.verifier] };
      await sealFolder(sealing);
      const keys = [
        { origin: ORIGIN, key: VERIFIER, from: null, until: null },
        { origin: ORIGIN, key: signer.verifier, from: null, until: null, ...(how === 'lost' ? { succeeds: VERIFIER } : {}) },
      ];
      const trusts: Trust[] = [{ keys }, { keys: keys.map((each, n) => (n === 0 ? { ...each, until: new Date(from + 5000).toISOString() } : each)) }];
      const status = () => trusts.map((each) => verifyLedger({ directory: folder, trust: each }));
      expect([how, ...status().map((each) => each.status)]).toEqual([how, 'intact', 'intact']);
      const before = readFileSync(at('ledger/checkpoint'), 'utf8');
      for (const change of [
        (seal: Record<string, unknown>, said: { breaks: number; documents: number; rotations: number }) => {
          const number = said.rotations + 1;
          Object.assign(seal, {
            rotation: { number, from: signer.verifier, to: thief.verifier, by: 'alice', reason: 'yearly' },
            said: { ...said, rotations: number },
          });
        },
        (seal: Record<string, unknown>, said: { breaks: number; documents: number; rotations: number }) =>
          Object.assign(seal, {
            documents: { from: said.documents, until: '2026-01-01T00:00:00.000Z' },
            said: { ...said, documents: Number(seal['first']) + 1 },
          }),
      ]) {
        const plan = following(change);
        for (const by of [signerOf(SECRET), how === 'lost' ? world.next : C]) {
          put(plan, await signedBy(plan, by));
          for (const { status: found, firstBad } of status()) {
            expect(found).toBe('untrusted');
            expect(firstBad).toMatchObject({ code: 'untrusted-pending', file: PENDING });
          }
          await expect(sealFolder(sealing)).rejects.toMatchObject({ code: 'ledger/corrupt' });
          await expect(rotateFolder({ ...sealing, next: signerOf(generateKey(ORIGIN).secret), by: 'alice', reason: 'yearly' })).rejects.toMatchObject({
            code: 'ledger/corrupt',
          });
          const fourth = signerOf(generateKey(ORIGIN).secret);
          await expect(breakFolder({ ...sealing, signer: fourth, lost: signer.verifier, by: 'kim', reason: 'gone' })).rejects.toMatchObject({
            code: 'ledger/corrupt',
          });
        }
        expect(readFileSync(at('ledger/checkpoint'), 'utf8')).toBe(before);
        // The current key has decided it, so it is an ordinary seal that was begun.
        put(plan, await signedBy(plan, signer));
        expect(status().map((each) => each.status)).toEqual(['incomplete', 'incomplete']);
        rmSync(at(PENDING));
      }
      await sealFolder(sealing);
      expect(status().map((each) => each.status)).toEqual(['intact', 'intact']);
    }
  });

  /** An empty seal that follows the log as it is. */
  function following(change: (seal: Record<string, unknown>, said: { breaks: number; documents: number; rotations: number }) => void): object {
    const [, size = '', root] = readFileSync(at('ledger/checkpoint'), 'utf8').split('\n');
    const tree = new MemoryTree();
    let last: Record<string, unknown> = {};
    for (const tile of tilesBetween(0, Number(size)))
      if (tile.level === 'entries')
        for (const entry of decodeEntries(readFileSync(at(join('ledger', tilePath(tile)))))) {
          tree.append(leafHash(entry));
          last = JSON.parse(entry.toString()) as Record<string, unknown>;
        }
    const { number, time, streams, said } = last['seal'] as {
      number: number;
      time: string;
      streams: string;
      said?: { breaks: number; documents: number; rotations: number };
    };
    const seal: Record<string, unknown> = {
      ...{ number: number + 1, first: Number(size), records: 0, time: new Date(Date.parse(time) + 1).toISOString(), streams },
      ...(said === undefined ? {} : { said }),
    };
    change(seal, said ?? { breaks: 0, documents: 0, rotations: 0 });
    tree.append(leafHash(Buffer.from(canonicalJson({ v: 1, seal }))));
    return { before: { size: Number(size), root }, after: { size: tree.size, root: rootOf(tree.at, tree.size).toString('base64'), seal }, streams: {} };
  }

  it('without a signature of a trusted key of this log explains nothing: tampering is still reported', async () => {
    await sealFolder(options());
    rmSync(at('ledger/checkpoint'));
    expect(verify()).toMatchObject({ status: 'tampered' });
    const root = rootOf(new MemoryTree().at, 0).toString('base64');
    const plan = { before: { size: 0, root }, after: { size: 1e9, root: 'x', seal: { number: 1e9, time: '2026-01-02T00:00:00.000Z' } }, streams: {} };
    const elsewhere = signerOf(generateKey('example.org/other').secret);
    for (const by of [thief, elsewhere]) {
      put(plan, await signedBy(plan, by));
      expect(verify()).toMatchObject({ status: 'tampered' });
      // Without any trust, it is only known that it was begun.
      expect(verifyLedger({ directory: folder })).toMatchObject({ status: 'untrusted' });
    }
    put(plan, await signedBy(plan, signerOf(SECRET)));
    expect(verify()).toMatchObject({ status: 'incomplete' });
    // The checkpoint identifies the log. A key that is trusted for another log has begun nothing in it.
    const other = sealing();
    await other.decide('a');
    await sealFolder({ directory: other.directory, signer: other.signer, clock: other.clock });
    folder = other.directory;
    const both = { keys: [...trust.keys, { origin: elsewhere.name, key: elsewhere.verifier, from: null, until: null }] };
    const next = following(() => undefined);
    put(next, await signedBy(next, elsewhere));
    expect(verifyLedger({ directory: folder, trust: both })).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-pending' } });
    await other.remove();
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('that is nested deeply in %s is not treated as signed', (open, close) => {
    for (let depth = 500; depth <= 9000; depth += 250) {
      writeFileSync(at(PENDING), `{"after":${open.repeat(depth)}1${close.repeat(depth)},"before":1,"signed":"x"}`);
      expect([depth, verify().status, verify().firstBad?.code]).toEqual([depth, 'tampered', 'wrong-pending']);
    }
  });

  /** Changes the log and the decision to those of the previous version: it signed no decisions, and its seals had no summary. */
  async function asBefore(): Promise<void> {
    const text = existsSync(at(PENDING)) ? readFileSync(at(PENDING), 'utf8') : null;
    const size = existsSync(at('ledger/checkpoint')) ? Number(readFileSync(at('ledger/checkpoint'), 'utf8').split('\n')[1]) : 0;
    const entries = tilesBetween(0, size)
      .filter(({ level }) => level === 'entries')
      .flatMap((tile) => decodeEntries(readFileSync(at(join('ledger', tilePath(tile))))));
    const growth = new Growth(EMPTY_EDGE, (tile, bytes) => writeFileSync(at(join('ledger', tilePath(tile))), bytes));
    const tree = new MemoryTree();
    for (const entry of entries) {
      const { seal } = JSON.parse(entry.toString()) as { seal?: Record<string, unknown> };
      const { said: _, ...before } = seal ?? {};
      const own = seal === undefined ? entry : Buffer.from(canonicalJson({ v: 1, seal: before }));
      growth.append(own);
      tree.append(leafHash(own));
    }
    growth.end();
    const before = { size, root: growth.root().toString('base64') };
    if (size > 0) writeFileSync(at('ledger/checkpoint'), await signCheckpoint({ origin: ORIGIN, size, root: growth.root() }, signerOf(SECRET)));
    if (text === null) return;
    const { signed: _, ...plan } = JSON.parse(text) as Plan & { streams: Record<string, { seq: number }> };
    const { said: __, ...seal } = plan.after.seal;
    for (const line of lines()) if (Number(line.seq) > (entries.length === 0 ? 0 : 1) && line.id === 'a') tree.append(leafHash(line.json));
    tree.append(leafHash(Buffer.from(canonicalJson({ v: 1, seal }))));
    put({ ...plan, before, after: { size: tree.size, root: rootOf(tree.at, tree.size).toString('base64'), seal } }, undefined);
  }
  const lines = () =>
    readdirSync(at('streams'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) =>
        readFileSync(at(join('streams', name)), 'utf8')
          .trim()
          .split('\n'),
      )
      .map((line) => {
        const { seq, resource } = JSON.parse(line.slice(72)) as { seq: number; resource: { id: string } };
        return { seq, id: resource.id, json: Buffer.from(line.slice(72)) };
      });

  it('of the previous version, without a signature, is completed only until a seal has the counts of what was announced', async () => {
    await asBefore();
    const begun = readFileSync(at(PENDING));
    expect(verify()).toMatchObject({ status: 'incomplete', findings: [{ code: 'unfinished-seal' }] });
    expect(await sealFolder(options())).toMatchObject({ made: 'completed', size: 5 });
    expect(verify()).toMatchObject({ status: 'intact', findings: [] });
    // A sealer that had signed it, and died before it was complete.
    writeFileSync(at(PENDING), begun);
    expect(verify()).toMatchObject({ status: 'incomplete', findings: [{ code: 'unfinished-seal' }] });
    expect((await sealFolder(options())).seal.said).toEqual({ breaks: 0, documents: 5, rotations: 0 });
    expect(verify()).toMatchObject({ status: 'intact', findings: [] });
    const plan = following((seal) => void delete seal['said']);
    put(plan, undefined);
    expect(verify()).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-pending' } });
    await expect(sealFolder(options())).rejects.toMatchObject({ code: 'ledger/corrupt' });
  });

  it('of the previous version is completed if there is no seal yet', async () => {
    const fresh = sealing();
    folder = fresh.directory;
    await fresh.decide('a');
    const own = { directory: folder, signer: fresh.signer, clock: fresh.clock };
    await expect(sealFolder({ ...own, store: dying(0, 'after').through })).rejects.toThrow('died');
    await asBefore();
    expect(await sealFolder(own)).toMatchObject({ made: 'completed', size: 2 });
    expect(verify()).toMatchObject({ status: 'intact' });
    await fresh.remove();
  });

  it('with such counts, but without a signature, is never completed, even if no seal has them yet', async () => {
    await asBefore();
    put(
      following((seal) => Object.assign(seal, { said: { breaks: 0, documents: 0, rotations: 0 } })),
      undefined,
    );
    expect(verify()).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-pending' } });
    await expect(sealFolder(options())).rejects.toMatchObject({ code: 'ledger/corrupt' });
  });

  it('explains what is beyond the checkpoint only up to its size', async () => {
    const begun = made.copy({ directory: folder, checkpoints: [] });
    await sealFolder(options());
    const one = made.copy({ directory: folder, checkpoints: [] });
    await world.decide('b');
    await sealFolder({ ...options(), documentsFor: 400 });
    // The log with one more seal, and the checkpoint before it: as left by a sealer that dies before it signs.
    for (const [directory, status] of [
      [one, 'incomplete'],
      [made.copy({ directory: folder, checkpoints: [] }), 'tampered'],
    ] as const) {
      folder = directory;
      for (const part of ['ledger', 'sealer']) cpSync(join(begun, part), at(part), { recursive: true });
      expect(verify().status).toBe(status);
    }
    expect(
      verify()
        .findings.filter(({ severity, code }) => severity === 'tampered' && code === 'beyond-checkpoint')
        .map(({ file }) => file),
    ).toEqual(expect.arrayContaining(['ledger/documents/000000000003.zip', 'ledger/tile/0/000.p/7', 'ledger/tile/entries/000.p/7']));
    folder = world.directory;
  });
});

describe('the counts in a seal of what was announced before it', () => {
  it.each([
    ['breaks', { breaks: 1, documents: 5, rotations: 0 }],
    ['documents', { breaks: 0, documents: 4, rotations: 0 }],
    ['rotations', { breaks: 0, documents: 5, rotations: 1 }],
    ['other members', { breaks: 0, documents: 5, rotations: 0, more: 0 }],
  ])('are compared: %s', async (_, said) => {
    const world = sealing();
    folder = world.directory;
    await world.decide('a');
    await world.fix('a');
    await sealFolder({ directory: folder, signer: world.signer, clock: world.clock, documentsFor: 400 });
    expect(verify()).toMatchObject({ status: 'intact', checkpoint: { size: 5 } });
    // The key of the log has signed it: nobody else could.
    const growth = new Growth(EMPTY_EDGE, (tile, bytes) => writeFileSync(at(join('ledger', tilePath(tile))), bytes));
    for (const entry of decodeEntries(readFileSync(at('ledger/tile/entries/000.p/5')))) {
      const { seal } = JSON.parse(entry.toString()) as { seal?: object };
      growth.append(seal === undefined ? entry : Buffer.from(canonicalJson({ v: 1, seal: { ...seal, said } })));
    }
    growth.end();
    writeFileSync(at('ledger/checkpoint'), await signCheckpoint({ origin: ORIGIN, size: growth.size, root: growth.root() }, world.signer));
    const report = verify();
    expect(report).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-seal', entry: 4 } });
    expect(report.firstBad?.message).toBe('The seal does not have the summary of all seals so far.');
    await world.remove();
  });
});
