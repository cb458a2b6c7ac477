// JSON in its canonical form (RFC 8785), which is what is hashed. It is checked by serializing it again.

/** A parsed JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
/** A parsed JSON object. */
export type JsonObject = { readonly [name: string]: Json };

/** Whether a value is an object with members. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is `sha256:` and 64 hexadecimal digits. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The value of a text in canonical form; undefined for any other text, even if only the order of members differs. */
export function readCanonical(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    // The engine serializes canonically if members are sorted, surrogates are paired, and no name is an integer, which would come first.
    if (JSON.stringify(value) === text && isSorted(value) && !text.includes('\\ud')) return value;
    return canonical(value) === text ? value : undefined;
  } catch {
    // Not JSON, or nested deeper than any document of Redress.
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

/** RFC 8785: members in the order of their UTF-16 code units, no whitespace, numbers and strings as in ECMAScript. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  // A lone surrogate has no UTF-8 form, so such a text is never canonical.
  if (typeof value === 'string' && !value.isWellFormed()) throw new RangeError('A lone surrogate.');
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${canonical(name)}:${canonical(value[name] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** The text of UTF-8 bytes; undefined for other bytes. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
