// The state of a stream after records whose digests all match, well-formed or not: a reader does not stop at invalid ones, and does not use them.
import { type Approval, type Digest, digestOf, type EvidenceRecord, type Json, type JsonObject, type ResourceRef, resource, streamOf } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { emptyState, isEvidenceRecord, nextLine, readLine, type StreamState } from './chain.js';

const ref: ResourceRef = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
type Said = Partial<Pick<EvidenceRecord, 'kind' | 'execution' | 'remediator' | 'body'>> & { readonly at?: number };

/** The state after records, each of which has to be valid. */
const stateAfter = (...records: readonly Said[]): StreamState =>
  records.reduce(
    (state, { at = START, ...fields }) => {
      const { line } = nextLine(state, { kind: 'decision', execution: null, resource: ref, remediator: 'r', body: {}, blobs: {}, ...fields }, at);
      const read = readLine(state, line);
      if (!read.ok) throw new Error(read.problem.message);
      return read.state;
    },
    emptyState(streamOf(ref)),
  );
const ask = (id: string, more: JsonObject = {}, at = START): Said => ({
  body: { subjects: ['s'], approval: { id, planDigest: digestOf(id), discharges: [], expires: START + 10 * HOUR, ...more } },
  at,
});
const say = (approval: Json, at = START): Said => ({ kind: 'approval', body: { approval }, at });
const only = (state: StreamState): Approval => {
  expect(state.approvals).toHaveLength(1);
  return state.approvals[0] as Approval;
};

describe('a request for approval', () => {
  it.each<[string, JsonObject]>([
    ['without an id', { id: 7 }],
    ['without an expiry', { expires: 'later' }],
  ])('%s is refused', (_what, more) => {
    expect(stateAfter(ask('a-1', more)).approvals).toEqual([]);
  });
  it('that is not an object is refused', () => {
    for (const approval of ['a-1', ['a-1'], null, 7]) expect(stateAfter({ body: { approval } }).approvals).toEqual([]);
  });
  it('holds what was shown, and nothing that is not well-formed', () => {
    const good = { discharges: [digestOf(1)], calls: [digestOf(2)], asks: ['freshness'], breadth: 2, fresh: true, causedBy: 'arn:eve' };
    expect(only(stateAfter(ask('a-1', good)))).toEqual({
      id: 'a-1',
      resource: ref,
      remediator: 'r',
      planDigest: digestOf('a-1'),
      subjects: ['s'],
      ...good,
      causedBy: ['arn:eve'],
      requestedAt: START,
      expires: START + 10 * HOUR,
      verdict: 'none',
      by: null,
      usedBy: null,
    });
    const digest = digestOf(1);
    const odd = { discharges: [digest, 'x', `${digest}0`, `x${digest}`, 7], calls: 'x', asks: 7, breadth: '2', fresh: 'yes', causedBy: 7 };
    const found = only(stateAfter(ask('a-1', odd)));
    expect(found).toMatchObject({ discharges: [digest], fresh: false, causedBy: [null] });
    for (const name of ['calls', 'asks', 'breadth', 'grace']) expect(found).not.toHaveProperty(name);
    expect(only(stateAfter({ body: { subjects: 'x', approval: { id: 'a-1', discharges: 'x', expires: START + HOUR } } }))).toMatchObject({
      subjects: [],
      discharges: [],
      planDigest: 'undefined',
    });
    expect(only(stateAfter({ body: { subjects: ['one', 7, null, 'two'], approval: { id: 'a-1', expires: START + HOUR } } })).subjects).toEqual(['one', 'two']);
  });
  it('that is requested again has everybody who caused it, each once', () => {
    const causes = ['arn:eve', 'arn:bob', 'arn:eve'].map((causedBy) => ask('a-1', { causedBy }));
    expect(only(stateAfter(ask('a-1'), ...causes, ask('a-1'))).causedBy).toEqual(['arn:eve', 'arn:bob']);
    expect(only(stateAfter(ask('a-1'))).causedBy).toEqual([]);
  });
  it('that is closed is forgotten before one that is still valid if there are more than fifty', () => {
    const many = (from: number, count: number) => Array.from({ length: count }, (_, n) => ask(`a-${from + n}`));
    const ids = (state: StreamState) => state.approvals.map(({ id }) => id);
    const used: Said[] = [
      say({ id: 'a-30', verdict: 'approved' }),
      { kind: 'intent', execution: 'x-1', body: { journal: { fence: 1, leaseUntil: START, planDigest: digestOf('a-30'), approval: 'a-30' } } },
    ];
    expect(ids(stateAfter(...many(0, 50), ...used, ...many(50, 1)))).not.toContain('a-30');
    // One that has just expired, to the millisecond; and one that was ended.
    const ends = (expires: number) => [...many(0, 20), ask('a-20', { expires }), ...many(21, 29)];
    const late = ask('a-50', {}, START + HOUR);
    expect(ids(stateAfter(...ends(START + HOUR), late))).not.toContain('a-20');
    expect(ids(stateAfter(...ends(START + HOUR + 1), late))).toEqual(Array.from({ length: 50 }, (_, n) => `a-${n + 1}`));
    const grace = { period: HOUR, remind: [] };
    const ended = [...many(0, 20), ask('a-20', { grace }), ...many(21, 29), say({ id: 'a-20', ended: 'changed' })];
    expect(ids(stateAfter(...ended, ...many(50, 1)))).not.toContain('a-20');
    expect(ids(stateAfter(...ended, ...many(50, 1)))).toContain('a-0');
  });
});

describe('an answer', () => {
  it.each<[string, Json]>([
    ['that is not an object', 'a-1'],
    ['that is null', null],
    ['without an id', { id: 7, verdict: 'approved' }],
    ['with another verdict', { id: 'a-2', verdict: 'approved' }],
    ['of another kind', { id: 'a-1', verdict: 'perhaps' }],
  ])('%s changes nothing, and does not make earlier decisions stale', (_what, answer) => {
    const state = stateAfter(ask('a-1'), say(answer));
    expect([only(state).verdict, state.generation, state.length]).toEqual(['none', 0, 2]);
  });
  it('counts once, belongs to one request, and has its person and time', () => {
    const by = (value: Json) => only(stateAfter(ask('a-1'), say({ id: 'a-1', verdict: 'approved', by: value }, START + 5))).by;
    expect(by({ name: 'lead', verified: true })).toEqual({ name: 'lead', verified: true });
    expect(by({ name: 'lead', verified: 'yes' })).toEqual({ name: 'lead', verified: false });
    expect(by({ name: 7 })).toEqual({ name: '', verified: false });
    expect(by('lead')).toEqual({ name: '', verified: false });
    const state = stateAfter(ask('a-1'), ask('a-2'), say({ id: 'a-1', verdict: 'approved' }, START + 5));
    expect(state.approvals.map(({ id, verdict, answeredAt }) => [id, verdict, answeredAt])).toEqual([
      ['a-1', 'approved', START + 5],
      ['a-2', 'none', undefined],
    ]);
    expect(state.generation).toBe(1);
    // The same answer again changes nothing. A denial does, and stands.
    const again = stateAfter(ask('a-1'), say({ id: 'a-1', verdict: 'approved' }), say({ id: 'a-1', verdict: 'approved' }));
    expect(again.generation).toBe(1);
    const no = stateAfter(ask('a-1'), ...['approved', 'denied', 'approved'].map((verdict) => say({ id: 'a-1', verdict })));
    expect([no.generation, only(no).verdict]).toEqual([2, 'denied']);
  });
});

describe('an announcement', () => {
  const grace = { period: HOUR, remind: [HOUR / 2] };
  const announced = (more: JsonObject = {}, id = 'a-1', at = START): Said => ask(id, { planDigest: digestOf(1), grace, ...more }, at);

  it.each<[string, Json]>([
    ['without a period', { remind: [] }],
    ['with a period that is a text', { period: '1', remind: [] }],
    ['without reminders', { period: HOUR }],
    ['with reminders that are texts', { period: HOUR, remind: ['x'] }],
    ['that is not an object', 'soon'],
  ])('%s is a request that waits for an answer', (_what, value) => {
    expect(only(stateAfter(announced({ grace: value })))).not.toHaveProperty('grace');
  });
  it('is the same when it is made twice under the same terms, as long as it is valid', () => {
    const twice = (second: Said, ...between: Said[]) => stateAfter(announced({ causedBy: 'arn:eve' }), ...between, second).approvals.map(({ id }) => id);
    expect(twice(announced({ causedBy: 'arn:bob' }, 'a-2'))).toEqual(['a-1']);
    expect(only(stateAfter(announced({ causedBy: 'arn:eve' }), announced({ causedBy: 'arn:bob' }, 'a-2'))).causedBy).toEqual(['arn:eve', 'arn:bob']);
    const others: JsonObject[] = [
      { planDigest: digestOf(2) },
      { discharges: [digestOf(3)] },
      { fresh: true },
      { grace: { ...grace, period: HOUR + 1 } },
      { grace: { ...grace, remind: [] } },
    ];
    for (const other of others) expect(twice(announced(other, 'a-2'))).toEqual(['a-1', 'a-2']);
    expect(twice({ ...announced({}, 'a-2'), remediator: 'other' })).toEqual(['a-1', 'a-2']);
    expect(twice(announced({}, 'a-2'), say({ id: 'a-1', ended: 'changed' }))).toEqual(['a-1', 'a-2']);
    expect(twice(announced({}, 'a-2'), say({ id: 'a-1', verdict: 'denied' }))).toEqual(['a-1', 'a-2']);
    expect(twice(announced({ expires: START + 20 * HOUR }, 'a-2', START + 10 * HOUR))).toEqual(['a-1', 'a-2']);
    expect(twice(announced({ expires: START + 20 * HOUR }, 'a-2', START + 10 * HOUR - 1))).toEqual(['a-1']);
    // A request that waits for an answer is not an announcement of the same change.
    expect(stateAfter(ask('a-1', { planDigest: digestOf(1) }), announced({}, 'a-2')).approvals).toHaveLength(2);
    expect(stateAfter(announced(), ask('a-2', { planDigest: digestOf(1) })).approvals).toHaveLength(2);
  });

  const graceOf = (...said: Said[]) => only(stateAfter(announced(), ...said)).grace;
  const claim = (notice: Json, until: Json = START + 1000, at = START) => say({ id: 'a-1', sending: { notice, until } }, at);
  it('is claimed by the first worker, until the given time; nothing is taken from what is not well-formed', () => {
    expect(graceOf(claim(0))?.sending).toEqual({ notice: 0, record: 2, until: START + 1000 });
    expect(graceOf(claim(0), claim(0, START + 5000, START + 999))?.sending?.record).toBe(2);
    expect(graceOf(claim(0), claim(0, START + 5000, START + 1000))?.sending?.record).toBe(3);
    expect(graceOf(claim('0'))?.sending).toBeNull();
    expect(graceOf(claim(0, 'later'))?.sending).toBeNull();
    expect(graceOf(say({ id: 'a-2', sending: { notice: 0, until: START + 1000 } }))?.sending).toBeNull();
    // Even with a clock that is ahead, a claim lasts no longer than a function can run.
    expect(graceOf(claim(0, START + 100 * HOUR))?.sending?.until).toBe(START + 5_460_000);
  });
  it('is marked as sent only by its claimant', () => {
    const sent = (notice: number, record: number) => say({ id: 'a-1', sent: { notice, record } }, START + 7);
    expect(graceOf(claim(0), sent(0, 2))).toMatchObject({ sent: [{ notice: 0, at: START + 7 }], sending: null });
    for (const [notice, record] of [
      [1, 2],
      [0, 3],
    ] as const)
      expect(graceOf(claim(0), sent(notice, record))).toMatchObject({ sent: [], sending: { record: 2 } });
    expect(graceOf(sent(0, 2))).toMatchObject({ sent: [], sending: null });
    expect(graceOf(claim(0), say({ id: 'a-1', unsent: { notice: 0, record: 2 } }))).toMatchObject({ sent: [], sending: null });
    expect(graceOf(claim(0), say({ id: 'a-1', unsent: { notice: 1, record: 2 } }))?.sending).not.toBeNull();
    // What was sent is not claimed again.
    expect(graceOf(claim(0), sent(0, 2), claim(0))?.sending).toBeNull();
    expect(graceOf(claim(0), sent(0, 2), claim(1))?.sending).toMatchObject({ notice: 1 });
  });
  it('that has ended stays ended', () => {
    const ended = say({ id: 'a-1', ended: 'changed' });
    expect(graceOf(claim(0), ended)).toMatchObject({ sending: null, ended: 'changed' });
    expect(graceOf(ended, claim(0))).toMatchObject({ sending: null, ended: 'changed' });
    expect(graceOf(ended, say({ id: 'a-1', ended: 'other' }))?.ended).toBe('changed');
    // A request without a grace period has none to end.
    expect(only(stateAfter(ask('a-1'), say({ id: 'a-1', ended: 'changed' })))).not.toHaveProperty('grace');
    const both = stateAfter(announced(), announced({ planDigest: digestOf(2) }, 'a-2'), ended);
    expect(both.approvals.map((each) => each.grace?.ended)).toEqual(['changed', null]);
  });
});

describe('terms, tags and breakers', () => {
  const intent = (body: JsonObject): Said => ({
    kind: 'intent',
    execution: 'x-1',
    body: { journal: { fence: 1, leaseUntil: START, planDigest: digestOf(1) }, ...body },
  });
  it('of an execution are what its intent says, well-formed or not', () => {
    const terms = { version: '1.2.3', parameters: 'p', drill: true };
    expect(stateAfter(intent({ terms, rollbackOf: 'x-0' })).open).toMatchObject({ ...terms, rollbackOf: 'x-0' });
    expect(stateAfter(intent({ terms: { version: 7, parameters: null, drill: 'yes' }, rollbackOf: 7 })).open).toMatchObject({
      version: '',
      parameters: '',
      drill: false,
      rollbackOf: null,
    });
    expect(stateAfter(intent({ terms: 'x' })).open).toMatchObject({ version: '', drill: false });
  });
  it('of parts have their first sight; the oldest part of fifty is forgotten, and never that of the resource', () => {
    const seen = (part: Json, at: number): Said => ({ body: { exceptionTagUnregistered: part }, at });
    const parts = (count: number) => Array.from({ length: count }, (_, n) => seen(`p${n}`, START + (n === 7 ? 1 : n + 2)));
    // The clock of a stream does not go back, so the oldest is the first.
    const state = stateAfter(seen(true, START), ...parts(51));
    expect(Object.keys(state.tagFirstSeen)).toHaveLength(51);
    expect(state.tagFirstSeen).toMatchObject({ r: START });
    expect(state.tagFirstSeen).not.toHaveProperty('r p0');
    expect(state.tagFirstSeen).toHaveProperty('r p1');
    for (const value of [false, 7, null]) expect(stateAfter(seen(value, START)).tagFirstSeen).toEqual({});
  });
  it('a breaker is open if its record says so, with the reason in it', () => {
    const breaker = (body: JsonObject, remediator = 'r'): Said => ({ kind: 'breaker', remediator, body });
    expect(stateAfter(breaker({ breaker: 'open', reason: 'two' })).breakers).toEqual([{ remediator: 'r', since: START, reason: 'two' }]);
    expect(stateAfter(breaker({ breaker: 'open' })).breakers).toMatchObject([{ reason: '' }]);
    expect(stateAfter(breaker({ breaker: 'open' }), breaker({ breaker: 'closed' })).breakers).toEqual([]);
    // Only a record of its kind opens one.
    for (const kind of ['decision', 'sweep', 'duplicate'] as const) expect(stateAfter({ kind, body: { breaker: 'open' } }).breakers).toEqual([]);
  });
});

describe('the form of a record', () => {
  const good = (): Record<string, Json> => ({
    v: 1,
    stream: streamOf(ref),
    seq: 1,
    prev: null,
    time: '2026-11-24T10:00:00.000Z',
    kind: 'decision',
    execution: null,
    resource: { ...ref },
    remediator: 'r',
    body: {},
    blobs: {},
  });
  const withOwn = (kind: string, journal: Json): Record<string, Json> => ({ ...good(), kind, execution: 'x-1', body: { journal } });
  const digest: Digest = digestOf(1);
  it('is valid for records of every kind', () => {
    expect(isEvidenceRecord(good())).toBe(true);
    expect(isEvidenceRecord({ ...good(), prev: digest, blobs: { a: digest } })).toBe(true);
    for (const kind of ['duplicate', 'approval', 'sweep', 'breaker']) expect(isEvidenceRecord({ ...good(), kind })).toBe(true);
    for (const kind of ['intent', 'lease', 'call']) expect(isEvidenceRecord(withOwn(kind, { fence: 1 }))).toBe(true);
    expect(isEvidenceRecord(withOwn('outcome', { fence: 1, outcome: 'remediated' }))).toBe(true);
  });
  it.each<[string, unknown]>([
    ['what is not an object', 'x'],
    ['null', null],
    ['a list', []],
    ...Object.entries({
      v: [2, '1'],
      stream: ['x', `${digest}0`, `x${digest}`, 7],
      seq: [1.5, '1', null],
      prev: ['x', 7, undefined],
      time: [7, 'soon', '2026-11-24T10:00:00Z', '2026-11-24'],
      kind: ['note', 7],
      execution: [7, undefined],
      resource: ['x', { ...ref, id: 7 }, { ...ref, note: 'x' }, { type: 'x', id: 'x', account: 'x', region: 'x' }],
      remediator: [7, null],
      body: ['x', null, []],
      blobs: ['x', null, { a: 'x' }, { a: 7 }, { a: digest, b: null }],
    }).flatMap(([name, values]) => values.map((value): [string, unknown] => [`${name}: ${JSON.stringify(value)}`, { ...good(), [name]: value }])),
    ['an additional member', { ...good(), note: 'x' }],
    ...['intent', 'lease', 'call', 'outcome'].flatMap((kind): [string, unknown][] => [
      [`a ${kind} of no execution`, { ...withOwn(kind, { fence: 1, outcome: 'remediated' }), execution: null }],
      [`a ${kind} without what the journal adds`, { ...withOwn(kind, null), body: {} }],
      [`a ${kind} whose own part is a text`, withOwn(kind, 'x')],
      [`a ${kind} without a fence`, withOwn(kind, { outcome: 'remediated' })],
      [`a ${kind} with a fence that is a text`, withOwn(kind, { fence: '1', outcome: 'remediated' })],
    ]),
    ['an unknown outcome', withOwn('outcome', { fence: 1, outcome: 'fine' })],
    ['a missing outcome', withOwn('outcome', { fence: 1 })],
  ])('is not valid for %s', (_what, value) => {
    expect(isEvidenceRecord(value)).toBe(false);
  });
});
