import type { JsonObject } from '@redress/core';
import type { PolicyDocument } from './divided.js';

/** A resource in a standalone policy or a template. */
type Named = string | JsonObject;

/** The location of the journal. */
export interface JournalArns {
  readonly table: Named;
  /** Every index of it. */
  readonly indexes: Named;
  readonly bucket: Named;
  /** Every object of it. */
  readonly objects: Named;
  /** What only the sealer writes: the log including its checkpoint, and the sealer's decisions. */
  readonly sealer?: { readonly log: Named; readonly own: Named; readonly checkpoint: Named };
}

/**
 * Permissions for the journal: those of `journalPermissions` of `@redress/evidence/aws`, which this package may not import. A test compares the two. Records
 * are only appended: no role may delete, and documents can only be created.
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
          // In compliance mode a lock can be extended, but not shortened.
          { Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: [objects] },
        ]),
  ];
}

/** Permissions to write the log: it replaces nothing but the checkpoint, and that only over the version that was read. */
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

/** Input of {@link auditorPolicy}: the outputs `TableName` and `BucketName` of the hub. */
export interface AuditorOptions {
  readonly table: string;
  readonly bucket: string;
  /** As given to the journal. */
  readonly prefix?: string;
  /** The account of the hub; default any. */
  readonly account?: string;
}

/** The policy for reading, verifying and exporting the journal. It allows no changes, and no reads of resources: that is what the policy `read` is for. */
export function auditorPolicy({ table, bucket, prefix = '', account = '*' }: AuditorOptions): PolicyDocument {
  const arn = `arn:*:dynamodb:*:${account}:table/${table}`;
  const arns = { table: arn, indexes: `${arn}/index/*`, bucket: `arn:*:s3:::${bucket}`, objects: `arn:*:s3:::${bucket}/${prefix}*` };
  return { Version: '2012-10-17', Statement: journalStatements('auditor', arns) };
}
