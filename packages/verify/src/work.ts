// What is a lot of work, and can be shared among threads.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type MessagePort, Worker } from 'node:worker_threads';
import { type EntriesJob, type EntriesPart, readEntries } from './log.js';
import type { Share } from './share.js';
import { checkStreamFiles, type StreamsJob, type StreamsPart } from './streams.js';

/** Work of which all but the numbers of its pieces is known from the beginning. */
type Job = EntriesJob | StreamsJob;
/** What a share of a job came to. */
type Part = EntriesPart | StreamsPart;
/** A check that asks for work to be done, and goes on with what came of it. */
export type Check<T> = Generator<Job, T, readonly Part[]>;

/** Does a share of a job. */
function doShare(job: Job, share: Share): Part {
  return job.kind === 'entries' ? readEntries(job, share) : checkStreamFiles(job, share);
}

/** Does all work in this thread. */
export function runHere<T>(check: Check<T>): T {
  for (let parts: readonly Part[] = []; ; ) {
    const step = check.next(parts);
    if (step.done === true) return step.value;
    let taken = 0;
    parts = [doShare(step.value, { part: 0, parts: 1, next: () => taken++ })];
  }
}

/** What threads run: the package's own command, which is beside the code that calls it. */
const PROGRAM = fileURLToPath(new URL('./bin.js', import.meta.url));

/**
 * Does work in so many threads, this one among them; in this one alone where the package was bundled into something else.
 *
 * @throws {Error} when a thread ends before its work is done: it is out of memory, for one.
 */
export async function runInThreads<T>(check: Check<T>, threads: number): Promise<T> {
  if (!existsSync(PROGRAM)) return runHere(check);
  const workers = Array.from({ length: threads - 1 }, () => new Worker(PROGRAM));
  try {
    for (let parts: readonly Part[] = []; ; ) {
      const step = check.next(parts);
      if (step.done === true) return step.value;
      const taken = new SharedArrayBuffer(4);
      const others = workers.map((worker, at) => answerOf(worker, { job: step.value, part: at + 1, parts: threads, taken }));
      // One that fails while this thread is at work is asked about below.
      for (const each of others) each.catch(() => undefined);
      const own = doShare(step.value, shareOf({ part: 0, parts: threads, taken }));
      parts = [own, ...(await Promise.all(others))];
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Does the shares that another thread sends, or the whole of what it is asked. */
export function serveShares(port: MessagePort, whole: (asked: unknown) => unknown): void {
  port.on('message', (sent: (SentShare & { readonly job: Job }) | Asked) => {
    if ('job' in sent) {
      const { job, ...share } = sent;
      port.postMessage(doShare(job, shareOf(share)));
    } else port.postMessage(whole(sent.asked));
  });
}

/** A question to a thread that does all of it. */
interface Asked {
  readonly asked: unknown;
}

/**
 * Asks another thread, so that this one can do something else; null where the package was bundled into something else.
 *
 * @throws {Error} when the thread ends before its work is done, as it does when nobody wants to know any more.
 */
export async function askAside(asked: unknown, signal: AbortSignal): Promise<unknown> {
  if (!existsSync(PROGRAM)) return null;
  signal.throwIfAborted();
  const worker = new Worker(PROGRAM);
  const end = () => void worker.terminate();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await answerOf(worker, { asked });
  } finally {
    signal.removeEventListener('abort', end);
    await worker.terminate();
  }
}

/** A share, as another thread is sent it. */
interface SentShare {
  readonly part: number;
  readonly parts: number;
  readonly taken: SharedArrayBuffer;
}

/** Every thread takes from one count. */
function shareOf({ part, parts, taken }: SentShare): Share {
  const count = new Int32Array(taken);
  return { part, parts, next: () => Atomics.add(count, 0, 1) };
}

function answerOf<T = Part>(worker: Worker, sent: (SentShare & { readonly job: Job }) | Asked): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const ended = (code: number) => reject(new Error(`A thread has ended with ${code} before its work was done.`));
  worker.once('message', resolve).once('error', reject).once('exit', ended);
  worker.postMessage(sent);
  return promise.finally(() => void worker.off('message', resolve).off('error', reject).off('exit', ended));
}
