import { createHmac } from 'node:crypto';
import { isRecord } from './model/json.js';
import { OUTCOMES } from './model/outcome.js';

/** What is redacted in addition to the built-in rules. */
export interface RedactionRules {
  /** Names whose values are secrets in any form, such as `x-acme-pin`. Case and punctuation do not matter. */
  readonly names?: readonly string[];
  /** Patterns that match a whole secret, with the flag `g`. */
  readonly patterns?: readonly RegExp[];
}

const MARKER = /\[redacted(?: hmac:[0-9a-f]{16})?\]/;
const MARKERS = new RegExp(`(${MARKER.source})`);
const WHOLE_MARKER = new RegExp(`^${MARKER.source}$`);

/**
 * What stands for a secret: equal for equal secrets under one key, so that *changed or not* can still be seen. 64 bits of HMAC-SHA-256, since
 * a plain digest of a short secret can be guessed.
 */
function markerOf(secret: string, key: string | null): string {
  return key === null ? '[redacted]' : `[redacted hmac:${createHmac('sha256', key).update(secret, 'utf8').digest('hex').slice(0, 16)}]`;
}

/** Whether something was redacted in a value. A value that is written to AWS must not contain a marker. */
export function holdsMarker(value: unknown): boolean {
  if (typeof value === 'string') return MARKER.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => MARKER.test(name) || holdsMarker(member));
}

// Where a word begins, also behind an escaped line feed: `\nghp_…`.
const START = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\(?:u[0-9a-f]{4}|[nrt])))`;

// Forms of tokens, as their issuers document them and secret scanners know them.
// https://github.com/gitleaks/gitleaks/blob/v8.28.0/config/gitleaks.toml
// https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
const FORMS: readonly RegExp[] = (
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
    /AGE-SECRET-KEY-1[0-9A-Z]{40,}/g,
    // JSON Web Tokens, and what wraps them
    /\b(?:ops_)?eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
    /\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}/g,
    /\b(?:gh[opsur]|github_pat|npm|hf|glsa|glc|dckr_pat|dop_v1|doo_v1|dor_v1|shp(?:at|ss|ca|pa)|pscale_(?:tkn|pw|oauth)|lin_api|rubygems|figd|ntn|sntrys|pnu|tskey-[a-z]+|whsec|(?:sk|rk|pk)_(?:live|test))_[A-Za-z0-9_.=+/-]{10,}/g,
    /\b(?:gl(?:pat|ptt|dt|rt|cbt|ft|soat|imt|agent|oas)|sk|key|NRAK|PMAK|HRKU|pul|GOCSPX|pypi|tskey|sq0(?:csp|atp))-[A-Za-z0-9_-]{20,}/g,
    /\b(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|AT(?:ATT|CTT3)[A-Za-z0-9_=-]{20,}|dapi[a-f0-9]{32}|AKCp[A-Za-z0-9]{20,}|EAAA[A-Za-z0-9_-]{56,})/g,
    /\b(?:SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|hv[sbr]\.[A-Za-z0-9_-]{20,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,}|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,})/g,
    /\b[0-9a-f]{32}-us\d{1,2}\b/g,
    /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/g,
    // A client secret of Entra ID
    /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/g,
    // Whoever knows these addresses may post
    /https:\/\/(?:hooks\.slack\.com|[a-z0-9.-]{1,80}\.webhook\.office\.com|(?:ptb\.|canary\.)?discord(?:app)?\.com\/api\/webhooks|chat\.googleapis\.com\/v1\/spaces)\/[^\s"'<>\\]+/g,
    /https:\/\/[^\s"'<>]{1,512}[?&]sig=[^\s"'<>\\]+/g,
    // Signed requests, with what signs them
    /[?&]X-Amz-(?:Signature|Credential|Security-Token)=([^\s&"'<>]+)/gi,
    /:\/\/[^\s/:@"']{0,128}:([^\s/@"']{1,512})(?=@)/gi,
    /\b(?:bearer|basic)\s{1,8}([A-Za-z0-9._~+/=-]{8,})/gi,
    /\blogin\s{1,8}\S{1,128}\s{1,8}password\s{1,8}(\S+)/g,
    /\b(?:IDENTIFIED\s{1,8}BY|WITH(?:\s{1,8}LOGIN)?\s{1,8}PASSWORD)\s{1,8}'([^']{1,256})'/gi,
    /\becho\s{1,8}\\*["']?[\w.-]{1,64}:([^"'\s|\\]{1,256})\\*["']?\s{0,8}\|\s{0,8}(?:sudo\s{1,8})?chpasswd\b/g,
    /\bsshpass\s{1,8}-p\s{0,8}\\*["']?([^\s"'\\]+)/g,
    /\s(?:-u|--user)[ =]\\*["']?[^\s:"']{1,128}:([^\s"'\\]+)/g,
  ] as const
).map(({ source, flags }) => new RegExp(source.replace(/^\\b/, START), flags));

/** Most texts contain none of them, which one search shows. */
const ANY_FORM = new RegExp(FORMS.map(({ source }) => source).join('|'), 'i');

/** The last word of a name whose value is a secret. */
const SECRET_WORD = /(?:password|passwd|passphrase|pwd|secret|token|apikey|secretkey|privatekey|credentials?|authorization)\d*$/;
const SECRET_PAIR =
  /(?:^| )(?:api|app|application|secret|private|access|auth|account|shared|encryption|signing|license|service|storage|deploy|integration|webhook|ssh|sas|master|subscription) key\d*$|(?:^| )(?:webhook url|connection string|conn(?:ection)? str|[a-z]+ pass)$/;
/** Tokens that only say where to go on, or that make a request idempotent. */
const OPEN_TOKEN = /(?:next|client|request|pagination|continuation|idempotency|page|starting|start|task|result|sequence|change|etag) ?token$/;
/** What is as random as a key, and public: it signs a message, or names a delivery of it. */
const OPEN_NAME = /(?:^| )(?:signature|receipt handle|certificate(?: body| chain)?|public key|fingerprint|digest|checksum|etag|cursor|marker)$/;
/** A value under such a name that is not a secret: a setting, a reference, a marker. */
const OPEN_VALUE =
  /^(?:|true|false|yes|no|none|null|undefined|enabled|disabled|required|optional|active|inactive|default|unknown|on|off|missing|expired|invalid|plaintext|plain|secure|string|securestring|aws_iam|hidden_due_to_security_reasons|\*+|\d{1,3}|arn:aws[^ ]*|alias\/[^ ]*|sha256:[0-9a-f]{64}|\{\{(?:resolve|ssm)[^}]*\}\}|\$\{[^}]*\}|\$[a-z_]\w*|\$\([^)]*\)|!ref .*|<[^>]*>)$/i;
/** What is said of a remediator whose id ends like the name of a secret: `iam-flag-stale-access-key: notify`. */
const SAID_OF_IDS = new RegExp(`^(?:(?:enforce|approve|plan|notify|${OUTCOMES.join('|')}):?|AWS::[A-Za-z0-9:]+)$`);
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
const KEY_IDS = /^(?:AKIA|ASIA)[A-Z0-9]*(?:[ ,:+/]+(?:AKIA|ASIA)[A-Z0-9]*)*$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NAMES_A_KEY = /(?:encryption|master|signing) key$/;

/** What a name says of the value under it. */
interface Said {
  /** `dbPassword_2` as `db password`. */
  readonly words: string;
  /** Whether its value is a secret by the built-in rules, unless it is known to be open. */
  readonly secret: boolean;
  /** Whether its value may be as random as a key, and public. */
  readonly open: boolean;
  /** Whether its value says what another is called. */
  readonly calls: boolean;
  /** Whether its value is of what another calls. */
  readonly valued: boolean;
}

/** Names come again and again: members of the same replies, tags of the same account. */
const known = new Map<string, Said>();

function saidBy(name: string): Said {
  const said = known.get(name);
  if (said !== undefined) return said;
  const words = split(name.slice(-256));
  const token = OPEN_TOKEN.test(words);
  const made: Said = {
    words,
    secret: !token && (SECRET_WORD.test(words) || SECRET_PAIR.test(words)),
    open: token || OPEN_NAME.test(words),
    calls: CALLED.test(name),
    valued: VALUED.test(name),
  };
  if (known.size >= 5000) known.clear();
  if (name.length <= 64) known.set(name, made);
  return made;
}

function split(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .replace(/(?: \d+)+$/, '')
    .trim();
}

/** The members of an object that say what its value is called: of tags, environments, parameters. */
const CALLED = /^(?:(?:parameter|option|variable|tag)?(?:key|name))$/i;
const VALUED = /^(?:(?:parameter|option|variable|tag|default|resolved|string|secret)?values?)$/i;

/** `NAME=`, `"name":`, `--name ` in a text, where its value follows. */
const SAID =
  /(?:(?<![A-Za-z0-9_.-])|(?<=\\(?:u[0-9a-f]{4}|[nrt])))(?:-{1,2}[A-Za-z][A-Za-z0-9_.-]{0,127}[ \t]+(?!-)|([A-Za-z_][A-Za-z0-9_.-]{0,127})\\*["']?\s*(?:=>|:=|[=:])\s*)/g;
// The last: a quote that was cut off with the end of the text.
const VALUE = /\\*"(?:[^"\\]|\\[^"]|\\"(?!\s*[,}\]:]|$))*\\*"|'[^']*'|[^\s;&"'<>`]+|\\*["'][^\s"'<>`]+/y;
const ENV_LINE = /^([ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+)?)([A-Za-z_][A-Za-z0-9_.-]{0,127})([ \t]*=[ \t]*)([^\s"'`$]\S*)[ \t]*$/gm;

/** What a name of a secret has in it, whatever its case. */
const HINT = /pass|pwd|secret|token|key|credential|authorization|url|str|conn/i;

const BASE64 = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,}={0,2}(?![A-Za-z0-9+/_=-])/g;
// Secret access keys have 40 characters, session tokens far more.
const BARE = /(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+_-])=*|[A-Za-z0-9/+]{100,}=*/g;

/** Drawn at random, unlike names in a path: upper case, lower case and digits follow each other in no order. */
function isRandom(text: string): boolean {
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/[0-9]/.test(text)) return false;
  const kinds = text.replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A').replace(/[0-9]/g, '0');
  let turns = 0;
  for (let at = 1; at < kinds.length; at++) if (kinds[at] !== kinds[at - 1]) turns++;
  return turns >= 0.4 * (text.length - 1);
}

/** How many encodings inside one another are looked into. */
const LAYERS = 4;

/** It is what records are found and compared by, and comes up in all of them. */
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Texts that hold no secret by the built-in rules, with the number of encodings that were looked into: nearly all come again and again, as messages, ARNs,
 * names and policies do.
 */
const harmless = new Map<string, number>();
/** Longer texts are searched each time: they would fill the memory. */
const LONG = 4096;

/** Redacts with one key and one set of rules. */
class Redaction {
  readonly #key: string | null;
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  readonly #builtIn: boolean;

  constructor(key: string | null, { names = [], patterns = [] }: RedactionRules) {
    this.#key = key;
    this.#names = new Set(names.map((each) => saidBy(each).words));
    this.#patterns = patterns;
    this.#builtIn = names.length === 0 && patterns.length === 0;
  }

  #mark(secret: string): string {
    return markerOf(secret, this.#key);
  }

  /** Whether a secret may stand under a name. */
  #isName(name: string): boolean {
    const { words, secret } = saidBy(name);
    return secret || this.#names.has(words);
  }

  #isSecret(name: string, value: string): boolean {
    const { words, secret } = saidBy(name);
    const given = this.#names.has(words);
    if ((!given && !secret) || WHOLE_MARKER.test(value)) return false;
    if (given) return value !== '';
    return !OPEN_VALUE.test(value.trim()) && !SAID_OF_IDS.test(value) && !KEY_IDS.test(value) && !(NAMES_A_KEY.test(words) && UUID.test(value));
  }

  /** A value of JSON. Answers the same value, not a copy, when nothing in it is a secret. */
  value(value: unknown, name: string | null, layers: number): unknown {
    if (typeof value === 'string') {
      if (name === null) return this.text(value, layers);
      if (this.#isSecret(name, value)) return this.#mark(value);
      return this.text(value, layers, !saidBy(name).open);
    }
    if (Array.isArray(value)) {
      let clean: unknown[] | null = null;
      for (const [at, each] of value.entries()) {
        const to = this.value(each, name, layers);
        if (to !== each) clean ??= value.slice(0, at);
        clean?.push(to);
      }
      return clean ?? value;
    }
    if (!isRecord(value)) return value;
    const proto = Object.getPrototypeOf(value) as unknown;
    // What is not JSON is never written: an instance keeps its methods.
    if (proto !== Object.prototype && proto !== null) return value;
    // A name of a resource is what its records are found by.
    if (isResource(value)) return value;
    const names = Object.keys(value);
    const caller = names.find((key) => typeof value[key] === 'string' && saidBy(key).calls);
    let clean: [string, unknown][] | null = null;
    for (const [at, key] of names.entries()) {
      const member = value[key];
      const under = caller !== undefined && saidBy(key).valued ? (value[caller] as string) : key;
      const [name, to] = [this.text(key, layers), this.value(member, isRecord(member) ? null : under, layers)];
      if (name !== key || to !== member) clean ??= names.slice(0, at).map((before) => [before, value[before]]);
      clean?.push([name, to]);
    }
    // `fromEntries` defines members: `__proto__` is one like any other.
    return clean === null ? value : Object.fromEntries(clean);
  }

  text(text: string, layers: number, bare = true): string {
    if (text.length < 4 || (this.#builtIn && ((harmless.get(text) ?? -1) >= layers || DIGEST.test(text)))) return text;
    const clean = this.#cleaned(text, layers, bare);
    // Whoever did not look for bare keys says nothing of those who do.
    if (clean === text && this.#builtIn && bare && text.length <= LONG) {
      if (harmless.size >= 2000) harmless.clear();
      harmless.set(text, layers);
    }
    return clean;
  }

  #cleaned(text: string, layers: number, bare: boolean): string {
    if (layers > 0) {
      const inner = this.#document(text, layers) ?? this.#address(text, layers);
      if (inner !== null) return inner;
    }
    // What is redacted already stays as it is.
    if (!text.includes('[redacted')) return this.#plain(text, layers, bare);
    return text
      .split(MARKERS)
      .map((part) => (MARKER.test(part) ? part : this.#plain(part, layers, bare)))
      .join('');
  }

  /** JSON in a text: a policy, a request's body. Null: it is none. */
  #document(text: string, layers: number): string | null {
    if (!/^\s*[{[]/.test(text)) return null;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return null;
    }
    const clean = this.value(parsed, null, layers - 1);
    // Who parses it sees the last member of a name only, and an earlier one may be anything.
    return clean === parsed && membersOf(text) === membersOf(JSON.stringify(parsed)) ? text : JSON.stringify(clean);
  }

  /** A text that is encoded for an address, as IAM answers policies. Null: it is none, or holds no secret. */
  #address(text: string, layers: number): string | null {
    if (!text.includes('%') || !/%[0-9A-Fa-f]{2}/.test(text)) return null;
    let decoded: string;
    try {
      decoded = decodeURIComponent(text.replaceAll('+', '%2B'));
    } catch {
      return null;
    }
    const clean = this.text(decoded, layers - 1);
    return clean === decoded ? null : clean;
  }

  #plain(text: string, layers: number, bare: boolean): string {
    let clean = text;
    for (const pattern of this.#patterns) clean = clean.replace(pattern, (found) => (found === '' ? found : this.#mark(found)));
    for (const form of ANY_FORM.test(clean) ? FORMS : [])
      clean = clean.replace(form, (found: string, ...groups: unknown[]) => {
        const secret = groups[0];
        return typeof secret === 'string' && secret !== '' ? this.#instead(found, secret) : typeof secret === 'string' ? found : this.#mark(found);
      });
    if (this.#names.size > 0 || HINT.test(clean)) clean = this.#named(clean);
    if (clean.length < 20) return clean;
    if (layers > 0) clean = clean.replace(BASE64, (found) => this.#encoded(found, layers));
    return bare ? clean.replace(BARE, (found) => (isRandom(found) && decoded(found) === null ? this.#mark(found) : found)) : clean;
  }

  /** `NAME=value` in lines and in sentences. */
  #named(text: string): string {
    const clean = text.replace(ENV_LINE, (found, before: string, name: string, is: string, value: string) =>
      !MARKER.test(value) && this.#isSecret(name, value) ? `${before}${name}${is}${this.#mark(value)}` : found,
    );
    return this.#said(clean);
  }

  /** What is said to be a secret by the name before it. */
  #said(text: string): string {
    let clean = '';
    let done = 0;
    for (const found of text.matchAll(SAID)) {
      const at = found.index + found[0].length;
      // A part of an ARN: `…:secret:prod/db`.
      if (at < done || (text[found.index - 1] === ':' && found[0].trimEnd().endsWith(':'))) continue;
      const name = found[1] ?? found[0].trim();
      if (!this.#isName(name)) continue;
      VALUE.lastIndex = at;
      const given = VALUE.exec(text)?.[0];
      if (given === undefined || given.startsWith('[redacted')) continue;
      // Prose goes on: `the secret: if it was replaced`.
      if (/:\s+$/.test(found[0]) && /^[a-z]{1,20}$/.test(given) && /^ [a-z]/i.test(text.slice(at + given.length, at + given.length + 2))) continue;
      const [quote, value, rest] = unquoted(given);
      // What contains others is searched separately.
      if (/^[[{]/.test(given) || !/[A-Za-z0-9]/.test(value)) continue;
      if (!this.#isSecret(name, value)) continue;
      clean += `${text.slice(done, at)}${quote}${this.#mark(value)}${rest}`;
      done = at + given.length;
    }
    return clean + text.slice(done);
  }

  /** The secret is the last of what was found. */
  #instead(found: string, secret: string): string {
    const at = found.lastIndexOf(secret);
    return MARKER.test(secret) || secret.startsWith('[redacted') ? found : `${found.slice(0, at)}${this.#mark(secret)}${found.slice(at + secret.length)}`;
  }

  /** Base64 of a text that holds a secret: user data. */
  #encoded(found: string, layers: number): string {
    const text = decoded(found);
    return text === null || this.text(text, layers - 1) === text ? found : this.#mark(text);
  }
}

/** How many members the objects in a text of JSON have. */
const membersOf = (json: string) => json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').split(':').length;

/** The text that is encoded as Base64; null where it is none. */
function decoded(base64: string): string | null {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that no text has.
  return text.length < 8 || /[\u0000-\u0008\u000e-\u001a\ufffd]/.test(text) ? null : text;
}

const RESOURCE = ['type', 'id', 'account', 'region', 'partition'];

function isResource(value: Readonly<Record<string, unknown>>): boolean {
  return (
    Object.keys(value).length === RESOURCE.length && RESOURCE.every((name) => typeof value[name] === 'string') && /^\d{12}$/.test(String(value['account']))
  );
}

/** What quotes a value, the value, and what ends the sentence behind it. */
function unquoted(given: string): readonly [quote: string, value: string, rest: string] {
  const quoted = /^(\\*["'])([\s\S]*)\1$/.exec(given);
  if (quoted === null) {
    const [quote = ''] = /^\\*["']/.exec(given) ?? [];
    const value = given.slice(quote.length).replace(/[,.)}\]…]+$/, '');
    return [quote, value, given.slice(quote.length + value.length)];
  }
  const [, quote = '', inner = ''] = quoted;
  try {
    return [quote, quote === '"' ? (JSON.parse(given) as string) : inner, quote];
  } catch {
    return [quote, inner, quote];
  }
}

/**
 * Returns a JSON value, or a text, without secrets. Each secret is replaced by `[redacted hmac:…]`, which is equal for equal secrets under one
 * key, or by `[redacted]` without a key. These count as secrets: the token formats of known issuers, values under a name of a secret, and random
 * values like secret access keys, also in JSON, Base64 and percent-encoding inside texts. What is already redacted stays as it is. Pure. Returns
 * the same value, not a copy, if it contains no secret.
 *
 * @param key The key of the HMAC; null if there is none.
 * @example redact({ DB_PASSWORD: 'hunter2' }, key) // { DB_PASSWORD: '[redacted hmac:…]' }
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export function redact<T>(value: T, key: string | null = null, rules: RedactionRules = {}): T {
  return new Redaction(key, rules).value(value, null, LAYERS) as T;
}
