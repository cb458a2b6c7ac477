// What people hear of in a week of hourly sweeps: the exact messages of each channel, over HTTP.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRedress, definePolicy, defineRegister, type Journal, type Notify, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { notifier, slackChannel, teamsChannel } from '@redress/notify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { repeated } from '../support/size.js';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Half past midnight, on a Monday. */
const START = Date.parse('2026-11-23T00:30:00Z');

let aws: Widgets;
let time: number;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};

/** Looks at the widgets of one name only. */
const of = (id: string, prefix: string): Remediator => ({
  ...revokeOpenRules,
  id,
  title: id,
  freshWithin: null,
  discover: async function* ({ aws: reads }) {
    for (const each of (
      (await (reads as never as { widget: { DescribeWidgets(input: object): Promise<{ Ids?: string[] }> } }).widget.DescribeWidgets({})).Ids ?? []
    ).sort())
      if (each.startsWith(prefix)) yield { type: 'AWS::Test::Widget', id: each };
  },
});
const open = of('widget-open', 'w-');
const logs = of('widget-logs', 'l-');
const asks = of('widget-asks', 'q-');
const MODES: Readonly<Record<string, object>> = { 'widget-logs': { dev: 'enforce' }, 'widget-asks': { dev: 'approve' } };
const policyFor = (remediators: readonly Remediator[]) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.flatMap(({ id }) => (MODES[id] === undefined ? [] : [[id, MODES[id]]]))),
    limits: [{ per: ['remediator', 'account'], changes: 10, window: 'P7D' }],
  } as never);

interface Seen {
  readonly at: string;
  readonly title: string;
  readonly text: string;
}

/** A chat service on this machine: what it was sent, by path, and whether it takes anything. */
async function chat() {
  const seen: Record<string, Seen[]> = { '/slack': [], '/teams': [] };
  const state = { up: true };
  const http = createServer((incoming, outgoing) => {
    let text = '';
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    incoming.on('end', () => {
      const json = JSON.parse(text);
      const title = incoming.url === '/slack' ? json.text : json.attachments[0].content.body[0].inlines[0].text;
      if (state.up) seen[incoming.url ?? '']?.push({ at: new Date(time).toISOString().slice(5, 13), title, text });
      outgoing.writeHead(state.up ? 200 : 403, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    seen,
    state,
    url,
    close: () => {
      http.closeAllConnections();
      return new Promise<void>((resolve) => void http.close(() => resolve()));
    },
  };
}

let service: Awaited<ReturnType<typeof chat>>;
const heard = (channel: '/slack' | '/teams') => (service.seen[channel] ?? []).map(({ at, title }) => `${at} ${title}`);
const channels = () =>
  notifier({
    channels: [
      slackChannel({ webhook: `${service.url}/slack`, hosts: ['127.0.0.1'] }),
      teamsChannel({ webhook: `${service.url}/teams`, hosts: ['127.0.0.1'] }),
    ],
    routes: [{ when: { owner: 'payments' }, to: ['teams'] }],
    default: ['slack'],
    clock,
  });
const engine = (journal: Journal, notify: Notify | null, remediators: readonly Remediator[] = [open]) =>
  createRedress({ remediators, policy: policyFor(remediators), journal, connect: aws.connect, clock, ...(notify === null ? {} : { notify }) });

beforeEach(async () => {
  aws = new Widgets();
  time = START;
  service = await chat();
});
afterEach(() => service.close());

const name = (prefix: string, n: number, digits = 2) => `${prefix}${String(n).padStart(digits, '0')}`;
const shown = (id: string) => `AWS::Test::Widget ${id} (111111111111, us-east-1)`;

describe('a week of hourly sweeps', () => {
  it('people are notified of a gap when it appears, when it changes, when its deadline is near, and once a day', async () => {
    for (let n = 1; n <= 21; n++) aws.put(name('w-', n), ['open-1'], n > 19 ? { owner: 'payments' } : {});
    for (let n = 1; n <= 30; n++) aws.put(name('l-', n, 3), ['open-1']);
    aws.put('q-1', ['open-1']);
    const journal = memoryJournal({ clock });
    const redress = engine(journal, channels(), [open, asks, logs]);
    const digest = (day: string, gaps: number) => `${day} 2026-${day.slice(0, 5)}: ${gaps} gaps are open`;
    const hours = repeated(
      [0, 1, 5, 7, 10, 11, 14],
      Array.from({ length: 24 }, (_, at) => at),
    );
    const slackMessages = [
      // Resource by resource, in the order of their names.
      ...Array.from({ length: 10 }, (_, at) => `11-23T00 Closed: widget-logs: ${shown(name('l-', at + 1, 3))}`),
      `11-23T00 Approval needed: widget-asks: ${shown('q-1')}`,
      ...Array.from({ length: 19 }, (_, at) => `11-23T00 Open: widget-open: ${shown(name('w-', at + 1))}`),
      '11-23T00 Held back: widget-logs: AWS::::Account 111111111111 (111111111111, us-east-1)',
      // 19 open, one that waits, and 20 behind a limit.
      digest('11-24T00', 40),
      digest('11-25T00', 40),
      digest('11-26T00', 39),
      `11-26T05 Open: widget-open: ${shown('w-22')}`,
      digest('11-27T00', 40),
      `11-27T07 Open: widget-open: ${shown('w-05')}`,
      digest('11-28T00', 40),
      `11-28T11 Open: widget-open: ${shown('w-06')}`,
      digest('11-29T00', 41),
      `11-29T01 Approval needed: widget-asks: ${shown('q-1')}`,
    ];
    const teamsMessages = [
      `11-23T00 Open: widget-open: ${shown('w-20')}`,
      `11-23T00 Open: widget-open: ${shown('w-21')}`,
      ...['11-24T00', '11-25T00', '11-26T00', '11-27T00', '11-28T00', '11-29T00'].map((day) => digest(day, 2)),
    ];
    for (let hour = 0; hour < 7 * 24; hour++) {
      // `npm test` sweeps at the hours at which something happens on some day, and at one other.
      if (!hours.includes(hour % 24)) continue;
      time = START + hour * HOUR;
      // On Thursday one appears; on Friday one gets worse; one is closed on Wednesday, and opened again on Saturday.
      if (hour === 3 * 24 + 5) aws.put('w-22', ['open-1']);
      if (hour === 4 * 24 + 7) aws.put('w-05', ['open-1', 'open-2']);
      if (hour === 2 * 24 + 10) aws.put('w-06', ['closed']);
      if (hour === 5 * 24 + 11) aws.put('w-06', ['open-1']);
      await redress.sweep({ targets: [HERE] });
      // Hour by hour: what was heard too much, or not, ends the week.
      const soFar = (messages: readonly string[]) => messages.filter((each) => each.slice(0, 8) <= new Date(time).toISOString().slice(5, 13));
      expect(heard('/slack')).toEqual(soFar(slackMessages));
      expect(heard('/teams')).toEqual(soFar(teamsMessages));
    }
    expect(heard('/slack')).toEqual(slackMessages);
    expect(heard('/teams')).toEqual(teamsMessages);
    // What a message says besides: how old it is, what ends when, and one line for all that a limit holds back.
    const slack = service.seen['/slack'] ?? [];
    const text = (title: string) => slack.findLast((each) => `${each.at} ${each.title}`.includes(title))?.text ?? '';
    expect(text('11-23T00 Held back')).toContain('20 resources are held back for the same reason: The limit of 10 changes');
    expect(text('11-29T00 2026')).toContain('20 held back for the same reason (limit-window), since 2026-11-23');
    expect(text('11-29T00 2026')).toContain(`${shown('w-01')}: Open: 5 days, last seen 2026-11-29T00:30:00`);
    expect(text('11-29T00 2026')).toMatch(/q-1 \(111111111111, us-east-1\): Approval needed, a-[0-9a-f]{16}, until 2026-11-30T00:30/);
    expect(text('11-29T01 Approval')).toContain('The request expires: ');
    expect(text('11-27T07 Open')).toContain('Open since: ');
    expect(text('11-28T11 Open')).not.toContain('Open since: ');
    // Nothing is buried: a stream has what happened to its resource, however often it was looked at.
    const kinds = async (id: string) => (await recordsOf({ read: () => journal.read({ resource: widget(id) }) })).map(({ record }) => record.kind);
    expect(await kinds('w-01')).toEqual(['decision', 'notice']);
    expect(await kinds('w-05')).toEqual(['decision', 'notice', 'decision', 'notice']);
    expect(await kinds('w-06')).toEqual(['decision', 'notice', 'decision', 'decision', 'notice']);
    expect(await kinds('l-030')).toEqual(['decision']);
  });

  it('300 resources behind a limit are one message, and one line of the digest', async () => {
    for (let n = 1; n <= 300; n++) aws.put(name('l-', n, 3), ['open-1']);
    const redress = engine(memoryJournal({ clock }), channels(), [logs]);
    for (const hour of [0, 1, 2, 3, 23, 24]) {
      time = START + hour * HOUR;
      await redress.sweep({ targets: [HERE] });
    }
    expect(heard('/slack').filter((each) => !each.includes('Closed'))).toEqual([
      '11-23T00 Held back: widget-logs: AWS::::Account 111111111111 (111111111111, us-east-1)',
      '11-24T00 2026-11-24: 290 gaps are open',
    ]);
    expect(heard('/slack')).toHaveLength(12);
  });
});

describe('what was not delivered', () => {
  it('is recorded as undelivered, and comes back with the next sweep', async () => {
    aws.put('w-1', ['open-1']);
    const journal = memoryJournal({ clock });
    service.state.up = false;
    await engine(journal, channels()).sweep({ targets: [HERE] });
    const notices = async () => (await recordsOf(journal)).flatMap(({ record }) => (record.kind === 'notice' ? [record.body['notice']] : []));
    expect(await notices()).toMatchObject([{ status: 'not-delivered', channels: [] }]);
    service.state.up = true;
    // Each sweep is a process of its own.
    for (const hour of [1, 2, 3]) {
      time = START + hour * HOUR;
      await engine(journal, channels()).sweep({ targets: [HERE] });
    }
    expect(heard('/slack')).toEqual([`11-23T01 Open: widget-open: ${shown('w-1')}`]);
    expect(await notices()).toMatchObject([{ status: 'not-delivered' }, { status: 'delivered', channels: ['slack'] }]);
  });

  it('of an execution is in the next digest, once', async () => {
    aws.put('l-1', ['open-1']);
    const journal = memoryJournal({ clock });
    service.state.up = false;
    await engine(journal, channels(), [logs]).sweep({ targets: [HERE] });
    expect(aws.rules('l-1')).toEqual([]);
    service.state.up = true;
    for (const hour of [1, 24, 25, 48, 72]) {
      time = START + hour * HOUR;
      await engine(journal, channels(), [logs]).sweep({ targets: [HERE] });
    }
    // It was closed: nothing stands, and the execution is what nobody heard of.
    expect(heard('/slack')).toEqual(['11-23T01 2026-11-23: gaps without a notification']);
    expect(service.seen['/slack']?.[0]?.text).toContain(`Closed: ${shown('l-1')}: revoke open-1`);
    expect((await journal.standing()).unsaid).toEqual([]);
    const told = (await recordsOf({ read: () => journal.read({ resource: widget('l-1') }) })).map(({ record }) => [record.kind, record.body['message']]);
    expect(told.slice(-2)).toEqual([
      ['notice', 'revoke open-1'],
      ['notice', 'People were notified by a digest.'],
    ]);
  });

  it('of a digest is tried again on the same day', async () => {
    aws.put('w-1', ['open-1']);
    const journal = memoryJournal({ clock });
    await engine(journal, channels()).sweep({ targets: [HERE] });
    service.state.up = false;
    time = START + DAY;
    await engine(journal, channels()).sweep({ targets: [HERE] });
    service.state.up = true;
    for (const hour of [25, 26, 27]) {
      time = START + hour * HOUR;
      await engine(journal, channels()).sweep({ targets: [HERE] });
    }
    expect(heard('/slack').slice(1)).toEqual(['11-24T01 2026-11-24: 1 gap is open']);
  });

  it('notices that were too many at once are summed up after the sweep, and known from then on', async () => {
    for (let n = 1; n <= 40; n++) aws.put(name('w-', n), ['open-1']);
    const journal = memoryJournal({ clock });
    for (const hour of [0, 1, 2]) {
      time = START + hour * HOUR;
      await engine(journal, channels()).sweep({ targets: [HERE], perSecond: 1000 });
    }
    expect(heard('/slack').map((each) => each.replace(/: .*/, ''))).toEqual([
      ...Array.from({ length: 30 }, () => '11-23T00 Open'),
      '11-23T00 10 messages were held back',
    ]);
    const of40 = (await recordsOf({ read: () => journal.read({ resource: widget('w-40') }) })).flatMap(({ record }) =>
      record.kind === 'notice' ? [(record.body['notice'] as { status: string }).status] : [],
    );
    expect(of40).toEqual(['held', 'delivered']);
  });
});

describe('many workers', () => {
  it('that find the same gap at the same time notify once, and send one digest', async () => {
    for (const id of ['w-1', 'w-2']) aws.put(id, ['open-1']);
    const journal = memoryJournal({ clock });
    const sweeps = () => Promise.all(Array.from({ length: 5 }, () => engine(journal, channels()).sweep({ targets: [HERE] })));
    await sweeps();
    expect(heard('/slack').sort()).toEqual(['w-1', 'w-2'].map((id) => `11-23T00 Open: widget-open: ${shown(id)}`));
    time = START + DAY;
    await sweeps();
    expect(heard('/slack').slice(2)).toEqual(['11-24T00 2026-11-24: 2 gaps are open']);
  });

  it('one that ends while it sends a digest blocks the others until its time is over', async () => {
    aws.put('w-1', ['open-1']);
    const journal = memoryJournal({ clock });
    await engine(journal, channels()).sweep({ targets: [HERE] });
    time = START + DAY;
    const dying: Journal = {
      ...bound(journal),
      append: (entry) => (JSON.stringify(entry.body).includes('"sent"') ? new Promise(() => undefined) : journal.append(entry)),
    };
    void engine(dying, channels()).sweep({ targets: [HERE], deadline: time + 2 * HOUR });
    await expect.poll(() => heard('/slack').length).toBe(2);
    const later = async (hour: number) => {
      time = START + hour * HOUR;
      await engine(journal, channels()).sweep({ targets: [HERE] });
    };
    await later(25);
    expect(heard('/slack')).toHaveLength(2);
    // Whether anybody saw it nobody knows: it is sent again.
    await later(27);
    expect(heard('/slack').slice(1)).toEqual(['11-24T00 2026-11-24: 1 gap is open', '11-24T03 2026-11-24: 1 gap is open']);
  });
});

describe('missing resources, and what people do meanwhile', () => {
  const records = async (journal: Journal, id: string) =>
    (await recordsOf({ read: () => journal.read({ resource: widget(id) }) })).map(({ record }) => [record.kind, record.body['outcome'] ?? null]);

  it('the gap of a missing resource is no longer open, and a sweep says when it saw that', async () => {
    for (const id of ['w-1', 'w-2']) aws.put(id, ['open-1']);
    const journal = memoryJournal({ clock });
    const redress = engine(journal, channels());
    await redress.sweep({ targets: [HERE] });
    aws.widgets.delete('w-1');
    time = START + DAY;
    const [summary] = await redress.sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 2, outcomes: { notified: 1, 'no-op': 1 } });
    expect((await journal.standing()).gaps.map(({ resource }) => resource.id)).toEqual(['w-2']);
    expect(await records(journal, 'w-1')).toEqual([
      ['decision', 'notified'],
      ['notice', null],
      ['decision', 'no-op'],
    ]);
  });

  it('a freeze is one message for all gaps, and people are not notified again when it ends', async () => {
    for (let n = 1; n <= 5; n++) aws.put(name('q-', n), ['open-1']);
    const journal = memoryJournal({ clock });
    let stop: 'none' | 'changes' = 'none';
    const redress = createRedress({
      remediators: [asks],
      policy: policyFor([asks]),
      journal,
      connect: aws.connect,
      clock,
      notify: channels(),
      killSwitch: { read: async () => stop },
    });
    for (const [hour, now] of [
      [0, 'none'],
      [1, 'changes'],
      [2, 'changes'],
      [3, 'none'],
      [4, 'none'],
      [5, 'changes'],
    ] as const) {
      stop = now;
      time = START + hour * HOUR;
      await redress.sweep({ targets: [HERE] });
    }
    expect(heard('/slack').map((each) => each.replace(/: .*/, ''))).toEqual([
      ...Array.from({ length: 5 }, () => '11-23T00 Approval needed'),
      '11-23T01 Held back',
      '11-23T05 Held back',
    ]);
    expect((await journal.approvals()).map(({ resource }) => resource.id)).toEqual(['q-01', 'q-02', 'q-03', 'q-04', 'q-05']);
  });

  it('a freeze of a place that takes several sweeps is over when none of them met it, and the next one is notified', async () => {
    for (let n = 1; n <= 4; n++) aws.put(name('q-', n), ['open-1']);
    let stop: 'none' | 'changes' = 'none';
    const redress = createRedress({
      remediators: [asks],
      policy: policyFor([asks]),
      journal: memoryJournal({ clock }),
      connect: aws.connect,
      clock,
      notify: channels(),
      killSwitch: { read: async () => stop },
    });
    const parts: number[] = [];
    for (const [day, now] of ['none', 'changes', 'none', 'changes'].entries()) {
      stop = now as typeof stop;
      for (let part = 1; ; part++) {
        time = START + day * DAY + part * HOUR;
        // There is the time for three of four.
        const [summary] = await redress.sweep({ targets: [HERE], perSecond: 1, deadline: time + 37_500 });
        if (summary?.status === 'complete' || part === 9) {
          parts.push(part);
          break;
        }
      }
    }
    // What stands and what is listed is met once.
    expect(parts).toEqual([2, 2, 2, 2]);
    expect(
      heard('/slack')
        .filter((each) => each.includes('Held back'))
        .map((each) => each.slice(0, 8)),
    ).toEqual(['11-24T01', '11-26T01']);
  });

  it('if there are more open gaps than time to check them, new ones are found all the same', async () => {
    for (let n = 1; n <= 8; n++) aws.put(name('w-', n), ['open-1']);
    const redress = engine(memoryJournal({ clock }), channels());
    const sweep = async () => (await redress.sweep({ targets: [HERE], perSecond: 1, deadline: time + 37_500 }))[0];
    const until = async (done: (status: string | undefined) => boolean) => {
      for (let part = 1; part <= 20; part++) {
        time += HOUR;
        if (done((await sweep())?.status)) return part;
      }
      return null;
    };
    expect(await until((status) => status === 'complete')).toBe(3);
    const blind = {
      ...open,
      observe: async (args: Parameters<Remediator['observe']>[0]) => (args.resource.id === 'w-01' ? Promise.reject(new Error('no')) : open.observe(args)),
    };
    const held = engine(memoryJournal({ clock }), channels(), [blind]);
    let parts = 0;
    for (let whole = 0; whole < 3; parts++) {
      time += HOUR;
      const [summary] = await held.sweep({ targets: [HERE], perSecond: 1, deadline: time + 37_500 });
      if (summary?.status === 'complete') whole++;
    }
    // What holds one back that only an earlier part has met is not over.
    expect([parts, heard('/slack').filter((each) => each.includes('Held back')).length]).toEqual([9, 1]);
    aws.put('w-00', ['open-1']);
    expect(await until(() => heard('/slack').some((each) => each.includes('w-00')))).toBe(1);
  });

  it('an unreadable resource does not hide an unreadable store', async () => {
    for (let n = 1; n <= 3; n++) aws.put(name('q-', n), ['open-1']);
    let down = false;
    const register = {
      read: async () => {
        if (down) throw new Error('the register is not there');
        return defineRegister([]);
      },
    };
    const blind: Remediator = {
      ...asks,
      observe: async (args) => {
        if (args.resource.id === 'q-02') throw new Error('no permission to read it');
        return asks.observe(args);
      },
    };
    const redress = createRedress({
      remediators: [blind],
      policy: policyFor([asks]),
      journal: memoryJournal({ clock }),
      connect: aws.connect,
      clock,
      notify: channels(),
      exceptions: register,
    });
    for (const hour of [0, 1, 2, 3]) {
      down = hour >= 2;
      time = START + hour * HOUR;
      await redress.sweep({ targets: [HERE] });
    }
    const held = (service.seen['/slack'] ?? []).filter(({ title }) => title.startsWith('Held back'));
    expect(held.map(({ at, text }) => [at, /no permission|is not there/.exec(text)?.[0]])).toEqual([
      ['11-23T00', 'no permission'],
      ['11-23T02', 'is not there'],
    ]);
  });

  it('a gap that was closed together with others is no longer open, and is notified when it comes back', async () => {
    const ref = aws.put('w-1', ['open-1']);
    const journal = memoryJournal({ clock });
    const sweep = async (dev: 'notify' | 'enforce') => {
      time += HOUR;
      const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-open': { dev } } });
      await createRedress({ remediators: [open], policy, journal, connect: aws.connect, clock, notify: channels() }).sweep({ targets: [HERE] });
    };
    await sweep('notify');
    aws.put('w-1', ['open-1', 'open-2']);
    await sweep('enforce');
    expect(aws.rules('w-1')).toEqual([]);
    expect((await journal.view(ref)).gaps).toEqual([]);
    aws.put('w-1', ['open-1']);
    await sweep('notify');
    expect(heard('/slack').map((each) => each.replace(/: .*/, ''))).toEqual(['11-23T01 Open', '11-23T02 Closed', '11-23T03 Open']);
  });

  it('an expired request is made again, and people are asked again', async () => {
    aws.put('q-1', ['open-1']);
    const journal = memoryJournal({ clock });
    const redress = engine(journal, channels(), [asks]);
    for (const day of [0, 3, 6.5, 7.5]) {
      time = START + day * DAY;
      await redress.sweep({ targets: [HERE] });
    }
    expect(heard('/slack').filter((each) => each.includes('Approval needed: '))).toEqual(
      ['11-23T00', '11-29T12', '11-30T12'].map((at) => `${at} Approval needed: widget-asks: ${shown('q-1')}`),
    );
    expect(new Set((await journal.approvals()).map(({ id }) => id)).size).toBe(2);
  });

  it('an exception is one message, and one more in its last week', async () => {
    aws.put('w-1', ['open-1']);
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { resource: 'w-1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 10 * DAY).toISOString() },
    ]);
    const redress = createRedress({
      remediators: [open],
      policy: policyFor([open]),
      journal: memoryJournal({ clock }),
      connect: aws.connect,
      clock,
      exceptions,
      notify: channels(),
    });
    for (const day of [0, 1, 2, 3.5, 4, 9, 10.5]) {
      time = START + day * DAY;
      await redress.sweep({ targets: [HERE] });
    }
    expect(heard('/slack').filter((each) => !each.includes('is open'))).toEqual([
      `11-23T00 Exempt: widget-open: ${shown('w-1')}`,
      `11-26T12 Exempt: widget-open: ${shown('w-1')}`,
      `12-03T12 Open: widget-open: ${shown('w-1')}`,
    ]);
  });

  it('without a channel nobody is notified; with a new one, people are notified of everything that is open', async () => {
    aws.put('w-1', ['open-1']);
    const journal = memoryJournal({ clock });
    for (const hour of [0, 1]) {
      time = START + hour * HOUR;
      await engine(journal, null).sweep({ targets: [HERE] });
    }
    expect(await records(journal, 'w-1')).toEqual([['decision', 'notified']]);
    time = START + 2 * HOUR;
    await engine(journal, channels()).sweep({ targets: [HERE] });
    expect(heard('/slack')).toEqual([`11-23T02 Open: widget-open: ${shown('w-1')}`]);
  });
});
