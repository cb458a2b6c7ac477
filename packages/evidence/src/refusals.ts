// Calls that AWS has refused permanently. They are kept until the call succeeds, or a person wants it tried again.
import { type EvidenceRecord, isRecord, type Json, type JsonObject, type OpenExecution, type Refusal } from '@redress/core';

/** Maximum number in a view. */
const KEPT = 50;

/**
 * The refusals after one more record.
 *
 * @param closed The execution that an outcome closes.
 */
export function refused(refusals: readonly Refusal[], record: EvidenceRecord, closed: OpenExecution | null): readonly Refusal[] {
  if (record.kind === 'approval' && isRecord(record.body['retry'])) return [];
  if (record.kind !== 'outcome' || closed === null) return refusals;
  const { denied, journal } = record.body;
  const made = refusalsOf(denied, closed, Date.parse(record.time));
  const outcome = isRecord(journal) ? journal['outcome'] : null;
  // A call that succeeded is no longer refused. One that is refused again has the newest reason.
  const over = (each: Refusal) =>
    made.some((one) => keyOf(one) === keyOf(each)) ||
    (['remediated', 'flagged'].includes(String(outcome)) && [each.subject, each.call].some((name) => name !== null && closed.subjects.includes(name)));
  return [...made, ...refusals.filter((each) => !over(each))].slice(0, KEPT);
}

const keyOf = ({ operation, subject, call }: Refusal) => JSON.stringify([operation, subject ?? call]);

function refusalsOf(denied: Json | undefined, { execution, remediator }: OpenExecution, at: number): readonly Refusal[] {
  if (!isRecord(denied) || !Array.isArray((denied as JsonObject)['calls'])) return [];
  const { by, policyType, authorizationId, calls, policy, role, tagged } = denied as JsonObject;
  const text = <T extends string>(value: Json | undefined) => (typeof value === 'string' ? (value as T) : null);
  return (calls as readonly Json[]).flatMap((each) => {
    if (!isRecord(each)) return [];
    const { operation, subject, call } = each as JsonObject;
    if (typeof operation !== 'string' || typeof call !== 'string') return [];
    const what = { operation, call: call as Refusal['call'], subject: text(subject), remediator, execution, at };
    const why = { by: text(by) ?? '', policyType: text(policyType), authorizationId: text(authorizationId) };
    return [{ ...what, ...why, policy: text<Refusal['call']>(policy), role: text<Refusal['call']>(role), tagged: tagged === true }];
  });
}
