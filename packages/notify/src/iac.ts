import { isRecord, type Json, type JsonObject, type Manager, managerOf, type Notification, type Plan } from '@redress/core';
import { quoted } from './text.js';

/** The same change in the code that manages a resource. */
export interface CodeChange {
  /** The stack or workspace, and what to look for there. */
  readonly where: string;
  readonly language: string;
  readonly lines: readonly string[];
}

/** One change in both languages. Null where a language has no resource for it. */
export interface Snippet {
  /** For the reference: what is done. */
  readonly what: string;
  readonly cloudFormation: (input: JsonObject, plan: Plan) => readonly string[] | null;
  readonly terraform: (input: JsonObject, plan: Plan) => readonly string[];
}

const text = (value: unknown): string => JSON.stringify(value ?? null);
const member = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (at, name) => (Array.isArray(at) && typeof name === 'number' ? at[name] : isRecord(at) && typeof name === 'string' ? at[name] : undefined),
    value,
  );

/** The open rules that a plan revokes, as its state has them. */
function revoked(input: JsonObject, plan: Plan): readonly JsonObject[] {
  const ids = Array.isArray(input['SecurityGroupRuleIds']) ? (input['SecurityGroupRuleIds'] as readonly Json[]) : [];
  const open = member(plan.before, 'open');
  return Array.isArray(open) ? (open as readonly JsonObject[]).filter((rule) => ids.includes(rule['id'] ?? null)) : [];
}
const family = (rule: JsonObject) => (String(rule['cidr']).includes(':') ? 6 : 4);

const PASSWORD: readonly (readonly [api: string, terraform: string])[] = [
  ['MinimumPasswordLength', 'minimum_password_length'],
  ['RequireSymbols', 'require_symbols'],
  ['RequireNumbers', 'require_numbers'],
  ['RequireUppercaseCharacters', 'require_uppercase_characters'],
  ['RequireLowercaseCharacters', 'require_lowercase_characters'],
  ['AllowUsersToChangePassword', 'allow_users_to_change_password'],
  ['MaxPasswordAge', 'max_password_age'],
  ['PasswordReusePrevention', 'password_reuse_prevention'],
  ['HardExpiry', 'hard_expiry'],
];

const encryption = (input: JsonObject) => {
  const by = member(input, 'ServerSideEncryptionConfiguration', 'Rules', 0, 'ApplyServerSideEncryptionByDefault');
  return { algorithm: member(by, 'SSEAlgorithm'), key: member(by, 'KMSMasterKeyID') };
};

/** By operation: every remediator that makes a call with it has its code change. */
export const SNIPPETS: Readonly<Record<string, Snippet>> = {
  'ec2:RevokeSecurityGroupIngress': {
    what: 'remove the rule that is open to the internet',
    cloudFormation: (input, plan) => [
      '# Remove this member of SecurityGroupIngress, or the AWS::EC2::SecurityGroupIngress with it:',
      ...revoked(input, plan).flatMap((rule) => [
        `- IpProtocol: ${text(rule['protocol'])}`,
        ...(rule['fromPort'] === null ? [] : [`  FromPort: ${text(rule['fromPort'])}`, `  ToPort: ${text(rule['toPort'])}`]),
        `  ${family(rule) === 6 ? 'CidrIpv6' : 'CidrIp'}: ${text(rule['cidr'])}`,
      ]),
    ],
    terraform: (input, plan) => [
      '# Remove this block, or the aws_vpc_security_group_ingress_rule with it:',
      ...revoked(input, plan).flatMap((rule) => [
        'ingress {',
        `  protocol = ${text(rule['protocol'])}`,
        ...(rule['fromPort'] === null ? [] : [`  from_port = ${text(rule['fromPort'])}`, `  to_port = ${text(rule['toPort'])}`]),
        `  ${family(rule) === 6 ? 'ipv6_cidr_blocks' : 'cidr_blocks'} = [${text(rule['cidr'])}]`,
        '}',
      ]),
    ],
  },
  'ec2:EnableEbsEncryptionByDefault': {
    what: 'encrypt new volumes by default',
    cloudFormation: () => null,
    terraform: () => ['resource "aws_ebs_encryption_by_default" "this" {', '  enabled = true', '}'],
  },
  's3:PutBucketEncryption': {
    what: 'default encryption of the bucket',
    cloudFormation: (input) => {
      const { algorithm, key } = encryption(input);
      return [
        'BucketEncryption:',
        '  ServerSideEncryptionConfiguration:',
        '    - ServerSideEncryptionByDefault:',
        `        SSEAlgorithm: ${text(algorithm)}`,
        ...(key === undefined ? [] : [`        KMSMasterKeyID: ${text(key)}`]),
      ];
    },
    terraform: (input, plan) => {
      const { algorithm, key } = encryption(input);
      return [
        'resource "aws_s3_bucket_server_side_encryption_configuration" "this" {',
        `  bucket = ${text(plan.resource.id)}`,
        '  rule {',
        '    apply_server_side_encryption_by_default {',
        `      sse_algorithm = ${text(algorithm)}`,
        ...(key === undefined ? [] : [`      kms_master_key_id = ${text(key)}`]),
        '    }',
        '  }',
        '}',
      ];
    },
  },
  's3:PutPublicAccessBlock': {
    what: 'block public access to the bucket',
    cloudFormation: () => [
      'PublicAccessBlockConfiguration:',
      '  BlockPublicAcls: true',
      '  BlockPublicPolicy: true',
      '  IgnorePublicAcls: true',
      '  RestrictPublicBuckets: true',
    ],
    terraform: (_input, plan) => [
      'resource "aws_s3_bucket_public_access_block" "this" {',
      `  bucket = ${text(plan.resource.id)}`,
      '  block_public_acls = true',
      '  block_public_policy = true',
      '  ignore_public_acls = true',
      '  restrict_public_buckets = true',
      '}',
    ],
  },
  'logs:PutRetentionPolicy': {
    what: 'retention of the log group',
    cloudFormation: (input) => [`RetentionInDays: ${text(input['retentionInDays'])}`],
    terraform: (input) => ['# in the aws_cloudwatch_log_group', `retention_in_days = ${text(input['retentionInDays'])}`],
  },
  'iam:UpdateAccountPasswordPolicy': {
    what: 'password policy of the account',
    cloudFormation: () => null,
    terraform: (input) => [
      'resource "aws_iam_account_password_policy" "this" {',
      ...PASSWORD.filter(([api]) => input[api] !== undefined).map(([api, name]) => `  ${name} = ${text(input[api])}`),
      '}',
    ],
  },
  'iam:TagUser': {
    what: 'tag that marks the user: leave it alone in the code, and rotate the key',
    cloudFormation: () => ['# Nothing to change: a stack update sets only the tags that it names. Rotate the key: a new Serial of AWS::IAM::AccessKey.'],
    terraform: (input) => [
      '# in the aws_iam_user, until the key is rotated (a new aws_iam_access_key)',
      'lifecycle {',
      `  ignore_changes = [tags[${text(member(input, 'Tags', 0, 'Key'))}], tags_all[${text(member(input, 'Tags', 0, 'Key'))}]]`,
      '}',
    ],
  },
};

const TERRAFORM: readonly string[] = ['Terraform', 'OpenTofu', 'Terragrunt', 'Account Factory for Terraform'];
const CLOUDFORMATION: readonly string[] = ['CloudFormation', 'Service Catalog', 'the AWS CDK', 'a serverless framework'];

/** What to change in the code; null for what no code manages, and for what is to be changed by nobody. */
export function codeChange({ plan, tags, reasons, outcome }: Notification): CodeChange | null {
  const manager = managerBy(reasons) ?? (tags === null ? null : managerOf(tags));
  if (manager === null || plan === null || outcome === 'rolled-back') return null;
  const where = `${manager.tool} manages it (${manager.tag}: ${manager.name}). Change it there, or the next deployment reverts the fix.`;
  const summaries = plan.changes.map((change) => change.summary);
  const find = `It is ${quoted(plan.resource.id)} (${plan.resource.type}) there.`;
  const language = TERRAFORM.includes(manager.tool) ? 'Terraform' : CLOUDFORMATION.includes(manager.tool) ? 'CloudFormation' : null;
  if (language === null) return { where: `${where} ${find}`, language: `In ${manager.tool}`, lines: summaries };
  const lines = plan.changes.flatMap(({ call, summary }): readonly string[] => {
    const snippet = Object.hasOwn(SNIPPETS, `${call.service}:${call.operation}`) ? SNIPPETS[`${call.service}:${call.operation}`] : undefined;
    if (snippet === undefined) return [`# ${summary}`];
    const code = language === 'Terraform' ? snippet.terraform(call.input, plan) : snippet.cloudFormation(call.input, plan);
    return code ?? [`# CloudFormation has no resource for it: ${summary}`];
  });
  return { where: `${where} ${find}`, language, lines };
}

/** As the guardrail has it. */
function managerBy(reasons: Notification['reasons']): Manager | null {
  const data = reasons.find((each) => each.guardrail === 'managed-by-iac' && each.code === 'managed')?.data;
  if (data === undefined) return null;
  const { tool, name, tag } = data;
  return typeof tool === 'string' && typeof name === 'string' && typeof tag === 'string' ? { tool, name, tag } : null;
}
