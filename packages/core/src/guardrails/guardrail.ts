import type { StreamView, TrackedExecution } from '../journal.js';
import { isRedressError, messageOf } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import type { Digest, Json } from '../model/json.js';
import type { Assessment, Change, Hazard } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Policy } from '../policy/policy.js';
import type { Register } from '../policy/register.js';
import type { Mistake } from '../policy/validate.js';
import type { Identity, Stop } from '../ports.js';
import type { Ceiling } from '../remediator/ceiling.js';
import type { Observation } from '../remediator/define.js';

/** The possible answers of a guardrail, least restrictive first. The most restrictive answer wins. */
export const EFFECTS = ['allow', 'approve', 'notify', 'exempt', 'deny'] as const;
/** One of {@link EFFECTS}. */
export type Effect = (typeof EFFECTS)[number];

/** A fact: read, or unreadable. */
export type Fact<T> = { readonly ok: true; readonly value: T } | Unreadable;
/** A fact that could not be read. */
export interface Unreadable {
  readonly ok: false;
  readonly error: string;
  /** Whether reading it again later may succeed. */
  readonly retryable: boolean;
}

/** A fact that was read. */
export function known<T>(value: T): Fact<T> {
  return { ok: true, value };
}

/** Marks a fact as unreadable, because of an error or a reason. */
export function unreadable(error: unknown): Unreadable {
  return { ok: false, error: messageOf(error), retryable: isRedressError(error) && error.retryable };
}

/** What triggers a pass. */
export type Trigger =
  /** An event; `finding` is its content. */
  | { readonly by: 'finding'; readonly finding: Finding }
  /** A person or script named the resource; a sweep found it. */
  | { readonly by: 'request' | 'sweep' }
  /** A person has approved a plan. */
  | { readonly by: 'approval'; readonly approval: string };

/** Everything that guardrails decide on, gathered before any of them is evaluated. */
export interface Facts {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly trigger: Trigger;
  readonly resource: ResourceRef;
  readonly remediator: {
    readonly id: string;
    readonly version: string;
    readonly ceiling: Ceiling;
    readonly freshWithin: number | null;
    readonly breadth: number;
    /** Milliseconds. */
    readonly settle: number;
  };
  /** Digest of its parameters from the policy. */
  readonly parameters: Digest | null;
  /** The latest time at which the resource can have last changed, in epoch milliseconds. Null if it does not matter. */
  readonly lastChange: number | null;
  /** The changes that would be made; empty if there are none. */
  readonly changes: readonly Change[];
  /** Other remediators that plan the same call, if an exception names them; by digest of the call. */
  readonly alsoPlannedBy: ReadonlyMap<Digest, readonly string[]>;
  /** Digest of the plan with these changes; null if there is none. */
  readonly plan: Digest | null;
  readonly hazards: readonly Hazard[];
  readonly policy: Fact<Policy>;
  readonly register: Fact<Register>;
  readonly stop: Fact<Stop>;
  readonly identity: Fact<Identity>;
  readonly observation: Fact<Observation<Json, unknown> | 'gone'>;
  readonly assessment: Fact<Assessment>;
  readonly history: Fact<StreamView>;
  /** What the remediator has done in the lower environment that has to prove it first; empty if none has to. */
  readonly track: Fact<readonly TrackedExecution[]>;
  /** Changes made by this run so far. */
  readonly run: { readonly changes: number };
}

type FactName = { [K in keyof Facts]: Facts[K] extends Fact<unknown> ? K : never }[keyof Facts];
/** {@link Facts} with the named ones readable. */
export type Readable<K extends FactName> = Omit<Facts, K> & { readonly [N in K]: Facts[N] extends Fact<infer T> ? T : never };

/** The answer of one guardrail. */
export interface GuardrailResult {
  readonly guardrail: string;
  readonly effect: Effect;
  /** Stable, kebab-case. */
  readonly code: string;
  /** One sentence for people. */
  readonly message: string;
  /** What people should know although it restricts nothing. It is in every notice, and not part of what is approved. */
  readonly hint?: string;
  readonly data?: { readonly [key: string]: Json };
}

/**
 * A pure, synchronous rule. It can only restrict: whatever it answers, the most restrictive answer of all guardrails is the decision. If a fact
 * that it needs is unreadable, it is not evaluated, and the answer is deny.
 */
export interface Guardrail {
  readonly id: string;
  readonly needs: readonly FactName[];
  evaluate(facts: Facts): Omit<GuardrailResult, 'guardrail'>;
  /** Mistakes in a policy that only this guardrail can find. If there are any, the policy is refused. */
  check?(policy: Policy): readonly Mistake[];
}

/**
 * Defines a guardrail.
 *
 * @example
 * const officeHours = defineGuardrail({ id: 'acme-office-hours', needs: [], evaluate: ({ now }) =>
 *   new Date(now).getUTCHours() < 17 ? { effect: 'allow', code: 'day', message: 'People are at work.' }
 *                                    : { effect: 'approve', code: 'night', message: 'Nobody is at work.' } });
 */
export function defineGuardrail<const K extends FactName>(guardrail: {
  readonly id: string;
  readonly needs: readonly K[];
  evaluate(facts: Readable<K>): Omit<GuardrailResult, 'guardrail'>;
}): Guardrail {
  return {
    id: guardrail.id,
    needs: guardrail.needs,
    evaluate(facts) {
      const readable: Record<string, unknown> = { ...facts };
      for (const need of guardrail.needs) {
        const fact: Fact<unknown> = facts[need];
        if (!fact.ok) return { effect: 'deny', code: 'unreadable', message: `${need} could not be read: ${fact.error}`, data: { fact: need } };
        readable[need] = fact.value;
      }
      return guardrail.evaluate(readable as Readable<K>);
    },
  };
}

/** A decision: the most restrictive effect, and all answers. */
export interface Decision {
  readonly effect: Effect;
  readonly results: readonly GuardrailResult[];
}

/**
 * Evaluates every guardrail, always all of them. The most restrictive answer wins. A guardrail that throws, or returns an unknown answer, denies.
 *
 * @throws nothing
 */
export function decide(guardrails: readonly Guardrail[], facts: Facts): Decision {
  const results = guardrails.map((guardrail): GuardrailResult => {
    try {
      const result = guardrail.evaluate(facts);
      if (!EFFECTS.includes(result.effect)) throw new TypeError(`it answered ${JSON.stringify(result.effect)}`);
      return { guardrail: guardrail.id, ...result };
    } catch (error) {
      return { guardrail: guardrail.id, effect: 'deny', code: 'guardrail-failed', message: `The guardrail itself failed: ${messageOf(error)}` };
    }
  });
  // Without any guardrail there is no permission.
  const effect =
    results.length === 0
      ? 'deny'
      : results.reduce<Effect>((worst, { effect: next }) => (EFFECTS.indexOf(next) > EFFECTS.indexOf(worst) ? next : worst), 'allow');
  return { effect, results };
}

/** The answers that determined a decision. */
export function decisive(decision: Decision): readonly GuardrailResult[] {
  return decision.results.filter((result) => result.effect === decision.effect && result.effect !== 'allow');
}
