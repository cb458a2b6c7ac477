import { createRedress, definePolicy, GLOBAL_REGION, type Journal, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { fakeClock, simulatedAccount } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';

const DAY = 86_400_000;

/** A journal whose worker dies at a step: once it is written, or before it is. */
function dying(journal: Journal, step: 'begin' | 'finish'): Journal {
  return new Proxy(journal, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== step) return (...args: unknown[]) => Reflect.apply(member, target, args);
      return async (...args: unknown[]) => {
        if (step === 'begin') await Reflect.apply(member, target, args);
        throw new Error('The worker is gone.');
      };
    },
  });
}

async function world() {
  const clock = fakeClock();
  const account = simulatedAccount({ clock });
  account.act('iam', 'CreateUser', { UserName: 'deploy' });
  account.act('iam', 'CreateAccessKey', { UserName: 'deploy' });
  await clock.sleep(120 * DAY);
  const journal = memoryJournal({ clock });
  const engine = (own: Journal = journal, maxAgeDays = 90) =>
    createRedress({
      remediators: [flagStaleAccessKey],
      policy: definePolicy({
        version: 1,
        environments: { dev: { accounts: [account.account] } },
        remediators: { [flagStaleAccessKey.id]: { dev: 'enforce', parameters: { maxAgeDays } } },
      }),
      journal: own,
      connect: account.connect,
      clock,
    });
  const user = resource({ type: 'AWS::IAM::User', id: 'deploy', account: account.account, region: GLOBAL_REGION });
  const lose = async (step: 'begin' | 'finish') => {
    await engine(dying(journal, step))
      .run(user)
      .catch(() => null);
    await clock.sleep(3_600_000);
  };
  return { account, engine, lose, tags: () => account.state.users['deploy']?.tags };
}

describe('after a flag whose worker was lost', () => {
  it('recovery reports what is still open', async () => {
    const { engine, lose, tags } = await world();
    await lose('finish');
    const [pass] = await engine().recover();
    expect(pass).toMatchObject({ outcome: 'flagged', open: [expect.stringContaining('deploy')] });
    expect(tags()).toHaveProperty('redress:stale-access-key');
  });

  it('recovery finds nothing done if nothing was sent, even if the policy no longer requires it', async () => {
    const { engine, lose, tags } = await world();
    await lose('begin');
    const [pass] = await engine(undefined, 365).recover();
    expect(pass).toMatchObject({ outcome: 'failed', message: expect.stringContaining('as it was before') });
    expect(tags()).toEqual({});
  });
});
