// The next record of a stream: parsed completely, or read from what surrounds its body.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, type JsonObject } from './json.js';
import { type Chain, digestIn, empty, Frame, follow, followSigned, isRecord } from './record.js';

const sha = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const RESOURCE = { account: '111111111111', id: 'b', partition: 'aws', region: 'us-east-1', type: 'AWS::S3::Bucket' };
const STREAM = `sha256:${sha(canonical(RESOURCE))}`;
const HEAD = sha('head');
const PREV = `sha256:${HEAD}`;
const BLOB = `sha256:${sha('blob')}`;
const record = (over: object = {}): JsonObject => ({
  ...{ blobs: {}, body: { outcome: 'no-op' }, execution: null, kind: 'decision', prev: PREV, remediator: 'r', resource: RESOURCE },
  ...{ seq: 5, stream: STREAM, time: '2026-11-24T10:00:00.000Z', v: 1 },
  ...over,
});
const chain = (over: Partial<Chain> = {}): Chain => ({ stream: STREAM, seq: 4, head: HEAD, time: '2026-11-24T09:00:00.000Z', fence: 3, open: null, ...over });
const bytes = (over: object = {}) => Buffer.from(canonical(record(over)));
const next = (over: object = {}, of = chain(), digest = sha(bytes(over))) => follow(of, bytes(over), digest);
const code = (over: object = {}, of = chain()) => {
  const read = next(over, of);
  return 'code' in read ? read.code : 'follows';
};
const mine = (kind: string, over: object = {}) => ({ kind, execution: 'x-1', body: { journal: { fence: 4, ...over } } });
const open = { execution: 'x-1', fence: 4 };

describe('the digest of a line', () => {
  const line = Buffer.from(`ab sha256:${sha('{}')} {}\n`);
  it('is that of its JSON, wherever the line is', () => {
    expect(digestIn(line, 3, line.length - 1)).toBe(sha('{}'));
    expect(digestIn(line, 3, line.length)).toBeNull();
    expect(digestIn(line, 2, line.length - 1)).toBeNull();
    expect(digestIn(Buffer.from(`sha256:${sha('')}`), 0, 71)).toBeNull();
    expect(digestIn(Buffer.from(`sha256:${sha('')} `), 0, 72)).toBe(sha(''));
    // What comes after the line is not part of it.
    expect(digestIn(Buffer.from(`sha256:${sha('')} {}`), 0, 71)).toBeNull();
    expect(digestIn(Buffer.from(`sha512:${sha('{}')} {}`), 0, 74)).toBeNull();
  });
});

describe('a record', () => {
  it.each(['decision', 'duplicate', 'approval', 'sweep', 'breaker', 'notice'])('may be a %s, of an execution or not', (kind) => {
    expect([isRecord(record({ kind })), isRecord(record({ kind, execution: 'x' }))]).toEqual([true, true]);
  });
  it.each(['intent', 'lease', 'call'])('may be a %s, of an execution with a fence', (kind) => {
    expect(isRecord(record(mine(kind)))).toBe(true);
    for (const bad of [{ ...mine(kind), execution: null }, { ...mine(kind), body: {} }, mine(kind, { fence: '4' }), mine(kind, { fence: 1.5 })])
      expect(isRecord(record(bad))).toBe(false);
  });
  it.each([
    ...['remediated', 'flagged', 'no-op', 'planned', 'notified', 'exempt', 'denied', 'awaiting-approval', 'awaiting-runbook', 'superseded'],
    ...['failed', 'partial', 'unknown', 'rolled-back', 'contested'],
  ])('may be the outcome %s', (outcome) => {
    expect(isRecord(record(mine('outcome', { outcome })))).toBe(true);
    expect(isRecord(record(mine('outcome', { outcome: `${outcome}!` })))).toBe(false);
  });
  it.each<[string, unknown]>([
    ['no object', []],
    ['an additional member', record({ w: 1 })],
    ['a missing member', Object.fromEntries(Object.entries(record()).slice(1))],
    ['another version', record({ v: 2 })],
    ['no stream', record({ stream: 'x' })],
    ['no number', record({ seq: 1.5 })],
    ['no predecessor', record({ prev: 'x' })],
    ['no time', record({ time: 5 })],
    ['a time that does not exist', record({ time: 'soon' })],
    ['a time in another notation', record({ time: '2026-11-24T10:00:00Z' })],
    ['another kind', record({ kind: 'rumour' })],
    ['an execution without a name', record({ execution: 5 })],
    ['no remediator', record({ remediator: null })],
    ['no resource', record({ resource: 'b' })],
    ['a resource with an additional member', record({ resource: { ...RESOURCE, z: 'x' } })],
    ['a resource that is not text', record({ resource: { ...RESOURCE, id: 5 } })],
    ['no body', record({ body: 'x' })],
    ['no documents', record({ blobs: [] })],
    ['a document that is not a digest', record({ blobs: { a: BLOB, plan: 'x' } })],
  ])('is not valid with %s', (_what, value) => {
    expect(isRecord(value as never)).toBe(false);
  });
  it('may be the first one', () => {
    expect(isRecord(record({ prev: null }))).toBe(true);
  });
});

describe('the next record', () => {
  it('continues the stream', () => {
    const blobs = { plan: BLOB, state: BLOB };
    expect(next({ blobs })).toEqual({
      record: record({ blobs }),
      kind: 'decision',
      blobs: [
        ['plan', BLOB],
        ['state', BLOB],
      ],
      resource: canonical(RESOURCE),
      chain: { stream: STREAM, seq: 5, head: sha(bytes({ blobs })), time: '2026-11-24T10:00:00.000Z', fence: 3, open: null },
    });
    expect(code({ seq: 1, prev: null }, empty(STREAM))).toBe('follows');
    expect(empty(STREAM)).toEqual({ stream: STREAM, seq: 0, head: null, time: '', fence: 0, open: null });
    // Of the same millisecond.
    expect(code({}, chain({ time: '2026-11-24T10:00:00.000Z' }))).toBe('follows');
  });
  it.each<[string, object, string]>([
    ['another resource', { resource: { ...RESOURCE, id: 'c' } }, 'wrong-stream'],
    ['another stream', { stream: PREV }, 'wrong-stream'],
    ['a skipped number', { seq: 6 }, 'wrong-number'],
    ['a repeated number', { seq: 4 }, 'wrong-number'],
    ['another predecessor', { prev: BLOB }, 'broken-chain'],
    ['no predecessor', { prev: null }, 'broken-chain'],
    ['a time before that of its predecessor', { time: '2026-11-24T08:59:59.999Z' }, 'time-backwards'],
  ])('is not valid with %s', (_what, over, expected) => {
    expect(code(over)).toBe(expected);
    expect(followSigned(chain(), bytes(over), '', new Frame(STREAM, canonical(RESOURCE)))).toBeNull();
  });
  it('is UTF-8, canonical, and a record', () => {
    const of = (json: Buffer) => follow(chain(), json, '');
    expect(of(Buffer.of(0xff))).toMatchObject({ code: 'not-utf8' });
    expect(of(Buffer.from(` ${bytes()}`))).toMatchObject({ code: 'not-canonical' });
    expect(of(Buffer.from('{}'))).toMatchObject({ code: 'malformed' });
  });
});

describe('a record of an execution', () => {
  it('begins one if none is open, with a newer fence', () => {
    expect(next(mine('intent'))).toMatchObject({ chain: { open, fence: 4 } });
    expect(code(mine('intent'), chain({ open }))).toBe('already-open');
    expect(code(mine('intent', { fence: 3 }))).toBe('wrong-fence');
    expect(code(mine('intent', { fence: 2 }))).toBe('wrong-fence');
  });
  it.each(['lease', 'call', 'outcome'])('(%s) belongs to the one that is open', (kind) => {
    const body = { fence: kind === 'lease' ? 5 : 4, outcome: 'remediated' };
    expect(code(mine(kind, body), chain({ open, fence: 4 }))).toBe('follows');
    expect(code(mine(kind, body))).toBe('not-open');
    expect(code({ ...mine(kind, body), execution: 'x-2' }, chain({ open, fence: 4 }))).toBe('not-open');
  });
  it('belongs to the holder of the lease; a new lease has a newer fence', () => {
    const now = chain({ open, fence: 4 });
    for (const kind of ['call', 'outcome']) {
      expect(code(mine(kind, { fence: 3, outcome: 'failed' }), now)).toBe('wrong-fence');
      expect(code(mine(kind, { fence: 5, outcome: 'failed' }), now)).toBe('wrong-fence');
    }
    expect(code(mine('lease', { fence: 4 }), now)).toBe('wrong-fence');
    expect(next(mine('lease', { fence: 6 }), now)).toMatchObject({ chain: { open: { execution: 'x-1', fence: 6 }, fence: 6 } });
  });
  it('closes it with its outcome; other records leave it open', () => {
    const now = chain({ open, fence: 4 });
    expect(next(mine('outcome', { outcome: 'failed' }), now)).toMatchObject({ chain: { open: null, fence: 4 } });
    expect(next(mine('call'), now)).toMatchObject({ chain: { open, fence: 4 } });
    expect(next({ kind: 'notice' }, now)).toMatchObject({ chain: { open, fence: 4 } });
    expect(next({ kind: 'notice' }, chain({ fence: 9 }))).toMatchObject({ chain: { fence: 9 } });
  });
});

describe('a record that equals what was signed', () => {
  const signed = (json: Buffer, of = chain(), resource = canonical(RESOURCE)) => followSigned(of, json, sha(json), new Frame(of.stream, resource));
  it('is read from the members around its body', () => {
    for (const over of [
      {},
      { execution: 'x-1' },
      { kind: 'sweep', blobs: { plan: BLOB, state: BLOB } },
      { body: { long: 'x'.repeat(5000), brace: '},"execution":null' } },
    ]) {
      const whole = next(over);
      expect(signed(bytes(over))).toEqual({ ...whole, record: null });
    }
    for (const time of ['2028-02-28', '2026-11-29', '2026-11-30', '2026-12-31'].map((day) => `${day}T23:59:59.999Z`))
      expect(signed(bytes({ time }))).toEqual({ ...next({ time }), record: null });
    expect(signed(bytes({ remediator: '' }))).toEqual({ ...next({ remediator: '' }), record: null });
    const same = chain({ time: '2026-11-24T10:00:00.000Z' });
    expect(signed(bytes(), same)).toEqual({ ...next({}, same), record: null });
  });
  it('is also read from them in a stream whose resource has letters beyond ASCII', () => {
    const resource = { ...RESOURCE, id: 'prüfung-日本-😀' };
    const stream = `sha256:${sha(Buffer.from(canonical(resource)))}`;
    const json = bytes({ resource, stream });
    const read = followSigned(chain({ stream }), json, sha(json), new Frame(stream, canonical(resource)));
    expect(read).toEqual({ ...(follow(chain({ stream }), json, sha(json)) as object), record: null });
    expect(read?.resource).toBe(canonical(resource));
  });
  it('is also read from them if they differ from those of the previous one', () => {
    const frame = new Frame(STREAM, canonical(RESOURCE));
    let now = chain({ seq: 8 });
    for (const over of [{}, { remediator: 'other' }, { kind: 'notice', execution: 'x-1' }, { kind: 'sweep' }, {}, {}]) {
      const json = bytes({ ...over, seq: now.seq + 1, prev: `sha256:${now.head}` });
      const read = followSigned(now, json, sha(json), frame);
      expect(read).toEqual({ ...(follow(now, json, sha(json)) as object), record: null });
      // A record that does not follow never replaces the one before it.
      expect(followSigned(now, bytes({ ...over, seq: now.seq + 2, prev: `sha256:${now.head}` }), '', frame)).toBeNull();
      expect(followSigned(now, bytes({ ...over, seq: now.seq + 1, prev: BLOB }), '', frame)).toBeNull();
      now = read?.chain ?? now;
    }
    expect(now.seq).toBe(14);
  });
  it('is parsed completely if it belongs to an execution, or to another resource than the previous ones', () => {
    for (const kind of ['intent', 'lease', 'call', 'outcome']) expect(signed(bytes(mine(kind)))).toBeNull();
    expect(signed(bytes(), chain(), canonical({ ...RESOURCE, id: 'c' }))).toBeNull();
  });
  it.each<[string, object]>([
    ['a time in another notation', { time: '2026-11-24T10:00:00.00Z' }],
    ['a day that not every year has', { time: '2028-02-29T10:00:00.000Z' }],
    ['a day that does not exist', { time: '2026-11-31T10:00:00.000Z' }],
    ['no predecessor', { seq: 1, prev: null }],
    ['a remediator with a quote', { remediator: 'a"b' }],
    ['an execution with a quote', { execution: 'a"b' }],
    ['a document with a quote', { blobs: { 'a"b': BLOB } }],
    ['another version', { v: 2 }],
  ])('is parsed completely with %s', (_what, over) => {
    expect(signed(bytes(over))).toBeNull();
  });
  it('is parsed completely if it is not UTF-8, or has no remediator', () => {
    const text = canonical(record());
    const at = text.indexOf('no-op');
    expect(signed(Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.of(0xff), Buffer.from(text.slice(at + 1))]))).toBeNull();
    expect(signed(Buffer.from(text.replace('"remediator":"r","resource"', '"remediator":","resource"')))).toBeNull();
  });
  it('is parsed completely if its documents are not in canonical order', () => {
    const text = canonical(record({ blobs: { plan: BLOB, state: BLOB } }));
    const [plan, state] = [`"plan":"${BLOB}"`, `"state":"${BLOB}"`];
    for (const list of [`${plan},${state},`, `${plan}${state}`, `,${plan}`, `${state},${plan}`, `${plan},${plan}`, ',']) {
      const json = Buffer.from(text.replace(`${plan},${state}`, list));
      expect(signed(json)).toBeNull();
      expect(follow(chain(), json, '')).toMatchObject({ code: 'not-canonical' });
    }
  });
  it('does not hide a record that does not follow, whatever of it is changed', () => {
    const texts = [bytes(), bytes({ kind: 'notice', blobs: { plan: BLOB }, execution: 'x-1' })];
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.constantFrom(...'",:{}0a9\\'), fc.boolean(), (text, place, letter, isIn) => {
        const at = place % text.length;
        const json = Buffer.concat([text.subarray(0, at), Buffer.from(letter), text.subarray(isIn ? at : at + 1)]);
        const read = signed(json);
        if (read === null) return;
        const whole = follow(chain(), json, sha(json));
        // No other record depends on the body, which was signed. Everything else equals the result of the complete parse.
        if ('code' in whole) expect(json.toString().indexOf('"body"')).toBeLessThan(at);
        else expect(read).toEqual({ ...whole, record: null });
        if ('code' in whole) expect(at).toBeLessThan(json.toString().lastIndexOf('},"execution"'));
      }),
      { numRuns: 2000 },
    );
  });
});
