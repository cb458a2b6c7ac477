// Third-party servers, each in its own process on loopback, for the duration of a test.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Server {
  readonly endpoint: string;
  /** Of the process. */
  readonly pid: number;
  /** Ends the process, and removes its folder. */
  close(): Promise<void>;
}

/** How to start a server. */
export interface Command {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Responds with success once the server is ready. */
  readonly ready: string;
}

/** Starts the server `of` on a free port, with a folder that is removed with it, and waits until it responds. */
export async function startServer(of: (at: { readonly port: number; readonly folder: string }) => Command): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'redress-server-'));
  const port = await freePort();
  const { name, command, args, env, ready } = of({ port, folder });
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let log = '';
  child.stderr.on('data', (data) => (log = (log + String(data)).slice(-4000)));
  let running = true;
  const ended = new Promise<void>((resolve) => {
    const over = (why: unknown) => {
      if (why instanceof Error) log += why.message;
      running = false;
      resolve();
    };
    child.once('error', over);
    child.once('close', over);
  });
  // Nothing else ends it when this process is killed.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = `http://127.0.0.1:${port}`;
  while (!(await answers(`${endpoint}${ready}`))) {
    if (!running) {
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${name} ended: ${log}. \`npm test\` and \`npm run judges\` install what they need.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    endpoint,
    pid: child.pid ?? 0,
    async close() {
      process.off('exit', kill);
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 2000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
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
