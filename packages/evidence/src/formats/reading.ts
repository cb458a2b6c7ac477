// One reading of records for all formats.
import type { JsonObject, StoredRecord } from '@redress/core';
import { StandingGaps } from '../standing.js';
import { Conclusions } from './conclusions.js';
import { Events } from './ocsf.js';
import { Assessing, type Assessment } from './oscal.js';

/**
 * Reads records once for all formats: returns OCSF events as the records arrive, and at the end the input of OSCAL documents.
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

  /** @param since epoch milliseconds: earlier records cause no events. Default: all records do. */
  constructor(since?: number) {
    this.#events = new Events(since);
  }

  /** Adds the next record, and returns its events. Records of a stream come in order and together. */
  add(stored: StoredRecord): readonly JsonObject[] {
    this.#standing.add(stored);
    const conclusion = this.#conclusions.after(stored);
    this.#assessing.add(stored, conclusion);
    return conclusion === null ? [] : this.#events.of(conclusion);
  }

  /** The assessment from all records. */
  done(): Assessment {
    return this.#assessing.done(this.#standing.gaps());
  }
}
