// What a check finds, and how it is put together.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One thing that is wrong. */
export interface Finding {
  /**
   * `tampered`: something was changed, put in, taken out or moved. `untrusted`: nothing shows that it was not. `incomplete`: something is
   * missing that may be missing for a good reason.
   */
  readonly severity: 'tampered' | 'untrusted' | 'incomplete';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** Relative to the folder. */
  readonly file: string;
  /** From 1; null when it concerns the whole file. */
  readonly line: number | null;
  /** Global number of the record, from 0; null when it has none, or it is not known. */
  readonly entry: number | null;
  /** The record's stream, and its number there. */
  readonly stream: string | null;
  readonly seq: number | null;
  /** The record's resource, for people. */
  readonly resource: string | null;
}

/** What names the place of a finding. */
export type Place = Partial<Pick<Finding, 'line' | 'entry' | 'stream' | 'seq' | 'resource'>>;

/** The folder that is checked, and what was found in it. */
export class Folder {
  readonly findings: Finding[] = [];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  find(severity: Finding['severity'], code: string, message: string, file: string, place: Place = {}): void {
    this.findings.push({ ...{ severity, code, message, file }, ...{ line: null, entry: null, stream: null, seq: null, resource: null }, ...place });
  }

  /** Bytes of a file; null where there is none. What is there and cannot be read is a finding. */
  bytes(file: string): Buffer | null {
    try {
      return readFileSync(join(this.#directory, file));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EISDIR') this.find('tampered', 'stray-folder', 'There is a folder where a file should be.', file);
      else if (code === 'ENOTDIR') this.find('tampered', 'stray-file', 'There is a file where a folder should be.', file);
      else if (code !== 'ENOENT') this.find('incomplete', 'unreadable', `It cannot be read: ${(error as Error).message}`, file);
      return null;
    }
  }

  /** Every file below a folder, in order of their names. */
  files(folder: string): string[] {
    try {
      return readdirSync(join(this.#directory, folder), { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((each) => (each.isDirectory() ? this.files(`${folder}/${each.name}`) : [`${folder}/${each.name}`]));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') this.find('tampered', 'stray-file', 'There is a file where a folder should be.', folder);
      else if (code !== 'ENOENT') this.find('incomplete', 'unreadable', `It cannot be read: ${(error as Error).message}`, folder);
      return [];
    }
  }
}
