import { type Clock, type Digest, digestOf } from '@redress/core';
import type { Channel } from './channels/channel.js';
import type { Delivery } from './http.js';
import type { Command, Message } from './message.js';
import { clip } from './text.js';

/** How many messages a channel gets. */
export interface LaneLimits {
  /** At most so many at once; then one each `per / messages`. */
  readonly messages: number;
  /** Milliseconds. */
  readonly per: number;
  /** The same about the same plan is not told again for so long; milliseconds. */
  readonly repeat: number;
}

/** What is remembered of what was told. */
interface Told {
  readonly message: Message;
  /** Epoch milliseconds. */
  readonly at: number;
  repeats: number;
}

interface Held {
  readonly message: Message;
  times: number;
}

/** More than this is only counted. */
const MOST_HELD = 500;
const MOST_TOLD = 5000;
/** After so many failures in a row a channel is left alone for a while: each attempt costs time of who waits. */
const FAILURES = 2;
const PAUSE = 30_000;
const LONGEST_PAUSE = 300_000;

/**
 * What goes to one channel: in order, not too much of it, and nothing twice. What cannot be delivered now is held back, the newest state of
 * each thing, and summed up as soon as it can be. In memory: the journal is the record, and a message that begins to hold back says so.
 */
export class Lane {
  readonly channel: Channel;
  readonly #limits: LaneLimits;
  readonly #clock: Clock;
  readonly #command: string;
  #tokens: number;
  #refilled: number;
  #failures = 0;
  #pausedUntil = 0;
  readonly #told = new Map<Digest, Told>();
  /** By what it is about and which plan: only the newest state of it. */
  readonly #held = new Map<string, Held>();
  #counted = 0;
  /** Deliveries happen one after another, so that nothing overtakes. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(channel: Channel, limits: LaneLimits, { clock, command }: { readonly clock: Clock; readonly command: string }) {
    this.channel = channel;
    this.#limits = limits;
    this.#clock = clock;
    this.#command = command;
    this.#tokens = limits.messages;
    this.#refilled = clock.now();
  }

  /** How much waits to be told. */
  get held(): number {
    return this.#held.size + this.#counted;
  }

  /** When the next message may go; epoch milliseconds. */
  get nextAt(): number {
    this.#refill();
    const wait = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * this.#limits.per) / this.#limits.messages;
    return Math.max(this.#pausedUntil, this.#clock.now() + wait);
  }

  /** Delivers a message, or holds it back, or knows that it was told. */
  offer(message: Message, delivery: Delivery): Promise<void> {
    return this.#next(async () => {
      if (this.#isRepeat(message)) return;
      if (this.held > 0) {
        // What came before goes first.
        this.#hold(message);
        if (this.#ready()) await this.#release(delivery, 'as much as may');
        return;
      }
      if (!this.#ready()) return this.#hold(message);
      this.#tokens--;
      const earlier = this.#told.get(message.key);
      this.#supersede(message);
      try {
        await this.#deliver([message], [this.#dressed(message, earlier)], delivery);
      } catch (error) {
        this.#hold(message, (earlier?.repeats ?? 0) + 1);
        throw error;
      }
    });
  }

  /** Delivers what was held back, as far as the limits allow; `all`: at once, and with what was repeated since. */
  flush(delivery: Delivery, all: boolean): Promise<void> {
    return this.#next(async () => {
      if (all) for (const told of this.#told.values()) if (told.repeats > 0) this.#holdRepeats(told);
      if (this.held > 0 && (all || this.#ready())) await this.#release(delivery, all ? 'all' : 'as much as may');
    });
  }

  #next(work: () => Promise<void>): Promise<void> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }

  #refill(): void {
    const now = this.#clock.now();
    const more = (Math.max(0, now - this.#refilled) * this.#limits.messages) / this.#limits.per;
    this.#tokens = Math.min(this.#limits.messages, this.#tokens + more);
    this.#refilled = now;
  }

  #ready(): boolean {
    this.#refill();
    return this.#tokens >= 1 && this.#clock.now() >= this.#pausedUntil;
  }

  #isRepeat(message: Message): boolean {
    const told = this.#told.get(message.key);
    if (told === undefined || this.#clock.now() - told.at >= this.#limits.repeat) return false;
    told.repeats++;
    return true;
  }

  /** What is told now takes the place of what was told of the same thing: when that comes back, it is news. */
  #supersede(message: Message): void {
    for (const [key, { message: earlier }] of this.#told) {
      if (earlier.about !== message.about || key === message.key) continue;
      if (earlier.plan === message.plan || earlier.plan === null || message.plan === null) this.#told.delete(key);
    }
  }

  #hold(message: Message, times = 1): void {
    this.#supersede(message);
    const at = `${message.about}|${message.plan}`;
    const before = this.#held.get(at);
    // Newest last, so that what is summed up ends as the world does.
    this.#held.delete(at);
    this.#held.set(at, { message, times: (before?.times ?? 0) + times });
    if (this.#held.size <= MOST_HELD) return;
    const oldest = this.#held.keys().next().value;
    if (oldest === undefined) return;
    this.#counted += this.#held.get(oldest)?.times ?? 0;
    this.#held.delete(oldest);
  }

  #holdRepeats(told: Told): void {
    const at = `${told.message.about}|${told.message.plan}`;
    if (!this.#held.has(at)) this.#held.set(at, { message: told.message, times: told.repeats });
    told.repeats = 0;
  }

  async #release(delivery: Delivery, how: 'all' | 'as much as may'): Promise<void> {
    const { held } = this.channel;
    const many = held === 'summed-up' ? MOST_HELD : held.atOnce;
    while (this.held > 0 && (how === 'all' || this.#ready())) {
      this.#tokens = Math.max(0, this.#tokens - 1);
      const group = [...this.#held.entries()].slice(0, many);
      const counted = this.#counted;
      for (const [at] of group) this.#held.delete(at);
      this.#counted = 0;
      const waiting = group.map(([, each]) => each);
      const [only] = waiting;
      const single = waiting.length === 1 && only !== undefined && counted === 0;
      const messages =
        held === 'summed-up' && !single ? [this.#dressed(summary(waiting, counted, this.#command), undefined)] : waiting.map((each) => counting(each));
      try {
        const told = waiting.map((each) => each.message);
        if (messages.length > 0) await this.#deliver(told, messages, delivery);
      } catch (error) {
        // Not told, so it waits, before what waits after it.
        const rest = [...this.#held.entries()];
        this.#held.clear();
        for (const [at, each] of [...group, ...rest]) this.#held.set(at, each);
        this.#counted += counted;
        throw error;
      }
    }
  }

  async #deliver(told: readonly Message[], messages: readonly Message[], delivery: Delivery): Promise<void> {
    try {
      await within(this.channel.send(messages, delivery), delivery.signal);
    } catch (error) {
      this.#failures++;
      if (this.#failures >= FAILURES) this.#pausedUntil = this.#clock.now() + Math.min(LONGEST_PAUSE, PAUSE * 2 ** (this.#failures - FAILURES));
      throw error;
    }
    this.#failures = 0;
    for (const message of told) {
      this.#told.delete(message.key);
      this.#told.set(message.key, { message, at: this.#clock.now(), repeats: 0 });
    }
    while (this.#told.size > MOST_TOLD) this.#told.delete(this.#told.keys().next().value as Digest);
  }

  /** With how often the same was told since, and that this is the last for now. */
  #dressed(message: Message, earlier: Told | undefined): Message {
    const facts = [...message.facts];
    if (earlier !== undefined && earlier.repeats > 0) facts.push(['Again', `${earlier.repeats} times since ${new Date(earlier.at).toISOString()}`]);
    if (this.#tokens < 1)
      facts.push([
        'Held back',
        `What comes before ${new Date(this.nextAt).toISOString()} is summed up after it. Everything is in the journal: ${this.#command} history`,
      ]);
    return facts.length === message.facts.length ? message : { ...message, facts };
  }
}

function counting({ message, times }: Held): Message {
  return times < 2 ? message : { ...message, facts: [...message.facts, ['Times', String(times)]] };
}

/** One message for many: what became of each thing last, and what to type where someone is waited for. */
function summary(waiting: readonly Held[], counted: number, command: string): Message {
  const total = waiting.reduce((sum, { times }) => sum + times, counted);
  const commands: Command[] = waiting.flatMap(({ message }) =>
    message.commands.filter((each) => each.label === 'Approve').map((each) => ({ label: clip(message.title, 120), command: each.command })),
  );
  const problem = waiting.some(({ message }) => message.severity === 'problem');
  return {
    key: digestOf({ summary: waiting.map(({ message, times }) => [message.key, times]), counted }),
    about: digestOf('summary'),
    plan: null,
    severity: problem ? 'problem' : 'ask',
    title: `${total} messages were held back`,
    summary: 'This is how each of them stands now.',
    facts: counted === 0 ? [] : [['Not listed', `${counted} older ones`]],
    sections: [
      {
        label: 'Held back',
        lines: waiting.map(({ message, times }) => `${message.title}${times < 2 ? '' : ` (${times} times)`}: ${clip(message.summary, 200)}`),
      },
    ],
    commands: [...commands.slice(0, 20), { label: 'Explain', command: `${command} history` }],
    links: [],
    notification: null,
  };
}

/** Ends when the time is up, whatever the channel does. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('It took too long.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
