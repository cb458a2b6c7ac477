// Scans canonical JSON from its end, because the members that say where a record belongs come after its body. It creates no strings for comparisons.

const QUOTE = 34;
const BACKSLASH = 92;

/** Whether a text is at an offset. Each of its characters is one byte. */
export function standsAt(bytes: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[from + at] !== text.charCodeAt(at)) return false;
  return true;
}

/** The end of a text that has to end at an offset, as {@link standsAt}; -1 if another text is there. */
export function beforeText(bytes: Uint8Array, end: number, text: string): number {
  return standsAt(bytes, end - text.length, text) ? end - text.length : -1;
}

/** The start of a string without escapes that ends at an offset, both including the quote; -1 if there is none. */
export function beforeString(bytes: Uint8Array, end: number): number {
  if (bytes[end - 1] !== QUOTE) return -1;
  for (let at = end - 2; at >= 0; at--) {
    if (bytes[at] === QUOTE) return bytes[at - 1] === BACKSLASH ? -1 : at;
    if (bytes[at] === BACKSLASH) return -1;
  }
  return -1;
}

/** The start of a number from 1 that ends at an offset; -1 if there is none. */
export function beforeNumber(bytes: Uint8Array, end: number): number {
  let at = end;
  while (isDigit(bytes[at - 1])) at--;
  return at < end && bytes[at] !== ZERO ? at : -1;
}

const ZERO = 48;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte < ZERO + 10;
