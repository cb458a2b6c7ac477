import type { JsonObject } from '@redress/core';
import { att, ref, sub } from './template.js';

/**
 * What the journal needs: that of `journalPermissions` of `@redress/evidence/aws`, which this package may not import; a test compares the two.
 * Records are appended: nobody gets a deleting action, and a document can only be created.
 */
export function journalStatements(who: 'worker' | 'auditor'): readonly JsonObject[] {
  const objects = [sub('{Bucket.Arn}/*')];
  return [
    {
      Sid: 'JournalRead',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', ...(who === 'auditor' ? ['dynamodb:Scan'] : [])],
      Resource: [att('Table'), sub('{Table.Arn}/index/*')],
    },
    { Sid: 'JournalReadDocuments', Effect: 'Allow', Action: ['s3:GetObject'], Resource: objects },
    { Sid: 'JournalSeeDocuments', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [att('Bucket')] },
    ...(who === 'auditor'
      ? []
      : [
          {
            Sid: 'JournalAppend',
            Effect: 'Allow',
            Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
            Resource: [att('Table')],
          },
          {
            Sid: 'JournalCreateDocuments',
            Effect: 'Allow',
            Action: ['s3:PutObject'],
            Resource: objects,
            Condition: { Null: { 's3:if-none-match': 'false' } },
          },
          // In compliance mode a lock can be made longer, and not shorter.
          { Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: objects },
        ]),
  ];
}

/** What both functions may do: the journal, the kill switch, telling people, and the roles in member accounts by which everything else is done. */
function common(log: string, roles: readonly string[]): JsonObject[] {
  return [
    { Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: att(log) },
    ...journalStatements('worker'),
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
    { Sid: 'Messages', Effect: 'Allow', Action: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'], Resource: att('Queue') },
    { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: att('Undelivered') },
    { Sid: 'Canary', Effect: 'Allow', Action: 'ssm:AddTagsToResource', Resource: parameterArn('Canary') },
  ];
}

/** The approval endpoint: a person asks. */
export function approvalsStatements(): readonly JsonObject[] {
  return common('ApprovalsLog', ['Read', 'Fix', 'Rollback']);
}
