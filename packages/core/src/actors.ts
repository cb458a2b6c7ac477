import type { EvidenceRecord } from './journal.js';
import { isRecord, type Json } from './model/json.js';

/** Guardrails whose no says that the event is not to be believed, is of a call that changed nothing, or is of what Redress did itself. */
const NO_DEED: readonly string[] = ['authenticity', 'failed-call', 'self-event'];

/** What somebody did to a resource, as a record says that an event said. */
export interface Deed {
  /** ARN and source identity, as far as there are; null: the event names nobody. */
  readonly who: readonly string[] | null;
  /** The parts that the event names; null: the resource as a whole, as far as `remediator` cares for it. */
  readonly parts: readonly string[] | null;
  readonly remediator: string;
  /** When, as the event says, and no later than its record; epoch milliseconds. */
  readonly at: number;
}

/**
 * What a record says of who acted on its resource; null when nothing. A record that was written before parts were kept names none: what it
 * tells of is about the resource as a whole.
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
