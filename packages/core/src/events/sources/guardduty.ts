import type { ResourceClaim } from '../../model/finding.js';
import { type Decoder, keyOf, uniqueClaims, type Verdict, verdict } from '../draft.js';
import { elements, members, number, scalars, text, time } from '../read.js';
import { claimOf } from '../resource-ids.js';

type Members = Readonly<Record<string, unknown>>;

/**
 * `GuardDuty Finding`: a detection, for people. It does not show that a setting is wrong.
 *
 * @see https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
 */
export const guardduty: Decoder = (detail) => {
  const service = members(detail.service);
  const account = detail.accountId;
  const arn = text(detail.arn);
  const type = text(detail.type, 256);
  const archived = service.archived === true;
  const sample = isSample(service);
  const id = keyOf(arn ?? text(detail.id), text(detail.updatedAt, 64));
  return {
    source: 'guardduty',
    kind: 'finding',
    id,
    ...judge(type, arn ?? text(detail.id), sample, archived),
    account,
    region: detail.region,
    resources: resourcesOf(members(detail.resource), typeof account === 'string' ? account : null),
    controls: type === null ? [] : [type],
    state: archived ? 'ARCHIVED' : 'ACTIVE',
    observedAt: time(detail.updatedAt),
    extra: scalars({
      findingId: arn,
      severity: number(detail.severity),
      title: text(detail.title, 256),
      // Counts up while the same finding is sent again.
      count: number(service.count),
      sample: sample ? true : null,
    }),
  };
};

function judge(type: string | null, id: string | null, sample: boolean, archived: boolean): Verdict {
  if (type === null) return verdict('rejected', 'The finding has no type.');
  if (id === null) return verdict('rejected', 'The finding has no id.');
  if (sample) return verdict('ignored', 'A sample finding: nothing happened.');
  if (archived) return verdict('resolved', 'The finding is archived.');
  return verdict('record-only', 'A detection is for people to review.');
}

// A text where the console's button made it, a boolean otherwise; attack sequences have no `additionalInfo` at all.
function isSample(service: Members): boolean {
  const info = service.additionalInfo;
  if (typeof info === 'string') return /"sample"\s*:\s*true/.test(info);
  const sample = members(info).sample;
  if (sample === true || sample === 'true') return true;
  return typeof members(info).value === 'string' && /"sample"\s*:\s*true/.test(members(info).value as string);
}

function resourcesOf(resource: Members, account: string | null): readonly ResourceClaim[] {
  const key = members(resource.accessKeyDetails);
  const claims: (ResourceClaim | null)[] = [
    claimOf({ type: 'AWS::IAM::AccessKey', id: key.accessKeyId }),
    key.userType === 'IAMUser' ? claimOf({ type: 'AWS::IAM::User', id: key.userName }) : null,
    // An assumed role's user name is the role's.
    key.userType === 'AssumedRole' || key.userType === 'Role' ? claimOf({ type: 'AWS::IAM::Role', id: key.userName }) : null,
    claimOf({ type: 'AWS::EC2::Instance', id: members(resource.instanceDetails).instanceId }),
  ];
  for (const bucket of elements(resource.s3BucketDetails).slice(0, 32)) claims.push(claimOf({ type: 'AWS::S3::Bucket', id: members(bucket).name }));
  for (const [member, arn, type] of [
    ['eksClusterDetails', 'arn', 'AWS::EKS::Cluster'],
    ['ecsClusterDetails', 'arn', 'AWS::ECS::Cluster'],
    ['lambdaDetails', 'functionArn', 'AWS::Lambda::Function'],
    ['rdsDbInstanceDetails', 'dbInstanceArn', 'AWS::RDS::DBInstance'],
  ] as const) {
    claims.push(claimOf({ type, id: members(resource[member])[arn], account }));
  }
  return uniqueClaims(claims);
}
