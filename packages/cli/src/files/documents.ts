import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EVENT_LISTS, messageOf } from '@redress/core';
import { JSONParser } from '@streamparser/json';
import { reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import type { Io } from '../io.js';
import { EXPORTED, foreignFile, isCompanion } from './foreign.js';
import { LONG, Text } from './text.js';

/** One JSON document of a file; `problem` when it is none. */
export interface Document {
  /** As the person named it, or the file in the folder that they named. */
  readonly file: string;
  /** From 1; null where the file is one document. */
  readonly line: number | null;
  readonly value: unknown;
  /** Why there is no value, with its own subject. */
  readonly problem: string | null;
  /** With a problem: it is whole, and something else than JSON. Otherwise it is damaged, and what was meant cannot be known. */
  readonly foreign: boolean;
}

/** How much is read. */
export interface Limits {
  /** UTF-16 units of one document, or of one item of a list that is longer: so much is in memory. */
  readonly document: number;
  /** Bytes that a compressed file may unpack to. */
  readonly unpacked: number;
}

const LIMITS: Limits = { document: 64 * 1024 * 1024, unpacked: 4 * 1024 * 1024 * 1024 };
/** Items of a long list that are handed on together. */
const AT_ONCE = 500;
/** So much of a file says what it is. */
const HEAD = 4096;
/** What says that it is JSON has to be JSON. */
const CLAIMS = /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i;

type Source = Pick<Io, 'cwd' | 'stdinChunks'>;

/**
 * The documents of files and folders, one after the other, in memory one at a time. A file is one JSON document, one a line, or several without
 * anything between them; its format follows from its contents, never from its name: gzip is unpacked, UTF-16 is read, and what is not JSON is named.
 * `-` is standard input. Folders are walked in the order of names; a document that is longer than fits into memory is read by the items of its
 * list of events.
 *
 * @param wanted of what is found in a folder, files and folders, these with a `/` at their end: others are left out.
 * @throws {CliError} `cli/file` when what was named cannot be read, or a folder holds no file.
 */
export async function* documentsOf(
  io: Source,
  names: readonly string[],
  limits: Limits = LIMITS,
  wanted: (path: string) => boolean = () => true,
): AsyncGenerator<Document> {
  if (names.filter((name) => name === '-').length > 1) throw new CliError('cli/usage', 'Standard input (-) can be read only once.');
  for (const name of names) {
    if (name === '-') {
      yield* documents({ file: '-', claims: true }, io.stdinChunks(), limits);
      continue;
    }
    let files = 0;
    for await (const { file, found, problem } of filesOf(io.cwd, name, wanted)) {
      files++;
      if (problem !== null) {
        yield { file, line: null, value: null, problem, foreign: false };
        continue;
      }
      const bytes = createReadStream(resolve(io.cwd, file));
      try {
        yield* documents({ file, claims: !found || CLAIMS.test(file) }, bytes, limits);
      } finally {
        bytes.destroy();
      }
    }
    if (files === 0) throw new CliError('cli/file', `There is no file in ${name}.`, { place: { file: name } });
  }
}

/**
 * The same for commands that act: everything is read once before anything is done, and again for what is done. What is something else than JSON
 * is among the documents, since it cannot have been meant.
 *
 * @returns the documents, to be read once more.
 * @throws {CliError} `cli/file`, with the place of everything that is damaged; `cli/usage`
 */
export async function checkedDocuments(io: Source, names: readonly string[], limits: Limits = LIMITS): Promise<() => AsyncGenerator<Document>> {
  const given: Document[] = [];
  const damaged: Document[] = [];
  for await (const document of documentsOf({ cwd: io.cwd, stdinChunks: () => bounded(io.stdinChunks(), limits) }, names, limits)) {
    if (document.file === '-') given.push(document);
    if (document.problem !== null && !document.foreign) damaged.push(document);
  }
  const [first] = damaged;
  if (first !== undefined) {
    const shown = damaged.slice(0, MOST_SHOWN).map((each) => `${placeOf(each)}: ${each.problem ?? ''}`);
    const left = damaged.length - shown.length;
    throw new CliError('cli/file', [...shown, ...(left === 0 ? [] : [`… and ${left} more.`])].join('\n'), {
      place: { file: first.file, ...(first.line === null ? {} : { line: first.line }) },
      next: 'Nothing was done. `redress normalize` shows what is read from a file.',
    });
  }
  return async function* () {
    for (const name of names)
      if (name === '-') yield* given;
      else yield* documentsOf(io, [name], limits);
  };
}

const MOST_SHOWN = 10;

/** Standard input cannot be read twice, so that it is kept. */
async function* bounded(chunks: AsyncIterable<Buffer | string>, limits: Limits): AsyncGenerator<Buffer | string> {
  const most = 4 * limits.document;
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > most) throw new CliError('cli/file', `Standard input is longer than ${most} bytes.`, { next: 'Nothing was done. Give a file.' });
    yield chunk;
  }
}

/** `file:line` */
export function placeOf({ file, line }: Pick<Document, 'file' | 'line'>): string {
  return line === null ? file : `${file}:${line}`;
}

/** A file to read; `found` in a folder rather than named. */
interface Found {
  readonly file: string;
  readonly found: boolean;
  readonly problem: string | null;
}

async function* filesOf(cwd: string, name: string, wanted: (path: string) => boolean, found = false): AsyncGenerator<Found> {
  let kind: Awaited<ReturnType<typeof stat>>;
  try {
    // Follows links to files; a folder below may be linked to what is above it.
    kind = await stat(resolve(cwd, name));
  } catch (cause) {
    if (found) {
      yield { file: name, found, problem: `It cannot be read: ${reasonOf(cause)}` };
      return;
    }
    throw new CliError('cli/file', `${name} cannot be read: ${reasonOf(cause)}`, { place: { file: name }, cause });
  }
  if (!kind.isDirectory()) {
    yield { file: name, found, problem: null };
    return;
  }
  let entries: Awaited<ReturnType<typeof entriesOf>>;
  try {
    entries = await entriesOf(resolve(cwd, name));
  } catch (cause) {
    yield { file: name, found, problem: `The folder cannot be read: ${reasonOf(cause)}` };
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = join(name, entry.name);
    if (isCompanion(entry.name) || !wanted(entry.isDirectory() ? `${below}/` : below)) continue;
    if (entry.isSymbolicLink() && (await isFolder(resolve(cwd, below))))
      yield { file: below, found: true, problem: 'It is a link to a folder: name the folder.' };
    else if (entry.isDirectory() || entry.isFile() || entry.isSymbolicLink()) yield* filesOf(cwd, below, wanted, true);
  }
}

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (kind) => kind.isDirectory(),
    () => false,
  );
}

/** What is read, and whether it says that it is JSON: by its name, or because a person named it. */
interface Named {
  readonly file: string;
  readonly claims: boolean;
}

/** The documents of one file, wherever it comes from. */
export async function* documents(named: Named, chunks: AsyncIterable<Buffer | string>, limits: Limits = LIMITS): AsyncGenerator<Document> {
  const { file } = named;
  const bad = (problem: string, foreign = false): Document => ({ file, line: null, value: null, problem, foreign });
  try {
    let bytes = await peek(chunks);
    // RFC 1952 2.3.1.
    if (bytes.head[0] === 0x1f && bytes.head[1] === 0x8b) bytes = await peek(unpacked(bytes.all(), limits));
    const other = foreignFile(bytes.head);
    if (other !== null) {
      yield bad(`It is ${other}, not JSON.`, true);
      return;
    }
    if (!named.claims && !mayBeJson(bytes.head)) {
      yield bad(`It is ${bytes.head.includes(0) ? 'a binary file' : 'a text'}, not JSON.`, true);
      return;
    }
    yield* parsed(file, new Text(decoded(bytes)), limits);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    yield bad(cause instanceof TooLong ? cause.message : `It cannot be read to the end: ${reasonOf(cause)}`);
  }
}

/** A limit that was met. */
class TooLong extends Error {}

/** The beginning, and everything. */
interface Peeked {
  readonly head: Buffer;
  readonly all: () => AsyncGenerator<Buffer>;
}

async function peek(chunks: AsyncIterable<Buffer | string>): Promise<Peeked> {
  const source = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let length = 0;
  while (length < HEAD) {
    const next = await source.next();
    if (next.done === true) break;
    const chunk = Buffer.from(next.value as string);
    first.push(chunk);
    length += chunk.length;
  }
  return {
    head: Buffer.concat(first).subarray(0, HEAD),
    all: async function* () {
      yield* first;
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield Buffer.from(next.value as string);
    },
  };
}

async function* unpacked(bytes: AsyncIterable<Buffer>, { unpacked: most }: Limits): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const packed = Readable.from(bytes);
  packed.once('error', (error) => gunzip.destroy(error));
  let length = 0;
  try {
    for await (const chunk of packed.pipe(gunzip) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > most) throw new TooLong(`It unpacks to more than ${most} bytes.`);
      yield chunk;
    }
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}

/** UTF-8, or UTF-16 as PowerShell writes it. Bytes that are neither are no text: another character in an id would name something else. */
async function* decoded({ head, all }: Peeked): AsyncGenerator<string> {
  const encoding = head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
  // A byte order mark is none of JSON's (RFC 8259 8.1), but editors write it; the decoder takes it away.
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new Error(`it is not ${encoding.toUpperCase()}`);
    }
  };
  for await (const chunk of all()) yield decode(chunk);
  yield decode();
}

function mayBeJson(head: Buffer): boolean {
  const text = head
    .toString(head[0] === 0xff && head[1] === 0xfe ? 'utf16le' : 'utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  return text === '' || /^[{["]/.test(text) || EXPORTED.test(text);
}

async function* parsed(file: string, text: Text, limits: Limits): AsyncGenerator<Document> {
  const parse = (source: string, line: number | null): Document => {
    try {
      return { file, line, value: JSON.parse(line === null ? source : source.replace(EXPORTED, '')) as unknown, problem: null, foreign: false };
    } catch (cause) {
      return { file, line, value: null, problem: `It is not JSON: ${messageOf(cause)}`, foreign: false };
    }
  };
  /** Lines that only make sense together. */
  const whole: string[] = [];
  let length = 0;
  let begun = false;
  let line = 0;
  for (let next = await text.line(limits.document); next !== null; next = await text.line(limits.document)) {
    if (next === LONG || length + next.length > limits.document) {
      // What comes before is put back, since it is one document with what follows.
      yield* streamed(file, [...whole, next === LONG ? '' : `${next}\n`].join('\n'), text, limits);
      return;
    }
    line++;
    const blank = next.trim() === '';
    const alone = begun || blank ? null : parse(next, line);
    if (alone?.problem === null) {
      const more = lines(text, line, parse, limits);
      const second = await more.next();
      yield second.done === true ? { ...alone, line: null } : alone;
      if (second.done !== true) yield second.value;
      yield* more;
      return;
    }
    begun ||= !blank;
    length += next.length + 1;
    whole.push(next);
  }
  yield* together(file, whole, parse, begun);
}

type Parse = (source: string, line: number | null) => Document;

/** One document a line: a bad one takes no other along. */
async function* lines(text: Text, before: number, parse: Parse, limits: Limits): AsyncGenerator<Document> {
  let line = before;
  for (let next = await text.line(limits.document); next !== null; next = await text.line(limits.document)) {
    line++;
    if (next === LONG) {
      await text.skipLine();
      yield { ...parse('null', line), problem: `The line is longer than ${limits.document} characters.` };
    } else if (next.trim() !== '') yield parse(next, line);
  }
}

/** Everything, if no single line was the first document. */
function* together(file: string, whole: readonly string[], parse: Parse, begun: boolean): Generator<Document> {
  if (!begun) {
    yield { file, line: null, value: null, problem: 'The file is empty.', foreign: false };
    return;
  }
  const text = whole.join('\n');
  const one = parse(text, null);
  if (one.problem === null) yield one;
  else {
    const several = /\}\s*\{/.test(text) ? joined(text) : null;
    if (several !== null) for (const value of several) yield { ...one, value, problem: null };
    // The first of one document a line may be the bad one.
    else if (whole.some((line) => line.startsWith('{') && parse(line, 0).problem === null))
      for (const [index, line] of whole.entries()) {
        if (line.trim() !== '') yield parse(line, index + 1);
      }
    else yield one;
  }
}

/** Documents with nothing between them, as Firehose writes them; null when they are none. */
function joined(text: string): readonly unknown[] | null {
  const values: unknown[] = [];
  let broken = false;
  const parser = new JSONParser({ paths: ['$'], separator: '' });
  parser.onValue = ({ value }) => void values.push(value);
  parser.onError = () => {
    broken = true;
  };
  parser.write(text);
  if (!broken) parser.end();
  return broken ? null : values;
}

/** A document that is longer than fits into memory, by the items of its list of events. */
async function* streamed(file: string, before: string, text: Text, limits: Limits): AsyncGenerator<Document> {
  const bad = (problem: string, foreign = false): Document => ({ file, line: null, value: null, problem, foreign });
  const rest = text.rest();
  let piece = before;
  while (piece.trim() === '') {
    const next = await rest.next();
    if (next.done === true) return;
    piece = next.value;
  }
  const list = piece.trimStart().startsWith('[');
  const parser = new JSONParser({ paths: list ? ['$.*'] : EVENT_LISTS.map((member) => `$.${member}.*`), keepStack: false });
  let items: unknown[] = [];
  let member: string | null = null;
  let found = 0;
  /** Of what is read and was not handed on. */
  let held = 0;
  let broken: string | null = null;
  const ready: unknown[] = [];
  const hand = () => {
    if (items.length > 0) ready.push(list || member === null ? items : { [member]: items });
    items = [];
  };
  parser.onValue = ({ value, stack }) => {
    const own = list ? null : String(stack[1]?.key);
    if (own !== member) hand();
    member = own;
    items.push(value);
    found++;
    held = 0;
    if (items.length >= AT_ONCE) hand();
  };
  parser.onError = (cause) => {
    broken = messageOf(cause);
  };
  for (let done = false; !done; ) {
    // In parts: one piece may be as long as all that was held.
    for (let from = 0; from < piece.length && broken === null; from += PART) {
      const part = piece.slice(from, from + PART);
      held += part.length;
      parser.write(part);
      while (ready.length > 0) yield { ...bad(''), value: ready.shift(), problem: null };
      if (held > limits.document)
        throw new TooLong(
          `The document is longer than ${limits.document} characters${found === 0 ? ', and does not begin with a list of events' : ', and so is one item of it'}.`,
        );
    }
    if (broken !== null) break;
    const next = await rest.next();
    done = next.done === true;
    piece = next.done === true ? '' : next.value;
  }
  hand();
  while (ready.length > 0) yield { ...bad(''), value: ready.shift(), problem: null };
  if (broken !== null) yield bad(`It is not JSON: ${String(broken)}`);
  else if (!parser.isEnded) yield bad('It cannot be read to the end: the document is truncated.');
  else if (found === 0) yield bad(`It is a document of more than ${limits.document} characters without a list of events.`, true);
}

const PART = 65_536;
