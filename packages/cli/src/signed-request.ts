import { createHash, createHmac } from 'node:crypto';
import { isRecord, messageOf, partitionOf } from '@redress/core';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Composition } from './compose.js';
import { CliError, RemoteError } from './errors.js';

/** Carrying something out takes as long as a function may run. */
const TIMEOUT = 15 * 60_000;
/** Bytes of an answer; a list of plans is far smaller. */
const MAX_ANSWER = 8 * 1024 * 1024;

/** What the signer hashes with: Node's own. */
class Sha256 {
  readonly #made: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#made = secret === undefined ? createHash('sha256') : (createHmac('sha256', bytes(secret)) as unknown as ReturnType<typeof createHash>);
  }
  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#made.update(bytes(chunk));
  }
  async digest(): Promise<Uint8Array> {
    return this.#made.digest();
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/**
 * Sends a request to a Lambda Function URL with `AuthType: AWS_IAM`, signed with the credentials in use. It is sent once: whether a lost
 * answer was carried out, `redress approvals show` reports.
 *
 * @throws {CliError} `cli/usage`, `remote/unreachable`, `remote/unreadable`
 * @throws {RemoteError} what the other side answered
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
export async function signedRequest(
  composition: Pick<Composition, 'ambient' | 'region' | 'clock'>,
  url: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const base = baseOf(url);
  const region = /\.lambda-url\.([a-z0-9-]+)\.on\.aws$/.exec(base.hostname)?.[1] ?? composition.region;
  const connection = await composition.ambient({ partition: partitionOf(region), account: '', region, access: 'read', execution: null });
  const { credentials } = connection.config as { credentials?: ConstructorParameters<typeof SignatureV4>[0]['credentials'] };
  if (credentials === undefined) throw new CliError('cli/config', 'There are no credentials to sign with.', { next: 'Give a profile with --profile.' });
  const text = body === undefined ? undefined : JSON.stringify(body);
  const target = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
  const signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Sha256 });
  let signed: Awaited<ReturnType<typeof signer.sign>>;
  try {
    signed = await signer.sign(
      {
        method,
        protocol: target.protocol,
        hostname: target.hostname,
        path: target.pathname,
        query: {},
        headers: { host: target.host, ...(text === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(text === undefined ? {} : { body: text }),
      },
      { signingDate: new Date(composition.clock.now()) },
    );
  } catch (cause) {
    throw new CliError('remote/unreachable', `The request could not be signed: ${messageOf(cause)}`, {
      next: 'Give a profile, or sign in with `aws sso login`.',
      cause,
    });
  }
  // Fetch sets it itself.
  const { host: _, ...headers } = signed.headers;
  let status: number;
  let answer: string;
  try {
    // A redirect would be followed without a signature that fits it.
    const response = await fetch(target, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
      ...(text === undefined ? {} : { body: text }),
    });
    status = response.status;
    answer = await textOf(response);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(
      'remote/unreachable',
      `${target.host} did not answer: ${messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause)}`,
      {
        next: '`redress approvals show` reports whether an answer was carried out.',
        cause,
      },
    );
  }
  const document = parsed(answer);
  if (status === 200 && document !== undefined) return document;
  const error = isRecord(document) && isRecord(document['error']) ? document['error'] : null;
  if (error !== null && typeof error['code'] === 'string' && typeof error['message'] === 'string')
    throw new RemoteError(error['code'], error['message'], typeof error['next'] === 'string' ? error['next'] : null);
  // Lambda itself refuses before the function is asked.
  const said = isRecord(document) ? (document['Message'] ?? document['message']) : null;
  throw new CliError(
    'remote/unreadable',
    `${target.host} answered ${status}${typeof said === 'string' ? `: ${said}` : ' with a reply that this command does not know'}.`,
    {
      next:
        status === 403
          ? 'The credentials need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function; sign in again if they have expired.'
          : 'Check the URL: it has to be the Function URL of the approvals.',
    },
  );
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const local = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && local)) || url.username !== '' || url.password !== '' || url.search !== '')
    throw new CliError('cli/usage', `${JSON.stringify(text)} is not an https URL.`, { next: 'For example: --url https://abc.lambda-url.eu-west-1.on.aws' });
  return url;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > MAX_ANSWER) throw new CliError('remote/unreadable', `The answer has more than ${MAX_ANSWER} bytes.`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
