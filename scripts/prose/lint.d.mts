/** A word of the list in a sentence. */
export interface Hit {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Id of the entry of the list. */
  readonly rule: string;
  /** Which word, and what to write instead. */
  readonly message: string;
  readonly sentence: string;
  readonly digest: string;
}
/** How often each sentence is known, by the entry of the list and the digest of the sentence. */
export type Baseline = Readonly<Record<string, Readonly<Record<string, number>>>>;
export function lint(path: string, text: string): Promise<Hit[]>;
export function compare(
  hits: readonly Pick<Hit, 'rule' | 'digest'>[],
  baseline: Baseline,
  ids?: readonly string[],
): {
  readonly found: readonly Pick<Hit, 'rule' | 'digest'>[];
  readonly known: number;
  readonly adopted: number;
  readonly gone: number;
  readonly next: Baseline;
  readonly behind: boolean;
};
