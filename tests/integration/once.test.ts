// One problem, reported again and again: one effective change, one execution, and every other report names it.
import type { StoredRecord } from '@redress/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Boto, startBoto } from '../support/boto.ts';
import { enforced, outcomes, type Runtime, startRuntime } from '../support/runtime.ts';
import { situations } from '../support/situations.ts';

let aws: Boto;
let runtime: Runtime;
beforeAll(async () => {
  aws = startBoto(inject('moto'));
  runtime = await startRuntime(inject('moto'));
});
afterAll(async () => {
  await runtime.close();
  await aws.close();
});

const executions = (records: readonly StoredRecord[]) => [
  ...new Set(records.filter(({ record }) => record.kind === 'intent').map(({ record }) => record.execution)),
];
const naming = (records: readonly StoredRecord[], execution: string | null | undefined) =>
  records.filter(({ record }) => record.kind === 'duplicate' && record.execution === execution).length;

describe.each(situations.map((situation) => [situation.remediator.id, situation] as const))('%s', (_id, situation) => {
  it('the same event ten times in a row; then it is undone, and reported again', async () => {
    const gap = await situation.gap(aws, 'ap-northeast-2');
    const before = await gap.read();
    const event = gap.event();
    const handler = runtime.handler(enforced(situation));
    let writes = 0;
    for (let round = 0; round < 10; round++) {
      const ran = await runtime.deliver(handler, [event]);
      expect(ran.failures).toEqual([]);
      writes += ran.writes.length;
    }
    expect(writes).toBe(1);
    expect(await gap.read()).toEqual(situation.fixed(before));
    const records = await runtime.records(gap.ref);
    const [execution, ...others] = executions(records);
    expect(others).toEqual([]);
    expect(naming(records, execution)).toBe(9);

    await gap.again();
    const again = await runtime.deliver(handler, [gap.event()]);
    expect([again.failures, again.writes.length]).toEqual([[], 1]);
    expect(await gap.read()).toMatchObject(Object.fromEntries(Object.entries(situation.fixed(before)).filter(([member]) => member !== 'others')));
    const after = await runtime.records(gap.ref);
    expect(executions(after)).toHaveLength(2);
    expect(outcomes(after)[0]).toBe(outcomes(after).at(-1));
  });

  it('ten at once, in ten sandboxes that share only the journal; a queue brings back what was busy', async () => {
    const first = await situation.gap(aws, 'ap-northeast-3');
    const alone = (await runtime.deliver(runtime.handler(enforced(situation)), [first.event()])).wire;
    const gap = await situation.gap(aws, 'ap-southeast-3');
    const before = await gap.read();
    const event = gap.event();
    const handlers = Array.from({ length: 10 }, () => runtime.handler(enforced(situation)));
    const from = runtime.wire.length;
    let pending = handlers;
    for (let round = 0; pending.length > 0 && round < 20; round++) {
      const ran = await Promise.all(pending.map(async (handler) => ({ handler, ...(await runtime.deliver(handler, [event])) })));
      pending = ran.filter(({ failures }) => failures.length > 0).map(({ handler }) => handler);
    }
    expect(pending).toEqual([]);
    expect(await gap.read()).toEqual(situation.fixed(before));
    const records = await runtime.records(gap.ref);
    const [execution, ...others] = executions(records);
    expect(others).toEqual([]);
    expect(records.filter(({ record }) => record.kind === 'call')).toHaveLength(1);
    expect(naming(records, execution)).toBe(9);
    // It was a race: others looked at the resource before the write, and found the gap too.
    const wire = runtime.wire.slice(from);
    expect(wire.findIndex((call) => call.write)).toBeGreaterThan(alone.findIndex((call) => call.write));
  });
});

it('leaves evidence that holds', () => {
  expect(runtime.verify()).toMatchObject({ status: 'intact', problems: [], executions: situations.length * 4 });
});
