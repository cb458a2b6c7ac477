import type { JsonObject } from '@redress/core';
import { journalStatements } from '../iam/journal.js';
import { att, ref, sub } from './template.js';

/** What the journal of the hub needs. */
export function hubJournal(who: 'worker' | 'auditor'): readonly JsonObject[] {
  return journalStatements(who, { table: att('Table'), indexes: sub('{Table.Arn}/index/*'), bucket: att('Bucket'), objects: sub('{Bucket.Arn}/*') });
}

/** What both functions may do: the journal, the kill switch, telling people, and the roles in member accounts by which everything else is done. */
function common(log: string, roles: readonly string[]): JsonObject[] {
  return [
    { Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: att(log) },
    ...hubJournal('worker'),
    { Sid: 'Stop', Effect: 'Allow', Action: 'ssm:GetParameter', Resource: parameterArn('Stop') },
    { Sid: 'Tell', Effect: 'Allow', Action: 'sns:Publish', Resource: ref('Notices') },
    {
      Sid: 'Members',
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      Resource: roles.map((name) => sub(`arn:{AWS::Partition}:iam::*:role/{RolePrefix}${name}`)),
    },
  ];
}

const parameterArn = (name: string) => sub(`arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:parameter/{${name}}`);

/** The function that handles events. It cannot undo: it may not assume the rollback role. */
export function functionStatements(): readonly JsonObject[] {
  return [
    ...common('FunctionLog', ['Read', 'Fix']),
    {
      Sid: 'Messages',
      Effect: 'Allow',
      Action: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      Resource: att('Queue'),
    },
    { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: att('Undelivered') },
    { Sid: 'Canary', Effect: 'Allow', Action: 'ssm:AddTagsToResource', Resource: parameterArn('Canary') },
  ];
}

/** The approval endpoint: a person asks. */
export function approvalsStatements(): readonly JsonObject[] {
  return common('ApprovalsLog', ['Read', 'Fix', 'Rollback']);
}
