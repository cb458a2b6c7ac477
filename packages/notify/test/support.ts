import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: any;
}

/** An HTTP server on this machine that keeps what it is sent, and answers what it is told to. */
export async function server(
  answer: (arrived: Arrived, count: number) => { status?: number; json?: unknown; headers?: Record<string, string>; hang?: boolean },
) {
  const arrived: Arrived[] = [];
  const http = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const one: Arrived = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        text,
        json: text === '' ? null : JSON.parse(text),
      };
      arrived.push(one);
      const { status = 200, json = {}, headers = {}, hang = false } = answer(one, arrived.length);
      if (hang) return;
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      http.closeAllConnections();
      http.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, arrived, close };
}
