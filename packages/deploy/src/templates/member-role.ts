import type { JsonObject, Remediator } from '@redress/core';
import type { ParametersOf } from '../config/managed-rules.js';
import type { Narrowing } from '../iam/narrowing.js';
import { type MemberStatements, memberStatements, REFUSES_TAGGED } from './member-statements.js';
import { managed } from './roles.js';
import { BOUNDARY, given, listed, ref, sub, type Template, type TemplateResource } from './template.js';

/** Input of the template of the member roles. */
export interface MemberRoleTemplateOptions {
  /** The roles may do what these declare, and nothing else. */
  readonly remediators: readonly Remediator[];
  /** The exception tag of the policy; default `redress:exception`. The fix role cannot change resources with it. */
  readonly exceptionTag?: string;
  /** Parameters from the policy: they name the roles that may be passed to a service. Default: those of the remediators themselves. */
  readonly parametersOf?: ParametersOf;
  /** How actions of your own remediators are narrowed; see `NARROWING`. */
  readonly narrowing?: Readonly<Record<string, Narrowing>>;
}

/**
 * The roles of one account. IAM is global, so deploy it once in each account, including the hub's. Read, fix and rollback are separate: each role may do
 * what the remediators declare for it, and the read role cannot change anything. If AWS has one action for both directions (S3 encryption, tags of a user,
 * retention), IAM cannot separate fix and rollback; the engine does. A fix can never open a port: a permission boundary limits each role to what is declared
 * for it, even if somebody attaches another policy. Only the hub's roles may assume them, and only with the external id.
 *
 * @example JSON.stringify(memberRoleTemplate({ remediators: s3Remediators }))
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 */
export function memberRoleTemplate(options: MemberRoleTemplateOptions): Template {
  const statements = memberStatements(options);
  const role = (name: RoleName, does: string, trusted: string, { policies }: MemberStatements, condition?: string): TemplateResource => ({
    Type: 'AWS::IAM::Role',
    ...(condition === undefined ? {} : { Condition: condition }),
    Properties: {
      RoleName: sub(`{RolePrefix}${name}`),
      Description: `Redress: ${does}`,
      MaxSessionDuration: 3600,
      AssumeRolePolicyDocument: trust(trusted),
      PermissionsBoundary: { 'Fn::If': ['HasBoundary', ref('PermissionsBoundaryArn'), ref(`${name}Boundary`)] },
      ...(policies.length === 0 ? {} : { ManagedPolicyArns: policies.map((_, index) => ref(policyName(name, index))) }),
    },
  });
  const policiesOf = (name: RoleName, { policies }: MemberStatements, condition?: string): Record<string, TemplateResource> =>
    Object.fromEntries(
      policies.map((each, index) => [policyName(name, index), managed(`Permissions of the role ${name} of Redress, part ${index + 1}.`, each, condition)]),
    );
  const boundary = (name: RoleName, { boundary: bounds }: MemberStatements, condition: string): TemplateResource =>
    managed(`Permissions boundary of the role ${name} of Redress.`, bounds, condition);
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Redress, roles of one account: read, fix and rollback, only for the hub. Deploy it once in each account.',
    Parameters: {
      HubRoleArns: {
        Type: 'CommaDelimitedList',
        Description: 'Output HubRoleArns of the hub.',
        AllowedPattern: '^arn:[^:]+:iam::\\d{12}:role/[^*?]+$',
      },
      RollbackRoleArns: {
        Type: 'CommaDelimitedList',
        Default: '',
        Description:
          'Who may roll back: output ApprovalsRoleArn of the hub, and roles of people in the same account. Empty: nobody; there is no rollback role.',
        AllowedPattern: '^$|^arn:[^:]+:iam::\\d{12}:role/[^*?]+$',
      },
      ExternalId: { Type: 'String', Description: 'The same as that of the hub.', AllowedPattern: '^[\\w+=,.@:/-]{2,1224}$' },
      RolePrefix: {
        Type: 'String',
        Default: 'Redress',
        Description: 'Name prefix of the roles, as in the hub.',
        AllowedPattern: '^[A-Za-z][\\w+=,.@-]{0,39}$',
      },
      PermissionsBoundaryArn: {
        ...BOUNDARY,
        Description: 'Permissions boundary of the roles. Empty: each role gets its own boundary, generated from what the remediators declare for it.',
      },
      RefuseTagged: {
        Type: 'String',
        Default: 'true',
        AllowedValues: ['true', 'false'],
        Description: 'Whether IAM also denies changes to resources with the exception tag. It does not know the register, so a leftover tag counts.',
      },
    },
    Conditions: {
      HasBoundary: given('PermissionsBoundaryArn'),
      HasRollback: listed('RollbackRoleArns'),
      MakesBoundary: { 'Fn::Equals': [ref('PermissionsBoundaryArn'), ''] },
      MakesRollbackBoundary: { 'Fn::And': [{ Condition: 'MakesBoundary' }, { Condition: 'HasRollback' }] },
      [REFUSES_TAGGED]: { 'Fn::Equals': [ref('RefuseTagged'), 'true'] },
    },
    Resources: {
      ReadBoundary: boundary('Read', statements.read, 'MakesBoundary'),
      FixBoundary: boundary('Fix', statements.fix, 'MakesBoundary'),
      RollbackBoundary: boundary('Rollback', statements.rollback, 'MakesRollbackBoundary'),
      ...policiesOf('Read', statements.read),
      ...policiesOf('Fix', statements.fix),
      ...policiesOf('Rollback', statements.rollback, 'HasRollback'),
      ReadRole: role('Read', 'reads, and changes nothing.', 'HubRoleArns', statements.read),
      FixRole: role('Fix', 'closes gaps. It cannot open a port.', 'HubRoleArns', statements.fix),
      RollbackRole: role('Rollback', 'rolls fixes back.', 'RollbackRoleArns', statements.rollback, 'HasRollback'),
    },
    Outputs: {
      ReadRoleArn: { Description: 'Assumed to read.', Value: { 'Fn::GetAtt': ['ReadRole', 'Arn'] } },
      FixRoleArn: { Description: 'Assumed to fix.', Value: { 'Fn::GetAtt': ['FixRole', 'Arn'] } },
      RollbackRoleArn: { Description: 'Assumed to roll back.', Value: { 'Fn::GetAtt': ['RollbackRole', 'Arn'] }, Condition: 'HasRollback' },
    },
  };
}

type RoleName = 'Read' | 'Fix' | 'Rollback';
const policyName = (name: RoleName, index: number) => `${name}Policy${index + 1}`;

/**
 * The principal is the account, and the condition names the roles. So a role that is created again keeps its trust, and a role that does not exist yet does
 * not break the deployment. A session may have a source identity, which CloudTrail then shows with every call.
 */
function trust(parameter: string): JsonObject {
  // The account of the first role: all roles of a hub are in one account.
  const Principal = {
    AWS: {
      'Fn::Join': [
        '',
        ['arn:', ref('AWS::Partition'), ':iam::', { 'Fn::Select': [4, { 'Fn::Split': [':', { 'Fn::Select': [0, ref(parameter)] }] }] }, ':root'],
      ],
    },
  };
  const roles = { 'aws:PrincipalArn': ref(parameter) };
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal,
        Action: 'sts:AssumeRole',
        Condition: { ArnEquals: roles, StringEquals: { 'sts:ExternalId': ref('ExternalId') } },
      },
      { Effect: 'Allow', Principal, Action: 'sts:SetSourceIdentity', Condition: { ArnEquals: roles } },
    ],
  };
}
