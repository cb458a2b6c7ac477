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
}
export function lint(path: string, text: string): Promise<Hit[]>;
