// What is read from a journal to be sealed, with streams in memory: which lines, in which order, and how often.
import { createHash } from 'node:crypto';
import { canonicalJson, type Digest } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { entryOf, type Position } from './entry.js';
import type { End, JournalSource, Mark } from './store.js';
import { leafHash } from './tree.js';
import { entriesOf, readUnsealed, type Unsealed } from './unsealed.js';

const sha = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;
// In the order of their digests.
const [A, B, C] = ['a', 'b', 'c'].map(sha).toSorted() as [Digest, Digest, Digest];

/** A stream of records at these seconds; `long`: bytes of text in each. */
function streamOf(
  stream: Digest,
  seconds: readonly number[],
  long = 0,
): { readonly bytes: Buffer; readonly jsons: readonly string[]; readonly positions: readonly Position[] } {
  const jsons: string[] = [];
  const positions: Position[] = [];
  let bytes = Buffer.alloc(0);
  for (const [at, second] of seconds.entries()) {
    const json = canonicalJson({
      ...{ v: 1, stream, seq: at + 1, prev: positions.at(-1)?.head ?? null, time: new Date(second * 1000).toISOString(), kind: 'decision', execution: null },
      ...{ remediator: 'r', resource: { account: '111111111111', id: 'b', partition: 'aws', region: 'us-east-1', type: 'AWS::S3::Bucket' } },
      ...{ body: { text: 'x'.repeat(long) }, blobs: {} },
    });
    jsons.push(json);
    bytes = Buffer.concat([bytes, Buffer.from(`${sha(json)} ${json}\n`)]);
    positions.push({ seq: at + 1, head: sha(json), bytes: bytes.length });
  }
  return { bytes, jsons, positions };
}

/** A journal that returns pieces of one size, all in the same memory, and records the requests. */
function sourceOf(streams: Record<Digest, Buffer>, { piece = 50, room = 0, atOnce = 1 } = {}) {
  const asked: { stream: Digest; from: Mark; to: Mark }[] = [];
  const reading = { now: 0, most: 0 };
  const source = {
    atOnce,
    room,
    async *read(stream: Digest, from: Mark, to: Mark) {
      asked.push({ stream, from, to });
      reading.most = Math.max(reading.most, ++reading.now);
      const memory = Buffer.alloc(piece);
      const bytes = streams[stream]?.subarray(from.bytes, to.bytes) ?? Buffer.alloc(0);
      for (let at = 0; at < bytes.length; at += piece) {
        await Promise.resolve();
        memory.fill('#');
        yield memory.subarray(0, bytes.copy(memory, 0, at, at + piece));
        memory.fill('#');
      }
      reading.now--;
    },
  } as Partial<JournalSource> as JournalSource;
  return { source, asked, reading };
}
const endsOf = (ends: Record<Digest, End>) => new Map(Object.entries(ends) as [Digest, End][]);
const whole = (bytes: Buffer, more: Partial<End> = {}): End => ({ seq: Number.POSITIVE_INFINITY, bytes: bytes.length, ...more });
const named = (lines: readonly Unsealed[]) => lines.map(({ stream, seq }) => `${stream === A ? 'a' : stream === B ? 'b' : 'c'}${seq}`);
async function entries(source: JournalSource, lines: readonly Unsealed[]): Promise<{ json: string; entry: Buffer; leaf: Buffer }[]> {
  const found: { json: string; entry: Buffer; leaf: Buffer }[] = [];
  for await (const { entry, leaf, json } of entriesOf(source, lines)) found.push({ json: json.toString(), entry: Buffer.from(entry), leaf: Buffer.from(leaf) });
  return found;
}

describe('the unsealed records', () => {
  it.each([1, 72, 50, 1_000_000])('are found in the order in which they were recorded, in chunks of %i bytes', async (piece) => {
    const [a, b, c] = [streamOf(A, [2, 3, 3]), streamOf(B, [1, 3]), streamOf(C, [3])];
    const { source } = sourceOf({ [A]: a.bytes, [B]: b.bytes, [C]: c.bytes }, { piece });
    const { lines, grown, skipped } = await readUnsealed(source, {}, endsOf({ [C]: whole(c.bytes), [B]: whole(b.bytes), [A]: whole(a.bytes) }));
    expect(named(lines)).toEqual(['b1', 'a1', 'a2', 'a3', 'b2', 'c1']);
    expect(skipped).toEqual([]);
    expect(grown).toEqual({ [A]: a.positions[2], [B]: b.positions[1], [C]: c.positions[0] });
    expect(lines[2]).toEqual({
      ...{ stream: A, seq: 2, time: '1970-01-01T00:00:03.000Z', from: a.positions[0]?.bytes, to: a.positions[1]?.bytes },
      ...{ leaf: leafHash(Buffer.from(a.jsons[1] ?? '')).toString('latin1'), line: null },
    });
  });

  it('follow what is sealed, up to the end, without an unfinished line', async () => {
    const a = streamOf(A, [1, 2, 3, 4]);
    const bytes = a.bytes.subarray(0, -1);
    const { source, asked } = sourceOf({ [A]: bytes });
    const sealed = { [A]: a.positions[0] as Position };
    const { lines, grown } = await readUnsealed(source, sealed, endsOf({ [A]: whole(bytes) }));
    expect([named(lines), grown]).toEqual([['a2', 'a3'], { [A]: a.positions[2] }]);
    expect(asked).toEqual([{ stream: A, from: a.positions[0], to: whole(bytes) }]);
    expect((await readUnsealed(source, sealed, endsOf({ [A]: { seq: 2, bytes: a.positions[1]?.bytes ?? 0 } }))).grown).toEqual({ [A]: a.positions[1] });
    // A stream with nothing new.
    expect(await readUnsealed(source, { [A]: a.positions[2] as Position }, endsOf({ [A]: whole(bytes) }))).toEqual({ lines: [], grown: {}, skipped: [] });
  });

  it('end at the first wrong line of a stream, and other streams are not affected', async () => {
    const [a, b] = [streamOf(A, [1, 2, 3]), streamOf(B, [2])];
    const bytes = Buffer.from(a.bytes.toString().replace('00:00:02', '00:00:09'));
    const { source } = sourceOf({ [A]: bytes, [B]: b.bytes });
    const { lines, skipped, grown } = await readUnsealed(source, {}, endsOf({ [A]: whole(bytes, { seq: 3 }), [B]: whole(b.bytes) }));
    expect(named(lines)).toEqual(['a1', 'b1']);
    expect(skipped).toEqual([{ stream: A, seq: 2, message: 'it does not match its digest' }]);
    expect(grown).toEqual({ [A]: a.positions[0], [B]: b.positions[0] });
  });

  it.each([
    ['records', { seq: 1, bytes: 10_000 }],
    ['bytes', { seq: Number.POSITIVE_INFINITY, bytes: 100 }],
  ])('are empty if %s are fewer than those that are sealed', async (_what, end) => {
    const a = streamOf(A, [1, 2]);
    const { source, asked } = sourceOf({ [A]: a.bytes });
    const { skipped } = await readUnsealed(source, { [A]: a.positions[1] as Position }, endsOf({ [A]: end }));
    expect(skipped).toEqual([{ stream: A, seq: 3, message: 'sealed records are missing' }]);
    expect(asked).toEqual([]);
  });

  it('have everything that the head of a stream counts, and end with what it names', async () => {
    const a = streamOf(A, [1, 2]);
    const { source } = sourceOf({ [A]: a.bytes });
    const of = async (end: Partial<End>, sealed = {}) => (await readUnsealed(source, sealed, endsOf({ [A]: whole(a.bytes, end) }))).skipped;
    expect(await of({ seq: 2, head: a.positions[1]?.head as Digest })).toEqual([]);
    expect(await of({ seq: 2 })).toEqual([]);
    expect(await of({ seq: 3, head: sha('other') })).toEqual([{ stream: A, seq: 3, message: 'records that the head of the stream counts are missing' }]);
    const other = [{ stream: A, seq: 2, message: 'the head of the stream names another record than the stream has, or than was sealed' }];
    expect(await of({ seq: 2, head: sha('other') })).toEqual(other);
    // The sealed record is not the one at the end of the stream.
    expect(await of({ seq: 2, head: sha('other') }, { [A]: a.positions[1] })).toEqual(other);
    expect(await of({ seq: 0, bytes: 0, head: sha('other') })).toEqual([{ ...other[0], seq: 0 }]);
    expect(await of({ seq: 1, bytes: 0, head: sha('other') })).toEqual([{ stream: A, seq: 1, message: expect.stringContaining('counts are missing') }]);
  });

  it('are read from as many streams at once as the journal allows', async () => {
    const streams = Object.fromEntries([A, B, C].map((each) => [each, streamOf(each, [1, 2]).bytes])) as Record<Digest, Buffer>;
    for (const atOnce of [1, 2, 9]) {
      const { source, reading } = sourceOf(streams, { atOnce });
      const ends = endsOf(Object.fromEntries(Object.entries(streams).map(([each, bytes]) => [each, whole(bytes)])) as Record<Digest, End>);
      expect(named((await readUnsealed(source, {}, ends)).lines)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
      expect(reading.most).toBe(Math.min(atOnce, 3));
    }
  });
});

describe('the entries of these records', () => {
  it('are in memory as far as there is room, and otherwise read once more', async () => {
    const a = streamOf(A, [1, 2, 3, 4]);
    const [first = 0, second = 0, , fourth = 0] = a.positions.map(({ bytes }) => bytes);
    // Lines without their newlines; nothing is kept with the last byte of the room.
    for (const [room, kept] of [
      [second - 2 + 1, 2],
      [second - 2, 1],
      [0, 0],
      [1e9, 4],
    ] as const) {
      const { source, asked } = sourceOf({ [A]: a.bytes }, { room });
      const { lines } = await readUnsealed(source, {}, endsOf({ [A]: whole(a.bytes) }));
      expect(lines.map(({ line }) => line !== null)).toEqual([0, 1, 2, 3].map((at) => at < kept));
      asked.length = 0;
      const found = await entries(source, lines);
      expect(found.map(({ json }) => json)).toEqual(a.jsons);
      for (const { entry, leaf, json } of found) expect([entry.toString(), leaf]).toEqual([json, leafHash(entry)]);
      const from = [0, first, second][kept] ?? 0;
      expect(asked).toEqual(kept === 4 ? [] : [{ stream: A, from: { seq: kept, bytes: from }, to: { seq: 4, bytes: fourth } }]);
    }
  });

  it('are read as many at once as follow each other in a stream, up to a mebibyte', async () => {
    const [a, b] = [streamOf(A, [1, 2, 4, 5, 6], 400_000), streamOf(B, [3])];
    const { source, asked } = sourceOf({ [A]: a.bytes, [B]: b.bytes }, { piece: 100_000 });
    const { lines } = await readUnsealed(source, {}, endsOf({ [A]: whole(a.bytes), [B]: whole(b.bytes) }));
    expect(named(lines)).toEqual(['a1', 'a2', 'b1', 'a3', 'a4', 'a5']);
    asked.length = 0;
    const found = await entries(source, lines);
    expect(found.map(({ json }) => json)).toEqual([...a.jsons.slice(0, 2), ...b.jsons, ...a.jsons.slice(2)]);
    // Those are too long for an entry.
    const long = entryOf({ stream: A, seq: 4, time: '', digest: a.positions[3]?.head as Digest, json: Buffer.from(a.jsons[3] ?? '') });
    expect(found[4]).toMatchObject({ entry: long, leaf: leafHash(long) });
    const at = (stream: Digest, from: number, to: number) => {
      const { positions } = stream === A ? a : b;
      return { stream, from: { seq: from, bytes: positions[from - 1]?.bytes ?? 0 }, to: { seq: to, bytes: positions[to - 1]?.bytes } };
    };
    expect(asked).toEqual([at(A, 0, 2), at(B, 0, 1), at(A, 2, 4), at(A, 4, 5)]);
  });

  it('are the current ones: a changed one has another hash, and a missing one is left out', async () => {
    const [a, b] = [streamOf(A, [1, 2, 3]), streamOf(B, [4])];
    const streams = { [A]: a.bytes, [B]: b.bytes };
    const { source } = sourceOf(streams);
    const { lines } = await readUnsealed(source, {}, endsOf({ [A]: whole(a.bytes), [B]: whole(b.bytes) }));
    streams[A] = Buffer.from(a.bytes.toString().replace('00:00:02', '00:00:09')).subarray(0, a.positions[1]?.bytes);
    const found = await entries(source, lines);
    expect(found.map(({ json }) => json)).toEqual([a.jsons[0], a.jsons[1]?.replace('00:00:02', '00:00:09'), b.jsons[0]]);
    expect(found[1]?.leaf).toEqual(leafHash(Buffer.from(found[1]?.json ?? '')));
    expect(found[1]?.leaf.toString('latin1')).not.toBe(lines[1]?.leaf);
    // Two lines where there was one: only the decided ones are taken.
    streams[A] = Buffer.from(a.bytes.toString().replace('"remediator"', '"remedia\nor"'));
    expect(await entries(source, lines)).toHaveLength(4);
  });
});
