// The emulator that enforces IAM, and beside it the one that supports more services.
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { pythonOf } from '../../scripts/setup.mjs';
import { type Server, startServer } from './server.js';

/** An account in which IAM policies are enforced. */
export interface Enforced extends Server {
  /** For the root user, whose key id and secret are `testing`. Others get their keys from STS. */
  readonly account: string;
}

/** Endpoint of the other emulator. */
const SERVED_IN = 'me-central-1';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Ministack alone, with IAM on. It also runs functions, with the Node of this process. With `records`, CloudTrail knows the calls. It takes every caller for
 * a user who is named by the access key.
 */
export async function startMinistack({ records = false } = {}): Promise<Enforced> {
  const account = '123456789012';
  const server = await startServer(({ port, folder }) => ({
    name: 'ministack',
    command: pythonOf('ministack'),
    args: ['-m', 'ministack'],
    env: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      AUTH: 'true',
      AWS_ACCESS_KEY_ID: 'testing',
      AWS_SECRET_ACCESS_KEY: 'testing',
      MINISTACK_ACCOUNT_ID: account,
      LOG_LEVEL: 'ERROR',
      ...(records ? { CLOUDTRAIL_RECORDING: '1' } : {}),
    },
    ready: '/_ministack/health',
  }));
  return { ...server, account };
}

/**
 * Starts ministack with IAM on. It authorizes every request. What it cannot serve itself is served by `moto` (EBS encryption by default), which authorizes
 * nothing. So are the S3 settings of the account, which ministack takes for an object. The policy status of a bucket is always that of a bucket without a
 * policy, because neither emulator has it for a bucket of the other.
 */
export async function startEnforced(moto: string): Promise<Enforced> {
  const ministack = await startMinistack();
  const server = createServer((incoming, outgoing) => {
    answer(incoming).then(
      ({ status, headers, body }) => {
        const { 'transfer-encoding': _, connection: __, ...kept } = headers;
        outgoing.writeHead(status, { ...kept, 'content-length': String(body.length) });
        outgoing.end(body);
      },
      () => outgoing.destroy(),
    );
  });
  async function answer(incoming: IncomingMessage): Promise<Reply> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (incoming.url?.startsWith('/v20180820/configuration/') === true) return send(moto, incoming, body);
    const decided = await send(ministack.endpoint, incoming, body);
    const text = decided.body.toString('utf8', 0, 500);
    if (decided.status === 400 && text.includes('<Code>InvalidAction</Code>')) {
      // Settings of account and region use their own region, because others use the same emulator, and it checks no signature.
      const authorization = incoming.headers.authorization?.replace(/\/[a-z]+-[a-z]+-\d\/ec2\//, `/${SERVED_IN}/ec2/`);
      return send(moto, { method: incoming.method, url: incoming.url, headers: { ...incoming.headers, authorization } }, body);
    }
    if (decided.status === 200 && /[?&]policyStatus(?:[=&]|$)/.test(incoming.url ?? ''))
      return {
        status: 404,
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from('<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>'),
      };
    return decided;
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pid: ministack.pid,
    account: ministack.account,
    async close() {
      server.closeAllConnections();
      server.close();
      await ministack.close();
    },
  };
}

/** With all headers unchanged: a signature covers the host, too. */
function send(to: string, { method, url, headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>, body: Buffer): Promise<Reply> {
  const { hostname, port } = new URL(to);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, method, path: url, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.once('error', reject);
      reply.once('end', () => resolve({ status: reply.statusCode ?? 502, headers: reply.headers, body: Buffer.concat(chunks) }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
