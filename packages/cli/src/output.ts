// What leaves the process. Apart from `io.ts`, so that help is shown without loading the engine.
import { redact } from '@redress/core';
import type { Answer, Io } from './io.js';
import { printableJson } from './printable.js';

/** The same, with standard error redacted: warnings quote what failed. */
export function discreet(io: Io): Io {
  return Object.assign(Object.create(io) as Io, { stderr: (text: string) => io.stderr(redact(text)) });
}

/**
 * Prints an answer: exactly one document on standard output with `--json`. What the engine answers and the journal holds is redacted already; a
 * register, a policy and an event are files of somebody's.
 */
export function print(io: Io, json: boolean, answer: Answer): void {
  const clean = <T>(value: T): T => (answer.verbatim === true ? value : redact(value));
  const text = json ? printableJson(clean(answer.json)) : clean(answer.text);
  if (text !== '') io.stdout(text.endsWith('\n') ? text : `${text}\n`);
}

/** An error, or anything else that no command produced, as the one document on standard output. */
export function printClean(io: Io, document: unknown): void {
  io.stdout(`${printableJson(redact(document))}\n`);
}
