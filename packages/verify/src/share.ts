/** The share of a thread in a piece of work. */
export interface Share {
  readonly part: number;
  readonly parts: number;
  /** Number of the next piece that nobody has taken, from 0. */
  next(): number;
}
