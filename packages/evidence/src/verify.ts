/**
 * Checks a journal's folder offline: no store, no index, no network, nothing is written.
 *
 * @packageDocumentation
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalJson, type Digest, digestText, messageOf } from '@redress/core';
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
  'A cut tail: the newest records of a stream can be removed without a trace, except when that leaves an execution open, or their documents.',
  'A chain written anew, wholly or from some record on, digests included: whoever can write the folder can write another consistent history.',
  'A stream removed as a whole, with its documents.',
  'Only signed checkpoints kept elsewhere show these; this version does not make them.',
];

const HEX = /^[0-9a-f]{64}$/;
/** A document on its way: its name, the process and a number. */
const UNFINISHED = /^[0-9a-f]{64}\.json\.\d+\.\d+\.tmp$/;

/**
 * Verifies every stream and every document of a journal's folder.
 *
 * `intact`: everything follows from everything before it. `tampered`: something was changed, put in, taken out, or moved; `firstBad` names
 * it. `incomplete`: nothing was changed, but a document is missing (its retention may have ended), a last line was never finished, an
 * execution is open, documents are of no record, or something cannot be read. What cannot be read is a finding, and no error.
 *
 * @example const report = verifyFolder('.redress'); process.exitCode = report.status === 'intact' ? 0 : report.status === 'tampered' ? 1 : 2;
 * @throws {Error} when there is no such folder.
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

  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Error(`There is no folder ${directory}.`);
  /** What a file holds; null where it cannot be read, or is none. */
  const bytesOf = (file: string): Buffer | null => {
    try {
      return readFileSync(file);
    } catch (error) {
      const folder = (error as NodeJS.ErrnoException).code === 'EISDIR';
      if (folder) report('tampered', 'stray-folder', 'There is a folder where a file should be.', file);
      else report('incomplete', 'unreadable', `It cannot be read: ${messageOf(error)}`, file);
      return null;
    }
  };
  const format = join(directory, 'FORMAT');
  if (!existsSync(format)) report('tampered', 'no-format', 'The file FORMAT is missing: this is no journal, or it was taken out.', format);
  else {
    const found = bytesOf(format);
    if (found !== null && found.toString('utf8') !== FORMAT) report('tampered', 'wrong-format', 'The file FORMAT names another format.', format);
  }

  const check = (digest: Digest): 'good' | 'changed' | 'missing' => {
    const known = documents.get(digest);
    if (known !== undefined) return known ? 'good' : 'changed';
    const file = blobFile(directory, digest);
    if (!existsSync(file)) return 'missing';
    const bytes = bytesOf(file);
    const good = bytes !== null && isDocument(bytes, digest);
    documents.set(digest, good);
    return good ? 'good' : 'changed';
  };
  const within = (name: string, suffix: string) => files(join(directory, name), suffix, report);

  for (const { file, stream } of within('streams', '.jsonl')) {
    if (streamFile(directory, stream) !== file) {
      report('tampered', 'stray-file', 'The stream is in another folder than its name says.', file);
      continue;
    }
    streams++;
    const bytes = bytesOf(file);
    if (bytes === null) continue;
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
  const unused: string[] = [];
  for (const { file, stream: digest } of within('blobs', '.json')) {
    if (blobFile(directory, digest) !== file) {
      report('tampered', 'stray-file', 'The document is in another folder than its name says.', file);
      continue;
    }
    if (used.has(digest)) continue;
    const bytes = bytesOf(file);
    if (bytes === null) continue;
    if (!isDocument(bytes, digest)) report('tampered', 'changed-document', 'The document is not what its name says.', file);
    else {
      unused.push(file);
      documents.set(digest, true);
    }
  }
  // A worker that died between the two leaves a few. Where a stream was taken out its documents stay.
  if (unused.length > 0)
    report(
      'incomplete',
      'unused-document',
      `No record names ${unused.length === 1 ? 'this document' : `${unused.length} documents, of which this is the first`}: a worker died before it could record it, or the stream that did is missing.`,
      unused[0] as string,
    );
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

type Report = (severity: Problem['severity'], code: string, message: string, file: string) => void;

/** The files of a two-level folder, in order of their names. */
function files(root: string, suffix: string, report: Report): { file: string; stream: Digest }[] {
  const stray = (path: string) => report('tampered', 'stray-file', 'The file does not belong here.', path);
  const list = (folder: string) => {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOTDIR') stray(folder);
      else if (code !== 'ENOENT') report('incomplete', 'unreadable', `It cannot be read: ${messageOf(error)}`, folder);
      return [];
    }
  };
  const found: { file: string; stream: Digest }[] = [];
  for (const prefix of list(root)) {
    if (!prefix.isDirectory()) {
      stray(join(root, prefix.name));
      continue;
    }
    for (const { name } of list(join(root, prefix.name))) {
      const file = join(root, prefix.name, name);
      const hex = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
      if (HEX.test(hex)) found.push({ file, stream: `sha256:${hex}` });
      // What a writer that died left of a document was never part of anything. Records are never written aside.
      else if (suffix !== '.json' || !UNFINISHED.test(name)) stray(file);
    }
  }
  return found.sort((a, b) => (a.stream < b.stream ? -1 : 1));
}
