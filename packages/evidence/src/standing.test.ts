// What is open after records, well-formed or not: nothing is invented that a record does not say.
import {
  type Digest,
  type DigestSent,
  type EvidenceRecord,
  type Gap,
  type Json,
  type JsonObject,
  type OpenExecution,
  resource,
  type Unsaid,
} from '@redress/core';
import { describe, expect, it } from 'vitest';
import { type Standing, StandingGaps, standingAfter, standingIn } from './standing.js';

const ref = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const NOTHING: Standing = { gaps: [], unsaid: [], digest: null };
type Said = Partial<Pick<EvidenceRecord, 'kind' | 'execution' | 'remediator' | 'body' | 'seq'>> & { readonly at?: number };
const recordOf = ({ at = START, ...fields }: Said): EvidenceRecord => ({
  v: 1,
  stream: `sha256:${'0'.repeat(64)}`,
  seq: 1,
  prev: null,
  time: new Date(at).toISOString(),
  kind: 'decision',
  execution: null,
  resource: ref,
  remediator: 'r',
  body: {},
  blobs: {},
  ...fields,
});
const standsAfter = (before: Standing, ...said: readonly Said[]) =>
  said.reduce((standing, each) => standingAfter(standing, recordOf(each), undefined, null), before);

const FULL = { key: 'g-1', subjects: ['one'], state: 's', held: 'freeze', approval: 'a-1', deadline: 5, near: true, quiet: true, members: 3 };
const gap = (more: JsonObject = {}, body: JsonObject = {}): Said => ({ body: { outcome: 'notified', message: 'm', gap: { ...FULL, ...more }, ...body } });
const onlyGap = (standing: Standing): Gap => {
  expect(standing.gaps).toHaveLength(1);
  return standing.gaps[0] as Gap;
};

describe('a gap', () => {
  it('has what its decision says', () => {
    const standing = standsAfter(NOTHING, { ...gap(), seq: 7 });
    expect(standing).toEqual({
      unsaid: [],
      digest: null,
      gaps: [
        {
          key: 'g-1',
          resource: ref,
          remediator: 'r',
          subjects: ['one'],
          outcome: 'notified',
          message: 'm',
          state: 's',
          held: 'freeze',
          approval: 'a-1',
          deadline: 5,
          near: true,
          quiet: true,
          members: 3,
          since: START,
          seenAt: START,
          record: 7,
          triedAt: START,
          told: null,
        },
      ],
    });
  });

  it('has nothing that is not well-formed', () => {
    const odd = { subjects: ['one', 7, null], state: 7, held: 7, approval: {}, deadline: '5', near: 'yes', quiet: 1, members: '3' };
    expect(onlyGap(standsAfter(NOTHING, gap(odd, { outcome: 'fine', message: 7 })))).toMatchObject({
      subjects: ['one'],
      outcome: 'denied',
      message: '',
      state: '',
      held: null,
      approval: null,
      deadline: null,
      near: false,
      quiet: false,
      members: null,
    });
    expect(onlyGap(standsAfter(NOTHING, gap({ subjects: 'one' }))).subjects).toEqual([]);
    for (const key of [7, null]) expect(standsAfter(NOTHING, gap({ key }))).toEqual(NOTHING);
    for (const said of ['g-1', 7, null, ['g-1']]) expect(standsAfter(NOTHING, { body: { gap: said } })).toEqual(NOTHING);
    // A record of another kind announces none.
    for (const kind of ['call', 'approval', 'notice', 'outcome'] as const) expect(standsAfter(NOTHING, { ...gap(), kind })).toEqual(NOTHING);
  });

  it('keeps three hundred characters of its message', () => {
    expect(onlyGap(standsAfter(NOTHING, gap({}, { message: 'x'.repeat(301) }))).message).toBe('x'.repeat(300));
  });

  it('that is decided on again is the same, until its state, hold, approval, expiry, deadline or suppression changes', () => {
    const again = (more: JsonObject, body: JsonObject = {}) =>
      onlyGap(standsAfter(NOTHING, { ...gap(), seq: 3 }, { ...gap(more, body), seq: 4, at: START + HOUR }));
    for (const same of [again({}), again({ members: 9 }), again({ subjects: ['two'] }), again({}, { message: 'other', outcome: 'denied' })])
      expect(same).toMatchObject({ since: START, seenAt: START + HOUR, record: 3, triedAt: START });
    expect(again({ members: 9 }, { message: 'other' })).toMatchObject({ members: 9, message: 'other' });
    for (const more of [{ state: 't' }, { held: 'window' }, { approval: 'a-2' }, { near: false }, { deadline: 6 }, { quiet: false }])
      expect([more, again(more)]).toMatchObject([more, { since: START, seenAt: START + HOUR, record: 4, triedAt: START + HOUR, ...more }]);
  });

  it('keeps its position among others when it is decided on again', () => {
    const two = standsAfter(NOTHING, gap(), gap({ key: 'g-2' }), gap({ state: 't' }));
    expect(two.gaps.map(({ key, state }) => [key, state])).toEqual([
      ['g-1', 't'],
      ['g-2', 's'],
    ]);
  });

  it('that is closed goes, and its successor has its age if they share a part', () => {
    const said = { kind: 'notice', body: { notice: { gap: 'g-1', status: 'delivered', state: 's', channels: ['slack'] } }, at: START + 5 } as const;
    const before = standsAfter(NOTHING, gap({ subjects: ['one', 'two'] }), said);
    const next = (over: Json, subjects: readonly string[]) =>
      standsAfter(before, { ...gap({ key: 'g-2', over, subjects: [...subjects] }), at: START + HOUR }).gaps.map(({ key, since, told }) => [
        key,
        since - START,
        told?.at,
      ]);
    expect(next(['g-1'], ['two', 'three'])).toEqual([['g-2', 0, START + 5]]);
    expect(next(['g-1'], ['three'])).toEqual([['g-2', HOUR, undefined]]);
    // What is not over stays, and passes nothing on.
    for (const over of [[], ['g-3'], 'g-1', [7]])
      expect(next(over, ['two'])).toEqual([
        ['g-1', 0, START + 5],
        ['g-2', HOUR, undefined],
      ]);
    expect(standsAfter(before, { body: { gap: { over: ['g-1'] } } }).gaps).toEqual([]);
  });

  it('is one of the newest fifty', () => {
    const many = Array.from({ length: 51 }, (_, n) => gap({ key: `g-${n}` }));
    expect(standsAfter(NOTHING, ...many.slice(0, 50)).gaps).toHaveLength(50);
    expect(standsAfter(NOTHING, ...many).gaps.map(({ key }) => key)).toEqual(Array.from({ length: 50 }, (_, n) => `g-${n + 1}`));
  });

  it('is closed by a remediation of all its parts by its remediator, and by nothing else', () => {
    const before = standsAfter(NOTHING, gap(), gap({ key: 'g-2', subjects: ['one', 'two'] }), { ...gap({ key: 'g-3' }), remediator: 'q' });
    const executed = { remediator: 'r', subjects: ['one'] } as unknown as OpenExecution;
    const outcome = recordOf({ kind: 'outcome', execution: 'x-1' });
    const left = (more: Partial<OpenExecution> = {}) => standingAfter(before, outcome, 'remediated', { ...executed, ...more }).gaps.map(({ key }) => key);
    expect(left()).toEqual(['g-2', 'g-3']);
    expect(left({ subjects: ['two', 'one', 'three'] })).toEqual(['g-3']);
    expect(left({ subjects: ['two'] })).toEqual(['g-1', 'g-2', 'g-3']);
    expect(left({ remediator: 'q' })).toEqual(['g-1', 'g-2']);
    for (const other of ['failed', 'rolled-back', undefined] as const) expect(standingAfter(before, outcome, other, executed)).toEqual(before);
    expect(standingAfter(before, outcome, 'remediated', null)).toEqual(before);
    expect(standingAfter(before, recordOf({ kind: 'call', execution: 'x-1' }), 'remediated', executed)).toEqual(before);
  });
});

describe('a report', () => {
  it('has every gap of every stream, and none that was closed', () => {
    const all = new StandingGaps();
    const add = (stream: string, ...said: readonly Said[]) => {
      for (const each of said) all.add({ stream: stream as Digest, record: recordOf(each) });
    };
    add('sha256:a', ...Array.from({ length: 60 }, (_, at) => gap({ key: `g-${at}`, subjects: [`s-${at}`] })));
    add('sha256:b', gap(), gap({ key: 'g-2', over: ['g-1'], subjects: ['two'] }));
    // An execution that began before another stream does not affect it.
    add('sha256:c', gap(), { kind: 'intent', execution: 'x-1', body: { subjects: ['one'] } });
    add('sha256:c', { kind: 'outcome', execution: 'x-1', body: { journal: { outcome: 'remediated' } } });
    add('sha256:d', gap({ key: 'g-3' }), { kind: 'outcome', execution: 'x-1', body: { journal: { outcome: 'remediated' } } });
    expect(all.gaps().map(({ key }) => key)).toEqual([...Array.from({ length: 60 }, (_, at) => `g-${at}`), 'g-2', 'g-3']);
  });
});

describe('a notice', () => {
  const notice = (said: Json, more: Said = {}): Said => ({ kind: 'notice', at: START + HOUR, ...more, body: { message: 'm', notice: said, ...more.body } });
  const two = standsAfter(NOTHING, gap(), gap({ key: 'g-2' }));

  it('of a gap records what people know of it, once it is delivered', () => {
    const said = { gap: 'g-1', state: 's', approval: 'a-1', channels: ['slack', 7, 'mail'] };
    const delivered = standsAfter(two, notice({ ...said, status: 'delivered' })).gaps;
    expect(delivered).toEqual([
      { ...two.gaps[0], triedAt: START + HOUR, told: { state: 's', approval: 'a-1', at: START + HOUR, channels: ['slack', 'mail'] } },
      two.gaps[1],
    ]);
    expect(standsAfter(two, notice({ ...said, status: 'failed' })).gaps).toEqual([{ ...two.gaps[0], triedAt: START + HOUR }, two.gaps[1]]);
    expect(standsAfter(two, notice({ gap: 'g-1', status: 'delivered', state: 7, approval: 7, channels: 'slack' })).gaps[0]?.told).toEqual({
      state: '',
      approval: null,
      at: START + HOUR,
      channels: [],
    });
    // An earlier notification is not forgotten because a later attempt failed.
    const both = standsAfter(two, notice({ ...said, status: 'delivered' }), notice({ ...said, status: 'failed' }, { at: START + 2 * HOUR }));
    expect(both.gaps[0]).toMatchObject({ triedAt: START + 2 * HOUR, told: { at: START + HOUR } });
  });

  it('of a record that nobody could be notified of waits until it is delivered', () => {
    const failed = notice({ of: 4, status: 'failed', outcome: 'remediated' }, { execution: 'x-1' });
    const waiting: Unsaid = { resource: ref, remediator: 'r', of: 4, execution: 'x-1', outcome: 'remediated', message: 'm', at: START + HOUR };
    expect(standsAfter(two, failed)).toEqual({ ...two, unsaid: [waiting] });
    const more = standsAfter(two, failed, notice({ of: 5, status: 'failed', outcome: 7 }, { body: { message: 7 } }));
    expect(more.unsaid).toEqual([waiting, { ...waiting, of: 5, execution: null, outcome: '', message: '' }]);
    // A retry is the same one, and the newest.
    expect(standsAfter(more, failed).unsaid.map(({ of }) => of)).toEqual([5, 4]);
    expect(standsAfter(more, notice({ of: 4, status: 'delivered' })).unsaid.map(({ of }) => of)).toEqual([5]);
    expect(standsAfter(two, notice({ of: 4, status: 'failed' }, { body: { message: 'x'.repeat(301) } })).unsaid[0]?.message).toBe('x'.repeat(300));
    for (const odd of [{ of: '4' }, {}, 'x', null, [4]] as Json[]) expect(standsAfter(more, notice(odd))).toEqual(more);
    expect(standsAfter(more, { kind: 'decision', body: { notice: { of: 4, status: 'delivered' } } })).toEqual(more);
  });

  it('is one of the newest twenty', () => {
    const many = Array.from({ length: 21 }, (_, of) => notice({ of, status: 'failed' }));
    expect(standsAfter(NOTHING, ...many.slice(0, 20)).unsaid).toHaveLength(20);
    expect(standsAfter(NOTHING, ...many).unsaid.map(({ of }) => of)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });
});

describe('the digest of a day', () => {
  const digest = (said: JsonObject, seq = 1, at = START): Said => ({ kind: 'notice', body: { digest: { day: '2026-11-24', ...said } }, seq, at });
  const claim = (until: Json, seq = 1, at = START) => digest({ sending: { until } }, seq, at);
  const of = (...said: readonly Said[]): DigestSent | null => standsAfter(NOTHING, ...said).digest;
  const claimed: DigestSent = { day: '2026-11-24', sent: false, sending: { record: 1, until: START + HOUR } };

  it('is claimed by one worker at a time, for 91 minutes at most', () => {
    expect(of(claim(START + HOUR))).toEqual(claimed);
    expect(of(claim(START + 100 * HOUR))?.sending?.until).toBe(START + 5_460_000);
    expect(of(claim('later'))).toBeNull();
    for (const sending of ['x', null, 7]) expect(of(digest({ sending }))).toBeNull();
    // To the millisecond.
    expect(of(claim(START + HOUR), claim(START + 2 * HOUR, 2, START + HOUR - 1))).toEqual(claimed);
    expect(of(claim(START + HOUR), claim(START + 2 * HOUR, 2, START + HOUR))?.sending).toEqual({ record: 2, until: START + 2 * HOUR });
  });

  it('is marked as sent by its claimant, and is not sent twice', () => {
    const sent = { day: '2026-11-24', sent: true, sending: null };
    expect(of(claim(START + HOUR), digest({ sent: 1 }, 2))).toEqual(sent);
    expect(of(claim(START + HOUR), digest({ sent: 1 }, 2), claim(START + 2 * HOUR, 3, START + HOUR))).toEqual(sent);
    expect(of(claim(START + HOUR), digest({ sent: 2 }, 2))).toEqual(claimed);
    expect(of(digest({ sent: 1 }))).toBeNull();
    expect(of(claim(START + HOUR), digest({ sent: 1 }, 2), digest({ unsent: 1 }, 3))).toEqual(sent);
  });

  it('that could not be sent may be claimed at once', () => {
    const unsent = { day: '2026-11-24', sent: false, sending: null };
    expect(of(claim(START + HOUR), digest({ unsent: 1 }, 2))).toEqual(unsent);
    expect(of(claim(START + HOUR), digest({ unsent: 2 }, 2))).toEqual(claimed);
    expect(of(claim(START + HOUR), digest({ unsent: 1 }, 2), claim(START + HOUR, 3))?.sending).toEqual({ record: 3, until: START + HOUR });
  });

  it('is that of the newest day', () => {
    const next = { ...claim(START + HOUR, 2), body: { digest: { day: '2026-11-25', sending: { until: START + HOUR } } } };
    const newest = { day: '2026-11-25', sent: false, sending: { record: 2, until: START + HOUR } };
    expect(of(claim(START + HOUR), next)).toEqual(newest);
    expect(of(claim(START + HOUR), digest({ sent: 1 }, 2), next)).toEqual(newest);
    expect(of(next, claim(START + HOUR, 3))).toEqual(newest);
    // What was claimed for one day is not sent for another.
    expect(of(claim(START + HOUR), { ...next, body: { digest: { day: '2026-11-25', sent: 1 } } })).toEqual(claimed);
    expect(of(digest({ day: 7, sending: { until: START + HOUR } }))).toBeNull();
    expect(of({ kind: 'notice', body: { digest: 'x' } })).toBeNull();
    expect(of({ ...claim(START + HOUR), kind: 'decision' })).toBeNull();
  });
});

it('gaps of several streams are listed with the oldest first', () => {
  const gaps = (...since: number[]) => since.map((each) => ({ since: each }) as Gap);
  const unsaid = (...at: number[]) => at.map((each) => ({ at: each }) as Unsaid);
  const found = standingIn([
    { gaps: gaps(3, 1), unsaid: unsaid(6) },
    { gaps: gaps(2), unsaid: unsaid(5, 7) },
  ]);
  expect([found.gaps.map(({ since }) => since), found.unsaid.map(({ at }) => at)]).toEqual([
    [1, 2, 3],
    [5, 6, 7],
  ]);
});
