import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as z from 'zod/mini';
import type { $ZodIssue } from 'zod/v4/core';
import { formatPlace, type Place, RedressError, type RedressErrorCode } from '../model/errors.js';

/** A date and time that means one moment everywhere. */
export const instant = z
  .string()
  .check(
    z.refine(
      (value) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(value) && !Number.isNaN(Date.parse(value)),
      'is not a date and time with an offset, such as "2026-12-31T00:00:00Z"',
    ),
  );

/** Finds the place of a path in the text that a document was read from. */
export type PlaceOf = (path: readonly (string | number)[]) => Place;

/** Places of documents that were not read from a text: the path alone. */
export const pathOnly: PlaceOf = (path) => ({ path: path.join('.') });

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
export function check<T>(schema: z.ZodMiniType<T>, input: unknown, code: RedressErrorCode, what: string, placeOf: PlaceOf): T {
  const result = z.safeParse(schema, input);
  if (result.success) return result.data;
  throw mistakes(
    code,
    what,
    result.error.issues.flatMap((issue) => explain(issue, input)),
    placeOf,
  );
}

/** The error for a list of mistakes. */
export function mistakes(code: RedressErrorCode, what: string, list: readonly Mistake[], placeOf: PlaceOf): RedressError {
  const lines = list.map((mistake) => `${formatPlace(placeOf(mistake.path)) || what}: ${mistake.message}`);
  const first = list[0];
  return new RedressError(code, `${what} has ${list.length === 1 ? 'a mistake' : `${list.length} mistakes`}:\n  ${lines.join('\n  ')}`, {
    ...(first === undefined ? {} : { place: placeOf(first.path) }),
    next: 'Correct the places named; nothing was done.',
  });
}

/** What a schema of any library finds wrong; Zod's own issues, whose small form says nothing in words, in ours. */
export function explained(issue: StandardSchemaV1.Issue, input: unknown): Mistake[] {
  if ('code' in issue) return explain(issue as $ZodIssue, input);
  return [{ path: (issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)), message: issue.message }];
}

function explain(issue: $ZodIssue, input: unknown): Mistake[] {
  const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  const value = shown(path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], input));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `${JSON.stringify(key)} is not known here` }));
    case 'invalid_value':
      return [{ path, message: `${value} is not allowed; allowed: ${issue.values.map(String).join(', ')}` }];
    case 'invalid_type':
      return [{ path, message: value === 'nothing' ? `is missing (${issue.expected})` : `${value} is not ${article(issue.expected)}` }];
    case 'invalid_union': {
      // The branch that got furthest is the one that was meant.
      const branches = issue.errors.map((errors) => errors.flatMap((each) => explain({ ...each, path: [...issue.path, ...each.path] } as $ZodIssue, input)));
      const deepest = branches.reduce<Mistake[]>((best, branch) => (depth(branch) > depth(best) ? branch : best), branches[0] ?? []);
      if (depth(deepest) > path.length) return deepest;
      return [
        {
          path,
          message: `${value} fits none of what is allowed: ${branches.map((branch) => branch.map((each) => each.message).join(' and ')).join('; or: ')}`,
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

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
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
