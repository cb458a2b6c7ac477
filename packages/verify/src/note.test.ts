import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkKey, parseTrust, readCheckpoint, type Trust, UsageError, witnessedBy, witnessKey } from './note.js';

const LOG = 'example.com/redress';
function keyOf(name: string, type = 1) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytes = Buffer.concat([Buffer.of(type), publicKey.export({ format: 'der', type: 'spki' }).subarray(12)]);
  const id = createHash('sha256').update(`${name}\n`).update(bytes).digest().subarray(0, 4);
  return {
    name,
    id,
    bytes,
    text: `${name}+${id.toString('hex')}+${bytes.toString('base64')}`,
    sign: (text: string) => sign(null, Buffer.from(text), privateKey),
  };
}
const [own, other, foreign] = [keyOf(LOG), keyOf(LOG), keyOf('example.com/foreign')];
const trusted = (...keys: { name: string; text: string }[]): Trust => ({
  keys: keys.map(({ name, text }) => ({ origin: name, key: text, from: null, until: null })),
});
const BODY = `${LOG}\n1234\n${Buffer.alloc(32, 9).toString('base64')}\n`;
const line = (by: typeof own, body = BODY) => `\u2014 ${by.name} ${Buffer.concat([by.id, by.sign(body)]).toString('base64')}\n`;
const note = (...lines: string[]) => `${BODY}\n${lines.join('')}`;
const read = (text: string | Buffer, trust = trusted(own)) => readCheckpoint(Buffer.from(text), trust);

describe('a trust file', () => {
  const parse = (...keys: unknown[]) => parseTrust(JSON.stringify({ keys }));
  const key = { origin: LOG, key: own.text };
  it('names keys of logs, with the time when they may sign', () => {
    expect(parse(key)).toEqual({ keys: [{ ...key, from: null, until: null }] });
    const timed = { ...key, from: '2026-01-31T00:00:00Z', until: '2026-02-28T00:00:00Z', succeeds: other.text };
    expect(parse(timed, { ...key, from: null })).toEqual({ keys: [timed, { ...key, from: null, until: null }] });
  });
  it.each<[string, string]>([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no keys', '{}'],
    ['no list', '{"keys":{}}'],
    ['an empty list', '{"keys":[]}'],
  ])('is not valid with %s', (_what, text) => {
    expect(() => parseTrust(text)).toThrow(UsageError);
  });
  it.each<[string, unknown, string]>([
    ['that is not an object', null, 'keys[1] of the trust file is not an object.'],
    ['without an origin', { key: own.text }, 'keys[1] of the trust file needs origin and key.'],
    ['without a key', { origin: LOG, key: 7 }, 'keys[1] of the trust file needs origin and key.'],
    ['with an invalid begin', { ...key, from: 'soon' }, 'keys[1].from of the trust file is not a timestamp such as 2026-01-31T00:00:00Z.'],
    ['with an invalid end', { ...key, until: 7 }, 'keys[1].until of the trust file is not a timestamp such as 2026-01-31T00:00:00Z.'],
    ['of another log', { ...key, key: foreign.text }, `keys[1].key of the trust file is not ${LOG}+ID+KEY.`],
    ['that succeeds no key', { ...key, succeeds: 7 }, 'keys[1].succeeds of the trust file is not a key.'],
    ['that succeeds a key of another log', { ...key, succeeds: foreign.text }, `keys[1].succeeds of the trust file is not ${LOG}+ID+KEY.`],
    ['of another algorithm', { ...key, key: keyOf(LOG, 2).text }, 'keys[1].key of the trust file is not an Ed25519 key.'],
    [
      'with additional bytes',
      { ...key, key: `${LOG}+${own.id.toString('hex')}+${Buffer.concat([own.bytes, Buffer.of(0)]).toString('base64')}` },
      'keys[1].key of the trust file is not an Ed25519 key.',
    ],
    [
      'with another id',
      { ...key, key: own.text.replace(own.id.toString('hex'), '00000000') },
      `keys[1].key of the trust file is not that of ${LOG}: name, key id and key do not fit.`,
    ],
  ])('is not valid with a key %s, and names it', (_what, bad, message) => {
    expect(() => parse(key, bad)).toThrow(new UsageError(message));
  });
  it('has keys in the form of signed notes', () => {
    expect(() => checkKey(own.text, LOG, 'It')).not.toThrow();
    for (const bad of [`${own.text}\n`, ` ${own.text}`, own.text.slice(1), '', own.text.replaceAll('+', ' ')])
      expect(() => checkKey(bad, LOG, 'It')).toThrow(UsageError);
    expect(() => checkKey('x', '', 'It')).toThrow(new UsageError('It is not NAME+ID+KEY.'));
  });
});

describe('a checkpoint', () => {
  const said = { origin: LOG, size: 1234, root: Buffer.alloc(32, 9), by: [] };
  it('is signed by a trusted key of its log, whatever other signatures it has', () => {
    const [key, second] = trusted(own, other).keys;
    expect(read(note(line(own)))).toEqual({ ...said, by: [key] });
    expect(read(note(line(foreign), line(own), line(other)), trusted(own, other))).toEqual({ ...said, by: [key, second] });
    // A trusted key of another log may have seen it, and says nothing about this one.
    expect(read(note(line(foreign), line(own)), trusted(foreign, own))).toEqual({ ...said, by: [key] });
  });
  it('is not signed by a trusted key under another name', () => {
    const renamed = line(own).replace(LOG, 'example.com/other');
    expect(read(note(renamed))).toMatchObject({ code: 'untrusted-key', said });
  });
  it('may have signatures of other algorithms, of any length', () => {
    const [key] = trusted(own).keys;
    for (const length of [5, 6, 7, 74]) {
      const strange = `\u2014 ${LOG} ${Buffer.alloc(length, 7).toString('base64')}\n`;
      expect(read(note(strange, line(own)))).toEqual({ ...said, by: [key] });
    }
  });
  it('is untrusted without one, and names who has signed under the name of the log', () => {
    const none = { code: 'untrusted-key', said };
    const unannounced = ` It is signed by ${LOG}+${own.id.toString('hex')}, which no trusted key without an end (until) has announced.`;
    expect(read(note(line(own)), trusted())).toMatchObject({ ...none, message: `No key that is trusted for "${LOG}" has signed it.${unannounced}` });
    expect(read(note(line(own), line(foreign)), trusted(other))).toMatchObject(none);
    expect(read(note(line(own), line(other)), trusted())).toMatchObject({
      message: expect.stringContaining(` and ${LOG}+${other.id.toString('hex')}, which no trusted key`),
    });
    expect(read(note(line(foreign)), trusted(foreign, own))).toMatchObject({ ...none, message: `No key that is trusted for "${LOG}" has signed it.` });
  });
  it('is forged if the signature of a trusted key is not valid', () => {
    const wrong = { code: 'wrong-signature', said, message: `The signature of ${LOG} is not of this checkpoint.` };
    expect(read(note(line(own, BODY.replace('1234', '1235'))))).toEqual(wrong);
    expect(read(note(line(own), line(other, 'x')), trusted(own, other))).toEqual(wrong);
    const seen = line(foreign, 'x');
    expect(read(note(line(own), seen), trusted(own, foreign))).toMatchObject({
      code: 'wrong-signature',
      message: 'The signature of example.com/foreign is not of this checkpoint.',
    });
    expect(read(note(line(own), seen))).toMatchObject(said.by.length === 0 ? { origin: LOG } : {});
  });
  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no signature', BODY],
    ['no signature after the empty line', `${BODY}\n`],
    ['no final newline', note(line(own)).slice(0, -1)],
    ['an additional line', note(line(own)).replace('\n\n', '\nmore\n\n')],
    ['bytes that are not text', Buffer.concat([Buffer.from(note(line(own))), Buffer.of(0xff, 10)])],
    ['no name', note(line(own)).slice(LOG.length)],
    ['no size', note(line(own)).replace('1234', '')],
    ['a size in another notation', note(line(own)).replace('1234', '01234')],
    ['a size that is too large', note(line(own)).replace('1234', '1'.repeat(16))],
    ['a size with a suffix', note(line(own)).replace('1234', '1234 ')],
    ['a root that is too short', note(line(own)).replace('CQkJ', 'CQk')],
    ['a root in another notation', note(line(own)).replace('CQk=\n', 'CQl=\n')],
  ])('is not valid with %s', (_what, text) => {
    expect(read(text)).toMatchObject({ code: 'not-a-checkpoint', said: null });
  });
  it.each<[string, string]>([
    ['in an unknown form', 'x\n'],
    ['with another dash', line(own).replace('\u2014', '-')],
    ['too short', `\u2014 ${LOG} ${Buffer.alloc(4).toString('base64')}\n`],
    ['in another notation', `\u2014 ${LOG} AAAAAAB=\n`],
    ['with a suffix', `${line(own).slice(0, -1)} x\n`],
    ['with a prefix', ` ${line(own)}`],
    ['that is empty', '\n'],
  ])('is not valid with a line %s, even after a valid one', (_what, bad) => {
    expect(read(note(line(own), bad))).toMatchObject({ code: 'not-a-checkpoint', said });
    expect(read(note(bad, line(own)))).toMatchObject({ code: 'not-a-checkpoint' });
  });
  it('may be of an empty log', () => {
    const empty = BODY.replace('1234', '0');
    expect(read(`${empty}\n${line(own, empty)}`)).toMatchObject({ size: 0 });
  });
});

describe('a witness', () => {
  const witness = keyOf('example.com/witness', 4);
  const key = witnessKey(witness.text);
  const cosigned = (
    seconds: bigint,
    { by = witness, body = BODY, id = by.id, more = Buffer.alloc(0) }: { by?: typeof witness; body?: string; id?: Buffer; more?: Buffer } = {},
  ) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    return `\u2014 ${by.name} ${Buffer.concat([id, time, by.sign(`cosignature/v1\ntime ${seconds}\n${body}`), more]).toString('base64')}\n`;
  };
  const seen = (...lines: string[]) => witnessedBy(Buffer.from(note(line(own), ...lines)), key);

  it('has a key for cosignatures, under a name', () => {
    expect(key).toEqual({ name: 'example.com/witness', id: witness.id, bytes: witness.bytes });
    const nameless = keyOf('', 4);
    for (const bad of [
      own.text,
      nameless.text,
      witness.text.replace(witness.id.toString('hex'), '00000000'),
      witness.text.replace('witness', 'wetness'),
      `${witness.name}+${witness.id.toString('hex')}+BAAA`,
      'x',
      '',
    ])
      expect(() => witnessKey(bad)).toThrow(UsageError);
  });
  it('has seen what it has cosigned, at the time in it', () => {
    expect(seen(cosigned(1_764_000_000n))).toEqual({ witness: 'example.com/witness', size: 1234, time: '2025-11-24T16:00:00.000Z' });
    expect(seen(cosigned(8_640_000_000_000n))).toMatchObject({ time: '+275760-09-13T00:00:00.000Z' });
  });
  it('has not seen what others have cosigned, or a signature of another key', () => {
    expect(seen()).toBeNull();
    expect(seen(cosigned(1n, { by: keyOf('example.com/other', 4) }))).toBeNull();
    expect(seen(cosigned(1n, { id: Buffer.alloc(4) }))).toBeNull();
    expect(seen(cosigned(1n).replace('\u2014', '-'))).toBeNull();
    expect(seen(` ${cosigned(1n)}`)).toBeNull();
    expect(seen(`${cosigned(1n).slice(0, -1)} x\n`)).toBeNull();
    expect(seen(cosigned(1n).replace('example.com/witness', 'example.com/other'))).toBeNull();
    // Only what stands among the signatures is one.
    expect(witnessedBy(Buffer.from(`${BODY}${cosigned(1n)}\n${line(own)}`), key)).toBeNull();
  });
  it('is wrong if the line of its key is not of this checkpoint', () => {
    expect(seen(cosigned(1n, { body: BODY.replace('1234', '1235') }))).toBe('wrong');
    expect(seen(cosigned(8_640_000_000_001n))).toBe('wrong');
    expect(seen(cosigned(1n, { more: Buffer.of(0) }))).toBe('wrong');
    // Too short for a time.
    expect(seen(`\u2014 ${witness.name} ${Buffer.concat([witness.id, Buffer.alloc(3)]).toString('base64')}\n`)).toBe('wrong');
  });
});
