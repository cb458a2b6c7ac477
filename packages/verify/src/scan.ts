// Canonical JSON, looked at from its end: what says where a record belongs comes after its body. No strings are made of what is only compared.

const QUOTE = 34;
const BACKSLASH = 92;

/** Whether a text stands at a place: a byte for each of its characters. */
export function standsAt(bytes: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[from + at] !== text.charCodeAt(at)) return false;
  return true;
}

/** Where a text ends that ends at a place, as {@link standsAt}; -1 where another one does. */
export function beforeText(bytes: Uint8Array, end: number, text: string): number {
  return standsAt(bytes, end - text.length, text) ? end - text.length : -1;
}

/** Where a string without escapes begins, with its quote, that ends at a place with its quote; -1 where there is none. */
export function beforeString(bytes: Uint8Array, end: number): number {
  if (bytes[end - 1] !== QUOTE) return -1;
  for (let at = end - 2; at >= 0; at--) {
    if (bytes[at] === QUOTE) return bytes[at - 1] === BACKSLASH ? -1 : at;
    if (bytes[at] === BACKSLASH) return -1;
  }
  return -1;
}

/** Where a number from 1 begins that ends at a place; -1 where there is none. */
export function beforeNumber(bytes: Uint8Array, end: number): number {
  let at = end;
  while (isDigit(bytes[at - 1])) at--;
  return at < end && bytes[at] !== ZERO ? at : -1;
}

const ZERO = 48;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte < ZERO + 10;
