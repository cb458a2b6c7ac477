import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { closedWithin, countOf, digestOf, messageOf, toJson } from '@redress/core';
import { recordsIn } from '@redress/evidence';
import { type Assessment, FormatsReading, oscalAssessmentResults, oscalPoam } from '@redress/evidence/formats';
import {
  type Calendar,
  type CoverageInput,
  changesIn,
  csvSiblings,
  DEFAULT_CALENDAR,
  EntryIndex,
  EVERYTHING,
  type ExceptionInput,
  modelOf,
  momentIn,
  type NamedInput,
  type Period,
  parseCalendar,
  type ReportInput,
  reportHtml,
  verdictOf,
} from '@redress/report';
import type { VerifyReport } from '@redress/verify';
import { type Composition, type Data, reasonOf } from '../compose.js';
import type { LastResult } from '../coverage/rows.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { numberOf } from '../numbers.js';
import { printable } from '../printable.js';
import { coverageOf, lastWords } from './coverage.js';
import { trustFileOf, type VerifyCommandOptions, verified, withCut } from './evidence.js';
import { scopeWords } from './exceptions.js';
import { aroundOf } from './history.js';
import { bytesOf, trustIn } from './ledger.js';
import { modeWords } from './remediators.js';

/** Options of `redress report`. */
export interface ReportOptions extends Omit<VerifyCommandOptions, 'table' | 'bucket' | 'threads'> {
  readonly from: string;
  readonly to: string;
  readonly out: string;
  readonly pack?: readonly string[];
  readonly framework?: readonly string[];
  readonly calendar?: string;
  readonly sample?: string;
  readonly seed?: string;
  readonly proofs?: string;
}

/** `redress report --json` */
export interface ReportDocument {
  readonly out: string;
  readonly from: string;
  readonly to: string;
  /** What the verifier says. */
  readonly status: VerifyReport['status'] | 'unsealed';
  readonly changes: number;
  readonly openGaps: number;
  readonly acceptedGaps: number;
  readonly sample: { readonly seed: string; readonly size: number };
  readonly unread: readonly string[];
  readonly files: readonly string[];
}

/** Changes that a sample has, unless asked otherwise: what auditors take of a control that is used often. */
const SAMPLE = 25;
/** Above this number of changes only the sample gets proofs, unless requested otherwise. */
const PROVEN = 2_000;
const PACKS_SHOWN = ['apra-cpg-234'];
const FRAMEWORKS_SHOWN = ['fsbp', 'cis-7.0'];
const PAGE = 'report.html';

/** Writes the report of a period: a page and files next to it. The same evidence and inputs give the same bytes. The folder is written completely, or not at all. */
export async function reportCommand(io: Io, composition: Composition, options: ReportOptions): Promise<Answer> {
  const period = periodOf(options, composition.clock.now());
  const size = numberOf(options.sample ?? String(SAMPLE), '--sample', 1, 1_000);
  const proofs = ['all', 'sample', 'none', undefined].includes(options.proofs) ? options.proofs : null;
  if (proofs === null) throw new CliError('cli/usage', `--proofs ${JSON.stringify(options.proofs)} is not valid.`, { next: 'Choose all, sample or none.' });
  if (options.seed?.trim() === '') throw new CliError('cli/usage', '--seed is empty.', { next: 'Omit it, or give any text.' });
  const { calendar, named } = await calendarOf(io, options.calendar);
  const target = resolve(io.cwd, options.out);
  if (existsSync(target) && !isEmptyFolder(target))
    throw new CliError('cli/file', `${options.out} exists already. Nothing was written.`, {
      place: { file: options.out },
      next: 'Name another folder with --out.',
    });
  return inCopy(io, composition.data, options, async (directory, verification) => {
    const made = await madeBeside(target, options.out, async (folder) => {
      const files = new Files(folder);
      const { index, assessment, unread } = await readAll(directory, composition, period, files);
      try {
        const sample = { size, seed: options.seed ?? null };
        const input = await inputOf(io, composition, options, { period, index, assessment, unread, verification, calendar, sample, named });
        return await writeReport(files, input, directory, verification, proofs);
      } finally {
        index.close();
      }
    });
    const document: ReportDocument = { out: options.out, ...period, status: verdictOf(verification), ...made };
    return { json: document, text: said(io, document), exit: document.status === 'intact' && made.unread.length === 0 ? 0 : 1 };
  });
}

function said(io: Io, { out, status, changes, openGaps, acceptedGaps, unread }: ReportDocument): string {
  const paint = painter(io);
  return [
    `${printable(join(out, PAGE))}: ${countOf(changes, 'change')}, ${countOf(openGaps, 'open gap')}, ${acceptedGaps} accepted`,
    `${paint(status === 'intact' ? 'green' : 'red', status)}  the first page says what was verified, and what could not be`,
    ...unread.map((each) => `${paint('red', 'not read')}  ${printable(each)}`),
  ].join('\n');
}

function periodOf({ from, to }: ReportOptions, now: number): Period {
  const period = { from: momentIn(from, '--from', now, false), to: momentIn(to, '--to', now, true) };
  if (period.from >= period.to) throw new CliError('cli/usage', '--from is not before --to.', { next: 'For example: --from 2026-07-01 --to 2026-09-30' });
  // What has not happened yet would be missing from a report that says it is of that time.
  if (Date.parse(period.to) > now)
    throw new CliError('cli/usage', `The period ends at ${period.to}, which is in the future.`, { next: 'Give a --to in the past.' });
  return period;
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Business days: those of a file, or the default. */
export async function calendarOf(io: Io, file: string | undefined): Promise<{ calendar: Calendar; named: readonly NamedInput[] }> {
  if (file === undefined) return { calendar: DEFAULT_CALENDAR, named: [] };
  const text = String(await bytesOf(io, file));
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new CliError('cli/file', `${file} is not JSON: ${messageOf(cause)}`, { place: { file }, cause });
  }
  return { calendar: parseCalendar(input, file), named: [{ what: 'calendar of business days', name: file, digest: sha256(text) }] };
}

const sha256 = (text: string | Uint8Array) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A journal on AWS is copied first, and the copy is what is verified and read. */
async function inCopy<T>(io: Io, data: Data, options: ReportOptions, work: (directory: string, verification: VerifyReport) => Promise<T>): Promise<T> {
  if (data.aws === null) {
    if (!existsSync(data.directory))
      throw new CliError('cli/not-found', `There is no journal in ${data.shown}.`, { place: { file: data.shown }, next: 'Give its folder with --data.' });
    return work(data.directory, await verified(io, data.directory, options));
  }
  const directory = await mkdtemp(join(tmpdir(), 'redress-evidence-'));
  try {
    const { cut } = await (await import('@redress/evidence/aws')).exportJournal({ ...data.aws, directory });
    return await work(directory, withCut(await verified(io, directory, options), cut));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Makes a folder next to its place, and moves it there when it is complete. */
async function madeBeside<T>(target: string, shown: string, work: (folder: string) => Promise<T>): Promise<T> {
  const failed = (cause: unknown) => new CliError('cli/file', `${shown} cannot be written: ${reasonOf(cause)}`, { place: { file: shown }, cause });
  await mkdir(dirname(target), { recursive: true }).catch((cause: unknown) => Promise.reject(failed(cause)));
  const folder = await mkdtemp(`${target}.`).catch((cause: unknown) => Promise.reject(failed(cause)));
  try {
    const made = await work(folder);
    await rm(target, { recursive: true, force: true });
    await rename(folder, target).catch((cause: unknown) => Promise.reject(failed(cause)));
    return made;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The files of a report, with their digests. */
class Files {
  readonly #folder: string;
  readonly #digests = new Map<string, string>();
  readonly #folders = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get names(): readonly string[] {
    return [...this.#digests.keys()].sort();
  }

  /** Many small pieces go in few writes. */
  write(name: string, pieces: Iterable<string>): void {
    const path = join(this.#folder, name);
    const within = dirname(path);
    if (!this.#folders.has(within)) mkdirSync(within, { recursive: true });
    this.#folders.add(within);
    const hash = createHash('sha256');
    const file = openSync(path, 'wx');
    try {
      for (const text of joined(pieces)) {
        const bytes = Buffer.from(text);
        hash.update(bytes);
        writeFileSync(file, bytes);
      }
    } finally {
      closeSync(file);
    }
    this.#digests.set(name, hash.digest('hex'));
  }

  /** As `sha256sum -c` reads it. */
  sums(): void {
    writeFileSync(join(this.#folder, 'SHA256SUMS'), this.names.map((name) => `${this.#digests.get(name) ?? ''}  ${name}\n`).join(''));
  }
}

/** About a megabyte at a time. */
function* joined(pieces: Iterable<string>): Generator<string> {
  const ENOUGH = 1_000_000;
  let waiting: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    length += piece.length;
    if (length < ENOUGH) continue;
    yield waiting.join('');
    [waiting, length] = [[], 0];
  }
  yield waiting.join('');
}

/** Reads all records before the end of the period: into the index, into what is open, and as events of OCSF. */
async function readAll(
  directory: string,
  composition: Composition,
  { from, to }: Period,
  files: Files,
): Promise<{ index: EntryIndex; assessment: Assessment; unread: readonly string[] }> {
  // The page has changes as a whole; of everything else it counts.
  const index = new EntryIndex(aroundOf(composition), ({ kind }) => kind === 'execution');
  const reading = new FormatsReading(Date.parse(from));
  const unread = new Set<string>();
  const events = function* (): Generator<string> {
    // What could be read is reported, and what could not stands first.
    for (const stored of recordsIn(directory, (problem) => unread.add(problem))) {
      if (stored.record.time >= to) continue;
      index.add(stored);
      for (const event of reading.add(stored)) yield `${JSON.stringify(event)}\n`;
    }
  };
  files.write('ocsf.ndjson', events());
  index.done();
  const assessment = reading.done();
  const documents = { 'oscal-assessment-results.json': await oscalAssessmentResults(assessment), 'oscal-poam.json': await oscalPoam(assessment) };
  for (const [name, { document }] of Object.entries(documents)) files.write(name, [`${JSON.stringify(document, null, 2)}\n`]);
  return { index, assessment, unread: [...unread] };
}

interface Read extends Pick<ReportInput, 'period' | 'index' | 'assessment' | 'unread' | 'calendar' | 'sample'> {
  readonly verification: VerifyReport;
  readonly named: readonly NamedInput[];
}

/** What the report is made of, but for proofs and files. */
async function inputOf(io: Io, composition: Composition, options: ReportOptions, { verification, named, ...read }: Read): Promise<ReportInput> {
  const trustFile = trustFileOf(io, options);
  const keys = trustFile === undefined ? [] : (await trustIn(io, trustFile)).keys;
  const { coverage, inputs } = await coverageIn(io, composition, options, read);
  return {
    ...read,
    verification: { ...verification, keys: keys.map(({ key }) => key), witnesses: verification.witnessed.map(({ witness }) => witness) },
    inputs: [
      ...policyInputs(composition),
      ...(trustFile === undefined ? [] : [{ what: 'trusted keys', name: trustFile, digest: sha256(await readFile(resolve(io.cwd, trustFile))) }]),
      ...named,
      ...inputs,
    ],
    around: aroundOf(composition),
    exceptions: exceptionInputs(composition),
    coverage,
    closedWithin: deadlinesOf(composition),
    proofs: new Map(),
    files: [],
  };
}

/** The register, as a report shows it. */
export function exceptionInputs({ register, redact }: Composition): readonly ExceptionInput[] {
  return redact(register.entries.map(({ scope, ...entry }) => ({ ...entry, remediators: scope.remediators, scope: scopeWords(scope) })));
}

/** Deadlines of the policy. */
export function deadlinesOf({ policy, remediators }: Composition): ReportInput['closedWithin'] {
  return (id, account) => {
    const remediator = remediators.find((each) => each.id === id);
    return remediator === undefined ? null : closedWithin(policy, remediator, account);
  };
}

/** Policy and register, each with its digest. */
export function policyInputs({ policy, policySource, register }: Composition): readonly NamedInput[] {
  return [
    { what: 'policy', name: policySource.file ?? policySource.kind, digest: policy.digest },
    { what: 'exceptions register', name: policy.exceptions.register ?? 'not named', digest: register.digest },
  ];
}

/** Coverage as of the end of the period. */
async function coverageIn(
  io: Io,
  composition: Composition,
  { pack = PACKS_SHOWN, framework = FRAMEWORKS_SHOWN }: ReportOptions,
  { index, assessment }: Pick<Read, 'index' | 'assessment'>,
): Promise<{ readonly coverage: readonly CoverageInput[]; readonly inputs: readonly NamedInput[] }> {
  const last = lastOf(index, assessment);
  const which = [...pack.map((each) => ({ pack: each })), ...framework.map((each) => ({ framework: each }))];
  const documents = await Promise.all(which.map((each) => coverageOf(io, composition, each, last)));
  return {
    coverage: documents.map(({ of, title, rows }) => ({
      of,
      title,
      rows: rows.map(({ id, answer, because, paragraphs, by }) => ({
        ...{ id, answer, because, paragraphs },
        by: by.map((each) => ({ remediator: each.remediator, modes: modeWords(each.modes), last: lastWords(each.last), open: each.last?.open ?? 0 })),
      })),
    })),
    // The map itself, without results.
    inputs: documents.map(({ of, title, rows }) => ({
      what: 'map',
      name: `${of}: ${title}`,
      digest: digestOf(toJson(rows.map(({ id, identifier, paragraphs, sources, checks }) => ({ id, identifier, paragraphs, sources, checks })))),
    })),
  };
}

function lastOf(index: EntryIndex, { assessed }: Assessment): ReadonlyMap<string, LastResult> {
  const open = new Map<string, number>();
  for (const { conclusion, gaps, satisfied } of assessed)
    if (!satisfied) open.set(conclusion.remediator, (open.get(conclusion.remediator) ?? 0) + Math.max(1, gaps.length));
  const newest = index.lastOfEach({ ...EVERYTHING, kinds: ['execution', 'decision', 'sweep'] });
  return new Map(newest.map(({ remediator, time, closed, outcome }) => [remediator, { time: closed ?? time, outcome, open: open.get(remediator) ?? 0 }]));
}

const SIBLINGS = [
  { name: 'ocsf.ndjson', what: 'events of OCSF 1.8.0 of the period, one per line' },
  { name: 'oscal-assessment-results.json', what: 'assessment results of OSCAL 1.2.1, as of the end of the period' },
  { name: 'oscal-poam.json', what: 'plan of action and milestones of OSCAL 1.2.1: open gaps at the end of the period' },
];

type Made = Omit<ReportDocument, 'out' | 'from' | 'to' | 'status'>;

async function writeReport(files: Files, input: ReportInput, directory: string, verification: VerifyReport, which: string | undefined): Promise<Made> {
  const model = modelOf(input);
  const csv = csvSiblings(input, model);
  for (const { name, text } of csv) files.write(name, [text]);
  const proven = await proofsOf(files, input, model.sample.ids, directory, verification, which);
  const whole = { ...input, proofs: proven.proofs, files: [...csv, ...SIBLINGS, ...proven.bundles] };
  files.write(PAGE, reportHtml(whole, model));
  files.sums();
  const { gaps, accepted, changes, sample } = model;
  return {
    ...{ changes, openGaps: gaps.length, acceptedGaps: accepted.length, sample: { seed: sample.seed, size: sample.ids.length } },
    unread: input.unread,
    files: [...files.names, 'SHA256SUMS'],
  };
}

interface Proven {
  /** The file of the proof of each execution. */
  readonly proofs: ReadonlyMap<string, string>;
  readonly bundles: ReportInput['files'];
}

/** Writes proofs of changes whose records are all sealed. Of a ledger that was tampered with nothing is proven. */
async function proofsOf(
  files: Files,
  { index, period }: ReportInput,
  sample: readonly string[],
  directory: string,
  { checkpoint, status, uncovered }: VerifyReport,
  which: string | undefined,
): Promise<Proven> {
  const proofs = new Map<string, string>();
  if (checkpoint === null || status === 'tampered' || which === 'none') return { proofs, bundles: [] };
  const sealed = new Map(uncovered.map(({ stream, first }) => [stream, first]));
  const streams = new Map<string, string>();
  for (const { closed, execution, stream, last } of index.lines(changesIn(period)))
    if (closed !== null && execution !== null && last < (sealed.get(stream) ?? Number.POSITIVE_INFINITY)) streams.set(execution, stream);
  const drawn = sample.filter((each) => streams.has(each));
  const chosen = which === 'all' || (which === undefined && streams.size <= PROVEN) ? [...streams.keys()] : drawn;
  if (chosen.length === 0) return { proofs, bundles: [] };
  const within = (some: readonly string[]) => [...new Set(some.map((each) => streams.get(each) ?? ''))].sort();
  const { makeBundle, proveExecutions } = await import('@redress/verify');
  for (const { execution, file, record } of proveExecutions(directory, chosen, within(chosen))) {
    // Ids are made of these; one that is not makes no path.
    const name = `proofs/${execution.replace(/[^\w.-]/g, '_')}.tlog-proof`;
    files.write(name, [file]);
    if (record !== null) files.write(`${name}.record`, [record]);
    proofs.set(execution, name);
  }
  if (drawn.length === 0) return { proofs, bundles: [] };
  const name = 'proofs/sample.bundle.json';
  files.write(name, [makeBundle(directory, { executions: drawn, within: within(drawn) }).file]);
  return { proofs, bundles: [{ name, what: 'all records and documents of the sample, as one self-contained file' }] };
}
