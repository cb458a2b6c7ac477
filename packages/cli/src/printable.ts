// Names, tags and messages come from accounts and events: whoever writes them must not be able to drive the terminal. C0, DEL and C1
// controls, line separators, and the marks that turn the direction of text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is escaped.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text with everything visible that a terminal would obey or hide.
 *
 * @example printable('a\u001b[2Jb') === 'a\\u001b[2Jb'
 */
export function printable(text: string): string {
  return text.replace(DANGEROUS, visible);
}

/** JSON for a terminal or a file: what JSON leaves bare of the same characters is escaped, too. */
export function printableJson(value: unknown): string {
  // Line feeds are the indentation; those in texts are escaped already.
  return JSON.stringify(value, null, 2).replace(DANGEROUS, (character) => (character === '\n' ? character : visible(character)));
}

function visible(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
