import { defineGuardrail } from './guardrail.js';

/**
 * Tags and companion calls arrive seconds after a resource is made or changed; whoever decides before that decides on half of it. The
 * engine waits, and asks again.
 */
export const settling = defineGuardrail({
  id: 'settling',
  needs: [],
  evaluate: ({ now, lastChange, remediator: { settle } }) => {
    if (settle === 0 || lastChange === null) return { effect: 'allow', code: 'not-needed', message: 'Nothing has to settle.' };
    const until = lastChange + settle;
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
