import { formatResource, type PassResult } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { checkedDocuments, placeOf } from '../files/documents.js';
import { withOrigin } from '../files/origin.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { type Left, LeftOver, leftLines } from '../left.js';
import { hintsOf, isBlind, onceEach, reasonsOf } from '../passes.js';
import { codeOf } from '../plan/verdicts.js';
import { printable } from '../printable.js';
import { defaultOrigin, type OriginOptions, unhandled } from './plan.js';

/** A pass that was carried out, as JSON. */
export interface PassDocument {
  readonly resource: PassResult['resource'];
  readonly remediator: string;
  readonly outcome: PassResult['outcome'];
  readonly execution: string | null;
  readonly duplicate: boolean;
  readonly code: string;
  readonly message: string;
  readonly plan: string | null;
  readonly changes: readonly string[];
  readonly reasons: ReturnType<typeof reasonsOf>;
  /** What restricts nothing, and people should know. */
  readonly hints: readonly string[];
  readonly open: readonly string[];
  /** What it waits for. */
  readonly approval: string | null;
  readonly record: PassResult['record'];
  readonly retryable: boolean;
}

/** `redress run --json` */
export interface RunDocument {
  readonly files: readonly {
    readonly file: string;
    readonly passes: readonly PassDocument[];
    /** Findings without a pass, by disposition. */
    readonly counted: Readonly<Record<string, number>>;
    /** Why inputs are no events, each reason once. */
    readonly rejected: readonly string[];
    /** What no remediator is asked about, although it says that something is wrong, or was sent here. */
    readonly unasked: readonly Left[];
    readonly problems: readonly string[];
  }[];
  /** Whether nothing has to be run again or looked at by a person. */
  readonly handled: boolean;
}

/** Events the whole way, as the Lambda would. */
export async function runCommand(io: Io, composition: Composition, files: readonly string[], options: OriginOptions = {}): Promise<Answer> {
  const origin = defaultOrigin(io, composition, options);
  const documents = await checkedDocuments(io, files);
  const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
  const redress = composition.engine({ journal, reported: 'findings' });
  try {
    const read = new Map<string, { passes: PassDocument[]; left: LeftOver; problems: Set<string> }>();
    // One command is one run: limits per run count over all of its files.
    const run = { budget: { changes: 0 } };
    for await (const document of withOrigin(documents(), origin)) {
      const { file, value, problem } = document;
      const own = read.get(file) ?? { passes: [], left: new LeftOver(), problems: new Set<string>() };
      read.set(file, own);
      if (problem !== null) {
        own.left.reject(placeOf(document), problem);
        continue;
      }
      const result = await redress.handle(value, run);
      for (const each of result.results) {
        own.left.add(placeOf(document), each);
        own.passes.push(...each.passes.map(passDocument));
      }
      for (const each of unhandled(result)) own.problems.add(each);
    }
    const answers = [...read].map(([file, { passes, left, problems }]) => ({ file, passes, left, problems: [...problems] }));
    const handled = answers.every(
      ({ passes, left, problems }) => problems.length === 0 && left.rejected.length === 0 && left.unasked.length === 0 && passes.every(isHandled),
    );
    const document: RunDocument = {
      files: answers.map(({ left: { counted, rejected, unasked }, file, passes, problems }) => ({
        file,
        passes,
        counted,
        rejected: rejected.map(({ reason }) => reason),
        unasked,
        problems,
      })),
      handled,
    };
    return { json: document, text: human(io, answers, handled), exit: handled ? 0 : 1 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

export function passDocument(pass: PassResult): PassDocument {
  return {
    resource: pass.resource,
    remediator: pass.remediator,
    outcome: pass.outcome,
    execution: pass.execution,
    duplicate: pass.duplicate,
    code: codeOf(pass),
    message: pass.message,
    plan: pass.plan?.digest ?? null,
    changes: pass.plan?.changes.map((change) => change.summary) ?? [],
    reasons: reasonsOf(pass),
    hints: hintsOf(pass),
    open: pass.open,
    approval: pass.approval,
    record: pass.record,
    retryable: pass.retryable,
  };
}

/** Whether a pass needs nobody else than those who were notified. What could not be read was not decided on. */
export function isHandled({ outcome, retryable, code, reasons }: Pick<PassDocument, 'outcome' | 'retryable' | 'code' | 'reasons'>): boolean {
  const blind = outcome === 'denied' && (isBlind({ effect: 'deny', code }) || reasons.some(isBlind));
  return !retryable && !blind && !['busy', 'failed', 'partial', 'unknown'].includes(outcome);
}

const STYLES: Readonly<Record<string, Parameters<Paint>[0]>> = {
  remediated: 'green',
  flagged: 'green',
  'rolled-back': 'green',
  'awaiting-approval': 'yellow',
  denied: 'red',
  failed: 'red',
  partial: 'red',
  unknown: 'red',
  busy: 'red',
  'no-op': 'dim',
};

/** A pass in lines for people. */
export function passLines(pass: PassDocument, paint: Paint): string[] {
  const lines = [
    `${paint(STYLES[pass.outcome] ?? 'cyan', pass.outcome)}  ${paint('bold', printable(formatResource(pass.resource)))}  ${printable(pass.remediator)}`,
  ];
  // Nothing to change is the account's doing, not a guardrail's.
  const { message, reasons } = onceEach(pass.message, pass.outcome === 'no-op' ? [] : pass.reasons);
  if (message !== null) lines.push(`  ${printable(message)}`);
  for (const reason of reasons) lines.push(`  ${reason.effect.padEnd(7)} ${printable(reason.message)} (${printable(reason.code)})`);
  for (const hint of pass.hints) lines.push(`  note    ${printable(hint)}`);
  for (const open of pass.open) if (!pass.message.includes(open)) lines.push(`  still open: ${printable(open)}`);
  if (pass.approval !== null) lines.push(`  approve or deny it: redress approvals show ${pass.approval}`);
  if (pass.execution !== null) lines.push(`  execution ${printable(pass.execution)}${pass.duplicate ? ' (earlier)' : ''}`);
  if (pass.retryable) lines.push('  A later attempt with the same input may succeed.');
  return lines;
}

function human(
  io: Io,
  answers: readonly { readonly file: string; readonly passes: readonly PassDocument[]; readonly left: LeftOver; readonly problems: readonly string[] }[],
  handled: boolean,
): string {
  const paint = painter(io);
  const lines: string[] = [];
  for (const { file, passes, left, problems } of answers) {
    lines.push(paint('bold', printable(file)));
    for (const pass of passes) lines.push(...passLines(pass, paint).map((line) => `  ${line}`));
    lines.push(...leftLines(left, paint, file).map((line) => `  ${line}`));
    for (const problem of problems) lines.push(`  ${paint('red', 'not handled')}: ${printable(problem)}`);
  }
  lines.push(handled ? 'All were handled.' : paint('red', 'Not all were handled.'));
  return lines.join('\n');
}
