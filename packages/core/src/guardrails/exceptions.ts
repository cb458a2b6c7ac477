import { inScope } from '../policy/register.js';
import { allow, iso } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** How long an exception tag without a register entry holds back, from its first sight: 3 days. */
export const TAG_GRACE = 3 * 86_400_000;

/** Accepted risks: a live entry exempts, with or without the tag; the tag alone holds for three days. */
export const exceptions = defineGuardrail({
  id: 'exceptions',
  needs: ['policy', 'register', 'observation', 'history'],
  evaluate: ({ now, policy, register, observation, history, resource, remediator }) => {
    if (observation === 'gone') return allow('gone', 'The resource is gone.');
    const tags = observation.tags === 'untaggable' ? {} : observation.tags;
    const covering = register.entries.filter((entry) => inScope(entry, resource, remediator.id, tags));
    const live = covering.find((entry) => entry.expires > now);
    if (live !== undefined) {
      return {
        effect: 'exempt',
        code: 'exception',
        message: `Exception ${live.id} covers it until ${iso(live.expires)}: ${live.reason} (owner ${live.owner}, approved by ${live.approver}).`,
        data: { id: live.id, owner: live.owner, approver: live.approver, expires: iso(live.expires) },
      };
    }
    const expired = covering.length === 0 ? '' : ` Exception ${covering.map((entry) => `${entry.id} expired on ${iso(entry.expires)}`).join(', ')}.`;
    // Tag keys are case-sensitive in AWS, and people are not.
    const wanted = policy.exceptions.tag.toLowerCase();
    if (!Object.keys(tags).some((key) => key.toLowerCase() === wanted))
      return allow(covering.length === 0 ? 'no-exception' : 'exception-expired', `No live exception covers it.${expired}`, {
        expired: covering.map((entry) => entry.id),
      });
    const first = history.tagFirstSeen[remediator.id] ?? now;
    const until = first + TAG_GRACE;
    return now < until
      ? {
          effect: 'notify',
          code: 'tag-without-entry',
          message: `It has the tag ${policy.exceptions.tag}, but no live register entry: only told until ${iso(until)}, then the tag has no effect.${expired}`,
          data: { tag: policy.exceptions.tag, until: iso(until) },
        }
      : allow(
          'tag-without-effect',
          `It has the tag ${policy.exceptions.tag}, but for more than three days no live register entry; the tag has no effect.${expired}`,
          { tag: policy.exceptions.tag },
        );
  },
});
