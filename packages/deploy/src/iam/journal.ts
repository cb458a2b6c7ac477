import type { JsonObject } from '@redress/core';
import type { PolicyDocument } from './divided.js';

/** A resource as a standalone policy or a template names it. */
type Named = string | JsonObject;

/** Where the journal is. */
export interface JournalArns {
  readonly table: Named;
  /** Every index of it. */
  readonly indexes: Named;
  readonly bucket: Named;
  /** Every object of it. */
  readonly objects: Named;
  /** What the sealer alone writes: the log, what it has decided, and the checkpoint among them. */
  readonly sealer?: { readonly log: Named; readonly own: Named; readonly checkpoint: Named };
}

/**
 * What the journal needs: that of `journalPermissions` of `@redress/evidence/aws`, which this package may not import; a test compares the two.
 * Records are appended: nobody gets a deleting action, and a document can only be created.
 */
export function journalStatements(who: 'worker' | 'auditor' | 'sealer', { table, indexes, bucket, objects, sealer }: JournalArns): readonly JsonObject[] {
  return [
    {
      Sid: 'JournalRead',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', ...(who === 'worker' ? [] : ['dynamodb:Scan'])],
      Resource: [table, indexes],
    },
    { Sid: 'JournalReadDocuments', Effect: 'Allow', Action: ['s3:GetObject'], Resource: [objects] },
    { Sid: 'JournalSeeDocuments', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] },
    ...(who === 'sealer' && sealer !== undefined ? sealerStatements(table, sealer) : []),
    ...(who !== 'worker'
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
          ...(sealer === undefined ? [] : [{ Sid: 'LedgerIsOfTheSealer', Effect: 'Deny', Action: ['s3:PutObject'], Resource: [sealer.log, sealer.own] }]),
          // In compliance mode a lock can be made longer, and not shorter.
          { Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: [objects] },
        ]),
  ];
}

/** What it adds to the log: nothing is replaced but the checkpoint, and that only over the one that was read. */
function sealerStatements(table: Named, { log, own, checkpoint }: NonNullable<JournalArns['sealer']>): readonly JsonObject[] {
  return [
    { Sid: 'LedgerCreate', Effect: 'Allow', Action: ['s3:PutObject'], Resource: [log, own], Condition: { Null: { 's3:if-none-match': 'false' } } },
    { Sid: 'LedgerPublish', Effect: 'Allow', Action: ['s3:PutObject'], Resource: [checkpoint], Condition: { Null: { 's3:if-match': 'false' } } },
    {
      ...{ Sid: 'LedgerMark', Effect: 'Allow', Action: ['dynamodb:UpdateItem'], Resource: [table] },
      Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'seq', 'unsealedShard', 'size'] } },
    },
    { Sid: 'LedgerLock', Effect: 'Allow', Action: ['s3:PutObjectRetention'], Resource: [log, own] },
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
