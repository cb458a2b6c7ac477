import { type Attestation, breakerOf } from '@redress/core';
import { frameworkOf, PACKS } from '@redress/frameworks';
import { csvOf } from '@redress/report';
import { type Composition, openJournal } from '../compose.js';
import { readAnyPack } from '../coverage/packs.js';
import { type CoverageInput, type CoverageRow, frameworkRows, type LastResult, packRows } from '../coverage/rows.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter, table } from '../io.js';
import { printable } from '../printable.js';
import { parametersOf } from './generate-config.js';
import { entriesOf } from './history.js';
import { modeWords } from './remediators.js';

/** Options of `redress coverage`. */
export interface CoverageOptions {
  readonly pack?: string;
  readonly framework?: string;
  readonly format?: string;
}

/** `redress coverage --json` */
export interface CoverageDocument {
  /** Id of the pack or the framework, or the file. */
  readonly of: string;
  readonly title: string;
  /** How many rows have which answer. */
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: readonly CoverageRow[];
}

/** How each rule or control is covered: by which remediator, in which mode, and with which last result. */
export async function coverageCommand(io: Io, composition: Composition, options: CoverageOptions): Promise<Answer> {
  const { pack, framework, format = 'table' } = options;
  if ((pack === undefined) === (framework === undefined))
    throw new CliError('cli/usage', '--pack and --framework cannot be combined.', { next: `Give --pack ${PACKS[0]}, --pack FILE or --framework cis-6.0.` });
  if (!['table', 'json', 'csv'].includes(format))
    throw new CliError('cli/usage', `There is no format ${JSON.stringify(format)}.`, { next: 'Choose table, json or csv.' });
  const document = await coverageOf(io, composition, pack === undefined ? { framework: framework ?? '' } : { pack }, await lastResults(composition));
  const text = format === 'json' ? JSON.stringify(document, null, 2) : format === 'csv' ? csv(document.rows) : human(io, document);
  return { json: document, text, exit: 0 };
}

/** Coverage of a pack or a framework, with the last result of each remediator. */
export async function coverageOf(
  io: Io,
  composition: Composition,
  which: { readonly pack: string } | { readonly framework: string },
  last: CoverageInput['last'],
): Promise<CoverageDocument> {
  const { remediators, policy } = composition;
  const input: CoverageInput = { remediators, policy, parametersOf: parametersOf(composition), last };
  return 'pack' in which ? ofPack(io, which.pack, input) : ofFramework(which.framework, input);
}

async function ofFramework(id: string, input: CoverageInput): Promise<CoverageDocument> {
  const framework = await frameworkOf(id);
  return documentOf(framework.id, framework.title, frameworkRows(framework, input));
}

async function ofPack(io: Io, name: string, input: CoverageInput): Promise<CoverageDocument> {
  const pack = await readAnyPack(io, name);
  return documentOf(pack.id, pack.title, packRows(pack, input));
}

function documentOf(of: string, title: string, rows: readonly CoverageRow[]): CoverageDocument {
  const counts: Record<string, number> = {};
  for (const { answer } of rows) counts[answer] = (counts[answer] ?? 0) + 1;
  return { of, title, counts, rows };
}

/** The newest entry of each remediator, and how many of its gaps are open; empty without a journal. */
async function lastResults({ data, policy, clock }: Composition): Promise<ReadonlyMap<string, LastResult>> {
  const found = new Map<string, LastResult>();
  let journal: Awaited<ReturnType<typeof openJournal>>;
  try {
    journal = await openJournal(data, { create: false });
  } catch (error) {
    if (error instanceof CliError && error.code === 'cli/not-found') return found;
    throw error;
  }
  const open = new Map<string, number>();
  const words = new Map<string, Attestation & { readonly account: string }>();
  try {
    for (const { remediator } of (await journal.standing()).gaps) open.set(remediator, (open.get(remediator) ?? 0) + 1);
    for (const account of policy.environments.flatMap(({ accounts }) => accounts))
      for (const each of (await journal.view(breakerOf({ account, partition: 'aws' }))).attestations) {
        const before = words.get(each.remediator);
        // The gap of one account is a gap: the word that ends first is the one to know of.
        if (before === undefined || each.until < before.until) words.set(each.remediator, { ...each, account });
      }
  } finally {
    await journal.close?.();
  }
  for (const { kind, remediator, time, closed, outcome } of await entriesOf(data, undefined)) {
    if (kind !== 'execution' && kind !== 'decision' && kind !== 'sweep') continue;
    const at = closed ?? time;
    if ((found.get(remediator)?.time ?? '') <= at) found.set(remediator, { time: at, outcome: outcome ?? 'open', open: open.get(remediator) ?? 0 });
  }
  for (const [remediator, { by, until, at, account }] of words)
    found.set(remediator, {
      time: new Date(at).toISOString(),
      outcome: until > clock.now() ? 'attested' : 'ended',
      open: open.get(remediator) ?? 0,
      word: { by: by.name, until: new Date(until).toISOString(), account },
    });
  return found;
}

const answersOf = (counts: CoverageDocument['counts']) =>
  Object.entries(counts)
    .map(([answer, count]) => `${count} ${answer}`)
    .join(', ');
/** The last result of a remediator, in words. */
export const lastWords = (last: LastResult | null) =>
  last === null
    ? '-'
    : `${last.outcome} ${last.word === undefined ? last.time.slice(0, 10) : `by ${printable(last.word.by)} until ${last.word.until.slice(0, 10)}`}${last.open === 0 ? '' : `, ${last.open} open`}`;

function human(io: Io, { title, counts, rows }: CoverageDocument): string {
  const lines = rows.flatMap(({ id, answer, because, by }) => {
    const cells = by.map((each) => [printable(each.remediator), printable(modeWords(each.modes)), lastWords(each.last)]);
    const [first = ['-', '-', '-'], ...rest] = cells;
    return [[printable(id), answer, ...first, printable(because)], ...rest.map((each) => ['', '', ...each, ''])];
  });
  return [
    `${printable(title)}: ${rows.length} in all, ${answersOf(counts)}.`,
    '',
    table(['rule or control', 'answer', 'remediator', 'mode', 'last', 'because'], lines, painter(io)),
  ].join('\n');
}

const COLUMNS = ['id', 'identifier', 'answer', 'because', 'remediator', 'does', 'ceiling', 'modes', 'last', 'open', 'paragraphs', 'sources'] as const;

/** A line for each rule and remediator. */
function csv(rows: readonly CoverageRow[]): string {
  const lines = rows.flatMap(({ id, identifier, answer, because, by, paragraphs, sources }) => {
    const own = [id, identifier ?? '', answer, because];
    const tail = [paragraphs.join(' '), sources.join(' ')];
    if (by.length === 0) return [[...own, '', '', '', '', '', '', ...tail]];
    return by.map((each) => [
      ...own,
      each.remediator,
      each.does,
      each.ceiling,
      modeWords(each.modes),
      each.last === null
        ? ''
        : each.last.word === undefined
          ? `${each.last.outcome} ${each.last.time}`
          : `${each.last.outcome} by ${each.last.word.by} until ${each.last.word.until}`,
      each.last === null ? '' : String(each.last.open),
      ...tail,
    ]);
  });
  return csvOf(COLUMNS, lines);
}
