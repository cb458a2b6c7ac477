// The command `redress-verify`, without its process.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Finding } from './findings.js';
import { type Break, keyName } from './keys.js';
import { parseTrust, UsageError } from './note.js';
import { type ProofReport, verifyBundle, verifyProof } from './proof.js';
import { exitCodeOf, type VerifyReport, verifyLargeLedger } from './verify.js';

const USAGE = `Usage: redress-verify FOLDER [--trust FILE] [--checkpoint FILE]... [--anchor PLACE]... [--witness KEY]... [--retention DAYS] [--threads N] [--json]
       redress-verify proof FILE [--record FILE] [--trust FILE] [--json]
       redress-verify bundle FILE [--trust FILE] [--json]

Checks the evidence in FOLDER, the proof of a record, or a bundle of records, offline. Nothing is written.

  --trust FILE       keys that are trusted, as you got them from whom you trust: without it nothing that is sealed is ever intact
  --checkpoint FILE  a checkpoint that was kept elsewhere; the log must begin with what it says
  --anchor PLACE     where checkpoints were kept: a file, a folder, or a git repository, of which all commits are looked at
  --witness KEY      a witness that must have cosigned the checkpoint or one that was kept: its key as NAME+ID+KEY (C2SP tlog-cosignature)
  --retention DAYS   how long documents were to be kept: one that is missing since has expired, and is not a finding
  --record FILE      the record of a proof that does not hold it
  --threads N        how many threads share the work of a large ledger (default: as many as the machine runs at once, at most 4)
  --json             the whole report as JSON

A journal on AWS is copied into a folder first: redress evidence export.

Exit code: 0 intact; 1 tampered; 2 incomplete; 3 no trusted key has signed; 64 the command or a file that it was given is wrong.
`;
const USAGE_EXIT = 64;

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command; returns its exit code. */
export async function runVerify(argv: readonly string[], { out, err }: Output): Promise<number> {
  try {
    const options = {
      trust: { type: 'string' },
      checkpoint: { type: 'string', multiple: true },
      anchor: { type: 'string', multiple: true },
      witness: { type: 'string', multiple: true },
      retention: { type: 'string' },
      record: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    } as const;
    const { values, positionals } = parsed(() => parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }));
    if (values.help === true) {
      out(USAGE);
      return 0;
    }
    const trust = values.trust === undefined ? {} : { trust: parseTrust(fileOf(values.trust).toString('utf8')) };
    const answered = <T extends Pick<VerifyReport, 'status'>>(report: T, text: (report: T) => string): number => {
      out(values.json === true ? `${printable(JSON.stringify(report, null, 2), '\n')}\n` : text(report));
      return exitCodeOf(report);
    };
    const [first, second, ...more] = positionals;
    if (second !== undefined && more.length === 0 && (first === 'proof' || first === 'bundle')) {
      allowed(values, first === 'proof' ? ['trust', 'record', 'json'] : ['trust', 'json']);
      const file = fileOf(second);
      const record = values.record === undefined ? null : fileOf(values.record);
      return answered(first === 'proof' ? verifyProof(file, { ...trust, record }) : verifyBundle(file, trust), proofText);
    }
    if (first === undefined || second !== undefined) throw new UsageError(`Give one folder.\n\n${USAGE}`);
    allowed(values, ['trust', 'checkpoint', 'anchor', 'witness', 'retention', 'threads', 'json']);
    const threads = numberIn(values.threads, '--threads', 64);
    const retention = numberIn(values.retention, '--retention', 36_500);
    const report = await verifyLargeLedger(
      {
        ...{ directory: first, ...trust, anchors: values.anchor ?? [], witnesses: values.witness ?? [], ...(retention === undefined ? {} : { retention }) },
        copies: (values.checkpoint ?? []).map((name) => ({ name, note: fileOf(name) })),
      },
      threads,
    );
    return answered(report, reportText);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    err(`redress-verify: ${printable(error.message, '\n')}\n`);
    return USAGE_EXIT;
  }
}

function numberIn(text: string | undefined, name: string, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value >= 1 && value <= most)) throw new UsageError(`${name} takes a number from 1 to ${most}.`);
  return value;
}

/** An option that has no effect must be rejected: its user would believe that it was checked. */
function allowed(values: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const other = Object.keys(values).find((name) => !names.includes(name));
  if (other !== undefined) throw new UsageError(`--${other} does not go with this.\n\n${USAGE}`);
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}\n\n${USAGE}`);
  }
}

function fileOf(name: string): Buffer {
  try {
    return readFileSync(name);
  } catch (cause) {
    throw new UsageError(`${name} cannot be read: ${(cause as Error).message}`);
  }
}

/** A report as text for people. */
export function reportText(report: VerifyReport): string {
  const { status, checkpoint, records, streams, unsealed, uncovered, rotations, breaks, witnessed, documents, expired, firstBad, findings, limits } = report;
  const sealed =
    checkpoint === null
      ? findings.some(({ file }) => file === 'ledger/checkpoint')
        ? 'no checkpoint'
        : 'not sealed'
      : `${checkpoint.size} entries of ${checkpoint.origin}, ${checkpoint.seals} seals, the newest of ${checkpoint.sealed ?? 'an unknown time'}`;
  const lines = [
    `${status}: ${countOf(records, 'record')} in ${countOf(streams, 'stream')}, ${countOf(documents, 'document')}; ${sealed}`,
    ...(unsealed === 0 ? [] : [`${unsealed} of the records are covered by no seal: ${uncoveredText(uncovered)}`]),
    ...rotations.map(({ from, to, since, by, reason }) => `${keyName(to)} has replaced ${keyName(from)} at ${since}, by ${by}: ${reason}`),
    ...breaks.map(breakText),
    ...(expired === 0 ? [] : [`expired: ${countOf(expired, 'document')}. The retention has ended, and the records that name them are proven`]),
    ...witnessed.map(({ witness, size, time }) => `${witness} has seen ${size} entries at ${time}`),
    ...(firstBad === null ? [] : [`first bad record: ${findingText(firstBad)}`]),
    ...(findings.length < 2 ? [] : [`${findings.length - 1} more findings`]),
    ...limits.map((limit) => `not shown: ${limit}`),
  ];
  return lines.map((line) => `${printable(line, '')}\n`).join('');
}

/** The result of a proof or a bundle as text for people. */
export function proofText({ status, checkpoint, records, documents, breaks, firstBad, findings, limits }: ProofReport): string {
  const of = checkpoint === null ? 'no checkpoint' : `the log of ${checkpoint.origin} with ${checkpoint.size} entries`;
  const lines = [
    `${status}: ${countOf(records.length, 'record')} of ${of}${documents === 0 ? '' : `, ${countOf(documents, 'document')}`}`,
    ...records.slice(0, NAMED).map(({ entry, seq, resource, kind, time }) => `number ${entry} of the log: record ${seq} of ${resource}, ${kind}, ${time}`),
    ...(records.length > NAMED ? [`and ${records.length - NAMED} more records`] : []),
    ...breaks.map(breakText),
    ...(firstBad === null ? [] : [`first finding: ${findingText(firstBad)}`]),
    ...(findings.length < 2 ? [] : [`${findings.length - 1} more findings`]),
    ...limits.map((limit) => `not shown: ${limit}`),
  ];
  return lines.map((line) => `${printable(line, '')}\n`).join('');
}

function breakText({ from, to, entries, since, by, reason, accepted }: Break): string {
  const also = accepted ? ' (the trust file confirms it)' : '';
  return `${keyName(from)} was lost after ${entries} entries, and ${keyName(to)} continues without its announcement, declared at ${since} by ${by}: ${reason}${also}`;
}

/** Number of streams that are listed one by one. The full report has all of them. */
const NAMED = 5;

function uncoveredText(uncovered: VerifyReport['uncovered']): string {
  const named = uncovered
    .slice(0, NAMED)
    .map(({ stream, resource, first, last }) => `${first === last ? `record ${first}` : `records ${first} to ${last}`} of ${resource ?? stream}`);
  return [...named, ...(uncovered.length > NAMED ? [`and those of ${countOf(uncovered.length - NAMED, 'more stream')}`] : [])].join('; ');
}

/** A finding as one line: its place, what is wrong, and its code. */
function findingText({ file, line, entry, seq, resource, message, code }: Finding): string {
  const names = [
    ...(entry === null ? [] : [`number ${entry} of the log`]),
    ...(seq === null ? [] : [`record ${seq}${resource === null ? '' : ` of ${resource}`}`]),
  ];
  return `${file}${line === null ? '' : `:${line}`}${names.length === 0 ? '' : ` (${names.join(', ')})`}: ${message} (${code})`;
}

/** Text from evidence must not contain control sequences. */
function printable(text: string, kept: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    kept.includes(character) ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** A count with its noun. Written here: this package shares no code with what writes the evidence. */
function countOf(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}
