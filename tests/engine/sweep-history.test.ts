// What a round costs does not grow with the rounds before it, nor with what stands elsewhere.
import { createRedress, definePolicy, type Journal, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
let aws: Widgets;
let time: number;
let journal: ReturnType<typeof bound>;
let inner: Journal;
let asked: string[];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const engine = () =>
  createRedress({
    remediators: [anyAge],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'notify' } } }),
    journal,
    connect: aws.connect,
    clock,
  });

beforeEach(() => {
  aws = new Widgets();
  aws.put('w1', ['open-1']);
  time = START;
  inner = memoryJournal({ clock });
  asked = [];
  journal = bound(inner);
  journal.view = (ref) => {
    asked.push('view');
    return inner.view(ref);
  };
  journal.read = (query) => {
    asked.push('read');
    return inner.read(query);
  };
  journal.standing = (place) => {
    asked.push(`standing in ${place?.region ?? 'the organisation'}`);
    return inner.standing(place);
  };
});

describe('a round of a sweep', () => {
  it('reads no more of the journal after forty others, and reads no stream from its beginning', async () => {
    const round = async () => {
      asked.length = 0;
      time += HOUR;
      await engine().sweep({ targets: [HERE] });
      return [...asked];
    };
    await round();
    const second = await round();
    for (let at = 0; at < 40; at++) await round();
    expect(await round()).toEqual(second);
    expect(second.filter((each) => each !== 'view')).toEqual(['standing in us-east-1', 'standing in aws-global']);
    expect(await engine().swept(HERE)).toBe(time);
    expect(asked.filter((each) => each === 'read')).toEqual([]);
  });

  it('reads a stream that an earlier version wrote once, and records the result', async () => {
    await engine().sweep({ targets: [HERE] });
    const known = await engine().swept(HERE);
    journal.view = async (ref) => ({ ...(await inner.view(ref)), swept: null });
    asked.length = 0;
    expect(await engine().swept(HERE)).toBe(known);
    expect(asked).toEqual(['read']);
    time += HOUR;
    await engine().sweep({ targets: [HERE] });
    const sweeps = (await recordsOf(inner)).flatMap(({ record }) => (record.kind === 'sweep' ? [record.body['sweep']] : []));
    expect(sweeps).toMatchObject([{}, { before: { lasts: { 'widget-revoke-open': { time: START, complete: START } }, rounds: [] } }]);
    expect(sweeps[0]).not.toHaveProperty('before');
  });
});
