// JSON in the one form that is hashed (RFC 8785), checked by writing it once more.

/** A parsed JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
/** A parsed JSON object. */
export type JsonObject = { readonly [name: string]: Json };

/** Whether a value is an object that has members. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is `sha256:` and 64 hexadecimal digits. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The value of a text in canonical form; undefined for any other text, also where only the order of members differs. */
export function readCanonical(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    // What the engine writes is canonical where members are sorted, surrogates come in pairs, and no name is a number, which it would put first.
    if (JSON.stringify(value) === text && isSorted(value) && !text.includes('\\ud')) return value;
    return canonical(value) === text ? value : undefined;
  } catch {
    // No JSON, or nested more deeply than anything that is written.
    return undefined;
  }
}

function isSorted(value: Json): boolean {
  if (Array.isArray(value)) return (value as readonly Json[]).every(isSorted);
  if (!isObject(value)) return true;
  let before: string | null = null;
  for (const [name, each] of Object.entries(value)) {
    if ((before !== null && name <= before) || !isSorted(each)) return false;
    before = name;
  }
  return true;
}

/** RFC 8785: members in the order of their UTF-16 code units, no space, numbers and strings as ECMAScript writes them. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  // A lone surrogate has no UTF-8 form: no such text is canonical.
  if (typeof value === 'string' && !value.isWellFormed()) throw new RangeError('A lone surrogate.');
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${canonical(name)}:${canonical(value[name] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** The text of bytes that are UTF-8; undefined otherwise. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
