import { known } from '../guardrails/guardrail.js';
import { RedressError } from '../model/errors.js';
import type { Finding, ResourceClaim } from '../model/finding.js';
import type { Assessment } from '../model/plan.js';
import { matchesRule } from '../policy/config-rule.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { LOOKING } from './gate.js';
import { resourceOf } from './route.js';
import { type Runtime, unread } from './runtime.js';
import type { Evaluation } from './types.js';

const ACCOUNT = 'AWS::::Account';
const LEFT = ['ResourceDeleted', 'ResourceDeletedNotRecorded', 'ResourceNotRecorded'];

/**
 * Answers a custom Config rule with what its remediators see. Looks only: what follows comes from the compliance change that Config then sends.
 *
 * @throws {RedressError} `evaluation/refused`: it is not a rule's question, or no remediator has an answer; `evaluation/unreadable`: the resource
 * could not be read, and a guess would be recorded as compliance.
 */
export async function evaluate(runtime: Runtime, finding: Finding, deadline: number | null): Promise<readonly Evaluation[]> {
  const { configRule, account, region, observedAt } = finding;
  const asks = finding.disposition === 'evaluate' && (finding.kind === 'config-rule-invocation' || finding.kind === 'config-rule-invocation-scheduled');
  if (!asks || configRule === null || account === null || region === null || observedAt === null)
    throw new RedressError('evaluation/refused', `This invocation of a custom Config rule cannot be answered: ${finding.reason}`);
  const policy = await runtime.readPolicy();
  const knowing = runtime.remediators.filter((remediator) => remediator.configRules.some((rule) => matchesRule(rule, configRule, policy)));
  if (knowing.length === 0)
    throw new RedressError('evaluation/refused', `No remediator handles the Config rule ${configRule}.`, {
      next: 'Map its name in the policy: configRules: { NAME: IDENTIFIER-OF-A-MANAGED-RULE }.',
    });
  const scheduled = finding.kind === 'config-rule-invocation-scheduled';
  // What a sweep finds are gaps: nothing would ever become compliant again. Of an account there is one, and it is always found.
  const claims: readonly ResourceClaim[] = scheduled ? [{ type: ACCOUNT, id: account }] : finding.resources;
  const evaluations: Evaluation[] = [];
  for (const claim of claims) {
    const asked = knowing.filter((remediator) => remediator.resourceTypes.includes(claim.type));
    if (asked.length === 0 && scheduled)
      throw new RedressError('evaluation/refused', `The Config rule ${configRule} is invoked on a schedule, but is about single resources.`, {
        next: 'Let changes of their configuration trigger it.',
      });
    const named = { resourceType: claim.rawType ?? claim.type, resourceId: claim.rawId ?? claim.id, orderingTimestamp: observedAt };
    const left = finding.extra['eventLeftScope'] === true || LEFT.includes(finding.state ?? '');
    if (left || asked.length === 0) {
      const annotation = left ? 'The resource is gone, or out of the scope of the rule.' : `No remediator handles resources of type ${claim.type}.`;
      evaluations.push({ ...named, compliance: 'NOT_APPLICABLE', annotation });
      continue;
    }
    const seen: Assessment[] = [];
    for (const remediator of asked) seen.push(await look(runtime, remediator, claim, { account, region, policy, deadline }));
    evaluations.push({ ...named, ...verdictOf(seen) });
  }
  return evaluations;
}

async function look(
  runtime: Runtime,
  remediator: Remediator,
  claim: ResourceClaim,
  where: { readonly account: string; readonly region: string; readonly policy: Policy; readonly deadline: number | null },
): Promise<Assessment> {
  const refuse = (why: string, retryable: boolean): never => {
    throw new RedressError('evaluation/unreadable', `${remediator.id}: ${claim.id} could not be read: ${why}`, { retryable });
  };
  const ref = await runtime.identify(remediator, resourceOf(remediator, claim, where), where.deadline, null);
  if (!ref.ok) return refuse(ref.error, ref.retryable);
  if (ref.value === null) return refuse('it is not in this account', false);
  const found = await runtime.look(remediator, ref.value, known(where.policy), { as: LOOKING, deadline: where.deadline });
  if (found.assessment.ok) return found.assessment.value;
  const { error, retryable } = unread(found) ?? found.assessment;
  return refuse(error, retryable);
}

function verdictOf(seen: readonly Assessment[]): Pick<Evaluation, 'compliance' | 'annotation'> {
  const wrong = seen.flatMap((each) =>
    each.status === 'manual'
      ? [each.message]
      : each.status === 'change'
        ? [...each.changes.map((change) => `To do: ${change.summary}`), ...(each.open ?? [])]
        : [],
  );
  const said = (texts: readonly string[]) => {
    const text = texts.join('; ');
    return text.length > 256 ? `${text.slice(0, 255)}…` : text;
  };
  if (wrong.length > 0) return { compliance: 'NON_COMPLIANT', annotation: said(wrong) };
  const good = seen.flatMap((each) => (each.status === 'compliant' ? [each.message ?? 'There is nothing to change.'] : []));
  if (good.length > 0) return { compliance: 'COMPLIANT', annotation: said(good) };
  return { compliance: 'NOT_APPLICABLE', annotation: said(seen.flatMap((each) => (each.status === 'not-applicable' ? [each.reason] : []))) };
}
