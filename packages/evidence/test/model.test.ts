// The model of DynamoDB and S3 answers as the emulator does, call by call; races are judged on the model.
import { BatchGetItemCommand, GetItemCommand, QueryCommand, ScanCommand, type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Clients, emulator } from './support/emulator.js';
import { Model } from './support/model.js';

const aws = emulator(inject('moto'));
let made: Awaited<ReturnType<typeof aws.make>>;
beforeAll(async () => {
  made = await aws.make();
});
afterAll(() => made.remove());

/** An answer or an error, without what is nobody's business: request ids, times, texts, the order of sets. */
async function told(clients: Clients, of: 'dynamodb' | 's3', command: object): Promise<unknown> {
  try {
    const reply = (await clients[of].send(command as never)) as Record<string, unknown>;
    const { Item, Items, Responses, LastEvaluatedKey, Body, Count } = reply;
    const text = Body === undefined ? undefined : await (Body as { transformToString(): Promise<string> }).transformToString();
    return plain({ Item, Items, Responses: Object.values(Responses ?? {}), more: LastEvaluatedKey !== undefined, text, Count });
  } catch (error) {
    const { name, $metadata, CancellationReasons } = error as {
      name: string;
      $metadata: { httpStatusCode: number };
      CancellationReasons?: { Code: string; Item?: object }[];
    };
    return plain({ name, status: $metadata.httpStatusCode, reasons: CancellationReasons?.map(({ Code, Item }) => ({ Code, Item })) });
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) => {
      if (key === 'SS') return [...(each as string[])].sort();
      if (key === 'B') return Buffer.from(Object.values(each as object)).toString('hex');
      if (key === 'Responses') return (each as unknown[]).map((list) => sorted(list as object[]));
      return typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each;
    }),
  );
}

function sorted(list: object[]): object[] {
  return [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const key = (pk: string, sk = 'a') => ({ pk: { S: pk }, sk: { S: sk } });

it('answers each transaction, read and query like the emulator', async () => {
  const TableName = made.table;
  const names = { '#taken': 'taken', '#n': 'n' };
  const part = fc.constantFrom('p', 'q');
  const sort = fc.constantFrom('a', 'b', 'c');
  const entry = fc.constantFrom('1.x', '2.y', '3.z');
  const old = fc.constantFrom({}, { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const });
  const number = fc.integer({ min: 0, max: 3 }).map(String);
  const put = fc.record({ pk: part, sk: sort, n: number, open: fc.boolean(), condition: fc.constantFrom('none', 'absent', 'same'), old }).map(
    ({ pk, sk, n, open, condition, old: more }): TransactWriteItem => ({
      Put: {
        TableName,
        Item: {
          ...key(pk, sk),
          n: { N: n },
          digest: { S: `d${n}` },
          state: { B: new Uint8Array([1, 2, Number(n)]) },
          ...(open ? { openShard: { S: 'open#1' } } : {}),
        },
        ...(condition === 'none'
          ? {}
          : condition === 'absent'
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#n = :n AND #digest = :digest AND #open = :n',
                ExpressionAttributeNames: { '#n': 'n', '#digest': 'digest', '#open': 'n' },
                ExpressionAttributeValues: { ':n': { N: n }, ':digest': { S: `d${n}` } },
              }),
        ...more,
      },
    }),
  );
  const add = fc.record({ pk: part, sk: sort, entry, most: number, old }).map(
    ({ pk, sk, entry: one, most, old: more }): TransactWriteItem => ({
      Update: {
        TableName,
        Key: key(pk, sk),
        UpdateExpression: 'ADD #taken :entry, #n :one SET #keep = if_not_exists(#keep, :keep), #digest = :digest',
        ConditionExpression: 'attribute_not_exists(#taken) OR size(#taken) < :most',
        ExpressionAttributeNames: { ...names, '#keep': 'keep', '#digest': 'digest' },
        ExpressionAttributeValues: { ':entry': { SS: [one] }, ':one': { N: '1' }, ':keep': { N: most }, ':most': { N: most }, ':digest': { S: 'd9' } },
        ...more,
      },
    }),
  );
  const replace = fc.record({ pk: part, sk: sort, entry, version: number, old }).map(
    ({ pk, sk, entry: one, version, old: more }): TransactWriteItem => ({
      Update: {
        TableName,
        Key: key(pk, sk),
        UpdateExpression: 'ADD #n :one SET #taken = :taken',
        ConditionExpression: version === '0' ? 'attribute_not_exists(#n)' : '#n = :version',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':taken': { SS: [one, '9.w'] }, ':one': { N: '1' }, ...(version === '0' ? {} : { ':version': { N: version } }) },
        ...more,
      },
    }),
  );
  const remove = fc.record({ pk: part, sk: sort, entry }).map(
    ({ pk, sk, entry: one }): TransactWriteItem => ({
      Update: {
        TableName,
        Key: key(pk, sk),
        UpdateExpression: 'ADD #n :one DELETE #taken :entry',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':one': { N: '1' }, ':entry': { SS: [one] } },
      },
    }),
  );
  const check = fc.record({ pk: part, sk: sort, n: number, old }).map(
    ({ pk, sk, n, old: more }): TransactWriteItem => ({
      ConditionCheck: {
        TableName,
        Key: key(pk, sk),
        ConditionExpression: 'attribute_not_exists(pk) OR #n = :n',
        ExpressionAttributeNames: { '#n': 'n' },
        ExpressionAttributeValues: { ':n': { N: n } },
        ...more,
      },
    }),
  );
  const transaction = fc
    .array(fc.oneof(put, add, replace, remove, check), { minLength: 1, maxLength: 4 })
    .map((TransactItems) => new TransactWriteItemsCommand({ TransactItems }));
  const read = fc.oneof(
    fc.tuple(part, sort).map(([pk, sk]) => new GetItemCommand({ TableName, Key: key(pk, sk), ConsistentRead: true })),
    part.map((pk) => new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: ['a', 'b', 'z'].map((sk) => key(pk, sk)), ConsistentRead: true } } })),
    fc
      .tuple(
        part,
        fc.tuple(sort, sort).map((each) => each.sort()),
      )
      .map(
        ([pk, [from, to]]) =>
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
            ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
            // The other way round is refused by both; the journal never asks so.
            ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from as string }, ':to': { S: to as string } },
          }),
      ),
    fc.constant(
      new QueryCommand({
        TableName,
        IndexName: 'open',
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'openShard' },
        ExpressionAttributeValues: { ':pk': { S: 'open#1' } },
      }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof({ weight: 3, arbitrary: transaction }, read), { minLength: 4, maxLength: 14 }), fc.uuid(), async (commands, run) => {
      // Each run has partitions of its own.
      const own = JSON.parse(
        JSON.stringify(
          commands.map(({ input }) => input),
          (_, each: unknown) => (each instanceof Uint8Array ? { bytes: [...each] } : each),
        ),
        (name, each: unknown) => {
          if (typeof each === 'object' && each !== null && 'bytes' in each) return new Uint8Array(each.bytes as number[]);
          if (name === 'S' && (each === 'p' || each === 'q')) return `${run}${each}`;
          return name === 'S' && each === 'open#1' ? `${run}open` : each;
        },
      ) as never[];
      const model = new Model(made.table, made.bucket, { overlap: false, page: 1000 });
      for (const [index, input] of own.entries()) {
        const command = new (commands[index] as object as { constructor: new (input: never) => object }).constructor(input);
        expect(await told(model.clients, 'dynamodb', command)).toEqual(await told(aws.clients, 'dynamodb', command));
      }
    }),
    { numRuns: 25 },
  );
});

it('answers requests that the journal never sends on purpose like the emulator', async () => {
  const model = new Model(made.table, made.bucket, { overlap: false, page: 1000 });
  const TableName = made.table;
  const Put = (pk: string, more: object = {}) => ({ Put: { TableName, Item: { ...key(pk), ...more } } });
  const commands: [string, 'dynamodb' | 's3', object][] = [
    ['two operations on one item', 'dynamodb', new TransactWriteItemsCommand({ TransactItems: [Put('twice'), Put('twice')] })],
    ['another table', 'dynamodb', new GetItemCommand({ TableName: 'none', Key: key('a') })],
    ['the same key twice in a batch', 'dynamodb', new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('a'), key('a')] } } })],
    ['a document', 's3', new PutObjectCommand({ Bucket: made.bucket, Key: 'k', Body: 'one', IfNoneMatch: '*' })],
    ['a document that is there', 's3', new PutObjectCommand({ Bucket: made.bucket, Key: 'k', Body: 'two', IfNoneMatch: '*' })],
    ['reading it', 's3', new GetObjectCommand({ Bucket: made.bucket, Key: 'k' })],
    ['one that is not there', 's3', new GetObjectCommand({ Bucket: made.bucket, Key: 'none' })],
    ['another bucket', 's3', new GetObjectCommand({ Bucket: 'no-such-bucket-anywhere', Key: 'k' })],
    [
      'everything',
      'dynamodb',
      new ScanCommand({
        TableName,
        ProjectionExpression: '#pk',
        FilterExpression: 'begins_with(#pk, :p)',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':p': { S: 'twice' } },
      }),
    ],
  ];
  for (const [name, of, command] of commands) expect([name, await told(model.clients, of, command)]).toEqual([name, await told(aws.clients, of, command)]);
});
