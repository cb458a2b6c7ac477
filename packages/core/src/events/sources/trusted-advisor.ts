import { GLOBAL_REGION } from '../../model/resource.js';
import { type Decoder, firstOf, keyOf, uniqueClaims, type Verdict, verdict } from '../draft.js';
import { members, name, scalars, text } from '../read.js';
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
  // Of a key that was found in public there is no ARN: key and user are in the detail alone.
  const key = name(item['Access Key ID']);
  const user = name(item['User Name (IAM or Root)']);
  const exposed = uniqueClaims([
    key === null ? null : { type: 'AWS::IAM::AccessKey', id: key, region: GLOBAL_REGION },
    user === null || /^(?:root|<root_account>)$/i.test(user) ? null : { type: 'AWS::IAM::User', id: user, region: GLOBAL_REGION },
  ]);
  const region = arn?.region ?? (exposed.length > 0 ? GLOBAL_REGION : text(firstOf(item.Region, item['Region/AZ']), 64));
  const account = arn?.account ?? context.account;
  const claim = arn === null ? null : claimOf({ type: '', id: detail.resource_id, region, account: typeof account === 'string' ? account : null });
  const at = context.envelope?.time ?? null;
  const id = keyOf(check, text(detail.resource_id) ?? key ?? text(detail.uuid), status, at);
  return {
    source: 'trusted-advisor',
    kind: 'check-item',
    id,
    ...judge(check, status, (claim !== null || exposed.length > 0) && region !== null),
    account,
    region,
    resources: claim === null ? exposed : [claim],
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
