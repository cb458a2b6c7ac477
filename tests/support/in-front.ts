// A proxy for an emulator that answers what the emulator does not support. Everything else is passed on.
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The parts of a request that a response depends on. */
export interface Asked {
  /** `X-Amz-Target` without the service (`ListComplianceItems`), else the `Action` of a form. */
  readonly operation: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
}

/** A response. */
export interface Answer {
  /** Default: 200. */
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

/** A JSON response, as most services send it. */
export const json = (value: unknown): Answer => ({ type: 'application/x-amz-json-1.1', body: JSON.stringify(value) });
/** An error of a service with JSON. */
export const refusal = (name: string, status = 400): Answer => ({ ...json({ __type: name }), status });

/**
 * Listens on loopback, on a free port.
 *
 * @param answer null: the emulator answers.
 * @param change changes a JSON response of the emulator.
 * @param rewrite changes any other response.
 */
export async function inFrontOf(
  emulator: string,
  answer: (asked: Asked) => Answer | null | Promise<Answer | null>,
  change?: (asked: Asked, reply: unknown) => unknown,
  rewrite: (asked: Asked, text: string) => string = (_, text) => text,
): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const target = new URL(emulator);
  const server = createServer(async (incoming, outgoing) => {
    const body = await all(incoming);
    const named = String(incoming.headers['x-amz-target'] ?? '');
    const asked = {
      operation: named.slice(named.lastIndexOf('.') + 1) || (new URLSearchParams(body.toString()).get('Action') ?? ''),
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      body: body.toString(),
    };
    const own = await answer(asked);
    if (own !== null) {
      outgoing.writeHead(own.status ?? 200, { 'content-type': own.type }).end(own.body);
      return;
    }
    const { connection: _, 'transfer-encoding': __, ...headers } = incoming.headers;
    const passed = request(
      { hostname: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: { ...headers, 'content-length': body.length } },
      async (reply) => {
        const { 'content-length': ___, 'transfer-encoding': ____, ...kept } = reply.headers;
        const text = (await all(reply)).toString();
        // moto does not always declare it as JSON.
        const isJson = text.startsWith('{');
        const changed =
          reply.statusCode !== 200 ? text : !isJson ? rewrite(asked, text) : change === undefined ? text : JSON.stringify(change(asked, JSON.parse(text)));
        outgoing.writeHead(reply.statusCode ?? 502, kept).end(changed);
      },
    );
    passed.once('error', () => outgoing.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
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

async function all(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
