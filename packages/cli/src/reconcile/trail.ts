import { type Coverage, mayHold, readTrail, type TrailEvent, trailFile, type Wanted } from '@redress/evidence/reconcile';
import { type Document, documentsOf, placeOf } from '../files/documents.js';
import type { Io } from '../io.js';

/** A part of a trail that could not be read, and where. One for each file. */
export interface TrailError {
  readonly code: 'trail/unreadable' | 'trail/damaged' | 'trail/not-cloudtrail' | 'trail/not-an-event' | 'trail/missing' | 'trail/denied';
  readonly message: string;
  readonly place: { readonly file: string; readonly line?: number; readonly path?: string };
}

/** Where everything that is read of a trail goes. */
export interface Gathered {
  /** Events of this time. */
  readonly wanted: Wanted;
  /** Files of this time: they are delivered after their events. */
  readonly tree: Wanted;
  readonly coverage: Coverage;
  /** Whether an event is kept. */
  readonly keep: (event: TrailEvent) => boolean;
  readonly events: TrailEvent[];
  readonly errors: TrailError[];
  /** Files and records that were read. */
  files: number;
  records: number;
  /** Called when more was read. */
  readonly more?: () => void;
}

/** Reads files and folders of this machine. */
export async function gatherFiles(io: Pick<Io, 'cwd' | 'stdinChunks'>, names: readonly string[], gathered: Gathered): Promise<void> {
  let file = null as OneFile | null;
  for await (const document of documentsOf(io, names, undefined, (path) => mayHold(path, gathered.tree))) {
    if (file?.name !== document.file) {
      file?.end();
      file = new OneFile(document.file, gathered);
    }
    file.add(document);
  }
  file?.end();
}

/** One file, document by document. */
export class OneFile {
  readonly name: string;
  readonly #gathered: Gathered;
  #first: TrailError | null = null;
  #mistakes = 0;

  constructor(name: string, gathered: Gathered) {
    this.name = name;
    this.#gathered = gathered;
  }

  add(document: Document): void {
    const { problem, foreign, value, line } = document;
    const file = { file: this.name, ...(line === null ? {} : { line }) };
    if (problem !== null) {
      this.#mistake({ code: foreign ? 'trail/not-cloudtrail' : 'trail/damaged', message: problem, place: file });
      return;
    }
    const { wanted, coverage, keep, events } = this.#gathered;
    const read = readTrail(value);
    this.#gathered.records += read.records;
    if (read.digest !== null) coverage.digest(read.digest);
    for (const moment of read.seen) coverage.seen(moment);
    for (const event of read.events) if (event.time >= wanted.from && event.time < wanted.until && keep(event)) events.push(event);
    for (const { code, message, path } of read.mistakes) this.#mistake({ code, message, place: { ...file, ...(path === null ? {} : { path }) } });
  }

  /** The file was read to its end. */
  end(): void {
    const { coverage, errors } = this.#gathered;
    this.#gathered.files++;
    this.#gathered.more?.();
    const named = trailFile(this.name);
    if (this.#first === null) {
      if (named !== null && !named.digest) coverage.file(named);
      return;
    }
    const more = this.#mistakes - 1;
    errors.push(more === 0 ? this.#first : { ...this.#first, message: `${this.#first.message} (and ${more} more in this file)` });
  }

  #mistake(error: TrailError): void {
    this.#first ??= error;
    this.#mistakes++;
  }
}

/** `file:line path` */
export function shownPlace({ place: { file, line, path } }: TrailError): string {
  return `${placeOf({ file, line: line ?? null })}${path === undefined ? '' : ` ${path}`}`;
}
