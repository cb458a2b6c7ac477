// Before a change that nobody has to approve its owner has time to object: what is announced, when, and what becomes of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Notification,
  type PassResult,
  type RedressOptions,
  type Register,
} from '@redress/core';
import { folderJournal, memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
const BY = { by: { name: LEAD, verified: true }, reason: 'CHG-1' };
const ID = 'widget-revoke-open';

let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
let warned: string[];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const policy = (extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: { [ID]: { dev: 'enforce' } },
    approvers: { dev: [LEAD] },
    grace: [{ period: 'P7D', remind: ['P3D', 'P1D'] }],
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
    onWarning: (message) => void warned.push(message),
    ...over,
  });
const reported = async (rule = 'open-1', over: Partial<RedressOptions> = {}): Promise<PassResult> => {
  const { results } = await engine(over).handle(openedEvent('w', rule, time - 1000, { eventId: `e-${time}` }));
  return results[0]?.passes[0] as PassResult;
};
const swept = async (over: Partial<RedressOptions> = {}): Promise<PassResult[]> => {
  const passes: PassResult[] = [];
  await engine(over).sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }], restart: true, onPass: (pass) => void passes.push(pass) });
  return passes;
};
const records = () => recordsOf(journal);
/** What was told: number of the notice, and in how many days it is changed. */
const notices = () => told.flatMap(({ grace, at }) => (grace === undefined ? [] : [[grace.notice, Math.round((grace.ends - at) / DAY)]]));
const registered = (until: number): Register =>
  defineRegister([{ id: 'EXC-1', scope: { account: ACCOUNT, resource: 'w' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(until).toISOString() }]);

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = START;
  journal = memoryJournal({ clock });
  told = [];
  warned = [];
});

describe('a change with a grace period', () => {
  it('is announced, reminded of, and made when the period is over: the plan that was announced', async () => {
    const first = await reported();
    expect(first).toMatchObject({ outcome: 'awaiting-approval', approval: expect.stringMatching(/^a-[0-9a-f]{16}$/) });
    expect(first.message).toBe(`It is changed automatically after ${new Date(time + 7 * DAY).toISOString()}, unless it is denied before: revoke open-1.`);
    expect(told).toMatchObject([
      {
        outcome: 'awaiting-approval',
        approval: first.approval,
        grace: { notice: 0, ends: START + 7 * DAY },
        plan: { digest: first.plan?.digest },
        message: first.message,
        reasons: [{ guardrail: 'grace', code: 'grace', data: { period: 7 * DAY, remind: [3 * DAY, DAY] } }],
      },
    ]);
    // Seen again, by events and sweeps: nothing is told, nothing is done.
    time += DAY;
    expect(await reported()).toMatchObject({ outcome: 'awaiting-approval', approval: first.approval });
    time += 2 * DAY;
    expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval', approval: first.approval }]);
    expect(notices()).toEqual([[0, 7]]);
    for (let day = 4; day <= 6; day++) {
      time = START + day * DAY;
      await swept();
      await swept();
    }
    expect(notices()).toEqual([
      [0, 7],
      [1, 3],
      [2, 1],
    ]);
    time = START + 7 * DAY - 1000;
    expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(aws.writes).toEqual([]);
    time = START + 7 * DAY + 60_000;
    const [done] = await swept();
    expect(done).toMatchObject({ outcome: 'remediated', plan: { digest: first.plan?.digest } });
    expect(aws.rules('w')).toEqual(['closed']);
    expect(told.at(-1)).toMatchObject({ outcome: 'remediated' });
    expect(told.at(-1)?.grace).toBeUndefined();
    // All of it is in the journal, and the announcement is used up.
    const all = await records();
    const said = all
      .filter(({ record }) => record.kind === 'approval')
      .map(({ record }) => Object.keys(record.body['approval'] as object).filter((key) => key !== 'id'));
    expect(said).toEqual([['sending'], ['sent'], ['sending'], ['sent'], ['sending'], ['sent']]);
    const intent = all.find(({ record }) => record.kind === 'intent');
    expect(intent?.record.body).toMatchObject({
      journal: { approval: first.approval },
      guardrails: expect.arrayContaining([expect.objectContaining({ guardrail: 'grace', code: 'grace-over', effect: 'allow' })]),
    });
    expect(await engine().approvals()).toEqual([]);
  });

  it('that reappears begins again, with a new notice', async () => {
    await reported();
    time = START + 6 * DAY;
    await swept();
    time = START + 8 * DAY;
    expect((await swept())[0]?.outcome).toBe('remediated');
    aws.put('w', ['open-1', 'closed']);
    time += HOUR;
    const again = await reported();
    expect(again.outcome).toBe('awaiting-approval');
    expect(notices()).toEqual([
      [0, 7],
      [2, 1],
      [0, 7],
    ]);
    expect(aws.rules('w')).toContain('open-1');
  });

  it('whose gap was closed in between begins again, also when it reappears unchanged', async () => {
    const first = await reported();
    time = START + 5 * DAY;
    await swept();
    aws.put('w', ['closed']);
    time = START + 6 * DAY;
    await swept();
    aws.put('w', ['open-1', 'closed']);
    time = START + 8 * DAY;
    const again = await reported();
    expect(again).toMatchObject({ outcome: 'awaiting-approval' });
    expect(again.approval).not.toBe(first.approval);
    expect(notices().at(-1)).toEqual([0, 7]);
    expect(aws.writes).toEqual([]);
    expect((await records()).map(({ record }) => (record.body['approval'] as { ended?: string } | undefined)?.ended)).toContain('the gap no longer exists');
  });

  it('that would now be a different one is announced again', async () => {
    const first = await reported();
    time = START + 6 * DAY;
    await swept();
    aws.put('w', ['open-1', 'open-2', 'closed']);
    time = START + 8 * DAY;
    const passes = await swept();
    expect(passes.map((pass) => pass.outcome)).not.toContain('remediated');
    expect(aws.writes).toEqual([]);
    expect((await engine().approvals()).map(({ id }) => id)).not.toContain(first.approval);
  });

  it('is not ended by what another remediator reads of the same resource', async () => {
    const anyAge = { ...revokeOpenRules, freshWithin: null };
    const over = { remediators: [anyAge, noteWidget], policy: policy({ remediators: { [ID]: { dev: 'enforce' }, 'widget-note': { dev: 'enforce' } } }) };
    const waiting = async () => (await engine(over).approvals()).map(({ id, remediator }) => `${remediator} ${id}`).sort();
    await engine(over).run(widget('w'));
    const first = await waiting();
    expect(first.map((each) => each.split(' ')[0])).toEqual(['widget-note', ID]);
    time += DAY;
    await engine(over).run(widget('w'));
    expect(await waiting()).toEqual(first);
    expect(told.flatMap(({ grace, remediator }) => (grace === undefined ? [] : [`${remediator.id} ${grace.notice}`]))).toEqual([`${ID} 0`, 'widget-note 0']);
  });

  it('is not announced to anybody if somebody approves it at that moment', async () => {
    const answered: Journal = {
      ...bound(journal),
      append: async (entry) => {
        const done = await journal.append(entry);
        const { id, sending } = (entry.body['approval'] ?? {}) as { id?: string; sending?: object };
        if (sending !== undefined)
          await journal.append({
            kind: 'approval',
            resource: entry.resource,
            remediator: ID,
            body: { approval: { id: id ?? '', verdict: 'approved', by: { name: LEAD, verified: true } } },
          });
        return done;
      },
    };
    await reported('open-1', { journal: answered });
    expect(notices()).toEqual([]);
    time += HOUR;
    expect((await swept())[0]?.outcome).toBe('remediated');
  });

  it('waits for the last reminder: infrequent sweeps remind late, and change later', async () => {
    await reported();
    time = START + 10 * DAY;
    expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(notices()).toEqual([
      [0, 7],
      [2, 1],
    ]);
    time += DAY - HOUR;
    expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval' }]);
    time += 2 * HOUR;
    expect(await swept()).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('is denied by a person and then not made', async () => {
    const { approval } = await reported();
    time = START + 6 * DAY;
    await swept();
    await engine().deny(approval as string, { by: { name: LEAD, verified: false }, reason: 'vendor' });
    time = START + 8 * DAY;
    expect(await swept()).toMatchObject([
      { outcome: 'denied', decision: { results: expect.arrayContaining([expect.objectContaining({ code: 'approval-denied' })]) } },
    ]);
    expect(aws.writes).toEqual([]);
  });

  it('is approved by a person and then made at once', async () => {
    const { approval } = await reported();
    time = START + DAY;
    expect(await engine().approve(approval as string, BY)).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.rules('w')).toEqual(['closed']);
    expect(await engine().approvals()).toEqual([]);
  });

  it.each<[string, () => Partial<RedressOptions>, string]>([
    ['an exception', () => ({ exceptions: registered(time + DAY) }), 'exempt'],
    ['a freeze', () => ({ policy: policy({ freeze: [{ from: '2026-11-01T00:00:00Z', to: '2026-12-31T00:00:00Z', reason: 'year end' }] }) }), 'notified'],
    ['a stop', () => ({ killSwitch: { read: async () => 'changes' as const } }), 'denied'],
    ['another mode', () => ({ policy: policy({ remediators: { [ID]: { dev: 'notify' } } }) }), 'notified'],
    ['an approval that is required now', () => ({ policy: policy({ remediators: { [ID]: { dev: 'approve' } } }) }), 'awaiting-approval'],
    ['a limit', () => ({ policy: policy({ limits: [{ per: ['remediator'], changes: 0, window: 'PT1H' }] }) }), 'denied'],
    ['a longer period', () => ({ policy: policy({ grace: [{ period: 'P30D' }] }) }), 'awaiting-approval'],
  ])('is held back by %s that was added since', async (_what, over, outcome) => {
    await reported();
    time = START + 6 * DAY;
    await swept();
    time = START + 8 * DAY;
    expect((await swept(over()))[0]).toMatchObject({ outcome });
    expect(aws.writes).toEqual([]);
  });

  it('is held back by a tag', async () => {
    await reported();
    time = START + 6 * DAY;
    await swept();
    aws.put('w', ['open-1', 'closed'], { 'redress:exception': 'EXC-9' });
    time = START + 8 * DAY;
    expect(await swept()).toMatchObject([{ outcome: 'notified' }]);
    expect(aws.writes).toEqual([]);
  });

  it('with a hazard needs an approval, and is never made automatically', async () => {
    aws.put('w', ['open-wide-1']);
    await reported('open-wide-1');
    for (let day = 1; day < 40; day += 3) {
      time = START + day * DAY;
      await swept();
    }
    expect(notices()).toEqual([]);
    expect(aws.writes).toEqual([]);
  });

  it('is made at once without a grace period: for others, in other environments', async () => {
    expect(await reported('open-1', { policy: policy({ grace: [] }) })).toMatchObject({ outcome: 'remediated' });
  });

  it('that nobody can be notified of does not begin', async () => {
    const quiet = { notify: undefined } as unknown as Partial<RedressOptions>;
    for (let day = 0; day < 20; day += 2) {
      time = START + day * DAY;
      await swept(quiet);
    }
    // Old by then, so a person is asked as well; but from the first on nobody was told.
    expect(aws.writes).toEqual([]);
    expect((await records()).filter(({ record }) => record.kind === 'approval')).toEqual([]);
  });

  it('whose notice does not arrive is announced again; the period begins when it has arrived', async () => {
    let broken = true;
    const notify = async (each: Notification) => {
      if (broken) throw new Error('Slack is down');
      told.push(each);
    };
    await reported('open-1', { notify });
    expect(warned.join()).toContain('was not delivered');
    time = START + 8 * DAY;
    broken = false;
    expect(await swept({ notify })).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(notices()).toEqual([[0, 7]]);
    expect(aws.writes).toEqual([]);
  });

  it('is announced at once even if the notifier groups notices', async () => {
    const flushed: unknown[] = [];
    const notify = Object.assign(async (each: Notification) => void told.push(each), { flush: async (options?: object) => void flushed.push(options) });
    await reported('open-1', { notify });
    expect(flushed).toEqual([{ all: true }]);
  });

  it.each([
    ['a worker that has two minutes', 120_000, 179_000],
    ['a worker that has half an hour', 1_800_000, 1_859_000],
    ['a worker without a deadline', null, 5_459_000],
  ])('that %s claims before it dies is announced by another one after the claim has expired, and not before', async (_name, lives, still) => {
    const dying = async () => {
      throw Object.assign(new Error('the process is gone'), { died: true });
    };
    // Claimed, and nothing after that.
    let appends = 0;
    const half: Journal = new Proxy(journal, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'append') return member.bind(target);
        return async (...args: unknown[]) => (++appends > 2 ? Promise.reject(new Error('the process is gone')) : member.apply(target, args));
      },
    });
    await engine({ journal: half, notify: dying })
      .handle(openedEvent('w', 'open-1', time - 1000, { eventId: 'e-1' }), lives === null ? {} : { deadline: time + lives })
      .catch(() => null);
    expect(appends).toBe(3);
    time = START + still;
    await swept();
    expect(notices()).toEqual([]);
    time = START + still + 60_000;
    await swept();
    expect(notices()).toEqual([[0, 7]]);
  });

  it('whose worker died after its intent is not made on that announcement again: it may have been sent', async () => {
    await reported();
    time = START + 6 * DAY;
    await swept();
    time = START + 8 * DAY;
    await swept({ journal: crashingJournal(journal, 'after-intent') }).catch(() => null);
    expect(aws.writes).toEqual([]);
    time += 240_000;
    await engine().recover();
    expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(aws.writes).toEqual([]);
  });

  it('survives restarts', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'redress-grace-'));
    try {
      for (const day of [0, 4, 6, 8]) {
        journal = folderJournal({ directory, clock });
        time = START + day * DAY;
        await (day === 0 ? reported() : swept());
        await journal.close?.();
      }
      expect(notices()).toEqual([
        [0, 7],
        [1, 3],
        [2, 1],
      ]);
      expect(aws.rules('w')).toEqual(['closed']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

it('a change that needs an approval for another reason as well is not announced', async () => {
  // Nothing shows that the rule is new.
  expect(await swept()).toMatchObject([{ outcome: 'awaiting-approval' }]);
  expect(told).toMatchObject([{ outcome: 'awaiting-approval' }]);
  expect(notices()).toEqual([]);
  expect((await engine().approvals()).map(({ grace }) => grace)).toEqual([undefined]);
});

describe('many workers at once', () => {
  const atOnce = (many: number, notify?: RedressOptions['notify']) =>
    Promise.all(Array.from({ length: many }, () => (notify === undefined ? reported() : reported('open-1', { notify }))));

  it('send each notice once and make the change once', async () => {
    // A slow channel, so that all of them are in it at the same time.
    const notify = async (each: Notification) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      told.push(each);
    };
    await atOnce(8, notify);
    for (const day of [4, 6, 8]) {
      time = START + day * DAY;
      await atOnce(8, notify);
    }
    expect(notices()).toEqual([
      [0, 7],
      [1, 3],
      [2, 1],
    ]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });
});

describe('the records of a grace period', () => {
  const said = async () =>
    (await records())
      .filter(({ record }) => record.kind === 'approval')
      .map(({ record, seq }) => ({ seq, remediator: record.remediator, id: record.resource.id, ...record.body })) as unknown as {
      seq: number;
      approval: Record<string, unknown>;
      message: string;
      planDigest: string;
    }[];
  const iso = (at: number) => new Date(at).toISOString();

  it('have each notice, before it is sent and after it was delivered', async () => {
    const { approval, plan } = await reported();
    time = START + 4 * DAY;
    await swept();
    const ends = iso(START + 7 * DAY);
    const all = await said();
    expect(all).toMatchObject([
      {
        remediator: ID,
        id: 'w',
        approval: { id: approval, sending: { notice: 0 } },
        planDigest: plan?.digest,
        message: `the first notice of ${approval} is being sent`,
      },
      {
        approval: { id: approval, sent: { notice: 0, record: all[0]?.seq } },
        planDigest: plan?.digest,
        message: `the first notice of ${approval} was delivered; it is changed automatically after ${ends}`,
      },
      { approval: { sending: { notice: 1 } }, message: `reminder 1 of 2 of ${approval} is being sent` },
      {
        approval: { sent: { notice: 1, record: all[2]?.seq } },
        message: `reminder 1 of 2 of ${approval} was delivered; it is changed automatically after ${ends}`,
      },
    ]);
  });

  it('have a notice that was not delivered; it may be sent again at once', async () => {
    const broken = { notify: () => Promise.reject(new Error('Slack is down')) };
    const { approval } = await reported('open-1', broken);
    const [sending, unsent] = await said();
    expect(unsent).toMatchObject({
      approval: { id: approval, unsent: { notice: 0, record: sending?.seq } },
      message: `the first notice of ${approval} could not be delivered`,
    });
    time += 1000;
    await reported();
    expect(notices()).toEqual([[0, 7]]);
  });

  it('have a claim: until its worker must be gone, no other one sends the notice', async () => {
    const dead: Journal = {
      ...bound(journal),
      append: (entry) => (JSON.stringify(entry.body).includes('"sent"') ? Promise.reject(new Error('the process died')) : journal.append(entry)),
    };
    await engine({ journal: dead })
      .handle(openedEvent('w', 'open-1', time - 1000, { eventId: 'e' }), { deadline: time + 120_000 })
      .catch(() => undefined);
    expect(notices()).toEqual([[0, 7]]);
    const [claim] = await said();
    // Until its deadline, and a minute: clocks differ.
    expect(claim?.approval['sending']).toEqual({ notice: 0, until: START + 180_000 });
    time = START + 179_999;
    expect(await reported()).toMatchObject({ outcome: 'awaiting-approval', approval: claim?.approval['id'] });
    expect(notices()).toHaveLength(1);
    // Nor does it claim it.
    expect(await said()).toEqual([claim]);
    time = START + 180_000;
    await reported();
    expect(notices()).toHaveLength(2);
  });

  it('have a claim of ninety-one minutes if the worker has no deadline', async () => {
    await reported();
    expect((await said())[0]?.approval['sending']).toEqual({ notice: 0, until: START + 5_460_000 });
  });

  it('are missing if nobody can be notified, which is a warning', async () => {
    const pass = await reported('open-1', { notify: undefined } as unknown as Partial<RedressOptions>);
    expect(pass).toMatchObject({ outcome: 'awaiting-approval', approval: expect.stringMatching(/^a-/) });
    expect(warned).toEqual([`the grace period of ${pass.approval} does not begin`]);
    expect(await said()).toEqual([]);
  });

  it('are missing if the request cannot be found', async () => {
    const empty: Journal = { ...bound(journal), view: async (ref) => ({ ...(await journal.view(ref)), approvals: [] }) };
    expect(await reported('open-1', { journal: empty })).toMatchObject({ outcome: 'awaiting-approval' });
    expect([await said(), notices()]).toEqual([[], []]);
  });

  it('have one notice if two workers claim it: the first in the stream has it', async () => {
    let claims = 0;
    const second: Journal = {
      ...bound(journal),
      append: async (entry) => {
        const body = entry.body['approval'] as { sending?: object } | undefined;
        // Another worker was a moment faster.
        if (body?.sending !== undefined && claims++ === 0) await journal.append(entry);
        return journal.append(entry);
      },
    };
    const { approval } = await reported('open-1', { journal: second });
    expect(approval).toMatch(/^a-/);
    expect(notices()).toEqual([]);
    expect(await said()).toHaveLength(2);
  });

  it('have no notice if somebody denies the change while the notice is claimed, or after that', async () => {
    const denied: Journal = {
      ...bound(journal),
      append: async (entry) => {
        const done = await journal.append(entry);
        if ((entry.body['approval'] as { sending?: object } | undefined)?.sending !== undefined)
          await engine().deny((entry.body['approval'] as { id: string }).id, BY);
        return done;
      },
    };
    await reported('open-1', { journal: denied });
    time = START + 5 * DAY;
    await swept();
    expect(notices()).toEqual([]);
  });

  it('have no reminder of what was approved, even if that approval is no longer valid', async () => {
    const { approval } = await reported();
    await engine({ policy: policy({ stop: 'changes' }) }).approve(approval ?? '', BY);
    time = START + 5 * DAY;
    // Whoever said yes is not an approver now.
    expect(await swept({ policy: policy({ approvers: { dev: [`arn:aws:iam::${ACCOUNT}:role/Other`] } }) })).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(notices()).toEqual([[0, 7]]);
  });
});

describe('an announcement ends', () => {
  const ended = async () =>
    (await records()).flatMap(({ record }) => {
      const { id, ended: why } = (record.body['approval'] ?? {}) as { id?: string; ended?: string };
      return why === undefined ? [] : [{ id, why, message: record.body['message'], planDigest: record.body['planDigest'] }];
    });
  it.each<[string, () => unknown]>([
    ['the resource is gone', () => aws.widgets.delete('w')],
    ['the plan has changed', () => aws.put('w', ['open-1', 'open-2', 'closed'])],
    ['the gap no longer exists', () => aws.put('w', ['closed'])],
  ])('when %s', async (why, happens) => {
    const { approval, plan } = await reported();
    time += DAY;
    happens();
    await engine().run(widget('w'));
    expect(await ended()).toEqual([{ id: approval, why, message: `${approval} is over: ${why}`, planDigest: plan?.digest }]);
    expect((await engine().approvals()).map(({ id }) => id)).not.toContain(approval);
  });

  it.each<[string, () => unknown]>([
    ['cannot be read', () => aws.faults.set('DescribeWidget', ['denied'])],
    ['is as it was', () => undefined],
  ])('not if the resource %s', async (_what, happens) => {
    const { approval } = await reported();
    time += DAY;
    happens();
    await engine().run(widget('w'));
    expect(await ended()).toEqual([]);
    expect((await engine().approvals()).map(({ id }) => id)).toEqual([approval]);
  });

  it('not if it needs an approval, or was denied', async () => {
    const asking = { policy: policy({ remediators: { [ID]: { dev: 'approve' } } }) };
    await reported('open-1', asking);
    aws.put('w', ['closed']);
    time += DAY;
    await engine(asking).run(widget('w'));
    expect(await ended()).toEqual([]);
    aws.put('w', ['open-1', 'closed']);
    const { approval } = await reported();
    await engine().deny(approval ?? '', BY);
    aws.put('w', ['closed']);
    time += 1000;
    await engine().run(widget('w'));
    expect(await ended()).toEqual([]);
  });
});
