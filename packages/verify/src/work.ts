// Large tasks that several threads can share.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type MessagePort, Worker } from 'node:worker_threads';
import { type EntriesJob, type EntriesPart, readEntries } from './log.js';
import type { Share } from './share.js';
import { checkStreamFiles, type StreamsJob, type StreamsPart } from './streams.js';

/** Work that is known from the beginning, except for the numbers of its pieces. */
type Job = EntriesJob | StreamsJob;
/** The result of a share of a job. */
type Part = EntriesPart | StreamsPart;
/** A check that requests work, and continues with the result. */
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

/** The script of threads: the package's own command, which is next to the calling code. */
const PROGRAM = fileURLToPath(new URL('./bin.js', import.meta.url));

/**
 * Does work in several threads, including this one; only in this one if the package was bundled into something else.
 *
 * @throws {Error} if a thread ends before its work is done, for example because it is out of memory.
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
      // A failure while this thread is busy is handled below.
      for (const each of others) each.catch(() => undefined);
      const own = doShare(step.value, shareOf({ part: 0, parts: threads, taken }));
      parts = [own, ...(await Promise.all(others))];
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Does the shares that another thread sends, or a whole task. */
export function serveShares(port: MessagePort, whole: (asked: unknown) => unknown): void {
  port.on('message', (sent: (SentShare & { readonly job: Job }) | Asked) => {
    if ('job' in sent) {
      const { job, ...share } = sent;
      port.postMessage(doShare(job, shareOf(share)));
    } else port.postMessage(whole(sent.asked));
  });
}

/** A task for a thread that does all of it. */
interface Asked {
  readonly asked: unknown;
}

/**
 * Runs a task in another thread, so that this one can do something else; null if the package was bundled into something else.
 *
 * @throws {Error} if the thread ends before its work is done, for example because the result is no longer needed.
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

/** A share, in the form in which it is sent to another thread. */
interface SentShare {
  readonly part: number;
  readonly parts: number;
  readonly taken: SharedArrayBuffer;
}

/** All threads take pieces from one counter. */
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
