import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { countOf, redact } from '@redress/core';
import {
  type Anchor,
  anchorTo,
  breakFolder,
  folderAnchor,
  generateKey,
  type NoteSigner,
  type NotKept,
  rotateFolder,
  type SealReport,
  sealFolder,
  signerOf,
  witnessOf,
} from '@redress/evidence';
import type { LostDocument } from '@redress/evidence/aws';
import type { Trust, TrustedKey } from '@redress/verify';
import { awsPlace, type Data, type GlobalOptions, reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { numberOf } from '../numbers.js';
import { printable } from '../printable.js';

/** Where a key is written and read, unless another file is named. */
export const KEY_FILE = 'redress.key';
/** Where it says whom to trust, unless another file is named. */
export const TRUST_FILE = 'redress.trust.json';

/** Mode of a private key. */
const OWNER_ONLY = 0o600;

/** What `evidence key` takes. */
export interface KeyOptions {
  readonly origin: string;
  readonly out?: string;
  readonly trust?: string;
  /** A KMS key, instead of one that is made. */
  readonly kms?: string;
}

/** What `evidence seal` takes. */
export interface SealOptions {
  readonly key?: string;
  readonly trust?: string;
  /** A KMS key, instead of one in a file. */
  readonly kms?: string;
  /** Of the ledger, with a KMS key; default: that of the trust file. */
  readonly origin?: string;
  readonly lockDays?: string;
  readonly documentsDays?: string;
  readonly all?: boolean;
  /** Folders, or `s3://BUCKET/PREFIX`. */
  readonly anchor?: readonly string[];
  /** Each its key and URL. */
  readonly witness?: readonly string[];
}

/** Makes the key of a ledger, and the trust file that verifies what it seals. Replaces nothing. */
export async function evidenceKeyCommand(io: Io, global: GlobalOptions, options: KeyOptions): Promise<Answer> {
  if (options.kms !== undefined) return kmsKey(io, global, { ...options, kms: options.kms });
  const [keyFile, trustFile] = [options.out ?? KEY_FILE, options.trust ?? TRUST_FILE];
  for (const file of [keyFile, trustFile]) if (existsSync(resolve(io.cwd, file))) throw exists(file);
  const { secret, verifier } = generateKey(options.origin);
  await made(io, keyFile, `${secret}\n`, OWNER_ONLY);
  await made(io, trustFile, trustText(options.origin, verifier), 0o644);
  const lines = [`${printable(keyFile)}: the private key. Whoever has it can seal; keep it away from the evidence.`, publicLine(trustFile)];
  return { json: { origin: options.origin, key: keyFile, trust: trustFile, verifier }, text: lines.join('\n'), exit: 0 };
}

const trustText = (origin: string, key: string) => `${JSON.stringify({ keys: [{ origin, key, from: new Date().toISOString(), until: null }] }, null, 2)}\n`;
const publicLine = (file: string) => `${printable(file)}: the public key. Give it to auditors, apart from the evidence.`;

/** Makes the trust file of a key that is in KMS, which nobody else has. */
async function kmsKey(io: Io, global: GlobalOptions, { origin, kms, out, trust: file = TRUST_FILE }: KeyOptions & { readonly kms: string }): Promise<Answer> {
  if (out !== undefined) throw new CliError('cli/usage', 'A key in KMS is not in a file.', { next: 'Omit --out.' });
  if (existsSync(resolve(io.cwd, file))) throw exists(file);
  const { verifier } = await kmsSignerOf(io, global, kms, origin);
  await made(io, file, trustText(origin, verifier), 0o644);
  return { json: { origin, kms, trust: file, verifier }, text: publicLine(file), exit: 0 };
}

async function kmsSignerOf(io: Io, global: GlobalOptions, key: string, origin: string): Promise<NoteSigner> {
  const { table: _, bucket: __, ...place } = awsPlace(io, global, { table: '', bucket: '' });
  return (await import('@redress/evidence/aws')).kmsSigner({ ...place, key, origin });
}

/** Seals what the journal of the data folder, or one on AWS, has recorded. */
export async function evidenceSealCommand(io: Io, data: Data, global: GlobalOptions, options: SealOptions): Promise<Answer> {
  if (options.kms !== undefined && options.key !== undefined)
    throw new CliError('cli/usage', '--key and --kms cannot be combined: a seal is signed by one key.', { next: 'Give --key or --kms.' });
  if (data.aws === null && (options.lockDays !== undefined || options.all === true))
    throw new CliError('cli/usage', '--lock-days and --all are for a journal on AWS.', { next: 'Give it with --journal aws:TABLE/BUCKET.' });
  const lock = options.lockDays === undefined ? {} : { lockDays: numberOf(options.lockDays, '--lock-days', 1, 36_500) };
  const anchors = await Promise.all((options.anchor ?? []).map((each) => anchorOf(io, global, each, lock)));
  const witnesses = (options.witness ?? []).map(witnessOf);
  const trust = options.trust ?? (existsSync(resolve(io.cwd, TRUST_FILE)) ? TRUST_FILE : undefined);
  const trusted = trust === undefined ? [] : (await trustIn(io, trust)).keys;
  const signer =
    options.kms === undefined
      ? await signerIn(io, options.key ?? KEY_FILE)
      : await kmsSignerOf(io, global, options.kms, options.origin ?? onlyOrigin(trusted.map(({ origin }) => origin)));
  const replaced = trusted.filter((each) => each.origin === signer.name).map(({ key }) => key);
  const documents = options.documentsDays === undefined ? {} : { documentsFor: numberOf(options.documentsDays, '--documents-days', 1, 36_500) };
  const report =
    data.aws === null
      ? await sealFolder({ directory: data.directory, signer, replaced, witnesses, ...documents })
      : await (await import('@redress/evidence/aws')).sealAws({ ...data.aws, signer, replaced, witnesses, ...lock, ...documents, all: options.all === true });
  const failed = await anchorTo(anchors, report.checkpoint);
  const { origin, size, root, seal, made, skipped, cosigned, notCosigned } = report;
  const paint = painter(io);
  const lines = [
    `${paint('green', VERBS[made])}  ${printable(data.shown)}: seal ${seal.number} of ${printable(origin)}, ${countOf(seal.records, 'record')}, ${countOf(size, 'entry', 'entries')} in all, root ${root}`,
    ...(seal.documents === undefined ? [] : [`its documents are kept until ${seal.documents.until}`]),
    ...cosigned.map(({ witness, time }) => `cosigned  by ${printable(witness)} at ${time}`),
    ...notCosigned.map(({ witness, message, next }) => `${paint('red', 'not cosigned')}  by ${printable(witness)}: ${printable(message)} ${next}`),
    ...troubles(io, skipped, failed),
  ];
  return {
    json: { ...report, anchored: anchors.length - failed.length, notAnchored: failed },
    text: lines.join('\n'),
    exit: skipped.length + failed.length + notCosigned.length === 0 ? 0 : 1,
  };
}

/** What a seal could not take in, and where its checkpoint could not be copied. */
function troubles(io: Io, skipped: SealReport['skipped'], failed: readonly NotKept[]): string[] {
  const paint = painter(io);
  return [
    ...skipped.map(({ stream, seq, message }) => `${paint('red', 'not sealed')}  record ${seq} of stream ${stream} and what follows it: ${message}`),
    ...(skipped.length === 0 ? [] : ['to find out what was changed: redress evidence verify']),
    ...failed.map(({ anchor, message }) => `${paint('red', 'not copied')}  to ${printable(anchor)}: ${printable(message)}`),
  ];
}

/** What `evidence rotate` takes. */
export interface RotateOptions extends Pick<SealOptions, 'key' | 'trust' | 'kms' | 'origin' | 'lockDays' | 'anchor'> {
  readonly reason: string;
  /** A KMS key that replaces the other one, instead of one in a file. */
  readonly nextKms?: string;
}

/**
 * Replaces the key of a ledger. Each step is one that can be done once more: the new key is kept before it is announced, it takes the place of the old
 * one when it has sealed, and the old one is kept under its id.
 */
export async function evidenceRotateCommand(io: Io, data: Data, global: GlobalOptions, options: RotateOptions): Promise<Answer> {
  if (options.kms !== undefined && options.key !== undefined)
    throw new CliError('cli/usage', '--key and --kms cannot be combined: one key is replaced.', { next: 'Give --key or --kms.' });
  if (options.kms !== undefined && options.nextKms === undefined)
    throw new CliError('cli/usage', 'A key in KMS can only be replaced by another key in KMS.', { next: 'Give --next-kms.' });
  if (data.aws === null && options.lockDays !== undefined)
    throw new CliError('cli/usage', '--lock-days is for a journal on AWS.', { next: 'Give it with --journal aws:TABLE/BUCKET.' });
  const lock = options.lockDays === undefined ? {} : { lockDays: numberOf(options.lockDays, '--lock-days', 1, 36_500) };
  const anchors = await Promise.all((options.anchor ?? []).map((each) => anchorOf(io, global, each, lock)));
  const [keyFile, trustFile] = [options.key ?? KEY_FILE, options.trust ?? TRUST_FILE];
  const { keys } = await trustIn(io, trustFile);
  const signer =
    options.kms === undefined
      ? await signerIn(io, keyFile)
      : await kmsSignerOf(io, global, options.kms, options.origin ?? onlyOrigin(keys.map(({ origin }) => origin)));
  const own = keys.filter(({ origin }) => origin === signer.name);
  const nextFile = `${keyFile}.next`;
  const next = options.nextKms === undefined ? await nextIn(io, nextFile, signer.name) : await kmsSignerOf(io, global, options.nextKms, signer.name);
  const change = { signer, next, by: io.user, reason: String(redact(options.reason)), replaced: own.map(({ key }) => key) };
  const { rotation, entry, since, report } =
    data.aws === null
      ? await rotateFolder({ ...change, directory: data.directory })
      : await (await import('@redress/evidence/aws')).rotateAws({ ...change, ...data.aws, ...lock });
  const failed = await anchorTo(anchors, report.checkpoint);
  await trusting(io, trustFile, keys, { signer, next, since });
  const old = options.nextKms === undefined ? await takePlace(io, keyFile, nextFile, signer.verifier) : null;
  const paint = painter(io);
  const lines = [
    `${paint('green', 'rotated')}  ${printable(data.shown)}: entry ${entry} of ${printable(report.origin)} says that ${shortKey(rotation.from)} is replaced by ${shortKey(rotation.to)}, which has sealed ${countOf(report.size, 'entry', 'entries')}`,
    `${printable(trustFile)}: has both keys. Give it to auditors again. Those who have only the old file can verify, too.`,
    options.nextKms === undefined ? `${printable(keyFile)}: the new private key.` : `seal with --kms ${printable(options.nextKms)} from now on`,
    ...(old === null ? [] : [`${printable(old)}: the old private key. It is no longer used; remove it when the ledger verifies.`]),
    ...troubles(io, report.skipped, failed),
  ];
  return {
    json: { ...report, rotation, entry, since, trust: trustFile, anchored: anchors.length - failed.length, notAnchored: failed },
    text: lines.join('\n'),
    exit: report.skipped.length + failed.length === 0 ? 0 : 1,
  };
}

/** What `evidence break` takes. */
export interface BreakOptions extends Pick<SealOptions, 'key' | 'trust' | 'kms' | 'lockDays' | 'anchor'> {
  readonly lost: string;
  readonly reason: string;
}

/**
 * Goes on with another key where the one before is lost. Whoever does it says so; the trust file gets both keys, and not that the one succeeds the other:
 * that is for whoever trusts them to say.
 */
export async function evidenceBreakCommand(io: Io, data: Data, global: GlobalOptions, options: BreakOptions): Promise<Answer> {
  if (options.kms !== undefined && options.key !== undefined)
    throw new CliError('cli/usage', '--key and --kms cannot be combined: one key continues the ledger.', { next: 'Give --key or --kms.' });
  if (data.aws === null && options.lockDays !== undefined)
    throw new CliError('cli/usage', '--lock-days is for a journal on AWS.', { next: 'Give it with --journal aws:TABLE/BUCKET.' });
  const lock = options.lockDays === undefined ? {} : { lockDays: numberOf(options.lockDays, '--lock-days', 1, 36_500) };
  const anchors = await Promise.all((options.anchor ?? []).map((each) => anchorOf(io, global, each, lock)));
  const [keyFile, trustFile] = [options.key ?? KEY_FILE, options.trust ?? TRUST_FILE];
  const { keys } = await trustIn(io, trustFile);
  const lost = keys.find(({ key }) => shortKey(key) === options.lost || key === options.lost);
  if (lost === undefined)
    throw new CliError('cli/usage', `${options.lost} is not a key of ${trustFile}.`, {
      next: `It has ${keys.map(({ key }) => shortKey(key)).join(', ')}. \`redress evidence verify\` says which one has sealed.`,
    });
  const nextFile = `${keyFile}.next`;
  const signer = options.kms === undefined ? await nextIn(io, nextFile, lost.origin) : await kmsSignerOf(io, global, options.kms, lost.origin);
  const replaced = keys.filter(({ origin }) => origin === lost.origin).map(({ key }) => key);
  const said = { signer, replaced, lost: lost.key, by: io.user, reason: String(redact(options.reason)) };
  const found =
    data.aws === null
      ? await breakFolder({ ...said, directory: data.directory })
      : await (await import('@redress/evidence/aws')).breakAws({ ...said, ...data.aws, ...lock });
  const { report, entry, since } = found;
  const failed = await anchorTo(anchors, report.checkpoint);
  await trusting(io, trustFile, keys, { signer: { name: lost.origin, verifier: lost.key }, next: signer, since });
  const isThere = existsSync(resolve(io.cwd, keyFile));
  if (options.kms === undefined) await (isThere ? takePlace(io, keyFile, nextFile, lost.key) : rename(resolve(io.cwd, nextFile), resolve(io.cwd, keyFile)));
  const paint = painter(io);
  const lines = [
    `${paint('red', 'broken')}  ${printable(data.shown)}: entry ${entry} of ${printable(report.origin)} says that ${shortKey(lost.key)} is lost after ${countOf(found.break.entries, 'entry', 'entries')}, and that ${shortKey(signer.verifier)} continues`,
    `${printable(trustFile)}: has both keys. No signature connects them: verify ends with 3 until the entry of the new key has "succeeds": ${JSON.stringify(lost.key)}. Add it if you trust both.`,
    options.kms === undefined ? `${printable(keyFile)}: the new private key.` : `seal with --kms ${printable(options.kms)} from now on`,
    ...troubles(io, report.skipped, failed),
  ];
  return {
    json: { ...report, break: found.break, entry, since, trust: trustFile, anchored: anchors.length - failed.length, notAnchored: failed },
    text: lines.join('\n'),
    exit: failed.length === 0 ? 0 : 1,
  };
}

const shortKey = (verifier: string) => printable(verifier.split('+').slice(0, 2).join('+'));

/** The key that is announced: kept before anybody hears of it, and the same when this is done once more. */
async function nextIn(io: Io, file: string, origin: string): Promise<NoteSigner> {
  if (!existsSync(resolve(io.cwd, file))) await made(io, file, `${generateKey(origin).secret}\n`, OWNER_ONLY);
  return signerIn(io, file);
}

/** Puts the time until which the old key signs into the trust file, and the new key. */
async function trusting(
  io: Io,
  file: string,
  keys: readonly TrustedKey[],
  { signer, next, since }: { readonly signer: Pick<NoteSigner, 'name' | 'verifier'>; readonly next: NoteSigner; readonly since: string },
): Promise<void> {
  const origin = signer.name;
  // The seal that announces the new key is the last one of the old key; no other has its time.
  const from = new Date(Date.parse(since) + 1).toISOString();
  const ended = keys.map((each) =>
    each.origin === origin && each.key === signer.verifier && (each.until === null || Date.parse(each.until) > Date.parse(from))
      ? { ...each, until: from }
      : each,
  );
  const isKnown = keys.some((each) => each.origin === origin && each.key === next.verifier);
  const all = isKnown ? ended : [...ended, { origin, key: next.verifier, from, until: null }];
  const temporary = resolve(io.cwd, `${file}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, `${JSON.stringify({ keys: all }, null, 2)}\n`, { mode: 0o644, flush: true });
    await rename(temporary, resolve(io.cwd, file));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CliError('cli/file', `${file} cannot be written: ${reasonOf(cause)}`, { place: { file }, cause, next: 'Run the command again.' });
  }
}

/** Puts the new key in the place of the old one, which is kept under its id. @returns where. */
async function takePlace(io: Io, file: string, nextFile: string, replaced: string): Promise<string> {
  const old = `${file}.${replaced.split('+')[1] ?? ''}`;
  try {
    await copyFile(resolve(io.cwd, file), resolve(io.cwd, old));
    await rename(resolve(io.cwd, nextFile), resolve(io.cwd, file));
    return old;
  } catch (cause) {
    throw new CliError('cli/file', `${nextFile} cannot take the place of ${file}: ${reasonOf(cause)}`, {
      place: { file },
      cause,
      next: 'Run the command again.',
    });
  }
}

/** What `evidence restored` takes. */
export interface RestoredOptions {
  readonly reason: string;
  readonly trust?: string;
}

/** Says that a table which was set back may be used. */
export async function evidenceRestoredCommand(io: Io, data: Data, { reason, trust: given }: RestoredOptions): Promise<Answer> {
  if (data.aws === null)
    throw new CliError('cli/usage', 'This is for a journal on AWS: only a table can be behind its ledger after a restore.', {
      next: 'Give --journal aws:TABLE/BUCKET.',
    });
  const trust = given ?? (existsSync(resolve(io.cwd, TRUST_FILE)) ? TRUST_FILE : undefined);
  const trusted = trust === undefined ? [] : (await trustIn(io, trust)).keys;
  const found = await (await import('@redress/evidence/aws')).acceptRestored({ ...data.aws, by: io.user, reason, trusted });
  const paint = painter(io);
  const lines = [
    `written back  ${countOf(found.records, 'record')} of ${countOf(found.streams, 'stream')}, from the sealed entries, and ${countOf(found.documents, 'document')}, from archives of seals`,
    ...found.refused.map(
      ({ stream, seq, message }) => `${paint('red', 'not written back')}  record ${seq} of stream ${stream} and what follows it: ${message}`,
    ),
    ...found.lost.slice(0, NAMED).map((each) => `${paint('red', 'document lost')}  ${lostText(each)}`),
    ...(found.lost.length > NAMED ? [`and ${found.lost.length - NAMED} more documents; --json names all`] : []),
    `accepted  ${printable(data.shown)}: it was sealed up to entry ${found.table} of ${found.checkpoint}`,
    'running functions notice within five minutes',
  ];
  // What has expired nobody needs to look for.
  const missed = found.lost.filter(({ keptUntil }) => keptUntil === null || Date.parse(keptUntil) > Date.now());
  return { json: { by: io.user, reason, ...found }, text: lines.join('\n'), exit: found.refused.length + missed.length === 0 ? 0 : 1 };
}

/** How many documents are named one by one. */
const NAMED = 20;

function lostText({ stream, seq, name, digest, keptUntil }: LostDocument): string {
  const why = keptUntil === null ? 'no seal has put it into an archive' : `its archive was kept until ${keptUntil}, and does not contain it`;
  return `${printable(name)} of record ${seq} of stream ${stream} (${digest}): ${why}, nor is it in the bucket`;
}

function onlyOrigin(origins: readonly string[]): string {
  const [first, ...more] = new Set(origins);
  if (first === undefined || more.length > 0)
    throw new CliError('cli/usage', 'The ledger that the key in KMS signs is not given.', { next: 'Give --origin, or a trust file that names one ledger.' });
  return first;
}

/** Where copies of checkpoints go: a folder, or `s3://BUCKET/PREFIX`. */
async function anchorOf(io: Io, global: GlobalOptions, given: string, lock: { readonly lockDays?: number }): Promise<Anchor> {
  if (!given.startsWith('s3:')) return folderAnchor(resolve(io.cwd, given));
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(given) ?? [];
  if (bucket === undefined)
    throw new CliError('cli/usage', `${given} is not a place for copies of checkpoints.`, { next: 'Give a folder, or s3://BUCKET/PREFIX.' });
  const { table: _, ...place } = awsPlace(io, global, { table: '', bucket });
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  return (await import('@redress/evidence/aws')).bucketAnchor({ ...place, ...lock, prefix });
}

const VERBS: Record<SealReport['made'], string> = { sealed: 'sealed', completed: 'completed', joined: 'sealed by another' };

/** Reads a trust file. */
export async function trustIn(io: Io, file: string): Promise<Trust> {
  const { parseTrust } = await import('@redress/verify');
  const text = String(await bytesOf(io, file));
  try {
    return parseTrust(text);
  } catch (cause) {
    throw misused(cause, { place: { file } });
  }
}

/** Reads a file that an option names. */
export async function bytesOf(io: Io, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(io.cwd, file));
  } catch (cause) {
    throw new CliError('cli/file', `${file} cannot be read: ${reasonOf(cause)}`, { place: { file }, cause });
  }
}

/** A mistake in what was given to verify with, as the command line has it. */
export function misused(cause: unknown, more: { readonly place?: { readonly file: string } }): unknown {
  return cause instanceof Error && cause.name === 'UsageError' ? new CliError('cli/file', cause.message, { ...more, cause }) : cause;
}

async function signerIn(io: Io, file: string): Promise<NoteSigner> {
  try {
    return signerOf(String(await bytesOf(io, file)));
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    const next = 'Name the key with --key, or make one with `redress evidence key --origin NAME`.';
    throw new CliError('cli/file', cause.message, { place: { file }, next, cause });
  }
}

async function made(io: Io, file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), text, { mode, flag: 'wx', flush: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw exists(file);
    throw new CliError('cli/file', `${file} cannot be written: ${reasonOf(cause)}`, { place: { file }, cause });
  }
}

function exists(file: string): CliError {
  return new CliError('cli/file', `${file} exists already, and a key is never overwritten.`, {
    place: { file },
    next: 'Name other files with --out and --trust.',
  });
}
