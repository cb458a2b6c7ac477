import {
  createRedress,
  definePolicy,
  defineRegister,
  isRecord,
  type Journal,
  type JsonObject,
  type Mode,
  type PassResult,
  type RedressOptions,
  type Remediator,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
let aws: Widgets;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
/** The same gap under a wider name: it comes after. */
const wide: Remediator = { ...revokeOpenRules, id: 'widget-revoke-all', breadth: 10, freshWithin: null };
const engine = (modes: Record<string, Mode>, over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [wide, revokeOpenRules],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: Object.fromEntries(Object.entries(modes).map(([id, mode]) => [id, { dev: mode }])),
    }),
    journal,
    connect: aws.connect,
    clock,
    ...over,
  });
const both: Record<string, Mode> = { 'widget-revoke-open': 'enforce', 'widget-revoke-all': 'enforce' };
const reads = () => aws.calls.filter((call) => !call.write).length;

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

/** From the narrow one alone. */
const exceptions = defineRegister([
  {
    id: 'EXC-1',
    scope: { resource: 'w', remediators: ['widget-revoke-open'] },
    reason: 'r',
    owner: 'a',
    approver: 'b',
    expires: new Date(START + 1e9).toISOString(),
  },
]);

describe('several remediators on one resource', () => {
  it('run narrow before wide, and the second finds closed what the first has closed', async () => {
    aws.put('w', ['open-1', 'closed']);
    const { results } = await engine(both).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => [each.remediator, each.outcome])).toEqual([
      ['widget-revoke-open', 'remediated'],
      ['widget-revoke-all', 'no-op'],
    ]);
    expect(results[0]?.gap).toEqual({ closed: true, open: [] });
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('send the same read once', async () => {
    aws.put('w', ['closed']);
    await engine(both).run(widget('w'));
    expect(reads()).toBe(1);
    // To decide, under the lease, to verify. What the verification has read is what the second sees.
    aws.calls.length = 0;
    aws.put('x', ['open-1']);
    await engine(both).handle(openedEvent('x', 'open-1', time - 1000));
    expect(aws.calls.map((call) => (call.write ? 'write' : 'read'))).toEqual(['read', 'read', 'write', 'read']);
  });

  it('read again after a change: the second one sees the current state', async () => {
    aws.put('w', ['open-1']);
    const { results } = await engine({ ...both, 'widget-revoke-all': 'notify' }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['remediated', 'no-op']);
    expect(results[0]?.gap.closed).toBe(true);
  });

  it('decide on what is left after a change', async () => {
    aws.put('w', ['open-1', 'open-wide-2']);
    const { results } = await engine(both).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => [each.remediator, each.outcome])).toEqual([
      ['widget-revoke-open', 'remediated'],
      ['widget-revoke-open', 'awaiting-approval'],
      ['widget-revoke-all', 'no-op'],
    ]);
  });

  it('read again under the lease: an exception tag that came after the first verification holds the second one back', async () => {
    aws.put('w', ['open-1', 'rule'], {});
    const tagged: Journal = {
      ...bound(journal),
      finish: async (request) => {
        const done = await journal.finish(request);
        if (request.remediator === revokeOpenRules.id) aws.put('w', ['rule'], { 'redress:exception': 'vendor' });
        return done;
      },
    };
    const remediators = [revokeOpenRules, { ...noteWidget, apiCalls: revokeOpenRules.apiCalls }];
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-revoke-open': { dev: 'enforce' }, 'widget-note': { dev: 'enforce' } },
    });
    const { results } = await engine(both, { remediators, policy, journal: tagged }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => [each.remediator, each.outcome])).toEqual([
      ['widget-revoke-open', 'remediated'],
      ['widget-note', 'notified'],
    ]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('retry a read that failed for the previous one', async () => {
    aws.put('w', ['open-1']);
    aws.faults.set('DescribeWidget', ['throttled']);
    const { results } = await engine(both).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['denied', 'remediated']);
    expect(results[0]?.gap.closed).toBe(false);
  });

  it('respect an exception from the narrow one for the same call under the wide one', async () => {
    aws.put('w', ['open-1']);
    const { results } = await engine(both, { exceptions }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => [each.outcome, each.message.startsWith('Decided on already: widget-revoke-open: exempt')])).toEqual([
      ['exempt', false],
      ['no-op', true],
    ]);
    expect(aws.writes).toEqual([]);
  });

  it('request an approval once for the same gap', async () => {
    aws.put('w', ['open-old', 'open-1']);
    const { results } = await engine({ ...both, 'widget-revoke-all': 'approve' }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => [each.remediator, each.outcome])).toEqual([
      ['widget-revoke-open', 'remediated'],
      ['widget-revoke-open', 'awaiting-approval'],
      ['widget-revoke-all', 'no-op'],
    ]);
    expect(results[0]?.gap).toEqual({ closed: false, open: expect.arrayContaining(['revoke open-old']) });
    expect(await engine(both).approvals()).toHaveLength(1);
  });

  it('count in a dry run what the first one would fix as fixed for the second', async () => {
    aws.put('w', ['open-1']);
    const { results } = await engine(both).handle(openedEvent('w', 'open-1', time - 1000), { dryRun: true });
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['planned', 'no-op']);
    expect(aws.writes).toEqual([]);
  });

  it('ignore a decision of one that the policy does not name', async () => {
    aws.put('w', ['open-1']);
    const { results } = await engine({ 'widget-revoke-all': 'enforce' }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['notified', 'remediated']);
  });
});

describe('a wider remediator that runs alone', () => {
  const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
  const BY = { by: { name: LEAD, verified: true }, reason: 'CHG-1' };
  const policy = (narrow: Mode, extra: object = {}) =>
    definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-revoke-open': { dev: narrow }, 'widget-revoke-all': { dev: 'enforce' } },
      approvers: { dev: [LEAD] },
      ...extra,
    });
  const sweptBy = async (over: Partial<RedressOptions> = {}) => {
    const passes: PassResult[] = [];
    await engine(both, over).sweep({
      targets: [{ account: ACCOUNT, region: 'us-east-1' }],
      remediators: ['widget-revoke-all'],
      perSecond: 1000,
      onPass: (pass) => void passes.push(pass),
    });
    return passes.map((each) => [each.outcome, each.message]);
  };

  it('respects an exception from the narrow one: in a sweep, in a plan, and after an approval of its own', async () => {
    aws.put('w', ['open-1', 'closed']);
    const asks = {
      exceptions,
      policy: policy('enforce', { remediators: { 'widget-revoke-open': { dev: 'enforce' }, 'widget-revoke-all': { dev: 'approve' } } }),
    };
    const { exceptions: _, ...before } = asks;
    await sweptBy(before);
    const [approval] = await engine(both, before).approvals();
    expect(approval?.remediator).toBe('widget-revoke-all');
    const after = await engine(both, asks).approve(approval?.id ?? '', BY);
    expect(after.map((each) => [each.outcome, each.message])).toEqual([['exempt', expect.stringMatching(/^Exception EXC-1 covers it until /)]]);
    expect(await sweptBy({ exceptions })).toEqual(after.map((each) => [each.outcome, each.message]));
    expect((await engine(both, { exceptions }).plan('widget-revoke-all', widget('w'))).map((each) => each.outcome)).toEqual(['exempt']);
    expect(aws.writes).toEqual([]);
    time += 1e9;
    expect(await sweptBy({ exceptions })).toMatchObject([['remediated', expect.any(String)]]);
  });

  it('respects it for what the narrow one covers, and for nothing else', async () => {
    aws.put('w', ['open-1', 'rule']);
    const { discover, uses } = revokeOpenRules;
    const all: Remediator = { ...noteWidget, id: 'widget-revoke-all', discover, uses: { ...noteWidget.uses, reads: uses.reads } };
    expect(await sweptBy({ exceptions, remediators: [revokeOpenRules, all] })).toMatchObject([['flagged', expect.any(String)]]);
    expect(aws.writes).toEqual(['PutNote']);
  });

  it('respects a pending request of the narrow one, and its denial', async () => {
    aws.put('w', ['open-1']);
    const [asked] = await engine(both).run(widget('w'));
    expect(asked).toMatchObject({ remediator: 'widget-revoke-open', outcome: 'awaiting-approval' });
    const already = `${asked?.approval} requests it already, planned by widget-revoke-open.`;
    expect(await sweptBy({ policy: policy('enforce') })).toEqual([['awaiting-approval', expect.stringContaining(already)]]);
    // One gap is one request.
    expect((await engine(both).approvals()).map(({ id }) => id)).toEqual([asked?.approval]);
    await engine(both, { policy: policy('enforce') }).deny(asked?.approval ?? '', BY);
    const denied = [['denied', expect.stringContaining(`${LEAD} denied it (${asked?.approval})`)]];
    expect(await sweptBy({ policy: policy('enforce') })).toEqual(denied);
    // Also where the narrow one may only notify by now.
    expect(await sweptBy({ policy: policy('notify') })).toEqual(denied);
    expect(aws.writes).toEqual([]);
  });

  it('respects a denial of a request that was recorded without calls', async () => {
    aws.put('w', ['open-1', 'open-2']);
    const older: Journal = {
      ...bound(journal),
      append: (request) => {
        const approval = request.body['approval'];
        if (request.kind !== 'decision' || !isRecord(approval)) return journal.append(request);
        const { calls: _, asks: _asks, breadth: _breadth, ...rest } = approval as JsonObject;
        return journal.append({ ...request, body: { ...request.body, approval: rest } });
      },
    };
    const [asked] = await engine(both, { journal: older }).run(widget('w'));
    expect((await journal.approvals()).map(({ calls, subjects }) => [calls, subjects])).toEqual([[undefined, ['open-1', 'open-2']]]);
    await engine(both, { policy: policy('enforce') }).deny(asked?.approval ?? '', BY);
    expect(await sweptBy({ policy: policy('enforce') })).toEqual([['denied', expect.stringContaining(`${LEAD} denied it (${asked?.approval})`)]]);
    expect(aws.writes).toEqual([]);
  });

  it('respects the hold after a rollback of the narrow one: it does not undo the undo', async () => {
    aws.put('w', ['open-1']);
    const { results } = await engine(both).handle(openedEvent('w', 'open-1', time - 1000));
    await engine(both).rollback(results[0]?.passes[0]?.execution ?? '', { by: 'ops', reason: 'vendor' });
    expect(await sweptBy()).toEqual([['notified', expect.stringMatching(/It was rolled back by ops/)]]);
    expect(aws.rules('w')).toEqual(['open-1']);
  });

  it('respects the grace period in which the narrow one would make the same change', async () => {
    aws.put('w', ['open-1']);
    const grace = policy('enforce', { grace: [{ remediators: ['widget-revoke-open'], period: 'P7D', remind: ['P1D'] }] });
    await engine(both, { policy: grace, notify: async () => undefined }).handle(openedEvent('w', 'open-1', time - 1000));
    expect(await sweptBy({ policy: grace })).toEqual([['awaiting-approval', expect.stringContaining('requests it already, planned by widget-revoke-open.')]]);
    expect(aws.writes).toEqual([]);
  });

  it('respects no remediator that is not narrower: of two equal ones each decides for itself', async () => {
    const alike: Remediator[] = ['widget-revoke-all', 'widget-revoke-open'].map((id) => ({ ...wide, id }));
    for (const swept of ['widget-revoke-all', 'widget-revoke-open']) {
      aws.put('w', ['open-1']);
      const other = alike.find(({ id }) => id !== swept)?.id ?? '';
      const register = defineRegister([
        { id: 'EXC-1', scope: { resource: 'w', remediators: [other] }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() },
      ]);
      const passes: PassResult[] = [];
      await engine(both, { remediators: alike, exceptions: register }).sweep({
        targets: [{ account: ACCOUNT, region: 'us-east-1' }],
        remediators: [swept],
        perSecond: 1000,
        onPass: (pass) => void passes.push(pass),
      });
      expect(passes.map((each) => [each.remediator, each.outcome])).toEqual([[swept, 'remediated']]);
    }
  });

  describe('does not wait for a request that can no longer be carried out, and makes its own:', () => {
    const asks = (narrow: Mode) => policy(narrow, { remediators: { 'widget-revoke-open': { dev: narrow }, 'widget-revoke-all': { dev: 'approve' } } });
    const askedByNarrow = async () => {
      aws.put('w', ['open-1']);
      const [asked] = await engine(both).run(widget('w'));
      return asked?.approval ?? '';
    };

    it('of a remediator that is no longer installed', async () => {
      await askedByNarrow();
      const alone = (dev: Mode) => ({
        remediators: [wide],
        policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-all': { dev } } }),
      });
      await sweptBy(alone('approve'));
      expect((await engine(both).approvals()).map(({ remediator }) => remediator)).toEqual(['widget-revoke-open', 'widget-revoke-all']);
      expect(await sweptBy(alone('enforce'))).toMatchObject([['remediated', expect.any(String)]]);
    });

    it('of one that now plans something else, even if somebody has approved it', async () => {
      const id = await askedByNarrow();
      const other: Remediator = { ...revokeOpenRules, plan: () => ({ status: 'compliant' }) };
      await engine(both, { policy: asks('approve'), remediators: [wide, other] }).approve(id, BY);
      expect(aws.writes).toEqual([]);
      await sweptBy({ policy: asks('approve'), remediators: [wide, other] });
      expect((await engine(both).approvals()).map(({ remediator }) => remediator)).toEqual(['widget-revoke-open', 'widget-revoke-all']);
    });

    it('of one that the policy has switched off', async () => {
      await askedByNarrow();
      await sweptBy({ policy: asks('off') });
      expect((await engine(both).approvals()).map(({ remediator }) => remediator)).toEqual(['widget-revoke-open', 'widget-revoke-all']);
    });
  });

  it('respects an exception from the narrow one that is registered between the decision and the write', async () => {
    aws.put('w', ['open-1']);
    let read = 0;
    const register = { read: async () => (read++ === 0 ? defineRegister([]) : exceptions) };
    expect(await sweptBy({ exceptions: register })).toMatchObject([['exempt', expect.stringMatching(/^Exception EXC-1 covers it until /)]]);
    expect(aws.writes).toEqual([]);
    // Where nobody can tell what the narrow one would change, nothing is sent, and it is tried again.
    read = 0;
    const blind: Remediator = {
      ...revokeOpenRules,
      observe: () => {
        throw new Error('no such read');
      },
    };
    expect(await sweptBy({ exceptions: register, remediators: [wide, blind] })).toMatchObject([['failed', expect.stringContaining('no such read')]]);
    expect(aws.writes).toEqual([]);
  });

  it('does not respect the mode of the narrow one, nor that it would need an approval', async () => {
    aws.put('w', ['open-1']);
    expect(await sweptBy({ policy: policy('notify') })).toMatchObject([['remediated', expect.any(String)]]);
    aws.put('w', ['open-2']);
    expect(await sweptBy({ policy: policy('enforce') })).toMatchObject([['remediated', expect.any(String)]]);
  });
});
