// The engine on the journal of AWS, while requests and replies of both are lost and workers die; then everything is taken back in the same weather.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedress, definePolicy, defineRegister, RedressError } from '@redress/core';
import { awsJournal, exportJournal } from '@redress/evidence/aws';
import { verifyLedger } from '@redress/verify';
import { expect, it } from 'vitest';
import { AwsError, Model } from '../../packages/evidence/test/support/model.js';
import { seeded } from '../../packages/evidence/test/support/world.js';
import { repeated } from '../support/size.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const WIDGETS = Array.from({ length: 6 }, (_, n) => `w${n}`);
const exceptions = defineRegister([
  { id: 'EXC-1', scope: { resource: 'exempt' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e10).toISOString() },
]);
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: { 'widget-revoke-open': { dev: 'enforce' } },
  limits: [{ per: ['remediator', 'account'], changes: 1000, window: 'PT1H' }],
});

it.each(repeated([1], [1, 2]))('nothing is done twice, nothing that is exempt, and nothing without a record: seed %i', async (seed) => {
  const random = seeded(seed);
  // Real DynamoDB knows a request that comes again for ten minutes.
  const model = new Model('t', 'b', { random, lag: 3, throttled: 0.01, tokens: seed % 2 === 0 });
  const aws = new Widgets();
  let time = START;
  const clock = {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds / 10;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  /** A worker: what it sends, or is answered, may be lost, and it may die of that. */
  const worker = (bad: boolean) => {
    let dead = false;
    const send = async (command: never): Promise<unknown> => {
      const luck = bad ? random() : 1;
      if (luck < 0.01) dead = true;
      if (dead || luck < 0.06) throw new AwsError('TimeoutError', 'the request was lost', null);
      const reply = await model.send(command);
      if (luck < 0.09) dead = true;
      if (luck < 0.2) throw new AwsError('TimeoutError', 'the reply was lost', null);
      return reply;
    };
    const journal = awsJournal({ table: 't', bucket: 'b', clients: { dynamodb: { send }, s3: { send } }, clock, patience: 100 });
    const connect: typeof aws.connect = async (target) => (dead ? Promise.reject(new Error('the worker is dead')) : aws.connect(target));
    return createRedress({ remediators: [revokeOpenRules], policy, exceptions, journal, connect, clock });
  };
  const effects: string[] = [];
  const handle = aws.handle.bind(aws);
  aws.handle = (operation, input) => {
    const before = JSON.stringify([...aws.widgets]);
    if (random() < 0.1) aws.faults.set(operation, [random() < 0.5 ? 'lost' : 'lost-before']);
    try {
      return handle(operation, input);
    } finally {
      if (JSON.stringify([...aws.widgets]) !== before) effects.push(`${operation} ${String(input['Id'])} ${String(input['Rule'])}`);
    }
  };

  for (const id of [...WIDGETS, 'exempt']) aws.put(id, ['open-1', 'open-2', 'closed']);
  const gaps = [...WIDGETS, 'exempt'].flatMap((id) => ['open-1', 'open-2'].map((rule) => ({ id, rule, event: openedEvent(id, rule, START - 60_000) })));
  // Each comes twice at least, and until it is acknowledged.
  let queue = [...gaps, ...gaps];
  const acknowledged: string[] = [];
  /** What people are asked to look at: the reply was lost, and so were the reads that would have shown whether it was done. */
  const unsure = new Set<string>();
  for (let round = 0; queue.length > 0; round++) {
    const left: typeof queue = [];
    await Promise.all(
      queue.map(async (gap) => {
        const { results } = await worker(round < 8).handle(gap.event);
        if (results.some((each) => each.retryable)) return left.push(gap);
        const passes = results.flatMap((each) => each.passes);
        if (passes.some(({ outcome, message }) => ['partial', 'unknown'].includes(outcome) && /cannot be read|could not be read afterwards/.test(message)))
          unsure.add(`RevokeRule ${gap.id} ${gap.rule}`);
        return acknowledged.push(`round ${round}: ${passes.map((each) => `${each.resource.id}: ${each.message}`).join('; ')}`);
      }),
    );
    queue = left;
    time += 130_000;
    expect(round).toBeLessThan(20);
  }
  await worker(false).recover();
  const wanted = WIDGETS.flatMap((id) => [`RevokeRule ${id} open-1`, `RevokeRule ${id} open-2`]);
  // All that is certain is done, once.
  const undone = wanted.filter((each) => unsure.has(each) && !effects.includes(each));
  expect([...effects, ...undone].sort(), acknowledged.join('\n')).toEqual(wanted);
  expect(aws.rules('exempt')).toEqual(['open-1', 'open-2', 'closed']);

  const fixes: { readonly execution: string; readonly seq: number }[] = [];
  const journal = awsJournal({ table: 't', bucket: 'b', clients: model.clients, clock });
  for await (const { record, seq } of journal.read({ all: true }))
    if (record.kind === 'outcome' && (record.body['journal'] as { outcome: string }).outcome === 'remediated')
      fixes.push({ execution: record.execution ?? '', seq });
  expect(fixes.length).toBeGreaterThan(0);
  effects.length = 0;
  for (const { execution } of fixes.sort((a, b) => b.seq - a.seq))
    for (let attempt = 0; attempt < 8; attempt++) {
      const done = await worker(attempt < 5)
        .rollback(execution, { by: 'ops', reason: 'storm' })
        .then(
          () => true,
          (error: unknown) => error instanceof RedressError && !error.retryable && !error.message.includes('is still open'),
        );
      if (done) break;
      time += 130_000;
      await worker(false).recover();
    }
  expect(effects.length).toBeGreaterThan(0);
  expect(new Set(effects).size).toBe(effects.length);
  expect(effects.every((each) => each.startsWith('AuthorizeRule w'))).toBe(true);

  const directory = mkdtempSync(join(tmpdir(), 'redress-storm-'));
  const copy = await exportJournal({ table: 't', bucket: 'b', clients: model.clients, directory });
  expect([copy.cut, verifyLedger({ directory }).findings]).toEqual([[], []]);
  rmSync(directory, { recursive: true });
});
