import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** What could break production, according to the remediator. */
export const hazards = defineGuardrail({
  id: 'hazards',
  needs: ['observation', 'assessment'],
  evaluate: ({ hazards: found }) => {
    const worst = found.find((hazard) => hazard.effect === 'notify') ?? found[0];
    if (worst === undefined) return allow('no-hazard', 'No hazard is known.');
    return {
      effect: worst.effect,
      code: worst.code,
      message: found.map((hazard) => hazard.message).join(' '),
      data: { hazards: found.map((hazard) => hazard.code) },
    };
  },
});
