// Before and after, line by line.
import type { Json } from '@redress/core';
import { diffLines } from 'diff';

/** A line of a difference, or how many that did not change are left out. */
export type DiffLine = { readonly sign: '+' | '-' | ' '; readonly text: string } | { readonly sign: '…'; readonly lines: number };

/** Lines around a change that are shown. */
const AROUND = 2;
/** Above this many edits the two are shown one after the other: the shortest difference takes quadratic time. */
const MOST_EDITS = 2_000;

/** A document as text, with its members in order of their names. */
function documentText(value: Json): string {
  return JSON.stringify(sorted(value), null, 2);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** What changed between two documents; runs of lines that did not are counted. */
export function diffOf(before: Json, after: Json): readonly DiffLine[] {
  const texts = [before, after].map((each) => `${documentText(each)}\n`) as [string, string];
  const parts = diffLines(...texts, { maxEditLength: MOST_EDITS }) ?? [
    { value: texts[0], removed: true, added: false },
    { value: texts[1], removed: false, added: true },
  ];
  const lines = parts.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ sign: added ? ('+' as const) : removed ? ('-' as const) : (' ' as const), text })),
  );
  const near = new Set(lines.flatMap(({ sign }, at) => (sign === ' ' ? [] : Array.from({ length: 2 * AROUND + 1 }, (_, step) => at - AROUND + step))));
  const shown: DiffLine[] = [];
  let hidden = 0;
  for (const [at, line] of lines.entries()) {
    if (near.has(at)) {
      if (hidden > 0) shown.push({ sign: '…', lines: hidden });
      hidden = 0;
      shown.push(line);
    } else hidden++;
  }
  return hidden > 0 ? [...shown, { sign: '…', lines: hidden }] : shown;
}
