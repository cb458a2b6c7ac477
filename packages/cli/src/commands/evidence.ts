import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ExportReport } from '@redress/evidence/aws';
import type { Problem, VerifyReport } from '@redress/evidence/verify';
import type { Finding, VerifyReport as LedgerReport } from '@redress/verify';
import { type AwsPlace, awsPlace, type Data, type GlobalOptions } from '../compose.js';
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
}

const DEFAULT_OUT = 'evidence';

/** Checks the records of the data folder, or a copy of a journal on AWS. Reads only; a folder needs no account and no policy. */
export async function evidenceVerifyCommand(io: Io, data: Data, options: GlobalOptions, place: VerifyCommandOptions): Promise<Answer> {
  const aws = placeOf(io, data, options, place);
  if (aws !== null) {
    const directory = await mkdtemp(join(tmpdir(), 'redress-evidence-'));
    try {
      const copy = await exported(aws, directory);
      const keys = trustOf(io, place);
      return isSealed(directory, keys, place)
        ? await verifiedLedger(io, directory, keys, place.checkpoint ?? [], copy)
        : await verified(io, shownOf(aws), directory, copy);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  if ((await stat(data.directory).catch(() => null))?.isDirectory() !== true)
    throw new CliError('cli/not-found', `There is no evidence in ${data.shown}.`, {
      place: { file: data.shown },
      next: 'Give its folder with --data, or `--table` and `--bucket` of a journal on AWS.',
    });
  const trust = trustOf(io, place);
  return isSealed(data.directory, trust, place)
    ? verifiedLedger(io, data.directory, trust, place.checkpoint ?? [], null)
    : verified(io, data.shown, data.directory, null);
}

const trustOf = (io: Io, { trust }: VerifyCommandOptions) => trust ?? (existsSync(resolve(io.cwd, TRUST_FILE)) ? TRUST_FILE : undefined);

/** Who knows whom to trust expects a seal: a ledger that was taken out as a whole is found. */
function isSealed(directory: string, trust: string | undefined, { checkpoint }: VerifyCommandOptions): boolean {
  return trust !== undefined || checkpoint !== undefined || ['ledger', 'sealer'].some((name) => existsSync(join(directory, name)));
}

/** Checks a sealed ledger, by the verifier that auditors use; what only the records of a journal can show is asked of them besides. */
async function verifiedLedger(
  io: Io,
  directory: string,
  trustFile: string | undefined,
  checkpoints: readonly string[],
  copy: ExportReport | null,
): Promise<Answer> {
  const { exitCodeOf, reportText, verifyLedger } = await import('@redress/verify');
  const { verifyFolder } = await import('@redress/evidence/verify');
  const trust = trustFile === undefined ? undefined : await trustIn(io, trustFile);
  const copies = await Promise.all(checkpoints.map(async (name) => ({ name, note: await bytesOf(io, name) })));
  let report: LedgerReport;
  try {
    report = verifyLedger({ directory, copies, ...(trust === undefined ? {} : { trust }) });
  } catch (cause) {
    throw misused(cause, {});
  }
  const unapproved = verifyFolder(directory).problems.filter(({ code }) => code === 'no-approval');
  const result = withFindings(report, [...unapproved.map(findingOf), ...(copy === null ? [] : cutFindings(copy))]);
  const style = ({ intact: 'green', tampered: 'red', untrusted: 'red', incomplete: 'yellow' } as const)[result.status];
  const [first = '', ...lines] = reportText(result).trimEnd().split('\n');
  const status = first.startsWith(result.status) ? painter(io)(style, result.status) + first.slice(result.status.length) : first;
  return { json: result, text: [status, ...lines].join('\n'), exit: exitCodeOf(result) };
}

function withFindings(report: LedgerReport, more: readonly Finding[]): LedgerReport {
  const [first] = more;
  if (first === undefined) return report;
  return { ...report, status: 'tampered', findings: [...report.findings, ...more], firstBad: report.status === 'tampered' ? report.firstBad : first };
}

/** What heads of streams say and a copy of them does not show. */
function cutFindings(copy: ExportReport): Finding[] {
  const lines = cutLines(copy);
  return copy.cut.map(({ stream, records }, index) => ({
    ...{
      severity: 'tampered',
      code: 'cut-stream',
      message: (lines[index] ?? '').slice('tampered: '.length),
      file: `streams/${stream.slice(7, 9)}/${stream.slice(7)}.jsonl`,
    },
    ...{ line: null, seq: records + 1, entry: null, stream, resource: null },
  }));
}

function findingOf({ severity, code, message, file, line, seq }: Problem): Finding {
  return { severity, code, message, file, line, seq, entry: null, stream: null, resource: null };
}

/**
 * Copies a journal on AWS into a folder; with `store` it also stores in the bucket what travels in the table. With `format` any journal is written
 * in a format of others.
 */
export async function evidenceExportCommand(io: Io, data: Data, options: GlobalOptions, place: ExportOptions): Promise<Answer> {
  const aws = placeOf(io, data, options, place);
  if (place.format !== undefined) {
    if (place.store === true || place.lockDays !== undefined)
      throw new CliError('cli/usage', '--store and --lock-days are of a copy, which --format does not make.', { next: 'Leave out one of them.' });
    return (await import('./formats.js')).formatCommand(io, data, aws, place.format, place.out);
  }
  if (aws === null)
    throw new CliError('cli/usage', 'Which journal?', { next: 'Give --table and --bucket, or --journal aws:TABLE/BUCKET; or --format for one in a folder.' });
  if (place.lockDays !== undefined && place.store !== true)
    throw new CliError('cli/usage', '--lock-days says for how long --store locks.', { next: 'Give --store with it.' });
  const lock = place.lockDays === undefined ? {} : { lockDays: numberOf(place.lockDays, '--lock-days', 1, 36_500) };
  const shown = place.out ?? DEFAULT_OUT;
  const report = await exported(aws, resolve(io.cwd, shown), { store: place.store === true, ...lock });
  const lines = [
    `${printable(shown)}: ${report.records} records in ${report.streams} streams, ${report.documents} documents`,
    ...(place.store === true ? [`${report.stored} documents of the table are in the bucket`] : []),
    ...cutLines(report),
    `check it anywhere with: redress --data ${printable(shown)} evidence verify`,
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

function cutLines({ cut }: ExportReport): string[] {
  return cut.map(
    ({ stream, head, records }) =>
      `tampered: the head of stream ${printable(stream)} counts ${head} records, ${records} are there, or the newest is another one`,
  );
}

async function verified(io: Io, shown: string, directory: string, copy: ExportReport | null): Promise<Answer> {
  const { verifyFolder } = await import('@redress/evidence/verify');
  const found: VerifyReport = verifyFolder(directory);
  // The heads say what no folder can.
  const result = copy !== null && copy.cut.length > 0 ? { ...found, status: 'tampered' as const } : found;
  const paint = painter(io);
  const style = result.status === 'intact' ? 'green' : result.status === 'tampered' ? 'red' : 'yellow';
  const lines = [
    `${paint(style, result.status)}  ${printable(shown)}: ${result.records} records in ${result.streams} streams, ${result.executions} executions (${result.openExecutions} open), ${result.documents} documents`,
    ...(result.firstBad === null
      ? []
      : [
          `first bad record: ${printable(`${result.firstBad.file}:${result.firstBad.line ?? '-'}`)}${result.firstBad.seq === null ? '' : ` (record ${result.firstBad.seq})`}: ${printable(result.firstBad.message)} (${printable(result.firstBad.code)})`,
        ]),
    ...(copy === null ? [] : cutLines(copy)),
    ...result.limits.map((limit) => `limit: ${printable(limit)}`),
  ];
  return {
    json: copy === null ? result : { ...result, cut: copy.cut },
    text: lines.join('\n'),
    exit: result.status === 'intact' ? 0 : result.status === 'tampered' ? 1 : 2,
  };
}
