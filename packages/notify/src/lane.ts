import { type Clock, type Digest, digestOf, RedressError } from '@redress/core';
import type { Channel } from './channels/channel.js';
import type { Delivery } from './http.js';
import type { Command, Message } from './message.js';
import { clip } from './text.js';

/** How many messages a channel gets. */
export interface LaneLimits {
  /** At most this many at once; then one each `per / messages`. */
  readonly messages: number;
  /** Milliseconds. */
  readonly per: number;
  /** People are not notified of the same plan again within this time; milliseconds. */
  readonly repeat: number;
}

/** How many sent notices are remembered. */
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

/** More than this is only counted: of what waits for nobody. */
const MOST_HELD = 500;
/** More messages that ask for an answer are refused: the sender then knows that nobody was notified. */
const MOST_ASKED = 2000;
/** How many commands fit into every channel, with their subjects. */
const MOST_IN_A_LIST = 10;
const MOST_TOLD = 5000;
/** After this many failures in a row a channel is skipped for a while: each attempt costs the caller time. */
const FAILURES = 2;
const PAUSE = 30_000;
const LONGEST_PAUSE = 300_000;

/** The change is made unless somebody objects, so it depends on this notice. */
const isNotice = ({ notification }: Message) => notification?.grace !== undefined;
/** Somebody has to answer, by a command that only this message has: it is delivered, and never only counted. */
const asks = (message: Message) => isNotice(message) || (message.notification !== null && message.notification.approval !== null);

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

  /** How much is waiting for delivery. */
  get held(): number {
    return this.#held.size + this.#counted;
  }

  /** When the next message may go; epoch milliseconds. */
  get nextAt(): number {
    this.#refill();
    const wait = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * this.#limits.per) / this.#limits.messages;
    return Math.max(this.#pausedUntil, this.#clock.now() + wait);
  }

  /**
   * Delivers a message, or holds it back, or finds that it was delivered before. The notice of a change that is made automatically waits for no limit and no
   * pause: it is delivered, or this throws.
   */
  offer(message: Message, delivery: Delivery): Promise<'delivered' | 'held'> {
    return this.#next(async () => {
      if (this.#isRepeat(message)) return 'delivered';
      const notice = isNotice(message);
      // It is the newest of its plan.
      if (notice) this.#held.delete(placeOf(message));
      else if (this.held > 0) {
        // What came before goes first.
        this.#hold(message);
        if (this.#ready()) await this.#release(delivery, 'as much as may');
        return this.#told.has(message.key) ? 'delivered' : 'held';
      }
      if (!this.#ready() && !notice) {
        this.#hold(message);
        return 'held';
      }
      this.#tokens = Math.max(0, this.#tokens - 1);
      const earlier = this.#told.get(message.key);
      this.#supersede(message);
      try {
        await this.#deliver([message], [this.#dressed(message, earlier)], delivery);
        return 'delivered';
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

  #next<T>(work: () => Promise<T>): Promise<T> {
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

  /** This notice replaces the last one about the same subject: if that returns, it is news. */
  #supersede(message: Message): void {
    for (const [key, { message: earlier }] of this.#told) {
      if (earlier.about !== message.about || key === message.key) continue;
      if (earlier.plan === message.plan || earlier.plan === null || message.plan === null) this.#told.delete(key);
    }
  }

  #hold(message: Message, times = 1): void {
    this.#supersede(message);
    const at = placeOf(message);
    const before = this.#held.get(at);
    if (before === undefined && this.#held.size >= MOST_ASKED && asks(message) && this.#asked() >= MOST_ASKED)
      throw new RedressError('notify/failed', `${MOST_ASKED} messages that ask for an answer are waiting already: this one is not sent.`, { retryable: true });
    // Newest last, so that what is summed up ends as the world does.
    this.#held.delete(at);
    this.#held.set(at, { message, times: (before?.times ?? 0) + times });
    if (this.#held.size <= MOST_HELD || this.#held.size - this.#asked() <= MOST_HELD) return;
    for (const [oldest, each] of this.#held) {
      if (asks(each.message)) continue;
      this.#counted += each.times;
      this.#held.delete(oldest);
      return;
    }
  }

  /** How much of what waits asks for an answer. */
  #asked(): number {
    let count = 0;
    for (const { message } of this.#held.values()) if (asks(message)) count++;
    return count;
  }

  #holdRepeats(told: Told): void {
    const at = placeOf(told.message);
    if (!this.#held.has(at)) this.#held.set(at, { message: told.message, times: told.repeats });
    told.repeats = 0;
  }

  async #release(delivery: Delivery, how: 'all' | 'as much as may'): Promise<void> {
    const { held } = this.channel;
    while (this.held > 0 && (how === 'all' || this.#ready())) {
      this.#tokens = Math.max(0, this.#tokens - 1);
      const group = this.#group();
      for (const [at] of group) this.#held.delete(at);
      const waiting = group.map(([, each]) => each);
      const asking = waiting.some(({ message }) => asks(message));
      const counted = asking ? 0 : this.#counted;
      this.#counted -= counted;
      const single = waiting.length === 1 && counted === 0;
      const several = () => (asking ? questions(waiting, this.#command) : summary(waiting, counted, this.#command));
      const messages = held === 'summed-up' && !single ? [this.#dressed(several(), undefined)] : waiting.map((each) => counting(each));
      try {
        const told = waiting.map((each) => each.message);
        if (messages.length > 0) await this.#deliver(told, messages, delivery);
      } catch (error) {
        // Not delivered, so it waits, in its order.
        const rest = [...this.#held.entries()];
        this.#held.clear();
        for (const [at, each] of [...group, ...rest]) this.#held.set(at, each);
        this.#counted += counted;
        throw error;
      }
    }
  }

  /**
   * What goes out next. Where it is summarized: an announcement alone and first; what asks for an answer in short lists, with the command for each;
   * all the rest as one. Of one thing nothing overtakes what came before.
   */
  #group(): readonly (readonly [at: string, Held])[] {
    const all = [...this.#held];
    const { held } = this.channel;
    if (held !== 'summed-up') return all.slice(0, held.atOnce);
    const notice = all.find(([, { message }]) => isNotice(message));
    if (notice !== undefined) return [notice];
    const asking = all[0] !== undefined && asks(all[0][1].message);
    const after = new Set<Digest>();
    const group: (readonly [string, Held])[] = [];
    for (const each of all) {
      const { message } = each[1];
      if (asks(message) !== asking || after.has(message.about)) after.add(message.about);
      else if (group.push(each) === (asking ? MOST_IN_A_LIST : MOST_HELD)) break;
    }
    return group;
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

  /** With how often the same was repeated since, and that this is the last for now. */
  #dressed(message: Message, earlier: Told | undefined): Message {
    const facts = [...message.facts];
    if (earlier !== undefined && earlier.repeats > 0) facts.push(['Again', `${earlier.repeats} times since ${new Date(earlier.at).toISOString()}`]);
    if (this.#tokens < 1)
      facts.push([
        'Held back',
        `Notices before ${new Date(this.nextAt).toISOString()} are summarized after it. Everything is in the journal: ${this.#command} history`,
      ]);
    return facts.length === message.facts.length ? message : { ...message, facts };
  }
}

function counting({ message, times }: Held): Message {
  return times < 2 ? message : { ...message, facts: [...message.facts, ['Times', String(times)]] };
}

/** Only the newest state of a thing and plan is held. */
function placeOf({ about, plan }: Message): string {
  return `${about}|${plan}`;
}

/** One message for many: the last state of each. Its lines may be cut off: none of them needs an answer. */
function summary(waiting: readonly Held[], counted: number, command: string): Message {
  return {
    ...ofSeveral(waiting, counted),
    title: `${waiting.reduce((sum, { times }) => sum + times, counted)} messages were held back`,
    summary: 'This is the current state of each.',
    facts: counted === 0 ? [] : [['Not listed', `${counted} older ones`]],
    commands: [{ label: 'Explain', command: `${command} history` }],
  };
}

/** One message for a few that ask for an answer. Commands are what no channel cuts off, so each has its own, by what it is about. */
function questions(waiting: readonly Held[], command: string): Message {
  const commands = waiting.flatMap(({ message }): readonly Command[] => {
    const named = (label: string) => message.facts.find(([each]) => each === label)?.[1] ?? '';
    const answer = message.commands.find(({ label }) => label === 'Approve');
    return answer === undefined
      ? []
      : [{ label: `${answer.label}: ${clip(named('Resource'), 300)}: ${clip(named('Remediator'), 100)}`, command: answer.command }];
  });
  return {
    ...ofSeveral(waiting, 0),
    title: `${waiting.length} approvals needed`,
    summary: 'They were held back. Approve, show or deny each by its id.',
    facts: [],
    commands: [...commands, { label: 'Explain', command: `${command} history` }],
  };
}

function ofSeveral(waiting: readonly Held[], counted: number): Pick<Message, 'key' | 'about' | 'plan' | 'severity' | 'sections' | 'links' | 'notification'> {
  return {
    key: digestOf({ summary: waiting.map(({ message, times }) => [message.key, times]), counted }),
    about: digestOf('summary'),
    plan: null,
    severity: waiting.some(({ message }) => message.severity === 'problem') ? 'problem' : 'ask',
    sections: [
      {
        label: 'Held back',
        lines: waiting.map(({ message, times }) => `${message.title}${times < 2 ? '' : ` (${times} times)`}: ${clip(message.summary, 200)}`),
      },
    ],
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
