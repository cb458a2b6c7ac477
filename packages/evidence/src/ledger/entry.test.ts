import { createHash } from 'node:crypto';
import { canonicalJson } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { entryOf, type Line, namingIn, positionsDigest, readEntry, readNext, type Seal, sealEntry } from './entry.js';

const sha = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}` as const;
const STREAM = sha('stream');
const record = (over: object = {}) => JSON.stringify({ stream: STREAM, seq: 1, prev: null, time: '2026-11-24T10:00:00.000Z', ...over });
/** The first record of a stream: all of it is checked. */
const first = (over: object = {}) =>
  canonicalJson({
    ...{ v: 1, stream: STREAM, seq: 1, prev: null, time: '2026-11-24T10:00:00.000Z', kind: 'decision', execution: null, remediator: 'r' },
    ...{ resource: { account: '111111111111', id: 'b', partition: 'aws', region: 'us-east-1', type: 'AWS::S3::Bucket' }, body: { message: 'x' }, blobs: {} },
    ...over,
  });
const lineOf = (json: string) => Buffer.from(`${sha(json)} ${json}`);

describe('the next line of a stream', () => {
  const read = (json: string, after?: Parameters<typeof readNext>[1]) => readNext(STREAM, after, lineOf(json));
  it('is its record, with the digest of its bytes', () => {
    const json = first();
    expect(read(json)).toEqual({ stream: STREAM, seq: 1, time: '2026-11-24T10:00:00.000Z', digest: sha(json), json: Buffer.from(json) });
    const after = { seq: 1, head: sha(json), bytes: 0 };
    expect(read(record({ seq: 2, prev: sha(json) }), after)).toMatchObject({ seq: 2 });
  });
  it.each([
    ['a number is skipped', { seq: 3, prev: sha('1') }],
    ['a number is repeated', { seq: 1, prev: sha('1') }],
    ['it follows another record', { seq: 2, prev: sha('2') }],
    ['it has no predecessor', { seq: 2, prev: null }],
  ])('does not follow if %s', (_what, over) => {
    expect(read(record(over), { seq: 1, head: sha('1'), bytes: 0 })).toBe('it does not follow the record before it');
  });
  it('does not begin a stream in the middle', () => {
    expect(read(record({ seq: 2 }))).toBe('it does not follow the record before it');
    expect(read(record({ prev: sha('1') }))).toBe('it does not follow the record before it');
  });
  it.each<[string, string]>([
    ['an additional member', first({ more: 1 })],
    ['a missing member', first().replace(',"v":1', '')],
    ['duplicate documents', first().replace('},"execution":', `},"blobs":{"plan":"${sha('p')}"},"execution":`)],
    ['space in its body', first().replace('"message":"x"', ' "message" : "x"')],
    ['a duplicate name in its body', first().replace('"message":"x"', '"message":"x","message":"y"')],
    ['names in another order', first({ body: { a: 1, b: 2 } }).replace('"a":1,"b":2', '"b":2,"a":1')],
    ['a lone surrogate', first().replace('"x"', '"\\ud800"')],
    ['another kind', first({ kind: 'opinion' })],
  ])('does not begin a stream with %s', (_what, json) => {
    expect(read(first())).toMatchObject({ seq: 1 });
    expect(read(json)).toBe('it is not a record in canonical form');
  });
  it('does not begin a stream with bytes that are not UTF-8', () => {
    const json = Buffer.from(first());
    json[json.indexOf('"x"') + 1] = 0xff;
    expect(readNext(STREAM, undefined, Buffer.concat([Buffer.from(`${sha(json)} `), json]))).toBe('it is not a record in canonical form');
  });
  it('is refused if it is anything else', () => {
    expect(read(record({ stream: sha('another') }))).toBe('it belongs to another stream');
    expect(read('null')).toBe('it belongs to another stream');
    expect(read('{')).toBe('it is not JSON');
    expect(read(record({ time: 3 }))).toBe('it has no time');
    const changed = lineOf(record());
    changed[changed.length - 2] = 0x20;
    for (const line of [changed, Buffer.from(` ${lineOf(record())}`), Buffer.from(record())])
      expect(readNext(STREAM, undefined, line)).toBe('it does not match its digest');
    // The separator between digest and record has to be exact, too.
    expect(readNext(STREAM, undefined, Buffer.from(`${sha(record())}\t${record()}`))).toBe('it does not match its digest');
  });
});

describe('an entry', () => {
  const line = (bytes: number): Line => ({ stream: STREAM, seq: 7, time: '', digest: sha('d'), json: Buffer.alloc(bytes, 0x20) });
  it('of a record is the record if a bundle can hold it; else its digest and its position', () => {
    expect(entryOf(line(65_535))).toEqual(line(65_535).json);
    expect(JSON.parse(entryOf(line(65_536)).toString())).toEqual({ v: 1, long: { stream: STREAM, seq: 7, digest: sha('d'), bytes: 65_536 } });
  });
  it('says how far it extends a stream: its bytes with the digest before the record, and the newline', () => {
    const json = Buffer.from(record({ seq: 9 }));
    const written = Buffer.from(`${lineOf(json.toString())}\n`).length;
    expect(readEntry(json)).toEqual({ stream: STREAM, after: { seq: 9, head: sha(json) }, bytes: written });
    expect(readEntry(entryOf(line(70_000)))).toEqual({ stream: STREAM, after: { seq: 7, head: sha('d') }, bytes: 70_073 });
  });
  it('that closes a seal is that seal', () => {
    const seal = { number: 1, first: 0, records: 2, time: 't' } as unknown as Seal;
    expect(sealEntry(seal).toString()).toBe('{"seal":{"first":0,"number":1,"records":2,"time":"t"},"v":1}');
    expect(readEntry(sealEntry(seal))).toEqual({ seal });
  });
  it('names its documents if it has some', () => {
    const blobs = { state: sha('s'), plan: sha('p') };
    expect(namingIn(Buffer.from(JSON.stringify({ blobs, seq: 3, stream: STREAM })))).toEqual({ stream: STREAM, seq: 3, documents: [sha('s'), sha('p')] });
    for (const none of ['{"blobs":{},"seq":3}', '{"seq":3}', '{"seal":{},"v":1}']) expect(namingIn(Buffer.from(none))).toBeNull();
    // An entry without that beginning is not parsed at all: most entries are like that, and there are many.
    expect(namingIn(Buffer.from('{"blobs":{},and no JSON'))).toBeNull();
    expect(() => namingIn(Buffer.from('{"blobs":{'))).toThrow(SyntaxError);
  });
});

it('the digest of how far all streams are sealed does not depend on their order', () => {
  const [one, two] = [
    { seq: 1, head: sha('1'), bytes: 2 },
    { seq: 2, head: sha('2'), bytes: 3 },
  ];
  expect(positionsDigest({ [sha('a')]: one, [sha('b')]: two })).toBe(positionsDigest({ [sha('b')]: two, [sha('a')]: one }));
  expect(positionsDigest({ [sha('a')]: one })).not.toBe(positionsDigest({ [sha('a')]: two }));
});
