import { type Decoder, firstOf, keyOf, uniqueClaims, type Verdict, verdict } from '../draft.js';
import { elements, members, name, number, scalars, text } from '../read.js';
import { claimOf, claimOfId } from '../resource-ids.js';

const MAX_ENTITIES = 100;
const EXPOSED_KEY = /^AWS_RISK_CREDENTIALS_(?:EXPOSED|COMPROMISED)/;

/**
 * `AWS Health Event`: what AWS says about its own service, or about a key that it found in public.
 *
 * @see https://docs.aws.amazon.com/health/latest/ug/cloudwatch-events-health.html
 */
export const health: Decoder = (detail, context) => {
  const eventArn = text(detail.eventArn);
  const code = text(detail.eventTypeCode, 256);
  const category = text(detail.eventTypeCategory, 64);
  const exposed = code !== null && EXPOSED_KEY.test(code);
  // The organisation's view is delivered to the management account.
  const account = firstOf(detail.affectedAccount, context.account);
  const entities = elements(detail.affectedEntities)
    .slice(0, MAX_ENTITIES)
    .map((entity) => name(members(entity).entityValue))
    .filter((value) => value !== null);
  const owner = name(account);
  // The event's ARN is the same in every account that it concerns.
  const id = keyOf(eventArn, owner, entities.join(','), text(detail.lastUpdatedTime, 64) ?? '');
  return {
    source: 'health',
    kind: 'health-event',
    id,
    ...judge(code, exposed, detail.statusCode),
    account,
    region: firstOf(detail.eventRegion, context.region),
    resources: uniqueClaims(entities.map((value) => (exposed ? claimOf({ type: 'AWS::IAM::AccessKey', id: value }) : claimOfId(value, owner)))),
    controls: code === null ? [] : [code],
    state: category,
    observedAt: context.envelope?.time ?? null,
    extra: scalars({
      eventArn,
      service: text(detail.service, 64),
      statusCode: text(detail.statusCode, 64),
      communicationId: text(detail.communicationId, 256),
      page: text(detail.page, 16) ?? number(detail.page),
      totalPages: text(detail.totalPages, 16) ?? number(detail.totalPages),
    }),
  };
};

function judge(code: string | null, exposed: boolean, status: unknown): Verdict {
  if (code === null) return verdict('rejected', 'The event has no eventTypeCode.');
  if (!exposed) return verdict('record-only', 'A health event says nothing about a setting.');
  return status === 'closed' ? verdict('resolved', 'AWS closed the event.') : verdict('candidate', 'AWS found the access key in public.');
}
