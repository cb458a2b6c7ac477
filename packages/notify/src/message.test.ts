import { describe, expect, it } from 'vitest';
import { sample } from './internal/sample.js';
import { differences, messageOf } from './message.js';
import { notifier } from './notifier.js';
import { fitted, plainText } from './plain-text.js';
import { ownerOf } from './routes.js';
import { bytesOf } from './text.js';

describe('a message', () => {
  it('has the commands for what can be done', () => {
    const commands = (over: Parameters<typeof sample>[0]) =>
      messageOf(sample(over), { command: 'npx redress', approvalsUrl: 'https://x.lambda-url.example/' }).commands;
    expect(commands({}).map((each) => each.label)).toEqual(['Look', 'Approve', 'Deny', 'Exempt', 'Explain']);
    expect(commands({})[1]?.command).toBe('npx redress approvals approve a-0123456789abcdef --reason "…" --url https://x.lambda-url.example/');
    expect(commands({ outcome: 'remediated', approval: null, execution: 'x-1' }).map((each) => each.label)).toEqual(['Roll it back', 'Exempt', 'Explain']);
    expect(commands({ outcome: 'exempt', approval: null }).map((each) => each.label)).toEqual(['Explain']);
    // Nothing was sent, so there is nothing to take back.
    expect(commands({ outcome: 'failed', approval: null, execution: 'x-1' }).map((each) => each.label)).toEqual(['Exempt', 'Explain']);
  });

  it('of an automatic change has its time, and how to stop it; a reminder is not a duplicate', () => {
    const ends = Date.parse('2026-12-01T10:00:00Z');
    const first = messageOf(sample({ grace: { notice: 0, ends } }));
    const reminder = messageOf(sample({ grace: { notice: 1, ends } }));
    expect(first.title).toMatch(/^Will be changed: /);
    expect(reminder.title).toMatch(/^Reminder: will be changed: /);
    expect(first.facts).toContainEqual(['Changed automatically', 'after 2026-12-01T10:00:00.000Z, unless somebody denies it before']);
    expect(first.commands.map((each) => each.label)).toEqual(['Look', 'Do it now', 'Deny', 'Exempt', 'Explain']);
    expect(new Set([first.key, reminder.key, messageOf(sample()).key]).size).toBe(3);
    // Told again because a channel was down it is the same; announced anew it is not.
    expect(messageOf(sample({ grace: { notice: 1, ends: ends + 1 } })).key).toBe(reminder.key);
    expect(messageOf(sample({ grace: { notice: 1, ends }, approval: 'a-fedcba9876543210' })).key).not.toBe(reminder.key);
    expect(messageOf(sample()).facts.map(([label]) => label)).not.toContain('Changed automatically');
  });

  it('has only the strictest reasons', () => {
    const deny = { guardrail: 'kill-switch', effect: 'deny', code: 'stopped', message: 'Everything is stopped.' } as const;
    const message = messageOf(sample({ outcome: 'denied', reasons: [...sample().reasons, deny] }));
    expect(message.sections.find((each) => each.label === 'Why')?.lines).toEqual(['Everything is stopped. (kill-switch: stopped)']);
  });

  it('has notes for people that restrict nothing', () => {
    const note = (hints?: string[]) => messageOf(sample(hints === undefined ? {} : { hints })).sections.find((each) => each.label === 'Note');
    expect(note(['sgr-1 has the tag redress:exceptions, which is not the exception tag.'])?.lines).toEqual([
      'sgr-1 has the tag redress:exceptions, which is not the exception tag.',
    ]);
    expect([note([]), note()]).toEqual([undefined, undefined]);
  });

  it('names the code to change, by what manages the resource', () => {
    const code = (tags: Record<string, string>) => messageOf(sample({ reasons: [], tags })).sections.find((each) => each.code === true);
    expect(code({ ManagedBy: 'terraform' })).toMatchObject({ label: 'Terraform', lines: expect.arrayContaining(['  cidr_blocks = ["0.0.0.0/0"]']) });
    expect(code({ 'aws:cloudformation:stack-name': 'web' })).toMatchObject({
      label: 'CloudFormation',
      lines: expect.arrayContaining(['  CidrIp: "0.0.0.0/0"']),
    });
    expect(code({ 'pulumi:stack': 'prod' })).toMatchObject({ label: 'In Pulumi' });
    expect(code({})).toBeUndefined();
  });

  it('links to the console only if its URL is configured', () => {
    const links = (consoleUrl: string | undefined, over: Parameters<typeof sample>[0] = {}) =>
      messageOf(sample(over), consoleUrl === undefined ? {} : { consoleUrl }).links.map(({ url }) => url);
    expect(links(undefined)).toEqual([]);
    const stream = /^[0-9a-f]{64}$/;
    for (const base of ['http://127.0.0.1:4600', 'http://127.0.0.1:4600/']) {
      const [approval, resource, ...others] = links(base);
      expect([approval, others]).toEqual(['http://127.0.0.1:4600/approvals/a-0123456789abcdef', []]);
      expect(resource?.replace('http://127.0.0.1:4600/resources/', '')).toMatch(stream);
    }
    expect(links('https://tools.example/redress', { approval: null, execution: 'x-1' })[0]).toBe('https://tools.example/redress/fixes/x-1');
  });

  it.each(['javascript:alert(1)', 'http://evil.example', 'http://127.0.0.1', 'http://127.0.0.1:4600/?x=', 'https://x|y', 'https://x y', ''])(
    'refuses the console %j',
    (consoleUrl) => {
      const channel = { name: 'a', send: async () => undefined } as unknown as Parameters<typeof notifier>[0]['channels'][number];
      expect(() => notifier({ channels: [channel], consoleUrl })).toThrow('is not where a console is');
    },
  );

  it('links only to HTTPS', () => {
    const links = ['https://wiki.example/x', 'javascript:alert(1)', 'http://wiki.example', 'https://x|y>'].map((url) => ({ label: 'x', url }));
    expect(messageOf(sample(), { links: () => links }).links.map((each) => each.url)).toEqual(['https://wiki.example/x']);
  });

  it('shows differences by the ids of members', () => {
    const rule = (id: string, port: number) => ({ id, port });
    expect(differences({ open: [rule('a', 22), rule('b', 23)], owner: 'x' }, { open: [rule('b', 23)], owner: 'x' })).toEqual([
      'open[a].id: "a" → absent',
      'open[a].port: 22 → absent',
    ]);
    expect(differences({ on: false }, { on: true })).toEqual(['on: false → true']);
  });

  it.each([200_000, 28_000, 4000, 900])('of at most %i bytes keeps the commands for an answer', (most) => {
    const message = messageOf(sample({ message: 'ä'.repeat(100_000), open: Array.from({ length: 500 }, () => 'y'.repeat(900)) }));
    const text = plainText(fitted(message, (each) => bytesOf(plainText(each)) <= most));
    expect(bytesOf(text)).toBeLessThanOrEqual(most);
    expect(text).toContain('redress approvals approve a-0123456789abcdef --reason "…"');
  });
});

it('an owner is the first of the tags that name one, in any case', () => {
  expect(ownerOf({ Team: 'web', OWNER: ' payments ' })).toBe('payments');
  expect(ownerOf({ Owner: ' ', team: 'web' })).toBe('web');
  expect([ownerOf({}), ownerOf(null)]).toEqual([null, null]);
  expect(ownerOf({ CostOwner: 'x' }, ['costowner'])).toBe('x');
});
