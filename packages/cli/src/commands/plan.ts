import { definePolicy, formatResource, isAccountId, messageOf, type PassResult, type Policy, partitionOf, type Redress, type ResourceRef } from '@redress/core';
import type { Composition } from '../compose.js';
import { CliError } from '../errors.js';
import { checkedDocuments, placeOf } from '../files/documents.js';
import { type Origin, originOf, withOrigin } from '../files/origin.js';
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
import { printable } from '../printable.js';

/** `redress plan --json` */
export interface PlanDocument {
  /** Whose credentials they are; null when that could not be read. */
  readonly account: string | null;
  readonly region: string;
  /** Digest of the policy, and where it is from. */
  readonly policy: string;
  readonly policySource: Composition['policySource'];
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
export interface PlanOptions extends OriginOptions {
  readonly live?: boolean;
  readonly remediator?: readonly string[];
  readonly account?: string;
}

/** Resources looked at, at the same time. */
const AT_ONCE = 8;

/** What would be done, and why not. Reads the account; changes and records nothing. */
export async function planCommand(io: Io, composition: Composition, files: readonly string[], options: PlanOptions): Promise<Answer> {
  if (options.live === true && files.length > 0) throw new CliError('cli/usage', 'Give files or --live, not both.');
  if (options.live !== true && files.length === 0)
    throw new CliError('cli/usage', 'There is nothing to plan.', { next: 'Give files with events, or --live to look at the account.' });
  if (options.live !== true && options.remediator !== undefined) throw new CliError('cli/usage', '--remediator belongs to --live.');
  if (options.live !== true && options.account !== undefined) throw new CliError('cli/usage', '--account belongs to --live.');
  if (options.live === true && options.from !== undefined) throw new CliError('cli/usage', '--from belongs to files.');
  const document =
    options.live === true ? await live(composition, await accountOf(composition, options.account), options) : await fromFiles(io, composition, files, options);
  const { problems, rejected, unasked } = document;
  const unread = document.passes.some(({ verdict, reasons }) => verdict === 'not-read' || (verdict === 'denied' && reasons.some(isBlind)));
  const done = problems.length === 0 && rejected.length === 0 && unasked.length === 0 && !unread;
  return { json: document, text: human(io, document), exit: done ? 0 : 1 };
}

/** The account to look at: the one that is named, else that of the credentials, whoever they are. */
export async function accountOf({ region, connect, ambient }: Composition, named: string | undefined): Promise<string> {
  if (named !== undefined && !isAccountId(named)) throw new CliError('cli/usage', `${JSON.stringify(named)} is not a 12-digit account id.`);
  const target = { partition: partitionOf(region), region, access: 'read', execution: null } as const;
  // Whose the credentials are is not known before it is asked for; no account has this id.
  const { account } = await (await (named === undefined ? ambient({ ...target, account: '000000000000' }) : connect({ ...target, account: named }))).identity();
  if (named !== undefined && account !== named)
    throw new CliError('cli/usage', `The credentials are of account ${account}, not of ${named}.`, {
      next: 'Give another profile, or a connection with a role of that account in the configuration file.',
    });
  return account;
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

async function live(composition: Composition, account: string, options: PlanOptions): Promise<PlanDocument> {
  const { region, remediators } = composition;
  const redress = composition.engine({ notify: false });
  const whatIf = composition.policySource.kind === 'absent' ? composition.engine({ notify: false, policy: everythingEnforced(composition, account) }) : null;
  try {
    const asked = options.remediator === undefined ? remediators : options.remediator.map((id) => known(composition, id));
    const notSwept: { remediator: string; reason: string }[] = [];
    const targets: { remediator: string; resource: ResourceRef }[] = [];
    for (const { id } of asked) {
      const found = redress.discover(id, { account, region });
      if (found === null) {
        notSwept.push({ remediator: id, reason: 'It cannot look for resources on its own; it only answers events.' });
        continue;
      }
      try {
        for await (const resource of found) targets.push({ remediator: id, resource });
      } catch (error) {
        notSwept.push({ remediator: id, reason: messageOf(error) });
      }
    }
    const results = await inOrder(targets, async ({ remediator, resource }) => {
      try {
        return {
          passes: await redress.plan(remediator, resource),
          hypothetical: whatIf === null ? [] : await whatIf.plan(remediator, resource),
          problem: null,
        };
      } catch (error) {
        return { passes: [], hypothetical: [], problem: `${remediator}: ${formatResource(resource)}: ${messageOf(error)}` };
      }
    });
    const hypothetical = results.flatMap((each) => each.hypothetical);
    // A remediator that nobody wrote a sweep for is a gap of its kind; one whose sweep failed is a failure of this run.
    const failed = notSwept
      .filter(({ remediator }) => remediators.some((each) => each.id === remediator && each.discover !== null))
      .map(({ remediator, reason }) => `${remediator}: ${reason}`);
    return {
      ...head(composition, account),
      ...planned(
        composition,
        results.flatMap((each) => each.passes),
      ),
      counted: {},
      rejected: [],
      unasked: [],
      notSwept,
      ifEnforced:
        whatIf === null
          ? null
          : {
              hypothetical: true,
              passes: hypothetical.map((pass) => ({
                resource: pass.resource,
                remediator: pass.remediator,
                plan: pass.plan?.digest ?? null,
                verdict: verdictOf(pass),
                code: codeOf(pass),
                message: pass.message,
              })),
              summary: summarize(hypothetical.map((pass) => ({ verdict: verdictOf(pass), code: codeOf(pass) }))),
            },
      problems: [...failed, ...results.flatMap((each) => (each.problem === null ? [] : [each.problem]))],
    };
  } finally {
    redress.close();
    whatIf?.close();
  }
}

export function known(composition: Composition, id: string): { readonly id: string } {
  const found = composition.remediators.find((each) => each.id === id);
  if (found === undefined)
    throw new CliError('cli/usage', `There is no remediator ${JSON.stringify(id)}.`, {
      next: `Known: ${composition.remediators.map((each) => each.id).join(', ')}`,
    });
  return found;
}

function everythingEnforced(composition: Composition, account: string): Policy {
  return definePolicy({
    version: 1,
    environments: { 'if-enforced': { accounts: [account] } },
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

/** Several at a time; results in the order of the items, so that two runs read the same. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
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
  lines.push(...blindSpotLines(document.passes, paint));
  lines.push(...leftLines(document, paint));
  for (const { remediator, reason } of document.notSwept) lines.push(`${paint('yellow', 'not swept')}  ${printable(remediator)}: ${printable(reason)}`);
  for (const problem of document.problems)
    if (!document.notSwept.some(({ remediator, reason }) => problem === `${remediator}: ${reason}`))
      lines.push(`${paint('red', 'problem')}  ${printable(problem)}`);
  lines.push(`Account ${document.account ?? 'unknown'}, ${document.region}: ${summaryLine(document.summary)}.`);
  if (document.ifEnforced !== null) {
    lines.push(`${paint('bold', 'If enforced')} (hypothetical: a policy that enforces every remediator here): ${summaryLine(document.ifEnforced.summary)}.`);
  }
  lines.push('Nothing was changed, and nothing was recorded.');
  return lines.join('\n');
}
