// The check of a folder, from the checkpoint down to the last byte.
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Copy, copiesIn } from './anchors.js';
import { Archives, archiveSeal } from './archives.js';
import { Documents } from './documents.js';
import { type Finding, Folder } from './findings.js';
import { digestOf, Hashes, rootOf } from './hash.js';
import { isObject, type Json, readCanonical, utf8 } from './json.js';
import { atFile, type Break, breaksIn, hasEnded, isKey, Keys, maySign, type Rotation, rotationFile, rotationsIn } from './keys.js';
import { checkLog, type Log, leastOf, rootOfFirst } from './log.js';
import { type Checkpoint, decidedBy, readCheckpoint, type Trust, UsageError, type Witnessed, type WitnessKey, witnessedBy, witnessKey } from './note.js';
import { checkStreams, type StreamsFound, type Uncovered } from './streams.js';
import { askAside, type Check, runHere, runInThreads } from './work.js';

/** What to check, and against what. */
export interface VerifyOptions {
  /** Folder of the evidence: a data folder of Redress, or a copy of one. */
  readonly directory: string;
  /** The keys to trust. Without it nothing shows who has sealed, and the result is never `intact`. */
  readonly trust?: Trust;
  /** Checkpoints that were copied elsewhere, with names for people. The log must begin with what each says. */
  readonly copies?: readonly Copy[];
  /** Places of such checkpoints: files, folders, git repositories. All checkpoints of this log in them are compared. */
  readonly anchors?: readonly string[];
  /** Keys of witnesses (C2SP tlog-cosignature): each must have cosigned the checkpoint, or one of the copies. */
  readonly witnesses?: readonly string[];
  /**
   * The number of days for which documents had to be kept. A missing document of an older record has expired, and is not a finding. The age counts up to the
   * newest seal, or up to now if the journal is not sealed. Without it nothing expires.
   */
  readonly retention?: number;
}

/** The result of {@link verifyLedger}. */
export interface VerifyReport {
  readonly status: 'intact' | 'tampered' | 'untrusted' | 'incomplete';
  /** The checkpoint that was verified; null if none can be read. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string; readonly sealed: string | null; readonly seals: number } | null;
  /** Replaced keys, according to the log under the previous key. */
  readonly rotations: readonly Rotation[];
  /** Lost keys, according to the log: others continue without their announcement. */
  readonly breaks: readonly Break[];
  /** Copies of checkpoints that were compared. */
  readonly compared: number;
  /** The newest checkpoint that each witness has seen. */
  readonly witnessed: readonly Witnessed[];
  readonly streams: number;
  readonly records: number;
  /**
   * Records that no seal covers. Their chains are intact, but anybody who can write the folder could have created them. If nothing was ever sealed, this
   * counts all records.
   */
  readonly unsealed: number;
  /** The streams and numbers of these records. */
  readonly uncovered: readonly Uncovered[];
  readonly executions: number;
  readonly openExecutions: number;
  readonly documents: number;
  /** Documents that are missing, and whose retention has ended. */
  readonly expired: number;
  /** The first record that does not verify, by its global number; else the first finding. */
  readonly firstBad: Finding | null;
  readonly findings: readonly Finding[];
  /** What this check cannot show. */
  readonly limits: readonly string[];
}

const FORMAT = 'redress-evidence/1\n';
const CHECKPOINT = 'ledger/checkpoint';
/** How often a folder is checked again if somebody seals in the meantime. */
const ATTEMPTS = 3;
/** Bytes of entries above which starting threads pays off. */
const LARGE = 32_000_000;
const NO_COPY =
  'That a log was set back to an older checkpoint, records and all, or that a key signed two histories: only a checkpoint that was kept elsewhere shows it.';
const UNSEALED = 'Of records that are not sealed yet: a stream whose tail was cut off, a missing stream, a rewritten history. Only their chains hold.';
const TRUTH = 'Whether records were true when they were written.';

/**
 * Verifies a ledger: that a trusted key has signed the checkpoint, that entries and tiles match it, that every sealed record is in its stream, and that
 * every record and document matches its digest.
 *
 * @example exitCodeOf(verifyLedger({ directory: 'copy', trust: parseTrust(readFileSync('trust.json', 'utf8')) }))
 * @throws {UsageError} if there is no such folder, or a copy is not a checkpoint of this log.
 */
export function verifyLedger(options: VerifyOptions): VerifyReport {
  return runHere(verifying(options));
}

/**
 * {@link verifyLedger}, in several threads if there is a lot to do.
 *
 * @param threads Maximum number of threads, including this one.
 * @example await verifyLargeLedger({ directory: 'copy', trust }, 4)
 * @throws {UsageError} if there is no such folder, or a copy is not a checkpoint of this log.
 * @throws {Error} if a thread ends before its work is done.
 */
export async function verifyLargeLedger(options: VerifyOptions, threads: number = Math.min(availableParallelism(), 4)): Promise<VerifyReport> {
  const check = verifying(options);
  return threads < 2 || bytesIn(options.directory) < LARGE ? runHere(check) : runInThreads(check, threads);
}

/**
 * {@link verifyLedger} in a separate thread, for a caller that has to serve others meanwhile. It takes longer than with several threads, but does not block
 * the caller.
 *
 * @param signal Ends it if the result is no longer needed.
 * @example const report = await verifyLedgerAside({ directory: '.redress', trust }, ending.signal)
 * @throws {UsageError} if there is no such folder, or a copy is not a checkpoint of this log.
 * @throws {Error} if the thread ends before its work is done.
 */
export async function verifyLedgerAside(options: VerifyOptions, signal: AbortSignal): Promise<VerifyReport> {
  const answer = (await askAside(options, signal)) as ReturnType<typeof answerAside> | null;
  if (answer === null) return verifyLedger(options);
  if ('misused' in answer) throw new UsageError(answer.misused);
  return answer.report;
}

/** The result of that thread. Error classes do not survive the transfer between threads. */
export function answerAside(asked: unknown): { readonly report: VerifyReport } | { readonly misused: string } {
  try {
    return { report: verifyLedger(asked as VerifyOptions) };
  } catch (error) {
    if (error instanceof UsageError) return { misused: error.message };
    throw error;
  }
}

/** Approximate bytes of a log's entries, to decide whether threads pay off. */
function bytesIn(directory: string): number {
  const first = statSync(join(directory, 'ledger/tile/entries/000'), { throwIfNoEntry: false })?.size ?? 0;
  const size = Number(/^[^\n]*\n([0-9]{1,15})\n/.exec(new Folder(directory).bytes(CHECKPOINT)?.toString('latin1') ?? '')?.[1] ?? 0);
  return (first / 256) * size;
}

function* verifying(options: VerifyOptions): Check<VerifyReport> {
  if (statSync(options.directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`There is no folder ${options.directory}.`);
  const checkpoint = () => new Folder(options.directory).bytes(CHECKPOINT)?.toString('latin1');
  for (let attempt = 1; ; attempt++) {
    const before = checkpoint();
    const report = yield* verifyOnce(options);
    // A sealer that finished in between has left other tiles than those that were expected.
    if (attempt === ATTEMPTS || checkpoint() === before) return report;
  }
}

function* verifyOnce({ directory, trust, copies = [], anchors = [], witnesses = [], retention }: VerifyOptions): Check<VerifyReport> {
  const folder = new Folder(directory);
  checkFormat(folder);
  // If keys to trust are given, a seal is expected: a ledger that was removed as a whole is reported.
  const expected =
    trust !== undefined || copies.length + anchors.length + witnesses.length > 0 || ['ledger', 'sealer'].some((name) => existsSync(join(directory, name)));
  const proofs = expected ? rotationsIn(folder) : [];
  const keys = new Keys(trust ?? { keys: [] }, proofs, atFile(folder));
  const trusted = keys.trust;
  const checkpoint = expected ? checkpointOf(folder, trusted) : null;
  const archives = new Archives(folder);
  const known = new Set([...proofs.map((_, at) => rotationFile(at + 1)), ...breaksIn(folder), ...archives.paths]);
  const log = checkpoint === null ? null : yield* checkLog(folder, checkpoint.size, checkpoint.root, known) as Check<Log>;
  if (checkpoint !== null && log !== null) keys.checkBreaks(log, checkpoint.origin, folder);
  if (checkpoint !== null && log !== null) checkMoment(folder, checkpoint, log, keys);
  if (log !== null) keys.check(log, atFile(folder));
  const origins = checkpoint === null ? trusted.keys.map(({ origin }) => origin) : [checkpoint.origin];
  const kept = [...copies, ...anchors.flatMap((place) => copiesIn(place, origins))];
  const compared = kept.filter((copy) => {
    const read = readCopy(folder, copy, trusted, origins, log?.size ?? 0);
    if (read !== null) checkCopy(folder, log, read, copy.name, keys);
    return read !== null;
  });
  const own = folder.bytes(CHECKPOINT);
  const witnessed = checkWitnesses(folder, own === null ? kept : [{ name: CHECKPOINT, note: own }, ...kept], witnesses.map(witnessKey));
  const documents = new Documents(folder, archives.documents);
  const { counts, uncovered, newest } = yield* checkStreams(folder, log, documents, keptFrom(log, retention), archives.documents) as Check<StreamsFound>;
  if (checkpoint !== null && newest !== null && !folder.findings.some(({ code, file }) => code === 'key-out-of-time' && file === CHECKPOINT))
    checkNewest(folder, checkpoint, newest);
  archives.check(log, (digest) => documents.known.has(digest));
  documents.others();
  const begun = checkUnfinished(folder, checkpoint, log, keys, trust === undefined ? null : origins);
  const findings = relieved(folder.findings, begun);
  return {
    status: statusOf(findings),
    checkpoint: checkpoint === null || log === null ? null : said(checkpoint, log),
    rotations: keys.rotations,
    breaks: keys.breaks,
    compared: compared.length,
    witnessed,
    ...counts,
    uncovered,
    documents: documents.count,
    expired: documents.expired,
    firstBad: firstOf(findings),
    findings,
    limits: [...(log !== null && compared.length === 0 ? [NO_COPY] : []), ...(counts.unsealed > 0 ? [UNSEALED] : []), TRUTH],
  };
}

/** The time from which on documents have to exist. */
function keptFrom(log: Log | null, days: number | undefined): string | null {
  return days === undefined ? null : new Date((log?.sealedAt ?? Date.now()) - days * 86_400_000).toISOString();
}

/** 0: intact. 1: tampered. 2: incomplete. 3: no trusted key has signed. */
export function exitCodeOf({ status }: Pick<VerifyReport, 'status'>): 0 | 1 | 2 | 3 {
  return ({ intact: 0, tampered: 1, incomplete: 2, untrusted: 3 } as const)[status];
}

function checkFormat(folder: Folder): void {
  const bytes = folder.bytes('FORMAT');
  if (bytes === null && folder.findings.length === 0)
    folder.find('tampered', 'no-format', 'The file FORMAT is missing: this is not a journal, or the file was removed.', 'FORMAT');
  if (bytes !== null && bytes.toString('utf8') !== FORMAT) folder.find('tampered', 'wrong-format', 'The file FORMAT names another format.', 'FORMAT');
}

/** The checkpoint, even if nobody trusts it: its content can still be compared. */
function checkpointOf(folder: Folder, trust: Trust): Checkpoint | null {
  const file = CHECKPOINT;
  const bytes = folder.bytes(file);
  if (bytes === null) {
    folder.find('tampered', 'no-checkpoint', 'There is no checkpoint: it was never sealed, or the log was removed.', file);
    return null;
  }
  const read = readCheckpoint(bytes, trust);
  if (!('code' in read)) return read;
  folder.find(read.code === 'untrusted-key' ? 'untrusted' : 'tampered', read.code, read.message, file);
  // No log that was ever sealed is too long for its hashes to fit into memory.
  return read.said !== null && read.said.size <= 100_000_000 ? read.said : null;
}

/** A key may only sign within its time. */
function checkMoment(folder: Folder, checkpoint: Checkpoint, { sealedAt }: Log, keys: Keys): void {
  const { by } = checkpoint;
  const outOfPlace = keys.outOfPlace(checkpoint);
  if (outOfPlace !== null) folder.find('untrusted', 'key-out-of-time', outOfPlace, CHECKPOINT);
  else if (by.length > 0 && sealedAt !== null && !by.some((key) => maySign(key, sealedAt)))
    folder.find('untrusted', 'key-out-of-time', `It was sealed at ${new Date(sealedAt).toISOString()}, when its key was not trusted.`, CHECKPOINT);
}

/**
 * A sealer signs after the time of what it seals. With a key whose time has ended, somebody can backdate a seal, but not the records of other processes, each
 * with its own clock.
 */
function checkNewest(folder: Folder, { by }: Checkpoint, { file, seq, entry, time }: NonNullable<StreamsFound['newest']>): void {
  if (by.length > 0 && by.every((key) => hasEnded(key, time)))
    folder.find(
      'untrusted',
      'key-out-of-time',
      `The record is dated ${new Date(time).toISOString()}, when the key that sealed it was no longer trusted.`,
      file,
      {
        seq,
        line: seq,
        entry,
      },
    );
}

/** A copy to compare with; null if no trusted key has signed it. In a log that was set back, the announcement of its key is missing. */
function readCopy(folder: Folder, { name, note }: Copy, trust: Trust, origins: readonly string[], size: number): Checkpoint | null {
  const read = readCheckpoint(note, trust);
  const said = 'code' in read ? read.said : read;
  if ('code' in read && (said === null || read.code !== 'untrusted-key')) throw new UsageError(`${name} cannot be compared with. ${read.message}`);
  if (said !== null && !origins.includes(said.origin))
    throw new UsageError(`${name} cannot be compared with. It belongs to ${said.origin}, not to ${origins.join(' or ')}.`);
  if (!('code' in read)) return read;
  const why = `It is of ${said?.size ?? 0} entries, and the log has ${size}: either the log was set back to before that key, or the copy is from somebody else.`;
  folder.find('untrusted', 'untrusted-copy', `${name} cannot be compared with. ${read.message} ${why}`, CHECKPOINT);
  return null;
}

/** If a witness is required, it has to have cosigned the checkpoint, or a copy. */
function checkWitnesses(folder: Folder, notes: readonly Copy[], witnesses: readonly WitnessKey[]): Witnessed[] {
  return witnesses.flatMap((witness) => {
    const seen = notes.map(({ name, note }) => ({ name, by: witnessedBy(note, witness) }));
    for (const { name, by } of seen)
      if (by === 'wrong') folder.find('tampered', 'wrong-cosignature', `The cosignature of ${witness.name} in ${name} is not of this checkpoint.`, CHECKPOINT);
    const good = seen.flatMap(({ by }) => (by === null || by === 'wrong' ? [] : [by])).sort((a, b) => b.size - a.size);
    if (good.length === 0)
      folder.find('untrusted', 'not-witnessed', `The witness ${witness.name} has cosigned neither the checkpoint nor a copy of one.`, CHECKPOINT);
    return good.slice(0, 1);
  });
}

function checkCopy(folder: Folder, log: Log | null, copy: Checkpoint, name: string, keys: Keys): void {
  const file = CHECKPOINT;
  const outOfPlace = keys.outOfPlace(copy);
  if (outOfPlace !== null) folder.find('untrusted', 'key-out-of-time', `${name}: ${outOfPlace}`, file);
  if (log === null || copy.size > log.size) {
    folder.find('tampered', 'rolled-back', `${name} is of ${copy.size} entries, and the log has ${log?.size ?? 0}: it was set back.`, file, {
      entry: log?.size ?? 0,
    });
    return;
  }
  if (!rootOfFirst(log, copy.size).equals(copy.root))
    folder.find('tampered', 'forked', `The first ${copy.size} entries are not those that ${name} was signed over: there are two histories.`, file);
}

/** The end of a seal that was begun. */
interface Begun {
  readonly size: number;
  readonly seal: number;
}

/**
 * The decision of a sealer that has died or is still running, if it follows the checkpoint, or has just created it, and if the current key has signed it.
 *
 * @param origins Logs to check for; null if no key is trusted.
 * @returns how far it explains the existing files; null if it explains nothing.
 */
function checkUnfinished(folder: Folder, checkpoint: Checkpoint | null, log: Log | null, keys: Keys, origins: readonly string[] | null): Begun | null {
  const file = 'sealer/pending.json';
  const bytes = folder.bytes(file);
  if (bytes === null) return null;
  const text = utf8(bytes) ?? '';
  const value = readCanonical(text);
  const { signed, before, after } = isObject(value) ? value : {};
  const root = checkpoint?.root ?? rootOf(new Hashes(Buffer.alloc(0)), 0, 0);
  const fits = (state: Json | undefined) => isObject(state) && state['size'] === (checkpoint?.size ?? 0) && state['root'] === root.toString('base64');
  // Versions before this one signed no decisions, and their seals had no summary of earlier seals. A log with a summary accepts no unsigned decisions.
  const isOfBefore =
    signed === undefined && log !== null && log.size > 0 && !log.says && isObject(after) && !(isObject(after['seal']) && 'said' in after['seal']);
  const by = isOfBefore ? [] : typeof signed === 'string' ? decidedBy(signed, planDigest(text, signed), keys.trust) : null;
  if (by === null || !isObject(before) || !isObject(after) || !isObject(after['seal']) || !(fits(before) || fits(after))) {
    folder.find('tampered', 'wrong-pending', 'The unfinished seal does not follow the checkpoint, or differs from what a key of the log has signed.', file);
    return null;
  }
  const { time, number } = after['seal'];
  const size = Number(after['size']);
  // A sealer decides after the time of what is sealed, whatever time the decision states.
  const moment = Math.max(Date.parse(String(time)), log?.sealedAt ?? 0);
  const signing = by.filter((key) => (origins ?? [key.origin]).includes(key.origin) && maySign(key, moment) && keys.outOfPlace({ by: [key], size }) === null);
  if (isOfBefore || signing.length > 0)
    folder.find('incomplete', 'unfinished-seal', 'A seal is unfinished: a sealer is running, or has died. Seal again.', file);
  else folder.find('untrusted', 'untrusted-pending', 'A seal is unfinished, and no trusted key that signs now has begun it.', file);
  // A decision by nobody who is trusted explains nothing. The exception is a declaration that a key is lost, because the key that continues may not be
  // trusted yet.
  const explains = isOfBefore || signing.length > 0 || origins === null || goesOn(checkpoint, after['seal']['break'], text, String(signed));
  return explains ? { size, seal: Number(number) } : null;
}

/** Whether the key that is to continue after a lost one has begun it. */
function goesOn(checkpoint: Checkpoint | null, lost: Json | undefined, text: string, signed: string): boolean {
  if (checkpoint === null || !isObject(lost) || !isKey(lost['to'], checkpoint.origin)) return false;
  const key = { origin: checkpoint.origin, key: lost['to'], from: null, until: null };
  return (decidedBy(signed, planDigest(text, signed), { keys: [key] }) ?? []).length > 0;
}

/** Digest of a plan, from its canonical text with the signature in it. Walking the value could overflow the stack if it is nested deeply. */
function planDigest(text: string, signed: string): string {
  const parts = text.split(`"signed":${JSON.stringify(signed)},`);
  // A digest cannot cover itself: a text that contains its own signature again was not signed.
  return parts.length === 2 ? digestOf(parts.join('')) : '';
}

/** Without a checkpoint, or with files beyond it, the log may be as a sealer leaves it before its seal is complete: at most as far as that seal. */
function relieved(findings: readonly Finding[], begun: Begun | null): Finding[] {
  if (begun === null) return [...findings];
  const isOf = ({ code, file }: Finding) => {
    if (code !== 'beyond-checkpoint') return code === 'no-checkpoint';
    const archive = archiveSeal(file);
    return archive === null ? (leastOf(file) ?? 0) <= begun.size : archive <= begun.seal;
  };
  return findings.map((each) => (isOf(each) ? { ...each, severity: 'incomplete' } : each));
}

function statusOf(findings: readonly Finding[]): VerifyReport['status'] {
  return (['tampered', 'untrusted', 'incomplete'] as const).find((each) => findings.some(({ severity }) => severity === each)) ?? 'intact';
}

/** Of the worst findings, the one with the lowest global number: the others may only be consequences. */
function firstOf(findings: readonly Finding[]): Finding | null {
  const worst = findings.filter(({ severity }) => severity === statusOf(findings));
  const entry = ({ entry: of }: Finding) => of ?? Number.POSITIVE_INFINITY;
  return worst.reduce<Finding | null>((first, each) => (first === null || entry(each) < entry(first) ? each : first), null);
}

function said({ origin, size, root }: Checkpoint, { seals, sealedAt }: Log): NonNullable<VerifyReport['checkpoint']> {
  return { origin, size, root: root.toString('base64'), sealed: sealedAt === null ? null : new Date(sealedAt).toISOString(), seals };
}
