// What is looked at, and which of the changes are decided on together.
import { describe, expect, it } from 'vitest';
import { callOf } from '../guardrails/fights.js';
import { type Facts, known, unreadable } from '../guardrails/guardrail.js';
import { ACCOUNT, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { type Approval, emptyView } from '../journal.js';
import type { Change } from '../model/plan.js';
import { streamOf } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { lookAt, partsOf } from './look.js';
import { makePlan, type Part } from './planning.js';
import type { Look, Runtime } from './runtime.js';
import type { Way } from './way.js';

const remediator = { id: 'ec2-revoke-sg-open-ssh', version: '1.0.0', package: 'p', breadth: 0, resourceTypes: [group.type] } as unknown as Remediator;
const change = (name: string, over: Partial<Change> = {}): Change => ({
  ...revoke,
  call: { ...revoke.call, input: { GroupId: 'sg-0abc', Rule: name } },
  summary: name,
  subject: name,
  ...over,
});
const [ssh, rdp] = [change('ssh'), change('rdp')];
const STATE = { open: ['ssh', 'rdp'] };
const look = (changes: readonly Change[] = [ssh, rdp]): Look => ({
  observation: known({ state: STATE, tags: {} }),
  assessment: known({ status: 'change', changes }),
});
const way = (over: object = {}): Way =>
  ({
    remediator,
    ref: group,
    trigger: { by: 'sweep' },
    together: { decided: new Map() },
    run: { deadline: null, budget: { changes: 0 } },
    ...over,
  }) as unknown as Way;
const planOf = (changes: readonly Change[]) => makePlan(remediator, group, STATE, { changes, hazards: [] }).digest;
const approval = (changes: readonly Change[], over: Partial<Approval> = {}): Approval => ({
  ...{ id: 'a-1', resource: group, remediator: remediator.id, planDigest: planOf(changes), calls: changes.map(callOf), asks: ['hazards'], breadth: 0 },
  ...{ subjects: changes.flatMap(({ subject }) => subject ?? []), discharges: [], fresh: false, causedBy: [], requestedAt: NOW - 5, expires: NOW + 1000 },
  ...{ verdict: 'approved', by: { name: 'lead', verified: true }, usedBy: null },
  ...over,
});
const parts = (
  seen: Look,
  how: { readonly approvals?: readonly Approval[]; readonly facts?: Partial<Facts>; readonly way?: Way; readonly all?: 'all' } = {},
): readonly Part[] => {
  const { approvals = [] } = how;
  const of = facts({ history: known({ ...emptyView(streamOf(group)), approvals }), ...how.facts });
  return partsOf({ seen, facts: of, shown: 'nothing' }, how.way ?? way(), seen, how.all);
};
const said = (all: readonly Part[]) => all.map(({ changes, approval: by }) => [by?.id ?? null, ...changes.map(({ summary }) => summary)]);

describe('a group that is decided on together', () => {
  it('is empty if nothing has to be changed, or nothing could be read', () => {
    expect(said(parts(look()))).toEqual([[null, 'ssh', 'rdp']]);
    const whole = look();
    for (const seen of [
      { ...whole, assessment: known({ status: 'compliant' }) },
      { ...whole, assessment: unreadable('no') },
      { ...whole, observation: unreadable('no') },
      { ...whole, observation: known('gone') },
    ] as const)
      expect(parts(seen as Look)).toEqual([]);
  });
  it('has what was approved as one, as long as that is still the plan', () => {
    const approvals = [approval([ssh])];
    expect(said(parts(look(), { approvals }))).toEqual([
      ['a-1', 'ssh'],
      [null, 'rdp'],
    ]);
    const other = [approval([ssh], { planDigest: planOf([rdp]) })];
    expect(said(parts(look(), { approvals: other }))).toEqual([[null, 'ssh', 'rdp']]);
  });
  it.each<[string, Partial<Approval>]>([
    ['was used', { usedBy: 'x-1' }],
    ['has expired', { expires: NOW }],
    ['has no answer', { verdict: 'none' }],
    ['was denied', { verdict: 'denied' }],
    ['is for another remediator, which decides separately', { remediator: 'another', calls: [], subjects: [] }],
  ])('is empty for an approval that %s', (_what, over) => {
    expect(parts(look(), { approvals: [approval([ssh], over)] }).map(({ approval: by }) => by)).not.toContainEqual(expect.anything());
  });
  it('has what was announced, and is carried out without an answer', () => {
    const grace = { ends: NOW - 1, ended: null } as unknown as NonNullable<Approval['grace']>;
    expect(said(parts(look(), { approvals: [approval([ssh], { verdict: 'none', grace })] }))).toEqual([
      ['a-1', 'ssh'],
      [null, 'rdp'],
    ]);
    expect(said(parts(look(), { approvals: [approval([ssh], { verdict: 'denied', grace })] }))).toEqual([
      [null, 'rdp'],
      [null, 'ssh'],
    ]);
  });
  it('has what was approved just now rather than an earlier approval', () => {
    const approvals = [approval([ssh], { id: 'a-1' }), approval([ssh], { id: 'a-2' }), approval([ssh], { id: 'a-3' })];
    const asked = (id: string, by = 'approval') => said(parts(look([ssh]), { approvals, way: way({ trigger: { by, approval: id } }) }));
    expect(asked('a-2')).toEqual([['a-2', 'ssh']]);
    expect(asked('a-9')).toEqual([['a-1', 'ssh']]);
    expect(asked('a-2', 'sweep')).toEqual([['a-1', 'ssh']]);
  });
  it('has nothing that another remediator has decided on in this pass, unless everything is requested', () => {
    const decided = new Map([
      [callOf(ssh), { remediator: 'another' }],
      [callOf(rdp), { remediator: remediator.id }],
    ]);
    expect(said(parts(look(), { way: way({ together: { decided } }) }))).toEqual([[null, 'rdp']]);
    expect(said(parts(look(), { way: way({ together: { decided } }), all: 'all' }))).toEqual([[null, 'ssh', 'rdp']]);
  });
  it('does not mix what was requested with what was not', () => {
    const theirs = approval([rdp], { id: 'a-7', remediator: 'another', verdict: 'none', by: null });
    expect(said(parts(look(), { approvals: [theirs] }))).toEqual([
      [null, 'ssh'],
      [null, 'rdp'],
    ]);
    expect(said(parts(look(), { approvals: [theirs], facts: { history: unreadable('no') } }))).toEqual([[null, 'ssh', 'rdp']]);
  });
  it('does not mix what an exception covers with what no exception covers', () => {
    const part = { type: 'AWS::EC2::SecurityGroupRule', id: 'sgr-1', tags: { 'redress:exception': 'EXC-1' }, subject: 'rdp' };
    // It was set since the decision: what is looked at now counts.
    const seen: Look = { ...look(), observation: known({ state: STATE, tags: {}, parts: [part] }) };
    expect(said(parts(seen))).toEqual([
      [null, 'ssh'],
      [null, 'rdp'],
    ]);
  });
  it('has everything without a subject, whatever applies to one of them, and nothing with one', () => {
    const [one, two] = [change('one', { subject: undefined } as never), change('two', { subject: undefined } as never)];
    const theirs = approval([two], { id: 'a-7', remediator: 'another', verdict: 'none', by: null });
    expect(said(parts(look([one, two]), { approvals: [theirs] }))).toEqual([[null, 'one', 'two']]);
    expect(parts(look([one, two]), { approvals: [theirs] })[0]?.key).toBe('old|together| a-7');
    expect(parts(look([one, two, ssh]), { approvals: [theirs] }).map(({ key }) => key)).toEqual(['old|', 'old|together| a-7']);
    const both = [theirs, approval([one], { id: 'a-8', remediator: 'another', verdict: 'none', by: null })];
    expect(parts(look([one, two]), { approvals: both })[0]?.key).toBe('old|together|a-8 a-7');
  });
});

describe('a read of the resource', () => {
  const seen = look();
  /** What is asked of the runtime, and what the decision is made on. */
  async function at(identity: Facts['identity'], over: { readonly seen?: Look; readonly register?: Facts['register']; readonly approvals?: Approval[] } = {}) {
    const looked: unknown[] = [];
    const { policy, register, stop } = facts();
    const runtime = {
      clock: { now: () => NOW },
      remediators: [],
      look: async (...args: unknown[]) => {
        looked.push(args);
        return over.seen ?? seen;
      },
      trackRecord: async () => known([]),
      facts: (given: object) => given,
    } as unknown as Runtime;
    const standing = { policy, register: over.register ?? register, stop } as never;
    const history = { standing, view: known(emptyView(streamOf(group))) };
    const way_ = way({
      identity,
      ids: ['sg-0abc'],
      lastChange: NOW - 9,
      together: { decided: new Map(), reads: 'shared' },
      run: { deadline: 77, budget: { changes: 4 } },
    });
    return { looked, sight: await lookAt(runtime, way_, history) };
  }
  const mine = known({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/x` });

  it('is made with credentials of the account of the resource', async () => {
    const { looked, sight } = await at(mine);
    expect(looked).toEqual([[remediator, group, facts().policy, { as: { access: 'read', execution: null }, deadline: 77, shared: 'shared' }]]);
    expect(sight.seen).toBe(seen);
    expect(sight.facts).toMatchObject({ identity: mine, seen, changes: 4, lastChange: NOW - 9, alsoPlannedBy: new Map(), trigger: { by: 'sweep' } });
  });
  it('is not made with those of another account, which is reported', async () => {
    const { looked, sight } = await at(known({ account: '999999999999', arn: 'arn:aws:sts::999999999999:assumed-role/x/y' }));
    expect(looked).toEqual([]);
    expect(sight.seen).toMatchObject({
      observation: { ok: false, error: 'not read with credentials of another account' },
      assessment: { ok: false, error: 'not read' },
    });
  });
  it('is not made if the owner of the credentials is unknown; whether that is temporary is kept', async () => {
    const unread = { ...unreadable('no reply'), retryable: true } as const;
    const { looked, sight } = await at(unread);
    expect(looked).toEqual([]);
    expect(sight.seen.observation).toEqual({ ...unread, error: 'whose the credentials are could not be read: no reply' });
  });
});
