import { describe, expect, it } from 'vitest';
import type { Entry, Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Notify } from '../notify.js';
import { type RedactionOptions, Redactor, redactingJournal, redactingNotify } from './redaction.js';

const PATTERNS = [/pin-\d+/g];
const SECRET = 'the pin-1234';
const [KEY, OTHER] = ['0123456789abcdef', 'fedcba9876543210'];
const MARKED = /^the \[redacted hmac:[0-9a-f]{16}\]$/;
const journalOf = (over: object = {}) => over as unknown as Journal;
const redactor = (how: RedactionOptions = { key: KEY }, journal: Journal | null = null) => new Redactor({ patterns: PATTERNS, ...how }, journal);
const refused = async (work: () => unknown) => {
  try {
    await work();
  } catch (error) {
    return error as RedressError;
  }
  throw new Error('It was not refused.');
};

describe('the key of redaction', () => {
  it('makes equal secrets look equal, and others not', async () => {
    const [one, two, three] = [redactor(), redactor({ key: `  ${KEY}\n` }), redactor({ key: OTHER })];
    expect(await one.of(SECRET)).toMatch(MARKED);
    expect(await two.of(SECRET)).toBe(await one.of(SECRET));
    expect(await three.of(SECRET)).not.toBe(await one.of(SECRET));
  });
  it('has at least 16 characters, whoever provides it', async () => {
    for (const key of ['', '0123456789abcde', ' 0123456789abcde ']) {
      expect(await refused(() => redactor({ key }))).toMatchObject({
        code: 'compose/invalid',
        message: 'The redaction key is shorter than 16 characters: it could be guessed.',
      });
      expect(await refused(() => redactor({ key: async () => key }).of(SECRET))).toMatchObject({ code: 'compose/invalid' });
      expect(await refused(() => redactor({}, journalOf({ redactionKey: async () => key })).of(SECRET))).toMatchObject({ code: 'compose/invalid' });
    }
  });
  it('is read once, when the first secret is found', async () => {
    let reads = 0;
    const of = redactor({ key: async () => (reads++ === 0 ? KEY : OTHER) });
    expect(await of.of('no secret')).toBe('no secret');
    expect(reads).toBe(0);
    const all = await Promise.all([of.of(SECRET), of.of(SECRET)]);
    expect([...all, await of.of(SECRET)]).toEqual(Array(3).fill(await redactor().of(SECRET)));
    expect(reads).toBe(1);
  });
  it('is the given one, else that of the journal, else one of this process', async () => {
    const kept = journalOf({ redactionKey: async () => OTHER });
    expect(await redactor({ key: KEY }, kept).of(SECRET)).toBe(await redactor().of(SECRET));
    expect(await redactor({}, kept).of(SECRET)).toBe(await redactor({ key: OTHER }).of(SECRET));
    for (const journal of [null, journalOf(), journalOf({ redactionKey: async () => undefined })]) {
      expect(await redactor({}, journal).of(SECRET)).toMatch(MARKED);
      expect(await redactor({}, journal).of(SECRET)).toBe(await redactor({}, null).of(SECRET));
    }
  });
  it('that cannot be read lets no secret through, and is read again by the next call', async () => {
    let down = true;
    const of = redactor({
      key: async () => {
        if (down) throw new Error('no reply');
        return KEY;
      },
    });
    const error = await refused(() => of.of(SECRET));
    expect(error).toMatchObject({ code: 'journal/unavailable', message: 'The redaction key cannot be read: no reply', retryable: true });
    expect(error.cause).toMatchObject({ message: 'no reply' });
    expect(await of.of('no secret')).toBe('no secret');
    down = false;
    expect(await of.of(SECRET)).toBe(await redactor().of(SECRET));
  });
  it('that the journal refuses fails with the error of the journal', async () => {
    const said = new RedressError('journal/corrupt', 'It does not verify.');
    const journal = journalOf({
      redactionKey: async () => {
        throw said;
      },
    });
    expect(await refused(() => redactor({}, journal).of(SECRET))).toBe(said);
  });
});

describe('a pattern', () => {
  it('without the flag g is refused: it would redact the first secret only', async () => {
    const error = await refused(() => redactor({ patterns: [/a/g, /b/i] }));
    expect(error).toMatchObject({ code: 'compose/invalid', message: 'The pattern /b/i would redact the first secret only.' });
    expect(() => new Redactor({}, null)).not.toThrow();
  });
});

describe('a text that cannot wait for the key', () => {
  it('hides the secret completely until the key is known, and shows its digest from then on', async () => {
    const of = redactor({ key: async () => KEY });
    expect(of.now(SECRET)).toBe('the [redacted]');
    await of.of(SECRET);
    expect(of.now(SECRET)).toMatch(MARKED);
  });
  it('is the same error object without its secrets: other holders cannot print them either', () => {
    class Special extends TypeError {}
    const error = Object.assign(new Special(SECRET, { cause: new Error(`caused by ${SECRET}`) }), { said: SECRET, code: 'X' });
    const before = error.stack;
    expect(before).toContain('pin-1234');
    const clean = redactor().now(error);
    expect(clean).toBe(error);
    expect(clean).toBeInstanceOf(Special);
    expect(clean.message).toMatch(MARKED);
    expect(clean.said).toMatch(MARKED);
    expect(clean.code).toBe('X');
    expect(clean.stack).not.toContain('pin-1234');
    expect((clean.cause as Error).message).toMatch(/^caused by the \[redacted/);
    // As an error has them: its own members are listed, message and stack are not.
    expect(Object.keys(clean).sort()).toEqual(['code', 'said']);
    clean.message = 'm';
    Object.defineProperty(clean, 'stack', { value: 's' });
    expect([clean.message, clean.stack]).toEqual(['m', 's']);
  });
  it('is redacted with nine causes, and ends with one that is its own cause', () => {
    const errors = Array.from({ length: 12 }, (_, at) => new Error(`${at} ${SECRET}`));
    for (const [at, each] of errors.entries()) each.cause = errors[at + 1] ?? 'no error';
    redactor().now(errors[0]);
    expect(errors.map(({ message }) => message.includes('pin-1234'))).toEqual([...Array(9).fill(false), ...Array(3).fill(true)]);
    const own = new Error(SECRET);
    own.cause = own;
    expect(redactor().now(own).message).toMatch(MARKED);
  });
  it('includes the result of work and what it throws', async () => {
    expect(await redactor().from(async () => ({ said: SECRET }))).toEqual({ said: expect.stringMatching(MARKED) });
    const thrown = new Error(SECRET);
    expect(await refused(() => redactor().from(async () => Promise.reject(thrown)))).toBe(thrown);
    expect(thrown.message).toMatch(MARKED);
  });
});

describe('a journal with redaction', () => {
  /** One that keeps what it is given, and knows its own `this`. */
  class Keeps {
    readonly given: unknown[] = [];
    readonly size = 3;
    async begin(entry: object) {
      this.given.push(['begin', entry]);
      return 'begun';
    }
    async append(entry: object) {
      this.given.push(['append', entry]);
      return 'appended';
    }
    async finish(entry: object) {
      this.given.push(['finish', entry]);
      return 'finished';
    }
    async view(ref: object) {
      this.given.push(['view', ref]);
      return 'viewed';
    }
  }
  const entry = (over: object) => ({ kind: 'decision', key: 'pin-9999', body: {}, ...over }) as unknown as Entry;
  const through = (of = redactor()) => {
    const keeps = new Keeps();
    const journal = redactingJournal(keeps as unknown as Journal, of) as unknown as Keeps &
      Record<'begin' | 'append' | 'finish', (entry: Entry) => Promise<unknown>>;
    return { keeps, journal };
  };

  it.each(['begin', 'append', 'finish'] as const)('gets no secret by %s, in the body or a document; names of resources stay unchanged', async (name) => {
    const { keeps, journal } = through();
    const answered = { begin: 'begun', append: 'appended', finish: 'finished' }[name];
    expect(await journal[name](entry({ body: { said: SECRET } }))).toBe(answered);
    expect(await journal[name](entry({ documents: { state: SECRET } }))).toBe(answered);
    expect(keeps.given).toEqual([
      [name, entry({ body: { said: expect.stringMatching(MARKED) } })],
      [name, entry({ documents: { state: expect.stringMatching(MARKED) } })],
    ]);
  });
  it('gets a text without secrets at once, unchanged', async () => {
    const { keeps, journal } = through();
    const plain = entry({ body: { said: 'nothing' }, documents: { state: 'nothing' } });
    const answer = journal.append(plain);
    expect(keeps.given).toEqual([['append', plain]]);
    expect((keeps.given[0] as unknown[])[1]).toBe(plain);
    expect(await answer).toBe('appended');
  });
  it('gets nothing while the key cannot be read', async () => {
    const { keeps, journal } = through(redactor({ key: async () => Promise.reject(new Error('no')) }));
    expect(await refused(() => journal.append(entry({ body: { said: SECRET } })))).toMatchObject({ code: 'journal/unavailable' });
    expect(keeps.given).toEqual([]);
  });
  it('otherwise behaves the same', async () => {
    const { keeps, journal } = through();
    const { view, size } = journal;
    expect([await view({ id: SECRET }), size]).toEqual(['viewed', 3]);
    expect(keeps.given).toEqual([['view', { id: SECRET }]]);
  });
});

describe('a notifier with redaction', () => {
  it('gets no secret in a notification or a digest, and flushes as before', async () => {
    const given: unknown[] = [];
    const notify = Object.assign(
      async (each: object) => {
        given.push(each);
        return 'told';
      },
      {
        async digest(this: unknown, each: object) {
          given.push([this === notify, each]);
          return 'digested';
        },
        async flush(this: unknown, how: object) {
          given.push([this === notify, how]);
          return 'flushed';
        },
      },
    );
    const clean = redactingNotify(notify as unknown as Notify, redactor());
    const marked = { message: expect.stringMatching(MARKED) };
    expect([await clean({ message: SECRET } as never), await clean.digest?.({ message: SECRET } as never), await clean.flush?.({ all: true })]).toEqual([
      ...['told', 'digested', 'flushed'],
    ]);
    expect(given).toEqual([marked, [true, marked], [true, { all: true }]]);
  });
  it('has the same methods as the original', () => {
    const clean = redactingNotify((async () => undefined) as unknown as Notify, redactor());
    expect(Object.keys(clean)).toEqual([]);
  });
});
