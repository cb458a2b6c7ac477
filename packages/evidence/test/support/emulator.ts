// A table and a bucket in the emulator, and clients that send one request at a time: the emulator's transactions are not safe otherwise.
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { JOURNAL_TABLE } from '../../src/aws/table.js';

export interface Clients {
  readonly dynamodb: { send(command: never): Promise<unknown> };
  readonly s3: { send(command: never): Promise<unknown> };
}

/** `CreateTable` of {@link JOURNAL_TABLE}; time to live is another call there. */
function createTable(name: string): CreateTableCommand {
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  return new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']);
}

export function emulator(endpoint: string) {
  const config = { endpoint, region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = <T extends { send(command: never): Promise<unknown> }>(client: T): T => {
    const send = client.send.bind(client) as (command: never) => Promise<unknown>;
    client.send = ((command: never) => {
      const mine = last.then(() => send(command));
      last = mine.catch(() => undefined);
      return mine;
    }) as T['send'];
    return client;
  };
  const dynamodb = oneByOne(new DynamoDBClient(config));
  const s3 = oneByOne(new S3Client({ ...config, forcePathStyle: true }));
  return {
    clients: { dynamodb, s3 } as Clients,
    async make({ lock = false } = {}): Promise<{ table: string; bucket: string; remove(): Promise<void> }> {
      const name = `journal-${crypto.randomUUID()}`;
      await dynamodb.send(createTable(name));
      await s3.send(new CreateBucketCommand({ Bucket: name, ...(lock ? { ObjectLockEnabledForBucket: true } : {}) }));
      return { table: name, bucket: name, remove: async () => void (await dynamodb.send(new DeleteTableCommand({ TableName: name }))) };
    },
  };
}
