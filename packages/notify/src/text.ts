// Names, tags and messages come from accounts and events: whoever writes them must neither drive a terminal or a chat, nor carry a secret out.
// C0, DEL and C1 controls, line separators, and the marks that turn or hide text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is escaped.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;
// Half of a pair is no character: encoders replace it, or fail.
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** What stands for a secret. */
const REDACTED = '[redacted]';

/** What is no secret although it looks like one: digests are lower case, paths have words. */
const MIXED = /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])/;
const PATH = /^\/?[A-Za-z]+\/[A-Za-z]+\//;

const WHOLE: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  // JSON Web Tokens
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  /\bxox[a-z]-[A-Za-z0-9-]{8,}/g,
  /\bxapp-[A-Za-z0-9-]{8,}/g,
  /\bgh[opsur]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{20,}/g,
  /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}/g,
  /\bsk-[A-Za-z0-9_-]{20,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bATATT[A-Za-z0-9_=-]{20,}/g,
  /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g,
  /https:\/\/hooks\.slack\.com\/[^\s"'<>]+/g,
  /https:\/\/[^\s"'<>]*[?&]sig=[^\s"'<>]+/g,
];

/** A name that says what follows is a secret; group 1 is kept. */
const NAMED: readonly RegExp[] = [
  /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:)[^\s/@"']+(?=@)/gi,
  /(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi,
  /([?&]X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&"'<>]+/gi,
  // The value of a quoted name is quoted: all of it goes, spaces too.
  /((?:pass(?:word|wd|phrase)?|pwd|secret(?:[_-]?(?:access)?[_-]?key)?|client[_-]?secret|(?:api|access|private|auth|account)[_-]?(?:key|token)|(?:session|refresh|id|security)?[_-]?token|credentials?)["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}\]]{3,})/gi,
];

/** Replaces what looks like a secret. */
export function redact(text: string, more: readonly RegExp[] = []): string {
  let clean = text;
  for (const pattern of [...WHOLE, ...more]) clean = clean.replace(pattern, REDACTED);
  for (const pattern of NAMED) clean = clean.replace(pattern, (_match, kept: string) => `${kept}${REDACTED}`);
  // Secret access keys have 40 characters, session tokens far more.
  return clean.replace(/(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])=*|[A-Za-z0-9/+]{100,}=*/g, (found) =>
    MIXED.test(found) && !PATH.test(found) ? REDACTED : found,
  );
}

/** A text with everything visible that a terminal, a chat or a mail would obey or hide. */
function visible(text: string): string {
  const shown = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(DANGEROUS, shown).replace(LONE, shown);
}

/** What may leave: without secrets, and with nothing hidden. In this order, since a key spans lines. */
export function clean(text: string, more: readonly RegExp[] = []): string {
  return visible(redact(text, more));
}

/** At most so many characters, and never half of one. */
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
