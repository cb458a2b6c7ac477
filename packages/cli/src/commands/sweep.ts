import type { SweepSummary } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { printable } from '../printable.js';
import { accountOf } from './plan.js';
import { isHandled, type PassDocument, passDocument, passLines } from './run.js';

/** Options of `redress sweep`. */
export interface SweepCommandOptions {
  readonly remediator?: string[];
  readonly account?: string[];
  readonly in?: string[];
  readonly perSecond?: string;
  readonly restart?: boolean;
}

/** `redress sweep --json` */
export interface SweepDocument {
  readonly sweeps: readonly SweepSummary[];
  /** Passes that did something, or could not; what is as it should be is only counted. */
  readonly passes: readonly PassDocument[];
  /** Whether everything was looked at, and nothing has to be looked at again. */
  readonly complete: boolean;
  /** Whether, besides, nothing failed that a person has to look at. */
  readonly handled: boolean;
}

/** Looks for what events missed. */
export async function sweepCommand(io: Io, composition: Composition, options: SweepCommandOptions): Promise<Answer> {
  const perSecond = options.perSecond === undefined ? undefined : Number(options.perSecond);
  if (perSecond !== undefined && !(perSecond > 0))
    throw new CliError('cli/usage', `--per-second ${JSON.stringify(options.perSecond)} is not a number above 0.`);
  const accounts = options.account ?? [await accountOf(composition, undefined)];
  const regions = options.in ?? [composition.region];
  const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
  const redress = composition.engine({ journal, reported: 'sweeps' });
  try {
    const passes: PassDocument[] = [];
    const sweeps = await redress.sweep({
      targets: accounts.flatMap((account) => regions.map((region) => ({ account, region }))),
      ...(options.remediator === undefined ? {} : { remediators: options.remediator }),
      ...(perSecond === undefined ? {} : { perSecond }),
      ...(options.restart === true ? { restart: true } : {}),
      onPass: (pass) => {
        if (pass.outcome !== 'no-op') passes.push(passDocument(pass));
      },
    });
    const complete = sweeps.every(
      ({ status, retryable, errors, unread }) => status !== 'failed' && status !== 'stopped' && retryable === 0 && errors === 0 && unread === 0,
    );
    const handled = complete && passes.every(isHandled);
    const document: SweepDocument = { sweeps, passes, complete, handled };
    return { json: document, text: human(document, painter(io)), exit: handled ? 0 : 1 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

function human({ sweeps, passes, complete, handled }: SweepDocument, paint: Paint): string {
  const lines = passes.flatMap((pass) => passLines(pass, paint));
  if (lines.length > 0) lines.push('');
  for (const each of sweeps) {
    const counts = Object.entries(each.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    const style = each.status === 'complete' && each.unread === 0 ? 'green' : each.status === 'not-swept' ? 'dim' : 'red';
    lines.push(`${paint(style, each.status.padEnd(9))}  ${printable(each.remediator)}  ${each.account} ${each.region}  ${printable(each.message)}`);
    if (counts.length > 0) lines.push(`           ${counts.join(', ')}${each.errors > 0 ? `, ${each.errors} could not be handled` : ''}`);
  }
  if (!complete) lines.push(paint('red', 'Not everything was looked at.'));
  else lines.push(handled ? 'Everything was looked at.' : paint('red', 'Everything was looked at, and not everything could be done.'));
  return lines.join('\n');
}
