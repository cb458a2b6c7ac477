import { type ApiCall, decisive, type GuardrailResult, type Hazard, type PassResult, type Remediator, type ResourceRef, type Undo } from '@redress/core';
import type { Paint } from './io.js';
import { printable } from './printable.js';

/** What would become of a pass. */
export type Verdict = 'would-fix' | 'would-flag' | 'needs-approval' | 'told-only' | 'exempt' | 'denied' | 'nothing-to-change' | 'not-read';

const WORDS: Readonly<Record<Verdict, string>> = {
  'would-fix': 'would be fixed',
  'would-flag': 'would be flagged',
  'needs-approval': 'needs approval',
  'told-only': 'told only',
  exempt: 'exempt',
  denied: 'denied',
  'nothing-to-change': 'nothing to change',
  'not-read': 'could not be read',
};

/** What a dry pass says would happen. */
export function verdictOf(pass: PassResult): Verdict {
  switch (pass.outcome) {
    case 'no-op':
    case 'superseded':
      return 'nothing-to-change';
    case 'exempt':
      return 'exempt';
    case 'awaiting-approval':
      return 'needs-approval';
    case 'planned':
      if (pass.decision?.effect !== 'allow') return 'told-only';
      return pass.plan?.changes.some((change) => change.resolves) === true ? 'would-fix' : 'would-flag';
    case 'denied':
      return codeOf(pass) === 'unreadable' ? 'not-read' : 'denied';
    case 'busy':
      return 'not-read';
    default:
      return 'told-only';
  }
}

/** The one code that says why: of the first answer that decided, or `manual` where a person has to close the gap anyway. */
export function codeOf(pass: PassResult): string {
  if (pass.outcome === 'no-op' || pass.outcome === 'superseded') return pass.outcome;
  if (pass.outcome === 'notified' && pass.plan === null) return 'manual';
  const codes = pass.decision === null ? [] : decisive(pass.decision).map((each) => each.code);
  // What could not be read is seldom the reason: an identity of another account makes everything unreadable.
  return codes.find((code) => code !== 'unreadable') ?? codes[0] ?? (pass.outcome === 'denied' ? 'unreadable' : pass.outcome);
}

/** A call, as it is shown. */
interface CallDocument {
  readonly operation: string;
  readonly input: ApiCall['input'];
}

/** A pass of `plan`, as JSON. */
export interface PlannedPass {
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly verdict: Verdict;
  /** Why, as one code. */
  readonly code: string;
  readonly message: string;
  readonly plan: string | null;
  readonly changes: readonly {
    readonly summary: string;
    readonly call: CallDocument;
    readonly undo:
      | { readonly calls: readonly CallDocument[]; readonly restores: 'exact' | 'equivalent'; readonly destroys: string | null }
      | { readonly irreversible: string };
    readonly resolves: boolean;
  }[];
  readonly hazards: readonly Hazard[];
  /** Answers of guardrails that restrict. */
  readonly reasons: readonly GuardrailResult[];
  /** What restricts nothing, and people should know. */
  readonly hints: readonly string[];
  readonly open: readonly string[];
  readonly blindSpots: readonly string[];
}

export function plannedPass(pass: PassResult, remediators: readonly Remediator[]): PlannedPass {
  const verdict = verdictOf(pass);
  const changes = pass.plan?.changes ?? [];
  return {
    resource: pass.resource,
    remediator: pass.remediator,
    verdict,
    code: codeOf(pass),
    message: pass.message,
    plan: pass.plan?.digest ?? null,
    changes: changes.map((change) => ({
      summary: change.summary,
      call: callDocument(change.call),
      undo: undoDocument(change.undo),
      resolves: change.resolves,
    })),
    hazards: pass.plan?.hazards ?? [],
    reasons: reasonsOf(pass),
    hints: hintsOf(pass),
    open: pass.open,
    blindSpots: verdict === 'nothing-to-change' ? [] : (remediators.find((each) => each.id === pass.remediator)?.blindSpots ?? []),
  };
}

export function reasonsOf(pass: PassResult): readonly GuardrailResult[] {
  return pass.decision?.results.filter((each) => each.effect !== 'allow') ?? [];
}

/** Whether a guardrail could not decide: something that it needs could not be read, or it is broken. */
export function isBlind({ effect, code }: Pick<GuardrailResult, 'effect' | 'code'>): boolean {
  return effect === 'deny' && (code === 'unreadable' || code === 'guardrail-failed');
}

const UNREAD = 'could not be read: ';
/** What could not be read keeps several guardrails from deciding, for one reason. */
const causeOf = (text: string) => (text.includes(UNREAD) ? text.slice(text.indexOf(UNREAD)) : text);

/** A message and the reasons behind it, each said once: the message only where no reason says the same. */
export function onceEach<T extends { readonly message: string }>(
  message: string,
  reasons: readonly T[],
): { readonly message: string | null; readonly reasons: readonly T[] } {
  const said = new Set<string>();
  const once = reasons.filter((reason) => {
    const cause = causeOf(reason.message);
    if (said.has(cause)) return false;
    said.add(cause);
    return true;
  });
  // The message of a decision is put together from what the guardrails said.
  const rest = once.reduce((text, reason) => text.replace(reason.message, ''), message).trim();
  return { message: rest === '' || said.has(causeOf(message)) ? null : message, reasons: once };
}

export function hintsOf(pass: PassResult): readonly string[] {
  return pass.decision?.results.flatMap(({ hint }) => hint ?? []) ?? [];
}

function callDocument(call: ApiCall): CallDocument {
  return { operation: `${call.service}:${call.operation}`, input: call.input };
}

function undoDocument(undo: Undo): PlannedPass['changes'][number]['undo'] {
  return 'irreversible' in undo
    ? { irreversible: undo.irreversible }
    : { calls: undo.calls.map(callDocument), restores: undo.restores, destroys: undo.destroys ?? null };
}

/** How many passes have each verdict, and why those that are held back are. */
export interface Summary {
  readonly wouldFix: number;
  readonly wouldFlag: number;
  readonly needApproval: number;
  readonly heldBack: number;
  readonly nothingToChange: number;
  readonly notRead: number;
  /** Of those that need an approval or are held back, by code. */
  readonly because: readonly { readonly verdict: Verdict; readonly code: string; readonly count: number }[];
}

export function summarize(passes: readonly Pick<PlannedPass, 'verdict' | 'code'>[]): Summary {
  const count = (...verdicts: Verdict[]) => passes.filter((pass) => verdicts.includes(pass.verdict)).length;
  const because = new Map<string, { verdict: Verdict; code: string; count: number }>();
  for (const { verdict, code } of passes) {
    if (!['needs-approval', 'told-only', 'exempt', 'denied', 'not-read'].includes(verdict)) continue;
    const key = `${verdict}/${code}`;
    const entry = because.get(key) ?? { verdict, code, count: 0 };
    entry.count++;
    because.set(key, entry);
  }
  return {
    wouldFix: count('would-fix'),
    wouldFlag: count('would-flag'),
    needApproval: count('needs-approval'),
    heldBack: count('told-only', 'exempt', 'denied'),
    nothingToChange: count('nothing-to-change'),
    notRead: count('not-read'),
    because: [...because.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
  };
}

const BECAUSE: Readonly<Record<string, string>> = {
  'mode-notify': 'the policy only tells about it',
  'mode-plan': 'the policy only plans it',
  'mode-approve': 'the policy wants an approval',
  'mode-off': 'the policy turns it off',
  'not-fresh': 'nothing shows that it is new, so something may depend on it',
  exception: 'an exception covers it',
  'tag-without-entry': 'it has the exception tag, but no register entry',
  manual: 'only a person can close it',
  'ceiling-notify': 'the remediator may only tell',
  'ceiling-approve': 'the remediator always asks',
  irreversible: 'it cannot be undone',
  'promotion-unproven': 'it is not shown to work in a lower environment',
  frozen: 'changes are frozen',
  contested: 'someone keeps undoing it',
  'no-envelope': 'nothing says that AWS sent the event',
  'foreign-account': 'the credentials are of another account',
  'foreign-envelope': 'another account sent the event',
  stopped: 'the kill switch is on',
  replayed: 'it is a replay',
  held: 'it was rolled back not long ago',
  'limit-run': 'the limit of a run is reached',
  unreadable: 'something that has to be known could not be read',
};

/** `12 would be fixed, 30 need approval, 4 held back because …` */
export function summaryLine(summary: Summary): string {
  const why = (verdicts: readonly Verdict[]) =>
    summary.because
      .filter((each) => verdicts.includes(each.verdict))
      .map((each) => `${BECAUSE[each.code] ?? printable(each.code)}${BECAUSE[each.code] === undefined ? '' : ` (${each.code})`}: ${each.count}`)
      .join('; ');
  const parts = [`${summary.wouldFix} would be fixed`];
  if (summary.wouldFlag > 0) parts.push(`${summary.wouldFlag} would be flagged`);
  parts.push(summary.needApproval === 0 ? '0 need approval' : `${summary.needApproval} need approval because ${why(['needs-approval'])}`);
  parts.push(summary.heldBack === 0 ? '0 held back' : `${summary.heldBack} held back because ${why(['told-only', 'exempt', 'denied'])}`);
  if (summary.notRead > 0) parts.push(`${summary.notRead} could not be read`);
  parts.push(`${summary.nothingToChange} with nothing to change`);
  return parts.join(', ');
}

const STYLES: Readonly<Record<Verdict, Parameters<Paint>[0]>> = {
  'would-fix': 'green',
  'would-flag': 'green',
  'needs-approval': 'yellow',
  'told-only': 'cyan',
  exempt: 'cyan',
  denied: 'red',
  'nothing-to-change': 'dim',
  'not-read': 'red',
};

/** A pass of `plan` in lines for people. */
export function plannedLines(pass: PlannedPass, paint: Paint): string[] {
  const lines = [
    `${paint('bold', printable(`${pass.resource.type} ${pass.resource.id}`))}  ${printable(pass.remediator)}  ${paint(STYLES[pass.verdict], WORDS[pass.verdict])}`,
  ];
  if (pass.verdict === 'nothing-to-change') return lines;
  for (const change of pass.changes) {
    lines.push(`  change  ${printable(change.summary)}`);
    lines.push(`          ${call(change.call)}`);
    if ('irreversible' in change.undo) lines.push(`  undo    ${paint('yellow', 'none')}: ${printable(change.undo.irreversible)}`);
    else {
      for (const each of change.undo.calls) lines.push(`  undo    ${call(each)}${change.undo.restores === 'equivalent' ? ' (equivalent, not the same)' : ''}`);
      if (change.undo.destroys !== null) lines.push(`          ${paint('yellow', 'the undo destroys')}: ${printable(change.undo.destroys)}`);
    }
  }
  const { message, reasons } = onceEach(pass.message, pass.reasons);
  if (message !== null && (reasons.length === 0 || pass.code === 'manual'))
    lines.push(...(pass.verdict === 'would-fix' || pass.verdict === 'would-flag' ? [] : [`  why     ${printable(message)}`]));
  for (const reason of reasons) lines.push(`  ${reason.effect.padEnd(7)} ${printable(reason.message)} (${printable(reason.code)})`);
  for (const hint of pass.hints) lines.push(`  note    ${printable(hint)}`);
  for (const hazard of pass.hazards) lines.push(`  hazard  ${printable(hazard.message)} (${printable(hazard.code)})`);
  for (const open of pass.open) if (open !== message) lines.push(`  open    ${printable(open)}`);
  return lines;
}

/** What no read can tell of the changes, once per remediator. */
export function blindSpotLines(passes: readonly PlannedPass[], paint: Paint): string[] {
  const shown = new Map(passes.filter((pass) => pass.changes.length > 0 && pass.blindSpots.length > 0).map((pass) => [pass.remediator, pass.blindSpots]));
  if (shown.size === 0) return [];
  return [
    paint('bold', 'What no read can tell:'),
    ...[...shown].flatMap(([remediator, spots]) => [`  ${printable(remediator)}`, ...spots.map((spot) => `    ${printable(spot)}`)]),
    '',
  ];
}

export function verdictWords(verdict: Verdict): string {
  return WORDS[verdict];
}

function call({ operation, input }: CallDocument): string {
  return printable(`${operation} ${JSON.stringify(input)}`);
}
