// Which errors of DynamoDB and S3 are tried again, how often, and what the SDK's own clients are made of.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError, Model } from '../../test/support/model.js';
import { all, opened, ref, verified } from '../../test/support/world.js';
import { awsJournal } from '../aws.js';

const decision = { kind: 'decision', resource: ref(), remediator: 'r', body: {} } as const;
const large = { text: 'x'.repeat(70_000) };
const named = (name: string, more: object = {}) => Object.assign(new Error('no'), { name, ...more });

/** Clients that answer the first requests of a kind with errors. */
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

  it.each(AGAIN)('%s is tried again, until there is no error', async (_what, error) => {
    const { clients, asked } = failing(model, command, [error, error]);
    await work(model, clients);
    expect(asked()).toBe(3);
    expect((await verified(model)).cut).toEqual([]);
  });

  it.each(FINAL)('%s is not tried again', async (_what, error) => {
    const { clients, asked } = failing(model, command, [error]);
    await expect(work(model, clients)).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true });
    expect([asked(), model.items.size]).toEqual([1, 0]);
  });

  it('that is unclear is tried five times, and one of being throttled for as long as it takes', async () => {
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
    ['another one is under way', cancelled('None', 'TransactionConflict')],
    ['a part is throttled', cancelled('ThrottlingError', 'None')],
    ['nobody says why', new AwsError('TransactionCanceledException', 'no', 400)],
  ])('because %s is sent again', async (_why, error) => {
    const model = new Model('t', 'b', { overlap: false });
    const { clients, asked } = failing(model, 'TransactWriteItems', [error]);
    await opened(model, { clients }).append(decision);
    expect([asked(), (await all(opened(model))).length]).toEqual([2, 1]);
  });

  it('because DynamoDB does not take it is refused for good', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const { clients, asked } = failing(model, 'TransactWriteItems', [cancelled('None', 'ValidationError')]);
    await expect(opened(model, { clients }).append(decision)).rejects.toMatchObject({
      code: 'journal/invalid',
      retryable: false,
      message: expect.stringContaining('ValidationError'),
    });
    expect(asked()).toBe(1);
  });

  it('each time is given up when patience is over', async () => {
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
  beforeEach(async () => {
    requests = [];
    server = createServer((incoming, outgoing) => {
      const { authorization = '', 'x-amz-target': target = '' } = incoming.headers;
      requests.push({ method: incoming.method ?? '', path: (incoming.url ?? '').split('?')[0] ?? '', target: String(target), authorization });
      incoming.resume().once('end', () => {
        const { status, body } = answer(String(target));
        outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const open = () =>
    awsJournal({ table: 't', bucket: 'b', region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } });

  it('go where the options say, as whom they say, and a bucket is a part of the path there', async () => {
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
    await journal.close?.();
    // Opened once more by whoever uses it again.
    expect(await journal.view(ref())).toMatchObject({ length: 0 });
    await journal.close?.();
  });

  it('try nothing again by themselves: the journal counts', async () => {
    answer = () => ({ status: 500, body: '{"__type":"InternalServerError"}' });
    const journal = open();
    await expect(journal.view(ref())).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(requests).toHaveLength(5);
    requests.length = 0;
    await expect(journal.append({ ...decision, resource: ref('b'), documents: { large } })).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(requests).toHaveLength(5);
    await journal.close?.();
  });

  it('are left open where they are somebody else’s', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const closed: string[] = [];
    const sender = (name: string) => ({ send: (command: never) => model.send(command), destroy: () => void closed.push(name) });
    const journal = opened(model, { clients: { dynamodb: sender('dynamodb'), s3: sender('s3') } });
    await journal.view(ref());
    await journal.close?.();
    expect(closed).toEqual([]);
  });
});
