import { type Approval, digestOf, type EvidenceRecord, type Journal, type JsonObject, type OpenExecution, type Outcome, resource } from '@redress/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { approvalsOf, byItsCause, type Deeds, deedsOf, NO_DEEDS, witnessed } from './deeds.js';
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
/** Somebody did something, according to an event that is recorded now. */
const event = (actor: string | null, trigger: JsonObject = {}, { remediator = 'fix', ...body }: JsonObject & { remediator?: string } = {}) =>
  record({ outcome: 'notified', trigger: { by: 'finding', actor, call: 'ec2:X', observedAt: new Date(time).toISOString(), ...trigger }, ...body }, remediator);
/** A sweep requests an approval. Returns who may have caused it. */
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
  it('is whoever names the part, even if the event was only notified, and under another remediator', async () => {
    await event(ALICE, { parts: ['one'] }, { remediator: 'narrow-fix' });
    await event(BOB, { parts: ['two'] });
    later(DAY);
    expect(await causes(['one'])).toEqual([ALICE]);
    expect(await causes(['two'])).toEqual([BOB]);
    expect(await causes(['one', 'two'])).toEqual([ALICE, BOB]);
  });
  it('is everybody who made a change since, if nobody names the part', async () => {
    await event(ALICE, { parts: ['two'] });
    await event(BOB, { parts: ['three'] });
    expect(await causes(['one'])).toEqual([ALICE, BOB]);
  });
  it('is, for what is changed as a whole, whoever made a call of that remediator', async () => {
    await event(ALICE, {}, { remediator: 'other-fix' });
    await event(BOB);
    expect(await causes([digestOf('call')])).toEqual([BOB]);
    expect(await causes([digestOf('call')], 'third-fix')).toEqual([ALICE, BOB]);
  });
  it('is nobody if nothing is known', async () => {
    expect(await causes()).toEqual([]);
    await record({ outcome: 'notified', trigger: { by: 'finding', actor: null, call: null } });
    expect(await causes()).toEqual([]);
  });
  it('does not include what was done before the gap was closed', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one']);
    later(MINUTE);
    await event(BOB, { parts: ['one'] });
    expect(await causes()).toEqual([BOB]);
  });
  it('is unknown if the gap is back and nobody is known to have acted since: then it may have been anyone', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one']);
    later(DAY);
    expect(await causes()).toEqual([ALICE, null]);
  });
  it('is unknown if an event names nobody', async () => {
    await event(ALICE, { parts: ['two'] });
    await event(null, { parts: ['one'] });
    expect(await causes()).toEqual([ALICE, null]);
  });
  it('includes what was done while the gap was being closed: a late read may not have shown it', async () => {
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
  it.each(['not-verified', 'unconfirmed'])('includes whoever acted during an execution that is %s', async (verified) => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one'], { verified });
    expect(await causes()).toEqual([ALICE]);
  });
  it.each(['partial', 'failed', 'unknown'] as const)('includes whoever acted during an execution that is %s, with a verified state', async (outcome) => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    await executed(['one'], { outcome });
    expect(await causes()).toEqual([ALICE]);
  });
  it('includes them again when the fix was rolled back', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    const fixed = await executed(['one', 'two']);
    later(MINUTE);
    await executed(['one'], { rollbackOf: fixed });
    await event(BOB, { parts: ['two'] });
    expect(await causes(['one'])).toEqual([ALICE]);
    expect(await causes(['two'])).toEqual([BOB]);
  });
  it('includes them again when a rollback does not name its fix', async () => {
    await event(ALICE, { parts: ['one'] });
    later(MINUTE);
    const fixed = await executed(['one']);
    await executed([], { rollbackOf: fixed });
    expect(await causes()).toEqual([ALICE]);
  });
  it('does not include what was done five minutes before the remediator found nothing', async () => {
    await event(ALICE, { parts: ['one'] });
    later(5 * MINUTE - 1);
    await record({ outcome: 'no-op', compliant: true });
    later(DAY);
    // Reads may lag: that look may not have seen it yet.
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
    // Nothing was done later than it became known.
    await event(CAROL, { parts: ['one'], observedAt: new Date(time + DAY).toISOString() });
    later(6 * MINUTE);
    await record({ outcome: 'no-op', compliant: true });
    expect(await causes()).toEqual([ALICE, BOB, CAROL, null]);
  });
  it('includes whoever set the source identity', async () => {
    await event('arn:aws:sts::111111111111:assumed-role/Deploy/x', { sourceIdentity: 'alice', parts: ['one'] });
    expect(await causes()).toEqual(['arn:aws:sts::111111111111:assumed-role/Deploy/x', 'alice']);
  });
  it.each([
    ['an event that is not authentic', 'authenticity'],
    ['a call that failed', 'failed-call'],
    ['a call by Redress itself', 'self-event'],
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
  it('covers the whole resource in records of the last version, which name no part', async () => {
    await record({ outcome: 'notified', trigger: { by: 'finding', id: 'e', actor: ALICE, call: 'ec2:X', observedAt: new Date(time).toISOString() } });
    await event(BOB, { parts: ['one'] });
    expect(await causes()).toEqual([ALICE, BOB]);
    await record({ trigger: { by: 'finding', id: 'e', actor: CAROL, call: 'ec2:X' } }, 'fix', 'duplicate');
    expect(await causes()).toEqual([ALICE, BOB, CAROL]);
  });
  it('is unknown if more was done than is kept: the first actor may have caused this', async () => {
    await event(ALICE, { parts: ['one'] });
    for (let n = 0; n < 100; n++) {
      later(1000);
      await event(BOB, { parts: [`other-${n}`] });
    }
    expect(await causes()).toEqual([BOB, null]);
    expect(JSON.stringify(await journal.view(ref)).length).toBeLessThan(2000);
    // What was closed since counts again.
    await executed(['one']);
    await event(CAROL, { parts: ['one'] });
    expect(await causes()).toEqual([CAROL]);
  });
  it('grows with what was done to a resource, and keeps what was done last', async () => {
    for (let n = 0; n < 60; n++) {
      await event(ALICE, { parts: [`part-${n}`] });
      later(1000);
      await executed([`part-${n}`]);
    }
    // The time when it was seen absent is forgotten for the first of them, so whoever did it counts.
    expect(await causes(['part-0'])).toEqual([ALICE]);
    await event(BOB, { parts: ['part-59'] });
    expect(await causes(['part-59'])).toEqual([BOB]);
  });
});

describe('the known deeds', () => {
  const START = Date.parse('2026-11-24T10:00:00Z');
  const said = (body: JsonObject, kind: EvidenceRecord['kind'] = 'decision', remediator = 'fix'): EvidenceRecord => ({
    v: 1,
    stream: `sha256:${'0'.repeat(64)}`,
    seq: 1,
    prev: null,
    time: new Date(START).toISOString(),
    kind,
    execution: null,
    resource: ref,
    remediator,
    body,
    blobs: {},
  });
  const closing = (more: Partial<OpenExecution> = {}) =>
    ({ remediator: 'fix', subjects: ['one'], begunAt: START - 7000, rollbackOf: null, ...more }) as unknown as OpenExecution;
  const outcome = (name: Outcome, verified = 'verified') => said({ verified, journal: { outcome: name } }, 'outcome');
  const done = (part: string, at: number, who: string | null = ALICE) => ({ who, part, remediator: null, at });
  const known: Deeds = { done: [done('one', 1)], absent: { one: 5, two: 6 }, compliant: { fix: 7, other: 8 }, forgotten: null };
  const approval = (more: Partial<Approval> = {}) => ({ subjects: ['one'], remediator: 'fix', causedBy: [], by: null, ...more }) as unknown as Approval;
  const causesIn = (deeds: Deeds, more: Partial<Approval> = {}) => approvalsOf({ approvals: [approval(more)], deeds })[0]?.causedBy;

  it('are those of the state; a state without them means that everything before it is unknown', () => {
    expect(deedsOf({ deeds: known, lastTime: START })).toBe(known);
    expect(deedsOf({ lastTime: START })).toEqual({ done: [], absent: {}, compliant: {}, forgotten: START });
  });

  it('are unchanged by a record that closes nothing, verified or not', () => {
    for (const record of [outcome('failed'), outcome('remediated', 'unconfirmed'), said({ verified: 'verified', journal: 'x' }, 'outcome'), said({})])
      expect(witnessed(known, record, closing())).toEqual(known);
    expect(witnessed(known, outcome('remediated'), null)).toEqual(known);
    // An execution ends with an outcome, and with nothing else.
    expect(witnessed(known, said({ verified: 'verified', journal: { outcome: 'remediated' } }, 'call'), closing())).toEqual(known);
  });

  it('say that a part is absent since the beginning of the execution that remediated or flagged it', () => {
    for (const name of ['remediated', 'flagged'] as const)
      expect(witnessed(known, outcome(name), closing({ subjects: ['one', 'three'] }))).toEqual({
        ...known,
        absent: { one: START - 7000, two: 6, three: START - 7000 },
      });
  });

  it('say that everything is compliant since five minutes before a check that found nothing', () => {
    expect(witnessed(known, said({ compliant: true }), null)).toEqual({ ...known, compliant: { fix: START - 300_000, other: 8 } });
    expect(witnessed(known, said({ compliant: 'yes' }), null)).toEqual(known);
  });

  it('forget, after a rollback, its parts and its remediator; all parts if it names none', () => {
    const back = (subjects: readonly string[]) => witnessed(known, outcome('rolled-back'), closing({ subjects, rollbackOf: 'x-1' }));
    expect(back(['one'])).toEqual({ ...known, absent: { two: 6 }, compliant: { other: 8 } });
    expect(back([])).toEqual({ ...known, absent: {}, compliant: { other: 8 } });
  });

  it('keep the fifty parts that were absent last', () => {
    const absent = Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`p-${n}`, n]));
    const fifty = witnessed({ ...known, absent }, outcome('remediated'), closing()).absent;
    expect(fifty).toEqual({ ...absent, one: START - 7000 });
    const { 'p-0': _, ...rest } = fifty;
    expect(witnessed({ ...known, absent: fifty }, outcome('remediated'), closing({ subjects: ['two'] })).absent).toEqual({ ...rest, two: START - 7000 });
  });

  it('have each deed once, with its last time, in the order of time; the newest hundred', () => {
    const event = (at: number, parts: string[]) =>
      said({ trigger: { by: 'finding', actor: ALICE, call: 'ec2:X', observedAt: new Date(at).toISOString(), parts } });
    const first = witnessed(NO_DEEDS, event(START - 1000, ['one']), null);
    expect(first.done).toEqual([done('one', START - 1000)]);
    const second = witnessed(first, event(START - 2000, ['two']), null);
    expect(second.done).toEqual([done('two', START - 2000), done('one', START - 1000)]);
    // An event that arrives late does not make it older.
    expect(witnessed(second, event(START - 3000, ['one']), null).done).toEqual(second.done);
    expect(witnessed(second, event(START - 500, ['two']), null).done).toEqual([done('one', START - 1000), done('two', START - 500)]);
    const full = { ...NO_DEEDS, done: Array.from({ length: 100 }, (_, n) => done(`p-${n}`, n)) };
    const next = witnessed(full, event(START, ['one', 'two']), null);
    expect(next).toEqual({ ...NO_DEEDS, done: [...full.done.slice(2), done('one', START), done('two', START)], forgotten: 1 });
    expect(witnessed({ ...full, forgotten: 50 }, event(START, ['one']), null).forgotten).toBe(50);
    expect(witnessed({ ...full, forgotten: 50 }, said({}), null).forgotten).toBe(50);
  });

  it('are a cause if done after the part was absent and after everything was compliant, to the millisecond', () => {
    const at = (absent: Deeds['absent'], compliant: Deeds['compliant']) =>
      causesIn({ done: [done('one', 10), done('two', 20, BOB)], absent, compliant, forgotten: null });
    expect(at({}, {})).toEqual([ALICE]);
    expect(at({ one: 9 }, { fix: 9 })).toEqual([ALICE]);
    for (const [absent, compliant] of [
      [{ one: 10 }, {}],
      [{}, { fix: 10 }],
    ] as const)
      expect(at(absent, compliant)).toEqual([BOB]);
    // It says nothing about another part, or another remediator.
    expect(at({ two: 15 }, { other: 15 })).toEqual([ALICE]);
    expect(at({ one: 20 }, {})).toEqual([ALICE, BOB, null]);
  });

  it('make all known actors, those of the request and an unknown one the cause if it is not known', () => {
    const deeds: Deeds = { ...NO_DEEDS, done: [done('one', 10), done('two', 20, BOB)] };
    const unknown = [ALICE, BOB, CAROL, null];
    expect(causesIn(deeds, { causedBy: [CAROL] })).toEqual([ALICE]);
    expect(causesIn({ ...deeds, absent: { one: 20 } }, { causedBy: [CAROL] })).toEqual(unknown);
    expect(causesIn({ ...deeds, forgotten: 5 }, { causedBy: [CAROL] })).toEqual(unknown);
    // What is forgotten was done before the part was absent.
    expect(causesIn({ ...deeds, forgotten: 5, absent: { one: 5 } }, { causedBy: [CAROL] })).toEqual([ALICE]);
    expect(causesIn({ ...deeds, done: [...deeds.done, done('one', 30, null)] }, { causedBy: [CAROL] })).toEqual([ALICE, BOB, null, CAROL]);
    // If nothing was ever seen, no cause is invented.
    expect(causesIn(NO_DEEDS, { causedBy: [CAROL] })).toEqual([CAROL]);
    expect(causesIn(NO_DEEDS)).toEqual([]);
    expect(causesIn({ ...NO_DEEDS, forgotten: 5 })).toEqual([null]);
  });

  it('make everyone who acted since the cause if a request names no part: none of it can be ruled out', () => {
    const deeds: Deeds = { ...NO_DEEDS, done: [done('one', 10), done('two', 20, BOB)], compliant: { fix: 15 } };
    expect(causesIn(deeds, { subjects: [] })).toEqual([BOB]);
    const { subjects: _, causedBy: __, ...old } = approval();
    expect(approvalsOf({ approvals: [old as Approval], deeds })[0]?.causedBy).toEqual([BOB]);
  });

  it('refuse the approval of everyone who may be the cause, and of nobody else', () => {
    const by = (name: string) => ({ by: { name, verified: true } });
    const deeds: Deeds = { ...NO_DEEDS, done: [done('one', 10), done('one', 11, BOB)] };
    expect([ALICE, BOB, CAROL].map((name) => byItsCause(deeds, approval(by(name))))).toEqual([true, true, false]);
    expect(byItsCause(deeds, approval())).toBe(false);
    // An unknown cause is no reason to refuse everybody's approval.
    expect(byItsCause({ ...NO_DEEDS, forgotten: 5 }, approval(by(ALICE)))).toBe(false);
    expect(byItsCause(NO_DEEDS, approval(by(ALICE)))).toBe(false);
  });
});
