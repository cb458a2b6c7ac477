// The command `redress-verify`, without its process.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Finding } from './findings.js';
import { parseTrust, UsageError } from './note.js';
import { exitCodeOf, type VerifyReport, verifyLargeLedger } from './verify.js';

const USAGE = `Usage: redress-verify FOLDER [--trust FILE] [--checkpoint FILE]... [--json]

Checks the sealed evidence in FOLDER offline. Nothing is written.

  --trust FILE       keys that are trusted, as you got them from whom you trust: without it the result is never intact
  --checkpoint FILE  a checkpoint that was kept elsewhere; the log must begin with what it says
  --json             the whole report as JSON

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
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    } as const;
    const { values, positionals } = parsed(() => parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }));
    if (values.help === true) {
      out(USAGE);
      return 0;
    }
    const [directory, ...more] = positionals;
    if (directory === undefined || more.length > 0) throw new UsageError(`Give one folder.\n\n${USAGE}`);
    const report = await verifyLargeLedger({
      directory,
      ...(values.trust === undefined ? {} : { trust: parseTrust(fileOf(values.trust).toString('utf8')) }),
      copies: (values.checkpoint ?? []).map((name) => ({ name, note: fileOf(name) })),
    });
    out(values.json === true ? `${printable(JSON.stringify(report, null, 2), '\n')}\n` : reportText(report));
    return exitCodeOf(report);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    err(`redress-verify: ${printable(error.message, '\n')}\n`);
    return USAGE_EXIT;
  }
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

/** A report as lines for people. */
export function reportText(report: VerifyReport): string {
  const { status, checkpoint, records, streams, unsealed, uncovered, documents, firstBad, findings, limits } = report;
  const sealed =
    checkpoint === null
      ? findings.some(({ file }) => file === 'ledger/checkpoint')
        ? 'no checkpoint'
        : 'not sealed'
      : `${checkpoint.size} entries of ${checkpoint.origin}, ${checkpoint.seals} seals, the newest of ${checkpoint.sealed ?? 'an unknown time'}`;
  const lines = [
    `${status}: ${records} records in ${streams} streams, ${documents} documents; ${sealed}`,
    ...(unsealed === 0 ? [] : [`${unsealed} of the records are covered by no seal: ${uncoveredText(uncovered)}`]),
    ...(firstBad === null ? [] : [`first bad record: ${findingText(firstBad)}`]),
    ...(findings.length < 2 ? [] : [`${findings.length - 1} more findings`]),
    ...limits.map((limit) => `not shown: ${limit}`),
  ];
  return lines.map((line) => `${printable(line, '')}\n`).join('');
}

/** So many streams are named one by one; all of them are in the whole report. */
const NAMED = 5;

function uncoveredText(uncovered: VerifyReport['uncovered']): string {
  const named = uncovered
    .slice(0, NAMED)
    .map(({ stream, resource, first, last }) => `${first === last ? `record ${first}` : `records ${first} to ${last}`} of ${resource ?? stream}`);
  return [...named, ...(uncovered.length > NAMED ? [`and those of ${uncovered.length - NAMED} more streams`] : [])].join('; ');
}

/** A finding as one line: where it is, what is wrong, and its code. */
function findingText({ file, line, entry, seq, resource, message, code }: Finding): string {
  const names = [
    ...(entry === null ? [] : [`number ${entry} of the log`]),
    ...(seq === null ? [] : [`record ${seq}${resource === null ? '' : ` of ${resource}`}`]),
  ];
  return `${file}${line === null ? '' : `:${line}`}${names.length === 0 ? '' : ` (${names.join(', ')})`}: ${message} (${code})`;
}

/** Text from evidence moves no cursor. */
function printable(text: string, kept: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    kept.includes(character) ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
