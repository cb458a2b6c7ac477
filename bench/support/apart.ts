// Something simulated in a thread of its own, with a heap of its own: whoever asks it waits for the answer without giving up its turn, so it fits into
// virtual time, and nothing of it is in the heap that is measured.
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import { isRedressError, RedressError } from '@redress/core';

type Answer =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly more: object; readonly code: string | null } };

/** Whoever does not answer for so long is not there any more; milliseconds. */
const SILENCE = 300_000;

/** Asks what another thread simulates. */
export class Apart {
  readonly #port: MessagePort;
  readonly #done = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  constructor(file: URL, data: object, megabytes: number) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const how = { workerData: { ...data, port: port2, done: this.#done }, transferList: [port2], execArgv: [] };
    this.#worker = new Worker(file, { ...how, resourceLimits: { maxOldGenerationSizeMb: megabytes } });
    this.#worker.unref();
    this.#port.unref();
  }

  /** The answer of {@link serve}; what is thrown there is thrown here. */
  ask(what: unknown): unknown {
    this.#port.postMessage(what);
    // One may be woken for the answer before.
    while (Atomics.load(this.#done, 0) === 0)
      if (Atomics.wait(this.#done, 0, 0, SILENCE) === 'timed-out') throw new Error('What is simulated does not answer: its heap may be full.');
    Atomics.store(this.#done, 0, 0);
    const answer = receiveMessageOnPort(this.#port)?.message as Answer;
    if ('value' in answer) return answer.value;
    const { name, message, more, code } = answer.error;
    if (code !== null) throw Object.assign(new RedressError(code as RedressError['code'], message, {}), more);
    throw Object.assign(new Error(message), more, { name });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Answers each question, in the thread that simulates. */
export function serve<Q>(answer: (question: Q) => Promise<unknown>): void {
  const { port, done } = workerData as { port: MessagePort; done: Int32Array };
  port.on('message', async (question: Q) => {
    let reply: Answer;
    try {
      reply = { value: await answer(question) };
    } catch (error) {
      const { name, message, stack: _stack, cause: _cause, ...more } = error as Error;
      reply = { error: { name, message, more, code: isRedressError(error) ? error.code : null } };
    }
    port.postMessage(reply);
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  });
}
