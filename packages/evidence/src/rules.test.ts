// What is refused before anything is written, and the result of a request on a state.
import { type AppendRequest, type BeginRequest, digestOf, type Entry, type FinishRequest, type Lease, resource, streamOf } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { emptyState, type StreamState } from './chain.js';
import { appending, beginning, checked, checkFinish, corrupt, finishing, inTurn, invalid, written } from './rules.js';

const ref = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
const stream = streamOf(ref);
const NOW = Date.parse('2026-11-24T10:00:00Z');
const entry: Entry = { resource: ref, remediator: 'r', body: {} };
const code = (work: () => unknown): string => {
  try {
    work();
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('an entry', () => {
  it.each<[string, object, string]>([
    ['in the expected form', {}, 'taken'],
    ['with a body that is a list', { body: [] }, 'journal/invalid'],
    ['with a body that is a text', { body: 'x' }, 'journal/invalid'],
    ['with the member of the journal', { body: { journal: {} } }, 'journal/invalid'],
    ['without a remediator', { remediator: '' }, 'journal/invalid'],
    ['with a remediator without a name', { remediator: undefined }, 'journal/invalid'],
    ['with a document that cannot be stored', { documents: { a: Number.NaN } }, 'json/not-json'],
  ])('%s: %j is %s', (_what, more, expected) => {
    expect(code(() => checked({ ...entry, ...more } as Entry))).toBe(expected);
  });

  it('that would not verify is not written', () => {
    const other = resource({ ...ref, id: 'b' });
    const draft = { kind: 'decision', execution: null, own: null } as const;
    expect(code(() => written(emptyState(stream), draft, checked(entry), NOW))).toBe('taken');
    expect(code(() => written(emptyState(stream), draft, checked({ ...entry, resource: other }), NOW))).toBe('journal/invalid');
    // A call needs members that only the journal adds.
    expect(code(() => written(emptyState(stream), { kind: 'call', execution: 'x-1', own: null }, checked(entry), NOW))).toBe('journal/invalid');
  });
});

describe('a record without a lease', () => {
  it.each<[string, string]>([
    ['decision', 'taken'],
    ['duplicate', 'taken'],
    ['approval', 'taken'],
    ['sweep', 'taken'],
    ['breaker', 'taken'],
    ['intent', 'journal/invalid'],
    ['lease', 'journal/invalid'],
    ['outcome', 'journal/invalid'],
    ['note', 'journal/invalid'],
  ])('of kind %s is %s', (kind, expected) => {
    expect(code(() => appending(emptyState(stream), { ...entry, kind } as AppendRequest))).toBe(expected);
  });
});

describe('an outcome', () => {
  const finish = (more: object) => ({ ...entry, lease: { execution: 'x-1', fence: 1, until: NOW }, outcome: 'remediated', sent: 1, ...more }) as FinishRequest;
  it.each<[object, string]>([
    [{}, 'taken'],
    [{ sent: 0 }, 'taken'],
    [{ sent: -1 }, 'journal/invalid'],
    [{ sent: 1.5 }, 'journal/invalid'],
    [{ sent: '1' }, 'journal/invalid'],
    [{ outcome: 'fine' }, 'journal/invalid'],
    [{ outcome: undefined }, 'journal/invalid'],
  ])('with %j is %s', (more, expected) => {
    expect(code(() => checkFinish(finish(more)))).toBe(expected);
  });
});

describe('a lease', () => {
  const open = (leaseUntil: number): StreamState => ({
    ...emptyState(stream),
    length: 1,
    fence: 3,
    open: {
      execution: 'x-1',
      resource: ref,
      remediator: 'r',
      planDigest: digestOf(1),
      subjects: [],
      fence: 3,
      leaseUntil,
      begunAt: NOW,
      version: '',
      parameters: '',
      drill: false,
      rollbackOf: null,
    },
  });
  const request = (more: object): BeginRequest => ({ ...entry, planDigest: digestOf(1), generation: 0, budgets: [], lease: 60_000, ...more });
  const status = (leaseUntil: number, more: object) => beginning(open(leaseUntil), request(more), NOW).status;

  it('is held until its last millisecond has passed, and only by its own execution', () => {
    expect(status(NOW + 1, { resume: 'x-1' })).toBe('busy');
    expect(status(NOW, { resume: 'x-1' })).toBe('may');
    expect(status(NOW, { resume: 'x-2' })).toBe('stale');
    expect(status(NOW, {})).toBe('busy');
    expect(beginning(emptyState(stream), request({ resume: 'x-1' }), NOW).status).toBe('stale');
    expect(beginning(open(NOW), request({ resume: 'x-1' }), NOW)).toMatchObject({ fresh: false, lease: { execution: 'x-1', fence: 4, until: NOW + 60_000 } });
  });

  it('can be ended by a person only if it lasts longer than an hour: the clock of that worker was ahead', () => {
    expect(status(NOW + 3_600_000, { resume: 'x-1', gone: true })).toBe('busy');
    expect(status(NOW + 3_600_001, { resume: 'x-1', gone: true })).toBe('may');
    expect(status(NOW + 3_600_001, { resume: 'x-1' })).toBe('busy');
  });

  it('is lost for another execution or another fence', () => {
    const lease: Lease = { execution: 'x-1', fence: 3, until: NOW };
    const closing = (more: object) => code(() => finishing(open(NOW), { ...entry, lease: { ...lease, ...more }, outcome: 'remediated', sent: 1 }));
    const calling = (more: object) => code(() => appending(open(NOW), { ...entry, kind: 'call', lease: { ...lease, ...more } }));
    for (const of of [closing, calling]) {
      expect([of({}), of({ execution: 'x-2' }), of({ fence: 2 }), of({ fence: 4 })]).toEqual([
        'taken',
        'journal/lost-lease',
        'journal/lost-lease',
        'journal/lost-lease',
      ]);
    }
    expect(code(() => finishing(emptyState(stream), { ...entry, lease, outcome: 'remediated', sent: 1 }))).toBe('journal/lost-lease');
  });
});

it('streams are read in sequence: one that does not verify is named after the others, and any other error at once', async () => {
  const streams = [digestOf(1), digestOf(2), digestOf(3), digestOf(4)];
  const read = async (errors: Record<string, Error>) => {
    const seen: string[] = [];
    const found: unknown[] = [];
    try {
      const records = inTurn(streams, async function* (each) {
        seen.push(each);
        if (errors[each] !== undefined) throw errors[each];
        yield each as never;
      });
      for await (const each of records) found.push(each);
    } catch (error) {
      return { seen: seen.length, found: found.length, error };
    }
    return { seen: seen.length, found: found.length, error: null };
  };
  expect(await read({})).toEqual({ seen: 4, found: 4, error: null });
  const [first, second, other] = [corrupt(digestOf(2), 1, 'no'), corrupt(digestOf(3), 1, 'no'), invalid('that')];
  expect(first.code).toBe('journal/corrupt');
  expect(await read({ [digestOf(2)]: first, [digestOf(3)]: second })).toEqual({ seen: 4, found: 2, error: first });
  for (const error of [other, new Error('no')]) expect(await read({ [digestOf(2)]: error })).toEqual({ seen: 2, found: 1, error });
});
