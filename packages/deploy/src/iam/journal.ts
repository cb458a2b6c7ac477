import type { JsonObject } from '@redress/core';
import type { PolicyDocument } from './divided.js';

/** A resource as a policy by itself or a template names it. */
type Named = string | JsonObject;

/** Where the journal is. */
export interface JournalArns {
  readonly table: Named;
  /** Every index of it. */
  readonly indexes: Named;
  readonly bucket: Named;
  /** Every object of it. */
  readonly objects: Named;
}

/**
 * What the journal needs: that of `journalPermissions` of `@redress/evidence/aws`, which this package may not import; a test compares the two.
 * Records are appended: nobody gets a deleting action, and a document can only be created.
 */
export function journalStatements(who: 'worker' | 'auditor', { table, indexes, bucket, objects }: JournalArns): readonly JsonObject[] {
  return [
    {
      Sid: 'JournalRead',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', ...(who === 'auditor' ? ['dynamodb:Scan'] : [])],
      Resource: [table, indexes],
    },
    { Sid: 'JournalReadDocuments', Effect: 'Allow', Action: ['s3:GetObject'], Resource: [objects] },
    { Sid: 'JournalSeeDocuments', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] },
    ...(who === 'auditor'
      ? []
      : [
          {
            Sid: 'JournalAppend',
            Effect: 'Allow',
            Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
            Resource: [table],
          },
          {
            Sid: 'JournalCreateDocuments',
            Effect: 'Allow',
            Action: ['s3:PutObject'],
            Resource: [objects],
            Condition: { Null: { 's3:if-none-match': 'false' } },
          },
          // In compliance mode a lock can be made longer, and not shorter.
          { Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: [objects] },
        ]),
  ];
}

/** What {@link auditorPolicy} takes: the outputs `TableName` and `BucketName` of the hub. */
export interface AuditorOptions {
  readonly table: string;
  readonly bucket: string;
  /** As given to the journal. */
  readonly prefix?: string;
  /** The account of the hub; default any. */
  readonly account?: string;
}

/** Whoever reads the journal, verifies and exports it. It changes nothing, and looks at no resource: for that there is the policy `read`. */
export function auditorPolicy({ table, bucket, prefix = '', account = '*' }: AuditorOptions): PolicyDocument {
  const arn = `arn:*:dynamodb:*:${account}:table/${table}`;
  const arns = { table: arn, indexes: `${arn}/index/*`, bucket: `arn:*:s3:::${bucket}`, objects: `arn:*:s3:::${bucket}/${prefix}*` };
  return { Version: '2012-10-17', Statement: journalStatements('auditor', arns) };
}
