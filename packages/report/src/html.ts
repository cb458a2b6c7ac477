// The one way into HTML: text is escaped by construction, and nothing else can be put in.

const BRAND: unique symbol = Symbol('html');

/** HTML that {@link html} has made. A bare text is none. */
export interface Html {
  readonly [BRAND]: string;
}

/** What a template takes: text is escaped, `false` and null are nothing. */
export type Fragment = Html | string | number | null | false | readonly Fragment[];

const made = (text: string): Html => ({ [BRAND]: text });
const isHtml = (value: Fragment): value is Html => typeof value === 'object' && value !== null && BRAND in value;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
// What no reader sees and what turns the direction of text: names come from accounts. Line feeds and tabs are spaces to HTML.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is shown.
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;

/** Every character that one of the two replaces, and half of each one beyond the basic plane. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const NEEDS = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/;

/** A text as HTML shows it: markup is text, and what is invisible is visible. */
function escaped(text: string): string {
  // Most texts need nothing, and to look for that is quick.
  if (!NEEDS.test(text)) return text;
  return text
    .replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function textOf(value: Fragment): string {
  if (value === null || value === false) return '';
  if (isHtml(value)) return value[BRAND];
  if (typeof value === 'object') return value.map(textOf).join('');
  return escaped(String(value));
}

/**
 * HTML from a template. Values are escaped, within quoted attributes too; what this function has made is put in as it is.
 *
 * @example html`<p>${'<b>'}</p>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return made(strings.map((text, index) => text + textOf(values[index] ?? null)).join(''));
}

/** The style of the page, and nothing that a record holds. It must not end its own element. */
export function styleElement(css: string): Html {
  if (css.includes('</')) throw new Error('A style sheet cannot hold the end of an element.');
  return made(`<style>${css}</style>`);
}

/** A script that a page's policy names by its hash, and nothing that a record holds. It must not end its own element, nor begin a comment. */
export function scriptElement(script: string): Html {
  if (/<\/|<!--/.test(script)) throw new Error('A script cannot hold the end of an element.');
  return made(`<script>${script}</script>`);
}

/** A link within the page, or to a file next to it. */
export function link(to: string, label: Fragment): Html {
  if (!/^(?:#[\w.:-]+|[\w][\w.-]*(?:\/[\w][\w.-]*)*)$/.test(to)) throw new Error(`${JSON.stringify(to)} is not a link within the report.`);
  return html`<a href="${to}">${label}</a>`;
}

/** The text of what was made. */
export function render(made: Html): string {
  return made[BRAND];
}
