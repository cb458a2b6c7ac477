import { type Digest, digestOf } from '../model/json.js';
import type { Change } from '../model/plan.js';
import { defineGuardrail } from './guardrail.js';

/** How long a fix counts, in milliseconds. */
const REMEMBERED = 7 * 86_400_000;
/** This many fixes of the same thing in that time are enough. */
const ENOUGH = 2;

/** The identity of a change, whichever remediator plans it: digest of service, operation and input. People answer about a call on a resource. */
export function callOf({ call }: Pick<Change, 'call'>): Digest {
  return digestOf({ service: call.service, operation: call.operation, input: call.input });
}

/** The subjects of changes: the parts that they name. A change of the whole resource is identified by what it sends. */
export function subjectsOf(changes: readonly Change[]): readonly string[] {
  return [...new Set(changes.map((change) => change.subject ?? callOf(change)))];
}

/**
 * If someone undoes a fix twice in seven days, it is on purpose. The third time people are notified, with who did it. A fix that was rolled back is
 * not a fight: its hold handles it.
 */
export const fights = defineGuardrail({
  id: 'fights',
  needs: ['history'],
  evaluate: ({ now, history, changes, trigger }) => {
    const about = subjectsOf(changes);
    const back = new Set(history.closed.filter((each) => each.outcome === 'rolled-back').map((each) => each.rollbackOf));
    const fixes = history.closed.filter(
      (each) =>
        (each.outcome === 'remediated' || each.outcome === 'flagged') &&
        each.rollbackOf === null &&
        !back.has(each.execution) &&
        each.closedAt > now - REMEMBERED &&
        each.subjects.some((subject) => about.includes(subject)),
    );
    if (fixes.length < ENOUGH) return { effect: 'allow', code: 'no-fight', message: 'Nobody keeps undoing it.' };
    const actor = trigger.by === 'finding' ? (trigger.finding.actor?.arn ?? null) : null;
    return {
      effect: 'notify',
      code: 'contested',
      message: `It was fixed ${fixes.length} times in seven days, and is back each time${actor === null ? '' : `, now by ${actor}`}: it is left alone, and the gap stays open.`,
      data: { executions: fixes.map((each) => each.execution), actor },
    };
  },
});
