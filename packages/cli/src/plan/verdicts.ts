// Verdicts in words, for every output.
import { type Decision, decisive, type PassResult, type Plan } from '@redress/core';
import type { Paint } from '../io.js';

/** The verdict of a pass. */
export type Verdict = 'would-fix' | 'would-flag' | 'needs-approval' | 'notify-only' | 'exempt' | 'denied' | 'nothing-to-change' | 'not-read';

/** How a verdict is shown: any one of word, symbol and colour is enough. */
export interface VerdictWords {
  readonly words: string;
  /** The head of its column. */
  readonly column: string;
  /** `{}`: how many. */
  readonly counted: string;
  readonly symbol: string;
  readonly style: Parameters<Paint>[0];
}

/** In the order in which they are shown: what would happen first. Of several verdicts on one gap the first is the gap's. */
export const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
  'would-fix': { words: 'would be fixed', column: 'fixed', counted: '{} would be fixed', symbol: '✓', style: 'green' },
  'would-flag': { words: 'would be flagged', column: 'flagged', counted: '{} would be flagged', symbol: '⚑', style: 'green' },
  'needs-approval': { words: 'needs approval', column: 'approval', counted: '{} need approval', symbol: '?', style: 'yellow' },
  'notify-only': { words: 'notify only', column: 'notify', counted: '{} notify only', symbol: '•', style: 'cyan' },
  exempt: { words: 'exempt', column: 'exempt', counted: '{} exempt', symbol: '−', style: 'cyan' },
  denied: { words: 'denied', column: 'denied', counted: '{} denied', symbol: '✗', style: 'red' },
  'not-read': { words: 'could not be read', column: 'unread', counted: '{} could not be read', symbol: '!', style: 'red' },
  'nothing-to-change': { words: 'nothing to change', column: 'nothing', counted: '{} with nothing to change', symbol: '=', style: 'dim' },
};

/** Every verdict, in the order of {@link VERDICTS}. */
export const ORDER = Object.keys(VERDICTS) as readonly Verdict[];

/** What a code says to people who have not read the reference. A hazard, a rule and a guardrail of one's own speak for themselves. */
const BECAUSE: Readonly<Record<string, string>> = {
  'mode-notify': 'the policy only notifies',
  'mode-plan': 'the policy only plans',
  'mode-approve': 'the policy requires an approval',
  'mode-off': 'the policy turns the remediator off',
  'not-fresh': 'nothing shows that it is new, so something may depend on it',
  exception: 'an exception covers it',
  'tag-without-entry': 'it has the exception tag, but no entry in the register',
  manual: 'only a person can close it',
  'ceiling-notify': 'its ceiling is notify',
  'ceiling-approve': 'it always needs an approval',
  irreversible: 'the change cannot be undone',
  'undo-destroys': 'the undo destroys something',
  'promotion-unproven': 'a lower environment has not proven it yet',
  grace: 'a grace period applies first',
  'asked-already': 'an approval is already requested',
  'approval-denied': 'a person has denied it',
  frozen: 'changes are frozen',
  'outside-window': 'no maintenance window is open',
  contested: 'someone keeps undoing the fix',
  held: 'it was rolled back recently',
  settling: 'it changed just now',
  'no-envelope': 'nothing proves that AWS sent the event',
  'foreign-account': 'the credentials belong to another account',
  'foreign-envelope': 'another account sent the event',
  stopped: 'the kill switch is on',
  replayed: 'the event is a replay',
  'limit-run': 'the limit of a run is reached',
  unreadable: 'required information could not be read',
  'guardrail-failed': 'a guardrail failed',
  busy: 'another worker holds the lease',
  'call-failed': 'the call of the event failed',
  'call-read-only': 'the call of the event is read-only',
  'own-call': 'Redress made the call of the event',
  'wrong-source': 'the event is not from the source that it names',
  'secret-in-plan': 'the plan would write a secret',
  tripped: 'the circuit breaker is open',
  'refused-before': 'AWS refused it before',
};

/** What a code says in words; null where only the message of its guardrail does. */
export function becauseOf(code: string): string | null {
  return BECAUSE[code] ?? null;
}

/** A verdict, and the one code that says why. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly code: string;
}

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
      return pass.decision?.effect === 'allow' ? closes(pass.plan) : 'notify-only';
    case 'denied':
      return codeOf(pass) === 'unreadable' ? 'not-read' : 'denied';
    case 'busy':
      return 'not-read';
    default:
      return 'notify-only';
  }
}

/** The one code that says why: of the first answer that decided, or `manual` where a person has to close the gap anyway. */
export function codeOf(pass: PassResult): string {
  if (pass.outcome === 'no-op' || pass.outcome === 'superseded') return pass.outcome;
  if (pass.outcome === 'notified' && pass.plan === null) return 'manual';
  return (pass.decision === null ? null : decidedBy(pass.decision)) ?? (pass.outcome === 'denied' ? 'unreadable' : pass.outcome);
}

/** What enforcing would make of a pass; null where there is nothing to decide on. */
export function ifEnforcedOf({ ifEnforced: decision, plan }: Pick<PassResult, 'ifEnforced' | 'plan'>): Judgement | null {
  if (decision === null) return null;
  const code = decidedBy(decision);
  switch (decision.effect) {
    case 'allow':
      return { verdict: closes(plan), code: 'planned' };
    case 'approve':
      return { verdict: 'needs-approval', code: code ?? 'awaiting-approval' };
    case 'exempt':
      return { verdict: 'exempt', code: code ?? 'exempt' };
    case 'notify':
      return { verdict: 'notify-only', code: code ?? 'notified' };
    case 'deny':
      return { verdict: code === 'unreadable' ? 'not-read' : 'denied', code: code ?? 'denied' };
  }
}

function closes(plan: Plan | null): 'would-fix' | 'would-flag' {
  return plan?.changes.some((change) => change.resolves) === true ? 'would-fix' : 'would-flag';
}

/** What could not be read is seldom the reason: an identity of another account makes everything unreadable. */
function decidedBy(decision: Decision): string | null {
  const codes = decisive(decision).map((each) => each.code);
  return codes.find((code) => code !== 'unreadable') ?? codes[0] ?? null;
}
