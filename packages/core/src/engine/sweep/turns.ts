import { digestOf } from '../../model/json.js';

/**
 * Items, the oldest first. Among items of the same age none is always first, whatever happened in earlier sweeps: a sweep that ended without a
 * record does not show where it began.
 */
export function inTurn<T>(items: readonly T[], age: (item: T) => number, round: string): readonly T[] {
  const first = items.length === 0 ? 0 : Number.parseInt(digestOf(round).slice(-8), 16) % items.length;
  return [...items.slice(first), ...items.slice(0, first)].sort((a, b) => age(a) - age(b));
}

/** Does something with each item, at most this many at the same time. The first error is thrown when none is in progress any more. */
export async function atOnce<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  let failed: { readonly error: unknown } | null = null;
  const worker = async () => {
    for (const [at, item] of queue) {
      if (failed !== null) return;
      try {
        results[at] = await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(most, items.length)) }, worker));
  if (failed !== null) throw (failed as { error: unknown }).error;
  return results;
}
