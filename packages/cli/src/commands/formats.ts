import { type FileHandle, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Journal } from '@redress/core';
import { countOf } from '@redress/core';
import { type AwsPlace, type Data, openJournal, reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer, Io } from '../io.js';
import { printable } from '../printable.js';

/** Formats of others that records are exported in, and where they are written unless a file is named. */
const FORMATS = {
  ocsf: { file: 'redress.ocsf.ndjson', what: 'events of OCSF 1.8.0, one per line' },
  'oscal-ar': { file: 'redress.assessment-results.json', what: 'assessment results of OSCAL 1.2.1' },
  'oscal-poam': { file: 'redress.poam.json', what: 'plan of action and milestones of OSCAL 1.2.1' },
} as const;
type Format = keyof typeof FORMATS;

/** The names of {@link FORMATS}. */
export const FORMAT_NAMES = Object.keys(FORMATS).join(', ');

/** `redress evidence export --format … --json` */
export interface FormatDocument {
  readonly format: Format;
  readonly out: string;
  /** Events, findings or items, as the format has it. */
  readonly count: number;
}

/**
 * Writes the records of a journal in a format of others. The file is there as a whole, or not at all.
 *
 * @param aws the journal on AWS that is meant; null: that of the data folder.
 */
export async function formatCommand(io: Io, data: Data, aws: AwsPlace | null, name: string, out: string | undefined): Promise<Answer> {
  if (!Object.hasOwn(FORMATS, name)) throw new CliError('cli/usage', `There is no format ${JSON.stringify(name)}.`, { next: `There is ${FORMAT_NAMES}.` });
  const format = name as Format;
  const shown = out ?? FORMATS[format].file;
  const { count, cut } = await fromCopy(data, aws, async (journal) => written(resolve(io.cwd, shown), shown, (file) => write(journal, format, file)));
  const document: FormatDocument = { format, out: shown, count };
  const lines = [
    `${printable(shown)}: ${FORMATS[format].what}, ${count} ${format === 'ocsf' ? 'events' : format === 'oscal-ar' ? 'findings' : 'items'}`,
    ...(cut === 0 ? [] : [`tampered: ${countOf(cut, 'stream')} shorter than the heads say. \`redress evidence verify\` names them`]),
  ];
  return { json: document, text: lines.join('\n'), exit: cut === 0 ? 0 : 1 };
}

/** A journal on AWS is copied first: the order of its streams is then that of any copy, and so are the bytes that are made of it. */
async function fromCopy(data: Data, aws: AwsPlace | null, work: (journal: Journal) => Promise<number>): Promise<{ count: number; cut: number }> {
  if (aws === null) return { count: await opened(data, work), cut: 0 };
  const directory = await mkdtemp(join(tmpdir(), 'redress-evidence-'));
  try {
    const { cut } = await (await import('@redress/evidence/aws')).exportJournal({ ...aws, directory });
    return { count: await opened({ shown: directory, directory, aws: null }, work), cut: cut.length };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function opened(data: Data, work: (journal: Journal) => Promise<number>): Promise<number> {
  const journal = await openJournal(data, { create: false });
  try {
    return await work(journal);
  } finally {
    await journal.close?.();
  }
}

/** Writes next to where it belongs, and moves it there when it is whole. */
async function written(path: string, shown: string, work: (file: FileHandle) => Promise<number>): Promise<number> {
  const unfinished = `${path}.${process.pid}.tmp`;
  const failed = (cause: unknown) => new CliError('cli/file', `${shown} cannot be written: ${reasonOf(cause)}`, { place: { file: shown }, cause });
  const file = await open(unfinished, 'wx').catch((cause: unknown) => Promise.reject(failed(cause)));
  try {
    const count = await work(file).finally(() => file.close());
    await rename(unfinished, path).catch((cause: unknown) => Promise.reject(failed(cause)));
    return count;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function write(journal: Journal, format: Format, file: FileHandle): Promise<number> {
  const { ocsfEvents, oscalAssessmentResults, oscalPoam } = await import('@redress/evidence/formats');
  if (format === 'ocsf') {
    let events = 0;
    for await (const event of ocsfEvents(journal.read({ all: true }))) {
      await file.write(`${JSON.stringify(event)}\n`);
      events++;
    }
    return events;
  }
  const source = { records: journal.read({ all: true }), gaps: (await journal.standing()).gaps };
  const { document, count } = await (format === 'oscal-ar' ? oscalAssessmentResults(source) : oscalPoam(source));
  await file.write(`${JSON.stringify(document, null, 2)}\n`);
  return count;
}
