import type { Clock } from '@redress/core';

/** A clock that sleeps without waiting; see {@link fakeClock}. */
export interface FakeClock extends Clock {
  /** Lets time pass. */
  advance(milliseconds: number): void;
}

/** A sleep takes at most this long in the real world: emulators need it as little as a mock does. */
const REAL_SLEEP = 20;

/**
 * A clock that runs with the machine's clock, ahead of it by the time that was slept and advanced. So events made now are fresh, and hours
 * pass at once.
 *
 * @param at epoch milliseconds to start from; default now.
 */
export function fakeClock(at: number = Date.now()): FakeClock {
  let ahead = at - Date.now();
  return {
    now: () => Date.now() + ahead,
    advance(milliseconds) {
      ahead += milliseconds;
    },
    async sleep(milliseconds) {
      const until = Date.now() + ahead + milliseconds;
      await new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, REAL_SLEEP)));
      // Who sleeps at the same time wakes at the same time.
      ahead = Math.max(ahead, until - Date.now());
    },
  };
}
