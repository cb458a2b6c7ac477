/**
 * The table of the journal, as properties of CloudFormation's `AWS::DynamoDB::Table` (and of `CreateTable`, except for the TTL).
 *
 * - `pk`, `sk`: kind and identity of an item; docs/adr/0013 lists them.
 * - Index `open`: heads of streams with an execution without an outcome. Index `waiting`: heads of streams with an unused approval, an open gap,
 *   or an outcome of which nobody could be notified.
 *   Index `unsealed`: heads of streams with records that are not sealed.
 *   All are sparse (the attribute exists only while the condition holds), spread over shards, and contain only keys. The items are read again,
 *   consistently.
 * - TTL `expires` (epoch seconds) is on budgets, and on items that name a stream in a place where no gap is open any more. Evidence never expires, and
 *   the journal never deletes anything.
 *
 * @example new CfnTable(this, 'Journal', { ...JOURNAL_TABLE })
 */
export const JOURNAL_TABLE = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'openShard', AttributeType: 'S' },
    { AttributeName: 'waitingShard', AttributeType: 'S' },
    { AttributeName: 'unsealedShard', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'open',
      KeySchema: [
        { AttributeName: 'openShard', KeyType: 'HASH' },
        { AttributeName: 'pk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
    {
      IndexName: 'waiting',
      KeySchema: [
        { AttributeName: 'waitingShard', KeyType: 'HASH' },
        { AttributeName: 'pk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
    {
      IndexName: 'unsealed',
      KeySchema: [
        { AttributeName: 'unsealedShard', KeyType: 'HASH' },
        { AttributeName: 'pk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
  BillingMode: 'PAY_PER_REQUEST',
} as const;
