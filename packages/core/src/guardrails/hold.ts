import { allow, iso } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** After a rollback a resource is left alone: the next event must not undo the undo. */
export const hold = defineGuardrail({
  id: 'hold',
  needs: ['history'],
  evaluate: ({ now, history, remediator }) => {
    const live = history.holds.find((each) => each.remediator === remediator.id && each.until > now);
    return live === undefined
      ? allow('no-hold', 'No hold is in force.')
      : {
          effect: 'notify',
          code: 'held',
          message: `It was rolled back by ${live.owner} (${live.execution}); only told until ${iso(live.until)}.`,
          data: { execution: live.execution, until: iso(live.until) },
        };
  },
});
