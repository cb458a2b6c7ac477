import type { SweepProgress, SweepSummary, SweepTarget } from '@redress/core';
import { type Composition, type Overrides, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { interruptible } from '../interrupt.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { concurrencyOf, type LeftAccount, leftAccountLines, type PlaceOptions, placesOf } from '../places.js';
import { printable } from '../printable.js';
import { ShownProgress } from '../sweep-progress.js';
import { isHandled, type PassDocument, passDocument, passLines } from './run.js';

/** Options of `redress sweep`. */
export interface SweepCommandOptions extends PlaceOptions {
  readonly remediator?: string[];
  readonly concurrency?: string;
  readonly perSecond?: string;
  readonly restart?: boolean;
}

/** `redress sweep --json` */
export interface SweepDocument {
  readonly sweeps: readonly SweepSummary[];
  /** Passes that did something, or could not; what is as it should be is only counted. */
  readonly passes: readonly PassDocument[];
  /** Accounts that did not let us in, each once. */
  readonly left: readonly LeftAccount[];
  /** Whether it was interrupted, and how far it had come; null: it was not. */
  readonly interrupted: SweepProgress | null;
  /** Whether everything was looked at, and nothing has to be looked at again. */
  readonly complete: boolean;
  /** Whether, besides, nothing failed that a person has to look at. */
  readonly handled: boolean;
}

/** Looks for what events missed. */
export async function sweepCommand(io: Io, composition: Composition, options: SweepCommandOptions, { signal }: Overrides = {}): Promise<Answer> {
  const perSecond = options.perSecond === undefined ? undefined : Number(options.perSecond);
  if (perSecond !== undefined && !(perSecond > 0))
    throw new CliError('cli/usage', `--per-second ${JSON.stringify(options.perSecond)} is not a number above 0.`);
  const concurrency = concurrencyOf(options.concurrency);
  const { targets, left } = await placesOf(composition, options);
  const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
  const progress = new ShownProgress(io, composition.clock);
  const redress = composition.engine({ journal, reported: 'sweeps', onWait: progress.waits });
  const stop = interruptible(signal);
  try {
    const passes: PassDocument[] = [];
    const sweeps = await redress.sweep({
      targets,
      concurrency,
      signal: stop.signal,
      ...(options.remediator === undefined ? {} : { remediators: options.remediator }),
      ...(perSecond === undefined ? {} : { perSecond }),
      ...(options.restart === true ? { restart: true } : {}),
      onPass: (pass) => {
        if (pass.outcome !== 'no-op') passes.push(passDocument(pass));
      },
      onProgress: progress.update,
    });
    const { found, decided } = progress.last ?? { found: 0, decided: 0 };
    const interrupted = stop.signal.aborted
      ? { places: targets.length, placesDone: targets.filter((each) => isDone(each, sweeps)).length, found, decided }
      : null;
    const complete = left.length === 0 && sweeps.every((each) => each.complete && each.retryable === 0 && each.errors === 0 && each.unread === 0);
    const handled = complete && passes.every(isHandled);
    const document: SweepDocument = { sweeps, passes, left, interrupted, complete, handled };
    return { json: document, text: human(document, painter(io)), exit: handled ? 0 : 1 };
  } finally {
    stop.end();
    progress.end();
    redress.close();
    await journal.close?.();
  }
}

/** Whether nothing is left of a place: one that was stopped has ended, too. */
function isDone({ account, region }: SweepTarget, sweeps: readonly SweepSummary[]): boolean {
  const here = sweeps.filter((each) => each.account === account && each.region === region);
  return here.length > 0 && here.every(({ complete }) => complete);
}

function human({ sweeps, passes, left, interrupted, complete, handled }: SweepDocument, paint: Paint): string {
  const lines = passes.flatMap((pass) => passLines(pass, paint));
  if (lines.length > 0) lines.push('');
  for (const line of leftAccountLines(left)) lines.push(`${paint('red', 'denied')}     ${line}`);
  for (const each of sweeps) {
    const counts = Object.entries(each.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    const style = each.status === 'complete' && each.unread === 0 ? 'green' : each.status === 'not-swept' || each.status === 'absent' ? 'dim' : 'red';
    const whose = each.remediator === '*' ? '' : `${printable(each.remediator)}  `;
    lines.push(`${paint(style, each.status.padEnd(9))}  ${whose}${each.account} ${each.region}  ${printable(each.message)}`);
    if (counts.length > 0) lines.push(`           ${counts.join(', ')}${each.errors > 0 ? `, ${each.errors} could not be handled` : ''}`);
  }
  if (interrupted !== null) {
    const { places, placesDone, found, decided } = interrupted;
    lines.push(
      paint('yellow', `Interrupted: ${placesDone} of ${places} places are done, and ${decided} of ${found} resources that were found.`),
      'What was done is recorded. The same command resumes from there; with --restart it starts over.',
    );
  } else if (!complete) lines.push(paint('red', 'Not everything was read and decided.'));
  else lines.push(handled ? 'Everything was read.' : paint('red', 'Everything was read, but not everything could be done.'));
  return lines.join('\n');
}
