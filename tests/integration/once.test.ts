// One problem, reported again and again: one effective change, one execution, and every other report names it.
import type { StoredRecord } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { emulated } from '../support/emulated.ts';
import { enforced, outcomes } from '../support/runtime.ts';
import { situations } from '../support/situations.ts';

const account = emulated();

const executions = (records: readonly StoredRecord[]) => [
  ...new Set(records.filter(({ record }) => record.kind === 'intent').map(({ record }) => record.execution)),
];
const naming = (records: readonly StoredRecord[], execution: string | null | undefined) =>
  records.filter(({ record }) => record.kind === 'duplicate' && record.execution === execution).length;

describe.each(situations.map((situation) => [situation.remediator.id, situation] as const))('%s', (_id, situation) => {
  it('the same event ten times in a row; then the fix is undone, and the gap reported again', async () => {
    const gap = await situation.gap(account.aws, 'ap-northeast-2');
    const before = await gap.read();
    const event = gap.event();
    const handler = account.runtime.handler(enforced(situation));
    let writes = 0;
    for (let round = 0; round < 10; round++) {
      const ran = await account.runtime.deliver(handler, [event]);
      expect(ran.failures).toEqual([]);
      writes += ran.writes.length;
    }
    expect(writes).toBe(1);
    expect(await gap.read()).toEqual(situation.fixed(before));
    const records = await account.runtime.records(gap.ref);
    const [execution, ...others] = executions(records);
    expect(others).toEqual([]);
    expect(naming(records, execution)).toBe(9);

    await gap.again();
    const again = await account.runtime.deliver(handler, [gap.event()]);
    expect([again.failures, again.writes.length]).toEqual([[], 1]);
    expect(await gap.read()).toMatchObject(Object.fromEntries(Object.entries(situation.fixed(before)).filter(([member]) => member !== 'others')));
    const after = await account.runtime.records(gap.ref);
    expect(executions(after)).toHaveLength(2);
    expect(outcomes(after)[0]).toBe(outcomes(after).at(-1));
  });

  it('ten events at once, in ten sandboxes that share only the journal; a queue delivers again what was busy', async () => {
    const first = await situation.gap(account.aws, 'ap-northeast-3');
    const alone = (await account.runtime.deliver(account.runtime.handler(enforced(situation)), [first.event()])).wire;
    const gap = await situation.gap(account.aws, 'ap-southeast-3');
    const before = await gap.read();
    const event = gap.event();
    const handlers = Array.from({ length: 10 }, () => account.runtime.handler(enforced(situation)));
    const from = account.runtime.wire.length;
    let pending = handlers;
    for (let round = 0; pending.length > 0 && round < 20; round++) {
      const ran = await Promise.all(pending.map(async (handler) => ({ handler, ...(await account.runtime.deliver(handler, [event])) })));
      pending = ran.filter(({ failures }) => failures.length > 0).map(({ handler }) => handler);
    }
    expect(pending).toEqual([]);
    expect(await gap.read()).toEqual(situation.fixed(before));
    const records = await account.runtime.records(gap.ref);
    const [execution, ...others] = executions(records);
    expect(others).toEqual([]);
    expect(records.filter(({ record }) => record.kind === 'call')).toHaveLength(1);
    expect(naming(records, execution)).toBe(9);
    // It was a race: others looked at the resource before the write, and found the gap too.
    const wire = account.runtime.wire.slice(from);
    expect(wire.findIndex((call) => call.write)).toBeGreaterThan(alone.findIndex((call) => call.write));
  });
});

it('leaves evidence that verifies', () => {
  expect(account.runtime.verify()).toMatchObject({ status: 'intact', findings: [], executions: situations.length * 4 });
});
