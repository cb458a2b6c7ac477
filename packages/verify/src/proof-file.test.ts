import { describe, expect, it } from 'vitest';
import { hashesOf, proofFile, readProofFile } from './proof-file.js';

const NOTE = 'origin\n42\nroot\n\n— sig\n';
const path = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const made = proofFile({ entry: 41, bytes: Buffer.from('{"a":1}'), path }, Buffer.from(NOTE), []).file;
const read = (text: string) => readProofFile(Buffer.from(text));

describe('the proof of a record', () => {
  it('has the specified format, and is read back', () => {
    const hashes = ['AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=', 'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI='];
    expect(made).toBe(['c2sp.org/tlog-proof@v1', 'extra eyJhIjoxfQ==', 'index 41', ...hashes, '', NOTE].join('\n'));
    expect(read(made)).toEqual({ entry: 41, path, extra: Buffer.from('{"a":1}'), checkpoint: Buffer.from(NOTE) });
    expect(read(made.replace('extra eyJhIjoxfQ==\n', ''))).toMatchObject({ entry: 41, extra: null });
    expect(read(proofFile({ entry: 0, bytes: Buffer.from('x'), path: [] }, Buffer.from(NOTE), []).file)).toMatchObject({ entry: 0, path: [] });
  });
  it('has the record if it can be read back elsewhere', () => {
    const of = (bytes: number) => proofFile({ entry: 1, bytes: Buffer.alloc(bytes, 97), path: [] }, Buffer.from(''), []);
    expect(of(49_100)).toMatchObject({ hasRecord: true });
    expect(of(49_146).hasRecord).toBe(false);
    expect(readProofFile(Buffer.from(`${of(60_000).file}${NOTE}`))).toMatchObject({ entry: 1, extra: null });
    // The whole file has a limit, too: the record is short, and the checkpoint long.
    expect(proofFile({ entry: 1, bytes: Buffer.from('x'), path: [] }, Buffer.alloc(65_493, 97), []).hasRecord).toBe(true);
    expect(proofFile({ entry: 1, bytes: Buffer.from('x'), path: [] }, Buffer.alloc(65_494, 97), []).hasRecord).toBe(false);
  });
  it.each([
    ['another version', made.replace('@v1', '@v2')],
    ['an additional line', `x\n${made}`],
    ['no number', made.replace('index 41\n', '')],
    ['a number in another notation', made.replace('index 41', 'index 041')],
    ['a number with too many digits', made.replace('index 41', `index ${'9'.repeat(16)}`)],
    ['a record in another notation', made.replace('eyJhIjoxfQ==', 'eyJhIjoxfR==')],
    ['a truncated hash', made.replace('AQEB', 'AQE')],
    ['a hash in another notation', made.replace('AQE=\n', 'AQF=\n')],
    ['no checkpoint', made.slice(0, made.indexOf('\n\n') + 2)],
    ['no empty line before it', made.replace('\n\norigin', '\norigin')],
    ['nothing', ''],
  ])('is not valid with %s', (_what, text) => {
    expect(read(text)).toBeNull();
  });
  it('is not valid if it is not UTF-8', () => {
    expect(readProofFile(Buffer.concat([Buffer.from(made), Buffer.of(0xff)]))).toBeNull();
  });
});

it('hashes have thirty-two bytes, each with a single encoding', () => {
  const texts = path.map((hash) => hash.toString('base64'));
  expect(hashesOf(texts)).toEqual(path);
  expect(hashesOf([])).toEqual([]);
  const [one = ''] = texts;
  for (const bad of [one.slice(0, -1), `${one.slice(0, -2)}F=`, Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), 7, ''])
    expect(hashesOf([one, bad])).toBeNull();
});
