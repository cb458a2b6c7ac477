import type { ApiCall, GuardrailResult, Hazard, PassResult, Remediator, ResourceRef, Undo } from '@redress/core';
import { codeOf, ifEnforcedOf, type Judgement, type Verdict, verdictOf } from './plan/verdicts.js';

/** A call, as it is shown. */
interface CallDocument {
  readonly operation: string;
  readonly input: ApiCall['input'];
}

/** A pass of `plan`, as JSON. */
export interface PlannedPass {
  readonly resource: ResourceRef;
  /** What people call the resource; null: nothing says. */
  readonly name: string | null;
  readonly remediator: string;
  /** Of the policy; null: the account is in none. */
  readonly environment: string | null;
  readonly verdict: Verdict;
  /** Why, as one code. */
  readonly code: string;
  readonly message: string;
  readonly plan: string | null;
  readonly changes: readonly {
    readonly summary: string;
    /** The part of the resource that it changes (a rule id); null: the resource as a whole. */
    readonly subject: string | null;
    readonly call: CallDocument;
    readonly undo:
      | { readonly calls: readonly CallDocument[]; readonly restores: 'exact' | 'equivalent'; readonly destroys: string | null }
      | { readonly irreversible: string };
    readonly resolves: boolean;
  }[];
  readonly hazards: readonly Hazard[];
  /** The verdict if the policy enforced the remediator here; null if there is nothing to decide. */
  readonly ifEnforced: Judgement | null;
  /** ISO 8601: nothing is changed until then, by a hold or a freeze; null where nothing holds it. */
  readonly heldUntil: string | null;
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
    name: pass.name,
    remediator: pass.remediator,
    environment: environmentIn(pass),
    verdict,
    code: codeOf(pass),
    message: pass.message,
    plan: pass.plan?.digest ?? null,
    changes: changes.map((change) => ({
      summary: change.summary,
      subject: change.subject ?? null,
      call: callDocument(change.call),
      undo: undoDocument(change.undo),
      resolves: change.resolves,
    })),
    hazards: pass.plan?.hazards ?? [],
    ifEnforced: ifEnforcedOf(pass),
    heldUntil: heldUntil(pass),
    reasons: reasonsOf(pass),
    hints: hintsOf(pass),
    open: pass.open,
    blindSpots: verdict === 'nothing-to-change' ? [] : (remediators.find((each) => each.id === pass.remediator)?.blindSpots ?? []),
  };
}

/** The environment that the policy was read for. */
function environmentIn({ decision }: PassResult): string | null {
  const environment = decision?.results.find(({ guardrail }) => guardrail === 'mode')?.data?.['environment'];
  return typeof environment === 'string' ? environment : null;
}

/** Until when a rollback, or a freeze, leaves it alone, whatever else holds it back. */
function heldUntil({ decision }: PassResult): string | null {
  const ends = (decision?.results ?? []).flatMap(({ code, data }) => (code === 'held' ? [data?.['until']] : code === 'frozen' ? [data?.['to']] : []));
  return (
    ends
      .filter((end) => typeof end === 'string')
      .sort()
      .at(-1) ?? null
  );
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
