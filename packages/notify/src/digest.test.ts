import { type Gap, type GapDigest, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import type { Channel } from './channels/channel.js';
import { ticketChannel } from './channels/tickets.js';
import { digestMessage } from './digest.js';
import { sample } from './internal/sample.js';
import type { Message } from './message.js';
import { type NotifierOptions, notifier } from './notifier.js';
import { plainText } from './plain-text.js';

const AT = Date.parse('2026-11-28T00:30:00Z');
const DAY = 86_400_000;

function gap(id: string, over: Partial<GapDigest['gaps'][number]> = {}): GapDigest['gaps'][number] {
  const base: Gap = {
    key: `g-${id}`,
    resource: resource({ type: 'AWS::EC2::SecurityGroup', id, account: '111111111111', region: 'eu-west-1' }),
    remediator: 'ec2-revoke-sg-open-ssh',
    subjects: [],
    outcome: 'notified',
    message: 'It is open.',
    state: 's',
    held: null,
    approval: null,
    deadline: null,
    near: false,
    quiet: false,
    members: null,
    since: AT - 3 * DAY,
    seenAt: AT - 3 * DAY,
    record: 1,
    triedAt: 0,
    told: { state: 's', approval: null, at: AT - 3 * DAY, channels: ['all'] },
  };
  return { ...base, title: 'Revoke SSH', environment: 'prod', seen: AT - 1000, ...over };
}
const digest = (gaps: GapDigest['gaps'], unsaid: GapDigest['unsaid'] = []): GapDigest => ({ day: '2026-11-28', at: AT, gaps, unsaid });

describe('the digest of a day', () => {
  it('has open gaps by remediator and account, with their age, what waits, and what expires', () => {
    const other = { remediator: 'other', title: 'Other' };
    const message = digestMessage(
      digest(
        [
          gap('sg-1'),
          gap('sg-2', { outcome: 'awaiting-approval', approval: 'a-1', deadline: AT + DAY, since: AT - DAY }),
          gap('sg-3', other),
          gap('sg-4', { resource: resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-4', account: '222222222222', region: 'eu-west-1' }), environment: null }),
        ],
        [
          {
            resource: gap('sg-9').resource,
            remediator: 'other',
            of: 3,
            execution: 'x-1',
            outcome: 'failed',
            message: 'It was denied.',
            at: AT - DAY,
            title: 'Other',
          },
        ],
      ),
      { command: 'npx redress' },
    ) as Message;
    expect(message.title).toBe('2026-11-28: 4 gaps are open');
    expect(message.sections).toEqual([
      { label: 'Not delivered before', lines: ['Failed: AWS::EC2::SecurityGroup sg-9 (111111111111, eu-west-1): It was denied.'] },
      {
        label: 'Revoke SSH (ec2-revoke-sg-open-ssh): 111111111111 (prod): 2',
        lines: [
          'AWS::EC2::SecurityGroup sg-1 (111111111111, eu-west-1): Open: 3 days, last seen 2026-11-28T00:29:59.000Z: It is open.',
          'AWS::EC2::SecurityGroup sg-2 (111111111111, eu-west-1): Approval needed, a-1, until 2026-11-29T00:30:00.000Z: 1 day, last seen 2026-11-28T00:29:59.000Z: It is open.',
        ],
      },
      { label: 'Other (other): 111111111111 (prod): 1', lines: [expect.stringContaining('sg-3')] },
      { label: 'Revoke SSH (ec2-revoke-sg-open-ssh): 222222222222: 1', lines: [expect.stringContaining('sg-4')] },
    ]);
    expect([message.facts, message.commands.map(({ command }) => command)]).toEqual([
      [['Waiting for an approval', '1']],
      ['npx redress approvals list', 'npx redress history'],
    ]);
  });

  it('counts what is too long for a list, and what is held back for the same reason', () => {
    const many = Array.from({ length: 25 }, (_, at) => gap(`sg-${at}`));
    const alike = Array.from({ length: 300 }, (_, at) => gap(`sg-x${at}`, { held: 'limit-window', outcome: 'denied' }));
    const lines = digestMessage(digest([...many, ...alike]))?.sections[0]?.lines ?? [];
    expect(lines.slice(19)).toEqual([expect.stringContaining('sg-19 '), 'and 5 more', '300 held back for the same reason (limit-window), since 2026-11-25']);
  });

  it('holds no secret and no control character', () => {
    const text = plainText(digestMessage(digest([gap('sg-1', { message: 'password=hunter2secret \u001b[2J' })])) as Message);
    expect(text).not.toContain('hunter2secret');
    expect(text).not.toContain('\u001b');
  });

  it('is not sent if nothing is open', () => {
    expect(digestMessage(digest([]))).toBeNull();
  });
});

describe('the result of a notifier', () => {
  const channel = (name: string, send: Channel['send'] = async () => undefined, more: Partial<Channel> = {}): Channel & { seen: Message[] } => {
    const seen: Message[] = [];
    return {
      name,
      held: 'summed-up',
      seen,
      ...more,
      send: async (messages, delivery) => {
        await send(messages, delivery);
        seen.push(...messages);
      },
    };
  };
  const down = () => Promise.reject(new Error('It is down.'));
  const made = (channels: readonly Channel[], more: Partial<NotifierOptions> = {}) =>
    notifier({ channels, clock: { now: () => AT, sleep: async () => undefined }, ...more });

  it('is the channels that delivered, and why others did not; without any it throws', async () => {
    expect(await made([channel('a'), channel('b')])(sample())).toEqual({ status: 'delivered', channels: ['a', 'b'] });
    expect(await made([channel('a'), channel('b', down)])(sample())).toEqual({
      status: 'delivered',
      channels: ['a'],
      failed: 'Not delivered for now: b: It is down.',
    });
    await expect(made([channel('b', down)])(sample())).rejects.toMatchObject({ code: 'notify/failed' });
  });

  it('is that it waits, or that no route sends it', async () => {
    const one = channel('a');
    const notify = made([one], { limits: { messages: 1 }, routes: [{ when: { outcome: 'exempt' }, to: [] }] });
    await notify(sample());
    expect(await notify(sample({ id: 'sg-other' }))).toEqual({ status: 'held', channels: ['a'] });
    expect(one.seen).toHaveLength(1);
    expect(await notify(sample({ outcome: 'exempt' }))).toEqual({ status: 'nobody', channels: [] });
    // The same once more is as good as delivered.
    expect(await notify(sample())).toEqual({ status: 'delivered', channels: ['a'] });
  });

  it('for a change after a grace period is delivered by each of its channels, or not delivered', async () => {
    const grace = { notice: 0, ends: AT + DAY };
    await expect(made([channel('a'), channel('b', down)])(sample({ grace }))).rejects.toMatchObject({ code: 'notify/failed' });
  });

  it('does not include a channel that does not support the message', async () => {
    const mute = channel('a', undefined, { tells: () => false });
    expect(await made([mute])(sample())).toEqual({ status: 'nobody', channels: [] });
    expect(mute.seen).toEqual([]);
  });
});

describe('the digest by channel', () => {
  const kept = (name: string) => {
    const seen: Message[] = [];
    return { name, held: 'summed-up' as const, seen, send: async (messages: readonly Message[]) => void seen.push(...messages) };
  };

  it('has the gaps that a channel was notified of; those of a removed channel, or of none, follow the routes', async () => {
    const [all, payments] = [kept('all'), kept('payments')];
    const notify = notifier({ channels: [all, payments], default: ['all'], routes: [{ when: { environment: 'dev' }, to: ['payments'] }] });
    const told = (channels: string[]) => ({ state: 's', approval: null, at: 0, channels });
    const answer = await notify.digest(
      digest([
        gap('sg-1', { told: told(['payments']) }),
        gap('sg-2', { told: told(['all']) }),
        gap('sg-3', { told: told(['gone']) }),
        gap('sg-4', { told: null, environment: 'dev' }),
      ]),
    );
    expect(answer).toEqual({ status: 'delivered', channels: ['all', 'payments'] });
    const named = ({ seen }: { seen: Message[] }) => seen.map((each) => [...plainText(each).matchAll(/sg-\d/g)].map(String));
    expect([named(all), named(payments)]).toEqual([[['sg-2', 'sg-3']], [['sg-1', 'sg-4']]]);
  });

  it('opens no ticket, and is not sent to a channel without an entry', async () => {
    const ports = { find: async () => null, open: () => Promise.reject(new Error('no')), comment: async () => undefined, close: async () => undefined };
    const [tickets, other] = [ticketChannel({ name: 'tickets', port: ports }), kept('other')];
    const notify = notifier({ channels: [tickets, other], default: ['tickets'] });
    expect(await notify.digest(digest([gap('sg-1', { told: null })]))).toEqual({ status: 'nobody', channels: [] });
    expect(other.seen).toEqual([]);
  });
});
