// Lambda's side of the Runtime API, and one sandbox that speaks to it.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a function answered. */
type Answered = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: { errorType: string; errorMessage: string } };

/** A sandbox that runs a handler. */
export interface Sandbox {
  invoke(event: unknown, seconds?: number): Promise<Answered>;
  /** The error of a start that failed. */
  readonly failed: Promise<{ errorType: string; errorMessage: string }>;
  /** Its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** `aws-lambda-ric` of this path runs the handler; without it, a loop of our own. */
const RIC = process.env['REDRESS_LAMBDA_RIC'];
const RUNNER = join(dirname(fileURLToPath(import.meta.url)), 'runner.mjs');

/** Starts a sandbox for a handler of a folder. */
export async function sandbox(folder: string, handler: string, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const waiting = new Map<string, (answer: Answered) => void>();
  const events: { id: string; event: unknown; until: number }[] = [];
  let idle: ServerResponse | null = null;
  let fail: (error: { errorType: string; errorMessage: string }) => void = () => undefined;
  const failed = new Promise<{ errorType: string; errorMessage: string }>((resolve) => {
    fail = resolve;
  });
  const deliver = () => {
    const next = events[0];
    if (idle === null || next === undefined) return;
    events.shift();
    idle.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': String(next.until),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:redress',
      'lambda-runtime-trace-id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700',
    });
    idle.end(JSON.stringify(next.event));
    idle = null;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      if (path.endsWith('/invocation/next')) {
        idle = response;
        deliver();
        return;
      }
      const value: unknown = JSON.parse(Buffer.concat(chunks).toString() || 'null');
      const [, id, how] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
      if (id !== undefined)
        waiting.get(id)?.(how === 'response' ? { ok: true, value } : { ok: false, error: value as { errorType: string; errorMessage: string } });
      if (path.endsWith('/init/error')) fail(value as { errorType: string; errorMessage: string });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const command = RIC === undefined ? [RUNNER] : [RIC, handler];
  const child: ChildProcess = spawn(process.execPath, ['--enable-source-maps', ...command], {
    cwd: folder,
    // Nothing of this process: what the function needs is what the template sets, and what Lambda does.
    env: {
      PATH: process.env['PATH'] ?? '',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: handler,
      AWS_LAMBDA_FUNCTION_NAME: 'redress',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/redress',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      AWS_REGION: 'us-east-1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let ended = false;
  void gone.then(() => {
    ended = true;
    for (const answer of waiting.values()) answer({ ok: false, error: { errorType: 'Sandbox.Exited', errorMessage: log.slice(-2000) } });
  });
  return {
    invoke: async (event, seconds = 120) => {
      const id = randomUUID();
      if (ended) return { ok: false, error: { errorType: 'Sandbox.Exited', errorMessage: log.slice(-2000) } };
      const answered = new Promise<Answered>((resolve) => waiting.set(id, resolve));
      events.push({ id, event, until: Date.now() + seconds * 1000 });
      deliver();
      return answered.finally(() => waiting.delete(id));
    },
    failed,
    log: () => log,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
