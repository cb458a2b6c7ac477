// A record says what happened: over runs of every kind none claims an effect on people or on AWS that the run did not have.
import { createRedress, definePolicy, defineRegister, type Notification, type Notify, type Remediator, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { repeated } from '../support/size.js';
import { type Fault, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const START = Date.parse('2026-11-24T10:00:00Z');

type People = 'no channel' | 'takes it' | 'says nothing' | 'holds it' | 'holds it, and never delivers' | 'fails' | 'routes to nobody';
const PEOPLE: readonly People[] = ['no channel', 'takes it', 'says nothing', 'holds it', 'holds it, and never delivers', 'fails', 'routes to nobody'];

interface Case {
  readonly people: People;
  readonly mode: string;
  readonly rules: readonly string[];
  readonly manual: boolean;
  readonly exempt: boolean;
  readonly stopped: boolean;
  readonly dry: boolean;
  readonly limit: number;
  readonly runs: readonly ('fresh event' | 'old event' | 'replay' | 'sweep' | 'request')[];
  readonly reads: readonly Fault[];
  readonly writes: readonly Fault[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  people: fc.constantFrom(...PEOPLE),
  mode: fc.constantFrom('off', 'notify', 'plan', 'approve', 'enforce', 'enforce'),
  rules: fc.constantFrom([], ['good'], ['open-1'], ['open-1', 'open-2'], ['open-wide-1'], ['open-1', 'open-wide-1']),
  manual: fc.boolean().map((each) => each),
  exempt: fc.constantFrom(false, false, true),
  stopped: fc.constantFrom(false, false, true),
  dry: fc.constantFrom(false, false, true),
  limit: fc.constantFrom(1, 5),
  runs: fc.array(fc.constantFrom('fresh event' as const, 'old event' as const, 'replay' as const, 'sweep' as const, 'request' as const), {
    minLength: 1,
    maxLength: 4,
  }),
  reads: fc.array(fc.constantFrom<Fault>('denied', 'throttled', 'server'), { maxLength: 2 }),
  writes: fc.array(fc.constantFrom<Fault>('denied', 'throttled', 'server', 'lost', 'lost-before'), { maxLength: 2 }),
});

/** What people got, and what became of AWS. */
interface Happened {
  readonly records: readonly StoredRecord[];
  /** What was given to the notifier, and what reached somebody. */
  readonly sent: readonly Notification[];
  readonly got: readonly Notification[];
  /** Rules that a call took away. */
  readonly revoked: readonly string[];
  readonly outcomes: readonly string[];
}

async function happened(each: Case): Promise<Happened> {
  const aws = new Widgets();
  let time = START;
  const clock = {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds;
    },
  };
  aws.put('w', [...each.rules]);
  const sent: Notification[] = [];
  const got: Notification[] = [];
  const held: Notification[] = [];
  const notify: Notify = Object.assign(
    async (notification: Notification) => {
      sent.push(notification);
      if (each.people === 'fails') throw new Error('no');
      if (each.people === 'routes to nobody') return { status: 'nobody', channels: [] } as const;
      if (each.people.startsWith('holds it')) {
        held.push(notification);
        return { status: 'held', channels: ['c'] } as const;
      }
      got.push(notification);
      return each.people === 'says nothing' ? undefined : ({ status: 'delivered', channels: ['c'] } as const);
    },
    {
      flush: async () => {
        if (each.people === 'holds it, and never delivers') throw new Error('no');
        got.push(...held.splice(0));
      },
    },
  );
  const person: Remediator = {
    ...revokeOpenRules,
    plan: ({ state }) => ((state as { open: string[] }).open.length === 0 ? { status: 'compliant' } : { status: 'manual', message: 'A person looks.' }),
  };
  const remediators = [each.manual ? person : revokeOpenRules].map((one) => ({ ...one, freshWithin: each.limit === 1 ? one.freshWithin : null }));
  const journal = memoryJournal({ clock });
  const redress = createRedress({
    remediators,
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-revoke-open': { dev: each.mode } },
      limits: [{ per: ['remediator', 'account'], changes: each.limit, window: 'PT1H' }],
    } as never),
    exceptions: defineRegister(
      each.exempt ? [{ id: 'E', scope: { resource: 'w' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() }] : [],
    ),
    killSwitch: { read: async () => (each.stopped ? 'changes' : 'none') },
    journal,
    connect: aws.connect,
    clock,
    ...(each.people === 'no channel' ? {} : { notify }),
  });
  aws.faults.set('DescribeWidget', [...each.reads]);
  aws.faults.set('RevokeRule', [...each.writes]);
  const outcomes: string[] = [];
  for (const [at, run] of each.runs.entries()) {
    time += 60_000;
    const options = each.dry ? { dryRun: true } : {};
    if (run === 'sweep') await redress.sweep({ targets: [HERE], ...options, onPass: ({ outcome }) => outcomes.push(outcome) });
    else if (run === 'request') outcomes.push(...(await redress.run(widget('w'), options)).map(({ outcome }) => outcome));
    else {
      const event = openedEvent('w', 'open-1', run === 'old event' ? time - 7_200_000 : time - 1000, {
        eventId: `e-${at}`,
        ...(run === 'replay' ? { replay: 'r' } : {}),
      });
      outcomes.push(...(await redress.handle(event, options)).results.flatMap(({ passes }) => passes.map(({ outcome }) => outcome)));
    }
  }
  const left = aws.rules('w');
  return { records: await recordsOf(journal), sent, got, revoked: each.rules.filter((rule) => !left.includes(rule)), outcomes };
}

const outcomeOf = ({ record }: StoredRecord) => (record.body['journal'] as { outcome?: string } | undefined)?.outcome ?? record.body['outcome'];

it('no record and no message claims an effect that the run did not have', { timeout: 300_000 }, async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(cases, async (each) => {
      const { records, sent, got, revoked, outcomes } = await happened(each);
      for (const outcome of outcomes) met.add(`outcome ${outcome}`);
      met.add(each.people);

      // Dry: nothing happened, and nothing says that it did.
      if (each.dry) expect([records, sent, revoked]).toEqual([[], [], []]);

      // AWS. What is said to be changed was changed; what was not sent is nowhere said to be.
      const claims = records.filter((one) => ['remediated', 'flagged'].includes(String(outcomeOf(one))) && one.record.kind === 'outcome');
      const applied = records.filter(({ record }) => (record.body['call'] as { status?: string } | undefined)?.status === 'applied');
      expect(applied.length).toBeLessThanOrEqual(revoked.length);
      if (revoked.length === 0) expect([claims, sent.filter(({ outcome }) => ['remediated', 'flagged', 'partial'].includes(outcome))]).toEqual([[], []]);
      for (const { record } of claims) expect(revoked.some((rule) => String(record.body['message']).includes(rule))).toBe(true);

      // People. Only a notice says that anybody was notified, and each such notice is one that somebody got.
      const notices = records.flatMap(({ record }) =>
        record.kind === 'notice' ? [{ record, notice: record.body['notice'] as { status: string; outcome: string; of: number } }] : [],
      );
      const delivered = notices.filter(({ notice }) => notice.status === 'delivered');
      for (const outcome of new Set(delivered.map(({ notice }) => notice.outcome)))
        expect(delivered.filter(({ notice }) => notice.outcome === outcome).length).toBeLessThanOrEqual(got.filter((one) => one.outcome === outcome).length);
      if (got.length === 0) expect(delivered).toEqual([]);
      for (const { record, notice } of notices) {
        met.add(`notice ${notice.status}`);
        // It is of a record that is there, in the same stream, before it.
        const about = records.find((one) => one.stream === record.stream && one.seq === notice.of);
        expect(about?.record.seq).toBeLessThan(record.seq);
      }
      for (const { record } of records)
        if (record.kind !== 'notice')
          expect(JSON.stringify({ ...record.body, outcome: null, trigger: null, sweep: null })).not.toMatch(/\b(told|tells|notified|informed)\b(?!-)/);

      // What reached nobody is not lost: it is known to stand, or to be unsaid.
      if (each.people === 'fails' && !each.dry) {
        const known = notices.map(({ notice }) => notice.status);
        expect(known.every((status) => status === 'not-delivered')).toBe(true);
        expect(known.length > 0).toBe(sent.length > 0);
      }
    }),
    { numRuns: repeated(320, 600), seed: 12_13 },
  );
  // It has looked at what it is about.
  for (const one of [
    'outcome remediated',
    'outcome notified',
    'outcome denied',
    'outcome exempt',
    'outcome awaiting-approval',
    'outcome planned',
    'outcome failed',
  ])
    expect(met).toContain(one);
  for (const one of ['delivered', 'held', 'not-delivered', 'nobody']) expect(met).toContain(`notice ${one}`);
  for (const one of PEOPLE) expect(met).toContain(one);
});
