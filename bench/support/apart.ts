// A simulation in its own thread, with its own heap. A caller waits for the response without yielding, so it fits into virtual time, and the measured heap
// does not include the simulation.
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import { isRedressError, RedressError } from '@redress/core';

type Answer =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly more: object; readonly code: string | null } };

/** Milliseconds without a response after which the thread counts as dead. */
const SILENCE = 300_000;

/** Calls the simulation in another thread. */
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

  /** The response of {@link serve}. Errors there are thrown here. */
  ask(what: unknown): unknown {
    this.#port.postMessage(what);
    // The wake-up may be that of the previous response.
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

/** Answers each call, in the thread of the simulation. */
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
