// Mutation runs the tests thousands of times. Most of a run is starting a thread and loading Vitest, the SDK and other packages. So one thread serves many
// runs. `warm-setup.ts` reloads our own modules for each run, so that no run finds leftovers of another.
import type { Vite } from 'vitest/node';
import { type PoolOptions, type PoolWorker, ThreadsPoolWorker, type WorkerRequest } from 'vitest/node';

/** Bytes of memory from which on the thread of a process is not kept: some tests leave a large world behind. */
const MOST = 2 * 2 ** 30;

let spoiled = false;
/** The thread of an unfinished run is not reused: an aborted test continues in it, with whatever clock it has set. */
export function spoil(): void {
  spoiled = true;
}

/** A message of Vitest's RPC: a request (`q`), which waits for a response if it has an id, or a response (`s`). */
interface Call {
  readonly t: 'q' | 's';
  readonly i?: string;
  readonly m?: string;
}
type Listener = (message: unknown) => void;
const isCall = (message: unknown): message is Call => typeof message === 'object' && message !== null && 't' in message;
/** What a thread asks in order to continue: a module, a path. All else are reports. */
const QUESTION = /^(?:fetch|resolve|transform|read)/;

/**
 * A thread that outlives its runs. What a failed test has left behind may ask Vitest for something when no run listens. Vitest waits for all such calls at the
 * end of the next run, so one without a response would hang it. Here each call gets a response: from the run that listens, else at once.
 */
export class WarmThread {
  readonly worker: ThreadsPoolWorker;
  /** The methods of calls without a response, by their ids. */
  readonly #open = new Map<string, string>();
  #run: Listener | null = null;
  #started = false;

  constructor(worker: ThreadsPoolWorker) {
    this.worker = worker;
  }

  async start() {
    await this.worker.start();
    this.worker.on('message', this.#receive);
  }

  /** Passes messages to a run. Requests from before it started are not its own. */
  attend(run: Listener) {
    this.#run = run;
    this.#started = false;
  }

  /** Ends the run: what it has left open gets a response here. */
  leave() {
    this.#run = null;
    for (const [id, method] of this.#open) this.#respond(id, method);
    this.#open.clear();
  }

  send(message: unknown) {
    if (isCall(message) && message.t === 's' && message.i !== undefined) this.#open.delete(message.i);
    this.worker.send(message as WorkerRequest);
  }

  readonly #receive = (message: unknown) => {
    if (!isCall(message)) {
      this.#started ||= (message as { type?: string }).type === 'started';
      this.#run?.(message);
    } else if (this.#run !== null && this.#started) {
      if (message.t === 'q' && message.i !== undefined) this.#open.set(message.i, message.m ?? '');
      this.#run(message);
    } else if (message.t === 'q' && message.i !== undefined) this.#respond(message.i, message.m ?? '');
  };

  #respond(id: string, method: string) {
    // A report that fails is reported again, as an unhandled error.
    const answer = QUESTION.test(method) ? { e: new Error(`The run that asked for ${method} has ended.`) } : {};
    this.worker.send({ t: 's', i: id, ...answer } as unknown as WorkerRequest);
  }
}

let idle: WarmThread | null = null;
/** Ends the thread that is kept for the next run, which starts another. Returns whether there was one. */
export async function renew(): Promise<boolean> {
  const thread = idle;
  idle = null;
  await thread?.worker.stop();
  return thread !== null;
}

class WarmWorker implements PoolWorker {
  readonly name = 'warm';
  readonly #options: PoolOptions;
  #thread: WarmThread | null = null;
  #listener: Listener = () => undefined;
  #asked = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get #running(): WarmThread {
    if (this.#thread === null) throw new Error('The worker is not running.');
    return this.#thread;
  }

  async start() {
    spoiled = false;
    this.#thread = idle ?? new WarmThread(new ThreadsPoolWorker(this.#options));
    if (idle === null) await this.#thread.start();
    idle = null;
  }

  on(event: string, callback: Listener) {
    if (event !== 'message') return this.#running.worker.on(event, callback);
    this.#listener = callback;
    this.#running.attend(callback);
  }

  off(event: string, callback: Listener) {
    if (event === 'message') this.#running.leave();
    else this.#running.worker.off(event, callback);
  }

  send(message: WorkerRequest) {
    if (message.type !== 'stop' || spoiled || process.memoryUsage.rss() >= MOST) return this.#running.send(message);
    // It is asked to stop cleanly: its thread is kept for the next run.
    this.#asked = true;
    queueMicrotask(() => this.#listener({ __vitest_worker_response__: true, type: 'stopped' }));
  }

  async stop() {
    const thread = this.#running;
    this.#thread = null;
    // A thread that has to be forced to stop is not reused.
    if (this.#asked && idle === null) {
      thread.leave();
      idle = thread;
    } else await thread.worker.stop();
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
      vitest.onClose(async () => void (await renew()));
    },
  };
}
