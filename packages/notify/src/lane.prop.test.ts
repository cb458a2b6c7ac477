import type { Outcome } from '@redress/core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { repeated } from '../../../tests/support/size.js';
import { sample } from './internal/sample.js';
import type { Message } from './message.js';
import { messageOf } from './message.js';
import { notifier } from './notifier.js';
import { plainText } from './plain-text.js';
import { clean, quoted } from './text.js';

const IDS = ['sg-a', 'sg-b', 'sg-c'];
const OUTCOMES: readonly Outcome[] = ['awaiting-approval', 'remediated', 'failed', 'denied'];
const step = fc.record({
  id: fc.constantFrom(...IDS),
  outcome: fc.constantFrom(...OUTCOMES),
  wait: fc.constantFrom(0, 0, 0, 1000, 120_000, 4_000_000),
  fails: fc.boolean(),
});

describe('limits and duplicates', () => {
  it('never lose the last state, whatever fails, repeats, or exceeds a limit', async () => {
    let held = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.constantFrom('summed-up' as const, { atOnce: 2 }), async (steps, how) => {
        let now = Date.parse('2026-11-24T10:00:00Z');
        let fails = false;
        const seen: string[] = [];
        const notify = notifier({
          channels: [
            {
              name: 'c',
              held: how,
              send: async (messages: readonly Message[]) => {
                if (fails) throw new Error('no');
                seen.push(...messages.map(plainText));
              },
            },
          ],
          limits: { messages: 2, per: 'PT10M' },
          clock: { now: () => now, sleep: async () => undefined },
        });
        const last = new Map<string, string>();
        for (const each of steps) {
          now += each.wait;
          fails = each.fails;
          const notification = sample({ id: each.id, outcome: each.outcome, approval: null, at: now });
          last.set(each.id, messageOf(notification).title);
          await notify(notification).catch(() => undefined);
          held = Math.max(held, notify.held()['c'] ?? 0);
        }
        fails = false;
        await notify.flush({ all: true });
        expect(notify.held()).toEqual({ c: 0 });
        // The newest thing that people saw of each resource is how it ended.
        for (const [id, title] of last) {
          const lines = seen.flatMap((text) => text.split('\n')).filter((line) => line.includes(`SecurityGroup ${id} `) && /: Revoke a newly/.test(line));
          expect(lines.at(-1)).toContain(title);
        }
      }),
      { numRuns: repeated(100, 300) },
    );
    expect(held).toBeGreaterThan(0);
  });

  it('never fold a request: it is sent with its command, and an automatic change in its own message, or it was refused', async () => {
    const ask = fc.record({
      id: fc.constantFrom(...IDS),
      kind: fc.constantFrom('approval' as const, 'grace' as const, 'other' as const),
      wait: fc.constantFrom(0, 0, 1000, 120_000, 4_000_000),
      fails: fc.boolean(),
    });
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { minLength: 1, maxLength: 25 }), async (steps) => {
        let now = Date.parse('2026-11-24T10:00:00Z');
        let fails = false;
        const seen: Message[] = [];
        const send = async (messages: readonly Message[]) => {
          if (fails) throw new Error('no');
          seen.push(...messages);
        };
        const notify = notifier({
          channels: [{ name: 'c', held: 'summed-up', send }],
          limits: { messages: 2, per: 'PT10M' },
          clock: { now: () => now, sleep: async () => undefined },
        });
        const commands = () => seen.flatMap((message) => message.commands.map(({ command }) => command));
        const waits = new Map<string, string>();
        for (const [at, { id, kind, wait, fails: failing }] of steps.entries()) {
          now += wait;
          fails = failing;
          const approval = kind === 'other' ? null : `a-${at}-`;
          const before = seen.length;
          const over = kind === 'grace' ? { grace: { notice: 0, ends: now + 1000 } } : kind === 'other' ? { outcome: 'failed' as const } : {};
          const told = await notify(sample({ id, approval, at: now, ...over })).then(
            () => true,
            () => false,
          );
          // Only the newest state of the plan waits.
          waits.delete(id);
          if (kind === 'approval') waits.set(id, `redress approvals approve ${approval} --reason "…"`);
          if (kind !== 'grace') continue;
          if (!told) refusals++;
          const own = seen.slice(before).filter((message) => message.commands.some(({ command }) => command.includes(`approvals deny ${approval} `)));
          expect([told, own.length]).toEqual([told, told ? 1 : 0]);
          if (told) expect(plainText(own[0] as Message)).toContain(`after ${new Date(now + 1000).toISOString()}`);
        }
        fails = false;
        await notify.flush({ all: true });
        for (const command of waits.values()) expect(commands()).toContain(command);
      }),
      { numRuns: repeated(100, 300) },
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it('send the same message once, until another one was sent', async () => {
    let now = 0;
    const seen: Message[] = [];
    const notify = notifier({
      channels: [{ name: 'c', held: 'summed-up', send: async (messages) => void seen.push(...messages) }],
      clock: { now: () => now, sleep: async () => undefined },
    });
    for (let at = 0; at < 4; at++) await notify(sample());
    expect(seen.length).toBe(1);
    await notify(sample({ outcome: 'failed' }));
    await notify(sample());
    expect(seen.length).toBe(3);
    await notify(sample());
    now += 3_600_000;
    await notify(sample());
    expect(seen.at(-1)?.facts).toContainEqual(['Again', expect.stringMatching(/^1 times since/)]);
  });
});

it('a channel that never responds takes no more than the budget, and does not affect others', async () => {
  const seen: string[] = [];
  let asked = 0;
  const budgets = vi.spyOn(AbortSignal, 'timeout');
  const notify = notifier({
    channels: [
      { name: 'silent', held: 'summed-up', send: () => new Promise(() => void asked++) },
      { name: 'good', held: 'summed-up', send: async (messages) => void seen.push(...messages.map((each) => each.title)) },
    ],
    budget: 'PT1S',
  });
  for (const id of ['sg-1', 'sg-2'])
    expect(await notify(sample({ id }))).toMatchObject({
      status: 'delivered',
      channels: ['good'],
      failed: expect.stringContaining('silent: It took too long.'),
    });
  // After two failures it is left alone.
  await notify(sample({ id: 'sg-3' }));
  expect([seen.length, asked, notify.held()]).toEqual([3, 2, { silent: 3, good: 0 }]);
  expect(budgets).toHaveBeenCalledWith(1000);
  budgets.mockRestore();
});

/** Secrets of many forms, made up. */
const alphanumeric = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'), minLength: length, maxLength: length });
const secret = fc.oneof(
  alphanumeric(37).map((text) => ({ seeded: `aB3${text}`, written: `aB3${text}` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `password=${text}` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `"client_secret": "${text} and more"` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `xoxb-${text}` })),
  alphanumeric(36).map((text) => ({ seeded: text, written: `ghp_${text}` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `https://user:${text}@example.org/` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `https://hooks.slack.com/services/T1/B1/${text}` })),
  alphanumeric(24).map((text) => ({ seeded: text, written: `Authorization: Bearer ${text}` })),
  alphanumeric(60).map((text) => ({ seeded: text, written: `-----BEGIN RSA PRIVATE KEY-----\n${text}\n-----END RSA PRIVATE KEY-----` })),
  alphanumeric(30).map((text) => ({ seeded: text, written: `eyJhbGciOiJIUzI1NiJ9.${text}.${text}` })),
  alphanumeric(30).map((text) => ({ seeded: text, written: `https://x.example/?X-Amz-Signature=${text}&a=1` })),
);
const noise = fc.string({ unit: 'binary', maxLength: 30 });

describe('a message', () => {
  it('has no control character and no secret, wherever in a notification it was', () => {
    fc.assert(
      fc.property(secret, noise, noise, ({ seeded, written }, before, after) => {
        const bad = `${before} ${written} ${after}`;
        const message = messageOf(
          sample({
            message: bad,
            change: bad,
            open: [bad],
            steps: [bad],
            blindSpots: [bad],
            environment: bad,
            tags: { ManagedBy: `terraform ${bad}` },
            reasons: [],
          }),
        );
        const { notification: _, ...told } = message;
        const texts: string[] = [];
        JSON.stringify(told, (_key, value: unknown) => {
          if (typeof value === 'string') texts.push(value);
          return value;
        });
        for (const text of texts) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there.
          expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
          expect(text).not.toContain(seeded);
        }
      }),
      { numRuns: repeated(200, 500) },
    );
  });

  it.each([
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'arn:aws:iam::111111111111:role/Lead',
    'x-0mwu3vwn4-2c73187ae8',
    'revoke sgr-1 of sg-0abc',
  ])('keeps what is not a secret: %s', (text) => {
    expect(clean(text)).toBe(text);
  });

  it('has commands with one word for each value, whatever a resource is called', async () => {
    const { execFileSync } = await import('node:child_process');
    for (const word of ["it's", '$(id)', '`id`', 'a b', '-rf', '"; rm', '\\', 'plain/name'])
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word);
  });
});
