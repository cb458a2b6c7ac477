import type { Journal } from '@redress/core';

/** The point at which a worker dies. */
export type CrashPoint =
  /** The intent is stored; nothing was sent. */
  | 'after-intent'
  /** The call had its effect; its record is not stored. */
  | 'before-call-record'
  /** Everything is done but the outcome's record. */
  | 'before-outcome';

/** A journal for a worker that dies at a given point. From then on nothing is stored, and no call of the worker returns. */
export function crashingJournal(journal: Journal, point: CrashPoint): Journal & { readonly died: boolean } {
  let died = false;
  const die = (): never => {
    died = true;
    throw new Error(`The worker died (${point}).`);
  };
  const alive = () => {
    if (died) die();
  };
  return {
    kind: journal.kind,
    get died() {
      return died;
    },
    async view(resource) {
      alive();
      return journal.view(resource);
    },
    async begin(request) {
      alive();
      const begun = await journal.begin(request);
      return point === 'after-intent' && begun.status === 'begun' ? die() : begun;
    },
    async append(entry) {
      alive();
      return point === 'before-call-record' && entry.kind === 'call' ? die() : journal.append(entry);
    },
    async finish(request) {
      alive();
      return point === 'before-outcome' ? die() : journal.finish(request);
    },
    async open() {
      alive();
      return journal.open();
    },
    async approvals() {
      alive();
      return journal.approvals();
    },
    async standing(place) {
      alive();
      return journal.standing(place);
    },
    async trackRecord(query) {
      alive();
      return journal.trackRecord(query);
    },
    read(query) {
      alive();
      return journal.read(query);
    },
  };
}
