import { formatPlace, isRedressError, messageOf, type Place, type PlacedMistake } from '@redress/core';
import { CommanderError } from 'commander';
import { printable } from './printable.js';

/** Codes of the command line's own errors; the others are those of `RedressError`. */
export type CliErrorCode = 'cli/usage' | 'cli/bundle' | 'cli/file' | 'cli/config' | 'cli/not-found' | 'remote/unreachable' | 'remote/unreadable';

/** A mistake in how the command was called, or in a file that it was given. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly next: string | null;
  readonly place: Place | null;

  constructor(code: CliErrorCode, message: string, options: { next?: string; place?: Place; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CliError';
    this.code = code;
    this.next = options.next ?? null;
    this.place = options.place ?? null;
  }
}

/** What the approvals' Function URL answered; its codes are those of `@redress/lambda-runtime`. */
export class RemoteError extends Error {
  readonly code: string;
  readonly next: string | null;

  constructor(code: string, message: string, next: string | null) {
    super(message);
    this.name = 'RemoteError';
    this.code = code;
    this.next = next;
  }
}

/** What `--json` answers on an error. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly next: string | null;
    readonly place: Place | null;
    /** Of a document that a person wrote: all of them, each with its place. */
    readonly mistakes?: readonly PlacedMistake[];
  };
}

// What the person who called has to correct; everything else is the world's doing.
const CALLERS = /^(?:cli\/(?!bug|disk)|policy\/|register\/|compose\/|resource\/|remediator\/|service\/|ledger\/key)/;

/** An error as a document, as lines for people, and as an exit code. */
export function explain(error: unknown): { document: ErrorDocument; text: string; exit: 1 | 2 } {
  const { code, message, next, place } = membersOf(error);
  const lines = message.split('\n').map(printable).join('\n');
  const at = place === null ? '' : formatPlace(place);
  const text = [
    `redress: ${lines}`,
    ...(at === '' || message.includes(at) ? [] : [`  at ${printable(at)}`]),
    ...(next === null ? [] : [`  ${printable(next)}`]),
    '',
  ].join('\n');
  const mistakes = isRedressError(error) ? error.mistakes : [];
  return { document: { error: { code, message, next, place, ...(mistakes.length === 0 ? {} : { mistakes }) } }, text, exit: CALLERS.test(code) ? 2 : 1 };
}

function membersOf(error: unknown): { code: string; message: string; next: string | null; place: Place | null } {
  if (isRedressError(error)) return { code: error.code, message: error.message, next: error.next ?? null, place: error.place ?? null };
  if (error instanceof CliError) return { code: error.code, message: error.message, next: error.next, place: error.place };
  if (error instanceof RemoteError) return { code: error.code, message: error.message, next: error.next, place: null };
  if (error instanceof CommanderError)
    return { code: 'cli/usage', message: error.message.replace(/^error: /, ''), next: '`redress --help` shows commands and options.', place: null };
  if (error instanceof Error && ['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code)))
    return { code: 'cli/disk', message: `The disk is full: ${error.message}`, next: 'Free some space, and try again.', place: null };
  return { code: 'cli/bug', message: `An unexpected error: ${messageOf(error)}`, next: 'Please report it.', place: null };
}
