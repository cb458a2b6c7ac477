import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** A call that failed, or only read, has changed nothing. */
export const failedCall = defineGuardrail({
  id: 'failed-call',
  needs: [],
  evaluate: ({ trigger }) => {
    const call = trigger.by === 'finding' ? trigger.finding.call : null;
    if (call === null) return allow('no-call', 'No API call is involved.');
    if (call.errorCode !== null) return { effect: 'deny', code: 'call-failed', message: `The call failed with ${call.errorCode}: nothing changed.` };
    if (call.readOnly) return { effect: 'deny', code: 'call-read-only', message: 'The call is read-only.' };
    return allow('call-succeeded', 'The call succeeded.');
  },
});
