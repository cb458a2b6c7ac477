// Documents: each is named by its own digest, and belongs to the records that name it.
import type { Folder, Place } from './findings.js';
import { digestOf } from './hash.js';
import { readCanonical, utf8 } from './json.js';

/** A temporary file of a document: the document's name, the process and a number. */
const UNFINISHED = /^blobs\/[0-9a-f]{2}\/[0-9a-f]{64}\.json\.\d+\.\d+\.tmp$/;
const FILE = /^blobs\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.json$/;

/** The status of a document. */
export type DocumentState = 'good' | 'changed' | 'missing' | 'expired';

/** Whether documents have to exist. */
export type Retention = 'over' | 'kept' | 'unknown';

export class Documents {
  readonly #folder: Folder;
  readonly #known = new Map<string, DocumentState>();
  readonly #archived: ReadonlyMap<string, 'good' | 'changed'>;

  /** @param archived Documents that are in archives. */
  constructor(folder: Folder, archived: ReadonlyMap<string, 'good' | 'changed'>) {
    this.#folder = folder;
    this.#archived = archived;
  }

  /** Checked documents, by digest. */
  get known(): ReadonlyMap<string, DocumentState> {
    return this.#known;
  }

  /** Adds the documents that other threads have checked. */
  add(known: ReadonlyMap<string, DocumentState>): void {
    // A newer record may require a document that has expired for an older one.
    for (const [digest, state] of known) if (state !== 'expired' || !this.#known.has(digest)) this.#known.set(digest, state);
  }

  /** Documents that exist and match their names, or that a record names. */
  get count(): number {
    return [...this.#known.values()].filter((each) => each !== 'missing' && each !== 'expired').length;
  }

  /** Documents that are missing, and whose retention has ended. */
  get expired(): number {
    return [...this.#known.values()].filter((each) => each === 'expired').length;
  }

  /**
   * Checks a document that a record names. An error becomes a finding in `folder`, at the record.
   *
   * @param retention The retention of the record's documents: ended, running, or unknown.
   */
  named(name: string, digest: string, retention: Retention, folder: Folder, file: string, place: () => Place): void {
    const seen = this.#known.get(digest) ?? this.#look(digest, folder);
    const isThere = seen === 'good' || seen === 'changed';
    const known = isThere ? seen : retention === 'over' ? 'expired' : 'missing';
    // A document that a newer record requires is missing, even if it has expired for older records.
    this.#known.set(digest, seen === 'missing' && this.#known.has(digest) ? 'missing' : known);
    if (known === 'changed') folder.find('tampered', 'changed-document', `Its document ${name} does not match its digest.`, file, place());
    if (known === 'missing')
      folder.find(
        'incomplete',
        'missing-document',
        `Its document ${name} is missing, ${retention === 'kept' ? 'before its retention has ended' : 'since its retention may have ended'}; the record itself is proven.`,
        file,
        place(),
      );
  }

  #look(digest: string, folder: Folder): DocumentState {
    const hex = digest.slice('sha256:'.length);
    const before = folder.findings.length;
    const bytes = folder.bytes(`blobs/${hex.slice(0, 2)}/${hex}.json`);
    if (bytes !== null) return isDocument(bytes, digest) ? 'good' : 'changed';
    // The reason that it cannot be read is a finding already. It counts as changed, not as missing.
    if (folder.findings.slice(before).some(({ severity }) => severity === 'tampered')) return 'changed';
    return this.#archived.get(digest) ?? 'missing';
  }

  /** Checks all documents that no record has named. */
  others(): void {
    const unused: string[] = [];
    for (const file of this.#folder.files('blobs')) {
      const hex = FILE.exec(file)?.[2];
      if (hex === undefined) {
        // The temporary file of a writer that died was never part of anything.
        if (!UNFINISHED.test(file)) this.#folder.find('tampered', 'stray-file', 'The file does not belong here.', file);
        continue;
      }
      if (this.#known.has(`sha256:${hex}`)) continue;
      const bytes = this.#folder.bytes(file);
      if (bytes === null) continue;
      if (!isDocument(bytes, `sha256:${hex}`)) {
        this.#folder.find('tampered', 'changed-document', 'The document does not match its name.', file);
        continue;
      }
      unused.push(file);
      this.#known.set(`sha256:${hex}`, 'good');
    }
    const [first] = unused;
    if (first === undefined) return;
    const which = unused.length === 1 ? 'this document' : `${unused.length} documents, of which this is the first`;
    this.#folder.find(
      'incomplete',
      'unused-document',
      `No record names ${which}: a worker died before it could record it, or the stream that did is missing.`,
      first,
    );
  }
}

function isDocument(bytes: Buffer, digest: string): boolean {
  const text = utf8(bytes);
  return text !== undefined && digestOf(bytes) === digest && readCanonical(text) !== undefined;
}
