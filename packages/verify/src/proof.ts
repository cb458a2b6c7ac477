// Files that can be verified on their own: the proof of one record (https://c2sp.org/tlog-proof), and records with their proofs and documents.

import { type Finding, Folder, type Place } from './findings.js';
import { digestOf } from './hash.js';
import { type Included, rootFrom } from './inclusion.js';
import { canonical, isObject, type Json, type JsonObject, readCanonical, utf8 } from './json.js';
import { type Break, hasEnded, Keys, maySign } from './keys.js';
import { entryOf, nameOf } from './log.js';
import { type Checkpoint, readCheckpoint, type Trust, UsageError } from './note.js';
import { extraIn, includedAll, includedIn, includedJson, readProofFile } from './proof-file.js';
import { isRecord } from './record.js';

/** Records of a log, with their proofs. */
export interface Evidence {
  /** The checkpoint, as a signed note. */
  readonly checkpoint: Uint8Array;
  readonly records: readonly Included[];
  /** The newest seal, which says when the checkpoint was created; null in the proof of one record. */
  readonly seal: Included | null;
  /** Documents by their digests. */
  readonly documents: ReadonlyMap<string, string>;
  /** Proofs of rotations, in order. */
  readonly rotations: readonly Uint8Array[];
  /** Entries that declare a key lost, in order. */
  readonly breaks: readonly Included[];
}

/** A record in a file, with its proof. */
export interface ProvenRecord {
  /** Its global number. */
  readonly entry: number;
  readonly stream: string;
  readonly seq: number;
  readonly resource: string;
  readonly kind: string;
  readonly time: string;
}

/** The result of {@link verifyProof} and {@link verifyBundle}. */
export interface ProofReport {
  readonly status: 'intact' | 'tampered' | 'untrusted' | 'incomplete';
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null;
  /** The records that are in the signed log. */
  readonly records: readonly ProvenRecord[];
  readonly documents: number;
  /** Lost keys of the log: others continue without their announcement. */
  readonly breaks: readonly Break[];
  readonly firstBad: Finding | null;
  readonly findings: readonly Finding[];
  /** What this check cannot show. */
  readonly limits: readonly string[];
}

function readProof(bytes: Uint8Array, record: Uint8Array | null): Evidence | null {
  const read = readProofFile(bytes);
  if (read === null) return null;
  const { entry, path, checkpoint } = read;
  const extra = extraIn(read.extra);
  if (extra === null) return null;
  const { record: own, breaks } = extra;
  const given = record ?? own;
  if (given === null) throw new UsageError('The proof does not hold its record, which is too long for it. Give the record with --record.');
  if (own !== null && record !== null && !own.equals(record)) throw new UsageError('The record differs from the one in the proof.');
  return { checkpoint, records: [{ entry, bytes: given, path }], seal: null, documents: new Map(), rotations: [], breaks };
}

/** Evidence as one file. */
export function bundleFile({ checkpoint, records, seal, documents, rotations, breaks }: Evidence): string {
  return canonical({
    ...(breaks.length === 0 ? {} : { breaks: breaks.map(includedJson) }),
    bundle: 1,
    checkpoint: Buffer.from(checkpoint).toString('utf8'),
    documents: Object.fromEntries(documents),
    records: records.map(includedJson),
    ...(rotations.length === 0 ? {} : { rotations: rotations.map((each) => Buffer.from(each).toString('utf8')) }),
    seal: seal === null ? null : includedJson(seal),
  });
}

function readBundle(bytes: Uint8Array): Evidence | null {
  const value = readCanonical(utf8(bytes) ?? '');
  if (!isObject(value) || !/^(?:breaks,)?bundle,checkpoint,documents,records,(?:rotations,)?seal$/.test(Object.keys(value).join()) || value['bundle'] !== 1)
    return null;
  const { breaks = [], checkpoint, documents, records, rotations = [], seal } = value;
  if (typeof checkpoint !== 'string' || !isObject(documents) || !Array.isArray(rotations)) return null;
  const [read, lost] = [includedAll(records), includedAll(breaks)];
  const closing = includedIn(seal);
  const texts = Object.entries(documents);
  const replaced = rotations as readonly Json[];
  const areTexts = [...texts.map(([, text]) => text), ...replaced].every((text) => typeof text === 'string');
  if (read === null || read.length === 0 || lost === null || closing === null || !areTexts) return null;
  return {
    ...{ checkpoint: Buffer.from(checkpoint), records: read, seal: closing, documents: new Map(texts as [string, string][]) },
    rotations: replaced.map((text) => Buffer.from(String(text))),
    breaks: lost,
  };
}

/**
 * Verifies a `.tlog-proof` of a record: that the record is in the log that a trusted key has signed.
 *
 * @param record Its JSON, if the proof does not contain it.
 * @example verifyProof(readFileSync('record.tlog-proof'), { trust })
 * @throws {UsageError} when the proof lacks its record.
 */
export function verifyProof(file: Uint8Array, { trust, record = null }: { readonly trust?: Trust; readonly record?: Uint8Array | null }): ProofReport {
  return new Checking('proof', readProof(file, record), trust).report();
}

/**
 * Verifies a bundle: that each of its records is in the log that a trusted key has signed, and that each document matches its record.
 *
 * @example verifyBundle(readFileSync('bundle.json'), { trust })
 */
export function verifyBundle(file: Uint8Array, { trust }: { readonly trust?: Trust }): ProofReport {
  return new Checking('bundle', readBundle(file), trust).report();
}

const OTHERS =
  'Whether there are more records than these, and that the log was not set back or forked: that takes the whole ledger and a checkpoint kept elsewhere.';
const TRUTH = 'Whether records were true when they were written.';
const LOST =
  'Whether a key of the log was lost and another one continues without its announcement: the whole ledger shows it, or a bundle whose newest seal counts lost keys.';
const NO_TIME = 'When the checkpoint was made, and so whether its key was still trusted then: a bundle or the whole ledger shows it.';

class Checking {
  readonly #folder = new Folder('');
  readonly #kind: 'proof' | 'bundle';
  readonly #evidence: Evidence | null;
  readonly #keys: Keys;
  readonly #records: ProvenRecord[] = [];
  readonly #named = new Set<string>();

  constructor(kind: 'proof' | 'bundle', evidence: Evidence | null, trust: Trust = { keys: [] }) {
    this.#kind = kind;
    this.#evidence = evidence;
    this.#keys = new Keys(trust, evidence?.rotations ?? [], (severity, code, message, _number, place) => this.#find(severity, code, message, place));
  }

  report(): ProofReport {
    if (this.#evidence === null) this.#find('tampered', `not-a-${this.#kind}`, `It is not a ${this.#kind} of a record, or parts of it were changed.`);
    const checkpoint = this.#evidence === null ? null : this.#check(this.#evidence);
    const { findings } = this.#folder;
    const worst = (['tampered', 'untrusted', 'incomplete'] as const).find((each) => findings.some(({ severity }) => severity === each));
    return {
      status: worst ?? 'intact',
      checkpoint: checkpoint === null ? null : { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root.toString('base64') },
      records: this.#records,
      documents: this.#evidence?.documents.size ?? 0,
      breaks: this.#keys.breaks,
      firstBad: findings.find(({ severity }) => severity === worst) ?? null,
      findings,
      limits: [...(this.#evidence?.seal === null ? [NO_TIME] : []), ...(this.#keys.breaks.length === 0 && !this.#saysBreaks() ? [LOST] : []), OTHERS, TRUTH],
    };
  }

  /** Whether it shows how often a key was lost. Seals of versions before this one do not say it. */
  #saysBreaks(): boolean {
    const seal = this.#evidence?.seal ?? null;
    return seal !== null && isObject(sealIn(seal)?.['said']);
  }

  #check({ checkpoint: note, records, seal, documents, breaks }: Evidence): Checkpoint | null {
    const read = readCheckpoint(note, this.#keys.trust);
    if ('code' in read) this.#find(read.code === 'untrusted-key' ? 'untrusted' : 'tampered', read.code, read.message);
    const checkpoint = 'code' in read ? read.said : read;
    if (checkpoint === null) return null;
    for (const each of breaks) this.#checkBreak(each, checkpoint);
    const outOfPlace = this.#keys.outOfPlace(checkpoint);
    if (outOfPlace !== null) this.#find('untrusted', 'key-out-of-time', outOfPlace);
    for (const record of records) this.#checkRecord(record, checkpoint, documents);
    if (seal !== null) this.#checkSeal(seal, checkpoint, breaks.length);
    for (const digest of documents.keys())
      if (!this.#named.has(digest)) this.#find('tampered', 'unused-document', `None of its records names the document ${digest}.`);
    return checkpoint;
  }

  #checkRecord(included: Included, checkpoint: Checkpoint, documents: Evidence['documents']): void {
    const text = utf8(included.bytes);
    const record = readCanonical(text ?? '');
    const place = { entry: included.entry };
    if (record === undefined || !isRecord(record)) {
      this.#find('tampered', 'malformed', 'It does not have the form of a record.', place);
      return;
    }
    const { stream, seq, resource, kind, time, blobs } = record;
    const proven = {
      entry: included.entry,
      stream: String(stream),
      seq: Number(seq),
      resource: nameOf(resource as JsonObject),
      kind: String(kind),
      time: String(time),
    };
    const named = { ...place, stream: proven.stream, seq: proven.seq, resource: proven.resource };
    const bytes = entryOf(proven.stream, proven.seq, Buffer.from(included.bytes));
    if (rootFrom({ ...included, bytes }, checkpoint.size)?.equals(checkpoint.root) !== true) {
      this.#find('tampered', 'not-included', 'The record is not in the log that was signed: it, its proof or its number was changed.', named);
      return;
    }
    this.#records.push(proven);
    // A sealer signs after the time of what it seals.
    if (checkpoint.by.length > 0 && checkpoint.by.every((key) => hasEnded(key, Date.parse(proven.time))))
      this.#find('untrusted', 'key-out-of-time', `The record is dated ${proven.time}, when the key that sealed it was no longer trusted.`, named);
    if (this.#kind === 'bundle') for (const [name, digest] of Object.entries(blobs as JsonObject)) this.#checkDocument(name, String(digest), documents, named);
  }

  #checkDocument(name: string, digest: string, documents: Evidence['documents'], place: Place): void {
    this.#named.add(digest);
    const text = documents.get(digest);
    if (text === undefined)
      this.#find(
        'incomplete',
        'missing-document',
        `Its document ${name} is not in the bundle, since its retention may have ended; the record itself is proven.`,
        place,
      );
    else if (digestOf(text) !== digest || readCanonical(text) === undefined)
      this.#find('tampered', 'changed-document', `Its document ${name} does not match its digest.`, place);
  }

  /** Each declaration of a lost key has to be an entry of the log, and they have to be in order. */
  #checkBreak(included: Included, { origin, size, root }: Checkpoint): void {
    const seal = sealIn(included);
    const said = seal?.['break'];
    const place = { entry: included.entry };
    if (seal === undefined || !isObject(said) || said['number'] !== this.#keys.breaks.length + 1 || rootFrom(included, size)?.equals(root) !== true)
      this.#find('tampered', 'wrong-break', 'A declaration of a lost key is not in the signed log, or some declarations are missing.', place);
    else
      this.#keys.declared({ entry: included.entry, since: String(seal['time']), said }, origin, (severity, code, message) =>
        this.#find(severity, code, message, place),
      );
  }

  #checkSeal(seal: Included, { size, root, by }: Checkpoint, breaks: number): void {
    const own = sealIn(seal);
    const time = own !== undefined ? Date.parse(String(own['time'])) : Number.NaN;
    const place = { entry: seal.entry };
    if (seal.entry !== size - 1 || Number.isNaN(time) || rootFrom(seal, size)?.equals(root) !== true)
      this.#find('tampered', 'wrong-seal', 'The seal that dates it is not the newest entry of the signed log.', place);
    else if (saidBreaks(own) > breaks)
      this.#find(
        'tampered',
        'missing-break',
        `The log counts ${saidBreaks(own)} lost keys, but the bundle declares ${breaks}: declarations were removed.`,
        place,
      );
    else if (by.length > 0 && !by.some((key) => maySign(key, time)))
      this.#find('untrusted', 'key-out-of-time', `It was sealed at ${new Date(time).toISOString()}, when its key was not trusted.`, place);
  }

  #find(severity: Finding['severity'], code: string, message: string, place: Place = {}): void {
    this.#folder.find(severity, code, message, this.#kind, place);
  }
}

function sealIn({ bytes }: Included): JsonObject | undefined {
  const value = readCanonical(utf8(bytes) ?? '');
  const seal = isObject(value) ? value['seal'] : undefined;
  return isObject(seal) ? seal : undefined;
}

/** How often a key of the log was lost, according to its newest seal; 0 for versions that did not record it. */
export function saidBreaks(seal: JsonObject | undefined): number {
  const said = seal?.['said'];
  return Number(isObject(said) ? said['breaks'] : 0);
}
