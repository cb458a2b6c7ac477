// Which errors of DynamoDB and S3 are retried, how often, and how the SDK's own clients are configured.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsError, Model } from '../../test/support/model.js';
import { all, opened, ref, verified } from '../../test/support/world.js';
import { awsJournal } from '../aws.js';
import { Store, type StoreOptions } from './store.js';

const decision = { kind: 'decision', resource: ref(), remediator: 'r', body: {} } as const;
const large = { text: 'x'.repeat(70_000) };
const named = (name: string, more: object = {}) => Object.assign(new Error('no'), { name, ...more });

/** Clients that fail the first requests of a kind. */
function failing(model: Model, command: string, errors: readonly unknown[]) {
  const left = [...errors];
  let asked = 0;
  const send = async (sent: { constructor: { name: string } }) => {
    if (sent.constructor.name === `${command}Command`) {
      asked++;
      if (left.length > 0) throw left.shift();
    }
    return model.send(sent as never);
  };
  return { clients: { dynamodb: { send }, s3: { send } }, asked: () => asked };
}

const AGAIN: readonly (readonly [string, unknown])[] = [
  ['that says it is throttled', new AwsError('ThrottlingException', 'no', 400)],
  ['of too many requests', new AwsError('ProvisionedThroughputExceededException', 'no', 400)],
  ['that says to slow down', new AwsError('SlowDown', 'no', 503)],
  ['of the server, under whatever name', new AwsError('Odd', 'no', 500)],
  ['of the server that has a name of its own', new AwsError('InternalServerError', 'no', 400)],
  ['of a connection', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
  ['of a connection, of another kind', named('NetworkingError')],
  ['that was broken off', named('AbortError')],
  ['that took too long', named('TimeoutError')],
  ['without any name', new Error('socket hang up')],
];
const FINAL: readonly (readonly [string, unknown])[] = [
  ['that refuses access', new AwsError('AccessDeniedException', 'no', 400)],
  ['of the client, under whatever name', new AwsError('Odd', 'no', 499)],
  ['of credentials, whatever else it says', named('CredentialsProviderError', { code: 'ENOENT', $metadata: { httpStatusCode: 500 } })],
  ['of the program', new TypeError('no')],
  ['that is none', 'no'],
  ['that is nothing', null],
];

describe.each([
  ['BatchGetItem', (model: Model, clients: object) => opened(model, { clients: clients as never }).view(ref())],
  ['TransactWriteItems', (model: Model, clients: object) => opened(model, { clients: clients as never }).append(decision)],
  ['PutObject', (model: Model, clients: object) => opened(model, { clients: clients as never }).append({ ...decision, documents: { large } })],
] as const)('an error of %s', (command, work) => {
  let model: Model;
  beforeEach(() => {
    model = new Model('t', 'b', { overlap: false });
  });

  it.each(AGAIN)('%s is retried until there is no error', async (_what, error) => {
    const { clients, asked } = failing(model, command, [error, error]);
    await work(model, clients);
    expect(asked()).toBe(3);
    expect((await verified(model)).cut).toEqual([]);
  });

  it.each(FINAL)('%s is not retried', async (_what, error) => {
    const { clients, asked } = failing(model, command, [error]);
    await expect(work(model, clients)).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true });
    expect([asked(), model.items.size]).toEqual([1, 0]);
  });

  it('without a clear cause is retried five times, and throttling for as long as it takes', async () => {
    const unclear = new AwsError('TimeoutError', 'no', null);
    const { clients, asked } = failing(model, command, [unclear, unclear, unclear, unclear, unclear]);
    await expect(work(model, clients)).rejects.toMatchObject({ code: 'journal/unavailable', message: expect.stringContaining('TimeoutError') });
    expect(asked()).toBe(5);
    const throttled = failing(model, command, [unclear, unclear, unclear, unclear, ...Array.from({ length: 4 }, () => new AwsError('SlowDown', 'no', 503))]);
    await work(model, throttled.clients);
    expect(throttled.asked()).toBe(9);
  });
});

describe('a transaction that is cancelled', () => {
  const cancelled = (...Codes: readonly string[]) =>
    new AwsError(
      'TransactionCanceledException',
      'no',
      400,
      Codes.map((Code) => ({ Code })),
    );

  it.each([
    ['another one is in progress', cancelled('None', 'TransactionConflict')],
    ['a part is throttled', cancelled('ThrottlingError', 'None')],
    ['the reason is unknown', new AwsError('TransactionCanceledException', 'no', 400)],
  ])('because %s is retried', async (_why, error) => {
    const model = new Model('t', 'b', { overlap: false });
    const { clients, asked } = failing(model, 'TransactWriteItems', [error]);
    await opened(model, { clients }).append(decision);
    expect([asked(), (await all(opened(model))).length]).toEqual([2, 1]);
  });

  it('because DynamoDB does not accept it fails permanently', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const { clients, asked } = failing(model, 'TransactWriteItems', [cancelled('None', 'ValidationError')]);
    await expect(opened(model, { clients }).append(decision)).rejects.toMatchObject({
      code: 'journal/invalid',
      retryable: false,
      message: expect.stringContaining('ValidationError'),
    });
    expect(asked()).toBe(1);
  });

  it('each time fails when the time for retries is over', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const { clients } = failing(
      model,
      'TransactWriteItems',
      Array.from({ length: 1000 }, () => cancelled('TransactionConflict')),
    );
    await expect(opened(model, { clients, patience: 30 }).append(decision)).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(model.items.size).toBe(0);
  });
});

describe("the SDK's own clients", () => {
  interface Request {
    readonly method: string;
    readonly path: string;
    readonly target: string;
    readonly authorization: string;
  }
  let server: Server;
  let requests: Request[];
  let answer: (target: string) => { status: number; body: string };
  let endpoint: string;
  let sockets: Socket[];
  beforeEach(async () => {
    requests = [];
    sockets = [];
    server = createServer((incoming, outgoing) => {
      const { authorization = '', 'x-amz-target': target = '' } = incoming.headers;
      requests.push({ method: incoming.method ?? '', path: (incoming.url ?? '').split('?')[0] ?? '', target: String(target), authorization });
      incoming.resume().once('end', () => {
        const { status, body } = answer(String(target));
        outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
      });
    });
    server.on('connection', (socket) => void sockets.push(socket));
    // The owner of the client closes it.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const open = () =>
    awsJournal({ table: 't', bucket: 'b', region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } });

  it('use the configured endpoints and credentials, with the bucket in the path', async () => {
    answer = (target) => ({ status: 200, body: target.endsWith('BatchGetItem') ? '{"Responses":{}}' : '{}' });
    const journal = open();
    expect(await journal.view(ref())).toMatchObject({ length: 0 });
    await journal.append({ ...decision, documents: { large } });
    expect(requests.map(({ method, target, path }) => [method, target.split('.')[1] ?? path.slice(0, 9)])).toEqual([
      ['POST', 'BatchGetItem'],
      ['PUT', '/b/blobs/'],
      ['POST', 'TransactWriteItems'],
    ]);
    for (const { authorization } of requests) expect(authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/(?:dynamodb|s3)\/aws4_request/);
    const ended = sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket, 'close'));
    expect(ended.length).toBeGreaterThan(0);
    await journal.close?.();
    await Promise.all(ended);
    // It is opened again at the next use.
    expect(await journal.view(ref())).toMatchObject({ length: 0 });
    await journal.close?.();
  });

  it('retry nothing: the journal counts', async () => {
    answer = () => ({ status: 500, body: '{"__type":"InternalServerError"}' });
    const journal = open();
    await expect(journal.view(ref())).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(requests).toHaveLength(5);
    requests.length = 0;
    await expect(journal.append({ ...decision, resource: ref('b'), documents: { large } })).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(requests).toHaveLength(5);
    await journal.close?.();
  });

  it('are left open if the caller made them', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const closed: string[] = [];
    const sender = (name: string) => ({ send: (command: never) => model.send(command), destroy: () => void closed.push(name) });
    const journal = opened(model, { clients: { dynamodb: sender('dynamodb'), s3: sender('s3') } });
    await journal.view(ref());
    await journal.close?.();
    expect(closed).toEqual([]);
  });
});

describe('the store', () => {
  const NOW = Date.parse('2026-11-24T10:00:00Z');
  const DAY = 86_400_000;
  const HOUR = 3_600_000;
  type Command = { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> };
  let model: Model;
  let commands: Command[];
  beforeEach(() => {
    model = new Model('t', 'b', { overlap: false, page: 1 });
    commands = [];
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const sender = (reply: (command: Command) => unknown) => ({
    send: async (command: never) => {
      commands.push(command);
      return reply(command);
    },
  });
  const storeOf = (more: Partial<StoreOptions> = {}, reply: (command: Command) => unknown = (command) => model.send(command)) =>
    new Store({ table: 't', bucket: 'b', clients: { dynamodb: sender(reply), s3: sender(reply) }, ...more });
  const inputs = (name: string) => commands.filter((each) => each.constructor.name === `${name}Command`).map(({ input }) => input);

  it('creates a document and replaces none, locked for the given time and an hour', async () => {
    expect(await storeOf().put('k', 'text')).toBe(true);
    expect(await storeOf({ prefix: 'evidence/', lockDays: 10 }).put('l', 'text')).toBe(true);
    const created = { Bucket: 'b', Body: 'text', ContentType: 'application/json', IfNoneMatch: '*' };
    expect(inputs('PutObject')).toEqual([
      { ...created, Key: 'k' },
      { ...created, Key: 'evidence/l', ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(NOW + 10 * DAY + HOUR) },
    ]);
    expect([...model.objects]).toEqual([
      ['k', 'text'],
      ['evidence/l', 'text'],
    ]);
  });

  it('creates it once an hour', async () => {
    const store = storeOf();
    const asked = async (milliseconds: number) => {
      vi.setSystemTime(NOW + milliseconds);
      expect(await store.put('k', 'text')).toBe(true);
      return inputs('PutObject').length;
    };
    expect([await asked(0), await asked(HOUR - 1), await asked(HOUR), await asked(2 * HOUR - 1)]).toEqual([1, 1, 2, 2]);
    // Another document is stored, and another worker does not know of this one.
    await store.put('l', 'text');
    await storeOf().put('k', 'text');
    expect(inputs('PutObject').map(({ Key }) => Key)).toEqual(['k', 'k', 'l', 'k']);
  });

  it('stores nothing whose lock would have ended, to the millisecond', async () => {
    const store = storeOf({ lockDays: 10 });
    expect(await store.put('old', 'text', NOW - 10 * DAY - HOUR)).toBe(false);
    expect(inputs('PutObject')).toEqual([]);
    expect(await store.put('young', 'text', NOW - 10 * DAY - HOUR + 1)).toBe(true);
    // A future time counts as now.
    expect(await store.put('ahead', 'text', NOW + 99 * DAY)).toBe(true);
    expect(inputs('PutObject').map((each) => each['ObjectLockRetainUntilDate'])).toEqual([new Date(NOW + 1), new Date(NOW + 10 * DAY + HOUR)]);
    // Without a lock, nothing could have ended.
    expect(await storeOf().put('old', 'text', NOW - 1000 * DAY)).toBe(true);
  });

  it('reads a document unchanged, and a missing one as null', async () => {
    await storeOf({ prefix: 'evidence/' }).put('k', 'text');
    expect(await storeOf({ prefix: 'evidence/' }).text('k')).toBe('text');
    expect(await storeOf().text('k')).toBeNull();
    expect(await storeOf({}, () => ({})).text('k')).toBe('');
    expect(inputs('GetObject')).toEqual([
      { Bucket: 'b', Key: 'evidence/k' },
      { Bucket: 'b', Key: 'k' },
      { Bucket: 'b', Key: 'k' },
    ]);
    await expect(storeOf({}, () => Promise.reject(new AwsError('AccessDenied', 'no', 403))).text('k')).rejects.toMatchObject({ code: 'journal/unavailable' });
  });

  it('queries a partition, a part of it, and an index, page by page', async () => {
    const pages: unknown[] = [{ Items: [{ n: { N: '1' } }], LastEvaluatedKey: { pk: { S: 'x' } } }, { Items: [{ n: { N: '2' } }] }];
    const asked = async (of: Parameters<Store['query']>[0], replies: unknown[]) => {
      const found: unknown[] = [];
      commands = [];
      for await (const item of storeOf({}, () => replies.shift()).query(of)) found.push(item['n']?.N);
      return { found, inputs: inputs('Query') };
    };
    const whole = {
      TableName: 't',
      ConsistentRead: true,
      KeyConditionExpression: '#pk = :pk',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':pk': { S: 'p' } },
    };
    expect(await asked({ pk: 'p' }, pages)).toEqual({ found: ['1', '2'], inputs: [whole, { ...whole, ExclusiveStartKey: { pk: { S: 'x' } } }] });
    const part = {
      ...whole,
      KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
      ExpressionAttributeValues: { ':pk': { S: 'p' }, ':from': { S: 'a' }, ':to': { S: 'b' } },
    };
    expect(await asked({ pk: 'p', from: 'a', to: 'b' }, [{}])).toEqual({ found: [], inputs: [part] });
    const { ConsistentRead: _, ...index } = { ...whole, IndexName: 'open', ExpressionAttributeNames: { '#pk': 'openShard' } };
    expect(await asked({ pk: 'p', index: { name: 'open', key: 'openShard' } }, [{}])).toEqual({ found: [], inputs: [index] });
  });

  it('finds each partition once, in order, and none with another prefix', async () => {
    const replies: unknown[] = [{ Items: [{ pk: { S: 'b' } }, { pk: { S: 'a' } }], LastEvaluatedKey: { pk: { S: 'a' } } }, { Items: [{ pk: { S: 'b' } }, {}] }];
    expect(await storeOf({}, () => replies.shift()).partitions('stream#')).toEqual(['a', 'b']);
    const scan = {
      TableName: 't',
      ConsistentRead: true,
      ProjectionExpression: '#pk',
      FilterExpression: 'begins_with(#pk, :prefix)',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':prefix': { S: 'stream#' } },
    };
    expect(inputs('Scan')).toEqual([scan, { ...scan, ExclusiveStartKey: { pk: { S: 'a' } } }]);
  });

  it('requests no item if none is wanted, and requests all unprocessed items of a batch again', async () => {
    expect(await storeOf().getAll([])).toEqual([]);
    expect(commands).toEqual([]);
    const put = { pk: { S: 'b' }, sk: { S: 'head' } };
    const replies: unknown[] = [{ Responses: { t: [{ n: { N: '1' } }] }, UnprocessedKeys: { t: { Keys: [put] } } }, { Responses: { t: [{ n: { N: '2' } }] } }];
    const keys = ['a', 'b'].map((pk) => ({ pk, sk: 'head' }));
    expect(await storeOf({}, () => replies.shift()).getAll(keys)).toEqual([{ n: { N: '1' } }, { n: { N: '2' } }]);
    const batch = (Keys: unknown[]) => ({ RequestItems: { t: { Keys, ConsistentRead: true } } });
    expect(inputs('BatchGetItem')).toEqual([batch([{ pk: { S: 'a' }, sk: { S: 'head' } }, put]), batch([put])]);
  });

  it('reports by position which condition of a transaction failed', async () => {
    const item = { pk: { S: 'p' } };
    const reasons = [{ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: item }, { Code: 'TransactionConflict' }, { Code: 'ConditionalCheckFailed' }];
    const store = storeOf({}, () => Promise.reject(new AwsError('TransactionCanceledException', 'no', 400, reasons)));
    const failed = new Map([
      [1, item],
      [3, null],
    ]);
    const asked: unknown[] = [];
    const transact = (ours: boolean) =>
      store.transact([], 'token', (found) => {
        asked.push(found);
        return ours;
      });
    expect(await transact(false)).toEqual({ kind: 'refused', failed });
    expect(await transact(true)).toEqual({ kind: 'done' });
    expect(asked).toEqual([failed, failed]);
    expect(inputs('TransactWriteItems')[0]).toEqual({ TransactItems: [], ClientRequestToken: 'token' });
  });

  it('gives up after ten seconds or the given time; the first request waits for no other', async () => {
    const before = performance.now();
    const deadline = storeOf().deadline();
    expect(deadline).toBeGreaterThanOrEqual(before + 10_000);
    expect(deadline).toBeLessThanOrEqual(performance.now() + 10_000);
    expect(storeOf({ patience: 0 }).deadline()).toBeLessThanOrEqual(performance.now());
    const store = storeOf();
    await store.turn(0, performance.now() - 1);
    for (const attempt of [1, 2, 3]) {
      await store.turn(attempt, Number.POSITIVE_INFINITY);
      await expect(store.turn(attempt, performance.now() - 1)).rejects.toMatchObject({
        code: 'journal/unavailable',
        retryable: true,
        message: expect.stringMatching(/table t and bucket b .*: Error: other writers were faster each time$/),
      });
    }
  });
});
