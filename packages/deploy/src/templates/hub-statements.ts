import type { JsonObject } from '@redress/core';
import { journalStatements } from '../iam/journal.js';
import { keyStatement } from './encryption.js';
import { att, ref, sub } from './template.js';

/** What the journal of the hub needs. */
export function hubJournal(who: 'worker' | 'auditor'): readonly JsonObject[] {
  return journalStatements(who, {
    ...{ table: att('Table'), indexes: sub('{Table.Arn}/index/*'), bucket: att('Bucket'), objects: sub('{Bucket.Arn}/*') },
    sealer: { log: sub('{Bucket.Arn}/ledger/*'), own: sub('{Bucket.Arn}/sealer/*'), checkpoint: sub('{Bucket.Arn}/ledger/checkpoint') },
  });
}

/** What both functions may do: the journal, the kill switch, and notifying people. */
export function workerStatements(): readonly JsonObject[] {
  return [
    ...hubJournal('worker'),
    { Sid: 'Stop', Effect: 'Allow', Action: 'ssm:GetParameter', Resource: parameterArn('Stop') },
    { Sid: 'Notify', Effect: 'Allow', Action: 'sns:Publish', Resource: ref('Notices') },
    keyStatement('Key', true),
  ];
}

/** Its log, and the roles in member accounts by which everything else is done. */
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

/** What the function that handles events may do besides. It cannot undo: it may not assume the rollback role. */
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

/** The accounts of the organisation, and of no other: by the hub's own roles, or where a condition holds by one that is assumed. */
export function organizationStatements(byRole: string): JsonObject[] {
  const assume = { Sid: 'Organization', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ref('OrganizationRoleArn') };
  // IAM has no resource for the list of all accounts.
  const accounts = { Sid: 'Accounts', Effect: 'Allow', Action: 'organizations:ListAccounts', Resource: '*' };
  const units = {
    Sid: 'Units',
    Effect: 'Allow',
    Action: ['organizations:ListAccountsForParent', 'organizations:ListOrganizationalUnitsForParent', 'organizations:ListTagsForResource'],
    // The ARN has the management account in it, which need not be known here.
    Resource: sub('arn:{AWS::Partition}:organizations::*:*/{OrganizationId}/*'),
  };
  return [{ 'Fn::If': [byRole, assume, accounts] }, { 'Fn::If': [byRole, ref('AWS::NoValue'), units] }];
}

/** What the approval endpoint may do besides: a person asks. */
export function approvalsStatements(): readonly JsonObject[] {
  return acts('ApprovalsLog', ['Read', 'Fix', 'Rollback']);
}
