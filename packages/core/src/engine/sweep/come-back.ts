import type { SweepSummary, SweepTarget } from '../types.js';

/** A place of a sweep that is not finished. */
export interface Unfinished {
  readonly target: SweepTarget;
  /** When the sweep of the rest can continue; epoch milliseconds. */
  readonly at: number;
}

/**
 * The places that a sweep has to return to before the next round, each once, with the time from which it can continue there. The journal has the
 * position.
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
