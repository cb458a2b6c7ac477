// The hub and the member roles as deployed: templates and ZIP from the command, created by the emulator's CloudFormation.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand, DescribeStackEventsCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { type CloudWatchLogsClient, DescribeLogGroupsCommand, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, DeleteBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { BundleDocument } from '../../packages/cli/src/commands/bundle.js';
import { command } from '../../packages/cli/test/support/command.js';
import type { Enforced } from './ministack.js';

const EXTERNAL_ID = 'redress-deployed-0001';

/** A template as the command prints it. */
export type Template = {
  Parameters: Record<string, { AllowedPattern?: string }>;
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
};
type Outputs = Readonly<Record<string, string>>;

/**
 * Removes what denies unencrypted requests, and the condition that the emulator does not support. The emulator checks for a permission to send batches,
 * which AWS includes in `sqs:SendMessage`.
 */
function emulated<T>(value: T): T {
  if (Array.isArray(value)) return value.filter((each) => !JSON.stringify(each).includes('aws:SecureTransport')).map(emulated) as T;
  if (value === 'sqs:SendMessage') return ['sqs:SendMessage', 'sqs:SendMessageBatch'] as T;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, member]) => JSON.stringify(member) !== '{"Null":{"s3:if-none-match":"false"}}');
  return Object.fromEntries(kept.map(([key, member]) => [key, emulated(member)])) as T;
}

/** The hub's template without what the emulator does not support. */
export function emulatedHub(template: Template): Template {
  const hub = emulated(template);
  for (const [name, { Type, Properties }] of Object.entries(hub.Resources)) {
    if (Type === 'AWS::Events::EventBusPolicy') delete hub.Resources[name];
    // Sandboxes have the emulator's own LOG_LEVEL.
    if (Type === 'AWS::Lambda::Function') (Properties['Environment'] as { Variables: Record<string, string> }).Variables['POWERTOOLS_LOG_LEVEL'] = 'INFO';
    if (Type === 'AWS::SSM::Parameter') Properties['Name'] = `CFN-${name}-0123456789AB`;
  }
  return hub;
}

/** The template of a member's roles. It trusts sessions of the hub's roles, because the emulator takes a session for its role. */
export function emulatedMember(template: Template, hub: Outputs): Template {
  const sessions = (roles: string | undefined) =>
    roles?.split(',').map((role) => `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${hub['FunctionArn']?.split(':').at(-1)}`);
  const trusted = new Map([
    ['{"Ref":"HubRoleArns"}', sessions(hub['HubRoleArns'])],
    ['{"Ref":"RollbackRoleArns"}', sessions(hub['ApprovalsRoleArn'])],
  ]);
  return JSON.parse(JSON.stringify(template), (key, value: unknown) =>
    key === 'aws:PrincipalArn' ? (trusted.get(JSON.stringify(value)) ?? value) : value,
  ) as Template;
}

/** The outputs of a deployed stack. */
export async function outputsOf(cloudformation: CloudFormationClient, StackName: string): Promise<Record<string, string>> {
  const { Stacks = [] } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries((Stacks[0]?.Outputs ?? []).map((each) => [each.OutputKey ?? '', each.OutputValue ?? '']));
}

/** The emulator's CloudFormation creates buckets without Object Lock, so the hub's is created again with it. */
export async function lockBucket(s3: S3Client, outputs: Outputs): Promise<void> {
  await s3.send(new DeleteBucketCommand({ Bucket: outputs['BucketName'] }));
  await s3.send(new CreateBucketCommand({ Bucket: outputs['BucketName'], ObjectLockEnabledForBucket: true }));
}

async function template(which: string, directory: string): Promise<Template> {
  const { exit, out, err } = await command(['generate', 'template', which, '--format', 'json'], directory);
  if (exit !== 0) throw new Error(err);
  return JSON.parse(out) as Template;
}

async function deploy(
  cloudformation: CloudFormationClient,
  StackName: string,
  body: Template,
  parameters: Record<string, string>,
): Promise<Record<string, string>> {
  const Parameters = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
  await cloudformation.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(body), Capabilities: ['CAPABILITY_NAMED_IAM'], Parameters }));
  for (;;) {
    const stack = (await cloudformation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
    if (stack?.StackStatus === 'CREATE_COMPLETE') return outputsOf(cloudformation, StackName);
    if (!stack?.StackStatus?.endsWith('PROGRESS')) {
      const { StackEvents = [] } = await cloudformation.send(new DescribeStackEventsCommand({ StackName }));
      const why = StackEvents.filter((each) => each.ResourceStatus?.includes('FAILED')).map(
        (each) => `${each.LogicalResourceId}: ${each.ResourceStatusReason}`,
      );
      throw new Error(`${StackName}: ${stack?.StackStatus}: ${why.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Client configuration for an account: its root user, whose key id is the account's number. */
export function clientsOf(emulator: Enforced, region: string, account?: string) {
  const accessKeyId = account ?? 'testing';
  return { endpoint: emulator.endpoint, region, credentials: { accessKeyId, secretAccessKey: 'testing' } };
}

/** Deploys the hub with a policy; `parameters` in addition to the required ones. */
export async function deployHub(
  emulator: Enforced,
  { region, directory, policy, parameters = {} }: { region: string; directory: string; policy: string; parameters?: Record<string, string> },
): Promise<Record<string, string>> {
  const config = clientsOf(emulator, region);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  writeFileSync(join(directory, 'redress.yaml'), policy);
  const bundled = await command(['bundle', '--json'], directory);
  if (bundled.exit !== 0) throw new Error(bundled.err);
  const document = JSON.parse(bundled.out) as BundleDocument;
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'redress.zip', Body: readFileSync(join(directory, 'redress-bundle', 'redress.zip')) }));

  const hub = emulatedHub(await template('hub', directory));
  const outputs = await deploy(new CloudFormationClient(config), 'redress', hub, {
    CodeBucket: 'code',
    CodeKey: 'redress.zip',
    ExternalId: EXTERNAL_ID,
    ReserveConcurrency: 'false',
    PolicyDigest: document.policy ?? '',
    RegisterDigest: document.register ?? '',
    ...parameters,
  });
  await lockBucket(s3, outputs);
  return outputs;
}

/** Deploys the roles of a member; default: in the account of the hub. */
export async function deployMember(
  emulator: Enforced,
  { region, directory, outputs, account }: { region: string; directory: string; outputs: Record<string, string>; account?: string },
): Promise<void> {
  const member = emulatedMember(await template('member-role', directory), outputs);
  await deploy(new CloudFormationClient(clientsOf(emulator, region, account)), 'redress-member', member, {
    HubRoleArns: outputs['HubRoleArns'] ?? '',
    RollbackRoleArns: outputs['ApprovalsRoleArn'] ?? '',
    ExternalId: EXTERNAL_ID,
  });
}

/** The event of a call that opened a port, as EventBridge delivers it. It is two minutes old, because newer ones have to settle. */
export function openedEvent(group: string, account: string, region: string, age = 120_000): Record<string, unknown> {
  const time = new Date(Date.now() - age).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account: account,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: '1.09',
      eventID: crypto.randomUUID(),
      eventTime: time,
      eventSource: 'ec2.amazonaws.com',
      eventName: 'AuthorizeSecurityGroupIngress',
      eventType: 'AwsApiCall',
      eventCategory: 'Management',
      managementEvent: true,
      readOnly: false,
      awsRegion: region,
      recipientAccountId: account,
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${account}:user/someone`, accountId: account },
      requestParameters: {
        groupId: group,
        ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] },
      },
      responseElements: { _return: true },
    },
  };
}

/** The output of the functions, to diagnose a failed test. */
export async function written(logs: CloudWatchLogsClient): Promise<string> {
  const lines: string[] = [];
  for (const { logGroupName } of (await logs.send(new DescribeLogGroupsCommand({}))).logGroups ?? [])
    for (const { logStreamName } of (await logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams ?? [])
      lines.push(...((await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }))).events ?? []).map(({ message }) => message ?? ''));
  return lines.filter((line) => !line.includes('"_aws"')).join('\n');
}
