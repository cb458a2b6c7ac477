import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentsOf } from './stream.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-stream-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});
const file = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);

async function read(names: readonly string[], chunks: readonly (string | Buffer)[] = []) {
  const found = [];
  const stdinChunks = async function* () {
    yield* chunks;
  };
  for await (const document of documentsOf({ cwd: directory, stdinChunks }, names)) found.push(document);
  return found;
}
const brief = (documents: Awaited<ReturnType<typeof read>>) =>
  documents.map(({ line, value, problem }) => (problem === null ? [line, value] : [line, problem.split(':')[0]]));

describe('a file', () => {
  it('is one document', async () => {
    file('a.json', '\ufeff\n{\n  "a": 1\n}\n');
    expect(await read(['a.json'])).toEqual([{ file: 'a.json', line: null, value: { a: 1 }, problem: null }]);
  });
  it('or one document a line; a bad line takes no other along', async () => {
    file('a.jsonl', '{"a":1}\r\n\n{"a":\n[2]');
    expect(brief(await read(['a.jsonl']))).toEqual([
      [1, { a: 1 }],
      [3, 'It is not JSON'],
      [4, [2]],
    ]);
  });
  it('may be empty, broken, or no JSON at all', async () => {
    file('empty.json', ' \n');
    file('broken.json', '{\n"a"');
    file('text.json', 'hello\nworld');
    expect(brief(await read(['empty.json', 'broken.json', 'text.json']))).toEqual([
      [null, 'The file is empty.'],
      [null, 'It is not JSON'],
      [null, 'It is not JSON'],
    ]);
  });
  it('may be compressed, and cut off', async () => {
    const zipped = gzipSync('{"a":1}\n{"a":2}\n');
    file('a.json.gz', zipped);
    file('cut.json.gz', zipped.subarray(0, zipped.length - 8));
    expect(brief(await read(['a.json.gz']))).toEqual([
      [1, { a: 1 }],
      [2, { a: 2 }],
    ]);
    expect(brief(await read(['cut.json.gz'])).at(-1)).toEqual([null, 'It cannot be read to the end']);
  });
  it('that is not there is refused', async () => {
    await expect(read(['none.json'])).rejects.toMatchObject({ code: 'cli/file' });
  });
});

it('a folder is walked in order, and what is no event file is left out', async () => {
  mkdirSync(join(directory, 'logs', 'b'), { recursive: true });
  file('logs/c.json', '3');
  file('logs/a.ndjson', '1');
  file('logs/b/x.json.gz', gzipSync('2'));
  file('logs/readme.txt', 'no');
  expect((await read(['logs'])).map(({ file: name, value }) => [name, value])).toEqual([
    [join('logs', 'a.ndjson'), 1],
    [join('logs', 'b', 'x.json.gz'), 2],
    [join('logs', 'c.json'), 3],
  ]);
});

describe('standard input', () => {
  it('is read once', async () => {
    await expect(read(['-', '-'])).rejects.toMatchObject({ code: 'cli/usage' });
  });
  it('is the same however it is cut into chunks', async () => {
    const documents = fc.array(
      fc.jsonValue().filter((value) => value !== null),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(documents, fc.array(fc.nat(50), { maxLength: 10 }), async (values, cuts) => {
        const bytes = Buffer.from(values.map((value) => JSON.stringify(value)).join('\n'));
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(from, from + cut));
          from += cut;
        }
        chunks.push(bytes.subarray(from));
        expect((await read(['-'], chunks)).map(({ value }) => value)).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
      }),
    );
  });
});
