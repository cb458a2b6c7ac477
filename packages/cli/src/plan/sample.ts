// Plans of made-up accounts, for tests of what is shown: 60 and 450 resources with what real accounts have, and names that nobody should write.
import type { PlannedPass } from '../passes.js';
import { countedPlan, type PlanDocument } from './document.js';
import type { Judgement } from './verdicts.js';

const ACCOUNT = '111111111111';
const REGION = 'eu-west-1';

type Shape = Pick<PlannedPass, 'name' | 'remediator' | 'environment' | 'verdict' | 'code'> &
  Partial<Pick<PlannedPass, 'changes' | 'reasons' | 'message' | 'heldUntil' | 'open' | 'hazards'>> & {
    readonly type: string;
    readonly id: string;
    readonly account?: string;
    readonly enforced?: Judgement;
  };

/** A pass, made of what matters of it. */
export function samplePass({ type, id, account = ACCOUNT, enforced, ...given }: Shape): PlannedPass {
  const changes = given.changes ?? [];
  return {
    resource: { type, id, account, region: REGION, partition: 'aws' },
    message: changes.map(({ summary }) => summary).join('; '),
    plan: changes.length === 0 ? null : `sha256:${id}`,
    changes,
    hazards: [],
    ifEnforced: enforced ?? { verdict: given.verdict, code: given.code },
    heldUntil: null,
    reasons:
      given.code === 'mode-notify'
        ? [{ guardrail: 'mode', effect: 'notify', code: 'mode-notify', message: `${given.remediator} changes nothing in environment dev (mode notify).` }]
        : [],
    hints: [],
    open: [],
    blindSpots: changes.length === 0 ? [] : ['Who connects through it: no read shows that.'],
    ...given,
  };
}

type Change = PlannedPass['changes'][number];

/** A rule that is revoked, by its id. */
export function revoked(group: string, rule: string, port = 22): Change {
  return {
    summary: `revoke ${rule}: tcp ${port} from 0.0.0.0/0`,
    subject: rule,
    call: { operation: 'ec2:RevokeSecurityGroupIngress', input: { GroupId: group, SecurityGroupRuleIds: [rule] } },
    undo: {
      calls: [
        {
          operation: 'ec2:AuthorizeSecurityGroupIngress',
          input: { GroupId: group, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] },
        },
      ],
      restores: 'equivalent',
      destroys: null,
    },
    resolves: true,
  };
}

/** A setting that is replaced by another. */
export function replaced(
  operation: string,
  name: string,
  before: Record<string, string | number>,
  after: Record<string, string | number>,
  summary: string,
): Change {
  return {
    summary,
    subject: null,
    call: { operation, input: { name, ...after } },
    undo: { calls: [{ operation, input: { name, ...before } }], restores: 'exact', destroys: null },
    resolves: true,
  };
}

const hex = (of: number) => (0x1f00_0000 + of * 0x0101).toString(16);

/** Passes over this many resources: a third groups, a third buckets, the rest log groups and users. */
function passesOver(resources: number): readonly PlannedPass[] {
  const environment = 'dev';
  return Array.from({ length: resources }, (_, at): readonly PlannedPass[] => {
    const id = hex(at);
    switch (at % 6) {
      case 0:
      case 1: {
        // One rule that is open to everything: several remediators plan to revoke it, and it is one gap.
        const group = `sg-0${id}${id}`;
        const rule = `sgr-0${id}`;
        const base = {
          type: 'AWS::EC2::SecurityGroup',
          id: group,
          name: at % 4 === 0 ? `web-${at}` : `launch-wizard-${at}`,
          environment,
          changes: [revoked(group, rule)],
        };
        const frozen = at % 36 === 0 ? { heldUntil: '2026-12-04T09:00:00.000Z' } : {};
        return [
          samplePass({
            ...base,
            ...frozen,
            remediator: 'ec2-revoke-sg-open-ssh',
            verdict: 'notify-only',
            code: 'mode-notify',
            enforced: { verdict: 'needs-approval', code: 'not-fresh' },
          }),
          samplePass({
            ...base,
            remediator: 'ec2-revoke-sg-open-admin-existing',
            verdict: 'notify-only',
            code: 'mode-notify',
            enforced: { verdict: 'needs-approval', code: 'ceiling-approve' },
          }),
        ];
      }
      case 2:
      case 3: {
        const bucket = `acme-${['invoices', 'uploads', 'logs-archive'][at % 3]}-${at}-eu-west-1`;
        const changes = [replaced('s3:PutBucketEncryption', bucket, { SSEAlgorithm: 'AES256' }, { SSEAlgorithm: 'aws:kms' }, 'encrypt new objects with KMS')];
        return [
          samplePass({
            type: 'AWS::S3::Bucket',
            id: bucket,
            name: null,
            environment,
            changes,
            remediator: 's3-enforce-default-encryption',
            verdict: 'would-fix',
            code: 'planned',
          }),
        ];
      }
      case 4: {
        const group = `/aws/lambda/${['billing', 'orders', 'search'][at % 3]}-${at}`;
        const changes = [replaced('logs:PutRetentionPolicy', group, { retentionInDays: 7 }, { retentionInDays: 365 }, 'keep 365 days instead of 7')];
        return [
          samplePass({
            type: 'AWS::Logs::LogGroup',
            id: group,
            name: null,
            environment,
            changes,
            remediator: 'logs-raise-retention',
            verdict: 'notify-only',
            code: 'mode-notify',
            enforced: { verdict: 'would-fix', code: 'planned' },
          }),
        ];
      }
      default:
        return [
          samplePass({
            type: 'AWS::IAM::User',
            id: `svc-${at}`,
            name: null,
            environment,
            remediator: 'iam-report-long-lived-api-key',
            verdict: 'notify-only',
            code: 'manual',
            message: `Its access key AKIA… is ${100 + at} days old.`,
          }),
        ];
    }
  }).flat();
}

/** A plan of an account with this many resources that have gaps. */
export function samplePlan(resources: number): PlanDocument {
  return {
    account: ACCOUNT,
    region: REGION,
    places: [{ account: ACCOUNT, region: REGION }],
    left: [],
    interrupted: false,
    policy: 'sha256:0f',
    policySource: { kind: 'file', file: 'redress.yaml' },
    ...countedPlan(passesOver(resources), resources * 2, ['dev', 'prod']),
    counted: {},
    rejected: [],
    unasked: [],
    notSwept: [{ remediator: 's3-report-public-website-bucket', reason: 'It cannot search for resources; it only handles events.' }],
    problems: [],
  };
}
