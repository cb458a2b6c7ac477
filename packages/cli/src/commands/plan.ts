import { countOf, GLOBAL_REGION, type PassResult, type Redress, type SweepSummary, type SweepTarget } from '@redress/core';
import { type Composition, hasJournal, type Overrides, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Origin, originOf, withOrigin } from '../files/origin.js';
import { interruptible } from '../interrupt.js';
import { type Answer, columnsOf, type Io, painter } from '../io.js';
import { LeftOver } from '../left.js';
import { isBlind, plannedPass } from '../passes.js';
import { accountOf, concurrencyOf, type PlaceOptions, placesOf } from '../places.js';
import { countedPlan, type PlanDocument } from '../plan/document.js';
import type { Details } from '../plan/view.js';
import { printable, printableJson } from '../printable.js';
import { ShownProgress } from '../sweep-progress.js';

export type { PlanDocument } from '../plan/document.js';

/** Where files are from that do not say it. */
export interface OriginOptions {
  /** `ACCOUNT` or `ACCOUNT/REGION`. */
  readonly from?: string;
}

/** Options of `redress plan`. */
export interface PlanOptions extends OriginOptions, PlaceOptions {
  readonly live?: boolean;
  readonly remediator?: readonly string[];
  readonly concurrency?: string;
  readonly details?: boolean;
  /** Also the calls: details, and more. */
  readonly calls?: boolean;
  readonly output?: Output;
}

/** How a plan is shown. */
type Output = 'table' | 'json' | 'ndjson' | 'csv' | 'markdown';

/** What would be done, and why not. Reads the account; changes and records nothing. */
export async function planCommand(
  io: Io,
  composition: Composition,
  files: readonly string[],
  options: PlanOptions,
  overrides: Overrides = {},
): Promise<Answer> {
  if (options.live === true && files.length > 0) throw new CliError('cli/usage', 'Give files or --live, not both.');
  if (options.live !== true && files.length === 0)
    throw new CliError('cli/usage', 'There is nothing to plan.', { next: 'Give files with events, or --live to look at the account.' });
  if (options.live !== true && options.remediator !== undefined) throw new CliError('cli/usage', '--remediator needs --live.');
  for (const [name, given] of Object.entries({ accounts: options.accounts, account: options.account, in: options.in, concurrency: options.concurrency }))
    if (options.live !== true && given !== undefined) throw new CliError('cli/usage', `--${name} needs --live.`);
  if (options.live === true && options.from !== undefined) throw new CliError('cli/usage', '--from is only for files.');
  const { output = 'table' } = options;
  const details = options.calls === true ? 'calls' : options.details === true ? 'changes' : 'none';
  const document = options.live === true ? await live(io, composition, options, overrides) : await fromFiles(io, composition, files, options);
  const { problems, rejected, unasked, left } = document;
  const unread = document.passes.some(({ verdict, reasons }) => verdict === 'not-read' || (verdict === 'denied' && reasons.some(isBlind)));
  const done = problems.length === 0 && left.length === 0 && rejected.length === 0 && unasked.length === 0 && !unread;
  return { json: document, text: await textOf(io, document, output, details), exit: done ? 0 : 1 };
}

async function textOf(io: Io, document: PlanDocument, output: Output, details: Details): Promise<string> {
  if (output === 'table') return (await import('../plan/view.js')).planView(document, { width: columnsOf(io), details, paint: painter(io) });
  if (output === 'json') return printableJson(document);
  const { planCsv, planMarkdown, planNdjson } = await import('../plan/outputs.js');
  return { csv: planCsv, ndjson: planNdjson, markdown: planMarkdown }[output](document);
}

/** What holds something back is in the journal, where there is one: it is read, and nothing is written to it. */
async function withHistory<T>(composition: Composition, reported: 'findings' | 'sweeps', work: (redress: Redress) => Promise<T>): Promise<T> {
  const journal = (await hasJournal(composition.data)) ? await openJournal(composition.data, { create: false, clock: composition.clock }) : null;
  const redress = composition.engine({ notify: false, reported, ...(journal === null ? {} : { journal }) });
  try {
    return await work(redress);
  } finally {
    redress.close();
    await journal?.close?.();
  }
}

/** That of `--from`, else that of the credentials and `--region`, which is said. */
export function defaultOrigin(io: Io, composition: Composition, { from }: OriginOptions): (file: string) => Promise<Origin | null> {
  const given = originOf(from, composition.region);
  return async (file) => {
    if (given !== null) return given;
    const account = await accountOf(composition, undefined).catch(() => null);
    if (account === null) return null;
    io.stderr(
      `${printable(file)} does not contain its account and region: ${account} and ${composition.region} are assumed. Give others with --from ACCOUNT/REGION.\n`,
    );
    return { account, region: composition.region };
  };
}

async function fromFiles(io: Io, composition: Composition, files: readonly string[], options: OriginOptions): Promise<PlanDocument> {
  const { checkedDocuments, placeOf } = await import('../files/documents.js');
  const origin = defaultOrigin(io, composition, options);
  const documents = await checkedDocuments(io, files);
  const account = await accountOf(composition, undefined).catch(() => null);
  return withHistory(composition, 'findings', async (redress) => {
    const passes: PassResult[] = [];
    const left = new LeftOver();
    const problems = new Set<string>();
    const run = { dryRun: true, budget: { changes: 0 } };
    for await (const document of withOrigin(documents(), origin)) {
      const { file, value, problem } = document;
      if (problem !== null) {
        left.reject(placeOf(document), problem);
        continue;
      }
      const result = await redress.handle(value, run);
      for (const each of result.results) {
        left.add(placeOf(document), each);
        passes.push(...each.passes);
      }
      for (const reason of unhandled(result)) problems.add(`${file}: ${reason}`);
    }
    const { counted, rejected, unasked } = left;
    return {
      ...head(composition, account),
      places: [],
      left: [],
      interrupted: false,
      ...planned(composition, passes, 0),
      counted,
      rejected,
      unasked,
      notSwept: [],
      problems: [...problems],
    };
  });
}

/** What kept findings from being decided on. */
export function unhandled(result: Awaited<ReturnType<Redress['handle']>>): readonly string[] {
  return result.results.flatMap((each) => (each.error === null ? [] : [each.error.message]));
}

async function live(io: Io, composition: Composition, options: PlanOptions, { signal }: Overrides): Promise<PlanDocument> {
  const concurrency = concurrencyOf(options.concurrency);
  const asked = options.remediator?.map((id) => known(composition, id).id);
  const count = asked?.length ?? composition.remediators.length;
  io.stderr(`Reading with ${countOf(count, 'remediator')}; nothing is changed.\n`);
  const { targets, left } = await placesOf(composition, options);
  const accounts = [...new Set(targets.map(({ account }) => account))];
  const progress = new ShownProgress(io, composition.clock);
  const stop = interruptible(signal);
  try {
    return await withHistory(composition, 'sweeps', async (redress) => {
      const passes: PassResult[] = [];
      const sweeps = await redress.sweep({
        targets,
        concurrency,
        signal: stop.signal,
        dryRun: true,
        // Nothing is changed, so that nothing has to settle.
        patience: 0,
        ...(asked === undefined ? {} : { remediators: asked }),
        onPass: (pass) => {
          if (pass.outcome !== 'no-op') passes.push(pass);
        },
        onProgress: progress.update,
      });
      passes.sort(inPlaces(targets, composition.remediators));
      const nothing = sweeps.reduce((sum, { outcomes }) => sum + (outcomes['no-op'] ?? 0), 0);
      const place = ({ remediator, account, region }: SweepSummary) =>
        `${remediator === '*' ? '' : `${remediator}: `}${targets.length === 1 ? '' : `${account} ${region}: `}`;
      const several = sweeps.filter(({ status }) => status === 'not-swept' || status === 'failed' || status === 'absent');
      return {
        ...head(composition, accounts.length === 1 ? (accounts[0] ?? null) : null),
        places: targets.map(({ account, region }) => ({ account, region })),
        left,
        interrupted: stop.signal.aborted,
        ...planned(composition, passes, nothing),
        counted: {},
        rejected: [],
        unasked: [],
        notSwept: onceEachRemediator(several).map(({ remediator, message }) => ({ remediator, reason: message })),
        // A remediator that nobody wrote a sweep for is a gap of its kind, and so is a region that is off; a sweep that failed is a failure of this run.
        problems: [
          ...sweeps.filter(({ status }) => status === 'failed').map((each) => `${place(each)}${each.message}`),
          ...sweeps.filter(({ errors }) => errors > 0).map((each) => `${place(each)}${countOf(each.errors, 'resource')} could not be handled`),
          ...(stop.signal.aborted ? ['It was interrupted: the plan covers what was read so far.'] : []),
        ],
      };
    });
  } finally {
    stop.end();
    progress.end();
  }
}

/** Resources come as they are found: places as they were asked for, then remediators, then names. */
function inPlaces(targets: readonly SweepTarget[], remediators: Composition['remediators']) {
  const rank = ({ resource: { account, region }, remediator }: PassResult) => [
    targets.findIndex((each) => each.account === account && (each.region === region || region === GLOBAL_REGION)),
    remediators.findIndex(({ id }) => id === remediator),
  ];
  return (one: PassResult, other: PassResult): number => {
    const [place = 0, which = 0] = rank(one);
    const [otherPlace = 0, otherWhich = 0] = rank(other);
    return place - otherPlace || which - otherWhich || (one.resource.id < other.resource.id ? -1 : 1);
  };
}

/** What is the same in every place is said once. */
function onceEachRemediator(summaries: readonly SweepSummary[]): readonly SweepSummary[] {
  const said = new Set<string>();
  return summaries.filter(({ remediator, message }) => {
    const key = `${remediator}\n${message}`;
    return said.has(key) ? false : said.add(key);
  });
}

export function known(composition: Composition, id: string): { readonly id: string } {
  const found = composition.remediators.find((each) => each.id === id);
  if (found === undefined)
    throw new CliError('cli/usage', `There is no remediator ${JSON.stringify(id)}.`, {
      next: `Known: ${composition.remediators.map((each) => each.id).join(', ')}`,
    });
  return found;
}

function head(composition: Composition, account: string | null) {
  return { account, region: composition.region, policy: composition.policy.digest, policySource: composition.policySource };
}

function planned(composition: Composition, made: readonly PassResult[], nothing: number) {
  const passes = made.map((pass) => plannedPass(pass, composition.remediators));
  return countedPlan(
    passes,
    nothing,
    composition.policy.environments.map(({ name }) => name),
  );
}
