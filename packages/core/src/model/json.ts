import { hash } from 'node:crypto';
import canonicalizeRfc8785 from 'canonicalize';
import { RedressError } from './errors.js';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * `T` with everything that does not survive JSON made a compile error: dates, bytes, big integers, functions.
 * AWS SDK request types have no index signature, so they cannot be compared with {@link Json} directly.
 */
export type JsonSafe<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends Date | Uint8Array | bigint | symbol | ((...args: never[]) => unknown)
    ? never
    : T extends readonly (infer E)[]
      ? readonly JsonSafe<E>[]
      : T extends object
        ? { readonly [K in keyof T]: JsonSafe<T[K]> }
        : never;

/** A SHA-256 digest as `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/**
 * The RFC 8785 (JSON Canonicalization Scheme) text of a value.
 * These bytes are what is hashed, stored and compared.
 *
 * @throws {RedressError} `json/not-json` when the value is not JSON (lone surrogates, NaN, undefined).
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    const sorted = inOrder(value);
    if (sorted === FLAWED) assertJson(value);
    // What the engine of JavaScript writes is what RFC 8785 wants, but for the order of members: it is several times as quick.
    text = sorted === FLAWED || sorted === UNORDERED ? canonicalizeRfc8785(value) : JSON.stringify(sorted);
  } catch (cause) {
    if (cause instanceof RedressError) throw cause;
    throw new RedressError('json/not-json', `The value cannot be written as canonical JSON: ${String(cause)}`, { cause });
  }
  if (text === undefined) throw new RedressError('json/not-json', 'The value cannot be written as canonical JSON.');
  return text;
}

/** SHA-256 over the UTF-8 bytes of a text. */
export function digestText(text: string): Digest {
  return `sha256:${hash('sha256', text)}`;
}

/**
 * SHA-256 over the RFC 8785 bytes of a value: the name of a plan, a state, a policy.
 *
 * @example digestOf({ b: 1, a: 2 }) === digestOf({ a: 2, b: 1 })
 * @throws {RedressError} `json/not-json`
 */
export function digestOf(value: unknown): Digest {
  return digestText(canonicalJson(value));
}

/** What is not JSON within a value, and the path to it. */
interface Flaw {
  readonly what: string;
  readonly way: (string | number)[];
}

function assertJson(value: unknown): void {
  const flaw = flawIn(value);
  if (flaw === null) return;
  const path = flaw.way.reduceRight((so, step) => `${so}/${step}`, '');
  throw new RedressError('json/not-json', `${path === '' ? 'The value' : path} is ${flaw.what}; only JSON can be planned, recorded and compared.`);
}

function flawIn(value: unknown): Flaw | null {
  if (value === null || typeof value === 'boolean') return null;
  // RFC 8785 3.2.2.2: a lone surrogate has no UTF-8 form, so two texts could share one digest.
  if (typeof value === 'string') return value.isWellFormed() ? null : { what: 'a string with a lone surrogate', way: [] };
  if (typeof value === 'number') return Number.isFinite(value) ? null : { what: String(value), way: [] };
  if (typeof value !== 'object') return { what: typeof value, way: [] };
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const flaw = flawIn(value[at]);
      if (flaw !== null) return { ...flaw, way: [...flaw.way, at] };
    }
    return null;
  }
  const proto = Object.getPrototypeOf(value) as unknown;
  if (proto !== Object.prototype && proto !== null) return { what: `a ${value.constructor?.name ?? 'class instance'}`, way: [] };
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) return { what: 'an object with a lone surrogate in a key', way: [] };
    const flaw = flawIn((value as Record<string, unknown>)[key]);
    if (flaw !== null) return { ...flaw, way: [...flaw.way, key] };
  }
  return null;
}

const INDEX = /^\d{1,10}$/;
/** Something in it is not JSON: {@link flawIn} says what. */
const FLAWED = Symbol('not JSON');
/** An object of JavaScript cannot have its members in the order of RFC 8785. */
const UNORDERED = Symbol('not in order');

/** The same JSON with its members in the order of RFC 8785. Each record and each state passes here several times: what is in order is not copied. */
function inOrder(value: unknown): unknown {
  if (typeof value === 'string') return value.isWellFormed() ? value : FLAWED;
  if (typeof value === 'number') return Number.isFinite(value) ? value : FLAWED;
  if (typeof value !== 'object') return typeof value === 'boolean' ? value : FLAWED;
  if (value === null) return value;
  if (Array.isArray(value)) return itemsInOrder(value);
  const proto = Object.getPrototypeOf(value) as unknown;
  if (proto !== Object.prototype && proto !== null) return FLAWED;
  const from = value as Record<string, unknown>;
  const names = Object.keys(from);
  let copy: Record<string, unknown> | null = null;
  let unordered = false;
  if (sortNames(names) || hidesItself(from)) {
    copy = copyUntil(0, names, from);
    unordered = copy === null;
  }
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    const member = from[name];
    const sorted = name.isWellFormed() ? inOrder(member) : FLAWED;
    if (sorted === FLAWED) return FLAWED;
    unordered ||= sorted === UNORDERED;
    if (!unordered && copy === null && sorted !== member) {
      copy = copyUntil(at, names, from);
      unordered = copy === null;
    }
    if (!unordered && copy !== null) copy[name] = sorted;
  }
  return unordered ? UNORDERED : (copy ?? value);
}

/** A copy with the members before a place. Null: no object of JavaScript has its members in that order. */
function copyUntil(at: number, names: readonly string[], from: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  if (names.some(cannotBePlaced)) return null;
  const copy: Record<string, unknown> = {};
  for (const name of names.slice(0, at)) copy[name] = from[name];
  return copy;
}

/** In an object of JavaScript, indices come first, in the order of their numbers; and one name is the prototype. */
function cannotBePlaced(name: string): boolean {
  return INDEX.test(name) || name === '__proto__';
}

function itemsInOrder(items: readonly unknown[]): unknown {
  let copy: unknown[] | null = hidesItself(items) ? [] : null;
  let unordered = false;
  for (let at = 0; at < items.length; at++) {
    const sorted = inOrder(items[at]);
    if (sorted === FLAWED) return FLAWED;
    if (copy === null && sorted !== items[at]) copy = Array.from({ length: at }, (_, before) => items[before]);
    unordered ||= sorted === UNORDERED;
    copy?.push(sorted);
  }
  return unordered ? UNORDERED : (copy ?? items);
}

/** Whether `JSON.stringify` would write something else than its members: what a function of its answers, or the text of `JSON.rawJSON`. */
function hidesItself(value: object): boolean {
  const { toJSON, rawJSON } = value as { readonly toJSON?: unknown; readonly rawJSON?: unknown };
  return typeof toJSON === 'function' || rawJSON !== undefined;
}

/** Sorts names by their UTF-16 code units. Returns whether they were not in order: mostly they are, and they are few. */
function sortNames(names: string[]): boolean {
  let from = 1;
  while (from < names.length && (names[from - 1] as string) < (names[from] as string)) from++;
  if (from >= names.length) return false;
  if (names.length > FEW) names.sort();
  else
    for (; from < names.length; from++) {
      const name = names[from] as string;
      let to = from;
      for (; to > 0 && (names[to - 1] as string) > name; to--) names[to] = names[to - 1] as string;
      names[to] = name;
    }
  return true;
}
/** As many are put in order one by one, which is quicker than to sort them. */
const FEW = 16;

/**
 * A deep, frozen copy that holds JSON only; members that are `undefined` are dropped as `JSON.stringify` does.
 *
 * @throws {RedressError} `json/not-json` with the path of what is not JSON.
 */
export function toJson<T>(value: T): T {
  const copy = dropUndefined(value);
  assertJson(copy);
  return deepFreeze(copy) as T;
}

function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const proto = Object.getPrototypeOf(value) as unknown;
  if (proto !== Object.prototype && proto !== null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    // `copy['__proto__'] = …` would set the prototype instead of a member.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: dropUndefined(member), enumerable: true, writable: true, configurable: true });
    else copy[key] = dropUndefined(member);
  }
  return copy;
}

/** Freezes a value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

/** Whether a value is a plain object (not an array, not null). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What an RFC 6901 JSON pointer names in a document, or `undefined`.
 *
 * @example atPointer({ a: [{ b: 1 }] }, '/a/0/b') === 1
 * @see https://www.rfc-editor.org/rfc/rfc6901
 */
export function atPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  let at: unknown = document;
  for (const raw of pointer.slice(1).split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = /^(0|[1-9][0-9]*)$/.test(key) ? at[Number(key)] : undefined;
    else if (isRecord(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}
