import type { SweepSummary, SweepTarget } from '../types.js';

/** A place of a sweep that is not finished. */
export interface Unfinished {
  readonly target: SweepTarget;
  /** When what is left can be gone on with; epoch milliseconds. */
  readonly at: number;
}

/**
 * The places that a sweep has to come back to before the next round, each once, and from when on it comes further there. Where to go on is in the
 * journal.
 *
 * @example for (const { target, at } of unfinished(await redress.sweep(options))) await send(target, at);
 */
export function unfinished(summaries: readonly SweepSummary[]): readonly Unfinished[] {
  const places = Map.groupBy(summaries, ({ account, region }) => `${account} ${region}`);
  return [...places.values()].flatMap((of) => {
    const times = of.flatMap(({ retryAt }) => (retryAt === null ? [] : [retryAt]));
    const [first] = of;
    if (first === undefined || times.length === 0) return [];
    const { account, region, global } = first;
    return [{ target: { account, region, ...(global === undefined ? {} : { global }) }, at: Math.min(...times) }];
  });
}
