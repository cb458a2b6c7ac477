import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { connectAws } from '@redress/connect';
import { countOf, eventPatterns, isRecord, type JsonObject, messageOf } from '@redress/core';
import { createHandler } from '@redress/lambda-runtime';
import { compose, type GlobalOptions, type Overrides, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { checkedDocuments, placeOf } from '../files/documents.js';
import { type Answer, type Io, painter } from '../io.js';
import { numberOf } from '../numbers.js';
import { printable } from '../printable.js';
import { startLoop } from '../up/loop.js';
import { cloudTrailRecord, type Seen, watchedCall } from '../up/watched-call.js';
import { INJECT, watchingProxy } from '../up/watching-proxy.js';
import { waitLine } from '../waits.js';

/** Options of `redress up`. */
export interface UpOptions {
  readonly port?: string;
  readonly python?: string;
  readonly visibility?: string;
}

/** `redress up --json`, when it has ended. */
export interface UpDocument {
  readonly endpoint: string;
  readonly emulator: string;
  readonly events: number;
  readonly passes: readonly { readonly remediator: string; readonly resource: string; readonly outcome: string }[];
}

/** Only an emulator gets these. */
const CREDENTIALS = { accessKeyId: 'redress', secretAccessKey: 'redress' };
/** The journal of the emulated account, apart from that of real ones. */
const OWN_DATA = '.redress-up';
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/** The deployed loop around an emulator: what people call becomes an event, and comes to the handler through EventBridge and a queue. */
export async function upCommand(io: Io, globals: GlobalOptions, overrides: Overrides, options: UpOptions): Promise<Answer> {
  const port = numberOf(options.port ?? '4599', '--port', 0, 65_535);
  const visibility = numberOf(options.visibility ?? '120', '--visibility', 1, 43_200);
  // What happens in an emulated account is not evidence about a real one.
  if (globals.journal !== undefined)
    throw new CliError('cli/usage', 'An emulated account has its own journal.', {
      next: `Omit --journal; --data names its folder (default: ${OWN_DATA}).`,
    });
  if (globals.endpointUrl === undefined && options.python !== undefined) io.stderr('Starting the emulator.\n');
  const emulator = await emulatorOf(globals.endpointUrl, options.python);
  const paint = painter(io);
  // With --json standard output is one document, at the end.
  const say = (text: string) => (globals.json === true ? io.stderr(`${text}\n`) : io.stdout(`${text}\n`));
  const closing: (() => Promise<void> | void)[] = [emulator.stop];
  try {
    const endpoint = emulator.endpoint;
    const connect = overrides.connect ?? connectAws({ endpoint, credentials: CREDENTIALS });
    const composition = await compose(io, { ...globals, endpointUrl: endpoint, data: globals.data ?? OWN_DATA }, { ...overrides, connect });
    const { region } = composition;
    const { account } = await (await connect({ partition: 'aws', account: '', region, access: 'read', execution: null })).identity();
    const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
    closing.push(() => journal.close?.());

    const passes: UpDocument['passes'][number][] = [];
    let events = 0;
    const line = (message: string, attributes: Record<string, unknown>) => {
      const { kind, remediator, resource, outcome, execution } = attributes;
      if (kind !== 'pass' && kind !== 'recovery' && kind !== 'sweep') return;
      passes.push({ remediator: String(remediator), resource: String(resource), outcome: String(outcome) });
      const style = outcome === 'remediated' || outcome === 'flagged' ? 'green' : outcome === 'no-op' ? 'dim' : 'yellow';
      say(
        `${new Date().toISOString().slice(11, 19)}  ${paint(style, String(outcome))}  ${printable(String(resource))}  ${String(remediator)}: ${printable(message)}${execution === null ? '' : `  (${String(execution)})`}`,
      );
    };
    const warn = (message: string, attributes: Record<string, unknown>) => {
      line(message, attributes);
      if (attributes['kind'] !== 'pass')
        io.stderr(`${printable(message)}${attributes['error'] === undefined ? '' : `: ${printable(JSON.stringify(attributes['error']))}`}\n`);
    };
    const { onWarning: _, ...parts } = composition.parts({
      onWait: (wait) => say(paint('dim', `${new Date().toISOString().slice(11, 19)}  ${waitLine(wait)}`)),
    });
    const handler = createHandler({ ...parts, journal, logger: { info: line, warn, error: warn } });
    const patterns = eventPatterns(composition.remediators, { exceptionTag: composition.policy.exceptions.tag });
    io.stderr(`Creating a queue, and ${patterns.length} EventBridge rules that deliver to it.\n`);
    const loop = await startLoop(
      { endpoint, region, account, credentials: CREDENTIALS },
      {
        patterns,
        handler,
        visibility,
        onProblem: (message) => io.stderr(`the queue: ${printable(message)}\n`),
      },
    );
    closing.push(loop.stop);

    const put = async (event: Parameters<typeof loop.put>[0]) => {
      events++;
      await loop.put(event);
    };
    const onCall = (seen: Seen) => {
      const call = watchedCall(seen);
      if (call === null) return;
      say(paint('dim', `${new Date().toISOString().slice(11, 19)}  ${call.service}:${call.operation}`));
      put({
        source: `aws.${call.service}`,
        'detail-type': 'AWS API Call via CloudTrail',
        detail: cloudTrailRecord(call, account, seen.headers['user-agent'] ?? 'unknown'),
      }).catch((error: unknown) => io.stderr(`the event of ${call.operation} was lost: ${printable(messageOf(error))}\n`));
    };
    const onInject = async (body: string) => {
      for (const event of injected(JSON.parse(body))) await put(event);
    };
    const proxy = await watchingProxy({ upstream: endpoint, port, onCall, onInject }).catch((cause: unknown) => {
      throw new CliError('cli/usage', `Cannot listen on port ${port}: ${messageOf(cause)}`, {
        next: 'Give another port with --port, or 0 for any free port.',
        cause,
      });
    });
    closing.push(proxy.close);

    say(`An emulated account ${account} at ${proxy.endpoint}, watched by Redress (${region}; the emulator itself: ${endpoint}). Press Ctrl-C to stop it.`);
    say(
      `  aws --endpoint-url ${proxy.endpoint} --region ${region} ec2 authorize-security-group-ingress --group-id … --protocol tcp --port 22 --cidr 0.0.0.0/0`,
    );
    say(`  redress up inject FILE --port ${new URL(proxy.endpoint).port}`);
    await ended(overrides.signal);
    const document: UpDocument = { endpoint: proxy.endpoint, emulator: endpoint, events, passes };
    return { json: document, text: `${countOf(events, 'event')}, ${countOf(passes.length, 'pass', 'passes')}.`, exit: 0 };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Puts the events of files into a twin that is running. */
export async function upInjectCommand(io: Io, files: readonly string[], options: { readonly port?: string }): Promise<Answer> {
  const port = numberOf(options.port ?? '4599', '--port', 1, 65_535);
  const documents = await checkedDocuments(io, files);
  for await (const document of documents()) {
    const problem = document.problem ?? problemOf(document.value);
    const place = { file: document.file, ...(document.line === null ? {} : { line: document.line }) };
    if (problem !== null) throw new CliError('cli/file', `${placeOf(document)}: ${problem}`, { place, next: 'No event was sent.' });
  }
  let count = 0;
  for await (const { file, value } of documents()) {
    let response: Response;
    try {
      response = await fetch(`http://127.0.0.1:${port}${INJECT}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      });
    } catch (cause) {
      throw new CliError('cli/not-found', `No emulated account answers on port ${port}.`, { next: 'Start one with `redress up`, and give its --port.', cause });
    }
    const reply: unknown = await response.json();
    if (!response.ok) throw new CliError('cli/file', isRecord(reply) ? String(reply['message']) : 'The events were rejected.', { place: { file } });
    count += Array.isArray(value) ? value.length : 1;
  }
  return { json: { injected: count }, text: `${countOf(count, 'event')} sent.`, exit: 0 };
}

/** Why a value holds anything but events to put in; null when it does not. */
function problemOf(value: unknown): string | null {
  try {
    injected(value);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function injected(value: unknown): { source: string; 'detail-type': string; detail: JsonObject; resources?: string[] }[] {
  return (Array.isArray(value) ? value : [value]).map((event: unknown) => {
    if (!isRecord(event) || typeof event['source'] !== 'string' || typeof event['detail-type'] !== 'string' || !isRecord(event['detail']))
      throw new Error('An EventBridge event has source, detail-type and detail.');
    const { source, detail, resources } = event;
    return {
      source,
      'detail-type': event['detail-type'],
      detail: detail as JsonObject,
      ...(Array.isArray(resources) ? { resources: resources.map(String) } : {}),
    };
  });
}

interface Emulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

async function emulatorOf(endpoint: string | undefined, python: string | undefined): Promise<Emulator> {
  if (endpoint !== undefined) {
    // What goes by here gets invented events: never a real account.
    if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== 'http:' || !LOOPBACK.test(new URL(endpoint).hostname))
      throw new CliError('cli/usage', `${JSON.stringify(endpoint)} is not an emulator on this machine.`, {
        next: 'For example: --endpoint-url http://127.0.0.1:5000',
      });
    return { endpoint: endpoint.replace(/\/$/, ''), stop: async () => undefined };
  }
  if (python === undefined)
    throw new CliError('cli/usage', 'There is no emulator.', {
      next: 'Give a running emulator with --endpoint-url, or a Python that has moto with --python (pip install "moto[server]").',
    });
  const port = await freePort();
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (data: Buffer) => {
    log = (log + data.toString()).slice(-2000);
  });
  let failed: string | null = null;
  child.once('error', (error) => {
    failed = error.message;
  });
  child.once('exit', (code) => {
    failed ??= `it exited with ${code}: ${log}`;
  });
  const address = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 300; attempt++) {
    if (failed !== null)
      throw new CliError('cli/usage', `The emulator cannot be started: ${String(failed)}`, { next: 'Run pip install "moto[server]" with that Python.' });
    const up = await fetch(`${address}/moto-api/`).then(
      (response) => response.ok,
      () => false,
    );
    if (up)
      return {
        endpoint: address,
        stop: () =>
          new Promise((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve();
            child.once('exit', () => resolve());
            child.kill('SIGTERM');
            setTimeout(() => child.kill('SIGKILL'), 2000).unref();
          }),
      };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new CliError('cli/usage', 'The emulator does not answer.');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Until the signal, or an interrupt from the terminal. */
function ended(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal !== undefined) {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      return;
    }
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
}
