import type { Approval } from '../journal.js';
import { type Digest, digestOf, type Json } from '../model/json.js';
import type { Change } from '../model/plan.js';
import { environmentOf, type Policy } from '../policy/policy.js';
import { callOf, subjectsOf } from './fights.js';
import type { Decision, Facts, GuardrailResult } from './guardrail.js';
import { principal, samePerson } from './principal.js';

/** Names what an approver was shown of an answer: who said it, what, and on which data. Its wording may change. */
export function shownAs({ guardrail, code, data }: GuardrailResult): Digest {
  return digestOf({ guardrail, code, data: (data ?? {}) as Json });
}

/** The answers that an approval of this decision would discharge. */
export function dischargedBy(decision: Decision): readonly Digest[] {
  return [...new Set(decision.results.filter((each) => each.effect === 'approve').map(shownAs))].sort();
}

/**
 * Why someone may not approve; null when they may. Asked when they do, and again when it counts: the policy may have changed in between.
 * An approver is listed for the environment, is none of those who may have caused it, and in the highest environment is known by a signed request.
 */
export function mayNotApprove(policy: Policy, account: string, approval: Pick<Approval, 'causedBy'>, by: NonNullable<Approval['by']>): string | null {
  const environment = environmentOf(policy, account);
  if (environment === null) return `Account ${account} is in no environment, so nobody may approve there.`;
  const listed = Object.hasOwn(policy.approvers, environment.name) ? (policy.approvers[environment.name] ?? []) : [];
  const who = principal(by.name);
  if (!listed.some((arn) => principal(arn) === who)) return `${by.name} is not an approver of ${environment.name}.`;
  if (approval.causedBy.some((each) => each !== null && samePerson(each, by.name)))
    return approval.causedBy.includes(null)
      ? `It is not known who caused it. It may have been ${by.name}, so someone else has to approve.`
      : `${by.name} caused it; someone else has to approve.`;
  if (!by.verified && environment === policy.environments.at(-1))
    return `The identity of ${by.name} was not verified, and ${environment.name} is the highest environment.`;
  return null;
}

/** Whether an approval can still be used. */
export function isLive(approval: Approval, now: number): boolean {
  return approval.usedBy === null && approval.expires > now && (approval.grace?.ended ?? null) === null;
}

/** Whether people were asked about one of these calls; of a request that was made before calls were kept, about what they are about. */
function isAbout({ calls, subjects }: Approval, changes: readonly Change[]): boolean {
  const about = calls === undefined ? subjectsOf(changes) : changes.map(callOf);
  return about.some((each) => (calls ?? subjects).includes(each));
}

/** Whether these guardrails say only what one remediator may do: that says nothing of another. */
export function isOwn(guardrails: readonly string[]): boolean {
  return guardrails.length > 0 && guardrails.every((each) => each === 'mode' || each === 'ceiling');
}

/** Whether a request that can still be used belongs to another remediator, about these changes. A denial belongs to none. */
export function isOfOther(
  approval: Approval,
  { remediator, changes, now }: { readonly remediator: { readonly id: string }; readonly changes: readonly Change[]; readonly now: number },
): boolean {
  return approval.remediator !== remediator.id && approval.verdict !== 'denied' && isLive(approval, now) && isAbout(approval, changes);
}

/**
 * The request of another remediator that stands for these changes too, since one gap is asked about once. Where a change may be made without an
 * answer, it waits for that to the request of a narrower remediator, unless that one was asked for its own mode or ceiling only.
 */
function standsFor(approvals: readonly Approval[], facts: Pick<Facts, 'remediator' | 'changes' | 'now'>, effect: Decision['effect']): Approval | undefined {
  const waits = ({ breadth = 0, asks = [] }: Approval) => breadth < facts.remediator.breadth && !isOwn(asks);
  return approvals.find((each) => isOfOther(each, facts) && (effect === 'approve' || waits(each)));
}

/** The request that is about a change, and of which it does not decide alone: another remediator's, or one that somebody said no to. */
export function requestOn(approvals: readonly Approval[], { id }: { readonly id: string }, change: Change): string | null {
  return approvals.find((each) => (each.remediator !== id || each.verdict === 'denied') && isAbout(each, [change]))?.id ?? null;
}

/** The request of another remediator that a decision waits for. */
export function joinedBy(decision: Decision): string | null {
  const id = decision.results.find((each) => each.guardrail === 'approval' && each.code === 'asked-already')?.data?.['approval'];
  return typeof id === 'string' ? id : null;
}

/**
 * A decision that waits for an approval, with the approval that is there: it discharges exactly what was shown, and nothing else. A plan that
 * was denied is not carried out either way.
 */
export function discharge(decision: Decision, facts: Facts): Decision {
  if (!['allow', 'approve'].includes(decision.effect) || facts.plan === null || !facts.history.ok || !facts.policy.ok) return decision;
  const policy = facts.policy.value;
  const { plan, now, resource, remediator, changes } = facts;
  const asked = dischargedBy(decision);
  const { approvals } = facts.history.value;
  const mine = approvals.filter((each) => each.remediator === remediator.id && each.planDigest === plan && isLive(each, now));
  const add = (result: Omit<GuardrailResult, 'guardrail'>): Decision => ({
    effect: result.effect,
    results: [...decision.results, { guardrail: 'approval', ...result }],
  });
  // A no to a plan is a no to each of its calls, whoever plans it, and whatever was or is asked: also when nothing has to be asked any more.
  const denied = [...mine, ...approvals.filter((each) => isLive(each, now) && isAbout(each, changes))].find((each) => each.verdict === 'denied');
  if (denied !== undefined)
    return add({
      effect: 'deny',
      code: 'approval-denied',
      message: `${denied.by?.name ?? ''} denied it (${denied.id}); it is requested again after ${new Date(denied.expires).toISOString()}.`,
      data: { approval: denied.id },
    });
  for (const each of decision.effect === 'allow' ? [] : mine) {
    if (each.verdict !== 'approved' || each.by === null || !asked.every((one) => each.discharges.includes(one))) continue;
    if (mayNotApprove(policy, resource.account, each, each.by) !== null) continue;
    return add({
      effect: 'allow',
      code: 'approved',
      message: `${each.by.name}${each.by.verified ? '' : ' (unverified)'} has approved it (${each.id}).`,
      data: { approval: each.id, by: each.by.name, verified: each.by.verified },
    });
  }
  const other = standsFor(approvals, facts, decision.effect);
  if (other === undefined) return decision;
  const message = `${other.id} requests it already, planned by ${other.remediator}.`;
  return add({ effect: 'approve', code: 'asked-already', message, data: { approval: other.id } });
}

/** The approval that a decision is based on: a person's answer, or an announcement that nobody objected to. */
export function approvalOf(decision: Decision): string | null {
  if (decision.effect !== 'allow') return null;
  const by = (guardrail: string) => decision.results.find((each) => each.guardrail === guardrail && each.effect === 'allow')?.data?.['approval'];
  const id = by('approval') ?? by('grace');
  return typeof id === 'string' ? id : null;
}
