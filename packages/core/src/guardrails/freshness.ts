import type { Finding } from '../model/finding.js';
import { formatResource, type ResourceRef } from '../model/resource.js';
import { matchesRule } from '../policy/config-rule.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { allow } from './answer.js';
import { defineGuardrail, type Guardrail, type Trigger } from './guardrail.js';

/** What an event shows to be new: everything, the named parts, or nothing. */
export type Shown = 'all' | ReadonlySet<string> | 'nothing';

/**
 * The parts that the trigger shows to be new.
 *
 * Only two things show a change itself: the CloudTrail call that names it, and a transition from COMPLIANT to NON_COMPLIANT of a Config rule that
 * finds exactly what the remediator finds, between two configurations that were both recorded within that time. One recent record alone shows when
 * the resource was recorded, not when it was changed: a recorder that was off, was restarted or records daily may write old changes today. A
 * finding, a first evaluation, a sweep and a person's request show that a gap exists, not since when.
 */
export function shownBy(
  trigger: Trigger,
  remediator: Pick<Remediator, 'apiCalls' | 'freshWithin' | 'showsNew'>,
  ref: ResourceRef,
  resourceIds: readonly string[],
  /** Null when it could not be read: then no rule has a name of its own. */
  policy: Pick<Policy, 'configRules'> | null,
  now: number,
): Shown {
  if (remediator.freshWithin === null) return 'all';
  if (trigger.by !== 'finding') return 'nothing';
  const { finding } = trigger;
  if (finding.replayed || finding.envelope === null || finding.disposition !== 'candidate') return 'nothing';
  const { freshWithin } = remediator;
  // Ten minutes of clock difference are forgiven; an event from further in the future shows nothing. A time that is none is neither.
  const recent = (time: unknown) => {
    const age = now - (typeof time === 'string' ? Date.parse(time) : Number.NaN);
    return age <= freshWithin && age >= -600_000;
  };
  if (!recent(finding.observedAt)) return 'nothing';
  if (finding.kind === 'config-compliance-change') {
    const { configRule } = finding;
    const identifier = typeof finding.extra['ruleIdentifier'] === 'string' ? finding.extra['ruleIdentifier'] : null;
    const exact = configRule !== null && remediator.showsNew.some((rule) => matchesRule(rule, configRule, policy ?? { configRules: {} }, identifier));
    const { previousCapturedAt: before, capturedAt: after } = finding.extra;
    const between = recent(before) && recent(after) && Date.parse(String(before)) < Date.parse(String(after));
    return exact && between && finding.previousState === 'COMPLIANT' && finding.state === 'NON_COMPLIANT' ? 'all' : 'nothing';
  }
  return namedBy(finding, remediator, ref, resourceIds);
}

/** The parts of a resource that the call in a finding names, as the remediator reads them: everything, some parts, or nothing. */
export function namedBy(finding: Finding, { apiCalls }: Pick<Remediator, 'apiCalls'>, ref: ResourceRef, resourceIds: readonly string[]): Shown {
  const { call, account, region, actor } = finding;
  if (finding.kind !== 'api-call' || call === null || account === null || region === null) return 'nothing';
  const name = `${call.service}:${call.operation}`;
  const reader = Object.hasOwn(apiCalls, name) ? apiCalls[name] : undefined;
  if (reader === undefined) return 'nothing';
  const named = reader({ ...call, account, region, actor }).filter((each) => each.id === ref.id || resourceIds.includes(each.id));
  if (named.length === 0) return 'nothing';
  if (named.some((each) => each.subjects === undefined)) return 'all';
  return new Set(named.flatMap((each) => each.subjects ?? []));
}

/** The guardrail of one pass: what {@link shownBy} has found may be changed automatically, and nothing else if age matters. */
export function freshness(shown: (subject: string | undefined) => boolean): Guardrail {
  return defineGuardrail({
    id: 'freshness',
    needs: [],
    evaluate: ({ remediator, changes, resource }) => {
      if (remediator.freshWithin === null) return allow('not-needed', 'It does not matter how old this gap is.');
      const stale = changes.filter((change) => !shown(change.subject));
      if (changes.length > 0 && stale.length === 0) return allow('fresh', 'The event shows the change itself, and is recent.');
      return {
        effect: 'approve',
        code: 'not-fresh',
        message: `Nothing shows that this was made within the last ${Math.round(remediator.freshWithin / 60_000)} minutes, so something may depend on it${stale.length === 0 ? '' : `: ${stale.map((change) => change.subject ?? formatResource(resource)).join(', ')}`}.`,
        data: { subjects: stale.map((change) => change.subject ?? resource.id) },
      };
    },
  });
}
