import type { Hold } from '../journal.js';
import { allow, iso } from './answer.js';
import { subjectsOf } from './fights.js';
import { defineGuardrail } from './guardrail.js';

/** After a rollback, the resource is held, and what was rolled back is not changed by any remediator: the next event must not undo the undo. */
export const hold = defineGuardrail({
  id: 'hold',
  needs: ['history'],
  evaluate: ({ now, history, remediator, changes }) => {
    const about = subjectsOf(changes);
    const holds = (each: Hold) => each.remediator === remediator.id || each.subjects?.some((subject) => about.includes(subject)) === true;
    const live = history.holds.find((each) => each.until > now && holds(each));
    return live === undefined
      ? allow('no-hold', 'No hold is in force.')
      : {
          effect: 'notify',
          code: 'held',
          message: `It was rolled back by ${live.owner} (${live.execution}); nothing is changed until ${iso(live.until)}.`,
          data: { execution: live.execution, until: iso(live.until) },
        };
  },
});
