import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '@redress/core';
import { type BundleOptions, bundle } from './bundle.js';
import { errorReply, leaves, type Reply, sampleInput, sampleReply, schemasOf } from './samples.js';

/** What {@link proveEqual} takes. */
export interface ProofOptions extends Pick<BundleOptions, 'resolveDir' | 'conditions'> {
  /** Modules whose lists of remediators are used: `{ '@redress/remediator-s3': 's3Remediators' }`. */
  readonly remediators: Readonly<Record<string, string>>;
  /** Path of a module whose default export lists remediators, as that of `redress.config.mjs`. */
  readonly config?: string;
  /** Text of a module that defines more as `also`: `[{ service, client: (config) => …, commands: { Name: Class } }]`. */
  readonly also?: string;
  /** Called after each operation: its name, how many are done, and how many there are. */
  readonly compared?: (operation: string, done: number, of: number) => void;
}

/** What was seen of one operation. */
export interface OperationProof {
  readonly operation: string;
  /** Whether the two bundles did the same. */
  readonly equal: boolean;
  /** What differs first; null when nothing does. */
  readonly difference: string | null;
  /** Bytes of the body that it sent. */
  readonly sent: number;
  /** Values that it read from the reply. */
  readonly read: number;
  /** Replies that were errors. */
  readonly errors: number;
}

interface Sdk {
  send(command: unknown): Promise<unknown>;
  destroy?(): void;
  readonly config: { readonly protocol?: { getShapeId(): string } };
}
type Command = new (input: unknown) => { readonly schema?: unknown };
interface Probe {
  readonly services: ReadonlyMap<string, { client(config: object): Sdk; readonly commands: Readonly<Record<string, Command>> }>;
}

/** Errors that are tried: one of each kind that the engine distinguishes, and one that no model knows. */
const ERRORS = [
  ['AccessDenied', 403],
  ['AccessDeniedException', 400],
  ['Throttling', 400],
  ['ThrottlingException', 400],
  ['NoSuchEntity', 404],
  ['ResourceNotFoundException', 400],
  ['InvalidParameterValue', 400],
  ['InternalError', 500],
  ['RedressKnowsNoSuchError', 400],
] as const;

/**
 * Proves that pruning changes nothing: every declared operation of the remediators is called in a plain bundle and in a pruned one, with every
 * member of its input set, against a server on this machine. Request for request the bytes are compared (method, path, headers, body; all but
 * the time, the random id of the call, and the signature over these), then what is read from a reply in which every member is set, and errors.
 *
 * @example
 * const proofs = await proveEqual({ remediators: { '@redress/remediator-s3': 's3Remediators' } });
 * console.log(proofs.filter(({ equal }) => !equal));
 * @throws {RedressError} `compose/invalid` when the probe cannot be bundled
 */
export async function proveEqual(options: ProofOptions): Promise<readonly OperationProof[]> {
  const { remediators, config: list, also, compared, ...rest } = options;
  const text = probeText(remediators, list, also);
  const folder = await mkdtemp(join(tmpdir(), 'redress-proof-'));
  const server = await listen();
  try {
    const probe = async (prune: boolean): Promise<Probe> => {
      const { files } = await bundle({ ...rest, entry: { text }, prune });
      const directory = await mkdtemp(join(folder, prune ? 'pruned-' : 'plain-'));
      for (const [name, bytes] of files) await writeFile(join(directory, name), bytes);
      return (await import(pathToFileURL(join(directory, 'index.mjs')).href)) as Probe;
    };
    const [plain, pruned] = [await probe(false), await probe(true)];
    const proofs: OperationProof[] = [];
    const operations = [...plain.services].flatMap(([service, { commands }]) => Object.keys(commands).map((name) => [service, name] as const));
    for (const [service, name] of operations) {
      proofs.push(await compare(plain, pruned, service, name, server));
      compared?.(`${service}:${name}`, proofs.length, operations.length);
    }
    return proofs;
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function probeText(remediators: Readonly<Record<string, string>>, list: string | undefined, also: string | undefined): string {
  const lists = Object.entries(remediators);
  return [
    ...lists.map(([module, name]) => `import { ${name} } from ${JSON.stringify(module)};`),
    ...(list === undefined ? [] : [`import config from ${JSON.stringify(list)};`]),
    also ?? 'const also = [];',
    'export const services = new Map();',
    `for (const { uses } of [${[...lists.map(([, name]) => `...${name}`), ...(list === undefined ? [] : ['...config.remediators'])].join(', ')}])`,
    '  for (const { service, operations } of [...uses.reads, ...uses.writes, ...uses.undoes]) {',
    '    const sdk = await service.sdk();',
    '    const found = services.get(service.id) ?? { client: (config) => sdk.client(config, 1), commands: {} };',
    '    for (const name of operations) found.commands[name] = sdk.command(name);',
    '    services.set(service.id, found);',
    '  }',
    // Apart from the remediators' own: they may use fewer commands of the same client.
    'for (const { service, client, commands } of also) services.set(["own", service].join(":"), { client, commands });',
  ].join('\n');
}

async function compare(plain: Probe, pruned: Probe, service: string, name: string, server: Server): Promise<OperationProof> {
  const operation = `${service}:${name}`;
  const Known = plain.services.get(service)?.commands[name];
  const first = plain.services.get(service)?.client(config(server.url));
  if (Known === undefined || first === undefined) throw new Error(`${operation} is not there.`);
  // Both are asked with the schemas of the plain one, and the protocol that its client speaks.
  const schemas = schemasOf(new Known({}));
  const protocol = first.config.protocol?.getShapeId() ?? '';
  first.destroy?.();
  const input = schemas.input.isUnitSchema() ? {} : sampleInput(schemas.input);
  const good = sampleReply(schemas, protocol);
  const replies: Reply[] = [good, ...ERRORS.map(([code, status]) => errorReply(code, status, protocol))];

  let sent = 0;
  let read = 0;
  let difference: string | null = null;
  for (const [index, answer] of replies.entries()) {
    const [a, b] = [await call(plain, service, name, input, answer, server), await call(pruned, service, name, input, answer, server)];
    if (index === 0) {
      sent = a.bodyBytes;
      read = leaves(a.output);
      if (a.error !== null) difference ??= `the reply was not read: ${JSON.stringify(a.error)}`;
    }
    const [left, right] = [shown(a), shown(b)];
    // Two that both refuse to send are alike, and prove nothing.
    if (a.request === NOTHING) difference ??= `reply ${index}: nothing was sent: ${JSON.stringify(a.error)}`;
    if (left !== right) difference ??= `reply ${index}: ${firstDifference(left, right)}`;
  }
  return { operation, equal: difference === null, difference, sent, read, errors: ERRORS.length };
}

const NOTHING = 'no request';

interface Called {
  readonly request: string;
  readonly bodyBytes: number;
  readonly output: unknown;
  readonly error: object | null;
}

async function call(probe: Probe, service: string, name: string, input: unknown, answer: Reply, server: Server): Promise<Called> {
  const found = probe.services.get(service);
  const Command_ = found?.commands[name];
  if (found === undefined || Command_ === undefined) return { request: 'not in this bundle', bodyBytes: 0, output: null, error: null };
  const client = found.client(config(server.url));
  server.answer = answer;
  server.seen = null;
  try {
    const output = await settled(await client.send(new Command_(structuredClone(input))));
    return { ...seenBy(server), output, error: null };
  } catch (error) {
    const { stack: _, $response: __, ...own } = { ...(error as object) } as Record<string, unknown>;
    return { ...seenBy(server), output: null, error: { name: (error as Error).name, message: messageOf(error), ...own } };
  } finally {
    client.destroy?.();
  }
}

function seenBy({ seen }: Server): Pick<Called, 'request' | 'bodyBytes'> {
  return { request: seen?.text ?? NOTHING, bodyBytes: seen?.bytes ?? 0 };
}

/** Streams are read to their end. */
async function settled(output: unknown): Promise<unknown> {
  if (typeof output !== 'object' || output === null) return output;
  const entries = Object.entries(output).map(async ([key, value]): Promise<[string, unknown]> => {
    const stream = value as { transformToString?: () => Promise<string> } | null;
    return [key, typeof stream?.transformToString === 'function' ? await stream.transformToString() : value];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const shown = (called: Called) =>
  JSON.stringify(called, (_, value: unknown) =>
    value instanceof Uint8Array ? `bytes:${Buffer.from(value).toString('hex')}` : typeof value === 'bigint' ? `bigint:${value}` : value,
  );

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 30), at + 60)} ≠ ${b.slice(Math.max(0, at - 30), at + 60)}`;
}

const config = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' },
  maxAttempts: 1,
});

interface Server {
  readonly url: string;
  answer: Reply;
  seen: { readonly text: string; readonly bytes: number } | null;
  close(): Promise<void>;
}

/** What differs from call to call: the time, the random id, and the signature over both. */
const VARIES = new Set(['x-amz-date', 'amz-sdk-invocation-id']);

async function listen(): Promise<Server> {
  const state: Omit<Server, 'url' | 'close'> = { answer: { status: 500, headers: {}, body: '' }, seen: null };
  const http = createServer((request, response) => {
    void body(request).then((bytes) => {
      const headers = Object.entries(request.headers)
        .filter(([name]) => !VARIES.has(name))
        .map(([name, value]) => `${name}: ${name === 'authorization' ? String(value).replace(/Credential=[^,]+|Signature=\w+/g, '') : String(value)}`);
      state.seen = { text: [`${request.method} ${request.url}`, ...headers, '', bytes.toString('latin1')].join('\n'), bytes: bytes.length };
      response.writeHead(state.answer.status, state.answer.headers);
      response.end(request.method === 'HEAD' ? undefined : state.answer.body);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return Object.assign(state, {
    url,
    close: () =>
      new Promise<void>((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  });
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
