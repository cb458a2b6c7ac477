import type { Clock } from '@redress/core';

/**
 * Time that only passes when everybody waits for it. Any number of workers can sleep at the same time, and hours cost only the work in them. A simulation on
 * it must not do real I/O, which would look like waiting.
 */
export class VirtualTime implements Clock {
  #now: number;
  /** A heap: the earliest first. */
  readonly #waiting: { readonly at: number; readonly wake: () => void }[] = [];

  constructor(from: number) {
    this.#now = from;
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => this.#push({ at: this.#now + Math.max(0, milliseconds), wake }));
  }

  /** Lets time pass until something has ended. */
  async until<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const mark = () => {
      ended = true;
    };
    work.then(mark, mark);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (ended) return work;
      const next = this.#pop();
      if (next === undefined) throw new Error('Everybody waits, and nobody for the time.');
      this.#now = next.at;
      next.wake();
      while (this.#waiting[0]?.at === this.#now) this.#pop()?.wake();
    }
  }

  #push(item: { readonly at: number; readonly wake: () => void }): void {
    const heap = this.#waiting;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent]?.at ?? 0) <= item.at) break;
      heap[at] = heap[parent] as typeof item;
      at = parent;
    }
    heap[at] = item;
  }

  #pop(): { readonly at: number; readonly wake: () => void } | undefined {
    const heap = this.#waiting;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1]?.at ?? 0) < (heap[child]?.at ?? 0)) child++;
      if ((heap[child]?.at ?? 0) >= last.at) break;
      heap[at] = heap[child] as typeof first;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
