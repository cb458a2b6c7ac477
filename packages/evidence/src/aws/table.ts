/**
 * The table of the journal, in the shape of CloudFormation's `AWS::DynamoDB::Table` properties (and of `CreateTable`, but for the TTL).
 *
 * - `pk`, `sk`: what an item is and which one; docs/adr/0013 lists them.
 * - Index `open`: heads of streams with an execution without outcome. Index `waiting`: heads of streams in which an approval was not used,
 *   a gap stands, or something happened that nobody could be notified of.
 *   Index `unsealed`: heads of streams with records that are not sealed.
 *   All are sparse (the attribute is only there while it is so), spread over shards, and hold keys only: what they name is read again, consistently.
 * - TTL `expires` (epoch seconds) is on budgets, and on what names a stream in a place where nothing stands any more. Evidence never expires, and
 *   nothing is ever deleted by the journal.
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
