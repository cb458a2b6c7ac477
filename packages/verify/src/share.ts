/** What of a piece of work a thread does. */
export interface Share {
  readonly part: number;
  readonly parts: number;
  /** Number of the next piece that nobody has taken, from 0. */
  next(): number;
}
