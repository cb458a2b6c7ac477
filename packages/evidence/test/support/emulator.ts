// Tables and buckets in servers that speak as DynamoDB and S3 do.
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { JOURNAL_TABLE } from '../../src/aws/table.js';

export interface Clients {
  readonly dynamodb: { send(command: never): Promise<unknown> };
  readonly s3: { send(command: never): Promise<unknown> };
}

/** A table and a bucket of a test. */
export interface Made {
  readonly table: string;
  readonly bucket: string;
  remove(): Promise<void>;
}

/** Two servers, or one for both. */
export interface Servers {
  readonly clients: Clients;
  make(options?: { readonly lock?: boolean }): Promise<Made>;
}

/** `CreateTable` of {@link JOURNAL_TABLE}; time to live is another call there. */
function createTable(name: string): CreateTableCommand {
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  return new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']);
}

/** Clients that send whatever they are given at once. */
export function servers(endpoints: { readonly dynamodb: string; readonly s3: string }): Servers {
  const config = { region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  return made(new DynamoDBClient({ ...config, endpoint: endpoints.dynamodb }), new S3Client({ ...config, endpoint: endpoints.s3, forcePathStyle: true }));
}

/** Clients that send one request at a time: the emulator's transactions are not safe otherwise. */
export function emulator(endpoint: string): Servers {
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = (client: Clients['s3']) => ({
    send(command: never) {
      const mine = last.then(() => client.send(command));
      last = mine.catch(() => undefined);
      return mine;
    },
  });
  const { clients } = servers({ dynamodb: endpoint, s3: endpoint });
  return made(oneByOne(clients.dynamodb), oneByOne(clients.s3));
}

function made(dynamodb: Clients['dynamodb'], s3: Clients['s3']): Servers {
  return {
    clients: { dynamodb, s3 },
    async make({ lock = false } = {}) {
      const name = `journal-${crypto.randomUUID()}`;
      await dynamodb.send(createTable(name) as never);
      await s3.send(new CreateBucketCommand({ Bucket: name, ...(lock ? { ObjectLockEnabledForBucket: true } : {}) }) as never);
      return { table: name, bucket: name, remove: async () => void (await dynamodb.send(new DeleteTableCommand({ TableName: name }) as never)) };
    },
  };
}
