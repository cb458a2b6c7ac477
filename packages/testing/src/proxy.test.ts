// Calls on the connections of the proxy are recorded, and fail, as those to its endpoint: only the detour is missing.
import { type Agent, createServer, globalAgent, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RecordingProxy, recordingProxy } from './proxy.js';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In the pieces in which it is sent. */
  readonly body: readonly string[];
}

interface Answered {
  readonly status: number | undefined;
  readonly body: string;
  /** Which server answered. */
  readonly port: number | undefined;
}

const authorization = (service: string) => `AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
const form = (service: string, ...body: string[]): Asked => ({
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: authorization(service) },
  body,
});
const json = (target: string): Asked => ({
  method: 'POST',
  path: '/',
  headers: { 'X-Amz-Target': target, authorization: authorization('logs') },
  body: ['{}'],
});

let reached: { readonly method: string | undefined; readonly url: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: string }[];
let upstream: ReturnType<typeof createServer>;
let port: number;
let proxy: RecordingProxy;
beforeEach(async () => {
  reached = [];
  upstream = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method, url, headers } = incoming;
    reached.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    if (url === '/unknown') outgoing.writeHead(404, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>404 Not Found</title>');
    else if (url === '/pieces') {
      outgoing.writeHead(404, { 'content-type': 'text/html' }).write(' ');
      setImmediate(() => outgoing.write('<!doc', () => setImmediate(() => outgoing.end('type html><title>404 Not Found</title>'))));
    } else if (url === '/refused') outgoing.writeHead(404, { 'content-type': 'text/html' }).end('<Error><Code>NoSuchBucket</Code></Error>');
    else outgoing.writeHead(url === '/busy' ? 503 : 200, { 'content-type': 'text/xml' }).end('<Done/>');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  ({ port } = upstream.address() as AddressInfo);
  proxy = await recordingProxy(`http://127.0.0.1:${port}`);
});
afterEach(async () => {
  await proxy.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

function ask({ method, path, headers, body }: Asked, agent: Agent): Promise<Answered> {
  const { hostname, port: to } = new URL(proxy.endpoint);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port: to, method, path, headers, agent }, async (reply) => {
      const from = reply.socket.remotePort;
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of reply) chunks.push(chunk as Buffer);
      } catch (error) {
        reject(error);
      }
      resolve({ status: reply.statusCode, body: Buffer.concat(chunks).toString(), port: from });
    });
    sent.once('error', reject);
    for (const piece of body.slice(0, -1)) sent.write(piece);
    sent.end(body.at(-1));
  });
}

it.each<[string, Asked]>([
  ['a form', form('ec2', 'Action=RevokeSecurityGroupIngress&Version=2016-11-15')],
  ['a form in pieces', form('rds', 'Action=Modify', 'DBInstance&Version=2014-10-31', '&DBInstanceIdentifier=a')],
  ['a read', form('iam', 'Action=ListUsers&Version=2010-05-08')],
  ['a target', json('Logs_20140328.PutRetentionPolicy')],
  ['a path', { method: 'PUT', path: '/bucket?encryption', headers: { authorization: authorization('s3') }, body: ['<E/>'] }],
  ['a path without a body', { method: 'GET', path: '/bucket?policy=', headers: { authorization: authorization('s3') }, body: [] }],
  ['an error', { method: 'GET', path: '/busy', headers: { authorization: authorization('lambda') }, body: [] }],
  ['an operation that the emulator does not have', { method: 'GET', path: '/unknown', headers: { authorization: authorization('lambda') }, body: [] }],
  ['one whose page comes in pieces', { method: 'GET', path: '/pieces', headers: { authorization: authorization('lambda') }, body: [] }],
  ['an error that only looks like that', { method: 'GET', path: '/refused', headers: { authorization: authorization('s3') }, body: [] }],
])('records %s as if it had gone to the endpoint, and does not make the detour', async (_, asked) => {
  const detour = await ask(asked, globalAgent);
  const direct = await ask(asked, proxy.connections);
  expect(direct).toEqual({ ...detour, port });
  expect(detour.port).not.toBe(port);
  const [first, second, ...more] = proxy.calls;
  expect(second).toEqual(first);
  expect([second?.status, second?.forwarded, more]).toEqual([direct.status, true, []]);
  const [one, other] = reached.map(({ headers: { connection: __, 'transfer-encoding': ___, 'content-length': ____, ...headers }, ...rest }) => ({
    ...rest,
    headers,
  }));
  expect(other).toEqual(one);
});

it.each(['denied', 'throttled', 'gone', 'server-error'] as const)('a fault hits a call on them as well: %s', async (kind) => {
  const asked = form('ec2', 'Action=RevokeSecurityGroupIngress');
  const outcomes = [];
  for (const agent of [globalAgent, proxy.connections]) {
    proxy.inject({ kind, on: 'RevokeSecurityGroupIngress' });
    const { status, body } = await ask(asked, agent);
    outcomes.push({ status, body, call: proxy.calls.at(-1) });
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
  expect(outcomes[1]?.call).toMatchObject({ fault: kind, forwarded: false });
  expect(reached).toEqual([]);
  expect(await ask(asked, proxy.connections)).toMatchObject({ status: 200, port });
});

it('a call on them loses its reply after it has had its effect', async () => {
  proxy.inject({ kind: 'lost-reply', on: (call) => call.write });
  await expect(ask(form('ec2', 'Action=RevokeSecurityGroupIngress'), proxy.connections)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(proxy.calls).toMatchObject([{ operation: 'RevokeSecurityGroupIngress', fault: 'lost-reply', forwarded: true, status: null }]);
  expect(reached).toHaveLength(1);
});

it('what a fault is not for goes on, is recorded once, and does not make the detour', async () => {
  proxy.inject({ kind: 'denied', on: 'RevokeSecurityGroupIngress' });
  expect(await ask(form('ec2', 'Action=Describe', 'SecurityGroups'), proxy.connections)).toMatchObject({ status: 200, port });
  expect(proxy.calls).toMatchObject([{ operation: 'DescribeSecurityGroups', fault: null, forwarded: true, status: 200 }]);
});

it('a fault hits a call whose body takes its time, and one that is not hit is recorded once', async () => {
  proxy.inject({ kind: 'denied', on: 'RevokeSecurityGroupIngress' });
  const slowly = (action: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port: to } = new URL(proxy.endpoint);
      const { method, path, headers } = form('ec2');
      const sent = request({ hostname, port: to, method, path, headers, agent: proxy.connections }, (reply) => {
        reply.resume().once('end', () => resolve(reply.statusCode));
      });
      sent.once('error', reject);
      sent.write('Action=');
      setTimeout(() => sent.end(action), 20);
    });
  expect(await slowly('DescribeSecurityGroups')).toBe(200);
  expect(await slowly('RevokeSecurityGroupIngress')).toBe(403);
  expect(proxy.calls.map(({ operation, fault }) => [operation, fault])).toEqual([
    ['DescribeSecurityGroups', null],
    ['RevokeSecurityGroupIngress', 'denied'],
  ]);
  await proxy.quiet();
});

it('a request that is ended twice is recorded once, by the bytes that it sends', async () => {
  const { hostname, port: to } = new URL(proxy.endpoint);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: authorization('ec2') };
  await new Promise<void>((resolve, reject) => {
    const sent = request({ hostname, port: to, method: 'POST', path: '/', headers, agent: proxy.connections }, (reply) => {
      reply.resume().once('end', resolve);
    });
    sent.once('error', reject);
    sent.end(Buffer.from('Action=StopInstances').toString('base64'), 'base64');
    sent.end();
  });
  expect(proxy.calls.map(({ operation }) => operation)).toEqual(['StopInstances']);
  expect(reached.map(({ body }) => body)).toEqual(['Action=StopInstances']);
});

it('a call that nobody answers is recorded without a status', async () => {
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  await expect(ask(form('ec2', 'Action=StopInstances'), proxy.connections)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(proxy.calls).toMatchObject([{ operation: 'StopInstances', write: true, forwarded: true, status: null }]);
});

it.each(['with the detour', 'without it'])('is quiet once no call is on its way and none follows: %s', async (way) => {
  const agent = () => (way === 'without it' ? proxy.connections : globalAgent);
  const read = form('iam', 'Action=ListUsers&Version=2010-05-08');
  // What goes on after a failure, and nobody waits for: one call leads to the next.
  void ask(read, agent())
    .then(() => ask(read, agent()))
    .then(() => ask(read, agent()));
  await proxy.quiet();
  const before = proxy.calls.length;
  expect([before, proxy.calls.every(({ status }) => status === 200)]).toEqual([3, true]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(proxy.calls).toHaveLength(before);
});
