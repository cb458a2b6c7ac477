/** One statement of an IAM policy. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What {@link journalPermissions} is about. */
export interface JournalResources {
  readonly tableArn: string;
  readonly bucketArn: string;
  /** As given to the journal. */
  readonly prefix?: string;
  /** As given to the journal: the role then may lock what it writes, and never unlock it. */
  readonly lockDays?: number;
  /** Of a sealer: the key that signs checkpoints, unless its own policy lets the role sign. */
  readonly keyArn?: string;
  /** Of a sealer that replaces its key: the one that takes its place. With it the role signs with both, so leave it out before and after. */
  readonly nextKeyArn?: string;
}

/**
 * What a role needs for the journal, and nothing else.
 *
 * - `worker` (fix, rollback, flag, sweep, approval): `dynamodb:GetItem`, `BatchGetItem`, `Query` on table and indexes; `dynamodb:PutItem`,
 *   `UpdateItem`, `ConditionCheckItem` on the table (there is no action for transactions: each item in one needs its own);
 *   `s3:GetObject`, `s3:ListBucket` (so that a document that is gone is told from one that may not be read), and `s3:PutObject` **for keys that do
 *   not exist**: without `If-None-Match` the request is denied, so no document can be replaced. With `lockDays` also `s3:PutObjectRetention`
 *   and `s3:GetObjectRetention`: in compliance mode a lock can be made longer, and not shorter.
 * - `auditor` (history, explain, verify, export): `dynamodb:GetItem`, `BatchGetItem`, `Query`, `Scan`, `s3:GetObject`, `s3:ListBucket`. Nothing that writes.
 *
 * - `sealer`: reads as an auditor does; `s3:PutObject` for keys of `ledger/` and `sealer/` that do not exist, and for `ledger/checkpoint` over the one
 *   that was read (`If-Match`); `dynamodb:UpdateItem` for the attributes alone that say how far it has come; `kms:Sign` with Ed25519, over the message
 *   itself. It writes no record and no document. Workers are denied what is the sealer's.
 *
 * Nobody gets `DeleteItem`, `s3:DeleteObject`, `s3:DeleteObjectVersion`, `BatchWriteItem` or PartiQL: the journal never deletes. IAM cannot
 * ask for a condition in `PutItem`: a worker whose code was replaced could write over an item. A record changed so breaks its chain, and
 * `redress evidence verify` names it; the newest ones need a copy elsewhere (docs/evidence.md).
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
      // Not allowed unless the request says that it only creates.
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
  );
  statements.push({ Sid: 'LedgerIsOfTheSealer', Effect: 'Deny', Action: ['s3:PutObject'], Resource: [log, own] });
  if (lockDays !== undefined)
    statements.push({ Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: objects });
  return statements;
}
