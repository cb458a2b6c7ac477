import { formatResource, type HandleResult, type PassResult } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { readJsonInputs } from '../inputs.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { codeOf, reasonsOf } from '../passes.js';
import { printable } from '../printable.js';
import { unhandled } from './plan.js';

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
    readonly counted: Readonly<Record<string, number>>;
    readonly rejected: readonly string[];
    readonly problems: readonly string[];
  }[];
  /** Whether nothing has to be run again or looked at by a person. */
  readonly handled: boolean;
}

/** Events the whole way, as the Lambda would. */
export async function runCommand(io: Io, composition: Composition, files: readonly string[]): Promise<Answer> {
  const inputs = await readJsonInputs(io, files);
  const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
  const redress = composition.engine({ journal });
  try {
    const answers: RunDocument['files'][number][] = [];
    // One command is one run: limits per run count over all of its files.
    const run = { budget: { changes: 0 } };
    for (const { file, value } of inputs) answers.push(answerOf(file, await redress.handle(value, run)));
    const handled = answers.every((each) => each.problems.length === 0 && each.passes.every(isHandled));
    const document: RunDocument = { files: answers, handled };
    return { json: document, text: human(io, document), exit: handled ? 0 : 1 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

function answerOf(file: string, result: HandleResult): RunDocument['files'][number] {
  return {
    file,
    passes: result.results.flatMap((each) => each.passes).map(passDocument),
    counted: result.counted,
    rejected: result.results.filter((each) => each.finding.disposition === 'rejected').map((each) => each.finding.reason),
    problems: unhandled(result),
  };
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
    open: pass.open,
    approval: pass.approval,
    record: pass.record,
    retryable: pass.retryable,
  };
}

/** Whether a pass needs nobody any more but those who were told. */
export function isHandled(pass: Pick<PassDocument, 'outcome' | 'retryable'>): boolean {
  return !pass.retryable && !['busy', 'failed', 'partial', 'unknown'].includes(pass.outcome);
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
  if (pass.message !== '') lines.push(`  ${printable(pass.message)}`);
  // Nothing to change is the account's doing, not a guardrail's.
  for (const reason of pass.outcome === 'no-op' ? [] : pass.reasons)
    lines.push(`  ${reason.effect.padEnd(7)} ${printable(reason.message)} (${printable(reason.code)})`);
  for (const open of pass.open) lines.push(`  still open: ${printable(open)}`);
  if (pass.approval !== null) lines.push(`  approve or deny it: redress approvals show ${pass.approval}`);
  if (pass.execution !== null) lines.push(`  execution ${printable(pass.execution)}${pass.duplicate ? ' (earlier)' : ''}`);
  if (pass.retryable) lines.push('  The same input may fare better later.');
  return lines;
}

function human(io: Io, document: RunDocument): string {
  const paint = painter(io);
  const lines: string[] = [];
  for (const { file, passes, counted, rejected, problems } of document.files) {
    lines.push(paint('bold', printable(file)));
    for (const pass of passes) lines.push(...passLines(pass, paint).map((line) => `  ${line}`));
    for (const [disposition, count] of Object.entries(counted)) lines.push(`  ${count} ${disposition}: no decision needed`);
    for (const reason of rejected) lines.push(`  ${paint('yellow', 'rejected')}: ${printable(reason)}`);
    for (const problem of problems) lines.push(`  ${paint('red', 'not handled')}: ${printable(problem)}`);
  }
  lines.push(document.handled ? 'All were handled.' : paint('red', 'Not all were handled.'));
  return lines.join('\n');
}
