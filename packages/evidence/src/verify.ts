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
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Error(`There is no folder ${directory}.`);
  const problems: Problem[] = [];
  const report: Report = (severity, code, message, file, line, seq) =>
    void problems.push({ severity, code, message, file: relative(directory, file), line: line ?? null, seq: seq ?? null });
  checkFormat(directory, report);
  const documents = new Documents(directory, report);
  const streams = files(join(directory, 'streams'), '.jsonl', report).flatMap(({ file, digest }) => {
    if (streamFile(directory, digest) === file) return [checkStream(file, digest, documents, report)];
    report('tampered', 'stray-file', 'The stream is in another folder than its name says.', file);
    return [];
  });
  documents.checkUnnamed();
  const tampered = problems.filter((problem) => problem.severity === 'tampered');
  return {
    status: tampered.length > 0 ? 'tampered' : problems.length > 0 ? 'incomplete' : 'intact',
    streams: streams.length,
    records: streams.reduce((sum, each) => sum + each.records, 0),
    executions: streams.reduce((sum, each) => sum + each.executions, 0),
    openExecutions: streams.filter(({ open }) => open).length,
    documents: documents.count,
    firstBad: tampered[0] ?? problems[0] ?? null,
    problems,
    limits: LIMITS,
  };
}

type Report = (severity: Problem['severity'], code: string, message: string, file: string, line?: number, seq?: number) => void;

/** What a file holds; null where it cannot be read, or is none. */
function bytesOf(file: string, report: Report): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    const folder = (error as NodeJS.ErrnoException).code === 'EISDIR';
    if (folder) report('tampered', 'stray-folder', 'There is a folder where a file should be.', file);
    else report('incomplete', 'unreadable', `It cannot be read: ${messageOf(error)}`, file);
    return null;
  }
}

function checkFormat(directory: string, report: Report): void {
  const format = join(directory, 'FORMAT');
  if (!existsSync(format)) {
    report('tampered', 'no-format', 'The file FORMAT is missing: this is no journal, or it was taken out.', format);
    return;
  }
  const found = bytesOf(format, report);
  if (found !== null && found.toString('utf8') !== FORMAT) report('tampered', 'wrong-format', 'The file FORMAT names another format.', format);
}

/** What a stream holds, as far as it verifies. */
interface Verified {
  readonly records: number;
  readonly executions: number;
  readonly open: boolean;
}

function checkStream(file: string, stream: Digest, documents: Documents, report: Report): Verified {
  const text = textOf(file, report);
  if (text === '') report('tampered', 'empty-stream', 'The stream has no records; it is made with its first one.', file);
  const lines = text?.split('\n') ?? [];
  const tail = lines.pop() ?? '';
  let state = emptyState(stream);
  let executions = 0;
  for (const [index, line] of lines.entries()) {
    const read = readLine(state, line);
    if (!read.ok) {
      // From here on nothing in this stream has anything to follow.
      report('tampered', read.problem.code, read.problem.message, file, index + 1, state.length + 1);
      return { records: state.length, executions, open: false };
    }
    state = read.state;
    if (read.record.kind === 'intent') executions++;
    for (const [name, digest] of Object.entries(read.record.blobs)) {
      const found = documents.named(digest);
      if (found === 'changed') report('tampered', 'changed-document', `Its document ${name} is not what the record says.`, file, index + 1, state.length);
      if (found === 'missing')
        report('incomplete', 'missing-document', `Its document ${name} is missing; the record itself is proven.`, file, index + 1, state.length);
    }
  }
  if (tail !== '') report('incomplete', 'torn-line', 'The last line was never finished; nothing was done on it.', file, lines.length + 1, state.length + 1);
  if (state.open !== null) {
    const why = 'it runs, its worker is gone, or the tail was cut.';
    report('incomplete', 'open-execution', `Execution ${state.open.execution} has no outcome: ${why}`, file, lines.length, state.length);
  }
  return { records: state.length, executions, open: state.open !== null };
}

/** The text of a stream; null where none of it can be verified. */
function textOf(file: string, report: Report): string | null {
  const bytes = bytesOf(file, report);
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  // Bytes that are no UTF-8 would be read as replacement characters; the lines after them could still verify.
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
  report('tampered', 'not-utf8', 'The line holds bytes that are no UTF-8.', file, line, line);
  return null;
}

/** The documents of a folder: first those that records name, then the others. */
class Documents {
  readonly #directory: string;
  readonly #report: Report;
  readonly #known = new Map<Digest, 'good' | 'changed' | 'missing'>();

  constructor(directory: string, report: Report) {
    this.#directory = directory;
    this.#report = report;
  }

  /** How many there are, without those that no record names and that are not what their names say. */
  get count(): number {
    return [...this.#known.values()].filter((each) => each !== 'missing').length;
  }

  /** Looks at a document that a record names. */
  named(digest: Digest): 'good' | 'changed' | 'missing' {
    const known = this.#known.get(digest) ?? this.#look(blobFile(this.#directory, digest), digest);
    this.#known.set(digest, known);
    return known;
  }

  #look(file: string, digest: Digest): 'good' | 'changed' | 'missing' {
    if (!existsSync(file)) return 'missing';
    const bytes = bytesOf(file, this.#report);
    return bytes !== null && isDocument(bytes, digest) ? 'good' : 'changed';
  }

  /** Looks at all that no record has named. */
  checkUnnamed(): void {
    const unused: string[] = [];
    for (const { file, digest } of files(join(this.#directory, 'blobs'), '.json', this.#report)) {
      if (blobFile(this.#directory, digest) !== file) {
        this.#report('tampered', 'stray-file', 'The document is in another folder than its name says.', file);
        continue;
      }
      if (this.#known.has(digest)) continue;
      const bytes = bytesOf(file, this.#report);
      if (bytes === null) continue;
      if (!isDocument(bytes, digest)) {
        this.#report('tampered', 'changed-document', 'The document is not what its name says.', file);
        continue;
      }
      unused.push(file);
      this.#known.set(digest, 'good');
    }
    // A worker that died between the two leaves a few. Where a stream was taken out its documents stay.
    const [first] = unused;
    if (first === undefined) return;
    const which = unused.length === 1 ? 'this document' : `${unused.length} documents, of which this is the first`;
    const why = 'a worker died before it could record it, or the stream that did is missing.';
    this.#report('incomplete', 'unused-document', `No record names ${which}: ${why}`, first);
  }
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
function files(root: string, suffix: string, report: Report): { file: string; digest: Digest }[] {
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
  const found: { file: string; digest: Digest }[] = [];
  for (const prefix of list(root)) {
    if (!prefix.isDirectory()) {
      stray(join(root, prefix.name));
      continue;
    }
    for (const { name } of list(join(root, prefix.name))) {
      const file = join(root, prefix.name, name);
      const hex = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
      if (HEX.test(hex)) found.push({ file, digest: `sha256:${hex}` });
      // What a writer that died left of a document was never part of anything. Records are never written aside.
      else if (suffix !== '.json' || !UNFINISHED.test(name)) stray(file);
    }
  }
  return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
