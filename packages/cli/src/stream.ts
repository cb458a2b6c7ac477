import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { messageOf } from '@redress/core';
import { reasonOf } from './compose.js';
import { CliError } from './errors.js';
import type { Io } from './io.js';

/** One JSON document of a file; `problem` when it is none. */
export interface Document {
  /** As the person named it, or the file in the folder that they named. */
  readonly file: string;
  /** From 1; null where the file is one document. */
  readonly line: number | null;
  readonly value: unknown;
  readonly problem: string | null;
}

/** A document may be this long, in UTF-16 units; longer ones are not read into memory. */
const MAX_DOCUMENT = 64 * 1024 * 1024;
const NAMES = /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i;

/**
 * The documents of files and folders, one after the other, in memory one at a time: a file is one JSON document, or one a line. `-` is
 * standard input. Folders are walked in the order of names; files that do not end in .json, .jsonl or .ndjson (or these with .gz) are left
 * out of them.
 *
 * @throws {CliError} `cli/file` when a file that was named cannot be read.
 */
export async function* documentsOf(io: Pick<Io, 'cwd' | 'stdinChunks'>, names: readonly string[]): AsyncGenerator<Document> {
  if (names.filter((name) => name === '-').length > 1) throw new CliError('cli/usage', 'Standard input (-) can be read only once.');
  for (const name of names) {
    if (name === '-') {
      yield* documents('-', io.stdinChunks());
      continue;
    }
    for await (const file of filesOf(io.cwd, name)) {
      const bytes = createReadStream(resolve(io.cwd, file));
      try {
        yield* documents(file, /\.gz$/i.test(file) ? bytes.pipe(createGunzip()) : bytes);
      } finally {
        bytes.destroy();
      }
    }
  }
}

async function* filesOf(cwd: string, name: string): AsyncGenerator<string> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(resolve(cwd, name));
  } catch (cause) {
    throw new CliError('cli/file', `${name} cannot be read: ${reasonOf(cause)}`, { place: { file: name }, cause });
  }
  if (!found.isDirectory()) {
    yield name;
    return;
  }
  const entries = await readdir(resolve(cwd, name), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* filesOf(cwd, join(name, entry.name));
    else if (NAMES.test(entry.name)) yield join(name, entry.name);
  }
}

async function* documents(file: string, chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Document> {
  const bad = (problem: string, line: number | null): Document => ({ file, line, value: null, problem });
  const parse = (text: string, line: number | null): Document => {
    try {
      return { file, line, value: JSON.parse(text) as unknown, problem: null };
    } catch (cause) {
      return bad(`It is not JSON: ${messageOf(cause)}`, line);
    }
  };
  /** Lines that only make sense together; null once the first line was a document by itself. */
  let whole: string[] | null = [];
  let length = 0;
  let line = 0;
  try {
    for await (const text of linesOf(chunks)) {
      line++;
      if (text === null) {
        yield bad(`The line is longer than ${MAX_DOCUMENT} characters.`, line);
        whole = null;
      } else if (whole === null) {
        if (text.trim() !== '') yield parse(text, line);
      } else {
        const first = whole.every((each) => each.trim() === '');
        const alone = first && text.trim() !== '' ? parse(text, line) : null;
        if (alone?.problem === null) {
          whole = null;
          yield alone;
          continue;
        }
        length += text.length + 1;
        if (length > MAX_DOCUMENT) {
          yield bad(`The document is longer than ${MAX_DOCUMENT} characters; give one document a line.`, null);
          return;
        }
        whole.push(text);
      }
    }
  } catch (cause) {
    yield bad(`It cannot be read to the end: ${messageOf(cause)}`, null);
    return;
  }
  if (whole === null) return;
  const text = whole.join('\n');
  yield text.trim() === '' ? bad('The file is empty.', null) : parse(text, null);
}

/** Lines without their end; null for one that is too long. */
async function* linesOf(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string | null> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  let started = false;
  const take = (): string | null => {
    const line = length > MAX_DOCUMENT ? null : parts.join('');
    parts = [];
    length = 0;
    return line === null ? null : line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  for await (const chunk of chunks) {
    let text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    // A byte order mark is none of JSON's (RFC 8259 8.1), but editors write it.
    if (!started && text !== '') {
      started = true;
      text = text.replace(/^\ufeff/, '');
    }
    for (let from = 0; ; ) {
      const end = text.indexOf('\n', from);
      const part = end < 0 ? text.slice(from) : text.slice(from, end);
      length += part.length;
      if (length <= MAX_DOCUMENT && part !== '') parts.push(part);
      if (end < 0) break;
      yield take();
      from = end + 1;
    }
  }
  if (length > 0) yield take();
}
