import { type Decoder, firstOf, keyOf, type Verdict, verdict } from '../draft.js';
import { members, scalars, text } from '../read.js';
import { claimOf, fromArn } from '../resource-ids.js';

/**
 * `Trusted Advisor Check Item Refresh Notification`: always delivered in us-east-1, so its region is not the resource's.
 *
 * @see https://docs.aws.amazon.com/awssupport/latest/user/cloudwatch-events-ta.html
 */
export const trustedAdvisor: Decoder = (detail, context) => {
  const check = text(typeof detail['check-name'] === 'string' ? detail['check-name'].trim() : null, 256);
  const status = text(detail.status, 64);
  const item = members(detail['check-item-detail']);
  const arn = fromArn(detail.resource_id);
  const region = arn?.region ?? text(firstOf(item.Region, item['Region/AZ']), 64);
  const account = arn?.account ?? context.account;
  const claim = arn === null ? null : claimOf({ type: '', id: detail.resource_id, region, account: typeof account === 'string' ? account : null });
  const at = context.envelope?.time ?? null;
  const id = keyOf(check, text(detail.resource_id) ?? text(detail.uuid), status, at);
  return {
    source: 'trusted-advisor',
    kind: 'check-item',
    id,
    ...judge(check, status, claim !== null && region !== null),
    account,
    region,
    resources: claim === null ? [] : [claim],
    controls: check === null ? [] : [check],
    state: status,
    observedAt: at,
    extra: scalars({ checkId: text(detail['check-id'], 64), uuid: text(detail.uuid, 64) }),
  };
};

function judge(check: string | null, status: string | null, placed: boolean): Verdict {
  if (check === null) return verdict('rejected', 'The event has no check-name.');
  if (status === 'OK') return verdict('resolved', 'The check passed.');
  if (status !== 'WARN' && status !== 'ERROR') return verdict('record-only', `The status is ${status ?? 'missing'}.`);
  if (!placed) return verdict('record-only', 'The check does not say which resource, in which region.');
  return verdict('candidate', `The check says ${status}.`);
}
