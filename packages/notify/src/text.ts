import { redact } from '@redress/core';

// Names, tags and messages come from accounts and events: whoever writes them must neither drive a terminal or a chat, nor carry a secret out.
// C0, DEL and C1 controls, line separators, and the marks that turn or hide text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is escaped.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;
// Half of a pair is not a character: encoders replace it, or fail.
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text with everything visible that a terminal, a chat or a mail would obey or hide. */
function visible(text: string): string {
  const shown = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(DANGEROUS, shown).replace(LONE, shown);
}

/**
 * What may leave: without secrets, and with nothing hidden. In this order, since a key spans lines. What comes from the engine is redacted
 * already, under its key; this is for what a notifier adds, and for who calls it without the engine.
 */
export function clean(text: string, more: readonly RegExp[] = []): string {
  return visible(redact(text, null, { patterns: more }));
}

/** At most this many characters, and never half of one. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, Math.max(0, most - 1));
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** Bytes of a text as UTF-8. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * One word of a shell command, whatever is in it.
 *
 * @example quoted("it's") === "'it'\\''s'"
 */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_.:/@%+=,-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
