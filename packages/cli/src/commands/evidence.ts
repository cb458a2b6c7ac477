import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { countOf } from '@redress/core';
import type { ExportReport } from '@redress/evidence/aws';
import type { VerifyReport } from '@redress/verify';
import { type AwsPlace, awsPlace, type Data, type GlobalOptions, reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { numberOf } from '../numbers.js';
import { printable } from '../printable.js';
import { bytesOf, misused, TRUST_FILE, trustIn } from './ledger.js';

/** Names a journal on AWS, as `--journal` does. */
export interface PlaceOptions {
  readonly table?: string;
  readonly bucket?: string;
}

/** What `evidence export` takes. */
export interface ExportOptions extends PlaceOptions {
  readonly out?: string;
  readonly store?: boolean;
  readonly lockDays?: string;
  readonly format?: string;
}

/** What `evidence verify` takes. */
export interface VerifyCommandOptions extends PlaceOptions {
  readonly trust?: string;
  readonly checkpoint?: readonly string[];
  readonly anchor?: readonly string[];
  readonly witness?: readonly string[];
  readonly retention?: string;
  readonly threads?: string;
}

/** What `evidence proof` takes. */
export interface ProofOptions {
  readonly out?: string;
}

/** What `evidence bundle` takes. */
export interface BundleOptions {
  readonly record?: readonly string[];
  readonly resource?: readonly string[];
  readonly execution?: readonly string[];
  readonly out?: string;
}

const DEFAULT_OUT = 'evidence';

/** Checks the records of the data folder, or a copy of a journal on AWS. Reads only; a folder needs no account and no policy. */
export async function evidenceVerifyCommand(io: Io, data: Data, options: GlobalOptions, place: VerifyCommandOptions): Promise<Answer> {
  const aws = placeOf(io, data, options, place);
  if (aws !== null) {
    const directory = await mkdtemp(join(tmpdir(), 'redress-evidence-'));
    try {
      io.stderr(`${printable(shownOf(aws))} is copied first, and the copy is verified. \`redress evidence export\` makes a copy that stays.\n`);
      const { cut } = await exported(aws, directory);
      return answered(io, { ...withCut(await verified(io, directory, place), cut), cut });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  if ((await stat(data.directory).catch(() => null))?.isDirectory() !== true)
    throw new CliError('cli/not-found', `There is no evidence in ${data.shown}.`, {
      place: { file: data.shown },
      next: 'Give its folder with --data, or `--table` and `--bucket` of a journal on AWS.',
    });
  return answered(io, await verified(io, data.directory, place));
}

/** The trust file that is named, or the one that is there; undefined: there is none. */
export function trustFileOf(io: Io, { trust }: Pick<VerifyCommandOptions, 'trust'>): string | undefined {
  return trust ?? (existsSync(resolve(io.cwd, TRUST_FILE)) ? TRUST_FILE : undefined);
}

/** What the verifier finds in a folder; `aside`, in a thread of its own while this one goes on, until that signal. */
export async function verified(io: Io, directory: string, place: VerifyCommandOptions, aside?: AbortSignal): Promise<VerifyReport> {
  const trustFile = trustFileOf(io, place);
  const trust = trustFile === undefined ? {} : { trust: await trustIn(io, trustFile) };
  const copies = await Promise.all((place.checkpoint ?? []).map(async (name) => ({ name, note: await bytesOf(io, name) })));
  const threads = place.threads === undefined ? undefined : numberOf(place.threads, '--threads', 1, 64);
  const retention = place.retention === undefined ? {} : { retention: numberOf(place.retention, '--retention', 1, 36_500) };
  const anchors = (place.anchor ?? []).map((each) => resolve(io.cwd, each));
  try {
    const { verifyLargeLedger, verifyLedgerAside } = await import('@redress/verify');
    const what = { directory, copies, anchors, witnesses: place.witness ?? [], ...trust, ...retention };
    return await (aside === undefined ? verifyLargeLedger(what, threads) : verifyLedgerAside(what, aside));
  } catch (cause) {
    throw misused(cause, {});
  }
}

/** The heads of a journal on AWS say what no folder can. */
export function withCut(report: VerifyReport, cut: ExportReport['cut']): VerifyReport {
  const lines = cutLines(cut);
  const findings = cut.map(({ stream, records }, index) => ({
    ...{ severity: 'tampered' as const, code: 'cut-stream', message: (lines[index] ?? '').slice('tampered: '.length) },
    ...{ file: `streams/${stream.slice(7, 9)}/${stream.slice(7)}.jsonl`, line: null, seq: records + 1, entry: null, stream, resource: null },
  }));
  const [first] = findings;
  if (first === undefined) return report;
  return { ...report, status: 'tampered', findings: [...report.findings, ...findings], firstBad: report.status === 'tampered' ? report.firstBad : first };
}

async function answered(io: Io, report: VerifyReport & Partial<Pick<ExportReport, 'cut'>>): Promise<Answer> {
  const { exitCodeOf, reportText } = await import('@redress/verify');
  const style = ({ intact: 'green', tampered: 'red', untrusted: 'red', incomplete: 'yellow' } as const)[report.status];
  const [first = '', ...lines] = reportText(report).trimEnd().split('\n');
  const status = painter(io)(style, report.status) + first.slice(report.status.length);
  return { json: report, text: [status, ...lines].join('\n'), exit: exitCodeOf(report) };
}

/** Writes the proof of one record, for someone who does not get the rest. Replaces nothing. */
export async function evidenceProofCommand(io: Io, data: Data, record: string, options: ProofOptions): Promise<Answer> {
  const { proveRecord } = await import('@redress/verify');
  const made = await provided(() => proveRecord(inFolder(data), record));
  const out = options.out ?? `${made.stream.slice('sha256:'.length, 'sha256:'.length + 12)}-${made.seq}.tlog-proof`;
  const beside = made.record === null ? null : `${out}.record`;
  if (beside !== null && made.record !== null) await written(io, beside, made.record);
  await written(io, out, made.file);
  const lines = [
    `${printable(out)}: record ${made.seq} of ${made.stream}, number ${made.entry} of the log`,
    ...(beside === null ? [] : [`${printable(beside)}: the record, which is too long for its proof`]),
    ...namedBreaks(made.breaks),
    `verify it anywhere with: redress-verify proof ${printable(out)}${beside === null ? '' : ` --record ${printable(beside)}`} --trust ${TRUST_FILE}`,
  ];
  return { json: { out, record: beside, entry: made.entry, stream: made.stream, seq: made.seq, breaks: made.breaks }, text: lines.join('\n'), exit: 0 };
}

/** Writes records with their proofs and documents as one file. Replaces nothing. */
export async function evidenceBundleCommand(io: Io, data: Data, options: BundleOptions): Promise<Answer> {
  const { record: records = [], resource: resources = [], execution: executions = [] } = options;
  if (records.length + resources.length + executions.length === 0)
    throw new CliError('cli/usage', 'Which records?', { next: 'Name them with --record, --resource or --execution.' });
  const { makeBundle } = await import('@redress/verify');
  const made = await provided(() => makeBundle(inFolder(data), { records, resources, executions }));
  const out = options.out ?? 'evidence.bundle.json';
  await written(io, out, made.file);
  const lines = [
    `${printable(out)}: ${countOf(made.records, 'record')}, ${countOf(made.documents, 'document')}`,
    ...namedBreaks(made.breaks),
    `verify it anywhere with: redress-verify bundle ${printable(out)} --trust ${TRUST_FILE}`,
  ];
  return { json: { out, records: made.records, documents: made.documents, breaks: made.breaks }, text: lines.join('\n'), exit: 0 };
}

/** What whoever checks it will see. */
function namedBreaks(count: number): string[] {
  const times = count === 1 ? 'once' : `${count} times`;
  return count === 0 ? [] : [`it says that the key of the ledger was lost (${times}): it verifies only with a trust file that says which key succeeds it`];
}

/** A ledger is in a folder. */
function inFolder(data: Data): string {
  if (data.aws !== null)
    throw new CliError('cli/usage', 'This works on a ledger in a folder.', {
      next: 'Copy a journal on AWS with `redress evidence export`, and give its folder with --data.',
    });
  return data.directory;
}

async function provided<T>(make: () => T): Promise<T> {
  try {
    return make();
  } catch (cause) {
    throw misused(cause, {});
  }
}

async function written(io: Io, file: string, bytes: string | Uint8Array): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), bytes, { flag: 'wx', flush: true });
  } catch (cause) {
    const next = 'Name another file with --out.';
    throw new CliError('cli/file', `${file} cannot be written: ${reasonOf(cause)}`, { place: { file }, cause, next });
  }
}

/**
 * Copies a journal on AWS into a folder; with `store` it also stores in the bucket what travels in the table. With `format` any journal is written
 * in a format of others.
 */
export async function evidenceExportCommand(io: Io, data: Data, options: GlobalOptions, place: ExportOptions): Promise<Answer> {
  const aws = placeOf(io, data, options, place);
  if (place.format !== undefined) {
    if (place.store === true || place.lockDays !== undefined)
      throw new CliError('cli/usage', '--store and --lock-days cannot be combined with --format, which makes no copy.', { next: 'Omit one of them.' });
    return (await import('./formats.js')).formatCommand(io, data, aws, place.format, place.out);
  }
  if (aws === null)
    throw new CliError('cli/usage', 'Which journal?', { next: 'Give --table and --bucket, or --journal aws:TABLE/BUCKET; or --format for one in a folder.' });
  if (place.lockDays !== undefined && place.store !== true) throw new CliError('cli/usage', '--lock-days needs --store.', { next: 'Give --store with it.' });
  const lock = place.lockDays === undefined ? {} : { lockDays: numberOf(place.lockDays, '--lock-days', 1, 36_500) };
  const shown = place.out ?? DEFAULT_OUT;
  const report = await exported(aws, resolve(io.cwd, shown), { store: place.store === true, ...lock });
  const lines = [
    `${printable(shown)}: ${countOf(report.records, 'record')} in ${countOf(report.streams, 'stream')}, ${countOf(report.documents, 'document')}`,
    ...(place.store === true ? [`stored ${countOf(report.stored, 'document')} of the table in the bucket`] : []),
    ...cutLines(report.cut),
    `verify it anywhere with: redress --data ${printable(shown)} evidence verify`,
  ];
  return { json: { out: shown, ...report }, text: lines.join('\n'), exit: report.cut.length > 0 ? 1 : 0 };
}

function placeOf(io: Io, data: Data, options: GlobalOptions, { table, bucket }: PlaceOptions): AwsPlace | null {
  if (table === undefined && bucket === undefined) return data.aws;
  if (table === undefined || bucket === undefined)
    throw new CliError('cli/usage', 'A journal on AWS is a table and a bucket.', { next: 'Give both --table and --bucket.' });
  return awsPlace(io, options, { table, bucket });
}

function shownOf({ table, bucket, prefix }: AwsPlace): string {
  return `aws:${table}/${bucket}${prefix === undefined ? '' : `/${prefix}`}`;
}

async function exported(aws: AwsPlace, directory: string, more: { readonly store?: boolean; readonly lockDays?: number } = {}): Promise<ExportReport> {
  return (await import('@redress/evidence/aws')).exportJournal({ ...aws, directory, ...more });
}

function cutLines(cut: ExportReport['cut']): string[] {
  return cut.map(
    ({ stream, head, records }) =>
      `tampered: the head of stream ${printable(stream)} counts ${countOf(head, 'record')}, but the copy has ${records}, or the newest is a different one`,
  );
}
