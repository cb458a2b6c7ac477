import type { JsonObject } from '@redress/core';
import { journalStatements } from '../iam/journal.js';
import { keyStatement } from './encryption.js';
import { att, ref, sub } from './template.js';

/** Permissions for the journal of the hub. */
export function hubJournal(who: 'worker' | 'auditor'): readonly JsonObject[] {
  return journalStatements(who, {
    ...{ table: att('Table'), indexes: sub('{Table.Arn}/index/*'), bucket: att('Bucket'), objects: sub('{Bucket.Arn}/*') },
    sealer: { log: sub('{Bucket.Arn}/ledger/*'), own: sub('{Bucket.Arn}/sealer/*'), checkpoint: sub('{Bucket.Arn}/ledger/checkpoint') },
  });
}

/** Permissions of both functions: the journal, the kill switch, and notifications. */
export function workerStatements(): readonly JsonObject[] {
  return [
    ...hubJournal('worker'),
    { Sid: 'Stop', Effect: 'Allow', Action: 'ssm:GetParameter', Resource: parameterArn('Stop') },
    { Sid: 'Notify', Effect: 'Allow', Action: 'sns:Publish', Resource: ref('Notices') },
    keyStatement('Key', true),
  ];
}

/** Its log, and the roles in member accounts that do everything else. */
function acts(log: string, roles: readonly string[]): JsonObject[] {
  return [
    { Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: att(log) },
    {
      Sid: 'Members',
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      Resource: roles.map((name) => sub(`arn:{AWS::Partition}:iam::*:role/{RolePrefix}${name}`)),
    },
  ];
}

const parameterArn = (name: string) => sub(`arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:parameter/{${name}}`);

/** Additional permissions of the function that handles events. It cannot undo: it may not assume the rollback role. */
export function functionStatements(): readonly JsonObject[] {
  return [
    ...acts('FunctionLog', ['Read', 'Fix']),
    {
      Sid: 'Messages',
      Effect: 'Allow',
      Action: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      Resource: [att('Queue'), att('Sweeps')],
    },
    { Sid: 'Sweeps', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: att('Sweeps') },
    { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: att('Undelivered') },
    { Sid: 'Canary', Effect: 'Allow', Action: 'ssm:AddTagsToResource', Resource: parameterArn('Canary') },
  ];
}

/** The accounts of this organization only: with the hub's own roles or, where a condition holds, with an assumed role. */
export function organizationStatements(byRole: string): JsonObject[] {
  const assume = { Sid: 'Organization', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ref('OrganizationRoleArn') };
  // IAM has no resource type for the list of all accounts.
  const accounts = { Sid: 'Accounts', Effect: 'Allow', Action: 'organizations:ListAccounts', Resource: '*' };
  const units = {
    Sid: 'Units',
    Effect: 'Allow',
    Action: ['organizations:ListAccountsForParent', 'organizations:ListOrganizationalUnitsForParent', 'organizations:ListTagsForResource'],
    // The ARN contains the management account, which need not be known here.
    Resource: sub('arn:{AWS::Partition}:organizations::*:*/{OrganizationId}/*'),
  };
  return [{ 'Fn::If': [byRole, assume, accounts] }, { 'Fn::If': [byRole, ref('AWS::NoValue'), units] }];
}

/** Additional permissions of the approval endpoint, which people call. */
export function approvalsStatements(): readonly JsonObject[] {
  return acts('ApprovalsLog', ['Read', 'Fix', 'Rollback']);
}
