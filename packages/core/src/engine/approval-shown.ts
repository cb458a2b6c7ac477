import { shownAs } from '../guardrails/approval.js';
import { graceExpected } from '../guardrails/grace.js';
import type { GuardrailResult } from '../guardrails/guardrail.js';
import type { Approval, Journal } from '../journal.js';
import { isRecord } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { Remediator } from '../remediator/define.js';

/** A request for an approval, as JSON: times are ISO 8601. */
export interface ApprovalDocument extends Omit<Approval, 'requestedAt' | 'expires' | 'answeredAt' | 'grace'> {
  /** ISO 8601. */
  readonly requested: string;
  /** ISO 8601. */
  readonly expires: string;
  /** ISO 8601. Absent: no answer yet. */
  readonly answered?: string;
  /**
   * Set if the change is made unless someone objects: when it is made, and when people were notified, in ISO 8601. Null before the first notice.
   * Absent: it waits for an answer.
   */
  readonly grace?: { readonly ends: string | null; readonly told: readonly string[] };
}

/** Everything that a person needs to answer a request for approval. */
export interface ApprovalShown extends ApprovalDocument {
  readonly plan: Plan | null;
  /** Why it needs an approval. */
  readonly reasons: readonly { readonly guardrail: string; readonly code: string; readonly message: string }[];
  /** Blind spots: what no read can show. */
  readonly blindSpots: readonly string[];
}

/** An approval with its times as ISO 8601 texts. */
export function approvalDocument({ requestedAt, expires, answeredAt, grace, ...rest }: Approval): ApprovalDocument {
  const iso = (time: number) => new Date(time).toISOString();
  const ends = grace === undefined ? null : graceExpected(grace);
  return {
    ...rest,
    requested: iso(requestedAt),
    expires: iso(expires),
    ...(answeredAt === undefined ? {} : { answered: iso(answeredAt) }),
    ...(grace === undefined ? {} : { grace: { ends: ends === null ? null : iso(ends), told: grace.sent.map(({ at }) => iso(at)) } }),
  };
}

/**
 * What a person has to see before they answer: the plan from the journal, why it needs an approval, and its blind spots. It reads one stream.
 *
 * @example const shown = await showApproval(journal, s3Remediators, approval);
 * @throws {RedressError} `journal/unavailable`, `journal/corrupt`
 */
export async function showApproval(
  journal: Pick<Journal, 'read'>,
  remediators: readonly Pick<Remediator, 'id' | 'blindSpots'>[],
  approval: Approval,
): Promise<ApprovalShown> {
  let plan: Plan | null = null;
  // Asked again by somebody else, fewer reasons may ask, or more: an answer is to those that the request is of.
  const reasons = new Map<string, ApprovalShown['reasons'][number]>();
  for await (const { record, documents } of journal.read({ resource: approval.resource })) {
    const own = record.body['approval'];
    if (record.kind !== 'decision' || !isRecord(own) || own['id'] !== approval.id) continue;
    plan = (documents['plan'] ?? null) as unknown as Plan | null;
    const results = (Array.isArray(record.body['guardrails']) ? record.body['guardrails'] : []) as unknown as readonly GuardrailResult[];
    for (const result of results) {
      const { guardrail, effect, code, message } = result;
      if (effect === 'approve' && approval.discharges.includes(shownAs(result))) reasons.set(shownAs(result), { guardrail, code, message });
    }
  }
  const blindSpots = remediators.find((each) => each.id === approval.remediator)?.blindSpots ?? [];
  return { ...approvalDocument(approval), plan, reasons: [...reasons.values()], blindSpots };
}
