import type { Clock } from '@redress/core';
import type { Io } from './io.js';

/** Milliseconds between two lines: on a terminal, and elsewhere. */
const ON_A_TERMINAL = 200;
const ELSEWHERE = 60_000;
/** Back to the begin of the line, which is cleared. */
const CLEAR = '\r\u001b[K';

/** Shows what some work is at, and makes way for what comes after it, an error too. */
export async function withProgress<T>(io: Io, clock: Clock, work: (progress: ProgressLine) => Promise<T>): Promise<T> {
  const progress = new ProgressLine(io, clock);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

/**
 * What a command is at, on standard error: one line that is written over on a terminal, a line a minute elsewhere.
 *
 * @example
 * const line = new ProgressLine(io, clock);
 * line.step('reading the journal');
 * for (const file of files) line.update(() => `${file} of ${files.length} files`);
 * line.end();
 */
export class ProgressLine {
  readonly #io: Io;
  readonly #clock: Clock;
  #shownAt: number;
  #isShown = false;

  constructor(io: Io, clock: Clock) {
    this.#io = io;
    this.#clock = clock;
    this.#shownAt = clock.now();
  }

  /** What begins now, and may take long: on a terminal it is shown whatever was shown before. */
  step(text: string): void {
    if (this.#io.terminal === true) this.#show(text);
    else this.update(() => text);
  }

  /** How far it is: shown where the last line was long enough ago. */
  update(text: () => string): void {
    const wait = this.#io.terminal === true ? ON_A_TERMINAL : ELSEWHERE;
    if (this.#clock.now() - this.#shownAt >= wait) this.#show(text());
  }

  /** A line of its own, which stays. */
  line(text: string): void {
    this.end();
    this.#io.stderr(`${text}\n`);
  }

  /** Makes way for what comes after. */
  end(): void {
    if (this.#isShown && this.#io.terminal === true) this.#io.stderr(CLEAR);
    this.#isShown = false;
  }

  #show(text: string): void {
    this.#shownAt = this.#clock.now();
    this.#isShown = true;
    this.#io.stderr(this.#io.terminal === true ? `${CLEAR}${text}` : `${text}\n`);
  }
}
