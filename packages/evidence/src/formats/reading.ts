// One reading of records for all formats.
import type { JsonObject, StoredRecord } from '@redress/core';
import { StandingGaps } from '../standing.js';
import { Conclusions } from './conclusions.js';
import { Events } from './ocsf.js';
import { Assessing, type Assessment } from './oscal.js';

/**
 * Takes in records once, for all formats: events of OCSF as the records come, and in the end what OSCAL documents are made of.
 *
 * @example
 * const reading = new FormatsReading();
 * for (const stored of records) for (const event of reading.add(stored)) console.log(JSON.stringify(event));
 * console.log(JSON.stringify((await oscalPoam(reading.done())).document));
 */
export class FormatsReading {
  readonly #conclusions = new Conclusions();
  readonly #standing = new StandingGaps();
  readonly #assessing = new Assessing();
  readonly #events: Events;

  /** @param since epoch milliseconds: records before it make no event. Default: each makes its events. */
  constructor(since?: number) {
    this.#events = new Events(since);
  }

  /** Takes in the next record, those of a stream in order and together; its events. */
  add(stored: StoredRecord): readonly JsonObject[] {
    this.#standing.add(stored);
    const conclusion = this.#conclusions.after(stored);
    this.#assessing.add(stored, conclusion);
    return conclusion === null ? [] : this.#events.of(conclusion);
  }

  /** What all of them say. */
  done(): Assessment {
    return this.#assessing.done(this.#standing.gaps());
  }
}
