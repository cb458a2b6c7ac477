import type { EvidenceRecord } from './journal.js';
import { isRecord, type Json } from './model/json.js';

/** Guardrails whose no says that the event is not to be believed, is of a call that changed nothing, or is of what Redress did itself. */
const NO_DEED: readonly string[] = ['authenticity', 'failed-call', 'self-event'];

/** What an actor did to a resource, according to the event in a record. */
export interface Deed {
  /** ARN and source identity, as far as known; null: the event names no actor. */
  readonly who: readonly string[] | null;
  /** The parts that the event names; null: the whole resource, as far as it concerns `remediator`. */
  readonly parts: readonly string[] | null;
  readonly remediator: string;
  /** Time of the event, but no later than its record; epoch milliseconds. */
  readonly at: number;
}

/**
 * Who acted on the resource of a record, and how; null if the record does not say. An older record names no parts, so it is about the whole
 * resource.
 */
export function deedOf({ kind, body, remediator, time }: Pick<EvidenceRecord, 'kind' | 'body' | 'remediator' | 'time'>): Deed | null {
  const { trigger, guardrails } = body;
  if (!['decision', 'duplicate', 'intent'].includes(kind) || !isRecord(trigger) || trigger['by'] !== 'finding') return null;
  const { actor, issuer, sourceIdentity, call, parts, observedAt } = trigger as Record<string, Json | undefined>;
  const who = [actor ?? issuer, sourceIdentity].filter((each) => typeof each === 'string');
  // What a scanner finds was done by nobody: it only says that it is so.
  if (who.length === 0 && typeof call !== 'string') return null;
  const denied = (each: Json) => isRecord(each) && each['effect'] === 'deny' && NO_DEED.includes(String(each['guardrail']));
  if (Array.isArray(guardrails) && guardrails.some(denied)) return null;
  const reported = typeof observedAt === 'string' ? Date.parse(observedAt) : Number.NaN;
  const recorded = Date.parse(time);
  return {
    who: who.length === 0 ? null : who,
    parts: Array.isArray(parts) && parts.length > 0 ? parts.filter((each) => typeof each === 'string') : null,
    remediator,
    at: Number.isNaN(reported) ? recorded : Math.min(reported, recorded),
  };
}
