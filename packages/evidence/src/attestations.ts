// What people state about requirements that no check can evaluate. The newest statement about each counts.
import { type Attestation, type EvidenceRecord, isRecord, type JsonObject } from '@redress/core';

/** The attestations after one more record. */
export function attestedAfter(attestations: readonly Attestation[], { kind, remediator, time, body }: EvidenceRecord): readonly Attestation[] {
  const said = body['attested'];
  if (kind !== 'approval' || !isRecord(said)) return attestations;
  const { by, until, evidence } = said as JsonObject;
  const who = isRecord(by) ? (by as JsonObject) : {};
  if (typeof until !== 'number' || typeof who['name'] !== 'string') return attestations;
  const word = { remediator, by: { name: who['name'], verified: who['verified'] === true }, at: Date.parse(time), until, evidence: String(evidence ?? '') };
  return [...attestations.filter((each) => each.remediator !== remediator), word];
}
