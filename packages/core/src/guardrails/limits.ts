import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** Limits per run; those of a time window are reserved as the execution begins. */
export const limits = defineGuardrail({
  id: 'limits',
  needs: ['policy'],
  evaluate: ({ policy, run }) => {
    const limit = policy.limits.find((each) => each.per.includes('run') && run.changes >= each.changes);
    return limit === undefined
      ? allow('within-limits', 'Within the limits per run; limits per hour are reserved as the execution begins.')
      : {
          effect: 'deny',
          code: 'limit-run',
          message: `This run has made ${run.changes} changes; the policy allows ${limit.changes}.`,
          data: { limit: limit.changes },
        };
  },
});
