import { type Agent, type ClientRequest, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SharedConnections } from './connect.js';
import { errorReply, type FaultKind, nameCall, type WireCall } from './wire.js';

/** A fault to inject into calls. */
export interface Fault {
  readonly kind: FaultKind;
  /** An operation's name, or a function that selects calls. It may be asked about a call more than once, so it does not count. */
  readonly on: string | ((call: Pick<WireCall, 'service' | 'operation' | 'write'>) => boolean);
  /** How many calls it hits; default 1. */
  readonly times?: number;
  /** The service's error code, if the protocol's usual one does not apply, such as `InvalidGroup.NotFound`. */
  readonly code?: string;
  /** For `delay`; default 500. */
  readonly milliseconds?: number;
}

/** A proxy in front of an endpoint; see {@link recordingProxy}. */
export interface RecordingProxy {
  /** Where clients connect to. */
  readonly endpoint: string;
  /**
   * Connections for clients of the SDK in this process, whose endpoint is `endpoint`. Their calls are recorded in the same way, and go to the endpoint behind
   * the proxy without a detour. A call that a fault hits takes the detour. A call is recorded when its request ends, as the SDK ends each;
   * use `endpoint` alone for a client that may leave requests open.
   *
   * @example testConnect({ endpoint: proxy.endpoint, connections: proxy.connections })
   */
  readonly connections: Agent;
  /** Every call so far, in the order of arrival. */
  readonly calls: readonly WireCall[];
  /**
   * Waits until no call is on its way, and none follows. Work that goes on after a failure, such as the other one of two reads, has then come to its end:
   * its calls do not count among those of the next step.
   */
  quiet(): Promise<void>;
  /** Injects a fault. The function that it returns removes the fault. */
  inject(fault: Fault): () => void;
  close(): Promise<void>;
}

/**
 * A proxy on the loopback interface that records the calls to AWS on the wire, and injects faults. It does not rely on the client: it takes
 * service and operation from the request itself.
 *
 * @example
 * const proxy = await recordingProxy('http://127.0.0.1:5000');
 * proxy.inject({ kind: 'lost-reply', on: 'RevokeSecurityGroupIngress' });
 * const ec2 = new EC2Client({ endpoint: proxy.endpoint, … });
 * proxy.calls.filter((call) => call.write)
 */
export async function recordingProxy(upstream: string): Promise<RecordingProxy> {
  const target = new URL(upstream);
  if (target.protocol !== 'http:') throw new TypeError(`The endpoint of an emulator is http, not ${target.protocol}//`);
  const calls: Recorded[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const connections = new SharedConnections();
  const underWay = new Set<object>();
  const hitting = (call: Named) => faults.find(({ fault, left }) => left > 0 && (typeof fault.on === 'string' ? fault.on === call.operation : fault.on(call)));
  const direct = new DirectConnections(target, calls, underWay, {
    hit: (call) => hitting(call) !== undefined,
    faulty: () => faults.some(({ left }) => left > 0),
  });

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    underWay.add(outgoing);
    outgoing.once('close', () => underWay.delete(outgoing));
    const body = await bufferOf(incoming);
    const { protocol, ...named } = nameCall({ method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers, body });
    const call: Recorded = { ...named, status: null, forwarded: false, fault: null, notEmulated: false };
    calls.push(call);
    const hit = hitting(call);
    if (hit !== undefined) {
      hit.left--;
      const { kind } = hit.fault;
      call.fault = kind;
      if (kind === 'delay') await new Promise((resolve) => setTimeout(resolve, hit.fault.milliseconds ?? 500));
      else if (kind !== 'lost-reply') {
        const reply = errorReply(kind, protocol, hit.fault.code);
        call.status = reply.status;
        outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
        // A reply to HEAD has no body, and so names no error: the status has to do.
        outgoing.end(incoming.method === 'HEAD' ? undefined : reply.body);
        return;
      }
    }
    call.forwarded = true;
    const reply = await forward(target, connections, incoming, body);
    const content = await bufferOf(reply);
    if (call.fault === 'lost-reply') {
      outgoing.destroy();
      return;
    }
    call.status = reply.statusCode ?? null;
    call.notEmulated = mayBePage(reply) && isPage(content);
    outgoing.writeHead(
      reply.statusCode ?? 502,
      reply.rawHeaders
        .filter((_, index, all) => !/^(?:transfer-encoding|connection|content-length)$/i.test(all[index - (index % 2)] ?? ''))
        .concat(incoming.method === 'HEAD' ? [] : ['content-length', String(content.length)]),
    );
    outgoing.end(content);
  };

  const server = createServer((incoming, outgoing) => {
    // What the endpoint does not answer, the client shall see as what it is: a broken connection.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  // A connection that is closed while a call goes out on it would be a fault that nobody injected.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: direct,
    calls,
    quiet: async () => {
      // What a reply leads to is sent some turns later.
      for (let turns = 0; turns < 5; turns++) {
        if (underWay.size > 0) turns = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    inject(fault) {
      const entry = { fault, left: fault.times ?? 1 };
      faults.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    close: () =>
      new Promise((resolve) => {
        connections.close();
        direct.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** As a fault selects it. */
type Named = Pick<WireCall, 'service' | 'operation' | 'write'>;
type Recorded = { -readonly [K in keyof WireCall]: WireCall[K] };

/** See {@link RecordingProxy.connections}. */
class DirectConnections extends SharedConnections {
  readonly #target: URL;
  readonly #calls: Recorded[];
  readonly #underWay: Set<object>;
  readonly #hit: (call: Named) => boolean;
  readonly #faulty: () => boolean;

  constructor(target: URL, calls: Recorded[], underWay: Set<object>, faults: { readonly hit: (call: Named) => boolean; readonly faulty: () => boolean }) {
    super();
    this.#target = target;
    this.#calls = calls;
    this.#underWay = underWay;
    this.#hit = faults.hit;
    this.#faulty = faults.faulty;
  }

  /** What Node calls with each request, after its headers and before its body. */
  addRequest(sent: ClientRequest, options: object): void {
    const { addRequest } = SharedConnections.prototype as unknown as Pick<DirectConnections, 'addRequest'>;
    const { hostname, port } = this.#target;
    const detour = () => addRequest.call(this, sent, options);
    const direct = () => addRequest.call(this, sent, { ...options, host: hostname, hostname, port: port === '' ? 80 : Number(port) });
    this.#underWay.add(sent);
    sent.once('close', () => this.#underWay.delete(sent));
    if (!this.#faulty()) {
      this.#record(sent, () => true);
      direct();
      return;
    }
    // Whether a fault hits it shows when its body is complete. The SDK completes it at once; what takes longer makes the detour.
    let decided = false;
    const decide = (isDirect: boolean) => {
      if (!decided) (isDirect ? direct : detour)();
      decided = true;
    };
    const later = setImmediate(decide, false);
    this.#record(sent, (call) => {
      if (decided) return false;
      clearImmediate(later);
      const isDirect = !this.#hit(call);
      decide(isDirect);
      return isDirect;
    });
  }

  /**
   * Records a request once its body is complete, and its reply before the client gets it.
   *
   * @param isDirect whether it does not make the detour, on which it would be recorded.
   */
  #record(sent: ClientRequest, isDirect: (call: Named) => boolean): void {
    const body: Buffer[] = [];
    const note = (chunk: unknown, encoding: unknown) => {
      if (typeof chunk === 'string') body.push(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'));
      else if (chunk instanceof Uint8Array) body.push(Buffer.from(chunk));
    };
    const write = sent.write.bind(sent) as (...given: unknown[]) => boolean;
    const end = sent.end.bind(sent) as (...given: unknown[]) => ClientRequest;
    let call: Recorded | null = null;
    let ended = false;
    sent.write = (...given: unknown[]) => {
      note(given[0], given[1]);
      return write(...given);
    };
    sent.end = (...given: unknown[]) => {
      // Whoever ends it again sends nothing.
      if (ended) return end(...given);
      ended = true;
      note(given[0], given[1]);
      const { protocol: _, ...named } = nameCall({ method: sent.method, url: sent.path, headers: headersOf(sent), body: Buffer.concat(body) });
      if (isDirect(named)) {
        call = { ...named, status: null, forwarded: true, fault: null, notEmulated: false };
        this.#calls.push(call);
      }
      return end(...given);
    };
    sent.prependOnceListener('response', (reply) => {
      if (call === null) return;
      call.status = reply.statusCode ?? null;
      if (mayBePage(reply)) this.#look(reply, call);
    });
  }

  /** Looks at the beginning of a reply as it arrives: reading it would take it from the client. */
  #look(reply: IncomingMessage, call: Recorded): void {
    const push = reply.push.bind(reply);
    let beginning = Buffer.alloc(0);
    reply.push = (chunk: unknown, ...rest) => {
      if (beginning.length < BEGINNING && chunk instanceof Uint8Array) {
        beginning = Buffer.concat([beginning, chunk]).subarray(0, BEGINNING);
        call.notEmulated = isPage(beginning);
      }
      return push(chunk, ...rest);
    };
  }
}

function headersOf(sent: ClientRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(sent.getHeaders()).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]));
}

/** Whether a reply may be the page with which an emulator says that it does not know an operation. */
function mayBePage({ statusCode, headers }: IncomingMessage): boolean {
  return (statusCode ?? 0) >= 400 && /html/.test(headers['content-type'] ?? '');
}

/** Bytes of a reply that show whether it is a page. */
const BEGINNING = 200;

function isPage(content: Buffer): boolean {
  return /^\s*<(?:!doctype|html)/i.test(content.toString('utf8', 0, BEGINNING));
}

/** Headers go through as they are, Host too: a signature covers them. */
function forward(target: URL, agent: Agent, incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers };
    delete headers.connection;
    delete headers['transfer-encoding'];
    if (body.length > 0) headers['content-length'] = String(body.length);
    const sent = httpRequest(
      { hostname: target.hostname, port: target.port === '' ? 80 : target.port, method: incoming.method, path: incoming.url, headers, agent },
      resolve,
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

async function bufferOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
