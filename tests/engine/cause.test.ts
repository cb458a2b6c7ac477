import { createRedress, definePolicy, type Journal, type Notification, type PassResult, type RedressOptions } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const user = (name: string) => `arn:aws:iam::${ACCOUNT}:user/${name}`;
const sso = (set: string, name: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/AWSReservedSSO_${set}_0123456789abcdef/${name}`;
const role = (set: string) => `arn:aws:iam::${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_${set}_0123456789abcdef`;
const PAT = user('pat');
const LEAD = user('lead');

let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const policy = (extra: object = {}, mode: 'approve' | 'notify' = 'approve') =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: ['333333333333'], after: 'none', because: 'a test' } },
    remediators: { 'widget-revoke-open': { dev: mode } },
    approvers: { dev: [PAT, LEAD, role('Admin')] },
    ...extra,
  });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: policy(),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
const TARGET = { account: ACCOUNT, region: 'us-east-1' };
const swept = async (over: Partial<RedressOptions> = {}): Promise<PassResult[]> => {
  const passes: PassResult[] = [];
  await engine(over).sweep({ targets: [TARGET], onPass: (pass) => void passes.push(pass) });
  return passes;
};
/** What the event of a call that opened a rule leads to. */
const event = async (actor: string, over: Partial<RedressOptions> = {}, rule = 'open-1'): Promise<PassResult> => {
  const { results } = await engine(over).handle(openedEvent('w', rule, time - 1000, { actor, eventId: `${actor}-${rule}-${time}` }));
  return results[0]?.passes[0] as PassResult;
};
const answer = (id: string | null | undefined, by: string, over: Partial<RedressOptions> = {}) =>
  engine(over)
    .approve(id ?? '', { by: { name: by, verified: true }, reason: 'CHG-1' })
    .then(
      (passes) => passes.map((each) => each.outcome).join(),
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = START;
  journal = memoryJournal({ clock });
  told = [];
});

describe('whoever caused a gap may not approve the change that closes it', () => {
  it('even if a sweep requested the approval before the event arrived: it is one request', async () => {
    const [first] = await swept();
    expect(first).toMatchObject({ outcome: 'awaiting-approval', approval: expect.any(String) });
    time += HOUR / 4;
    expect(await event(PAT)).toMatchObject({ outcome: 'awaiting-approval', approval: first?.approval });
    expect((await engine().approvals()).map(({ id, causedBy, fresh }) => [id, causedBy, fresh])).toEqual([[first?.approval, [PAT], false]]);
    expect(await answer(first?.approval, PAT)).toBe(`approval/refused: ${PAT} caused it; someone else has to approve.`);
    expect(aws.writes).toEqual([]);
    expect(await answer(first?.approval, LEAD)).toBe('remediated');
  });

  it('even if the event requested it, and a sweep requests the same: a new gap stays new', async () => {
    const first = await event(PAT);
    time += 2 * HOUR;
    const [again] = await swept();
    expect(again).toMatchObject({ outcome: 'awaiting-approval', approval: first.approval });
    expect((await engine().approvals()).map(({ id, fresh }) => [id, fresh])).toEqual([[first.approval, true]]);
    expect(await answer(first.approval, PAT)).toMatch(/caused it/);
    expect(await answer(first.approval, LEAD)).toBe('remediated');
    expect(aws.rules('w')).toEqual(['closed']);
  });

  it('even if the event was only notified, and a sweep requests it later', async () => {
    expect((await event(PAT, { policy: policy({}, 'notify') })).outcome).toBe('notified');
    time += 24 * HOUR;
    const [asked] = await swept();
    expect(await engine().approvals()).toMatchObject([{ causedBy: [PAT] }]);
    expect(await answer(asked?.approval, PAT)).toMatch(/^approval\/refused: .* caused it/);
    expect(await answer(asked?.approval, LEAD)).toBe('remediated');
  });

  it('even under another permission set; a colleague under the same one may', async () => {
    await event(sso('PowerUser', 'pat@example.com'));
    const [asked] = await swept();
    expect(await answer(asked?.approval, sso('Admin', 'pat@example.com'))).toMatch(/caused it/);
    expect(await answer(asked?.approval, sso('Admin', 'kim@example.com'))).toBe('remediated');
    expect((await recordsOf(journal))[0]?.record.body['trigger']).toMatchObject({ person: 'pat@example.com', parts: ['open-1'] });
  });

  it('and nobody else is affected: whoever opened another rule may approve', async () => {
    aws.put('w', ['open-1', 'open-2']);
    const first = await event(LEAD, {}, 'open-1');
    const second = await event(PAT, {}, 'open-2');
    expect([await answer(first.approval, LEAD), await answer(second.approval, PAT)]).toEqual([
      expect.stringMatching(/caused it/),
      expect.stringMatching(/caused it/),
    ]);
    expect(await answer(first.approval, PAT)).toBe('remediated');
  });

  it('and if nobody names the gap, nobody with a known event may approve alone', async () => {
    await event(PAT, {}, 'open-9');
    const [asked] = await swept();
    expect(await answer(asked?.approval, PAT)).toMatch(/caused it/);
    expect(await answer(asked?.approval, LEAD)).toBe('remediated');
    // It was closed, and is back: nothing says by whom.
    aws.put('w', ['open-1', 'closed']);
    time += 24 * HOUR;
    const [again] = await swept();
    expect(await answer(again?.approval, PAT)).toBe(
      `approval/refused: It is not known who caused it. It may have been ${PAT}, so someone else has to approve.`,
    );
    expect(await answer(again?.approval, LEAD)).toBe('remediated');
  });

  it('even if so much was done since that a view no longer says who did it first', async () => {
    const notified = { policy: policy({}, 'notify') };
    await event(PAT, notified, 'open-9');
    for (let n = 0; n < 101; n++) {
      time += 1000;
      await event(user('busy'), notified, `other-${n}`);
    }
    const [asked] = await swept();
    expect((await engine().approvals()).map(({ causedBy }) => causedBy)).toEqual([[user('busy'), null]]);
    expect(await answer(asked?.approval, PAT)).toMatch(/^approval\/refused: It is not known who caused it/);
    expect(await answer(asked?.approval, LEAD)).toBe('remediated');
  });

  it('even if the approval came before the event: it is not used, and another approver is needed', async () => {
    const frozen = { policy: policy({ freeze: [{ from: '2026-11-01T00:00:00Z', to: '2026-11-24T12:00:00Z', reason: 'r' }] }) };
    const [asked] = await swept();
    expect(await answer(asked?.approval, PAT, frozen)).toBe('notified');
    expect((await event(PAT, frozen)).outcome).toBe('notified');
    time += 3 * HOUR;
    const [again] = await swept();
    expect(again).toMatchObject({ outcome: 'awaiting-approval' });
    expect(again?.approval).not.toBe(asked?.approval);
    expect(aws.writes).toEqual([]);
    expect(await answer(again?.approval, PAT)).toMatch(/caused it/);
    expect(await answer(again?.approval, LEAD)).toBe('remediated');
  });

  it('even if the event becomes known between the decision and the change', async () => {
    const [asked] = await swept();
    const during: Journal = {
      ...bound(journal),
      begin: async (request) => {
        if (request.approval !== undefined) await event(PAT, { policy: policy({}, 'notify') });
        return journal.begin(request);
      },
    };
    expect(await answer(asked?.approval, PAT, { journal: during })).not.toContain('remediated');
    expect(aws.writes).toEqual([]);
    expect(aws.rules('w')).toEqual(['open-1', 'closed']);
  });

  it('and an approval of theirs that was not carried out yet no longer counts: it is requested again', async () => {
    const [asked] = await swept();
    const begun = await journal.begin({
      resource: widget('w'),
      remediator: 'another',
      planDigest: 'sha256:x',
      generation: 0,
      budgets: [],
      lease: 60_000,
      body: {},
    });
    if (begun.status !== 'begun') throw new Error(begun.status);
    expect(await answer(asked?.approval, PAT)).toBe('busy');
    await journal.finish({ resource: widget('w'), remediator: 'another', lease: begun.lease, outcome: 'failed', sent: 0, body: {} });
    time += HOUR / 4;
    // In the pass that the event asks for itself, too.
    const again = await event(PAT);
    expect(again.outcome).toBe('awaiting-approval');
    expect(again.approval).not.toBe(asked?.approval);
    expect(told.map(({ outcome, approval }) => [outcome, approval])).toEqual([
      ['awaiting-approval', asked?.approval],
      ['awaiting-approval', again.approval],
    ]);
    expect(await answer(again.approval, PAT)).toMatch(/caused it/);
    expect(await answer(again.approval, LEAD)).toBe('remediated');
  });

  it('a change by Redress has no cause', async () => {
    await event(aws.identity.arn, { policy: policy({}, 'notify') });
    await event(PAT, { policy: policy({}, 'notify') }, 'open-9');
    await swept();
    expect((await engine().approvals()).map(({ causedBy }) => causedBy)).toEqual([[PAT]]);
  });
});

it('a check that finds nothing is recorded as compliant; a check of a missing resource is not', async () => {
  aws.put('w', ['closed']);
  await event(PAT);
  aws.widgets.delete('w');
  await event(PAT);
  expect((await recordsOf(journal)).map(({ record }) => [record.body['outcome'], record.body['compliant']])).toEqual([
    ['no-op', true],
    ['no-op', undefined],
  ]);
});
