/**
 * Checks a journal's folder offline: no store, no index, no network, nothing is written.
 *
 * @packageDocumentation
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalJson, type Digest, digestText } from '@redress/core';
import { emptyState, readLine } from './chain.js';
import { blobFile, FORMAT, streamFile } from './layout.js';

/** One thing that is wrong. */
export interface Problem {
  /** `tampered`: something was changed. `incomplete`: something is missing that may be missing for a good reason. */
  readonly severity: 'tampered' | 'incomplete';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** Relative to the folder. */
  readonly file: string;
  /** From 1; null when it concerns the whole file. */
  readonly line: number | null;
  /** Number of the record in its stream. */
  readonly seq: number | null;
}

/** What {@link verifyFolder} found. */
export interface VerifyReport {
  readonly status: 'intact' | 'tampered' | 'incomplete';
  readonly streams: number;
  readonly records: number;
  readonly executions: number;
  readonly openExecutions: number;
  readonly documents: number;
  /** The first record, in the order of streams and numbers, that does not verify. */
  readonly firstBad: Problem | null;
  readonly problems: readonly Problem[];
  /** What this check cannot show. */
  readonly limits: readonly string[];
}

/** What hash chains alone cannot show. */
export const LIMITS: readonly string[] = [
  'A cut tail: the newest records of a stream can be removed without a trace, except when that leaves an execution open.',
  'A chain written anew, wholly or from some record on, digests included: whoever can write the folder can write another consistent history.',
  'A stream removed as a whole.',
  'Only signed checkpoints kept elsewhere show these; this version does not make them.',
];

const HEX = /^[0-9a-f]{64}$/;

/**
 * Verifies every stream and every document of a journal's folder.
 *
 * `intact`: everything follows from everything before it. `tampered`: something was changed, put in, taken out, or moved; `firstBad` names
 * it. `incomplete`: nothing was changed, but a document is missing (its retention may have ended), a last line was never finished, or an
 * execution is open.
 *
 * @example const report = verifyFolder('.redress'); process.exitCode = report.status === 'intact' ? 0 : report.status === 'tampered' ? 1 : 2;
 * @throws {Error} when the folder does not exist or cannot be read.
 */
export function verifyFolder(directory: string): VerifyReport {
  const problems: Problem[] = [];
  const documents = new Map<Digest, boolean>();
  const used = new Set<Digest>();
  let streams = 0;
  let records = 0;
  let executions = 0;
  let openExecutions = 0;
  const report = (severity: Problem['severity'], code: string, message: string, file: string, line: number | null = null, seq: number | null = null) =>
    problems.push({ severity, code, message, file: relative(directory, file), line, seq });

  const format = join(directory, 'FORMAT');
  if (!existsSync(format)) {
    if (!existsSync(directory)) throw new Error(`There is no folder ${directory}.`);
    report('tampered', 'no-format', 'The file FORMAT is missing: this is no journal, or it was taken out.', format);
  } else if (readFileSync(format, 'utf8') !== FORMAT) report('tampered', 'wrong-format', 'The file FORMAT names another format.', format);

  const check = (digest: Digest): 'good' | 'changed' | 'missing' => {
    const known = documents.get(digest);
    if (known !== undefined) return known ? 'good' : 'changed';
    const file = blobFile(directory, digest);
    if (!existsSync(file)) return 'missing';
    const good = isDocument(readFileSync(file), digest);
    documents.set(digest, good);
    return good ? 'good' : 'changed';
  };

  for (const { file, stream } of files(join(directory, 'streams'), '.jsonl', (path) =>
    report('tampered', 'stray-file', 'The file does not belong here.', path),
  )) {
    if (streamFile(directory, stream) !== file) {
      report('tampered', 'stray-file', 'The stream is in another folder than its name says.', file);
      continue;
    }
    streams++;
    const bytes = readFileSync(file);
    const text = bytes.toString('utf8');
    // Bytes that are no UTF-8 would be read as replacement characters; the lines after them could still verify.
    if (!Buffer.from(text, 'utf8').equals(bytes)) {
      const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
      report('tampered', 'not-utf8', 'The line holds bytes that are no UTF-8.', file, line, line);
      continue;
    }
    const lines = text.split('\n');
    const tail = lines.pop() ?? '';
    let state = emptyState(stream);
    let broken = false;
    if (text === '') report('tampered', 'empty-stream', 'The stream has no records; it is made with its first one.', file);
    for (const [index, line] of lines.entries()) {
      const read = readLine(state, line);
      if (!read.ok) {
        // From here on nothing in this stream has anything to follow.
        report('tampered', read.problem.code, read.problem.message, file, index + 1, state.length + 1);
        broken = true;
        break;
      }
      records++;
      if (read.record.kind === 'intent') executions++;
      for (const [name, digest] of Object.entries(read.record.blobs)) {
        used.add(digest);
        const found = check(digest);
        if (found === 'changed') report('tampered', 'changed-document', `Its document ${name} is not what the record says.`, file, index + 1, read.record.seq);
        if (found === 'missing')
          report('incomplete', 'missing-document', `Its document ${name} is missing; the record itself is proven.`, file, index + 1, read.record.seq);
      }
      state = read.state;
    }
    if (broken) continue;
    if (tail !== '') report('incomplete', 'torn-line', 'The last line was never finished; nothing was done on it.', file, lines.length + 1, state.length + 1);
    if (state.open !== null) {
      openExecutions++;
      report(
        'incomplete',
        'open-execution',
        `Execution ${state.open.execution} has no outcome: it runs, its worker is gone, or the tail was cut.`,
        file,
        lines.length,
        state.length,
      );
    }
  }
  for (const { file, stream: digest } of files(join(directory, 'blobs'), '.json', (path) =>
    report('tampered', 'stray-file', 'The file does not belong here.', path),
  )) {
    if (blobFile(directory, digest) !== file) report('tampered', 'stray-file', 'The document is in another folder than its name says.', file);
    // A document without a record is what a crash between the two leaves; a changed one is not.
    else if (!used.has(digest) && !isDocument(readFileSync(file), digest))
      report('tampered', 'changed-document', 'The document is not what its name says.', file);
    else documents.set(digest, true);
  }
  const tampered = problems.filter((problem) => problem.severity === 'tampered');
  return {
    status: tampered.length > 0 ? 'tampered' : problems.length > 0 ? 'incomplete' : 'intact',
    streams,
    records,
    executions,
    openExecutions,
    documents: documents.size,
    firstBad: tampered[0] ?? problems[0] ?? null,
    problems,
    limits: LIMITS,
  };
}

/** Whether bytes are the canonical text that a digest names. */
function isDocument(bytes: Buffer, digest: Digest): boolean {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes) || digestText(text) !== digest) return false;
  try {
    return canonicalJson(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

/** The files of a two-level folder, in order of their names. */
function files(root: string, suffix: string, stray: (path: string) => void): { file: string; stream: Digest }[] {
  if (!existsSync(root)) return [];
  const found: { file: string; stream: Digest }[] = [];
  for (const prefix of readdirSync(root, { withFileTypes: true })) {
    if (!prefix.isDirectory()) {
      stray(join(root, prefix.name));
      continue;
    }
    for (const { name } of readdirSync(join(root, prefix.name), { withFileTypes: true })) {
      const file = join(root, prefix.name, name);
      const hex = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
      // What a writer that died left half-written was never part of anything.
      if (name.endsWith('.tmp')) continue;
      if (HEX.test(hex)) found.push({ file, stream: `sha256:${hex}` });
      else stray(file);
    }
  }
  return found.sort((a, b) => (a.stream < b.stream ? -1 : 1));
}
