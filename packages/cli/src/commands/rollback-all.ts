import { formatResource, isRedressError, REVERSIBLE, type Redress, type ResourceRef } from '@redress/core';
import { momentIn } from '@redress/report';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { entriesOf, type HistoryEntry } from './history.js';
import { type RollbackCommandOptions, rollbackSettings } from './rollback.js';
import { type PassDocument, passDocument, passLines } from './run.js';

/** Options of `redress rollback --all`. */
export interface RollbackAllOptions extends RollbackCommandOptions {
  /** A duration back from now, a date or a moment. */
  readonly since?: string;
  readonly remediator?: readonly string[];
  /** Without it the plan is shown, and nothing is done. */
  readonly yes?: boolean;
}

/** An execution that would be rolled back. */
interface Candidate {
  readonly execution: string;
  readonly closed: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly outcome: string;
  readonly changes: readonly string[];
}

/** `redress rollback --all --json` */
export interface RollbackAllDocument {
  readonly since: string;
  /** Whether it was done, or only shown. */
  readonly done: boolean;
  /** Newest first: the order in which they are rolled back. */
  readonly executions: readonly Candidate[];
  readonly passes: readonly PassDocument[];
  /** Those that stay as they are, and why; known before anything is done, too. */
  readonly refused: readonly { readonly execution: string; readonly message: string; readonly next: string | null }[];
}

/**
 * Takes a bad hour back: every execution since then, newest first, each with all the checks of a single rollback. One that is refused stops no
 * other, and what was rolled back before is left out, so that it can be run again.
 */
export async function rollbackAllCommand(io: Io, composition: Composition, options: RollbackAllOptions): Promise<Answer> {
  const settings = rollbackSettings(io, options);
  if (options.since === undefined) throw new CliError('cli/usage', '--all needs --since.', { next: 'For example: --since PT1H' });
  const since = Date.parse(momentIn(options.since, '--since', composition.clock.now(), false));
  for (const id of options.remediator ?? [])
    if (!composition.remediators.some((each) => each.id === id)) throw new CliError('cli/usage', `There is no remediator ${JSON.stringify(id)}.`);
  const entries = await entriesOf(composition.data, undefined);
  const back = new Set(entries.filter((entry) => entry.outcome === 'rolled-back').map((entry) => entry.rollbackOf));
  const executions = entries
    .filter((entry) => isCandidate(entry) && Date.parse(entry.closed ?? '') >= since && !back.has(entry.execution))
    .filter((entry) => options.remediator === undefined || options.remediator.includes(entry.remediator))
    .sort((a, b) => ((a.closed ?? '') < (b.closed ?? '') ? 1 : -1))
    .map(({ execution, closed, resource, remediator, outcome, changes }) => ({
      execution: execution ?? '',
      closed: closed ?? '',
      resource,
      remediator,
      outcome: outcome ?? '',
      changes,
    }));
  const passes: PassDocument[] = [];
  const refused: RollbackAllDocument['refused'][number][] = [];
  if (executions.length > 0) {
    const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
    const redress = composition.engine({ journal });
    try {
      if (options.yes !== true) refused.push(...(await refusals(redress, executions, options)));
      else
        for (const { execution } of executions) {
          try {
            passes.push(passDocument(await redress.rollback(execution, settings)));
          } catch (error) {
            if (!isRedressError(error)) throw error;
            refused.push({ execution, message: error.message, next: error.next ?? null });
          }
        }
    } finally {
      redress.close();
      await journal.close?.();
    }
  }
  const document: RollbackAllDocument = { since: new Date(since).toISOString(), done: options.yes === true, executions, passes, refused };
  const failed = (options.yes === true && refused.length > 0) || passes.some((pass) => pass.outcome !== 'rolled-back');
  return { json: document, text: human(io, document), exit: failed ? 1 : 0 };
}

/** What cannot be rolled back, known before anything is: newest first, so that what comes later on a resource is taken to be out of the way. */
async function refusals(redress: Redress, executions: readonly Candidate[], { acceptLoss }: RollbackAllOptions): Promise<RollbackAllDocument['refused']> {
  const refused: RollbackAllDocument['refused'][number][] = [];
  const ahead = new Set<string>();
  for (const { execution, resource } of executions) {
    const refusal = await redress.rollbackRefusal(execution, {
      ...(acceptLoss === true ? { acceptLoss } : {}),
      byRecords: ahead.has(formatResource(resource)),
    });
    if (refusal === null) ahead.add(formatResource(resource));
    else refused.push({ execution, ...refusal });
  }
  return refused;
}

function isCandidate(entry: HistoryEntry): boolean {
  return entry.kind === 'execution' && entry.rollbackOf === null && REVERSIBLE.some((outcome) => outcome === entry.outcome);
}

function human(io: Io, { since, done, executions, passes, refused }: RollbackAllDocument): string {
  const paint = painter(io);
  if (executions.length === 0) return `There are no changes since ${since} to roll back.`;
  const lines: string[] = [];
  if (!done) {
    const left = new Map(refused.map((each) => [each.execution, each]));
    for (const each of executions) {
      const refusal = left.get(each.execution);
      lines.push(`${each.closed}  ${paint('bold', printable(formatResource(each.resource)))}  ${printable(each.remediator)}  ${printable(each.execution)}`);
      if (refusal !== undefined)
        lines.push(`  ${paint('yellow', 'stays')}       ${printable(refusal.message)}${refusal.next === null ? '' : ` ${printable(refusal.next)}`}`);
      else for (const change of each.changes) lines.push(`  rolls back  ${printable(change)}`);
    }
    const stay = refused.length === 0 ? '' : ` ${refused.length} cannot be rolled back.`;
    lines.push(`${executions.length - refused.length} would be rolled back, in this order.${stay} Nothing was done. Add --yes to roll them back.`);
    return lines.join('\n');
  }
  for (const pass of passes) lines.push(...passLines(pass, paint));
  for (const { execution, message, next } of refused)
    lines.push(`${paint('yellow', 'stays')}  ${printable(execution)}: ${printable(message)}${next === null ? '' : ` ${printable(next)}`}`);
  lines.push(`Rolled back: ${passes.filter((pass) => pass.outcome === 'rolled-back').length} of ${executions.length}.`);
  return lines.join('\n');
}
