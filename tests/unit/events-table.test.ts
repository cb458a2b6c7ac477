// docs/events.md: each source and each wrapper, from the sample to the decision. `REDRESS_WRITE_DOCS=1` writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createRedress, definePolicy, type FindingResult } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { type AccountState, simulatedAccount } from '@redress/testing';
import { expect, it } from 'vitest';
import * as sample from '../../packages/core/src/events/fixtures/events.js';

const PAGE = fileURLToPath(new URL('../../docs/events.md', import.meta.url));
const { ACCOUNT } = sample;
/** When the samples are from. */
const NOW = Date.parse('2026-11-02T09:20:00Z');
const GROUP = 'sg-0a1b2c3d4e5f60718';

const builtin = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const clock = { now: () => NOW, sleep: async () => undefined };
/** An account in which each resource of the samples has its gap. */
const account = simulatedAccount({ account: ACCOUNT, clock });
const created = '2026-11-02T09:00:00.000Z';
const ssh = { id: 'sgr-0a1b2c3d4e5f60718', egress: false, protocol: 'tcp', from: 22, to: 22, cidr: '0.0.0.0/0', description: null, tags: {} };
const bucket = { region: 'eu-west-1', created, tags: null, encryption: null, block: null, policy: null, website: null, ownership: null, grants: [] };
const everyone = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::website/*' };
Object.assign(account.state, {
  groups: { [GROUP]: { name: 'web', description: 'web', tags: {}, rules: [ssh] } },
  volumes: { 'vol-0a1b2c3d4e5f60718': { encrypted: false, tags: {} } },
  buckets: {
    invoices: bucket,
    website: { ...bucket, website: { IndexDocument: { Suffix: 'index.html' } }, policy: JSON.stringify({ Version: '2012-10-17', Statement: [everyone] }) },
  },
  users: {
    'ci-deploy': { id: 'AIDAEXAMPLEEXAMPLE001', created: '2025-01-01', tags: {}, keys: [{ id: 'AKIAEXAMPLEEXAMPLE01', active: true, created: '2025-01-01' }] },
  },
  logGroups: { '/acme/orders': { region: 'eu-west-1', created: Date.parse(created), days: 7, tags: {} } },
} satisfies Partial<AccountState>);
const redress = createRedress({
  remediators: builtin,
  policy: definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(builtin.map(({ id }) => [id, { dev: 'enforce' as const }])),
  }),
  connect: account.connect,
  clock,
});

type Members = Readonly<Record<string, unknown>>;
const asff = (more: Members) =>
  sample.asffImported({ ...hub('EC2.13', 'AwsEc2SecurityGroup', `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/${GROUP}`), ...more });
const hub = (control: string, type: string, id: string): Members => ({
  GeneratorId: `security-control/${control}`,
  Compliance: { Status: 'FAILED', SecurityControlId: control },
  ProductFields: {},
  Resources: [{ Type: type, Id: id, Partition: 'aws', Region: 'eu-west-1' }],
});
const call = (eventSource: string, eventName: string, requestParameters: unknown, more: Members = {}) =>
  sample.apiCall({ eventSource, eventName, requestParameters, responseElements: null, resources: [], ...more }, { source: `aws.${eventSource.split('.')[0]}` });
const two = sample.asffImported();
(two['detail'] as { findings: unknown[] }).findings = [
  ...(asff({ Id: 'one' })['detail'] as { findings: unknown[] }).findings,
  ...(sample.asffImported({ ...hub('S3.2', 'AwsS3Bucket', 'arn:aws:s3:::website'), Id: 'two' })['detail'] as { findings: unknown[] }).findings,
];

/** What AWS sends, source by source. */
const EVENTS: readonly (readonly [source: string, says: string, event: unknown])[] = [
  ['AWS Config', 'compliance change, COMPLIANT → NON_COMPLIANT', sample.complianceChange()],
  ['AWS Config', 'compliance change, first evaluation', sample.complianceChange('NON_COMPLIANT', { oldEvaluationResult: null })],
  [
    'AWS Config',
    'compliance change of a rule that looks for more',
    sample.complianceChange('NON_COMPLIANT', { configRuleName: 'vpc-sg-port-restriction-check' }),
  ],
  ['AWS Config', 'compliance change, → COMPLIANT', sample.complianceChange('COMPLIANT')],
  ['AWS Config', 'compliance change, proactive', sample.complianceChange('NON_COMPLIANT', {}, 'PROACTIVE')],
  ['AWS Config', 'configuration item change', sample.itemChange()],
  [
    'AWS Config',
    'oversized configuration item change',
    sample.itemChange(
      {},
      { messageType: 'OversizedConfigurationItemChangeNotification', configurationItem: undefined, configurationItemSummary: sample.configurationItem() },
    ),
  ],
  ['AWS Config', 'custom rule invoked for an item', sample.ruleInvocation()],
  ['AWS Config', 'custom rule invoked on a schedule', sample.ruleInvocation({ messageType: 'ScheduledNotification', awsAccountId: ACCOUNT })],
  ['AWS Config', 'remediation asked for by our Automation document', sample.remediationRequest()],
  ['Security Hub (ASFF)', 'imported, FAILED', asff({})],
  ['Security Hub (ASFF)', 'imported, FAILED: EBS default', sample.asffImported(hub('EC2.7', 'AwsAccount', `AWS::::Account:${ACCOUNT}`))],
  [
    'Security Hub (ASFF)',
    'imported, FAILED: a volume',
    sample.asffImported(hub('EC2.3', 'AwsEc2Volume', `arn:aws:ec2:eu-west-1:${ACCOUNT}:volume/vol-0a1b2c3d4e5f60718`)),
  ],
  ['Security Hub (ASFF)', 'imported, two findings', two],
  ['Security Hub (ASFF)', 'imported, PASSED', asff({ Compliance: { Status: 'PASSED', SecurityControlId: 'EC2.13' } })],
  ['Security Hub (ASFF)', 'imported, ARCHIVED', asff({ RecordState: 'ARCHIVED' })],
  ['Security Hub (ASFF)', 'imported, SUPPRESSED', asff({ Workflow: { Status: 'SUPPRESSED' } })],
  ['Security Hub (ASFF)', 'imported, of another product', asff({ ProductArn: 'arn:aws:securityhub:eu-west-1::product/other/scanner' })],
  ['Security Hub (ASFF)', 'custom action', sample.asffAction(hub('EC2.13', 'AwsEc2SecurityGroup', `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/${GROUP}`))],
  ['Security Hub (OCSF)', 'imported V2, Fail', sample.ocsfImported()],
  [
    'Prowler, through Security Hub',
    'imported, FAILED',
    sample.event('aws.securityhub', 'Security Hub Findings - Imported', { findings: [sample.prowlerAsff({ Workflow: { Status: 'NEW' } })] }),
  ],
  ['Prowler, its file', 'ASFF, FAILED', [sample.prowlerAsff()]],
  ['Prowler, its file', 'ASFF, muted', [sample.prowlerAsff({ Compliance: { Status: 'WARNING' } })]],
  ['Prowler, its file', 'OCSF, FAIL: a setting of the account', [sample.prowlerOcsf()]],
  ['CloudTrail', 'AuthorizeSecurityGroupIngress', sample.apiCall()],
  ['CloudTrail', 'AuthorizeSecurityGroupIngress, failed', sample.apiCall({ errorCode: 'Client.UnauthorizedOperation', responseElements: null })],
  ['CloudTrail', 'ModifySecurityGroupRules', call('ec2.amazonaws.com', 'ModifySecurityGroupRules', { ModifySecurityGroupRulesRequest: { GroupId: GROUP } })],
  ['CloudTrail', 'DescribeSecurityGroups', call('ec2.amazonaws.com', 'DescribeSecurityGroups', {}, { readOnly: true })],
  ['CloudTrail', 'DisableEbsEncryptionByDefault', call('ec2.amazonaws.com', 'DisableEbsEncryptionByDefault', {})],
  ['CloudTrail', 'DeleteBucketEncryption', call('s3.amazonaws.com', 'DeleteBucketEncryption', { bucketName: 'invoices' })],
  ['CloudTrail', 'PutBucketWebsite', call('s3.amazonaws.com', 'PutBucketWebsite', { bucketName: 'website' })],
  ['CloudTrail', 'PutRetentionPolicy', call('logs.amazonaws.com', 'PutRetentionPolicy', { logGroupName: '/acme/orders', retentionInDays: 7 })],
  [
    'CloudTrail',
    'UpdateAccessKey',
    call('iam.amazonaws.com', 'UpdateAccessKey', { userName: 'ci-deploy', accessKeyId: 'AKIAEXAMPLEEXAMPLE01', status: 'Active' }),
  ],
  ['CloudTrail', 'RunInstances', call('ec2.amazonaws.com', 'RunInstances', {})],
  ['GuardDuty', 'finding', sample.guarddutyFinding()],
  ['Inspector', 'finding', sample.inspectorFinding()],
  ['Macie', 'finding', sample.macieFinding()],
  ['IAM Access Analyzer', 'finding', sample.analyzerFinding()],
  ['AWS Health', 'event', sample.healthEvent()],
  ['Trusted Advisor', 'check item', sample.advisorItem()],
  ['EventBridge', 'schedule', sample.tick()],
  ['Systems Manager', 'Automation status', sample.automation()],
  ['Resource Groups', 'tag change, the exception tag', sample.tagChanged()],
  ['Resource Groups', 'tag change, another tag', sample.tagChanged(['team'])],
  [
    'another service',
    'an event of its own',
    sample.event('aws.ec2', 'EC2 Instance State-change Notification', { state: 'running', 'instance-id': 'i-0a1b2c3d4e5f60718' }),
  ],
  ['an application', 'an event of its own', sample.event('my.app', 'Order', { id: 1 })],
];

const opened = sample.apiCall();
const redriven = sample.sqs(opened) as { Records: { attributes: object }[] };
for (const record of redriven.Records)
  record.attributes = { ApproximateReceiveCount: '3', DeadLetterQueueSourceArn: `arn:aws:sqs:eu-west-1:${ACCOUNT}:redress` };
const fromArchive = { ...opened, 'replay-name': 'drill' };
/** One event, in everything that brings events. */
const WRAPPERS: readonly (readonly [name: string, input: unknown])[] = [
  ['EventBridge → Lambda', opened],
  ['SQS', sample.sqs(opened)],
  ['SNS', sample.sns(opened)],
  ['SNS → SQS', sample.sqs(sample.snsNotification(opened))],
  ['SNS → SQS, raw delivery', sample.sqs(opened)],
  ['Kinesis', sample.kinesis(opened)],
  ['EventBridge Pipes, a list of SQS messages', (sample.sqs(opened) as { Records: unknown[] }).Records],
  ['a list of events', [opened, sample.complianceChange('COMPLIANT')]],
  ['CloudTrail log file', { Records: [sample.authorizeIngress()] }],
  ['answer of `aws cloudtrail lookup-events`', sample.lookupEvents(sample.authorizeIngress())],
  ['CloudWatch Logs → Lambda (`awslogs`), of a trail', sample.awslogs([JSON.stringify(sample.authorizeIngress())])],
  ['CloudWatch Logs → Kinesis, of a trail', sample.kinesis(gzipSync(JSON.stringify(sample.logsData([JSON.stringify(sample.authorizeIngress())]))))],
  ['answer of `aws logs filter-log-events`, of a trail', { events: [{ timestamp: NOW, message: JSON.stringify(sample.authorizeIngress()) }] }],
  ['Config snapshot or history', { fileVersion: '1.0', configurationItems: [sample.configurationItem()] }],
  ['compliance details of an aggregator', { AggregateEvaluationResults: [sample.evaluationResult({ AccountId: ACCOUNT, AwsRegion: 'eu-west-1' })] }],
  ['compliance details of one account, which name none', { EvaluationResults: [sample.evaluationResult()] }],
  ['an event as text', JSON.stringify(opened)],
  [
    'failed asynchronous invocation (destination)',
    { version: '1.0', requestContext: { condition: 'RetriesExhausted' }, requestPayload: opened, responsePayload: null },
  ],
  ['dead-letter queue, redriven', redriven],
  ['archive replay', sample.sqs(fromArchive)],
  ['a bare CloudTrail record', sample.authorizeIngress()],
  ['a bare Security Hub finding', sample.asffFinding(hub('EC2.13', 'AwsEc2SecurityGroup', `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/${GROUP}`))],
  ['SQS, a message that is not JSON', sample.sqs('hello')],
  ['SQS, a test message of S3', sample.sqs({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'invoices' })],
  ['SNS, a subscription to confirm', sample.sqs({ Type: 'SubscriptionConfirmation', TopicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:redress`, Token: 'x' })],
  ['SQS, half of a batch is good', sample.sqs('hello', opened)],
  ['an empty batch', { Records: [] }],
];

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const unique = (texts: readonly string[]) => [...new Set(texts)];
/** What people would see happen. */
function decided({ passes, reason, finding }: FindingResult): string {
  if (passes.length === 0) return `– ${reason || finding.reason}`.trim();
  return unique(
    passes.map((pass) => {
      const verdict = pass.outcome === 'planned' ? (pass.plan?.changes.some((each) => each.resolves) === true ? 'fixes' : 'flags') : pass.outcome;
      const codes =
        pass.outcome === 'planned' || pass.outcome === 'no-op'
          ? []
          : (pass.decision?.results ?? []).filter(({ effect }) => effect === pass.decision?.effect && effect !== 'allow');
      return `\`${pass.remediator}\`: **${verdict}**${codes.length === 0 ? '' : ` (${codes.map(({ code }) => code).join(', ')})`}`;
    }),
  ).join('<br>');
}
async function row(input: unknown): Promise<readonly [read: string, resources: string, decided: string, via: string]> {
  const { results } = await redress.handle(input, { dryRun: true });
  if (results.length === 0) return ['–', '–', '– nothing in it', '–'];
  const lines = (of: (result: FindingResult) => string) => unique(results.map(of)).join('<br>');
  return [
    lines(({ finding }) => finding.disposition),
    lines(({ finding }) => finding.resources.map(({ type, id }) => `${type} ${id}`).join(', ') || '–'),
    lines(decided),
    lines(({ finding }) => finding.via.join(', ') || '–'),
  ];
}
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => ' --- ').join('|')}|`, ...rows.map((each) => `| ${each.map(cell).join(' | ')} |`)].join('\n');

async function page(): Promise<string> {
  const events = [];
  for (const [source, says, event] of EVENTS) {
    const [read, resources, decision] = await row(event);
    events.push([source, says, read, resources, decision]);
  }
  const wrappers = [];
  for (const [name, input] of WRAPPERS) {
    const [read, , decision, via] = await row(input);
    wrappers.push([name, via, read, decision]);
  }
  return `# Events

How Redress reads each event, and what it decides. A test generates the tables from samples of what AWS sends. Its policy enforces everything that
may be enforced, and each resource has the gap that its event is about. *Fixes* and *flags* are what Redress would do. The other words are
[outcomes](vocabulary.md#outcome).

## Sources

${table(['Source', 'Event', 'Read as', 'Resource', 'Decided'], events)}

A \`candidate\` without a remediator is counted, with the reason. So is everything else that needs no decision. Nothing is dropped silently.

## Wrappers

The same event, *port 22 was opened*, in every wrapper that can deliver it:

${table(['Wrapper', 'Unwrapped from', 'Read as', 'Decided'], wrappers)}

An item that cannot be read does not affect the others. In an SQS batch it is acknowledged and logged with the reason, because delivering it again
would not change it. An item that may succeed later is delivered again. An input is rejected if it has more than three nested wrappers, if it is larger
than 1 MiB, or if it unpacks to more than 16 MiB.

Other known formats (a Terraform state, a CloudFormation template, a WAF log) are rejected by name. The command \`redress\` also reads other files:
[its README](../packages/cli/README.md#files) lists them.
`;
}

it('matches the page', async () => {
  const now = await page();
  if (process.env['REDRESS_WRITE_DOCS'] === '1') writeFileSync(PAGE, now);
  expect(readFileSync(PAGE, 'utf8')).toBe(now);
});

it('acts only on known events, and has a reason for every other one', async () => {
  for (const [, , event] of EVENTS) {
    const { results } = await redress.handle(event, { dryRun: true });
    expect(results.length).toBeGreaterThan(0);
    for (const { passes, reason, error } of results) expect([passes.length > 0 || reason !== '', error]).toEqual([true, null]);
  }
});
