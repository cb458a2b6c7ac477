// Mutation runs the tests thousands of times: most of a run is the start of a thread and the loading of Vitest, of the SDK and of other packages.
// One thread serves many runs; what is ours, `warm-setup.ts` loads again for each of them, so that no run finds what another has left.
import type { Vite } from 'vitest/node';
import { type PoolOptions, type PoolWorker, ThreadsPoolWorker, type WorkerRequest } from 'vitest/node';

/** After so many runs a thread has listeners enough. */
const RUNS = 50;

let spoiled = false;
/** The thread of the run that goes on is not used again: a test that is cut off goes on in it, with whatever clock it has set. */
export function spoil(): void {
  spoiled = true;
}

let idle: { readonly thread: ThreadsPoolWorker; readonly runs: number } | null = null;

class WarmWorker implements PoolWorker {
  readonly name = 'warm';
  readonly #options: PoolOptions;
  readonly #listeners = new Set<(message: unknown) => void>();
  #thread: ThreadsPoolWorker | null = null;
  #runs = 0;
  #asked = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get #running(): ThreadsPoolWorker {
    if (this.#thread === null) throw new Error('The worker is not running.');
    return this.#thread;
  }

  async start() {
    this.#runs = (idle?.runs ?? 0) + 1;
    spoiled = false;
    this.#thread = idle?.thread ?? null;
    idle = null;
    if (this.#thread !== null) return;
    this.#thread = new ThreadsPoolWorker(this.#options);
    await this.#thread.start();
  }

  on(event: string, callback: (message: unknown) => void) {
    if (event === 'message') this.#listeners.add(callback);
    this.#running.on(event, callback);
  }

  off(event: string, callback: (message: unknown) => void) {
    if (event === 'message') this.#listeners.delete(callback);
    this.#running.off(event, callback);
  }

  send(message: WorkerRequest) {
    if (message.type !== 'stop' || spoiled || this.#runs >= RUNS) return this.#running.send(message);
    // It is asked to stop in good order: its thread is kept for the next run.
    this.#asked = true;
    queueMicrotask(() => {
      for (const each of [...this.#listeners]) each({ __vitest_worker_response__: true, type: 'stopped' });
    });
  }

  async stop() {
    const thread = this.#running;
    for (const each of this.#listeners) thread.off('message', each);
    this.#thread = null;
    // One that has to be forced to stop is not used again.
    if (this.#asked && idle === null) idle = { thread, runs: this.#runs };
    else await thread.stop();
  }

  deserialize(data: unknown) {
    return data;
  }
}

/** Makes Vitest keep the thread of a run for the next one, whatever pool it is started with. */
export function warm(): Vite.Plugin {
  return {
    name: 'warm-worker',
    configureVitest({ vitest, project }) {
      Object.assign(project.config, { pool: 'warm', poolRunner: { name: 'warm', createPoolWorker: (options: PoolOptions) => new WarmWorker(options) } });
      vitest.onClose(async () => {
        await idle?.thread.stop();
        idle = null;
      });
    },
  };
}
