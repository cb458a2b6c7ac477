import type { Refusal } from '../journal.js';
import { type Digest, digestOf, type Json } from '../model/json.js';
import type { Change } from '../model/plan.js';
import type { Policy } from '../policy/policy.js';
import { meantKey } from '../policy/register.js';
import type { Identity } from '../ports.js';
import type { Observation } from '../remediator/define.js';
import { allow, iso } from './answer.js';
import { defineGuardrail, type Facts, type Readable } from './guardrail.js';
import { principal } from './principal.js';

/** How long a refusal counts, in milliseconds: whoever denies it may have changed it without our seeing. */
const REMEMBERED = 7 * 86_400_000;

/** Names the roles that Redress acts as in an account; their sessions are the same. */
export function identityDigest({ arn, actsAs = [] }: Pick<Identity, 'arn' | 'actsAs'>): Digest {
  return digestOf([...new Set([arn, ...actsAs].map(principal))].sort());
}

/** Whether a resource, a part of it or what uses it has the exception tag, which the generated policy of IAM denies by. */
export function exceptionTagged({ exceptions }: Pick<Policy, 'exceptions'>, observation: Observation<Json, unknown> | 'gone'): boolean {
  if (observation === 'gone') return false;
  const { tags, usedBy = [], parts = [] } = observation;
  const all = [tags === 'untaggable' ? {} : tags, ...[...usedBy, ...parts].map((each) => each.tags)];
  return all.some((each) => Object.keys(each).some((key) => meantKey(key) === meantKey(exceptions.tag)));
}

type Asked = Pick<Readable<'policy' | 'identity' | 'observation' | 'history'>, 'now' | 'policy' | 'identity' | 'observation' | 'history'>;

/** Under which refusal that still counts a change would make the same call, whoever planned it then or now. */
function refusalOf({ now, policy, identity, observation, history }: Asked, { call: { service, operation, input }, subject }: Change): Refusal | undefined {
  return history.refusals.find(
    (each) =>
      each.at > now - REMEMBERED &&
      each.policy === policy.digest &&
      each.role === identityDigest(identity) &&
      each.tagged === exceptionTagged(policy, observation) &&
      each.operation === `${service}:${operation}` &&
      (each.call === digestOf({ service, operation, input }) || (subject !== undefined && each.subject === subject)),
  );
}

/** Whether AWS has permanently refused this change of a part: then it is decided on separately. */
export function isRefused({ now, policy, identity, observation, history }: Facts, change: Change): boolean {
  if (change.subject === undefined || !policy.ok || !identity.ok || !observation.ok || !history.ok) return false;
  const asked = { now, policy: policy.value, identity: identity.value, observation: observation.value, history: history.value };
  return refusalOf(asked, change) !== undefined;
}

/** A call that AWS refuses permanently is not sent again until something changes, for a week, or until a person requests it. */
export const refusals = defineGuardrail({
  id: 'refusals',
  needs: ['policy', 'identity', 'observation', 'history'],
  evaluate: (facts) => {
    const found = facts.changes.flatMap((change) => refusalOf(facts, change) ?? []);
    const [first] = found;
    if (first === undefined) return allow('not-refused', 'AWS has not refused it.');
    const until = iso(first.at + REMEMBERED);
    const id = first.authorizationId === null ? '' : `, authorization id ${first.authorizationId}`;
    return {
      effect: 'deny',
      code: 'refused-before',
      message: `AWS refused ${first.operation} on ${iso(first.at)} (${first.by}${id}; execution ${first.execution}). It is tried again when the policy or the role of Redress changes, after ${until}, or by \`redress retry\`.`,
      data: { executions: [...new Set(found.map((each) => each.execution))], by: first.by, policyType: first.policyType, until },
    };
  },
});
