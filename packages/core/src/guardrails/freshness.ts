import type { ResourceRef } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import type { Trigger } from './guardrail.js';

/** What an event shows to be new: everything, the named parts, or nothing. */
export type Shown = 'all' | ReadonlySet<string> | 'nothing';

/**
 * What the trigger shows to have just been made.
 *
 * Only two things show a change itself: the CloudTrail call that names it, and a Config transition from COMPLIANT to NON_COMPLIANT.
 * A finding, a first evaluation, a sweep and a person's request say that something is so, not since when.
 */
export function shownBy(
  trigger: Trigger,
  remediator: Pick<Remediator, 'apiCalls' | 'freshWithin'>,
  ref: ResourceRef,
  resourceIds: readonly string[],
  now: number,
): Shown {
  if (remediator.freshWithin === null) return 'all';
  if (trigger.by !== 'finding') return 'nothing';
  const { finding } = trigger;
  if (finding.replayed || finding.envelope === null || finding.observedAt === null || finding.disposition !== 'candidate') return 'nothing';
  const age = now - Date.parse(finding.observedAt);
  // Ten minutes of clock difference are forgiven; an event from further in the future shows nothing.
  if (!(age <= remediator.freshWithin && age >= -600_000)) return 'nothing';
  if (finding.kind === 'config-compliance-change') {
    return finding.previousState === 'COMPLIANT' && finding.state === 'NON_COMPLIANT' ? 'all' : 'nothing';
  }
  if (finding.kind === 'api-call' && finding.call !== null && finding.account !== null && finding.region !== null) {
    const name = `${finding.call.service}:${finding.call.operation}`;
    const reader = Object.hasOwn(remediator.apiCalls, name) ? remediator.apiCalls[name] : undefined;
    if (reader === undefined) return 'nothing';
    const named = reader({ ...finding.call, account: finding.account, region: finding.region }).filter(
      (each) => each.id === ref.id || resourceIds.includes(each.id),
    );
    if (named.length === 0) return 'nothing';
    if (named.some((each) => each.subjects === undefined)) return 'all';
    return new Set(named.flatMap((each) => each.subjects ?? []));
  }
  return 'nothing';
}
