// The thread of `slowed`.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Passed, Way } from './latency.ts';

const { latency, upstream, dynamodb } = workerData as Way;
const agent = new Agent({ keepAlive: true });
const now = () => performance.timeOrigin + performance.now();
let passed: Passed[] = [];

/** The service that a call is signed for, and its subject. */
function kindOf({ method = 'GET', url = '/', headers }: IncomingMessage): { readonly call: string; readonly kind: keyof typeof latency } {
  const service = /Credential=[^/]+\/\d{8}\/[^/]*\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '')?.[1] ?? 'unsigned';
  const target = headers['x-amz-target'];
  const call = `${service}:${typeof target === 'string' ? target.slice(target.lastIndexOf('.') + 1) : `${method} ${url}`}`;
  if (service === 'dynamodb') return { call, kind: 'dynamodb' };
  // Paths of S3: a bucket, then a key. Those of S3 Control begin with its version.
  const object = service === 's3' && /^\/(?!v20180820\/)[^/?]+\/[^?]/.test(url);
  return { call, kind: object ? 'objects' : 'control' };
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const from = now();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { call, kind } = kindOf(incoming);
  await new Promise((resolve) => setTimeout(resolve, latency[kind]));
  const { hostname, port } = new URL(kind === 'dynamodb' ? dynamodb : upstream);
  const body = Buffer.concat(chunks);
  // Host stays: the signature covers it.
  const headers = { ...incoming.headers };
  delete headers['transfer-encoding'];
  delete headers.connection;
  if (body.length > 0) headers['content-length'] = String(body.length);
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
  const content: Buffer[] = [];
  for await (const chunk of reply) content.push(chunk as Buffer);
  const answer = Buffer.concat(content);
  passed.push({ call, journal: kind !== 'control', from, to: now() });
  const raw = reply.rawHeaders.filter((_, index, all) => !/^(?:transfer-encoding|connection|content-length)$/i.test(all[index - (index % 2)] ?? ''));
  outgoing.writeHead(reply.statusCode ?? 502, raw.concat(incoming.method === 'HEAD' ? [] : ['content-length', String(answer.length)]));
  outgoing.end(answer);
}

const server = createServer((incoming, outgoing) => {
  pass(incoming, outgoing).catch(() => outgoing.destroy());
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
parentPort?.on('message', () => {
  parentPort?.postMessage(passed);
  passed = [];
});
