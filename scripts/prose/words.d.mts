/** An entry of the list: a word, and what is written instead. */
export interface Word {
  readonly id: string;
  readonly pattern: RegExp;
  readonly write: string;
  readonly bad: readonly [string, ...string[]];
  readonly good: readonly string[];
}
export const WORDS: readonly Word[];
