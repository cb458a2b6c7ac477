import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** One switch stops changes, or everything: that of the policy or the external one, whichever is stricter. */
export const killSwitch = defineGuardrail({
  id: 'kill-switch',
  needs: ['policy', 'stop'],
  evaluate: ({ policy, stop }) => {
    const strictest =
      stop === 'everything' || policy.stop === 'everything' ? 'everything' : stop === 'changes' || policy.stop === 'changes' ? 'changes' : 'none';
    return strictest === 'none' ? allow('go', 'The kill switch is off.') : { effect: 'deny', code: 'stopped', message: `The kill switch stops ${strictest}.` };
  },
});
