import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Seen } from './watched-call.js';

/** What stands in front of the emulator. */
export interface WatchingProxy {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** What {@link watchingProxy} takes. */
export interface WatchingProxyOptions {
  readonly upstream: string;
  /** 0: any that is free. */
  readonly port: number;
  /** A call that succeeded; after its answer has gone out. */
  onCall(call: Seen): void;
  /** What was posted to `/_redress/inject`; throws what is wrong with it. */
  onInject(body: string): Promise<void>;
}

/** Path under which events are put in. */
export const INJECT = '/_redress/inject';

/** Passes every request on to the emulator, on loopback, and reports those that succeeded. */
export async function watchingProxy({ upstream, port, onCall, onInject }: WatchingProxyOptions): Promise<WatchingProxy> {
  const target = new URL(upstream);
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await all(incoming);
    if (incoming.url === INJECT) return inject(incoming, outgoing, body, onInject);
    const headers = { ...incoming.headers };
    delete headers.connection;
    delete headers['transfer-encoding'];
    if (body.length > 0) headers['content-length'] = String(body.length);
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = httpRequest(
        { hostname: target.hostname, port: target.port === '' ? 80 : target.port, method: incoming.method, path: incoming.url, headers },
        resolve,
      );
      sent.once('error', reject);
      sent.end(body);
    });
    const content = await all(reply);
    const status = reply.statusCode ?? 502;
    const kept = reply.rawHeaders.filter((_, index, every) => !/^(?:transfer-encoding|connection|content-length)$/i.test(every[index - (index % 2)] ?? ''));
    outgoing.writeHead(status, incoming.method === 'HEAD' ? kept : [...kept, 'content-length', String(content.length)]);
    outgoing.end(content);
    if (status < 300) onCall({ method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers, body });
  };
  const server = createServer((incoming, outgoing) => {
    // What the emulator does not answer is shown as what it is: a broken connection.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function inject(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, onInject: WatchingProxyOptions['onInject']): Promise<void> {
  const reply = (status: number, content: object) => {
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify(content));
  };
  // A page in a browser can post text to loopback unasked, but not JSON.
  if (incoming.method !== 'POST' || incoming.headers['content-type'] !== 'application/json')
    return reply(415, { message: `Post one event, or a list of them, as application/json to ${INJECT}.` });
  try {
    await onInject(body.toString('utf8'));
    reply(202, { accepted: true });
  } catch (error) {
    reply(400, { message: error instanceof Error ? error.message : String(error) });
  }
}

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
