import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedDocuments, type Document, documentsOf, type Limits } from './documents.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-stream-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});
const file = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);

async function read(names: readonly string[], chunks: readonly (string | Buffer)[] = [], limits?: Limits) {
  const found: Document[] = [];
  const stdinChunks = async function* () {
    yield* chunks;
  };
  for await (const document of documentsOf({ cwd: directory, stdinChunks }, names, limits)) found.push(document);
  return found;
}
const brief = (documents: Awaited<ReturnType<typeof read>>) =>
  documents.map(({ line, value, problem }) => (problem === null ? [line, value] : [line, problem.split(':')[0]]));

describe('a file', () => {
  it('is one document', async () => {
    file('a.json', '\ufeff\n{\n  "a": 1\n}\n');
    expect(await read(['a.json'])).toEqual([{ file: 'a.json', line: null, value: { a: 1 }, problem: null, foreign: false }]);
    file('b.json', '{"a":1}\n');
    expect(brief(await read(['b.json']))).toEqual([[null, { a: 1 }]]);
  });
  it('or one document a line; a bad line affects no other', async () => {
    file('a.jsonl', '{"a":1}\r\n\n{"a":\n[2]');
    expect(brief(await read(['a.jsonl']))).toEqual([
      [1, { a: 1 }],
      [3, 'It is not JSON'],
      [4, [2]],
    ]);
  });
  it('may be empty, damaged, or not JSON at all', async () => {
    file('empty.json', ' \n');
    file('broken.json', '{\n"a"');
    file('text.json', 'hello\nworld');
    expect(brief(await read(['empty.json', 'broken.json', 'text.json']))).toEqual([
      [null, 'The file is empty.'],
      [null, 'It is not JSON'],
      [null, 'It is not JSON'],
    ]);
  });
  it('may be compressed and truncated', async () => {
    const zipped = gzipSync('{"a":1}\n{"a":2}\n');
    file('a.json.gz', zipped);
    file('cut.json.gz', zipped.subarray(0, zipped.length - 8));
    expect(brief(await read(['a.json.gz']))).toEqual([
      [1, { a: 1 }],
      [2, { a: 2 }],
    ]);
    expect(brief(await read(['cut.json.gz'])).at(-1)).toEqual([null, 'It cannot be read to the end']);
  });
  it('that does not exist is refused', async () => {
    await expect(read(['none.json'])).rejects.toMatchObject({ code: 'cli/file' });
  });
});

describe('a folder', () => {
  it('is read in order, by the contents of its files; other files are named', async () => {
    mkdirSync(join(directory, 'logs', 'b'), { recursive: true });
    file('logs/c.json', '3');
    file('logs/a.ndjson', '1');
    file('logs/b/x.json.gz', gzipSync('2'));
    file('logs/b/000000', gzipSync('{"packed":true}'));
    file('logs/readme.txt', 'no');
    file('logs/.DS_Store', 'x');
    expect((await read(['logs'])).map(({ file: name, value, problem, foreign }) => [name, problem ?? value, foreign])).toEqual([
      [join('logs', 'a.ndjson'), 1, false],
      [join('logs', 'b', '000000'), { packed: true }, false],
      [join('logs', 'b', 'x.json.gz'), 2, false],
      [join('logs', 'c.json'), 3, false],
      [join('logs', 'readme.txt'), 'It is a text, not JSON.', true],
    ]);
  });

  it('may be a bucket in the layout of CloudTrail, Config and others', async () => {
    const at = (path: string, content: string | Buffer) => {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      file(path, content);
    };
    const logs = 'AWSLogs/111111111111';
    at(`${logs}/CloudTrail/eu-west-1/2026/11/20/111111111111_CloudTrail_eu-west-1_20261120T1000Z_a.json.gz`, gzipSync('{"Records":[{"a":1}]}'));
    at(`${logs}/CloudTrail-Digest/eu-west-1/2026/11/20/x.json.gz`, gzipSync('{"digestStartTime":"a"}'));
    at(`${logs}/Config/ConfigWritabilityCheckFile`, '');
    at(`${logs}/Config/eu-west-1/2026/11/20/ConfigSnapshot/111111111111_Config_x.json.gz`, gzipSync('{"configurationItems":[]}'));
    at(`${logs}/vpcflowlogs/eu-west-1/2026/11/20/x.log.gz`, gzipSync('version account-id interface-id srcaddr\n2 111111111111 eni-0a1b2c3d 10.0.0.1\n'));
    at('exportedlogs/aws-logs-write-test', 'Permission Check Successful');
    at('exportedlogs/task/stream/000000.gz', gzipSync('2026-11-20T10:00:00.000Z {"eventVersion":"1.11"}\n2026-11-20T10:00:01.000Z {"eventVersion":"1.12"}\n'));
    expect(
      (await read(['.'])).map(({ file: name, line, value, problem }) => [
        name.split('/').slice(2, 3).concat(name.split('/').slice(-1)).join(' '),
        line,
        problem ?? value,
      ]),
    ).toEqual([
      ['CloudTrail 111111111111_CloudTrail_eu-west-1_20261120T1000Z_a.json.gz', null, { Records: [{ a: 1 }] }],
      ['CloudTrail-Digest x.json.gz', null, { digestStartTime: 'a' }],
      ['Config 111111111111_Config_x.json.gz', null, { configurationItems: [] }],
      ['vpcflowlogs x.log.gz', null, 'It is a VPC flow log, not JSON.'],
      ['stream 000000.gz', 1, { eventVersion: '1.11' }],
      ['stream 000000.gz', 2, { eventVersion: '1.12' }],
    ]);
  });

  it('without a file is refused, and one with a circular link is read once', async () => {
    mkdirSync(join(directory, 'empty', 'below'), { recursive: true });
    file('empty/.hidden', '{}');
    await expect(read(['empty'])).rejects.toMatchObject({ code: 'cli/file', message: 'There is no file in empty.' });
    symlinkSync(directory, join(directory, 'empty', 'below', 'up'));
    symlinkSync(join(directory, 'none'), join(directory, 'empty', 'dangling'));
    expect((await read(['empty'])).map(({ file: name, problem, foreign }) => [name, problem, foreign])).toEqual([
      [join('empty', 'below', 'up'), 'It is a link to a folder: name the folder.', false],
      [join('empty', 'dangling'), 'It cannot be read: there is no such file', false],
    ]);
  });
});

describe('a file that is not JSON', () => {
  it.each([
    ['a VPC flow log', '2 111111111111 eni-0a1b2c3d 10.0.0.1 10.0.0.2 443 49152 6 10 840 1 2 ACCEPT OK\n'],
    ['a server access log of S3', `${'a'.repeat(64)} invoices [20/Nov/2026:10:00:00 +0000] 198.51.100.7 - ABC REST.GET.OBJECT key\n`],
    ['an access log of a load balancer', 'https 2026-11-20T10:00:00.000000Z app/web/50dc6c495c0c9188 198.51.100.7:2817 10.0.0.1:80\n'],
    ['an access log of CloudFront', '#Version: 1.0\n#Fields: date time\n'],
    ['a log whose lines are not JSON', '2026-11-20T10:00:00.000Z START RequestId: 1\n'],
    ['a credential report of IAM', 'user,arn,user_creation_time,password_enabled\n'],
    ['a CSV of Prowler (-M json-ocsf or json-asff is read)', 'AUTH_METHOD;TIMESTAMP;ACCOUNT_UID\n'],
    ['a CloudFormation template', 'AWSTemplateFormatVersion: "2010-09-09"\n'],
    ['Terraform code', 'resource "aws_s3_bucket" "b" {\n}\n'],
    ['YAML', '---\na: 1\n'],
    ['a web page', '<!DOCTYPE html><html>'],
    ['a ZIP archive', Buffer.from('504b030414000000', 'hex')],
    ['a Parquet file', Buffer.from('PAR1\u0015')],
    ['gzip within gzip', gzipSync(gzipSync('{}'))],
  ])('is identified: %s', async (name, content) => {
    file('x.json', content);
    file('y.log.gz', gzipSync(content));
    expect(await read(['x.json'])).toEqual([{ file: 'x.json', line: null, value: null, problem: `It is ${name}, not JSON.`, foreign: true }]);
    expect((await read(['y.log.gz']))[0]).toMatchObject({ foreign: true });
  });

  it('with unknown content is damaged if it was named or should be JSON, and skipped if it was only found', async () => {
    file('named', 'hello');
    mkdirSync(join(directory, 'folder'));
    file('folder/claims.json', 'hello');
    file('folder/notes', 'hello');
    file('folder/blob', Buffer.from([1, 0, 2]));
    expect((await read(['named', 'folder'])).map(({ file: name, foreign }) => [name, foreign])).toEqual([
      ['named', false],
      [join('folder', 'blob'), true],
      [join('folder', 'claims.json'), false],
      [join('folder', 'notes'), true],
    ]);
  });
});

describe('text', () => {
  it('may be UTF-16, as PowerShell writes it; anything else that is not UTF-8 is damaged', async () => {
    file('le.json', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"a":"ü"}', 'utf16le')]));
    file('be.json', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('{"a":"ü"}', 'utf16le').swap16()]));
    file('latin.json', Buffer.from('{"a":"\xfc"}', 'latin1'));
    expect(brief(await read(['le.json', 'be.json']))).toEqual([
      [null, { a: 'ü' }],
      [null, { a: 'ü' }],
    ]);
    expect(await read(['latin.json'])).toMatchObject([{ problem: 'It cannot be read to the end: it is not UTF-8', foreign: false }]);
  });

  it('may be several documents without a separator, as Firehose writes them', async () => {
    file('joined', '{"a":1}{"a":{"b":"}{"}}\n{"a":3}');
    expect(brief(await read(['joined']))).toEqual([
      [null, { a: 1 }],
      [null, { a: { b: '}{' } }],
      [null, { a: 3 }],
    ]);
    file('cut', '{"a":1}{"a":');
    expect(brief(await read(['cut']))).toEqual([[null, 'It is not JSON']]);
  });

  it('may have a bad line first, which affects no other', async () => {
    file('a.jsonl', '{"a":\n{"a":2}\n{"a":3}\n');
    expect(brief(await read(['a.jsonl']))).toEqual([
      [1, 'It is not JSON'],
      [2, { a: 2 }],
      [3, { a: 3 }],
    ]);
  });
});

describe('limits', () => {
  const limits = { document: 200, unpacked: 1000 };

  it('apply to the unpacked size of a file', async () => {
    file('bomb.json.gz', gzipSync(`[${' '.repeat(2000)}]`));
    expect((await read(['bomb.json.gz'], [], limits)).at(-1)).toMatchObject({
      file: 'bomb.json.gz',
      problem: 'It unpacks to more than 1000 bytes.',
      foreign: false,
    });
    file('fits.json.gz', gzipSync('[1]'));
    expect(brief(await read(['fits.json.gz'], [], limits))).toEqual([[null, [1]]]);
  });

  it('do not apply to a long list, which is read item by item', async () => {
    const items = Array.from({ length: 1200 }, (_, n) => ({ n }));
    for (const content of [JSON.stringify(items), JSON.stringify(items, null, 2), `\n\n${JSON.stringify(items)}`]) {
      file('list.json', content);
      const found = await read(['list.json'], [], limits);
      expect(found.flatMap(({ value }) => value)).toEqual(items);
      expect(found.map(({ value }) => (value as unknown[]).length)).toEqual([500, 500, 200]);
    }
    file('records.json', JSON.stringify({ fileVersion: '1.0', nested: { Records: [0] }, Records: items, Findings: [1, 2] }));
    const found = await read(['records.json'], [], limits);
    expect(
      found.map(
        ({ value, problem }) =>
          problem ??
          Object.entries(value as object)
            .map(([key, list]) => `${key} ${(list as unknown[]).length}`)
            .join(),
      ),
    ).toEqual(['Records 500', 'Records 500', 'Records 200', 'Findings 2']);
  });

  it('apply to one item of a list, and to a document that is not a list', async () => {
    file('item.json', JSON.stringify([{ a: 1 }, { a: 'x'.repeat(200_000) }]));
    expect((await read(['item.json'], [], limits)).at(-1)).toMatchObject({ problem: expect.stringContaining('one item of it') as string, foreign: false });
    file('state.json', JSON.stringify({ resources: Array.from({ length: 60 }, (_, n) => ({ n })) }));
    expect(await read(['state.json'], [], limits)).toMatchObject([{ problem: expect.stringContaining('does not begin with a list of events') as string }]);
    file('cut.json', JSON.stringify(Array.from({ length: 100 }, (_, n) => ({ n }))).slice(0, -5));
    expect((await read(['cut.json'], [], limits)).at(-1)).toMatchObject({ problem: expect.stringContaining('truncated') as string });
    file('broken.json', `[${'{"a":1},'.repeat(50)}nonsense]`);
    expect((await read(['broken.json'], [], limits)).at(-1)).toMatchObject({ problem: expect.stringMatching(/^It is not JSON/) as string });
  });

  it('apply to one line', async () => {
    file('a.jsonl', `{"a":1}\n{"a":"${'x'.repeat(300)}"}\n{"a":3}`);
    expect(brief(await read(['a.jsonl'], [], limits))).toEqual([
      [1, { a: 1 }],
      [2, 'The line is longer than 200 characters.'],
      [3, { a: 3 }],
    ]);
  });

  it('apply to standard input that has to be stored', async () => {
    const stdinChunks = async function* () {
      yield `[${' '.repeat(900)}]`;
    };
    await expect(checkedDocuments({ cwd: directory, stdinChunks }, ['-'], limits)).rejects.toMatchObject({ code: 'cli/file' });
  });
});

describe('before anything is done', () => {
  const stdinChunks = async function* () {
    yield '{"a":0}';
  };
  it('everything is read, and all damage is reported with its place', async () => {
    file('a.jsonl', '{"a":1}\n{\n');
    file('b.json', '{');
    file('state', '---\n');
    await expect(checkedDocuments({ cwd: directory, stdinChunks }, ['-', 'state', 'a.jsonl', 'b.json'])).rejects.toMatchObject({
      code: 'cli/file',
      message: expect.stringMatching(/^a\.jsonl:2: It is not JSON.*\nb\.json: It is not JSON/) as string,
      place: { file: 'a.jsonl', line: 2 },
    });
  });
  it('everything is returned, with standard input; what is not JSON is included', async () => {
    file('a.jsonl', '{"a":1}\n{"a":2}\n');
    file('state', '---\n');
    const found: Document[] = [];
    for await (const document of (await checkedDocuments({ cwd: directory, stdinChunks }, ['state', '-', 'a.jsonl']))()) found.push(document);
    expect(found.map(({ file: name, value, problem }) => [name, problem ?? value])).toEqual([
      ['state', 'It is YAML, not JSON.'],
      ['-', { a: 0 }],
      ['a.jsonl', { a: 1 }],
      ['a.jsonl', { a: 2 }],
    ]);
  });
});

describe('standard input', () => {
  it('is read once', async () => {
    await expect(read(['-', '-'])).rejects.toMatchObject({ code: 'cli/usage' });
  });
  it('is the same whatever its chunks', async () => {
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
