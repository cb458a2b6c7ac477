import { defineGuardrail } from './guardrail.js';

/** How many executions of a remediator in an account may end badly in a row. */
export const BAD_IN_A_ROW = 3;

/** After too many changes or failures, a remediator still reads and plans, but changes nothing until a person closes its circuit breaker. */
export const circuitBreaker = defineGuardrail({
  id: 'circuit-breaker',
  needs: ['history'],
  evaluate: ({ history, remediator, resource }) => {
    const open = history.breakers.find((each) => each.remediator === remediator.id);
    return open === undefined
      ? { effect: 'allow', code: 'closed', message: 'The circuit breaker is closed.' }
      : {
          effect: 'deny',
          code: 'tripped',
          message: `The circuit breaker of ${remediator.id} in ${resource.account} is open since ${new Date(open.since).toISOString()}: ${open.reason}`,
          data: { since: new Date(open.since).toISOString(), reason: open.reason },
        };
  },
});
