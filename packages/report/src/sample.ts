import { createHash } from 'node:crypto';

/** How an auditor draws the sample again; printed in the report as it stands here. */
export const SAMPLE_ALGORITHM =
  'Rank of a change: SHA-256, in hexadecimal, over the UTF-8 bytes of the seed, one line feed, and the id of its execution. The sample consists of the changes with the lowest ranks.';

/** The rank of a change: {@link SAMPLE_ALGORITHM}. */
export function rankOf(seed: string, id: string): string {
  return createHash('sha256').update(`${seed}\n${id}`, 'utf8').digest('hex');
}

/**
 * A sample that depends on the seed and on what there is, and on no order: whoever has the ids draws the same one. A larger one holds a smaller one.
 *
 * @example sampleOf(['x-1', 'x-2'], 'seed', 1)
 */
export function sampleOf(ids: readonly string[], seed: string, size: number): readonly string[] {
  return [...new Set(ids)]
    .map((id) => ({ id, rank: rankOf(seed, id) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .slice(0, size)
    .map(({ id }) => id);
}
