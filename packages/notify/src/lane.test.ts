import { describe, expect, it } from 'vitest';
import { sample } from './internal/sample.js';
import type { Message } from './message.js';
import { notifier } from './notifier.js';
import { plainText } from './plain-text.js';

/** A channel that sums up what was too much, and what came through it. */
function told() {
  const seen: Message[] = [];
  const send = async (messages: readonly Message[]) => void seen.push(...messages);
  const notify = notifier({
    channels: [{ name: 'c', held: 'summed-up', send }],
    limits: { messages: 2, per: 'PT10M' },
    clock: { now: () => 0, sleep: async () => undefined },
  });
  return { seen, notify };
}

describe('held messages', () => {
  it('have every approval with its resource and its command, in lists that no channel cuts off', async () => {
    const { seen, notify } = told();
    for (let at = 0; at < 40; at++) await notify(sample({ id: `sg-${at}-`, approval: `a-${at}-` }));
    for (let at = 0; at < 3; at++) await notify(sample({ id: `vol-${at}`, outcome: 'denied', approval: null }));
    await notify.flush({ all: true });
    expect(seen.map(({ title }) => title.replace(/:.*/, ''))).toEqual([
      'Approval needed',
      'Approval needed',
      '10 approvals needed',
      '10 approvals needed',
      '10 approvals needed',
      '8 approvals needed',
      '3 messages were held back',
    ]);
    const commands = seen.flatMap((message) => message.commands.filter(({ command }) => command.startsWith('redress approvals approve')));
    expect(commands).toHaveLength(40);
    for (let at = 2; at < 40; at++)
      expect(commands[at]).toEqual({
        label: `Approve: AWS::EC2::SecurityGroup sg-${at}- (111111111111, eu-west-1): Revoke a newly added internet-wide SSH rule (ec2-revoke-sg-open-ssh)`,
        command: `redress approvals approve a-${at}- --reason "…"`,
      });
  });

  it('are not overtaken: later messages about the same resource are sent later', async () => {
    const { seen, notify } = told();
    for (const id of ['sg-1', 'sg-2']) await notify(sample({ id, outcome: 'failed', approval: null }));
    await notify(sample({ id: 'sg-a', outcome: 'failed', approval: null, change: 'one rule' }));
    await notify(sample({ id: 'sg-a', approval: 'a-1', change: 'another rule' }));
    await notify(sample({ id: 'sg-b', approval: 'a-2' }));
    await notify(sample({ id: 'sg-b', outcome: 'failed', approval: null, change: 'another rule' }));
    await notify.flush({ all: true });
    const about = seen.slice(2).map((message) => [message.title.replace(/:.*/, ''), ['sg-a', 'sg-b'].filter((id) => plainText(message).includes(`${id} `))]);
    expect(about).toEqual([
      ['Failed', ['sg-a']],
      ['2 approvals needed', ['sg-a', 'sg-b']],
      ['Failed', ['sg-b']],
    ]);
  });

  it('do not delay an automatic change: it is sent at once and separately, before its resource is mentioned again', async () => {
    const { seen, notify } = told();
    for (let at = 0; at < 6; at++) await notify(sample({ id: `sg-${at}`, outcome: 'failed', approval: null }));
    expect([seen.length, notify.held()]).toEqual([2, { c: 4 }]);
    const ends = Date.parse('2026-12-01T10:00:00Z');
    for (const notice of [0, 1]) {
      await notify(sample({ id: 'sg-5', approval: 'a-1', grace: { notice, ends } }));
      const text = plainText(seen.at(-1) as Message);
      for (const each of ['sg-5', 'after 2026-12-01T10:00:00.000Z', 'redress approvals deny a-1 --reason']) expect(text).toContain(each);
      expect(seen).toHaveLength(3 + notice);
    }
    // It is the newest of its plan, so the failure before it is not told after it.
    expect(notify.held()).toEqual({ c: 3 });
    await notify.flush({ all: true });
    expect(plainText(seen.at(-1) as Message)).not.toContain('sg-5');
  });
});
