const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Of the units that people write: no months and years, whose length nobody can say. `m` is minutes, and `M` alone is nothing. */
const SPOKEN: readonly (readonly [RegExp, number])[] = [
  [/^(?:w|weeks?)$/, 604_800_000],
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:s|secs?|seconds?)$/, 1000],
];

/**
 * A duration in milliseconds, or null. It accepts ISO 8601 with weeks, days, hours, minutes and seconds, and the form that people write, with
 * each unit once and the longest first.
 *
 * @example parseDuration('P7D') === parseDuration('7d') && parseDuration('7d') === parseDuration('7 days')
 * @example parseDuration('1h 30m') === 5_400_000
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return spoken(text);
  if (text === 'P' || text.endsWith('T')) return null;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function spoken(text: string): number | null {
  if (!/^\d+ ?[a-z]+(?: ?\d+ ?[a-z]+)*$/.test(text)) return null;
  let [sum, last] = [0, -1];
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+) ?([a-z]+)/g)) {
    const at = SPOKEN.findIndex(([words]) => words.test(unit));
    const length = SPOKEN[at]?.[1];
    if (length === undefined || at <= last) return null;
    sum += Number(count) * length;
    last = at;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}
