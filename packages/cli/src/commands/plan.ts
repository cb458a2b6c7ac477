import { definePolicy, GLOBAL_REGION, type PassResult, type Policy, type Redress, type ResourceRef, type SweepSummary, type SweepTarget } from '@redress/core';
import type { Composition, Overrides } from '../compose.js';
import { CliError } from '../errors.js';
import { checkedDocuments, placeOf } from '../files/documents.js';
import { type Origin, originOf, withOrigin } from '../files/origin.js';
import { inOrder } from '../in-order.js';
import { interruptible } from '../interrupt.js';
import { type Answer, type Io, painter } from '../io.js';
import { type Left, LeftOver, leftLines } from '../left.js';
import {
  blindSpotLines,
  codeOf,
  isBlind,
  type PlannedPass,
  plannedLines,
  plannedPass,
  type Summary,
  summarize,
  summaryLine,
  verdictOf,
  verdictWords,
} from '../passes.js';
import { accountOf, concurrencyOf, type LeftAccount, leftAccountLines, type PlaceOptions, placesOf } from '../places.js';
import { printable } from '../printable.js';
import { ShownProgress } from '../sweep-progress.js';

/** `redress plan --json` */
export interface PlanDocument {
  /** Whose credentials they are; null when that could not be read, and with `--live` when several accounts are looked at. */
  readonly account: string | null;
  readonly region: string;
  /** With `--live`: where it looked. */
  readonly places: readonly { readonly account: string; readonly region: string }[];
  /** With `--live`: accounts that did not let us in, each once. */
  readonly left: readonly LeftAccount[];
  /** With `--live`: whether it was interrupted, so that there may be more. */
  readonly interrupted: boolean;
  /** Digest of the policy, and where it is from. */
  readonly policy: string;
  readonly policySource: Composition['policySource'];
  /** With `--live` without those that have nothing to change: they are only counted. */
  readonly passes: readonly PlannedPass[];
  readonly summary: Summary;
  /** Findings without a pass, by disposition. Empty with `--live`. */
  readonly counted: Readonly<Record<string, number>>;
  /** Why inputs are no events, each reason once. */
  readonly rejected: readonly Left[];
  /** What no remediator is asked about, although it says that something is wrong, or was sent here. */
  readonly unasked: readonly Left[];
  /** With `--live`: remediators that were not, or not wholly, swept. */
  readonly notSwept: readonly { readonly remediator: string; readonly reason: string }[];
  /** With `--live` and without a policy: what a policy that enforces everything here would lead to. Nothing like it is in force. */
  readonly ifEnforced: {
    readonly hypothetical: true;
    readonly passes: readonly {
      readonly resource: ResourceRef;
      readonly remediator: string;
      readonly plan: string | null;
      readonly verdict: string;
      readonly code: string;
      readonly message: string;
    }[];
    readonly summary: Summary;
  } | null;
  /** What could not be handled at all. */
  readonly problems: readonly string[];
}

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
}

/** Resources looked at, at the same time. */
const AT_ONCE = 8;

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
  if (options.live !== true && options.remediator !== undefined) throw new CliError('cli/usage', '--remediator belongs to --live.');
  for (const [name, given] of Object.entries({ accounts: options.accounts, account: options.account, in: options.in, concurrency: options.concurrency }))
    if (options.live !== true && given !== undefined) throw new CliError('cli/usage', `--${name} belongs to --live.`);
  if (options.live === true && options.from !== undefined) throw new CliError('cli/usage', '--from belongs to files.');
  const document = options.live === true ? await live(io, composition, options, overrides) : await fromFiles(io, composition, files, options);
  const { problems, rejected, unasked, left } = document;
  const unread = document.passes.some(({ verdict, reasons }) => verdict === 'not-read' || (verdict === 'denied' && reasons.some(isBlind)));
  const done = problems.length === 0 && left.length === 0 && rejected.length === 0 && unasked.length === 0 && !unread;
  return { json: document, text: human(io, document), exit: done ? 0 : 1 };
}

/** That of `--from`, else that of the credentials and `--region`, which is said. */
export function defaultOrigin(io: Io, composition: Composition, { from }: OriginOptions): (file: string) => Promise<Origin | null> {
  const given = originOf(from, composition.region);
  return async (file) => {
    if (given !== null) return given;
    const account = await accountOf(composition, undefined).catch(() => null);
    if (account === null) return null;
    io.stderr(`${printable(file)} does not say where it is from: taken to be of ${account} in ${composition.region}. --from ACCOUNT/REGION says otherwise.\n`);
    return { account, region: composition.region };
  };
}

async function fromFiles(io: Io, composition: Composition, files: readonly string[], options: OriginOptions): Promise<PlanDocument> {
  const origin = defaultOrigin(io, composition, options);
  const documents = await checkedDocuments(io, files);
  const account = await accountOf(composition, undefined).catch(() => null);
  const redress = composition.engine({ notify: false, reported: 'findings' });
  try {
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
      ...planned(composition, passes),
      counted,
      rejected,
      unasked,
      notSwept: [],
      ifEnforced: null,
      problems: [...problems],
    };
  } finally {
    redress.close();
  }
}

/** What kept findings from being decided on. */
export function unhandled(result: Awaited<ReturnType<Redress['handle']>>): readonly string[] {
  return result.results.flatMap((each) => (each.error === null ? [] : [each.error.message]));
}

async function live(io: Io, composition: Composition, options: PlanOptions, { signal }: Overrides): Promise<PlanDocument> {
  const concurrency = concurrencyOf(options.concurrency);
  const { targets, left } = await placesOf(composition, options);
  const asked = options.remediator?.map((id) => known(composition, id).id);
  const redress = composition.engine({ notify: false, reported: 'sweeps' });
  const accounts = [...new Set(targets.map(({ account }) => account))];
  const whatIf = composition.policySource.kind === 'absent' ? composition.engine({ notify: false, policy: everythingEnforced(composition, accounts) }) : null;
  const progress = new ShownProgress(io, composition.clock);
  const stop = interruptible(signal);
  try {
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
    const hypothetical = whatIf === null ? [] : (await inOrder(passes, AT_ONCE, ({ remediator, resource }) => whatIf.plan(remediator, resource))).flat();
    const told = (pass: PassResult) => ({ verdict: verdictOf(pass), code: codeOf(pass) });
    const nothing = sweeps.reduce((sum, { outcomes }) => sum + (outcomes['no-op'] ?? 0), 0);
    const place = ({ remediator, account, region }: SweepSummary) =>
      `${remediator === '*' ? '' : `${remediator}: `}${targets.length === 1 ? '' : `${account} ${region}: `}`;
    const several = sweeps.filter(({ status }) => status === 'not-swept' || status === 'failed' || status === 'absent');
    const documents = planned(composition, passes);
    return {
      ...head(composition, accounts.length === 1 ? (accounts[0] ?? null) : null),
      places: targets.map(({ account, region }) => ({ account, region })),
      left,
      interrupted: stop.signal.aborted,
      ...documents,
      summary: { ...documents.summary, nothingToChange: documents.summary.nothingToChange + nothing },
      counted: {},
      rejected: [],
      unasked: [],
      notSwept: onceEachRemediator(several).map(({ remediator, message }) => ({ remediator, reason: message })),
      ifEnforced:
        whatIf === null
          ? null
          : {
              hypothetical: true,
              passes: hypothetical.map((pass) => ({
                resource: pass.resource,
                remediator: pass.remediator,
                plan: pass.plan?.digest ?? null,
                ...told(pass),
                message: pass.message,
              })),
              summary: summarize([
                ...hypothetical.map(told),
                ...Array.from({ length: nothing }, () => ({ verdict: 'nothing-to-change' as const, code: 'no-op' })),
              ]),
            },
      // A remediator that nobody wrote a sweep for is a gap of its kind, and so is a region that is off; a sweep that failed is a failure of this run.
      problems: [
        ...sweeps.filter(({ status }) => status === 'failed').map((each) => `${place(each)}${each.message}`),
        ...sweeps.filter(({ errors }) => errors > 0).map((each) => `${place(each)}${each.errors} resources could not be handled`),
        ...(stop.signal.aborted ? ['It was interrupted: what is planned is what was looked at so far.'] : []),
      ],
    };
  } finally {
    stop.end();
    progress.end();
    redress.close();
    whatIf?.close();
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

function everythingEnforced(composition: Composition, accounts: readonly string[]): Policy {
  return definePolicy({
    version: 1,
    environments: { 'if-enforced': { accounts: [...accounts] } },
    remediators: Object.fromEntries(composition.remediators.map(({ id }) => [id, { 'if-enforced': 'enforce' }])),
  });
}

function head(composition: Composition, account: string | null) {
  return { account, region: composition.region, policy: composition.policy.digest, policySource: composition.policySource };
}

function planned(composition: Composition, passes: readonly PassResult[]) {
  const documents = passes.map((pass) => plannedPass(pass, composition.remediators));
  return { passes: documents, summary: summarize(documents) };
}

function human(io: Io, document: PlanDocument): string {
  const paint = painter(io);
  const lines: string[] = [];
  const hypothetical = [...(document.ifEnforced?.passes ?? [])];
  for (const pass of document.passes) {
    lines.push(...plannedLines(pass, paint));
    const index = hypothetical.findIndex((each) => each.remediator === pass.remediator && each.resource.id === pass.resource.id && each.plan === pass.plan);
    const [match] = index < 0 ? [] : hypothetical.splice(index, 1);
    if (match !== undefined && match.verdict !== pass.verdict)
      lines.push(
        `  ${paint('bold', 'if enforced')}  ${verdictWords(match.verdict as PlannedPass['verdict'])}${match.verdict.startsWith('would') ? '' : ` (${printable(match.code)})`}`,
      );
    lines.push('');
  }
  for (const line of leftAccountLines(document.left)) lines.push(`${paint('red', 'denied')}  ${line}`);
  lines.push(...blindSpotLines(document.passes, paint));
  lines.push(...leftLines(document, paint));
  for (const { remediator, reason } of document.notSwept) lines.push(`${paint('yellow', 'not swept')}  ${printable(remediator)}: ${printable(reason)}`);
  for (const problem of document.problems)
    if (!document.notSwept.some(({ remediator, reason }) => problem === `${remediator}: ${reason}`))
      lines.push(`${paint('red', 'problem')}  ${printable(problem)}`);
  lines.push(`${whereOf(document)}: ${summaryLine(document.summary)}.`);
  if (document.ifEnforced !== null) {
    lines.push(`${paint('bold', 'If enforced')} (hypothetical: a policy that enforces every remediator here): ${summaryLine(document.ifEnforced.summary)}.`);
  }
  lines.push('Nothing was changed, and nothing was recorded.');
  return lines.join('\n');
}

function whereOf({ account, region, places }: PlanDocument): string {
  if (places.length < 2) return `Account ${account ?? 'unknown'}, ${places[0]?.region ?? region}`;
  const count = (of: 'account' | 'region') => new Set(places.map((each) => each[of])).size;
  const [accounts, regions] = [count('account'), count('region')];
  return `${accounts} account${accounts === 1 ? '' : 's'} in ${regions} region${regions === 1 ? '' : 's'}`;
}
