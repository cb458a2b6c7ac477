import { describe, expect, it } from 'vitest';
import { ACCOUNT, apiCallFinding } from '../internal/testing/facts.js';
import { type Approval, type ClosedExecution, emptyView, type StoredRecord, type StreamView, type TrackedExecution } from '../journal.js';
import type { Finding } from '../model/finding.js';
import { resource, streamOf } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { defineRegister } from '../policy/register.js';
import { defineRemediator } from '../remediator/define.js';
import { asOf, createReplay, Recordings, type ReplayOptions, trackedAsOf } from './replay.js';

const THEN = Date.parse('2026-11-24T10:00:00Z');
const lamp = (id: string, type = 'AWS::Test::Lamp') => resource({ type, id, account: ACCOUNT, region: 'us-east-1' });
const SEEN = { state: { on: true }, tags: {} };
const record = (over: { kind?: string; id?: unknown; of?: ReturnType<typeof lamp>; body?: object; documents?: object; at?: number } = {}): StoredRecord =>
  ({
    record: {
      kind: over.kind ?? 'decision',
      time: new Date(over.at ?? THEN).toISOString(),
      resource: over.of ?? lamp('l-1'),
      remediator: 'lamp-off',
      execution: 'x-1',
      body: { trigger: { id: over.id ?? 'f-1' }, ...over.body },
    },
    documents: { observation: SEEN, ...over.documents },
  }) as unknown as StoredRecord;
const known = (...records: StoredRecord[]) => {
  const recordings = new Recordings();
  for (const each of records) recordings.add(each);
  return recordings;
};
const find = (recordings: Recordings, id = 'l-1', finding = 'f-1', remediator = 'lamp-off') => recordings.find(finding, remediator, lamp(id));

describe('the record of a finding', () => {
  it('has its time, its resource, and the observation', () => {
    const recordings = known(record());
    expect(find(recordings)).toEqual({ time: THEN, resource: lamp('l-1'), identity: null, observation: SEEN, repeats: null });
    expect(recordings.size).toBe(1);
    expect([find(recordings, 'l-1', 'f-2'), find(recordings, 'l-1', 'f-1', 'lamp-dim')]).toEqual([null, null]);
    expect(new Recordings().size).toBe(0);
  });
  it('has the reading role, and the roles that Redress acts as', () => {
    const identity = (body: object) => find(known(record({ body })))?.identity;
    expect(identity({ identity: 'arn:role', actsAs: ['arn:a', 'arn:b'] })).toEqual({ arn: 'arn:role', actsAs: ['arn:a', 'arn:b'] });
    for (const actsAs of [undefined, 'arn:a', ['arn:a', 7]]) expect(identity({ identity: 'arn:role', actsAs })).toEqual({ arn: 'arn:role' });
    expect(identity({ identity: 7 })).toBeNull();
  });
  it.each(['decision', 'intent', 'duplicate'])('is in a %s', (kind) => {
    expect(find(known(record({ kind })))).toMatchObject({ repeats: kind === 'duplicate' ? 'x-1' : null });
  });
  it.each<[string, StoredRecord]>([
    ['another kind', record({ kind: 'outcome' })],
    ['a request of a person', record({ body: { trigger: { by: 'request' } } })],
    ['no trigger', record({ body: { trigger: 'finding' } })],
    ['an id that is not a text', record({ id: 7 })],
  ])('is not in %s', (_name, given) => {
    expect(known(given).size).toBe(0);
  });
  it.each<[string, unknown, unknown]>([
    ['gone', 'gone', 'gone'],
    ['no longer stored', undefined, null],
    ['no state', { tags: {} }, null],
    ['no tags', { state: {} }, null],
    ['an invalid value', 7, null],
  ])('is %s', (_name, observation, expected) => {
    expect(find(known(record({ documents: { observation } })))?.observation).toEqual(expected);
  });
  it('is the first that has an observation', () => {
    const none = { documents: { observation: undefined } };
    const at = (...records: StoredRecord[]) => find(known(...records))?.time;
    expect(at(record({ at: THEN }), record({ at: THEN + 1 }))).toBe(THEN);
    expect(at(record({ ...none, at: THEN }), record({ at: THEN + 1 }), record({ at: THEN + 2 }))).toBe(THEN + 1);
    expect(at(record({ ...none, at: THEN }), record({ ...none, at: THEN + 1 }))).toBe(THEN);
    expect(at(record({ at: THEN }), record({ ...none, at: THEN + 1 }))).toBe(THEN);
  });
  it('covers each resource that it named, by type and id; a single one under any name', () => {
    const one = known(record({ of: lamp('l-9') }));
    expect(find(one)?.resource.id).toBe('l-9');
    const two = known(record({ of: lamp('l-1') }), record({ of: lamp('l-2'), at: THEN + 1 }));
    expect([find(two, 'l-1')?.time, find(two, 'l-2')?.time, find(two, 'l-3')]).toEqual([THEN, THEN + 1, null]);
    expect(two.size).toBe(1);
    const types = known(record({ of: lamp('l-1') }), record({ of: lamp('l-1', 'AWS::Test::Fan'), at: THEN + 1 }));
    expect(find(types)?.time).toBe(THEN);
    expect(find(types, 'l-3')).toBeNull();
  });
});

const closed = (execution: string, closedAt: number, over: object = {}) =>
  ({ execution, closedAt, begunAt: closedAt - 10, ...over }) as unknown as ClosedExecution;

describe('a stream as it was', () => {
  const view = (over: Partial<StreamView>): StreamView => ({ ...emptyView(streamOf(lamp('l-1'))), ...over });
  it('has the earlier outcomes, holds, circuit breakers and tags', () => {
    const was = asOf(
      view({
        open: { execution: 'x-9' } as unknown as StreamView['open'],
        closed: [closed('x-3', THEN + 1), closed('x-2', THEN), closed('x-1', THEN - 1)],
        holds: [{ execution: 'x-1' }, { execution: 'x-2' }, { execution: 'x-3' }, { execution: 'x-0' }] as unknown as StreamView['holds'],
        breakers: [
          { remediator: 'a', since: THEN - 1 },
          { remediator: 'b', since: THEN },
        ] as unknown as StreamView['breakers'],
        tagFirstSeen: { early: THEN - 1, now: THEN, late: THEN + 1 },
      }),
      THEN,
    );
    expect(was.open).toBeNull();
    expect(was.closed.map(({ execution }) => execution)).toEqual(['x-1']);
    // One whose execution is further back than the view goes holds as well.
    expect(was.holds.map(({ execution }) => execution)).toEqual(['x-1', 'x-0']);
    expect(was.breakers.map(({ remediator }) => remediator)).toEqual(['a']);
    expect(was.tagFirstSeen).toEqual({ early: THEN - 1, now: THEN });
  });

  const approval = (over: Partial<Approval>) =>
    ({ id: 'a-1', requestedAt: THEN - 5, verdict: 'approved', by: { name: 'lead', verified: true }, usedBy: null, ...over }) as unknown as Approval;
  const approvals = (given: Partial<Approval>, over: Partial<StreamView> = {}) => asOf(view({ approvals: [approval(given)], ...over }), THEN).approvals;
  it('has earlier requests with earlier answers', () => {
    expect(approvals({ requestedAt: THEN })).toEqual([]);
    expect(approvals({ answeredAt: THEN - 1 })).toMatchObject([{ verdict: 'approved', by: { name: 'lead' }, answeredAt: THEN - 1 }]);
    for (const answeredAt of [THEN, THEN + 1]) {
      const [was] = approvals({ answeredAt });
      expect(was).toMatchObject({ verdict: 'none', by: null });
      expect(was).not.toHaveProperty('answeredAt');
    }
    // Nobody has answered: as it is.
    const [unanswered] = approvals({ verdict: 'none', by: null });
    expect(unanswered).toMatchObject({ verdict: 'none', usedBy: null });
    expect(unanswered).not.toHaveProperty('answeredAt');
  });
  it.each([undefined, THEN - 2])('has what was carried out before, and not what was later (answered: %s)', (answeredAt) => {
    const answered = answeredAt === undefined ? {} : { answeredAt };
    const used = (begunAt: number) => approvals({ ...answered, usedBy: 'x-1' }, { closed: [closed('x-1', THEN + 9, { begunAt })] })[0]?.usedBy;
    expect([used(THEN - 1), used(THEN), used(THEN + 1)]).toEqual(['x-1', null, null]);
    // By what is not closed yet, and by what is further back than the view goes.
    const open = { execution: 'x-1', begunAt: THEN } as unknown as NonNullable<StreamView['open']>;
    expect(approvals({ ...answered, usedBy: 'x-1' }, { open })[0]?.usedBy).toBeNull();
    expect(approvals({ ...answered, usedBy: 'x-0' }, { open })[0]?.usedBy).toBe('x-0');
  });
  it('ignores a later denial, and has what was carried out since', () => {
    const [was] = approvals({ answeredAt: THEN, usedBy: 'x-1' }, { closed: [closed('x-1', THEN + 9, { begunAt: THEN })] });
    expect(was).toMatchObject({ verdict: 'none', by: null, usedBy: null });
  });
});

it('the proof from a lower environment has the earlier fixes, without those that were rolled back by then', () => {
  const tracked = (execution: string, closedAt: number, over: object = {}) =>
    ({ execution, closedAt, outcome: 'remediated', rollbackOf: null, rolledBack: true, ...over }) as unknown as TrackedExecution;
  const all = [
    tracked('x-1', THEN - 3),
    tracked('x-2', THEN - 3),
    tracked('x-3', THEN - 3),
    tracked('x-4', THEN),
    tracked('r-1', THEN - 1, { outcome: 'rolled-back', rollbackOf: 'x-1' }),
    tracked('r-2', THEN, { outcome: 'rolled-back', rollbackOf: 'x-2' }),
    tracked('r-3', THEN - 1, { outcome: 'failed', rollbackOf: 'x-3' }),
  ];
  expect(trackedAsOf(all, THEN).map(({ execution, rolledBack }) => [execution, rolledBack])).toEqual([
    ['x-1', true],
    ['x-2', false],
    ['x-3', false],
    ['r-1', false],
    ['r-3', false],
  ]);
});

describe('a replay', () => {
  const off = defineRemediator({
    id: 'lamp-off',
    title: 'Lamps off',
    resourceTypes: ['AWS::Test::Lamp'],
    controls: [],
    triggers: { apiCalls: { 'lamp:SwitchOn': ({ request }) => [{ id: String(request?.['id']) }] } },
    ceiling: 'enforce',
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => Promise.reject(new Error('a replay reads nothing')),
    plan: ({ state }) => ((state as { on: boolean }).on ? { status: 'manual', message: 'Switch it off.' } : { status: 'compliant' }),
    async *discover() {},
  });
  const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'lamp-off': { dev: 'enforce' } } });
  const finding = apiCallFinding({
    id: 'f-1',
    resources: [{ type: 'AWS::Test::Lamp', id: 'l-1' }],
    envelope: { ...(apiCallFinding().envelope as NonNullable<Finding['envelope']>), source: 'aws.lamp' },
    call: { service: 'lamp', operation: 'SwitchOn', request: { id: 'l-1' }, response: null, errorCode: null, readOnly: false },
  });
  const run = (recordings: Recordings, over: Partial<ReplayOptions> = {}, given = finding) =>
    createReplay({ remediators: [off], policy, recordings, ...over }).run(given);

  it('decides on the recorded observation, with the recorded reading role', async () => {
    const identity = `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/x`;
    expect(await run(known(record({ body: { identity } })))).toMatchObject([
      { status: 'decided', at: THEN, pass: { outcome: 'notified', message: expect.stringContaining('Switch it off.') } },
    ]);
    expect(await run(known(record({ documents: { observation: { state: { on: false }, tags: {} } } })))).toMatchObject([
      { status: 'decided', pass: { outcome: 'no-op' } },
    ]);
    const own = apiCallFinding({ ...finding, actor: { arn: identity, type: 'AssumedRole', issuerArn: null, invokedBy: null } });
    expect(await run(known(record({ body: { identity } })), {}, own)).toMatchObject([{ pass: { outcome: 'denied' } }]);
  });
  it('of what was not recorded reports that, with the time of the observation', async () => {
    expect(await run(new Recordings())).toMatchObject([{ status: 'undecidable', at: null }]);
    const seen: number[] = [];
    const guardrails: ReplayOptions['guardrails'] = [
      { id: 'time', needs: [], evaluate: ({ now }) => (seen.push(now), { effect: 'allow', code: 'a', message: 'b' }) },
    ];
    const at = { observedAt: null, envelope: { ...finding.envelope, time: new Date(THEN - 7).toISOString() } } as Partial<typeof finding>;
    await run(known(record({ at: THEN + 5 })), { guardrails });
    await run(new Recordings(), { guardrails });
    await run(new Recordings(), { guardrails }, { ...finding, ...at });
    await run(new Recordings(), { guardrails }, { ...finding, observedAt: null });
    expect(seen.map((each) => each)).toEqual([THEN + 5, THEN - 60_000, THEN - 7, 0]);
  });
  it('of a duplicate reports only that, unless something was observed', async () => {
    const blind = { kind: 'duplicate', documents: { observation: undefined } };
    expect(await run(known(record(blind)))).toMatchObject([{ status: 'repeat', at: THEN }]);
    expect(await run(known(record({ kind: 'duplicate' })))).toMatchObject([{ status: 'decided' }]);
  });
  it('reads only the history that it needs, as of that time', async () => {
    const asked: unknown[] = [];
    const history = {
      view: async (ref: object) => {
        asked.push(ref);
        const breakers = [{ remediator: 'lamp-off', since: THEN, reason: 'later' }] as unknown as StreamView['breakers'];
        return { ...emptyView(streamOf(lamp('l-1'))), breakers };
      },
      trackRecord: async () => [],
    };
    const [pass] = await run(known(record()), { history });
    expect(asked).toEqual([lamp('l-1')]);
    expect(pass?.pass.decision?.results.map(({ code }) => code) ?? []).not.toContain('tripped');
  });
  it('has the exceptions and the name of the resource at that time', async () => {
    const entry = { id: 'E', scope: { resource: 'l-9' }, reason: 'r', owner: 'o', approver: 'a', expires: '2999-01-01T00:00:00Z' };
    const [pass] = await run(known(record({ of: lamp('l-9') })), { exceptions: defineRegister([entry]) });
    expect(pass?.pass.resource.id).toBe('l-9');
  });
  it('reports why no remediator handles a candidate', async () => {
    const replay = createReplay({ remediators: [off], policy, recordings: new Recordings() });
    const other = { ...finding, call: { ...(finding.call as NonNullable<typeof finding.call>), operation: 'Dim' } };
    expect([await replay.unasked(finding), await replay.unasked(other), await replay.unasked({ ...other, disposition: 'resolved' })]).toEqual([
      null,
      expect.stringContaining('lamp:Dim'),
      null,
    ]);
    expect(await replay.run(other)).toEqual([]);
  });
});
