// Documents of a seal in one file: a ZIP archive, so that common tools can find each document by its digest. Its comment has the name of the archive, and the
// digest of all bytes before the comment. See https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Digest, digestText } from '@redress/core';

/** Folder of a log's archives. */
export const ARCHIVES = 'ledger/documents';

/**
 * Path of an archive.
 *
 * @param part From 0. If a seal has too many documents for one archive, it has several.
 */
export function archivePath(seal: number, part: number): string {
  return `${ARCHIVES}/${String(seal).padStart(12, '0')}${part === 0 ? '' : `-${part}`}.zip`;
}

/**
 * Bytes of uncompressed documents after which another archive is begun, and the maximum number of documents in one. Both are far from the limits of the
 * format.
 */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST = 16_384;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Size of each structure in bytes, without names and comments. */
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** Twelve digits of the seal, five of the part, and `sha256:` with 64 digits. */
const COMMENT_BYTES = 90;
/** 1 January 1980, 0:00, the first moment that the format can express. */
const DATE = 33;
const STORED = 0;
const DEFLATED = 8;
/** A document that does not shrink by this much is stored uncompressed. */
const PAYS = 0.9;

/** The stored text of a document. */
export interface DocumentText {
  readonly digest: Digest;
  readonly text: string;
}

/** Puts documents into as many archives as they need. */
export class Archives {
  readonly #seal: number;
  #part = 0;
  #parts: Buffer[] = [];
  #central: Buffer[] = [];
  #at = 0;
  #bytes = 0;

  /** @param seal The number of the seal. */
  constructor(seal: number) {
    this.#seal = seal;
  }

  /** @returns the previous archive if it is full; otherwise null. */
  add({ digest, text }: DocumentText): Buffer | null {
    const plain = Buffer.from(text);
    const full = this.#central.length === 2 * MOST || this.#bytes + plain.length > MOST_BYTES ? this.end() : null;
    const deflated = deflateRawSync(plain);
    const [method, data] = deflated.length < PAYS * plain.length ? [DEFLATED, deflated] : [STORED, plain];
    const name = Buffer.from(`${digest.slice('sha256:'.length)}.json`);
    // The common part of both headers: version, flags, method, time, date, CRC, sizes, the length of the name, and a zero length.
    const common = Buffer.alloc(LOCAL_BYTES - 4);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt16LE(DATE, 8);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(plain.length, 18);
    common.writeUInt16LE(name.length, 22);
    const central = Buffer.alloc(CENTRAL_BYTES);
    central.writeUInt32LE(CENTRAL, 0);
    central.writeUInt16LE(20, 4);
    common.copy(central, 6);
    central.writeUInt32LE(this.#at, 42);
    const local = Buffer.alloc(4);
    local.writeUInt32LE(LOCAL, 0);
    this.#parts.push(local, common, name, data);
    this.#central.push(central, name);
    this.#at += LOCAL_BYTES + name.length + data.length;
    this.#bytes += plain.length;
    return full;
  }

  /** @returns an archive of what was added since the last one; null if nothing was. */
  end(): Buffer | null {
    const count = this.#central.length / 2;
    if (count === 0) return null;
    const directory = Buffer.concat(this.#central);
    const end = Buffer.alloc(END_BYTES);
    end.writeUInt32LE(END, 0);
    end.writeUInt16LE(count, 8);
    end.writeUInt16LE(count, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#at, 16);
    end.writeUInt16LE(COMMENT_BYTES, 20);
    const whole = Buffer.concat([...this.#parts, directory, end]);
    [this.#parts, this.#central, this.#at, this.#bytes] = [[], [], 0, 0];
    const name = `${String(this.#seal).padStart(12, '0')}-${String(this.#part++).padStart(5, '0')}`;
    return Buffer.concat([whole, Buffer.from(`${name} sha256:${hash('sha256', whole)}`)]);
  }
}

/** The position of a document in an archive. */
interface Place {
  readonly method: number;
  readonly bytes: number;
  /** Offset of its header. */
  readonly at: number;
}

/** Reads bytes of an archive; fewer at its end. */
type ReadAt = (at: number, length: number) => Buffer;

/** The documents of an archive, by digest; null if it is not an archive. */
function placesIn(size: number, read: ReadAt): Map<Digest, Place> | null {
  const end = read(size - END_BYTES - COMMENT_BYTES, END_BYTES);
  if (end.length < END_BYTES || end.readUInt32LE(0) !== END) return null;
  const directory = read(end.readUInt32LE(16), end.readUInt32LE(12));
  const places = new Map<Digest, Place>();
  for (let at = 0; at + CENTRAL_BYTES <= directory.length; ) {
    const length = directory.readUInt16LE(at + 28);
    const name = directory.toString('latin1', at + CENTRAL_BYTES, at + CENTRAL_BYTES + length);
    places.set(`sha256:${name.slice(0, -'.json'.length)}`, {
      method: directory.readUInt16LE(at + 10),
      bytes: directory.readUInt32LE(at + 20),
      at: directory.readUInt32LE(at + 42),
    });
    at += CENTRAL_BYTES + length;
  }
  return places;
}

/** The text at a position; null if it cannot be read. The caller has to compare it with its digest. */
function textAt({ method, bytes, at }: Place, read: ReadAt): string | null {
  try {
    const header = read(at, LOCAL_BYTES);
    const data = read(at + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28), bytes);
    return (method === DEFLATED ? inflateRawSync(data, { maxOutputLength: MOST_BYTES * 4 }) : data).toString('utf8');
  } catch {
    return null;
  }
}

/** The documents of an archive that are complete and unchanged. */
export function* textsIn(archive: Buffer): Iterable<DocumentText> {
  const read: ReadAt = (at, length) => archive.subarray(Math.max(0, at), Math.max(0, at + length));
  for (const [digest, place] of placesIn(archive.length, read) ?? []) {
    const text = textAt(place, read);
    if (text !== null && digest === `sha256:${hash('sha256', text)}`) yield { digest, text };
  }
}

/** Their digests. */
export function heldIn(archive: Buffer): Digest[] {
  return Array.from(textsIn(archive), ({ digest }) => digest);
}

/** The archives of a ledger in a folder, to look up single documents. */
export class FolderArchives {
  readonly #directory: string;
  /** The names of archives, by the documents in them; and the archives that were read. */
  readonly #known = new Map<Digest, Set<string>>();
  readonly #seen = new Set<string>();

  /** @param directory The journal's folder. */
  constructor(directory: string) {
    this.#directory = join(directory, ARCHIVES);
  }

  /** The text of a document; null if no archive has it. If every copy was changed, a changed one is returned, and the caller notices that. */
  get(digest: Digest): string | null {
    this.#look();
    let changed: string | null = null;
    for (const name of this.#known.get(digest) ?? []) {
      const text = this.#within(name, (size, read) => {
        const place = placesIn(size, read)?.get(digest);
        return place === undefined ? null : textAt(place, read);
      });
      if (text !== null && digestText(text) === digest) return text;
      changed ??= text;
    }
    return changed;
  }

  /** Adds new archives. They never change; one that is gone is noticed when it is opened. */
  #look(): void {
    let names: string[] = [];
    try {
      names = readdirSync(this.#directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    for (const name of names.filter((each) => each.endsWith('.zip') && !this.#seen.has(each)).sort()) {
      this.#seen.add(name);
      for (const digest of this.#within(name, placesIn)?.keys() ?? []) {
        const among = this.#known.get(digest) ?? new Set();
        this.#known.set(digest, among.add(name));
      }
    }
  }

  #within<T>(name: string, work: (size: number, read: ReadAt) => T | null): T | null {
    let handle: number;
    try {
      handle = openSync(join(this.#directory, name), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      const { size } = fstatSync(handle);
      return work(size, (at, length) => {
        // A changed archive may name any position and any length.
        const bytes = Buffer.alloc(at < 0 ? 0 : Math.max(0, Math.min(length, size - at)));
        return bytes.length === 0 ? bytes : bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, at));
      });
    } finally {
      closeSync(handle);
    }
  }
}
