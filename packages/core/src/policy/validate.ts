import type { StandardSchemaV1 } from '@standard-schema/spec';
import { safeParse, type ZodMiniType } from 'zod/mini';
import type { $ZodIssue } from 'zod/v4/core';
import { formatPlace, type Place, RedressError, type RedressErrorCode } from '../model/errors.js';
import { isRecord } from '../model/json.js';
import * as z from '../parameters.js';
import { redact } from '../redact.js';

/** A date and time that means one moment everywhere. */
export const instant = z
  .string()
  .check(
    z.refine(
      (value) =>
        /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(value) &&
        !Number.isNaN(Date.parse(value)) &&
        isDay(value.slice(0, 10)),
      'is not a date and time with an offset, such as "2026-12-31T00:00:00Z"',
    ),
  );

/** The engine takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

/** Finds the place of a path in the text that a document was read from. */
export type PlaceOf = (path: readonly (string | number)[]) => Place;

/** Places of documents that were not read from a text: the path alone. */
export const pathOnly: PlaceOf = (path) => ({ path: path.join('.') });

/** A document that is written in a program may be a constant. */
export type Constant<T> = unknown extends T
  ? T
  : T extends readonly (infer E)[]
    ? readonly Constant<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Constant<T[K]> }
      : T;

/** One mistake in a document. */
export interface Mistake {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Checks a document against a schema.
 *
 * @throws {RedressError} `code`, its message listing every mistake with its place, its `place` that of the first.
 */
export function check<T>(schema: z.Schema<T>, input: unknown, code: RedressErrorCode, what: string, placeOf: PlaceOf): T {
  const odd = oddities(input);
  if (odd.length > 0) throw mistakes(code, what, odd, placeOf);
  const result = parsed(schema, input);
  if (result.success) return result.data;
  throw mistakes(
    code,
    what,
    result.error.issues.flatMap((issue) => explain(issue, input)),
    placeOf,
  );
}

/** A schema of ours says what it finds wrong, and not only that something is. */
const parsed = <T>(schema: z.Schema<T>, input: unknown) => safeParse(schema as unknown as ZodMiniType<T>, input);

/** A document as far as it fits its schema. */
export interface Fitting<T> {
  /** Without the entries that do not fit, so that the others can be checked in the same run; null if hardly anything fits. */
  readonly data: T | null;
  readonly found: readonly Mistake[];
  /** The path in the document of a path in `data`. */
  original(path: Mistake['path']): Mistake['path'];
}

/**
 * Checks a document of sections, each of them entries by name or in a list: everything that is wrong with it at once.
 *
 * @param needed what stands in for sections that have to be there.
 */
export function checkAll<T>(schema: z.Schema<T>, input: unknown, needed: Readonly<Record<string, unknown>>): Fitting<T> {
  const odd = oddities(input);
  const same = (path: Mistake['path']) => path;
  // What holds itself has no end.
  if (odd.some(({ message }) => message === ITSELF)) return { data: null, found: odd, original: same };
  const result = parsed(schema, input);
  const found = [...odd, ...(result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, input)))];
  if (found.length === 0 && result.success) return { data: result.data, found, original: same };
  if (!isRecord(input)) return { data: null, found, original: same };
  const wrong = (section: string, entry?: string | number) =>
    found.some(({ path }) => path[0] === section && (path.length === 1 || (entry !== undefined && String(path[1]) === String(entry))));
  const places = new Map<string, readonly number[]>();
  const sections = Object.entries(input).filter(([section]) => !wrong(section));
  const document = Object.fromEntries(
    sections.map(([section, value]) => {
      if (isRecord(value)) return [section, Object.fromEntries(Object.entries(value).filter(([entry]) => !wrong(section, entry)))];
      if (!Array.isArray(value)) return [section, value];
      const left = [...value.keys()].filter((index) => !wrong(section, index));
      places.set(section, left);
      return [section, left.map((index) => value[index] as unknown)];
    }),
  );
  const fits = (candidate: object) => parsed(schema, { ...needed, ...candidate });
  let again = fits(document);
  if (!again.success) {
    // A section that needs what was left out goes as a whole.
    const broken = again.error.issues.map(({ path }) => path[0]);
    again = fits(Object.fromEntries(Object.entries(document).filter(([section]) => !broken.includes(section))));
  }
  const original = ([section, index, ...more]: Mistake['path']): Mistake['path'] => {
    const at = typeof index === 'number' ? (places.get(String(section))?.[index] ?? index) : index;
    return [section, at, ...more].filter((part) => part !== undefined);
  };
  return { data: again.success ? again.data : null, found, original };
}

const ITSELF = 'holds itself';

/** What no schema sees: `__proto__` would be dropped without a word, and what holds itself has no end. */
function oddities(value: unknown, path: Mistake['path'] = [], around: readonly unknown[] = []): Mistake[] {
  if (typeof value !== 'object' || value === null) return [];
  if (around.includes(value)) return [{ path, message: ITSELF }];
  return Object.entries(value).flatMap(([key, member]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    return key === '__proto__' ? [{ path: at, message: '"__proto__" is not known here' }] : oddities(member, at, [...around, value]);
  });
}

/** The error for a list of mistakes. */
export function mistakes(code: RedressErrorCode, what: string, list: readonly Mistake[], placeOf: PlaceOf): RedressError {
  const placed = list.map(({ path, message }) => ({ message, place: placeOf(path) }));
  const lines = placed.map(({ message, place }) => `${formatPlace(place) || what}: ${message}`);
  const first = placed[0];
  return new RedressError(code, `${what} has ${list.length === 1 ? 'a mistake' : `${list.length} mistakes`}:\n  ${lines.join('\n  ')}`, {
    ...(first === undefined ? {} : { place: first.place }),
    mistakes: placed,
    next: 'Correct these places. Nothing was done.',
  });
}

/** What a schema of any library finds wrong. Zod's own issues, which its small form does not describe, are described in our words. */
export function explained(issue: StandardSchemaV1.Issue, input: unknown): Mistake[] {
  if ('code' in issue) return explain(issue as $ZodIssue, input);
  return [{ path: (issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)), message: issue.message }];
}

function explain(issue: $ZodIssue, input: unknown): Mistake[] {
  const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  const given = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | null | undefined)?.[key], input);
  const value = shown(given);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `${JSON.stringify(key)} is not known here` }));
    case 'invalid_value':
      return [{ path, message: `${value} is not allowed; allowed: ${issue.values.map(String).join(', ')}` }];
    case 'invalid_type':
      return [
        {
          path,
          message: value === 'nothing' ? `is missing (${issue.expected})` : `${value} is not ${article(issue.expected)}${quoted(issue.expected, given, path)}`,
        },
      ];
    case 'invalid_union': {
      // The branch that got furthest is the one that was meant.
      const branches = issue.errors.map((errors) => errors.flatMap((each) => explain({ ...each, path: [...issue.path, ...each.path] } as $ZodIssue, input)));
      const deepest = branches.reduce<Mistake[]>((best, branch) => (depth(branch) > depth(best) ? branch : best), branches[0] ?? []);
      if (depth(deepest) > path.length) return deepest;
      return [
        {
          path,
          message: `${value} matches none of the allowed forms: ${branches.map((branch) => branch.map((each) => each.message).join(' and ')).join('; or: ')}`,
        },
      ];
    }
    default:
      return [{ path, message: issue.message === UNWORDED ? unworded(issue, value) : `${value}: ${issue.message}` }];
  }
}

/** What Zod says without a language. */
const UNWORDED = 'Invalid input';

function unworded(issue: $ZodIssue, value: string): string {
  const unit = (origin: string) => ({ string: ' characters', array: ' entries' })[origin] ?? '';
  if (issue.code === 'too_small') return `${value} is not ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === 'too_big') return `${value} is not ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === 'invalid_format' && 'pattern' in issue) return `${value} does not match ${issue.pattern}`;
  return `${value} is not valid`;
}

const depth = (branch: readonly Mistake[]) => Math.max(0, ...branch.map((mistake) => mistake.path.length));

/** YAML reads what has no quotes as a number, and a number has no zeros before it. */
function quoted(expected: string, given: unknown, path: Mistake['path']): string {
  if (expected !== 'string' || (typeof given !== 'number' && typeof given !== 'boolean')) return '';
  const isAccount = path.some((part) => /^(?:accounts?|administrators)$/.test(String(part)));
  return `: quote it (${JSON.stringify(isAccount ? String(given).padStart(12, '0') : String(given))})`;
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${redact(text).slice(0, 57)}…` : text;
}

/** The known name that is nearest to a mistyped one, or null. */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** How many letters differ. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
