import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';
import { principal } from './principal.js';

/** The calls of Redress cause events, too. It does not act on them. */
export const selfEvent = defineGuardrail({
  id: 'self-event',
  needs: ['policy', 'identity'],
  evaluate: ({ trigger, policy, identity }) => {
    const actor = trigger.by === 'finding' ? trigger.finding.actor : null;
    if (actor === null) return allow('no-actor', 'The event names no actor.');
    const ours = [identity.arn, ...(identity.actsAs ?? []), ...policy.self].map(principal);
    const theirs = [actor.arn, actor.issuerArn].filter((arn) => arn !== null).map(principal);
    return theirs.some((arn) => ours.includes(arn))
      ? { effect: 'deny', code: 'own-call', message: `Redress itself (${actor.issuerArn ?? actor.arn ?? ''}) made the call.` }
      : allow('other-actor', 'Someone else made the call.');
  },
});
