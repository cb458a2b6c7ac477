import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalJson, digestText, streamOf } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { describe, expect, it } from 'vitest';
import { blobs, copy, fresh, ref, root, streams, useKept, walk } from '../../evidence/test/support/kept.js';
import { verifyLedger } from './index.js';

useKept();

/** A record with other members in the journal's own data. */
const withJournal = (record: Record<string, unknown>, own: object): Record<string, unknown> => {
  const body = record['body'] as Record<string, unknown>;
  return { ...record, body: { ...body, journal: { ...(body['journal'] as object), ...own } } };
};

const redigested = (json: string) => `${digestText(json)} ${json}`;

describe('verifyLedger of an unsealed journal', () => {
  it('reports an unchanged journal as intact, and writes nothing', () => {
    fresh();
    const before = walk(copy).map((file) => [file, statSync(file).mtimeMs]);
    expect(verifyLedger({ directory: copy })).toMatchObject({
      status: 'intact',
      streams: 3,
      records: 36,
      executions: 9,
      openExecutions: 0,
      documents: 18,
      firstBad: null,
    });
    expect(walk(copy).map((file) => [file, statSync(file).mtimeMs])).toEqual(before);
  });

  const lineWise: readonly [string, (lines: string[], at: number) => string[], (at: number) => number][] = [
    ['a deleted record', (lines, at) => lines.toSpliced(at, 1), (at) => at + 1],
    ['a repeated record', (lines, at) => lines.toSpliced(at, 0, lines[at] as string), (at) => at + 2],
    ['two records swapped', (lines, at) => lines.toSpliced(at, 2, lines[at + 1] as string, lines[at] as string), (at) => at + 1],
    [
      'a record of another stream',
      (lines, at) => lines.toSpliced(at, 0, readFileSync(streams()[1] as string, 'utf8').split('\n')[at] as string),
      (at) => at + 1,
    ],
    ['an empty line', (lines, at) => lines.toSpliced(at, 0, ''), (at) => at + 1],
    ['other spacing for the same value', (lines, at) => lines.with(at, redigested((lines[at] as string).slice(72).replaceAll(',"', ', "'))), (at) => at + 1],
    ['a changed outcome', (lines, at) => lines.with(at, (lines[at] as string).replace('"remediator":"test-fix"', '"remediator":"test-fax"')), (at) => at + 1],
    [
      'a changed record with a digest made to fit',
      (lines, at) => lines.with(at, redigested((lines[at] as string).slice(72).replace('"remediator":"test-fix"', '"remediator":"test-fax"'))),
      (at) => at + 2,
    ],
  ];
  it.each(lineWise)('finds %s, wherever it is', (_name, tamper, expected) => {
    for (let at = 0; at < 11; at++) {
      fresh();
      const file = streams()[0] as string;
      const lines = readFileSync(file, 'utf8').slice(0, -1).split('\n');
      writeFileSync(file, `${tamper(lines, at).join('\n')}\n`);
      const report = verifyLedger({ directory: copy });
      expect(report.status).toBe('tampered');
      expect(report.firstBad).toMatchObject({ file: relative(copy, file), line: expected(at) });
    }
  });

  /** The last line of a stream with another record, and a matching digest. No later record contradicts it. */
  const forgedLast = (change: (record: Record<string, unknown>, before: Record<string, unknown>) => object) => {
    fresh();
    const file = streams()[0] as string;
    const lines = readFileSync(file, 'utf8').slice(0, -1).split('\n');
    const parsed = (at: number) => JSON.parse((lines.at(at) as string).slice(72)) as Record<string, unknown>;
    lines[lines.length - 1] = redigested(canonicalJson(change(parsed(-1), parsed(-2))));
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { status, firstBad, findings: problems } = verifyLedger({ directory: copy });
    // Nothing names the documents of the original record any more: that is a separate finding.
    const tampered = problems.filter(({ code }) => code !== 'unused-document');
    return { status, code: firstBad?.code, line: firstBad?.line, seq: firstBad?.seq, findings: tampered.length };
  };
  it.each<[string, string | undefined, (record: Record<string, unknown>, before: Record<string, unknown>) => object]>([
    // The actual content counts: the change is found, however it was made.
    ['nothing changed', undefined, (record) => record],
    ['the time of its predecessor', undefined, (record, before) => ({ ...record, time: before['time'] })],
    [
      'a time a millisecond earlier',
      'time-backwards',
      (record, before) => ({ ...record, time: new Date(Date.parse(String(before['time'])) - 1).toISOString() }),
    ],
    ['a number too high', 'wrong-number', (record) => ({ ...record, seq: 13 })],
    ['a number too low', 'wrong-number', (record) => ({ ...record, seq: 11 })],
    ['another predecessor', 'broken-chain', (record) => ({ ...record, prev: `sha256:${'0'.repeat(64)}` })],
    ['another resource', 'wrong-stream', (record) => ({ ...record, resource: ref('b') })],
    ['another stream', 'wrong-stream', (record) => ({ ...record, stream: streamOf(ref('z')), resource: ref('z') })],
    ['an execution that is not open', 'not-open', (record) => ({ ...record, execution: 'x-other' })],
    ['an older fence', 'wrong-fence', (record) => withJournal(record, { fence: 2 })],
    ['a newer fence', 'wrong-fence', (record) => withJournal(record, { fence: 4 })],
    ['a second intent', 'already-open', (record) => ({ ...withJournal(record, { fence: 4 }), kind: 'intent', execution: 'x-other' })],
    ['an additional member', 'malformed', (record) => ({ ...record, note: 'x' })],
    ['a future form', 'malformed', (record) => ({ ...record, v: 2 })],
    ['an unknown outcome', 'malformed', (record) => withJournal(record, { outcome: 'fine' })],
    ['an unknown kind', 'malformed', (record) => ({ ...record, kind: 'note' })],
    ['a time in another notation', 'malformed', (record) => ({ ...record, time: String(record['time']).replace('.000Z', 'Z') })],
    ['a resource with an additional member', 'malformed', (record) => ({ ...record, resource: { ...(record['resource'] as object), note: 'x' } })],
    ['no fence', 'malformed', (record) => withJournal(record, { fence: null })],
  ])('reads a last record with %s as %s', (_name, code, change) => {
    const found = forgedLast(change);
    expect(found).toEqual(
      code === undefined
        ? { status: 'intact', code, line: undefined, seq: undefined, findings: 0 }
        : { status: 'tampered', code, line: 12, seq: 12, findings: 1 },
    );
  });

  it('finds a document that is not in canonical form, even if its name matches', () => {
    fresh();
    // A matching digest of a text that could be read in two ways: no journal writes it.
    for (const text of ['{"a":1,"a":2}', '{ "a": 1 }', '{"a":1}\n', 'not json']) {
      const digest = digestText(text);
      const file = join(copy, 'blobs', digest.slice(7, 9), `${digest.slice(7)}.json`);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
      expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document', file: relative(copy, file) } });
      rmSync(file);
    }
    expect(verifyLedger({ directory: copy }).status).toBe('intact');
  });

  it('reports missing documents, torn lines and open executions as incomplete, not tampered', () => {
    fresh();
    rmSync(blobs()[0] as string);
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', firstBad: { code: 'missing-document' } });
    fresh();
    writeFileSync(streams()[0] as string, '{"half":', { flag: 'a' });
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', firstBad: { code: 'torn-line', line: 13 } });
    fresh();
    const file = streams()[0] as string;
    writeFileSync(file, `${readFileSync(file, 'utf8').slice(0, -1).split('\n').slice(0, -1).join('\n')}\n`);
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', firstBad: { code: 'open-execution' } });
  });

  it('cannot detect a tail that was cut off after an outcome, with its documents, and reports that limit', () => {
    fresh();
    const file = streams()[0] as string;
    const lines = readFileSync(file, 'utf8').slice(0, -1).split('\n');
    writeFileSync(file, `${lines.slice(0, 8).join('\n')}\n`);
    // Without them it does.
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', findings: [{ code: 'unused-document', severity: 'incomplete' }] });
    for (const digest of lines
      .slice(8)
      .flatMap((line) => [...line.matchAll(/"(?:plan|before|after)":"sha256:([0-9a-f]{64})"/g)].map(([, hex]) => hex as string)))
      rmSync(join(copy, 'blobs', digest.slice(0, 2), `${digest}.json`), { force: true });
    const report = verifyLedger({ directory: copy });
    expect(report.status).toBe('intact');
    expect(report.limits.join(' ')).toMatch(/tail was cut off/);
  });

  it('finds a stream under another name, an emptied one, a stray file and a missing FORMAT', () => {
    fresh();
    const [one, two] = streams() as [string, string];
    writeFileSync(one, readFileSync(two));
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-stream', line: 1 } });
    fresh();
    writeFileSync(streams()[0] as string, '');
    expect(verifyLedger({ directory: copy }).firstBad).toMatchObject({ code: 'empty-stream' });
    fresh();
    writeFileSync(join(copy, 'streams', 'note.txt'), 'x');
    expect(verifyLedger({ directory: copy }).firstBad).toMatchObject({ code: 'stray-file' });
    fresh();
    rmSync(join(copy, 'FORMAT'));
    expect(verifyLedger({ directory: copy }).firstBad).toMatchObject({ code: 'no-format' });
  });

  it('finds what was moved to another folder, and another format', () => {
    for (const [files, code] of [
      [streams, 'stray-file'],
      [blobs, 'stray-file'],
    ] as const) {
      fresh();
      const file = files()[0] as string;
      const moved = join(copy, relative(copy, file).split('/')[0] ?? '', 'zz', relative(join(file, '..'), file));
      mkdirSync(join(moved, '..'), { recursive: true });
      cpSync(file, moved);
      expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', findings: [{ code, file: relative(copy, moved) }] });
    }
    fresh();
    writeFileSync(join(copy, 'FORMAT'), 'redress-journal 2\n');
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-format' } });
  });

  it('finds a changed document that no record names', () => {
    fresh();
    const digest = digestText('{"a":1}');
    const file = join(copy, 'blobs', digest.slice(7, 9), `${digest.slice(7)}.json`);
    mkdirSync(join(file, '..'), { recursive: true });
    // As a crash between document and record leaves it.
    writeFileSync(file, '{"a":1}');
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', documents: 19, findings: [{ code: 'unused-document' }] });
    writeFileSync(file, '{"a":2}');
    expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document', file: relative(copy, file) } });
  });

  it('reports tampering before what is only incomplete, and stops at the first bad line of a stream', () => {
    fresh();
    const [first, second] = streams() as [string, string];
    writeFileSync(first, '{"half":', { flag: 'a' });
    const lines = readFileSync(second, 'utf8').split('\n');
    writeFileSync(second, lines.toSpliced(3, 2).join('\n'));
    const report = verifyLedger({ directory: copy });
    expect(report).toMatchObject({ status: 'tampered', firstBad: { file: relative(copy, second), line: 4 } });
    expect(report.findings.map(({ code, severity, line }) => [severity, code === 'unused-document' ? code : line])).toEqual([
      ['incomplete', 13],
      ['tampered', 4],
      // Of the records that are missing.
      ['incomplete', 'unused-document'],
    ]);
  });

  const replaced = (file: string, by: (file: string) => void) => {
    rmSync(file, { recursive: true });
    by(file);
  };
  const folder = (file: string) => mkdirSync(file);
  const text = (file: string) => writeFileSync(file, '');

  it.each<[string, () => void, string]>([
    ['a folder where a stream should be', () => replaced(streams()[0] as string, folder), 'stray-folder'],
    ['a folder where a document should be', () => replaced(blobs()[0] as string, folder), 'stray-folder'],
    ['a folder where FORMAT should be', () => replaced(join(copy, 'FORMAT'), folder), 'stray-folder'],
    ['a file where the streams should be', () => replaced(join(copy, 'streams'), text), 'stray-file'],
    ['a file where the documents should be', () => replaced(join(copy, 'blobs'), text), 'missing-document'],
    ['a stream that was renamed as if it were unfinished', () => renameSync(streams()[0] as string, `${streams()[0]}.tmp`), 'stray-file'],
    ['a file with the name of an unfinished one that is not a document', () => writeFileSync(join(streams()[0] as string, '..', 'x.tmp'), ''), 'stray-file'],
    ['documents whose stream is missing', () => rmSync(streams()[0] as string), 'unused-document'],
    ['documents without any stream', () => rmSync(join(copy, 'streams'), { recursive: true }), 'unused-document'],
  ])('names %s: a finding, without an error, and not intact', (_what, fault, code) => {
    fresh();
    fault();
    const report = verifyLedger({ directory: copy });
    expect(report.status).not.toBe('intact');
    expect(report.findings.map((each) => each.code)).toContain(code);
  });

  it('skips a document that a writer left unfinished', () => {
    fresh();
    writeFileSync(`${blobs()[0]}.4711.0.tmp`, '{"half');
    expect(verifyLedger({ directory: copy }).status).toBe('intact');
  });

  it('counts documents without a record once', () => {
    fresh();
    rmSync(streams()[0] as string);
    expect(verifyLedger({ directory: copy })).toMatchObject({
      status: 'incomplete',
      streams: 2,
      findings: [{ code: 'unused-document', message: expect.stringContaining('6 documents') }],
    });
  });

  describe('reports exactly what it found, and where', () => {
    const found = () => verifyLedger({ directory: copy }).findings.map(({ severity, code, file, line, seq }) => [severity, code, file, line, seq]);
    const at = (file: string) => relative(copy, file);
    const linesOf = (file: string) => readFileSync(file, 'utf8').slice(0, -1).split('\n');
    const first = () => streams()[0] as string;
    /** The document that a record of the first stream names. */
    const named = (line: number, name: string) => {
      const { blobs: of } = JSON.parse((linesOf(first())[line - 1] as string).slice(72)) as { blobs: Record<string, string> };
      const hex = String(of[name]).slice(7);
      return join(copy, 'blobs', hex.slice(0, 2), `${hex}.json`);
    };

    it('for a document that is missing or changed: at the record that names it, and at no other', () => {
      fresh();
      rmSync(named(4, 'after'));
      expect(found()).toEqual([['incomplete', 'missing-document', at(first()), 4, 4]]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ records: 36, documents: 17 });
      fresh();
      writeFileSync(named(8, 'after'), '{}');
      expect(found()).toEqual([['tampered', 'changed-document', at(first()), 8, 8]]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ records: 36, documents: 18 });
    });

    it('for a document that several records name: at each of them', async () => {
      const directory = join(root, 'shared');
      const journal = folderJournal({ directory });
      for (let n = 0; n < 2; n++)
        await journal.append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { n }, documents: { seen: { same: 1 } } });
      await journal.close?.();
      expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 2, executions: 0, documents: 1 });
      const [document] = walk(join(directory, 'blobs'));
      writeFileSync(document as string, '{}');
      expect(verifyLedger({ directory }).findings.map(({ code, line, seq }) => [code, line, seq])).toEqual([
        ['changed-document', 1, 1],
        ['changed-document', 2, 2],
      ]);
    });

    it('for an unfinished line, and for an execution without an outcome', () => {
      fresh();
      writeFileSync(first(), '{"half":', { flag: 'a' });
      expect(found()).toEqual([['incomplete', 'torn-line', at(first()), 13, 13]]);
      fresh();
      const after = named(12, 'after');
      const whole = linesOf(first());
      const { execution } = JSON.parse((whole[10] as string).slice(72)) as { execution: string };
      writeFileSync(first(), `${whole.slice(0, 11).join('\n')}\n`);
      rmSync(after);
      expect(found()).toEqual([['incomplete', 'open-execution', at(first()), 11, 11]]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', records: 35, executions: 9, openExecutions: 1 });
      expect(verifyLedger({ directory: copy }).findings[0]?.message).toContain(execution);
    });

    it('for bytes that are not text: their line, and nothing of the stream from there on counts', () => {
      fresh();
      const bytes = readFileSync(first());
      const third = linesOf(first()).slice(0, 2).join('\n').length + 1;
      bytes[third + 100] = 0xff;
      writeFileSync(first(), bytes);
      expect(found().slice(0, 1)).toEqual([['tampered', 'wrong-digest', at(first()), 3, 3]]);
      // And with a matching digest.
      const end = bytes.indexOf(10, third);
      bytes.write(
        createHash('sha256')
          .update(bytes.subarray(third + 72, end))
          .digest('hex'),
        third + 'sha256:'.length,
      );
      writeFileSync(first(), bytes);
      expect(found().slice(0, 1)).toEqual([['tampered', 'not-utf8', at(first()), 3, 3]]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ streams: 3, records: 26, executions: 7 });
      expect(found().map(([, code]) => code)).toEqual(['not-utf8', 'unused-document']);
    });

    it('for a stream that breaks: what is before the break counts, and an execution that it leaves open does not', () => {
      fresh();
      const lines = linesOf(first());
      writeFileSync(first(), `${lines.toSpliced(2, 1).join('\n')}\n{"half"`);
      // Neither the end of the file nor the execution before the break is judged.
      expect(found().map(([, code, , line, seq]) => [code, line, seq])).toEqual([
        ['wrong-number', 3, 3],
        ['unused-document', null, null],
      ]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'tampered', streams: 3, records: 26, executions: 7, openExecutions: 0 });
    });

    it('for an emptied stream, and for FORMAT: the file without a line', () => {
      fresh();
      writeFileSync(first(), '');
      expect(found()[0]).toEqual(['tampered', 'empty-stream', at(first()), null, null]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ streams: 3, records: 24 });
      fresh();
      rmSync(join(copy, 'FORMAT'));
      expect(found()).toEqual([['tampered', 'no-format', 'FORMAT', null, null]]);
      writeFileSync(join(copy, 'FORMAT'), 'other');
      expect(found()).toEqual([['tampered', 'wrong-format', 'FORMAT', null, null]]);
      rmSync(join(copy, 'FORMAT'));
      mkdirSync(join(copy, 'FORMAT'));
      expect(found()).toEqual([['tampered', 'stray-folder', 'FORMAT', null, null]]);
    });

    it('for a foreign file: only that file', () => {
      fresh();
      const name = '0'.repeat(64);
      mkdirSync(join(copy, 'streams', '00'), { recursive: true });
      mkdirSync(join(copy, 'blobs', '00'), { recursive: true });
      const strays = [
        join(copy, 'blobs', 'note.txt'),
        join(copy, 'blobs', '00', `0${name}.json`),
        join(copy, 'blobs', '00', `${name}.jsonl`),
        join(copy, 'blobs', '00', `${name}.json.1.tmp`),
        join(copy, 'blobs', '00', `${name}.json.1.2.tmp.more`),
        join(copy, 'streams', '00', `${name}0.jsonl`),
        join(copy, 'streams', '00', `${name}.json`),
        join(copy, 'streams', '00', `${name}.json.1.2.tmp`),
      ];
      for (const each of strays) writeFileSync(each, '');
      expect(found().sort()).toEqual(strays.map((each) => ['tampered', 'stray-file', at(each), null, null]).sort());
      expect(verifyLedger({ directory: copy })).toMatchObject({ streams: 3, records: 36, documents: 18 });
    });

    it('for one document that no record names: which one it is', () => {
      fresh();
      const digest = digestText('{"a":1}');
      const file = join(copy, 'blobs', digest.slice(7, 9), `${digest.slice(7)}.json`);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, '{"a":1}');
      expect(found()).toEqual([['incomplete', 'unused-document', at(file), null, null]]);
      expect(verifyLedger({ directory: copy }).findings[0]?.message).toMatch(/^No record names this document: /);
    });

    it.each([
      ['a stream', () => first(), 24],
      ['the folder of streams', () => join(copy, 'streams'), 0],
      ['the folder of documents', () => join(copy, 'blobs'), 36],
    ] as const)('for what cannot be read, and may be complete: %s', (_what, path, records) => {
      fresh();
      const file = path();
      rmSync(file, { recursive: true });
      // A link to itself.
      symlinkSync(file, file);
      expect(found()).toContainEqual(['incomplete', 'unreadable', at(file), null, null]);
      expect(verifyLedger({ directory: copy })).toMatchObject({ status: 'incomplete', records });
    });
  });

  it('reports that a folder does not exist', () => {
    expect(() => verifyLedger({ directory: join(root, 'nowhere') })).toThrow(/no folder/);
    writeFileSync(join(root, 'a-file'), '');
    expect(() => verifyLedger({ directory: join(root, 'a-file') })).toThrow(/no folder/);
    mkdirSync(join(root, 'empty'), { recursive: true });
    expect(verifyLedger({ directory: join(root, 'empty') }).status).toBe('tampered');
    expect(existsSync(join(root, 'empty', 'FORMAT'))).toBe(false);
  });
});
