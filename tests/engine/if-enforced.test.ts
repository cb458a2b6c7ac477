// What a dry run says enforcing would do: everything else as it is, and nothing acts on it.
import { createRedress, definePolicy, defineRegister, type Journal, type PolicyInput, type RedressOptions } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const [DEV, PROD, OTHER] = ['111111111111', '222222222222', '333333333333'] as const;
const NOW = Date.parse('2026-11-24T10:00:00Z');
const clock = { now: () => NOW, sleep: async () => undefined };

let aws: Widgets;
let journal: Journal;

beforeEach(() => {
  aws = new Widgets();
  journal = memoryJournal({ clock });
});

const policy = (mode: 'enforce' | 'approve' | 'plan' | 'notify' | 'off', more: Partial<PolicyInput> = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: { environment: 'dev', fixes: 1, bake: 'P1D' } } },
    remediators: { 'widget-revoke-open': { dev: mode, prod: mode } },
    ...more,
  });

async function planned(account: string, options: Partial<RedressOptions>, rule = 'open-1') {
  aws.identity = { account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` };
  aws.put('w', [rule], { Name: ' bastion ' });
  const redress = createRedress({ remediators: [revokeOpenRules], policy: policy('notify'), journal, connect: aws.connect, clock, ...options });
  const { results } = await redress.handle(openedEvent('w', rule, NOW - 60_000, { account }), { dryRun: true });
  redress.close();
  const [pass] = results.flatMap((each) => each.passes);
  if (pass === undefined) throw new Error('there is no pass');
  const restricting = (pass.ifEnforced?.results ?? []).filter(({ effect }) => effect !== 'allow').map(({ code }) => code);
  return { pass, now: pass.decision?.effect, enforced: pass.ifEnforced?.effect, restricting };
}

describe('what enforcing would do', () => {
  it.each(['enforce', 'approve', 'plan', 'notify', 'off'] as const)('does not depend on the current mode: %s', async (mode) => {
    const { enforced, restricting } = await planned(DEV, { policy: policy(mode) });
    expect([enforced, restricting]).toEqual(['allow', []]);
  });

  it('depends on all other guardrails: hazards, exceptions, freezes, and what a lower environment has not proven', async () => {
    expect(await planned(DEV, {}, 'open-wide')).toMatchObject({ now: 'notify', enforced: 'approve' });
    const frozen = policy('notify', { freeze: [{ from: '2026-11-20T00:00:00Z', to: '2026-12-01T00:00:00Z', reason: 'peak' }] });
    expect(await planned(DEV, { policy: frozen })).toMatchObject({ enforced: 'notify', restricting: ['frozen'] });
    const exceptions = defineRegister([{ id: 'E-1', scope: { resource: 'w' }, reason: 'r', owner: 'a', approver: 'b', expires: '2026-12-31T00:00:00Z' }]);
    expect(await planned(DEV, { exceptions })).toMatchObject({ enforced: 'exempt' });
    expect(await planned(PROD, {})).toMatchObject({ enforced: 'approve', restricting: ['promotion-unproven'] });
  });

  it('is known for an account without an environment, too, which does not make it the highest, or give it approvers', async () => {
    expect(await planned(OTHER, { policy: definePolicy({ version: 1 }) })).toMatchObject({ now: 'notify', enforced: 'allow' });
  });

  it('changes nothing, and records nothing', async () => {
    await planned(DEV, {});
    expect(aws.writes).toEqual([]);
    expect(await recordsOf(journal)).toEqual([]);
  });

  it('is not evaluated if something may be changed, or if the resource cannot be read', async () => {
    aws.put('w', ['open-1']);
    const redress = createRedress({ remediators: [revokeOpenRules], policy: policy('notify'), journal, connect: aws.connect, clock });
    const [result] = (await redress.handle(openedEvent('w', 'open-1', NOW - 60_000))).results;
    expect(result?.passes[0]).toMatchObject({ outcome: 'notified', ifEnforced: null });
    aws.faults.set('DescribeWidget', ['denied']);
    expect((await planned(DEV, {})).pass).toMatchObject({ outcome: 'denied', ifEnforced: null });
  });
});

it('a pass names the resource by its Name tag, else as its service does', async () => {
  expect((await planned(DEV, {})).pass.name).toBe('bastion');
  const named = {
    ...revokeOpenRules,
    observe: async (args: Parameters<typeof revokeOpenRules.observe>[0]) => {
      const seen = await revokeOpenRules.observe(args);
      return seen === 'gone' ? seen : { ...seen, tags: {}, name: 'its group name' };
    },
  };
  expect((await planned(DEV, { remediators: [named] })).pass.name).toBe('its group name');
  expect((await planned(DEV, { remediators: [{ ...named, observe: async () => 'gone' as const }] })).pass.name).toBeNull();
});
