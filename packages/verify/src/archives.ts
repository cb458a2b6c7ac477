// Documents that a sealer has moved into ZIP archives of their seal. The comment of an archive has its name, and the digest of all bytes before the comment.
import { inflateRawSync } from 'node:zlib';
import type { Folder } from './findings.js';
import { digestOf } from './hash.js';
import { readCanonical, utf8 } from './json.js';
import type { Log } from './log.js';

const FILE = /^ledger\/documents\/([0-9]{12})(?:-([1-9][0-9]{0,4}))?\.zip$/;
const NAME = /^([0-9a-f]{64})\.json$/;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const COMMENT_BYTES = 90;
/** More than an archive holds. A changed one may decompress to any length. */
const LONGEST = 256 * 1024 * 1024;

/** An archive, and the documents in it. */
interface Archive {
  readonly path: string;
  readonly seal: number;
  readonly documents: ReadonlySet<string>;
}

/** The number of the seal of an archive; null for another file. */
export function archiveSeal(path: string): number | null {
  const number = FILE.exec(path)?.[1];
  return number === undefined ? null : Number(number);
}

/** All archives of a ledger. */
export class Archives {
  /** Documents by digest: one intact copy in any archive is enough. */
  readonly documents: ReadonlyMap<string, 'good' | 'changed'>;
  /** Paths of the archives. */
  readonly paths: ReadonlySet<string>;
  readonly #folder: Folder;
  /** For each intact document, the path of an archive that has it. */
  readonly #good = new Map<string, string>();
  readonly #archives: readonly Archive[];

  /** Reads all archives. Each error in one becomes a finding. */
  constructor(folder: Folder) {
    this.#folder = folder;
    const documents = new Map<string, 'good' | 'changed'>();
    this.#archives = folder.files('ledger/documents').flatMap((path) => {
      const [, number, part = '0'] = FILE.exec(path) ?? [];
      const bytes = number === undefined ? null : folder.bytes(path);
      if (number === undefined || bytes === null) return [];
      const members = membersOf(bytes);
      if (members === null || !isWhole(bytes, members, `${number}-${part.padStart(5, '0')}`))
        folder.find('tampered', 'changed-archive', 'It is not the archive that was stored: a part of it was changed.', path);
      for (const member of members ?? []) {
        const isGood = isDocument(bytes, member);
        if (!isGood) folder.find('tampered', 'changed-document', `The document ${member.name} does not match its name.`, path);
        if (isGood) this.#good.set(member.digest, path);
        if (isGood || !documents.has(member.digest)) documents.set(member.digest, isGood ? 'good' : 'changed');
      }
      return [{ path, seal: Number(number), documents: new Set((members ?? []).map(({ digest }) => digest)) }];
    });
    this.documents = documents;
    this.paths = new Set(this.#archives.map(({ path }) => path));
  }

  /** The text of a document; null if no archive has it. */
  text(digest: string): string | null {
    const path = this.#good.get(digest);
    const bytes = path === undefined ? null : this.#folder.bytes(path);
    const member = bytes === null ? undefined : membersOf(bytes)?.find((each) => each.digest === digest && isDocument(bytes, each));
    return bytes === null || member === undefined ? null : (plainOf(bytes, member)?.toString('utf8') ?? null);
  }

  /**
   * Compares the archives with the log, and with the documents that records name.
   *
   * @param log null if it cannot be read.
   */
  check(log: Log | null, isNamed: (digest: string) => boolean): void {
    for (const { path, seal, documents } of this.#archives) {
      if (log !== null && seal > log.seals)
        this.#folder.find('tampered', 'beyond-checkpoint', `It belongs to seal ${seal}, and the log has ${log.seals}.`, path, { entry: log.size });
      else if (log !== null && !log.archived.has(seal))
        this.#folder.find('tampered', 'stray-file', `Seal ${seal} does not say that its documents are in an archive.`, path);
      const stray = [...documents].filter((digest) => !isNamed(digest));
      if (stray.length > 0)
        this.#folder.find(
          'tampered',
          'stray-document',
          `No record names ${stray[0]}${stray.length === 1 ? '' : ` and ${stray.length - 1} more of its documents`}.`,
          path,
        );
    }
  }
}

/** A document in an archive. */
interface Member {
  readonly name: string;
  readonly digest: string;
  readonly deflated: boolean;
  /** Offsets: the start of its header, the start of its bytes, and their end. */
  readonly header: number;
  readonly from: number;
  readonly to: number;
}

/** The documents that an archive lists, in order; null if it is not an archive. */
function membersOf(bytes: Buffer): Member[] | null {
  const end = bytes.length - COMMENT_BYTES - END_BYTES;
  if (end < 0 || bytes.readUInt32LE(end) !== END) return null;
  const members: Member[] = [];
  const directory = bytes.readUInt32LE(end + 16);
  for (let at = directory; at < end; ) {
    if (at + CENTRAL_BYTES > end || bytes.readUInt32LE(at) !== CENTRAL) return null;
    const header = bytes.readUInt32LE(at + 42);
    const length = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('latin1', at + CENTRAL_BYTES, at + CENTRAL_BYTES + length);
    const method = bytes.readUInt16LE(at + 10);
    const digits = NAME.exec(name)?.[1];
    // Both headers have to agree, so that all tools read the same content.
    const local = bytes.subarray(header, header + LOCAL_BYTES + length);
    const fits =
      local.length === LOCAL_BYTES + length &&
      local.readUInt32LE(0) === LOCAL &&
      local.subarray(4, LOCAL_BYTES).equals(bytes.subarray(at + 6, at + 32)) &&
      local.toString('latin1', LOCAL_BYTES) === name;
    if (digits === undefined || !fits || (method !== 0 && method !== 8)) return null;
    const from = header + LOCAL_BYTES + length;
    members.push({ name, digest: `sha256:${digits}`, deflated: method === 8, header, from, to: from + bytes.readUInt32LE(at + 20) });
    at += CENTRAL_BYTES + length;
  }
  return members;
}

/** Whether an archive holds its documents and nothing between them, each once, under its name, and matches the digest in its comment. */
function isWhole(bytes: Buffer, members: readonly Member[], name: string): boolean {
  const end = bytes.length - COMMENT_BYTES;
  const directory = bytes.readUInt32LE(end - END_BYTES + 16);
  let at = 0;
  for (const { header, to } of members) {
    if (header !== at) return false;
    at = to;
  }
  const once = new Set(members.map(({ digest }) => digest)).size === members.length;
  return at === directory && once && `${name} ${digestOf(bytes.subarray(0, end))}` === bytes.toString('latin1', end);
}

function plainOf(bytes: Buffer, { deflated, from, to }: Member): Buffer | null {
  const data = bytes.subarray(from, to);
  try {
    return deflated ? inflateRawSync(data, { maxOutputLength: LONGEST }) : data;
  } catch {
    return null;
  }
}

function isDocument(bytes: Buffer, member: Member): boolean {
  const plain = plainOf(bytes, member);
  return plain !== null && digestOf(plain) === member.digest && readCanonical(utf8(plain) ?? '') !== undefined;
}
