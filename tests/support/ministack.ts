// The emulator that enforces IAM, and beside it the one that knows more services.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pythonOf } from '../../scripts/setup.mjs';

/** An account in which policies count. */
export interface Enforced {
  /** For the root user: `testing` as key id and secret. Others get their keys from STS. */
  readonly endpoint: string;
  /** Of `testing`. */
  readonly account: string;
  close(): Promise<void>;
}

/** Where the other emulator serves. */
const SERVED_IN = 'me-central-1';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Ministack alone, with IAM on: it runs functions, too, with the Node of this process. */
export async function startMinistack(): Promise<Enforced> {
  const account = '123456789012';
  const folder = mkdtempSync(join(tmpdir(), 'redress-ministack-'));
  const port = await freePort();
  const child = spawn(pythonOf('ministack'), ['-m', 'ministack'], {
    stdio: ['ignore', 'ignore', 'pipe'],
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
    },
  });
  let log = '';
  child.stderr.on('data', (data) => (log = (log + String(data)).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // Nothing else ends it when this process is ended.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = `http://127.0.0.1:${port}`;
  await Promise.race([
    answers(`${endpoint}/_ministack/health`),
    ended.then(() => Promise.reject(new Error(`ministack ended: ${log}. Run \`npm run setup\`.`))),
  ]);
  return {
    endpoint,
    account,
    async close() {
      process.off('exit', kill);
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 2000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts ministack with IAM on. It decides on every request. What it then cannot serve is served by `moto` (EBS encryption by default), which
 * asks nobody; and the status of a bucket's policy, which neither of them has for a bucket of the other, is that of a bucket without a policy.
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
    const decided = await send(ministack.endpoint, incoming, body);
    const text = decided.body.toString('utf8', 0, 500);
    if (decided.status === 400 && text.includes('<Code>InvalidAction</Code>')) {
      // Settings of account and region: in a region of its own, for others use the same emulator, and it checks no signature.
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
    account: ministack.account,
    async close() {
      server.closeAllConnections();
      server.close();
      await ministack.close();
    },
  };
}

/** With all headers as they are: a signature covers the host, too. */
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

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 6000; attempt++) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The emulator does not answer at ${url}.`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createNetServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
