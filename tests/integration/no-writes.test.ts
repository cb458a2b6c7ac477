// What holds a fix back, for every remediator that writes: not one writing call on the wire, and nothing changed, as boto3 sees it.
import type { JsonObject } from '@redress/core';
import type { EventBridgeEvent } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { emulated } from '../support/emulated.ts';
import { type Composition, enforced, outcomes } from '../support/runtime.ts';
import { ACCOUNT, type Gap, OTHER, type Situation, situations } from '../support/situations.ts';

const account = emulated();

// Settings of a region are one resource: each case has a region of its own.
const REGIONS = [
  'eu-west-1',
  'eu-west-2',
  'eu-central-1',
  'ap-south-1',
  'ap-northeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'sa-east-1',
  'us-west-1',
  'us-west-2',
  'us-east-2',
  'eu-south-1',
  'af-south-1',
  'ap-southeast-4',
  'eu-west-3',
  'ap-northeast-2',
];

interface Restraint {
  readonly name: string;
  /** The outcome that the record has; null: it is no event of AWS, and needs no decision. */
  readonly outcome: string | null;
  /** What is composed, and what is reported. A text says why there is nothing to try. */
  set(situation: Situation, gap: Gap, region: string): Promise<{ composition: Composition; event: unknown } | string>;
}

const entry = (scope: JsonObject) =>
  [{ id: 'EXC-1', scope, reason: 'vendor window', owner: 'payments', approver: 'security', expires: new Date(Date.now() + 86_400_000).toISOString() }] as never;
const later = (event: EventBridgeEvent, over: object) => ({ ...event, ...over });

const restraints: readonly Restraint[] = [
  {
    name: 'exempt by the register',
    outcome: 'exempt',
    set: async (situation, gap) => ({
      composition: { ...enforced(situation), exceptions: entry({ account: ACCOUNT, resource: gap.ref.id, remediators: [situation.remediator.id] }) },
      event: gap.event(),
    }),
  },
  {
    name: 'exempt by the register, by a tag',
    outcome: 'exempt',
    async set(situation, gap) {
      if (gap.tag === null) return 'an account setting cannot have tags';
      await gap.tag('window', 'vendor');
      return { composition: { ...enforced(situation), exceptions: entry({ tag: 'window=vendor' }) }, event: gap.event() };
    },
  },
  {
    name: 'tagged as an exception that nobody registered yet',
    outcome: 'notified',
    async set(situation, gap) {
      if (gap.tag === null) return 'an account setting cannot have tags';
      await gap.tag('redress:exception', 'EXC-1');
      return { composition: enforced(situation), event: gap.event() };
    },
  },
  { name: 'notify-only', outcome: 'notified', set: async (situation, gap) => ({ composition: enforced(situation, { mode: 'notify' }), event: gap.event() }) },
  {
    name: 'in no policy',
    outcome: 'notified',
    set: async (situation, gap) => ({ composition: enforced(situation, { policy: { remediators: {} } }), event: gap.event() }),
  },
  {
    name: 'to be approved',
    outcome: 'awaiting-approval',
    set: async (situation, gap) => ({ composition: enforced(situation, { mode: 'approve' }), event: gap.event() }),
  },
  {
    name: 'hazardous',
    outcome: 'awaiting-approval',
    async set(situation, gap, region) {
      if (typeof situation.hazard === 'string') return situation.hazard;
      await situation.hazard.prepare?.(account.aws, region, gap);
      const { parameters } = situation.hazard;
      return { composition: enforced(situation, parameters === undefined ? {} : { parameters }), event: gap.event() };
    },
  },
  {
    name: 'stale',
    outcome: 'awaiting-approval',
    set: async (situation, gap) => situation.stale ?? { composition: enforced(situation), event: gap.event({ time: new Date(Date.now() - 31 * 60_000) }) },
  },
  {
    name: 'stopped',
    outcome: 'denied',
    set: async (situation, gap) => ({ composition: enforced(situation, { policy: { stop: 'changes' } }), event: gap.event() }),
  },
  {
    name: 'in a freeze',
    outcome: 'notified',
    set: async (situation, gap) => {
      const freeze = [{ from: new Date(Date.now() - 1000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString(), reason: 'year end' }];
      return { composition: enforced(situation, { policy: { freeze } }), event: gap.event() };
    },
  },
  {
    name: 'outside of maintenance windows',
    outcome: 'notified',
    set: async (situation, gap) => {
      // An hour that is not now, and not soon.
      const hour = (offset: number) => `${String((new Date().getUTCHours() + offset) % 24).padStart(2, '0')}:00`;
      return { composition: enforced(situation, { policy: { windows: [{ from: hour(10), to: hour(11), timezone: 'UTC' }] } }), event: gap.event() };
    },
  },
  {
    name: 'tagged as managed by code',
    outcome: 'awaiting-approval',
    async set(situation, gap) {
      if (gap.tag === null) return 'an account setting cannot have tags';
      await gap.tag('ManagedBy', 'terraform');
      return { composition: enforced(situation), event: gap.event() };
    },
  },
  {
    name: 'over the limit',
    outcome: 'denied',
    set: async (situation, gap) => ({ composition: enforced(situation, { policy: { limits: [{ per: ['run'], changes: 0 }] } }), event: gap.event() }),
  },
  {
    name: 'forged: sent by another account',
    outcome: 'denied',
    set: async (situation, gap) => ({ composition: enforced(situation), event: later(gap.event(), { account: '666666666666' }) }),
  },
  {
    name: 'forged: of no AWS source',
    outcome: null,
    set: async (situation, gap) => ({ composition: enforced(situation), event: later(gap.event(), { source: 'my.app' }) }),
  },
  {
    name: 'replayed',
    outcome: 'denied',
    set: async (situation, gap) => ({ composition: enforced(situation), event: later(gap.event(), { 'replay-name': 'drill' }) }),
  },
];

describe.each(situations.map((situation) => [situation.remediator.id, situation] as const))('%s', (_id, situation) => {
  it.each(restraints.map((restraint, index) => [restraint.name, restraint, REGIONS[index] ?? ''] as const))(
    '%s: nothing is written',
    async (_name, restraint, region) => {
      const gap = await situation.gap(account.aws, region);
      const set = await restraint.set(situation, gap, region);
      if (typeof set === 'string') {
        // Said, not left out: the reason is part of the test.
        expect(set).not.toBe('');
        return;
      }
      const before = await gap.read();
      const ran = await account.runtime.deliver(account.runtime.handler(set.composition), [set.event]);
      expect(ran.writes).toEqual([]);
      expect(ran.failures).toEqual([]);
      expect(await gap.read()).toEqual(before);
      expect(outcomes(await account.runtime.records(gap.ref))).toEqual(restraint.outcome === null ? [] : [restraint.outcome]);
      if (restraint.outcome === null) expect(ran.wire).toEqual([]);

      // And it was this that held it back: without it, the same gap is closed.
      if (restraint.name.startsWith('tagged') || restraint.name === 'hazardous') return;
      const free = await account.runtime.deliver(account.runtime.handler(enforced(situation)), [gap.event()]);
      expect(free.writes).toHaveLength(1);
      expect(await gap.read()).toEqual(situation.fixed(before));
    },
  );

  it('in another account: not even a read', async () => {
    const gap = await situation.gap(account.aws, 'ap-southeast-1');
    const before = await gap.read();
    const ran = await account.runtime.deliver(account.runtime.handler(enforced(situation)), [gap.event({ account: OTHER })]);
    expect([ran.failures, ran.wire]).toEqual([[], []]);
    expect(await gap.read()).toEqual(before);
    expect(await account.runtime.records(gap.ref)).toEqual([]);
    // It is recorded where it claims to be; the id of a user is not resolved without a read.
    const claimed = { ...gap.ref, account: OTHER, id: gap.ref.type === 'AWS::::Account' ? OTHER : gap.ref.id };
    if (gap.ref.type !== 'AWS::IAM::User') expect(outcomes(await account.runtime.records(claimed))).toEqual(['denied']);
  });
});

it('leaves evidence that verifies', () => {
  expect(account.runtime.verify()).toMatchObject({ status: 'intact', findings: [] });
});
