import { digestOf, type Journal, type JsonObject, type Outcome, resource } from '@redress/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryJournal } from './memory.js';

const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-1', account: '111111111111', region: 'eu-west-1' });
const MINUTE = 60_000;
const DAY = 86_400_000;
const plan = digestOf({ plan: 1 });
const ALICE = 'arn:aws:iam::111111111111:user/alice';
const BOB = 'arn:aws:iam::111111111111:user/bob';
const CAROL = 'arn:aws:iam::111111111111:user/carol';

let time: number;
let journal: Journal;
const later = (milliseconds: number) => void (time += milliseconds);
const record = (body: JsonObject, remediator = 'fix', kind: 'decision' | 'duplicate' = 'decision') => journal.append({ kind, resource: ref, remediator, body });
/** Somebody did something, as an event says that is recorded now. */
const event = (actor: string | null, trigger: JsonObject = {}, { remediator = 'fix', ...body }: JsonObject & { remediator?: string } = {}) =>
  record({ outcome: 'notified', trigger: { by: 'finding', actor, call: 'ec2:X', observedAt: new Date(time).toISOString(), ...trigger }, ...body }, remediator);
/** A sweep asks for a person; who may have caused it. */
const causes = async (subjects: string[] = ['one'], remediator = 'fix') => {
  const id = `a-${digestOf([subjects, remediator, time])}`;
  await record(
    { outcome: 'awaiting-approval', trigger: { by: 'sweep' }, subjects, approval: { id, planDigest: plan, discharges: [], expires: time + DAY } },
    remediator,
  );
  return (await journal.view(ref)).approvals.find((each) => each.id === id)?.causedBy;
};
const executed = async (
  subjects: string[],
  {
    verified = 'verified',
    rollbackOf,
    outcome = rollbackOf === undefined ? 'remediated' : 'rolled-back',
  }: { verified?: string; rollbackOf?: string; outcome?: Outcome } = {},
) => {
  const { generation } = await journal.view(ref);
  const asked = { resource: ref, remediator: 'fix', planDigest: plan, generation, budgets: [], lease: 60_000 };
  const begun = await journal.begin({ ...asked, body: { subjects, ...(rollbackOf === undefined ? {} : { rollbackOf }) } });
  if (begun.status !== 'begun') throw new Error(begun.status);
  later(2000);
  await journal.finish({
    resource: ref,
    remediator: 'fix',
    lease: begun.lease,
    outcome,
    sent: 1,
    body: { verified },
  });
  return begun.lease.execution;
};

beforeEach(() => {
  time = Date.parse('2026-11-24T10:00:00Z');
  journal = memoryJournal({ clock: { now: () => time } });
});

describe('the cause of a gap', () => {
  it('is who names the part, also where the event was only notified, and under another remediator', async () => {
    await event(ALICE, { parts: ['one'] }, { remediator: 'narrow-fix' });
    await event(BOB, { parts: ['two'] });
    later(DAY);
    expect(await causes(['one'])).toEqual([ALICE]);
    expect(await causes(['two'])).toEqual([BOB]);
    expect(await causes(['one', 'two'])).toEqual([ALICE, BOB]);
  });
  it('is everybody who did something since, where nobody names it', async () => {
    await event(ALICE, { parts: ['two'] });
    await event(BOB, { parts: ['three'] });
    expect(await causes(['one'])).toEqual([ALICE, BOB]);
  });
  it('is, of what is changed as a whole, who did what that remediator is asked about', async () => {
    await event(ALICE, {}, { remediator: 'other-fix' });
    await event(BOB);
    expect(await causes([digestOf('call')])).toEqual([BOB]);
    expect(await causes([digestOf('call')], 'third-fix')).toEqual([ALICE, BOB]);
  });
  it('is nobody where nothing is known', async () => {
    expect(await causes()).toEqual([]);
    await record({ outcome: 'notified', trigger: { by: 'finding', actor: null, call: null } });
    expect(await causes()).toEqual([]);
  });
  it('is not who did something before it was closed', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one']);
    later(MINUTE);
    await event(BOB, { parts: ['one'] });
    expect(await causes()).toEqual([BOB]);
  });
  it('is unknown when it is back and nobody did anything since: then it may have been anyone', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one']);
    later(DAY);
    expect(await causes()).toEqual([ALICE, null]);
  });
  it('is unknown where an event names nobody', async () => {
    await event(ALICE, { parts: ['two'] });
    await event(null, { parts: ['one'] });
    expect(await causes()).toEqual([ALICE, null]);
  });
  it('is who did something while it was being closed: a late read may not have shown it', async () => {
    const { generation } = await journal.view(ref);
    const begun = await journal.begin({
      resource: ref,
      remediator: 'fix',
      planDigest: plan,
      generation,
      budgets: [],
      lease: 60_000,
      body: { subjects: ['one'] },
    });
    if (begun.status !== 'begun') throw new Error(begun.status);
    later(1000);
    await event(ALICE, { parts: ['one'] });
    later(1000);
    await journal.finish({ resource: ref, remediator: 'fix', lease: begun.lease, outcome: 'remediated', sent: 1, body: { verified: 'verified' } });
    expect(await causes()).toEqual([ALICE]);
  });
  it.each(['not-verified', 'unconfirmed'])('is who did it where an execution is %s', async (verified) => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one'], { verified });
    expect(await causes()).toEqual([ALICE]);
  });
  it.each(['partial', 'failed', 'unknown'] as const)('is who did it where an execution is %s, and what is there is verified', async (outcome) => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one'], { outcome });
    expect(await causes()).toEqual([ALICE]);
  });
  it('is again who did it when the fix was rolled back', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    const fixed = await executed(['one', 'two']);
    later(MINUTE);
    await executed(['one'], { rollbackOf: fixed });
    await event(BOB, { parts: ['two'] });
    expect(await causes(['one'])).toEqual([ALICE]);
    expect(await causes(['two'])).toEqual([BOB]);
  });
  it('is again who did it when a rollback does not say of what', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    const fixed = await executed(['one']);
    await executed([], { rollbackOf: fixed });
    expect(await causes()).toEqual([ALICE]);
  });
  it('is not who did something five minutes before the remediator saw nothing', async () => {
    await event(ALICE, { parts: ['one'] });
    later(5 * MINUTE - 1);
    await record({ outcome: 'no-op', compliant: true });
    later(DAY);
    // Reads may be late: that look may not have seen it yet.
    expect(await causes()).toEqual([ALICE]);
    await record({ outcome: 'no-op', compliant: true }, 'other-fix');
    expect(await causes()).toEqual([ALICE]);
    await record({ outcome: 'no-op', compliant: true });
    later(MINUTE);
    await event(BOB, { parts: ['one'] });
    expect(await causes()).toEqual([BOB]);
  });
  it('goes by when it was done, not by when it was recorded', async () => {
    await record({ outcome: 'no-op', compliant: true });
    await event(ALICE, { parts: ['one'], observedAt: new Date(time - 5 * MINUTE).toISOString() });
    await event(BOB, { parts: ['one'], observedAt: new Date(time - 5 * MINUTE + 1).toISOString() });
    expect(await causes()).toEqual([BOB]);
    // Nothing was done later than it was known.
    await event(CAROL, { parts: ['one'], observedAt: new Date(time + DAY).toISOString() });
    later(6 * MINUTE);
    await record({ outcome: 'no-op', compliant: true });
    expect(await causes()).toEqual([ALICE, BOB, CAROL, null]);
  });
  it('is who set the source identity, too', async () => {
    await event('arn:aws:sts::111111111111:assumed-role/Deploy/x', { sourceIdentity: 'alice', parts: ['one'] });
    expect(await causes()).toEqual(['arn:aws:sts::111111111111:assumed-role/Deploy/x', 'alice']);
  });
  it.each([
    ['an event that was not believed', 'authenticity'],
    ['a call that failed', 'failed-call'],
    ['what Redress did itself', 'self-event'],
  ])('is not in %s', async (_name, guardrail) => {
    await event(ALICE, { parts: ['one'] }, { guardrails: [{ guardrail, effect: 'deny', code: 'c', message: 'm' }] });
    expect(await causes()).toEqual([]);
    await event(
      BOB,
      { parts: ['one'] },
      {
        guardrails: [
          { guardrail, effect: 'approve', code: 'c', message: 'm' },
          { guardrail: 'mode', effect: 'deny' },
        ],
      },
    );
    expect(await causes()).toEqual([BOB]);
  });
  it('is in records of the last version, which name no part, as of the whole resource', async () => {
    await record({ outcome: 'notified', trigger: { by: 'finding', id: 'e', actor: ALICE, call: 'ec2:X', observedAt: new Date(time).toISOString() } });
    await event(BOB, { parts: ['one'] });
    expect(await causes()).toEqual([ALICE, BOB]);
    await record({ trigger: { by: 'finding', id: 'e', actor: CAROL, call: 'ec2:X' } }, 'fix', 'duplicate');
    expect(await causes()).toEqual([ALICE, BOB, CAROL]);
  });
  it('is unknown when more was done than is kept: who did the first of it may have done this', async () => {
    await event(ALICE, { parts: ['one'] });
    for (let n = 0; n < 100; n++) {
      later(1000);
      await event(BOB, { parts: [`other-${n}`] });
    }
    expect(await causes()).toEqual([BOB, null]);
    expect(JSON.stringify(await journal.view(ref)).length).toBeLessThan(2000);
    // What was closed since is known again.
    await executed(['one']);
    await event(CAROL, { parts: ['one'] });
    expect(await causes()).toEqual([CAROL]);
  });
  it('grows with what was done of a resource, and is kept for what was done last', async () => {
    for (let n = 0; n < 60; n++) {
      await event(ALICE, { parts: [`part-${n}`] });
      later(1000);
      await executed([`part-${n}`]);
    }
    // When it was seen absent is forgotten for the first of them: then who did it counts.
    expect(await causes(['part-0'])).toEqual([ALICE]);
    await event(BOB, { parts: ['part-59'] });
    expect(await causes(['part-59'])).toEqual([BOB]);
  });
});
