// What a sweep lists, and when it was complete last: read from the records of those before.
import { describe, expect, it } from 'vitest';
import type { Gap } from '../../journal.js';
import { resource } from '../../model/resource.js';
import { definePolicy } from '../../policy/policy.js';
import type { Remediator } from '../../remediator/define.js';
import type { Runtime } from '../runtime.js';
import { discovered, groupsOf, list as listed, OutOfTime, standingHere } from './list.js';
import { sweptSoFar } from './progress.js';

const HERE = { account: '111111111111', region: 'eu-west-1' };
type Listed = { type: string; id: string; region?: string };

describe('the resources that a remediator would check', () => {
  const asked: object[] = [];
  const runtime = {
    readPolicy: async () => definePolicy({ version: 1 }),
    gate: {
      reads: (_remediator: unknown, where: object) => {
        asked.push(where);
        return { reads: true };
      },
    },
  } as unknown as Runtime;
  const list = async (found: Iterable<Listed>, over: object = {}, where = HERE) => {
    const given: object[] = [];
    const remediator = {
      id: 'r',
      global: false,
      parameters: () => ({ a: 1 }),
      discover: async function* (how: object) {
        given.push(how);
        yield* found;
      },
      ...over,
    } as unknown as Remediator;
    const refs: string[] = [];
    for await (const { type, id, account, region, partition } of discovered(runtime, remediator, where))
      refs.push([type, id, account, region, partition].join(' '));
    return { refs, given };
  };
  const bucket = (id: string, more: object = {}): Listed => ({ type: 'AWS::S3::Bucket', id, ...more });

  it('are those of the place, each once', async () => {
    const { refs, given } = await list([bucket('a'), bucket('b'), bucket('a'), bucket('a', { region: 'eu-west-2' }), { type: 'AWS::SNS::Topic', id: 'a' }]);
    expect(refs).toEqual([
      'AWS::S3::Bucket a 111111111111 eu-west-1 aws',
      'AWS::S3::Bucket b 111111111111 eu-west-1 aws',
      'AWS::S3::Bucket a 111111111111 eu-west-2 aws',
      'AWS::SNS::Topic a 111111111111 eu-west-1 aws',
    ]);
    expect(given).toMatchObject([{ aws: { reads: true }, parameters: { a: 1 }, account: '111111111111', region: 'eu-west-1', partition: 'aws' }]);
    expect(asked.at(-1)).toEqual({ ...HERE, partition: 'aws' });
  });
  it('are without a region for a global service, unless it names one', async () => {
    const { refs } = await list([bucket('a'), bucket('b', { region: 'us-east-1' })], { global: true });
    expect(refs).toEqual(['AWS::S3::Bucket a 111111111111 aws-global aws', 'AWS::S3::Bucket b 111111111111 us-east-1 aws']);
  });
  it('are in the partition of its region', async () => {
    const { refs, given } = await list([bucket('a')], {}, { account: '111111111111', region: 'cn-north-1' });
    expect(refs).toEqual(['AWS::S3::Bucket a 111111111111 cn-north-1 aws-cn']);
    expect(given).toMatchObject([{ partition: 'aws-cn' }]);
  });
  it('do not exist if it cannot discover', async () => {
    expect((await list([bucket('a')], { discover: null })).refs).toEqual([]);
  });
  it('are cached for the last ten thousand', async () => {
    const names = Array.from({ length: 10_001 }, (_, n) => bucket(`b-${n}`));
    const { refs } = await list([...names, bucket('b-1'), bucket('b-10000'), bucket('b-0')]);
    expect(refs.length).toBe(10_002);
    expect(refs.at(-1)).toBe('AWS::S3::Bucket b-0 111111111111 eu-west-1 aws');
  });
});

describe('a listed resource of a group', () => {
  const runtime = {
    readPolicy: async () => definePolicy({ version: 1 }),
    gate: { reads: () => ({}) },
    clock: { now: () => 0 },
  } as unknown as Runtime;
  const TYPE = 'AWS::SNS::Topic';
  type Seen = { state: unknown } | null;
  /** Pages of names, each with what its list shows: whether it is open, or null where that is nothing. */
  const remediator = (id: string, pages: readonly Record<string, boolean | null>[], over: object = {}) =>
    ({
      ...{ id, global: false, resourceTypes: [TYPE], breadth: 0, parameters: () => ({}) },
      plan: ({ state }: { state: { open: boolean } }) => ({ status: state.open ? 'change' : 'compliant' }),
      observeMany: async function* () {
        for (const page of pages)
          yield Object.entries(page).map(([name, open]) => ({ type: TYPE, id: name, seen: (open === null ? null : { state: { open } }) as Seen }));
      },
      ...over,
    }) as unknown as Remediator;
  const ref = (id: string, over: object = {}) => resource({ type: TYPE, id, ...HERE, ...over });
  const gap = (id: string, over: object = {}) => ({ remediator: 'r', members: null, resource: ref(id), ...over }) as Gap;
  const of = async (remediators: readonly Remediator[], how: { stands?: readonly Gap[]; over?: () => boolean } = {}) => {
    const pages: number[] = [];
    const group = { key: TYPE, remediators };
    const found = await listed(runtime, group, HERE, { stands: [], over: () => false, onPage: (size) => void pages.push(size), ...how });
    const candidates = found.candidates.map(({ name, remediators: by }) => `${name.split('/').at(-1)}: ${by.map(({ id }) => id).join(', ')}`);
    return { ...found, candidates, pages };
  };

  it('is checked if its list shows a gap, or nothing; the others are counted', async () => {
    const { candidates, idle, failed, pages } = await of([
      remediator('r', [
        { c: true, a: false },
        { b: null, d: false },
      ]),
    ]);
    expect(candidates).toEqual(['b: r', 'c: r']);
    expect([...idle]).toEqual([['r', 2]]);
    expect(failed.size).toBe(0);
    expect(pages).toEqual([2, 2]);
  });
  it('is judged like a read: as that resource, with its parameters, now', async () => {
    const judged: object[] = [];
    const plan = (given: object) => (judged.push(given), { status: 'compliant' });
    await of([remediator('r', [{ a: true }], { plan, parameters: () => ({ days: 7 }) })]);
    expect(judged).toEqual([{ resource: ref('a'), parameters: { days: 7 }, observedAt: 0, state: { open: true }, context: undefined }]);
  });
  it('with an open gap in the journal is checked once, whatever the list shows', async () => {
    const stands = [gap('closed'), gap('gone'), gap('open')];
    const { candidates, idle } = await of([remediator('r', [{ closed: false, open: true, other: false }])], { stands });
    expect(candidates).toEqual(['closed: r', 'gone: r', 'open: r']);
    expect([...idle]).toEqual([['r', 1]]);
  });
  it('is checked by the remediators that have it in their lists, in their order, and by none for which another one shows it', async () => {
    const narrow = remediator('narrow', [{ a: true, b: false }]);
    const wide = remediator('wide', [{ b: true, a: true }]);
    expect((await of([narrow, wide], { stands: [gap('c', { remediator: 'wide' })] })).candidates).toEqual(['a: narrow, wide', 'b: wide', 'c: wide']);
  });
  it('is checked if a runbook may be running on it', async () => {
    const { candidates, idle } = await of([remediator('r', [{ a: false }], { runbook: {} })]);
    expect([candidates, idle.size]).toEqual([['a: r'], 0]);
  });
  it('is checked separately if it is discovered, and not at all by a remediator that cannot list', async () => {
    const discovering = {
      observeMany: undefined,
      discover: async function* () {
        yield* [bucketOf('b'), bucketOf('a'), bucketOf('b')];
      },
    };
    const bucketOf = (id: string) => ({ type: TYPE, id });
    const { candidates, pages, failed } = await of([remediator('r', [], discovering), remediator('s', [], { observeMany: undefined, discover: null })]);
    expect([candidates, pages, failed.size]).toEqual([['a: r', 'b: r'], [1, 1, 1], 0]);
  });
  it('is kept if the time is over, or the list of another remediator fails', async () => {
    const failing = remediator('r', [], {
      observeMany: async function* () {
        yield [{ type: TYPE, id: 'a', seen: null }];
        throw new Error('denied');
      },
    });
    const one = await of([failing, remediator('s', [{ b: true }, { c: true }])]);
    expect([...one.failed.keys()]).toEqual(['r']);
    expect(one.candidates).toEqual(['a: r', 'b: s', 'c: s']);
    const late = await of([remediator('s', [{ b: true }, { c: true }])], { over: () => true });
    expect(late.failed.get('s')).toBeInstanceOf(OutOfTime);
    expect(late.candidates).toEqual(['b: s']);
  });
  it('includes the gaps of its remediator in this region, and those without a region if it is global', () => {
    const gaps = [
      gap('here'),
      gap('other', { remediator: 's' }),
      gap('held alike', { members: 3 }),
      gap('there', { resource: ref('there', { region: 'us-east-1' }) }),
      gap('another', { resource: ref('another', { account: '222222222222' }) }),
      gap('global', { resource: ref('global', { region: 'aws-global' }) }),
    ];
    const names = (global: boolean) => standingHere(gaps, { id: 'r', global }, HERE).map(({ resource: { id } }) => id);
    expect(names(false)).toEqual(['here']);
    expect(names(true)).toEqual(['here', 'global']);
  });
});

describe('groups', () => {
  const of = (...all: [string, number, ...string[]][]) =>
    groupsOf(all.map(([id, breadth, ...resourceTypes]) => ({ id, breadth, resourceTypes }) as unknown as Remediator)).map(
      ({ key, remediators }) => `${key}: ${remediators.map(({ id }) => id).join(' ')}`,
    );
  it('have the remediators of a type, narrow before wide, even linked by a third one', () => {
    expect(of(['wide', 5, 'A'], ['narrow', 1, 'A'], ['other', 0, 'B'])).toEqual(['A: narrow wide', 'B: other']);
    expect(of(['a', 0, 'A'], ['b', 0, 'B'], ['c', 0, 'C'], ['ab', 0, 'B', 'A'])).toEqual(['C: c', 'A,B: b a ab']);
    expect(of(['ac', 0, 'A', 'C'], ['a', 0, 'A'], ['c', 0, 'C'])).toEqual(['A,C: ac a c']);
    expect(of()).toEqual([]);
  });
});

describe('the last sweep of a place', () => {
  const at = (minute: number) => Date.parse('2026-11-24T10:00:00Z') + minute * 60_000;
  const iso = (minute: number) => new Date(at(minute)).toISOString();
  const swept = (minute: number, sweep: unknown, over: object = {}) => ({
    kind: 'sweep',
    remediator: 'redress-sweep',
    time: iso(minute),
    body: { sweep },
    ...over,
  });
  const of = (began: number, remediators: Record<string, string>) => ({
    began: at(began),
    remediators: Object.fromEntries(Object.entries(remediators).map(([id, status]) => [id, { status }])),
  });
  const last = async (...records: object[]) => {
    const places: object[] = [];
    const journal = {
      // As an earlier version has left it.
      view: async () => ({ swept: null }),
      read: async function* (query: object) {
        places.push(query);
        for (const record of records) yield { record };
      },
    };
    const { swept, folded } = await sweptSoFar({ needJournal: () => journal } as unknown as Runtime, HERE);
    expect(folded).toBe(false);
    expect(places).toMatchObject([{ resource: { type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' } }]);
    return swept.lasts;
  };

  it('is unknown without a record of it', async () => {
    expect(await last()).toEqual({});
    expect(await last({ ...swept(1, of(0, { r: 'complete' })), kind: 'decision' }, swept(2, null), swept(3, 'x'), { ...swept(4, 0), body: {} })).toEqual({});
  });
  it('has the time of its record; it was complete when its round began', async () => {
    expect(await last(swept(5, of(1, { r: 'complete' })))).toEqual({ r: { time: at(5), complete: at(1) } });
    expect(await last(swept(5, of(1, { r: 'stopped' })))).toEqual({ r: { time: at(5), complete: null } });
  });
  it('stays complete as of that time while a later round is not', async () => {
    expect(await last(swept(5, of(1, { r: 'complete' })), swept(9, of(7, { r: 'stopped' })))).toEqual({ r: { time: at(9), complete: at(1) } });
    expect(await last(swept(9, of(7, { r: 'stopped' })), swept(12, of(7, { r: 'complete' })))).toEqual({ r: { time: at(12), complete: at(7) } });
  });
  it('is kept for each remediator', async () => {
    const records = [swept(5, of(1, { r: 'complete', s: 'stopped' })), swept(9, of(7, { s: 'complete' }))];
    expect(await last(...records)).toEqual({ r: { time: at(5), complete: at(1) }, s: { time: at(9), complete: at(7) } });
    expect(await last(swept(5, { ...of(1, {}), remediators: { r: 'complete', s: { status: 'complete' } } }))).toEqual({ s: { time: at(5), complete: at(1) } });
  });
  it('is read from records of earlier versions: one for each remediator', async () => {
    const earlier = (minute: number, sweep: object) => swept(minute, sweep, { remediator: 'r' });
    expect(await last(earlier(5, { status: 'complete', startedAt: iso(1) }))).toEqual({ r: { time: at(5), complete: at(1) } });
    expect(await last(earlier(5, { status: 'complete' }))).toEqual({ r: { time: at(5), complete: at(5) } });
    expect(await last(earlier(5, { status: 'failed', startedAt: iso(1) }))).toEqual({ r: { time: at(5), complete: null } });
  });
});
