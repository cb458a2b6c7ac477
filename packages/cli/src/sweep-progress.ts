import type { Clock, SweepProgress, Wait } from '@redress/core';
import type { Io } from './io.js';
import { ProgressLine } from './progress-line.js';
import { waitLine } from './waits.js';

/** Shows how far a sweep has come, on standard error. */
export class ShownProgress {
  readonly #line: ProgressLine;
  readonly #clock: Clock;
  readonly #began: number;
  #last: SweepProgress | null = null;

  constructor(io: Io, clock: Clock) {
    this.#line = new ProgressLine(io, clock);
    this.#clock = clock;
    this.#began = clock.now();
  }

  /** How far it had come when it was heard of last. */
  get last(): SweepProgress | null {
    return this.#last;
  }

  readonly update = (progress: SweepProgress): void => {
    this.#last = progress;
    this.#line.update(() => progressLine(progress, this.#clock.now() - this.#began));
  };

  /** A line of its own, which stays: what is waited for. */
  readonly waits = (wait: Wait): void => this.#line.line(waitLine(wait));

  /** Makes way for what comes after. */
  end(): void {
    this.#line.end();
  }
}

/** `3 of 12 places, 4210 of 5000 resources so far, 70/s, about 9 min left`; `elapsed` in milliseconds. */
export function progressLine({ places, placesDone, found, decided }: SweepProgress, elapsed: number): string {
  const perSecond = elapsed > 0 ? (decided * 1000) / elapsed : 0;
  const parts = [
    `${placesDone} of ${places} places`,
    `${decided} of ${found} resources so far`,
    `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`,
  ];
  // Places that were not begun are taken to be like those that are done; within the only one, what is found is all that is known.
  const left =
    placesDone > 0
      ? (elapsed * (places - placesDone)) / placesDone
      : places === 1 && perSecond > 0 && found > decided
        ? ((found - decided) * 1000) / perSecond
        : null;
  if (left !== null) parts.push(`about ${spoken(left)} left`);
  return parts.join(', ');
}

function spoken(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
