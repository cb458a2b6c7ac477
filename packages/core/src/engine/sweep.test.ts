// What a sweep lists, and where one left off: read from the records of those before.
import { describe, expect, it } from 'vitest';
import { definePolicy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import type { Runtime } from './runtime.js';
import { discover, lastSweeps } from './sweep.js';

const HERE = { account: '111111111111', region: 'eu-west-1' };
type Listed = { type: string; id: string; region?: string };

describe('what a remediator would look at', () => {
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
    for await (const { type, id, account, region, partition } of discover(runtime, remediator, where) ?? [])
      refs.push([type, id, account, region, partition].join(' '));
    return { refs, given };
  };
  const bucket = (id: string, more: object = {}): Listed => ({ type: 'AWS::S3::Bucket', id, ...more });

  it('is where it is, each once', async () => {
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
  it('of a global service is in no region, unless it says so', async () => {
    const { refs } = await list([bucket('a'), bucket('b', { region: 'us-east-1' })], { global: true });
    expect(refs).toEqual(['AWS::S3::Bucket a 111111111111 aws-global aws', 'AWS::S3::Bucket b 111111111111 us-east-1 aws']);
  });
  it('is in the partition of its region', async () => {
    const { refs, given } = await list([bucket('a')], {}, { account: '111111111111', region: 'cn-north-1' });
    expect(refs).toEqual(['AWS::S3::Bucket a 111111111111 cn-north-1 aws-cn']);
    expect(given).toMatchObject([{ partition: 'aws-cn' }]);
  });
  it('is nothing where it cannot look', () => {
    expect(discover(runtime, { discover: null } as unknown as Remediator, HERE)).toBeNull();
  });
  it('is remembered for the last ten thousand', async () => {
    const names = Array.from({ length: 10_001 }, (_, n) => bucket(`b-${n}`));
    const { refs } = await list([...names, bucket('b-1'), bucket('b-10000'), bucket('b-0')]);
    expect(refs.length).toBe(10_002);
    expect(refs.at(-1)).toBe('AWS::S3::Bucket b-0 111111111111 eu-west-1 aws');
  });
});

describe('where sweeps of a place left off', () => {
  const at = (minute: number) => Date.parse('2026-11-24T10:00:00Z') + minute * 60_000;
  const iso = (minute: number) => new Date(at(minute)).toISOString();
  const swept = (minute: number, sweep: unknown, over: object = {}) => ({ kind: 'sweep', remediator: 'r', time: iso(minute), body: { sweep }, ...over });
  const last = async (...records: object[]) => {
    const places: object[] = [];
    const journal = {
      read: async function* (query: object) {
        places.push(query);
        for (const record of records) yield { record };
      },
    };
    const found = await lastSweeps({ needJournal: () => journal } as unknown as Runtime, HERE);
    expect(places).toMatchObject([{ resource: { type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' } }]);
    return Object.fromEntries(found);
  };
  const complete = (began: number) => ({ status: 'complete', next: null, startedAt: iso(began) });
  const stopped = (began: number, next = 'x') => ({ status: 'stopped', next, startedAt: iso(began) });

  it('is nowhere without a record of one', async () => {
    expect(await last()).toEqual({});
    expect(await last({ ...swept(1, complete(0)), kind: 'decision' }, swept(2, null), swept(3, 'x'), { ...swept(4, 0), body: {} })).toEqual({});
  });
  it('is the end of one that was complete', async () => {
    expect(await last(swept(5, complete(1)))).toEqual({ r: { time: at(5), complete: at(1), began: at(1), next: null } });
  });
  it('is the place of one that was stopped; what was complete before stays known', async () => {
    expect(await last(swept(5, complete(1)), swept(9, stopped(7)))).toEqual({ r: { time: at(9), complete: at(1), began: at(7), next: 'x' } });
    expect(await last(swept(9, stopped(7)))).toEqual({ r: { time: at(9), complete: null, began: at(7), next: 'x' } });
  });
  it('began with the first of its parts', async () => {
    const parts = [swept(9, stopped(7)), swept(12, stopped(10, 'y'))];
    expect(await last(...parts)).toEqual({ r: { time: at(12), complete: null, began: at(7), next: 'y' } });
    expect(await last(...parts, swept(15, complete(13)))).toEqual({ r: { time: at(15), complete: at(7), began: at(7), next: null } });
    expect(await last(...parts, swept(15, complete(13)), swept(20, complete(18)))).toEqual({
      r: { time: at(20), complete: at(18), began: at(18), next: null },
    });
  });
  it('is kept by each remediator for itself', async () => {
    expect(await last(swept(5, complete(1)), swept(9, stopped(7), { remediator: 's' }))).toEqual({
      r: { time: at(5), complete: at(1), began: at(1), next: null },
      s: { time: at(9), complete: null, began: at(7), next: 'x' },
    });
  });
  it('began when it was recorded, where the record does not say', async () => {
    expect(await last(swept(5, { status: 'complete' }))).toEqual({ r: { time: at(5), complete: at(5), began: at(5), next: null } });
    expect(await last(swept(5, { status: 'failed', next: 7 }))).toEqual({ r: { time: at(5), complete: null, began: at(5), next: null } });
  });
});
