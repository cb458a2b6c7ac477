// Starts the AWS emulator on a free loopback port. Plain Node, no dependencies.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A port that is currently free. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Starts moto and waits until it responds.
 *
 * @param {{ detached?: boolean }} [options] `detached`: it stays when this process ends.
 * @returns {Promise<{ endpoint: string, pid: number, stop: () => Promise<void> }>}
 */
export async function startMoto(options = {}) {
  const port = await freePort();
  const detached = options.detached === true;
  const command = join(ROOT, '.venv', 'bin', 'python');
  const child = spawn(command, [join(ROOT, 'scripts', 'emulator.py'), String(port)], {
    // It ends when its standard input closes, and so with this process. A detached one has none that closes.
    stdio: [detached ? 'ignore' : 'pipe', 'ignore', 'pipe'],
    detached,
    env: { ...process.env, ...(detached ? { REDRESS_MOTO_DETACHED: '1' } : {}) },
  });
  let log = '';
  child.stderr?.on('data', (data) => {
    log = (log + String(data)).slice(-4000);
  });
  /** @type {Promise<never>} */
  const failed = new Promise((_, reject) => {
    child.once('error', (error) => reject(new Error(`The emulator cannot be started (${command}): ${error.message}. Run \`npm run setup\`.`)));
    child.once('exit', (code) => reject(new Error(`The emulator ended (${code}): ${log}`)));
  });
  failed.catch(() => undefined);
  const endpoint = `http://localhost:${port}`;
  await Promise.race([failed, answers(`${endpoint}/moto-api/`)]);
  if (detached) {
    child.stderr?.destroy();
    child.unref();
  }
  return {
    endpoint,
    pid: /** @type {number} */ (child.pid),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 2000).unref();
      }),
  };
}

/** @param {string} url */
async function answers(url) {
  for (let attempt = 0; attempt < 6000; attempt++) {
    try {
      const response = await fetch(url);
      if (response.ok) return;
    } catch {
      // It does not listen yet. The deadline below ends the wait.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The emulator does not answer at ${url}.`);
}

/**
 * Empties the emulated account. What earlier scenarios created would be in every list of the next ones, and a list of hundreds takes the emulator a second.
 *
 * @param {string} endpoint
 */
export async function emptyMoto(endpoint) {
  const { ok, status } = await fetch(new URL('/moto-api/reset', endpoint), { method: 'POST' });
  if (!ok) throw new Error(`The emulator was not emptied: ${status}`);
}
