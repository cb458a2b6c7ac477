/** One statement of an IAM policy. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Resources for {@link journalPermissions}. */
export interface JournalResources {
  readonly tableArn: string;
  readonly bucketArn: string;
  /** As in the journal's options. */
  readonly prefix?: string;
  /** As in the journal's options. The role may then lock what it writes, but never unlock it. */
  readonly lockDays?: number;
  /** For a sealer: the key that signs checkpoints, unless the key policy lets the role sign. */
  readonly keyArn?: string;
  /** For a sealer that replaces its key: the new key. With it, the role may sign with both keys, so omit it before and after the rotation. */
  readonly nextKeyArn?: string;
}

/**
 * The least privileges of a role for the journal.
 *
 * - `worker` (fix, rollback, flag, sweep, approval): `dynamodb:GetItem`, `BatchGetItem`, `Query` on table and indexes; `dynamodb:PutItem`,
 *   `UpdateItem`, `ConditionCheckItem` on the table (there is no action for transactions: each item in one needs its own);
 *   `s3:GetObject`, `s3:ListBucket` (to distinguish a missing document from one that may not be read), and `s3:PutObject` **for keys that do
 *   not exist**: without `If-None-Match` the request is denied, so no document can be replaced. With `lockDays` also `s3:PutObjectRetention`
 *   and `s3:GetObjectRetention`: in compliance mode a lock can be extended, but not shortened.
 * - `auditor` (history, explain, verify, export): `dynamodb:GetItem`, `BatchGetItem`, `Query`, `Scan`, `s3:GetObject`, `s3:ListBucket`. It cannot write.
 *
 * - `sealer`: reads like an auditor; `s3:PutObject` for keys of `ledger/` and `sealer/` that do not exist, and for `ledger/checkpoint` over the version
 *   that was read (`If-Match`); `dynamodb:UpdateItem` only for the attributes of its position; `kms:Sign` with Ed25519, over the message itself. It
 *   writes no record and no document. Workers are denied access to what the sealer writes.
 *
 * No role gets `DeleteItem`, `s3:DeleteObject`, `s3:DeleteObjectVersion`, `BatchWriteItem` or PartiQL: the journal never deletes. IAM cannot
 * require a condition in `PutItem`, so a worker whose code was replaced could overwrite an item. Such a change breaks the chain of the record, and
 * `redress evidence verify` reports it. For the newest records a copy elsewhere is necessary (docs/evidence.md).
 *
 * @example journalPermissions('auditor', { tableArn, bucketArn })
 */
export function journalPermissions(
  role: 'worker' | 'auditor' | 'sealer',
  { tableArn, bucketArn, prefix = '', lockDays, keyArn, nextKeyArn }: JournalResources,
): readonly PolicyStatement[] {
  const objects = [`${bucketArn}/${prefix}*`];
  const reads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', ...(role === 'worker' ? [] : ['dynamodb:Scan'])];
  const statements: PolicyStatement[] = [
    { Sid: 'JournalRead', Effect: 'Allow', Action: reads, Resource: [tableArn, `${tableArn}/index/*`] },
    { Sid: 'JournalReadDocuments', Effect: 'Allow', Action: ['s3:GetObject'], Resource: objects },
    { Sid: 'JournalSeeDocuments', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucketArn] },
  ];
  if (role === 'auditor') return statements;
  const [log, own] = [`${bucketArn}/${prefix}ledger/*`, `${bucketArn}/${prefix}sealer/*`];
  if (role === 'sealer') {
    const checkpoint = `${bucketArn}/${prefix}ledger/checkpoint`;
    const signing = { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' };
    statements.push(
      { Sid: 'LedgerCreate', Effect: 'Allow', Action: ['s3:PutObject'], Resource: [log, own], Condition: { Null: { 's3:if-none-match': 'false' } } },
      { Sid: 'LedgerPublish', Effect: 'Allow', Action: ['s3:PutObject'], Resource: [checkpoint], Condition: { Null: { 's3:if-match': 'false' } } },
      {
        ...{ Sid: 'LedgerMark', Effect: 'Allow', Action: ['dynamodb:UpdateItem'], Resource: [tableArn] },
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'seq', 'unsealedShard', 'size'] } },
      },
    );
    const keys = [keyArn, nextKeyArn].filter((each) => each !== undefined);
    if (keys.length > 0)
      statements.push(
        { Sid: 'LedgerSign', Effect: 'Allow', Action: ['kms:Sign'], Resource: keys, Condition: { StringEquals: signing } },
        { Sid: 'LedgerKey', Effect: 'Allow', Action: ['kms:GetPublicKey'], Resource: keys },
      );
    if (lockDays !== undefined) statements.push({ Sid: 'LedgerLock', Effect: 'Allow', Action: ['s3:PutObjectRetention'], Resource: [log, own] });
    return statements;
  }
  statements.push(
    { Sid: 'JournalAppend', Effect: 'Allow', Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'], Resource: [tableArn] },
    {
      Sid: 'JournalCreateDocuments',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: objects,
      // Denied unless the request can only create.
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
  );
  statements.push({ Sid: 'LedgerIsOfTheSealer', Effect: 'Deny', Action: ['s3:PutObject'], Resource: [log, own] });
  if (lockDays !== undefined)
    statements.push({ Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: objects });
  return statements;
}
