import { type Clock, RedressError } from '@redress/core';

/** A secret, or what reads it when it is needed. */
export type Secret = string | (() => string | Promise<string>);

/** The value of a secret. */
export async function secretValue(secret: Secret): Promise<string> {
  return typeof secret === 'string' ? secret : secret();
}

/** What a channel delivers under. */
export interface Delivery {
  /** Ends when the time of this notification is up. */
  readonly signal: AbortSignal;
  /** The same as a moment; epoch milliseconds. */
  readonly deadline: number;
  readonly clock: Clock;
}

/** One request. */
export interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Hosts that may be asked; `*.example.com` for all below one. */
  readonly hosts: readonly string[];
  /** Default 2. One where sending it twice would do it twice. */
  readonly attempts?: 1 | 2;
}

/** What came back. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** Null when it is none. */
  readonly json: unknown;
}

const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
/** One attempt's most. */
const ATTEMPT = 5000;
const LARGEST_REPLY = 65_536;

/**
 * Whether a URL may be asked: HTTPS, a listed host, no name and password in it. HTTP is for this machine alone.
 *
 * @throws {RedressError} `notify/invalid`, without the URL, which may be a secret
 */
function allowed(url: string, hosts: readonly string[]): URL {
  const refuse = (why: string): never => {
    throw new RedressError('notify/invalid', `The address of a channel ${why}.`, { next: `Hosts that may be asked: ${hosts.join(', ')}.` });
  };
  const parsed = URL.canParse(url) ? new URL(url) : refuse('is not a URL');
  const host = parsed.hostname.toLowerCase();
  const listed = hosts.some((each) => (each.startsWith('*.') ? host.endsWith(each.slice(1).toLowerCase()) : host === each.toLowerCase()));
  if (!listed) refuse(`is on ${host}, which is not listed`);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && LOOPBACK.includes(host))) refuse('is not HTTPS');
  if (parsed.username !== '' || parsed.password !== '') refuse('holds a name or a password');
  return parsed;
}

/**
 * Sends JSON. 429, 5xx and lost connections are tried twice, not before what `Retry-After` says, and not beyond the deadline. Redirects are
 * not followed: they would leave the listed hosts.
 *
 * @throws {RedressError} `notify/invalid`, `notify/failed`; no message holds the URL or a header
 */
export async function request({ url, method = 'POST', headers = {}, body, hosts, attempts = 2 }: HttpRequest, delivery: Delivery): Promise<HttpResponse> {
  const target = allowed(url, hosts);
  const fail = (why: string, retryable: boolean): never => {
    throw new RedressError('notify/failed', `${target.hostname} ${why}`, { retryable });
  };
  for (let attempt = 1; ; attempt++) {
    let wait = 200 + Math.random() * 300;
    let why: string;
    try {
      const response = await fetch(target, {
        method,
        redirect: 'manual',
        signal: AbortSignal.any([delivery.signal, AbortSignal.timeout(ATTEMPT)]),
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await read(response);
      if (response.ok) return { status: response.status, text, json: parsed(text) };
      why = `answered ${response.status}`;
      if (response.status !== 429 && response.status < 500) return fail(why, false);
      wait = Math.max(wait, retryAfter(response.headers.get('retry-after'), delivery.clock.now()));
    } catch (error) {
      if (error instanceof RedressError) throw error;
      // What the client says may hold the address.
      why = error instanceof Error && error.name === 'TimeoutError' ? 'did not answer in time' : 'could not be reached';
    }
    if (attempt >= attempts || delivery.signal.aborted || delivery.clock.now() + wait >= delivery.deadline) return fail(why, true);
    await delivery.clock.sleep(wait);
  }
}

async function read(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > LARGEST_REPLY) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Seconds, or a date; milliseconds from now. */
function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}
