// Journals that the engine writes in busy times, and journals with content that nobody would write.
import { createRedress, definePolicy, defineRegister, digestOf, type Journal, type JsonObject, OUTCOMES, RedressError, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { seeded } from '../../packages/evidence/test/support/world.js';
import { bound } from './journal.ts';
import { type Fault, noteWidget, openedEvent, revokeOpenRules, Widgets } from './widgets.ts';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const FAULTS: readonly Fault[] = ['denied', 'invalid', 'throttled', 'gone', 'server', 'lost', 'lost-before', 'stale'];
const IDS = ['w0', 'w1', 'w2', 'exempt'];
const exceptions = defineRegister([
  { id: 'EXC-1', scope: { resource: 'exempt' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e10).toISOString() },
]);
const MODES = ['enforce', 'enforce', 'approve', 'notify'] as const;

/** Events, sweeps, approvals, rollbacks and faults, in an order from the seed. */
export async function happened(seed: number, steps = 30): Promise<Journal> {
  const random = seeded(seed);
  const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)] as T;
  let time = START;
  const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
  const journal = memoryJournal({ clock });
  const aws = new Widgets();
  for (const id of IDS) aws.put(id, ['open-1', 'closed']);
  let rules = 1;
  let dead = false;
  const begun: string[] = [];
  const worker = bound(journal);
  const unlessDead =
    <A, R>(does: (asked: A) => Promise<R>) =>
    async (asked: A) => {
      if (dead) throw new RedressError('journal/unavailable', 'the worker is dead');
      return does(asked);
    };
  worker.append = unlessDead(worker.append);
  worker.finish = unlessDead(worker.finish);
  /** The policy may differ from the one before. A worker that dies in the middle leaves its execution open. */
  const redress = () =>
    createRedress({
      remediators: [revokeOpenRules, noteWidget],
      policy: definePolicy({
        version: 1,
        environments: { dev: { accounts: [ACCOUNT] } },
        remediators: { 'widget-revoke-open': { dev: one(MODES) }, 'widget-note': { dev: one(MODES) } },
        limits: [{ per: ['remediator', 'account'], changes: one([2, 50]), window: 'PT1H' }],
      }),
      exceptions,
      journal: worker,
      connect: aws.connect,
      clock,
    });
  const acts: readonly (() => Promise<unknown>)[] = [
    async () => {
      const id = one(IDS);
      const rule = one([`open-${++rules}`, `open-wide-${rules}`]);
      aws.widgets.get(id)?.rules.push(rule);
      time += 90_000;
      return redress().handle(openedEvent(id, rule, time - 90_000));
    },
    () => redress().sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] }),
    async () => {
      const [waiting] = await redress().approvals();
      if (waiting === undefined) return;
      const answer = { by: { name: 'ada', verified: false }, reason: one(['because', ' \n', 'ok']) };
      await (random() < 0.5 ? redress().approve(waiting.id, answer) : redress().deny(waiting.id, answer));
    },
    async () => {
      for await (const { record } of journal.read({ all: true })) if (record.kind === 'outcome') begun.push(record.execution ?? '');
      if (begun.length > 0) await redress().rollback(one(begun), { by: 'ada', reason: 'it was wrong', acceptLoss: random() < 0.5 });
    },
    async () => void aws.faults.set(one(['RevokeRule', 'DescribeWidget', 'PutNote', 'AuthorizeRule']), [one(FAULTS)]),
    async () => void (time += one([60_000, 3_600_000, 86_400_000])),
    async () => {
      dead = random() < 0.3;
    },
    async () => {
      dead = false;
      time += 3_600_000;
      await redress().recover();
    },
  ];
  for (let step = 0; step < steps; step++) {
    try {
      await one(acts)();
    } catch (error) {
      // Refusals are part of a history.
      if (!(error instanceof RedressError)) throw error;
    }
  }
  return journal;
}

/** The worst case of names and messages in accounts. */
export const HOSTILE: readonly string[] = [
  'a',
  '2.1.1',
  ' leading and trailing ',
  '"quoted" \\ and </script>',
  'Grüße 漢字 🎉',
  'e\u0301\u200f\u202e',
  '9',
  '-',
  '_',
  'x'.repeat(2000),
  'a:b/c#d?e=f',
  '\u00a0',
];
/** The same, for values with several lines. */
const LINES: readonly string[] = [...HOSTILE, '', '\n', 'two\nlines\r\n', '\t', '\u0000\u001b[2J'];

/** A journal with such texts, with or without states. */
export async function hostile(seed: number): Promise<Journal> {
  const random = seeded(seed);
  const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)] as T;
  let time = START;
  const journal = memoryJournal({ clock: { now: () => (time += Math.floor(random() * 100_000)) } });
  for (let n = 0; n < 8; n++) {
    const ids = HOSTILE.filter((each) => each.trim() !== '');
    const ref = resource({
      type: one(['AWS::S3::Bucket', 'AWS::::Account']),
      id: one(ids),
      account: one(['111111111111', '222222222222']),
      region: one(['us-east-1', 'aws-global', 'cn-north-1']),
    });
    const of = { resource: ref, remediator: one(HOSTILE) };
    const trigger = { by: 'finding', controls: [one(LINES), one(LINES)] };
    const said: JsonObject = { message: one(LINES), open: [one(LINES)], trigger };
    const state = () => one<JsonObject>([{}, { state: { nested: [1, null, one(LINES)] } }, { state: one(LINES) }]);
    if (random() < 0.5) {
      const gap = random() < 0.7 ? { gap: { key: `g-${n}`, state: 's', subjects: [one(LINES)], deadline: random() < 0.5 ? time : null } } : {};
      await journal.append({ kind: 'decision', ...of, body: { ...said, outcome: one(OUTCOMES), ...gap } });
      continue;
    }
    const begun = await journal.begin({
      ...of,
      planDigest: digestOf(n),
      generation: (await journal.view(ref)).generation,
      budgets: [],
      lease: 60_000,
      body: said,
      documents: state(),
    });
    if (begun.status !== 'begun') continue;
    const { lease } = begun;
    for (let calls = Math.floor(random() * 3); calls > 0; calls--) {
      const call = { service: one(LINES), operation: one(LINES), status: one(LINES), requestId: one([null, ...LINES]), caller: one([null, ...LINES]) };
      await journal.append({ kind: 'call', lease, ...of, body: { call } });
    }
    if (random() < 0.9)
      await journal.finish({
        ...of,
        lease,
        outcome: one(OUTCOMES.filter((each) => each !== 'planned')),
        sent: 1,
        body: { ...said, verified: one(['verified', one(LINES)]) },
        documents: state(),
      });
  }
  return journal;
}
