/** Every error code that core throws; stable, so callers may switch on it. */
export type RedressErrorCode =
  | 'json/not-json'
  | 'resource/invalid'
  | 'remediator/invalid'
  | 'remediator/not-loaded'
  | 'service/invalid'
  | 'policy/invalid'
  | 'policy/unreadable'
  | 'register/invalid'
  | 'compose/invalid'
  | 'gate/undeclared'
  | 'gate/wrong-account'
  | 'gate/intent-not-open'
  | 'gate/stopped'
  | 'gate/no-time-left'
  | 'gate/redacted'
  | 'connect/policy-too-large'
  | 'aws/denied'
  | 'aws/throttled'
  | 'aws/gone'
  | 'aws/invalid'
  | 'aws/conflict'
  | 'aws/unreachable'
  | 'aws/server'
  | 'aws/not-emulated'
  | 'aws/unknown'
  | 'journal/unavailable'
  | 'journal/lost-lease'
  | 'journal/behind'
  | 'journal/corrupt'
  | 'journal/not-found'
  | 'journal/invalid'
  | 'ledger/invalid'
  | 'ledger/key'
  | 'ledger/corrupt'
  | 'ledger/unavailable'
  | 'rollback/refused'
  | 'approval/refused'
  | 'breaker/refused'
  | 'retry/refused'
  | 'attest/refused'
  | 'recovery/refused'
  | 'replay/not-recorded'
  | 'evaluation/refused'
  | 'evaluation/unreadable'
  | 'notify/invalid'
  | 'notify/failed'
  | 'engine/bug';

const MARK = Symbol.for('redress.error');

/** What a {@link RedressError} may have in addition to its message. */
export interface RedressErrorOptions {
  /** The error underneath. */
  readonly cause?: unknown;
  /** What to do next, in one sentence, for the person who reads it. */
  readonly next?: string;
  /** Where in the input: file, line, column, path. */
  readonly place?: Place;
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** All mistakes in a document that a person wrote; `place` is that of the first. */
  readonly mistakes?: readonly PlacedMistake[];
}

/** One mistake in a document, and where it is. */
export interface PlacedMistake {
  readonly message: string;
  readonly place: Place;
}

/** A place in an input that a person wrote. Lines and columns count from 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Path in the document, for example `remediators.ec2-revoke-sg-open-ssh.dev`. */
  readonly path?: string;
}

/**
 * The one error class of Redress. Compare `code`, never the message.
 *
 * @example
 * try { await redress.rollback(id); }
 * catch (error) { if (isRedressError(error) && error.code === 'rollback/refused') console.error(error.next); }
 */
export class RedressError extends Error {
  readonly code: RedressErrorCode;
  readonly next: string | undefined;
  readonly place: Place | undefined;
  readonly retryable: boolean;
  readonly mistakes: readonly PlacedMistake[];
  /** @internal */
  readonly [MARK] = true;

  constructor(code: RedressErrorCode, message: string, options: RedressErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RedressError';
    this.code = code;
    this.next = options.next;
    this.place = options.place;
    this.retryable = options.retryable ?? false;
    this.mistakes = options.mistakes ?? [];
  }
}

/** Whether a value is a {@link RedressError}, even if another copy of this package created it. */
export function isRedressError(value: unknown): value is RedressError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true;
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message;
  return String(thrown);
}

/** A place as `redress.yaml:12:3 (remediators.x)`. */
export function formatPlace(place: Place | undefined): string {
  if (place === undefined) return '';
  const at = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  if (place.path === undefined || place.path === '') return at;
  return at === '' ? place.path : `${at} (${place.path})`;
}
