// Mutation runs the tests thousands of times. Most of a run is starting a thread and loading Vitest, the SDK and other packages. So one thread serves many
// runs. `warm-setup.ts` reloads our own modules for each run, so that no run finds leftovers of another.
import type { Vite } from 'vitest/node';
import { type PoolOptions, type PoolWorker, ThreadsPoolWorker, type WorkerRequest } from 'vitest/node';

/** Number of runs after which a thread has accumulated enough listeners. */
const RUNS = 50;

let spoiled = false;
/** The thread of an unfinished run is not reused: an aborted test continues in it, with whatever clock it has set. */
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
    // It is asked to stop cleanly: its thread is kept for the next run.
    this.#asked = true;
    queueMicrotask(() => {
      for (const each of [...this.#listeners]) each({ __vitest_worker_response__: true, type: 'stopped' });
    });
  }

  async stop() {
    const thread = this.#running;
    for (const each of this.#listeners) thread.off('message', each);
    this.#thread = null;
    // A thread that has to be forced to stop is not reused.
    if (this.#asked && idle === null) idle = { thread, runs: this.#runs };
    else await thread.stop();
  }

  deserialize(data: unknown) {
    return data;
  }
}

/** Makes Vitest keep the thread of a run for the next one, whatever pool it was started with. */
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
