import type { Json, JsonObject } from '../model/json.js';
import { redact } from '../redact.js';

/**
 * Readers of untrusted members. Each answers null when a value is not what it should be, so that a decoder is a list of members
 * and never a list of checks.
 */

/** Longest text that is copied out of an event, in UTF-16 units. */
export const MAX_TEXT = 2048;

// C0, C1, DEL, line and paragraph separators break log lines; directional marks make text read as other text; a lone surrogate has no
// UTF-8 form, so nothing that holds one can be digested.
const UNSAFE_ALL = /[\p{Cc}\p{Surrogate}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
// The same without surrogates, and without the flag that looks for pairs: of Latin texts, which most are, it reads one byte a character.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const UNSAFE_PLAIN = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const isSafe = (value: string) => !UNSAFE_PLAIN.test(value) && value.isWellFormed();

/**
 * A text that is safe to log and to digest: bounded, control characters written as `\uXXXX`.
 *
 * @example cleanText('a\nb') === 'a\\u000ab'
 */
function cleanText(value: string, max: number = MAX_TEXT): string {
  // What is cut off a secret leaves one that nobody recognizes.
  const bounded = value.length > max ? `${redact(value).slice(0, max - 1)}…` : value;
  if (isSafe(bounded)) return bounded;
  return bounded.replace(UNSAFE_ALL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A non-empty text, cleaned; null for everything else. */
export function text(value: unknown, max: number = MAX_TEXT): string | null {
  return typeof value === 'string' && value !== '' ? cleanText(value, max) : null;
}

/**
 * A text that names something: null when it is too long or holds control characters. Cutting or escaping it, as {@link text} does,
 * would make it the name of something else.
 */
export function name(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && isSafe(value) ? value : null;
}

/** A finite number, or null. */
export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** An object's members; an empty object for everything else, so that a path of members needs no checks. */
export function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : NOTHING;
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze(Object.create(null) as Record<string, unknown>);

/** Elements of an array; none for everything else. */
export function elements(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// Ranges are in the pattern: `Date.parse` costs more than everything else that is done with a time.
const ISO = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/;

/** An ISO 8601 time, as written; a time without a zone gets `Z`, since AWS writes UTC. Null if it is not a time. */
export function time(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 40) return null;
  if (!ISO.test(value)) return null;
  // What nearly all are written with: the groups of a match cost more than the test.
  return value.endsWith('Z') || ISO.exec(value)?.[1] !== undefined ? value : `${value}Z`;
}

/** Milliseconds since 1970 as ISO 8601, or null. */
export function epoch(value: unknown): string | null {
  const ms = number(value);
  // 8.64e15 is the last moment that a Date can hold (ECMA-262 21.4.1.1).
  return ms === null || Math.abs(ms) > 8.64e15 ? null : new Date(ms).toISOString();
}

/** Scalars worth carrying, without those that are not there. */
export function scalars(values: Readonly<Record<string, string | number | boolean | null | undefined>>): { readonly [key: string]: Json } {
  const kept: Record<string, Json> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== null && value !== undefined) kept[key] = value;
  }
  return kept;
}

/** Bounds of a copy made by {@link copyJson}. */
const MAX_DEPTH = 40;
const MAX_NODES = 20_000;
const MAX_COPIED_TEXT = 16_384;

/** A bounded copy of an event's member. */
export interface JsonCopy {
  readonly value: Json;
  /** Whether something was cut or left out. */
  readonly truncated: boolean;
}

/**
 * A deep, frozen, bounded JSON copy of anything: what is not JSON is left out, what is too deep, too long or too much is cut and said so.
 * One pass, because this is most of the work that is done on a CloudTrail record.
 */
export function copyJson(value: unknown): JsonCopy {
  const budget: Budget = { nodes: MAX_NODES, truncated: false };
  const copied = copy(value, 0, budget);
  return { value: copied === undefined ? null : copied, truncated: budget.truncated };
}

/** {@link copyJson} of an object; null for everything else. */
export function copyObject(value: unknown): { readonly value: JsonObject | null; readonly truncated: boolean } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ABSENT;
  return copyJson(value) as { value: JsonObject; truncated: boolean };
}

const ABSENT = Object.freeze({ value: null, truncated: false });

interface Budget {
  nodes: number;
  truncated: boolean;
}

function copy(value: unknown, depth: number, budget: Budget): Json | undefined {
  switch (typeof value) {
    case 'string':
      return copyText(value, budget);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (depth >= MAX_DEPTH) {
    budget.truncated = true;
    return null;
  }
  if (Array.isArray(value)) {
    const array: Json[] = [];
    for (let i = 0; i < value.length; i++) {
      if (--budget.nodes < 0) {
        budget.truncated = true;
        break;
      }
      array.push(copy(value[i], depth + 1, budget) ?? null);
    }
    return Object.freeze(array);
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return EMPTY;
  const object: Record<string, Json> = {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (--budget.nodes < 0) {
      budget.truncated = true;
      break;
    }
    const member = copy((value as Record<string, unknown>)[key], depth + 1, budget);
    if (member === undefined) continue;
    // `object.__proto__ = …` would set the prototype instead of a member.
    if (key === '__proto__') Object.defineProperty(object, key, { value: member, enumerable: true, writable: true, configurable: true });
    else object[copyText(key, budget)] = member;
  }
  return Object.freeze(object);
}

// Many members of a record are empty objects, and what is frozen can be shared.
const EMPTY = Object.freeze({});

function copyText(value: string, budget: Budget): string {
  if (value.length <= MAX_COPIED_TEXT) return value.isWellFormed() ? value : value.toWellFormed();
  budget.truncated = true;
  return redact(value).slice(0, MAX_COPIED_TEXT).toWellFormed();
}
