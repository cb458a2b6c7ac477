// What a reader refuses in a chain whose digests all match: anybody who can write a folder can make them match.
import { type Digest, digestOf, digestText, type EvidenceRecord, type ResourceRef, resource, streamOf } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { emptyState, nextLine, readLine, type StreamState } from './chain.js';

const ref: ResourceRef = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
const START = Date.parse('2026-11-24T10:00:00Z');
const [ONE, TWO] = [digestOf({ plan: 1 }), digestOf({ plan: 2 })] as const;
type Whole = Pick<EvidenceRecord, 'kind' | 'execution' | 'resource' | 'remediator' | 'body' | 'blobs'>;
type Fields = Partial<Pick<EvidenceRecord, 'kind' | 'execution' | 'remediator' | 'body'>>;
const next = (state: StreamState, fields: Fields, time = START) =>
  readLine(state, nextLine(state, { kind: 'decision', execution: null, resource: ref, remediator: 'r', body: {}, blobs: {}, ...fields }, time).line);
/** The state after records, each of which has to be valid. */
const stateAfter = (...records: Fields[]): StreamState =>
  records.reduce(
    (state, fields) => {
      const read = next(state, fields);
      if (!read.ok) throw new Error(read.problem.message);
      return read.state;
    },
    emptyState(streamOf(ref)),
  );
/** What is wrong with one more. */
const problem = (state: StreamState, fields: Fields): string => {
  const read = next(state, fields);
  return read.ok ? 'none' : read.problem.code;
};

const intent = (execution: string, fence: number, more: object = {}): Fields => ({
  kind: 'intent',
  execution,
  body: { journal: { fence, leaseUntil: START + 60_000, planDigest: ONE, budgets: [], ...more } },
});
const lease = (execution: string, fence: number): Fields => ({ kind: 'lease', execution, body: { journal: { fence, leaseUntil: START + 120_000 } } });
const call = (execution: string, fence: number): Fields => ({ kind: 'call', execution, body: { journal: { fence } } });
const outcome = (execution: string, fence: number, sent = 1): Fields => ({
  kind: 'outcome',
  execution,
  body: { journal: { fence, sent, outcome: 'remediated' } },
});

describe('fences', () => {
  it('increase with each intent', () => {
    const closed = stateAfter(intent('x-1', 3), outcome('x-1', 3));
    expect([2, 3, 4].map((fence) => problem(closed, intent('x-2', fence)))).toEqual(['wrong-fence', 'wrong-fence', 'none']);
  });
  it('increase with each takeover of an execution', () => {
    const open = stateAfter(intent('x-1', 3));
    expect([2, 3, 4].map((fence) => problem(open, lease('x-1', fence)))).toEqual(['wrong-fence', 'wrong-fence', 'none']);
    const taken = stateAfter(intent('x-1', 3), lease('x-1', 5));
    expect([3, 4, 5, 6].map((fence) => problem(taken, call('x-1', fence)))).toEqual(['wrong-fence', 'wrong-fence', 'none', 'wrong-fence']);
    expect([3, 5].map((fence) => problem(taken, outcome('x-1', fence)))).toEqual(['wrong-fence', 'none']);
    // What comes next is higher than all of them.
    expect([4, 5, 6].map((fence) => problem(stateAfter(intent('x-1', 3), lease('x-1', 5), outcome('x-1', 5)), intent('x-2', fence)))).toEqual([
      'wrong-fence',
      'wrong-fence',
      'none',
    ]);
  });
});

describe('the open execution', () => {
  it('is the one that calls, leases and outcomes belong to', () => {
    const open = stateAfter(intent('x-1', 3));
    expect([lease('x-2', 4), call('x-2', 3), outcome('x-2', 3)].map((each) => problem(open, each))).toEqual(['not-open', 'not-open', 'not-open']);
    const closed = stateAfter(intent('x-1', 3), outcome('x-1', 3));
    expect([lease('x-1', 4), call('x-1', 3), outcome('x-1', 3)].map((each) => problem(closed, each))).toEqual(['not-open', 'not-open', 'not-open']);
  });
  it('is the only one', () => {
    expect(['x-1', 'x-2'].map((each) => problem(stateAfter(intent('x-1', 3)), intent(each, 4)))).toEqual(['already-open', 'already-open']);
  });
});

describe('the approval that an execution relies on', () => {
  const asks = (id: string, planDigest: Digest, more: object = {}): Fields => ({
    body: { approval: { id, planDigest, discharges: [], fresh: true, expires: START + 1000, causedBy: null, ...more } },
  });
  const answers = (id: string, verdict: string): Fields => ({
    kind: 'approval',
    body: { approval: { id, verdict, by: { name: 'arn:lead', verified: true } } },
  });
  const resting = (more: object = {}, remediator = 'r') => ({ ...intent('x-1', 1, { approval: 'a-1', ...more }), remediator });

  it('was requested, given, and is for the same plan and remediator', () => {
    expect(problem(stateAfter(), resting())).toBe('no-approval');
    expect(problem(stateAfter(asks('a-1', ONE)), resting())).toBe('no-approval');
    expect(problem(stateAfter(asks('a-1', ONE), answers('a-1', 'denied')), resting())).toBe('no-approval');
    const given = stateAfter(asks('a-1', ONE), answers('a-1', 'approved'));
    expect(problem(given, resting({ planDigest: TWO }))).toBe('no-approval');
    expect(problem(given, resting({}, 'other'))).toBe('no-approval');
    expect(problem(given, resting({ approval: 'a-2' }))).toBe('no-approval');
    expect(problem(given, resting())).toBe('none');
  });
  it('counts once, and again only if nothing was sent', () => {
    const used = (sent: number) => stateAfter(asks('a-1', ONE), answers('a-1', 'approved'), resting(), outcome('x-1', 1, sent));
    expect([1, 0].map((sent) => problem(used(sent), { ...resting({ fence: 2 }), execution: 'x-2' }))).toEqual(['no-approval', 'none']);
  });
  it('may be an announcement that nobody denied, until it ends', () => {
    const grace = { period: 1000, remind: [] };
    const announced = stateAfter(asks('a-1', ONE, { grace }));
    expect(problem(announced, resting())).toBe('none');
    expect(problem(stateAfter(asks('a-1', ONE, { grace }), answers('a-1', 'denied')), resting())).toBe('no-approval');
    expect(problem(stateAfter(asks('a-1', ONE, { grace }), { kind: 'approval', body: { approval: { id: 'a-1', ended: 'gone' } } }), resting())).toBe(
      'no-approval',
    );
  });
});

describe('an announced change', () => {
  const announces = (id: string, more: object = {}, at = 1000): Fields => ({
    body: {
      approval: { id, planDigest: ONE, discharges: [], fresh: true, expires: START + at, causedBy: null, grace: { period: 1000, remind: [100] }, ...more },
    },
  });
  const standing = (...records: Fields[]) => stateAfter(...records).approvals.map(({ id }) => id);
  it.each<[string, object]>([
    ['another plan', { planDigest: TWO }],
    ['another period', { grace: { period: 2000, remind: [100] } }],
    ['other reminders', { grace: { period: 1000, remind: [] } }],
    ['something that was not proven to be new', { fresh: false }],
    ['other objections', { discharges: [TWO] }],
  ])('that is announced twice at once is announced once, and not if it is %s', (_name, more) => {
    expect(standing(announces('a-1'), announces('a-2'))).toEqual(['a-1']);
    expect(standing(announces('a-1'), announces('a-2', more))).toEqual(['a-1', 'a-2']);
  });
});

it('keeps its order when a clock is set back, and refuses a record that does not', () => {
  const state = stateAfter(intent('x-1', 1));
  const set = next(state, outcome('x-1', 1), START - 600_000);
  expect(set.ok && set.record.time).toBe('2026-11-24T10:00:00.000Z');
  const later = next(state, {}, START + 1);
  if (!later.ok) throw new Error(later.problem.message);
  // The same record, made for a state with another time.
  const { line } = nextLine({ ...later.state, lastTime: 0 }, { kind: 'decision', execution: null, resource: ref, remediator: 'r', body: {}, blobs: {} }, START);
  expect(readLine(later.state, line)).toMatchObject({ ok: false, problem: { code: 'time-backwards' } });
});

it('keeps the details of an outcome: whether it is retryable, and how it was verified', () => {
  const closed = (body: object) => stateAfter(intent('x-1', 1), { ...outcome('x-1', 1), body: { ...outcome('x-1', 1).body, ...body } }).closed[0];
  expect(closed({})).toMatchObject({ retryable: false, verified: false, begunAt: START, closedAt: START, sent: 1 });
  expect(closed({ retryable: true, verified: 'verified' })).toMatchObject({ retryable: true, verified: true });
  expect(closed({ retryable: 'true', verified: 'not-verified' })).toMatchObject({ retryable: false, verified: false });
});

it('keeps the fifty newest closed executions, newest first', () => {
  const records = Array.from({ length: 52 }, (_, n) => [intent(`x-${n}`, n + 1), outcome(`x-${n}`, n + 1)]).flat();
  const { closed, generation } = stateAfter(...records);
  expect([closed.length, closed[0]?.execution, closed.at(-1)?.execution, generation]).toEqual([50, 'x-51', 'x-2', 52]);
});

describe('a changed line', () => {
  const first = stateAfter(intent('x-1', 1));
  const { line } = nextLine(first, { kind: 'outcome', resource: ref, remediator: 'r', blobs: {}, execution: null, ...outcome('x-1', 1) } as Whole, START);
  const redigested = (json: string) => `${digestText(json)} ${json}`;
  const changed = (change: (json: string) => string) => redigested(change(line.slice(72)));

  it.each<[string, string, string]>([
    ['without its digest', line.slice(72), 'wrong-digest'],
    ['with another text', line.replace('"remediator":"r"', '"remediator":"q"'), 'wrong-digest'],
    ['that is not JSON', redigested('{"v":1'), 'not-json'],
    ['with spaces', changed((json) => json.replaceAll(',"', ', "')), 'not-canonical'],
    ['with a duplicate member', changed((json) => json.replace('"v":1', '"v":1,"v":1')), 'not-canonical'],
    ['with an unknown member', changed((json) => json.replace('"v":1', '"v":1,"w":1')), 'malformed'],
    ['with an unknown outcome', changed((json) => json.replace('"outcome":"remediated"', '"outcome":"well"')), 'malformed'],
    ['of another resource', changed((json) => json.replace('"id":"a"', '"id":"b"')), 'wrong-stream'],
    ['with another number', changed((json) => json.replace('"seq":2', '"seq":3')), 'wrong-number'],
    ['that follows another record', changed((json) => json.replace(/"prev":"sha256:../, '"prev":"sha256:00')), 'broken-chain'],
  ])('%s is refused: %#', (_name, bad, code) => {
    expect(readLine(first, line)).toMatchObject({ ok: true });
    expect(readLine(first, bad)).toMatchObject({ ok: false, problem: { code } });
  });
});
