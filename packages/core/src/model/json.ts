import { createHash } from 'node:crypto';
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
  try {
    const text = written(value);
    // An escaped half of a character, or a backslash before these letters.
    if (text !== null && !text.includes('\\ud')) return text;
    // It names what is wrong, and where.
    assertJson(value, '');
    if (text !== null) return text;
  } catch (cause) {
    if (cause instanceof RedressError) throw cause;
    throw new RedressError('json/not-json', `The value cannot be written as canonical JSON: ${String(cause)}`, { cause });
  }
  throw new RedressError('json/not-json', 'The value cannot be written as canonical JSON.');
}

/**
 * Every record, plan and state goes through here, some of them many times; a library, with which tests compare, takes several times the time. RFC 8785
 * writes texts and numbers as JavaScript does (3.2.2), and sorts by UTF-16 code units, as `sort` does (3.2.3). Null: it is not JSON.
 */
function written(value: unknown): string | null {
  if (isInOrder(value)) return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return null;
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const each of value) {
      const text = written(each);
      if (text === null) return null;
      parts.push(text);
    }
    return `[${parts.join(',')}]`;
  }
  const proto = Object.getPrototypeOf(value) as unknown;
  if (proto !== Object.prototype && proto !== null) return null;
  for (const key of Object.keys(value).sort()) {
    const text = written((value as Record<string, unknown>)[key]);
    if (text === null) return null;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** Whether it is JSON whose members stand in the order of RFC 8785, as in all that was read from canonical JSON: then one call writes all of it. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'string' || typeof value === 'boolean';
  if (Array.isArray(value)) {
    for (const each of value) if (!isInOrder(each)) return false;
    return true;
  }
  const proto = Object.getPrototypeOf(value) as unknown;
  if (proto !== Object.prototype && proto !== null) return false;
  const keys = Object.keys(value);
  for (let at = 1; at < keys.length; at++) if (String(keys[at]) < String(keys[at - 1])) return false;
  for (const key of keys) if (!isInOrder((value as Record<string, unknown>)[key])) return false;
  return true;
}

/** SHA-256 over the UTF-8 bytes of a text. */
export function digestText(text: string): Digest {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
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

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function assertJson(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean') return;
  const refuse = (what: string): never => {
    throw new RedressError('json/not-json', `${path === '' ? 'The value' : path} is ${what}; only JSON can be planned, recorded and compared.`);
  };
  if (typeof value === 'string') {
    // RFC 8785 3.2.2.2: a lone surrogate has no UTF-8 form, so two texts could share one digest.
    if (LONE_SURROGATE.test(value)) refuse('a string with a lone surrogate');
    return;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(String(value));
    return;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) assertJson(value[i], `${path}/${i}`);
    return;
  }
  if (typeof value === 'object') {
    const proto = Object.getPrototypeOf(value) as unknown;
    if (proto !== Object.prototype && proto !== null) refuse(`a ${value.constructor?.name ?? 'class instance'}`);
    for (const [key, member] of Object.entries(value)) {
      if (LONE_SURROGATE.test(key)) refuse('an object with a lone surrogate in a key');
      assertJson(member, `${path}/${key}`);
    }
    return;
  }
  refuse(typeof value);
}

/**
 * A deep, frozen copy that holds JSON only; members that are `undefined` are dropped as `JSON.stringify` does.
 *
 * @throws {RedressError} `json/not-json` with the path of what is not JSON.
 */
export function toJson<T>(value: T): T {
  const copy = dropUndefined(value);
  assertJson(copy, '');
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
    Object.defineProperty(copy, key, { value: dropUndefined(member), enumerable: true, writable: true, configurable: true });
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
