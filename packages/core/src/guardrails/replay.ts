import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** An archive that sends events again must not act on them again. */
export const replay = defineGuardrail({
  id: 'replay',
  needs: [],
  evaluate: ({ trigger }) =>
    trigger.by === 'finding' && trigger.finding.replayed
      ? {
          effect: 'deny',
          code: 'replayed',
          message: `An archive replay (${trigger.finding.envelope?.replayName ?? 'unnamed'}) sent it again; replays are recorded, not acted on.`,
        }
      : allow('first-hand', 'Not a replay.'),
});
