import type { Entry, Journal } from '../journal.js';
import { isRedressError, messageOf, RedressError } from '../model/errors.js';
import type { Notify } from '../notify.js';
import { type RedactionRules, redact } from '../redact.js';

/** How secrets are redacted: what counts as a secret, and the key. */
export interface RedactionOptions extends RedactionRules {
  /**
   * Key of the HMAC that replaces a secret, or a function that reads it at the first secret. It has at least 16 characters, and readers of the
   * records must not know it. With another key, equal secrets no longer look equal. Default: the key that the journal keeps, else one of this
   * process.
   */
  readonly key?: string | (() => Promise<string>);
}

/** Redacts what leaves the engine. The key is read when the first secret is met: most accounts show none. */
export class Redactor {
  readonly #rules: RedactionRules;
  readonly #read: () => Promise<string>;
  #key: string | null = null;
  #reading: Promise<string> | null = null;

  /** @throws {RedressError} `compose/invalid` when a key or a pattern is none */
  constructor({ key, ...rules }: RedactionOptions, journal: Journal | null) {
    const flawed = rules.patterns?.find(({ global }) => !global);
    if (flawed !== undefined)
      throw new RedressError('compose/invalid', `The pattern ${String(flawed)} would redact the first secret only.`, { next: 'Give it the flag g.' });
    this.#rules = rules;
    if (typeof key === 'string') this.#key = fit(key);
    this.#read = typeof key === 'function' ? key : async () => (await journal?.redactionKey?.()) ?? ofThisProcess;
  }

  /** With the key as far as it is known: for a log, which cannot wait. An error keeps its class, and loses its secrets. */
  now<T>(value: T): T {
    return value instanceof Error ? this.#error(value) : redact(value, this.#key, this.#rules);
  }

  /** In place: whoever else has the error must not print it either. */
  #error<E extends Error>(error: E, depth = 0): E {
    const members = error as unknown as Record<string, unknown>;
    for (const name of new Set(['message', 'stack', ...Object.keys(error)])) {
      const said = members[name];
      const clean = redact(said, this.#key, this.#rules);
      if (clean !== said)
        Object.defineProperty(error, name, { value: clean, configurable: true, writable: true, enumerable: name !== 'message' && name !== 'stack' });
    }
    if (error.cause instanceof Error && depth < 8) this.#error(error.cause, depth + 1);
    return error;
  }

  /**
   * The very same value when it holds no secret.
   *
   * @throws {RedressError} `journal/unavailable` when there is a secret, and the key cannot be read
   */
  async of<T>(value: T): Promise<T> {
    const clean = redact(value, this.#key, this.#rules);
    if (clean === value || this.#key !== null) return clean;
    await this.#known();
    return redact(value, this.#key, this.#rules);
  }

  /** What work answers, or throws, without secrets. */
  async from<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.of(await work());
    } catch (error) {
      throw this.now(error);
    }
  }

  async #known(): Promise<void> {
    this.#reading ??= this.#read();
    try {
      this.#key = fit(await this.#reading);
    } catch (cause) {
      this.#reading = null;
      if (isRedressError(cause)) throw cause;
      throw new RedressError('journal/unavailable', `The redaction key cannot be read: ${messageOf(cause)}`, {
        cause,
        retryable: true,
        next: 'Nothing that contains a secret is written without it.',
      });
    }
  }
}

const ofThisProcess = crypto.randomUUID();

function fit(key: string): string {
  if (key.trim().length >= 16) return key.trim();
  throw new RedressError('compose/invalid', 'The redaction key is shorter than 16 characters: it could be guessed.', {
    next: 'For example `openssl rand -hex 32`.',
  });
}

/** A journal that never gets a secret. Names of streams, leases and budgets are not free text, and stay as they are. */
export function redactingJournal(journal: Journal, redactor: Redactor): Journal {
  /** Null: there is nothing to redact. */
  const held = ({ body, documents }: Entry) => {
    const said = { body, ...(documents === undefined ? {} : { documents }) };
    return redactor.now(said) === said ? null : said;
  };
  // The methods of a journal are on its prototype, and know their own `this`.
  return new Proxy(journal, {
    get(target, name) {
      if (name === 'begin' || name === 'append' || name === 'finish')
        return (entry: Entry) => {
          const write = (clean: Entry) => (target[name] as (entry: Entry) => Promise<unknown>).call(target, clean);
          const said = held(entry);
          // At once: concurrent work relies on that.
          return said === null ? write(entry) : redactor.of(said).then((clean) => write({ ...entry, ...clean }));
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** A notifier that is given no secret. */
export function redactingNotify(notify: Notify, redactor: Redactor): Notify {
  const { digest, flush } = notify;
  return Object.assign(async (...[notification]: Parameters<Notify>) => notify(await redactor.of(notification)), {
    ...(digest === undefined ? {} : { digest: async (...[given]: Parameters<typeof digest>) => digest.call(notify, await redactor.of(given)) }),
    ...(flush === undefined ? {} : { flush: flush.bind(notify) }),
  });
}
