import type { ResourceClaim } from '../../model/finding.js';
import { type Decoder, firstOf, keyOf, uniqueClaims, verdict } from '../draft.js';
import { elements, members, number, scalars, text, time } from '../read.js';
import { claimOf } from '../resource-ids.js';

/**
 * `Inspector2 Finding`: a vulnerability in what runs, which no setting closes. Its own times are written for a locale, so the envelope's
 * is used.
 *
 * @see https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
 */
export const inspector: Decoder = (detail, context) => {
  const account = detail.awsAccountId;
  const owner = typeof account === 'string' ? account : null;
  const resources = elements(detail.resources).slice(0, 32).map(members);
  const findingArn = text(detail.findingArn);
  const status = text(detail.status, 64);
  const id = keyOf(findingArn, text(detail.updatedAt, 64));
  const type = text(detail.type, 128);
  return {
    source: 'other',
    kind: 'finding',
    id,
    ...(findingArn === null
      ? verdict('rejected', 'The finding has no findingArn.')
      : status === 'CLOSED'
        ? verdict('resolved', 'The finding is closed.')
        : verdict('record-only', 'A vulnerability in software is not closed by a setting.')),
    account,
    region: firstOf(resources[0]?.region, context.region),
    resources: uniqueClaims(
      resources.map((each): ResourceClaim | null =>
        claimOf({ type: INSPECTOR_TYPES.get(each.type) ?? each.type, id: each.id, region: each.region, account: owner }),
      ),
    ),
    controls: type === null ? [] : [type],
    state: status,
    observedAt: context.envelope?.time ?? null,
    extra: scalars({ findingId: findingArn, severity: text(detail.severity, 64), title: text(detail.title, 256) }),
  };
};

const INSPECTOR_TYPES = new Map<unknown, string>([
  ['AWS_EC2_INSTANCE', 'AWS::EC2::Instance'],
  ['AWS_ECR_CONTAINER_IMAGE', 'AWS::ECR::Image'],
  ['AWS_ECR_REPOSITORY', 'AWS::ECR::Repository'],
  ['AWS_LAMBDA_FUNCTION', 'AWS::Lambda::Function'],
]);

/**
 * `Macie Finding`: data was found, or a bucket's policy was weakened.
 *
 * @see https://docs.aws.amazon.com/macie/latest/user/findings-publish-event-schemas.html
 */
export const macie: Decoder = (detail) => {
  const account = detail.accountId;
  const bucket = members(members(detail.resourcesAffected).s3Bucket);
  const claim = claimOf({ type: 'AWS::S3::Bucket', id: firstOf(bucket.name, bucket.arn), region: detail.region });
  const findingId = text(detail.id);
  const id = keyOf(findingId, text(detail.updatedAt, 64));
  const type = text(detail.type, 128);
  const sample = detail.sample === true;
  return {
    source: 'other',
    kind: 'finding',
    id,
    ...(findingId === null
      ? verdict('rejected', 'The finding has no id.')
      : sample
        ? verdict('ignored', 'A sample finding: nothing happened.')
        : detail.archived === true
          ? verdict('resolved', 'The finding is archived.')
          : verdict('record-only', 'A detection is for people to review.')),
    account,
    region: detail.region,
    resources: claim === null ? [] : [claim],
    controls: type === null ? [] : [type],
    state: detail.archived === true ? 'ARCHIVED' : 'ACTIVE',
    observedAt: time(detail.updatedAt),
    extra: scalars({
      findingId,
      severity: text(members(detail.severity).description, 64),
      title: text(detail.title, 256),
      count: number(detail.count),
      sample: sample ? true : null,
    }),
  };
};
