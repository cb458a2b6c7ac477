// Findings of a check, and how they are collected.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that are read at a time. */
const CHUNK = 262_144;

/** One thing that is wrong. */
export interface Finding {
  /**
   * `tampered`: something was changed, inserted, removed or moved. `untrusted`: nothing shows that this did not happen. `incomplete`: something is missing,
   * possibly for a good reason.
   */
  readonly severity: 'tampered' | 'untrusted' | 'incomplete';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** Relative to the folder. */
  readonly file: string;
  /** From 1; null if it concerns the whole file. */
  readonly line: number | null;
  /** Global number of the record, from 0; null if it has none, or if it is unknown. */
  readonly entry: number | null;
  /** The record's stream, and its number there. */
  readonly stream: string | null;
  readonly seq: number | null;
  /** The record's resource, for people. */
  readonly resource: string | null;
}

/** The place of a finding. */
export type Place = Partial<Pick<Finding, 'line' | 'entry' | 'stream' | 'seq' | 'resource'>>;

/** The folder that is checked, with its findings. */
export class Folder {
  readonly findings: Finding[] = [];
  readonly directory: string;
  #scratch = Buffer.alloc(0);

  constructor(directory: string) {
    this.directory = directory;
  }

  find(severity: Finding['severity'], code: string, message: string, file: string, place: Place = {}): void {
    this.findings.push({ ...{ severity, code, message, file }, ...{ line: null, entry: null, stream: null, seq: null, resource: null }, ...place });
  }

  /** The bytes of a file; null if it does not exist. An unreadable file is a finding. */
  bytes(file: string): Buffer | null {
    try {
      return readFileSync(join(this.directory, file));
    } catch (error) {
      return this.#unread(error, file);
    }
  }

  #unread(error: unknown, file: string): null {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') this.find('tampered', 'stray-folder', 'There is a folder where a file should be.', file);
    // A file in the place of a folder is reported when the folder is listed.
    else if (code !== 'ENOENT' && code !== 'ENOTDIR') this.find('incomplete', 'unreadable', `It cannot be read: ${(error as Error).message}`, file);
    return null;
  }

  /** As {@link Folder.bytes}, in a buffer that the next call reuses. */
  passing(file: string): Buffer | null {
    return this.#opened(file, (handle) => {
      const { size } = fstatSync(handle);
      this.#room(0, size + 1);
      let length = 0;
      for (let more = 1; more > 0; length += more) {
        this.#room(length, length + 1);
        more = readSync(handle, this.#scratch, length, this.#scratch.length - length, null);
      }
      return this.#scratch.subarray(0, length);
    });
  }

  /**
   * Reads a file of any length line by line. A line ends with a newline.
   *
   * @param each Called with a line without its newline, in a reused buffer. It may change its line. It returns whether to continue.
   * @returns the number of bytes after the last line; null if the file cannot be read.
   */
  lines(file: string, each: (bytes: Buffer, from: number, to: number) => boolean): number | null {
    return this.#opened(file, (handle) => {
      let [start, end] = [0, 0];
      for (;;) {
        if (start > 0) {
          this.#scratch.copy(this.#scratch, 0, start, end);
          [start, end] = [0, end - start];
        }
        this.#room(end, end + CHUNK);
        const more = readSync(handle, this.#scratch, end, this.#scratch.length - end, null);
        if (more === 0) return end;
        const bytes = this.#scratch.subarray(0, end + more);
        for (let to = bytes.indexOf(10, end); to >= 0; start = to + 1, to = bytes.indexOf(10, start)) if (!each(bytes, start, to)) return 0;
        end += more;
      }
    });
  }

  #opened<T>(file: string, read: (handle: number) => T): T | null {
    let handle: number | null = null;
    try {
      handle = openSync(join(this.directory, file), 'r');
      return read(handle);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return this.#unread(error, file);
    } finally {
      if (handle !== null) closeSync(handle);
    }
  }

  /** Grows the buffer if necessary. The first bytes stay. */
  #room(kept: number, length: number): void {
    if (this.#scratch.length >= length) return;
    const wider = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#scratch.length));
    this.#scratch.copy(wider, 0, 0, kept);
    this.#scratch = wider;
  }

  /** Every file below a folder, sorted by name; also if a file has the name of the folder. */
  files(folder: string): string[] {
    try {
      return readdirSync(join(this.directory, folder), { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((each) => (each.isDirectory() && !/\.jsonl?$/.test(each.name) ? this.files(`${folder}/${each.name}`) : [`${folder}/${each.name}`]));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') this.find('tampered', 'stray-file', 'There is a file where a folder should be.', folder);
      else if (code !== 'ENOENT') this.find('incomplete', 'unreadable', `It cannot be read: ${(error as Error).message}`, folder);
      return [];
    }
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;
