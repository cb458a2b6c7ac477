import { holdsMarker } from '../redact.js';
import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/**
 * What is sent is what is recorded, and its undo comes from the records: neither can be where it holds a secret, which is kept nowhere.
 * A state that contains a secret is not a reason to leave a gap open, as long as no call writes the secret.
 */
export const secrets = defineGuardrail({
  id: 'secrets',
  needs: [],
  evaluate: ({ changes }) => {
    const held = changes.filter(({ call, undo }) => holdsMarker(call.input) || holdsMarker(undo));
    if (held.length === 0) return allow('no-secret', 'No call writes a secret.');
    return {
      effect: 'deny',
      code: 'secret-in-plan',
      message: `The change or its undo contains a secret: ${held.map(({ summary }) => summary).join('; ')}. Secrets are not kept, so a person has to make the change.`,
      data: { changes: held.length },
    };
  },
});
