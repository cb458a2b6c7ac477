// What a sweep lists, and when it was complete last: read from the records of those before.
import { describe, expect, it } from 'vitest';
import { definePolicy } from '../../policy/policy.js';
import type { Remediator } from '../../remediator/define.js';
import type { Runtime } from '../runtime.js';
import { discovered } from './list.js';
import { sweptSoFar } from './progress.js';

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
    for await (const { type, id, account, region, partition } of discovered(runtime, remediator, where))
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
  it('is nothing where it cannot look', async () => {
    expect((await list([bucket('a')], { discover: null })).refs).toEqual([]);
  });
  it('is remembered for the last ten thousand', async () => {
    const names = Array.from({ length: 10_001 }, (_, n) => bucket(`b-${n}`));
    const { refs } = await list([...names, bucket('b-1'), bucket('b-10000'), bucket('b-0')]);
    expect(refs.length).toBe(10_002);
    expect(refs.at(-1)).toBe('AWS::S3::Bucket b-0 111111111111 eu-west-1 aws');
  });
});

describe('when a place was swept last', () => {
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
  it('is when it was recorded; it was complete when the round that was began', async () => {
    expect(await last(swept(5, of(1, { r: 'complete' })))).toEqual({ r: { time: at(5), complete: at(1) } });
    expect(await last(swept(5, of(1, { r: 'stopped' })))).toEqual({ r: { time: at(5), complete: null } });
  });
  it('stays complete as of then while a later round is not', async () => {
    expect(await last(swept(5, of(1, { r: 'complete' })), swept(9, of(7, { r: 'stopped' })))).toEqual({ r: { time: at(9), complete: at(1) } });
    expect(await last(swept(9, of(7, { r: 'stopped' })), swept(12, of(7, { r: 'complete' })))).toEqual({ r: { time: at(12), complete: at(7) } });
  });
  it('is kept for each remediator', async () => {
    const records = [swept(5, of(1, { r: 'complete', s: 'stopped' })), swept(9, of(7, { s: 'complete' }))];
    expect(await last(...records)).toEqual({ r: { time: at(5), complete: at(1) }, s: { time: at(9), complete: at(7) } });
    expect(await last(swept(5, { ...of(1, {}), remediators: { r: 'complete', s: { status: 'complete' } } }))).toEqual({ s: { time: at(5), complete: at(1) } });
  });
  it('is read from records of earlier versions, too: one for each remediator', async () => {
    const earlier = (minute: number, sweep: object) => swept(minute, sweep, { remediator: 'r' });
    expect(await last(earlier(5, { status: 'complete', startedAt: iso(1) }))).toEqual({ r: { time: at(5), complete: at(1) } });
    expect(await last(earlier(5, { status: 'complete' }))).toEqual({ r: { time: at(5), complete: at(5) } });
    expect(await last(earlier(5, { status: 'failed', startedAt: iso(1) }))).toEqual({ r: { time: at(5), complete: null } });
  });
});
