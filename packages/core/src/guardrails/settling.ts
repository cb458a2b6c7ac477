import type { Change } from '../model/plan.js';
import { subjectsOf } from './fights.js';
import { defineGuardrail, type Facts } from './guardrail.js';

/**
 * Since when the journal knows each part of a gap; null where it does not know one of them. A sweep has no event that says when something changed:
 * what was recorded to be open before it came has been so since then at the latest.
 */
function knownSince({ trigger, history, remediator }: Pick<Facts, 'trigger' | 'history' | 'remediator'>, changes: readonly Change[]): number | null {
  if (trigger.by !== 'sweep' || !history.ok || changes.length === 0) return null;
  const mine = history.value.gaps.filter((gap) => gap.remediator === remediator.id && gap.members === null);
  const since = subjectsOf(changes).map((subject) => mine.find(({ subjects }) => subjects.includes(subject))?.since ?? Number.POSITIVE_INFINITY);
  return Math.max(...since);
}

/**
 * Tags and companion calls arrive seconds after a resource is created or changed. An earlier decision would be based on half of them. So the engine
 * waits, and decides again.
 */
export const settling = defineGuardrail({
  id: 'settling',
  needs: [],
  evaluate: (facts) => {
    const { now, lastChange, changes } = facts;
    const { settle } = facts.remediator;
    if (settle === 0 || lastChange === null) return { effect: 'allow', code: 'not-needed', message: 'Nothing has to settle.' };
    const until = Math.min(lastChange, knownSince(facts, changes) ?? lastChange) + settle;
    return now >= until
      ? { effect: 'allow', code: 'settled', message: `Its last change is at least ${settle / 1000} s ago.` }
      : {
          effect: 'deny',
          code: 'settling',
          message: `It changed just now; tags may follow. Decided on after ${new Date(until).toISOString()}.`,
          data: { until: new Date(until).toISOString() },
        };
  },
});
