import { beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import type { Digest } from '../model/json.js';
import { Delivery } from './delivery.js';
import type { Runtime } from './runtime.js';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;
const [A, B, C] = ['a', 'b', 'c'].map((each) => `sha256:${each.repeat(64)}` as Digest) as [Digest, Digest, Digest];

interface Entry {
  readonly kind: string;
  readonly remediator: string;
  readonly resource: object;
  readonly body: Record<string, unknown>;
  readonly time: string;
}
let now: number;
let entries: Entry[];
let warned: [string, string][];
let failing: 'read' | 'append' | null;
beforeEach(() => {
  now = NOW;
  entries = [];
  warned = [];
  failing = null;
});

const journal = {
  async *read({ resource }: { resource: { id: string } }) {
    if (failing === 'read') throw new RedressError('journal/corrupt', 'bad');
    for (const record of entries) if ((record.resource as { id: string }).id === resource.id) yield { record };
  },
  async append(entry: Omit<Entry, 'time'>) {
    if (failing === 'append') throw new RedressError('journal/corrupt', 'bad');
    entries.push({ ...entry, time: new Date(now).toISOString() });
  },
} as unknown as Journal;
const runtime = (over: object = {}) =>
  ({
    journal,
    needJournal: () => journal,
    clock: { now: () => now, sleep: async () => undefined },
    warn: (message: string, error: unknown) => void warned.push([message, String(error)]),
    ...over,
  }) as unknown as Runtime;
const findings = (count: number, over: Partial<Finding> = {}) =>
  Array.from(
    { length: count },
    (_, n) =>
      ({
        id: `f-${n}`,
        account: '111111111111',
        region: 'eu-west-1',
        kind: 'finding',
        resources: [{ type: 'T', id: `r-${n}` }],
        ...over,
      }) as unknown as Finding,
  );
const LATER = { deadline: NOW + 300_000 };
const begin = async (given: readonly Finding[], run: object = LATER, over: object = {}) => {
  const delivery = new Delivery(runtime(over), given, run);
  await delivery.resume();
  return delivery;
};
const written = () => entries.map(({ body }) => body['delivery']);

describe('the progress of an input', () => {
  it('is recorded if it was not handled in one delivery, and the next one continues from there', async () => {
    const first = await begin(findings(4));
    expect(first.order()).toEqual([0, 1, 2, 3]);
    first.came(0, false);
    first.came(1, true);
    first.came(2, false);
    await first.end();
    expect(entries).toEqual([
      {
        kind: 'sweep',
        remediator: 'redress-delivery',
        resource: expect.objectContaining({ type: 'AWS::SQS::Message', account: '111111111111', region: 'eu-west-1' }),
        body: {
          sweep: { status: 'stopped', message: expect.any(String) },
          delivery: { next: 3, again: [{ at: 1, done: [], again: [] }] },
        },
        time: '2026-11-24T10:00:00.000Z',
      },
    ]);
    const second = await begin(findings(4));
    // What comes again stands before nothing that nobody has looked at.
    expect(second.order()).toEqual([3, 1]);
    second.came(3, false);
    second.came(1, false);
    await second.end();
    expect(entries[1]?.body).toEqual({ sweep: { status: 'complete', message: expect.any(String) }, delivery: { next: 0, again: [] } });
    // The same findings that come later are another input, of which nothing is recorded where it is handled at once.
    const third = await begin(findings(4));
    expect(third.order()).toEqual([0, 1, 2, 3]);
    for (const at of [0, 1, 2, 3]) third.came(at, false);
    await third.end();
    expect(entries).toHaveLength(2);
  });

  it('has for each resource of a finding whether it has to be delivered again', async () => {
    const first = await begin(findings(2));
    expect(first.resources(0, [A, B, C])).toEqual([A, B, C]);
    await first.handled(0, A, true);
    await first.handled(0, B, false);
    expect(first.resources(0, [A, B, C])).toEqual([C, A]);
    first.came(0, true);
    await first.end();
    expect(written()).toEqual([{ next: 1, again: [{ at: 0, done: [B], again: [A] }] }]);
    const second = await begin(findings(2));
    expect(second.order()).toEqual([1, 0]);
    expect(second.resources(0, [A, B, C])).toEqual([C, A]);
    expect(second.resources(1, [A, B])).toEqual([A, B]);
    await second.handled(0, A, false);
    expect(second.resources(0, [A, B, C])).toEqual([C]);
  });

  it('is not recorded for what was handled in one delivery, except if the last resource has to be retried', async () => {
    const whole = await begin(findings(2));
    for (const at of [0, 1]) {
      await whole.handled(at, A, false);
      whole.came(at, false);
    }
    await whole.end();
    expect(entries).toEqual([]);
    const half = await begin(findings(2));
    half.came(0, true);
    half.came(1, false);
    await half.end();
    expect(written()).toEqual([{ next: 2, again: [{ at: 0, done: [], again: [] }] }]);
  });

  it('within the first finding is complete when that finding is', async () => {
    const first = await begin(findings(1));
    await first.handled(0, A, false);
    await first.end();
    expect(written()).toEqual([{ next: 0, again: [{ at: 0, done: [A], again: [] }] }]);
    const second = await begin(findings(1));
    second.came(0, false);
    await second.end();
    expect(written().at(-1)).toEqual({ next: 0, again: [] });
    expect(entries).toHaveLength(2);
  });

  it('belongs to exactly these findings', async () => {
    const first = await begin(findings(2));
    first.came(0, false);
    await first.end();
    for (const other of [findings(3), findings(2, { kind: 'api-call' }), findings(2, { resources: [] }), findings(2, { account: '222222222222' })])
      expect((await begin(other)).order()).toHaveLength(other.length);
    expect((await begin(findings(2))).order()).toEqual([1]);
  });

  it('is valid for fourteen days', async () => {
    const first = await begin(findings(2));
    first.came(0, false);
    await first.end();
    now = NOW + 14 * DAY - 1;
    expect((await begin(findings(2))).order()).toEqual([1]);
    now = NOW + 14 * DAY;
    expect((await begin(findings(2))).order()).toEqual([0, 1]);
  });

  it('is recorded after a hundred resources, in case nobody completes the rest', async () => {
    const delivery = await begin(findings(300));
    for (let at = 0; at < 99; at++) await delivery.handled(at, A, false);
    expect(entries).toHaveLength(0);
    await delivery.handled(99, A, false);
    expect(entries).toHaveLength(1);
    for (let at = 100; at < 199; at++) await delivery.handled(at, A, false);
    expect(entries).toHaveLength(1);
    await delivery.handled(199, A, false);
    expect(entries).toHaveLength(2);
  });

  it('is recorded along the way, and as complete at the end', async () => {
    const delivery = await begin(findings(101));
    for (let at = 0; at < 101; at++) {
      await delivery.handled(at, A, false);
      delivery.came(at, false);
    }
    await delivery.end();
    expect(written().at(-1)).toEqual({ next: 0, again: [] });
    expect(entries).toHaveLength(2);
  });

  it('is read once', async () => {
    const delivery = await begin(findings(2));
    delivery.came(0, false);
    failing = 'read';
    await delivery.resume();
    expect([delivery.order(), warned]).toEqual([[1], []]);
  });
});

describe('no progress is recorded', () => {
  it.each<[string, object, object]>([
    ['of a dry run', { ...LATER, dryRun: true }, {}],
    ['without a deadline', {}, {}],
    ['without a journal', LATER, { journal: null }],
  ])('%s', async (_name, run, over) => {
    const delivery = await begin(findings(2), run, over);
    delivery.came(0, true);
    await delivery.end();
    expect(entries).toEqual([]);
  });
  it('for findings of an invalid account; otherwise it is recorded for the first account of one', async () => {
    for (const over of [{ account: null }, { region: null }, { account: 'x' }]) {
      const delivery = await begin(findings(2, over));
      delivery.came(0, false);
      await delivery.end();
    }
    expect([entries, warned]).toEqual([[], []]);
    const mixed = await begin([
      ...findings(1, { account: 'x' }),
      ...findings(1, { region: null }),
      ...findings(1, { account: '333333333333', region: 'us-east-1' }),
    ]);
    mixed.came(0, false);
    await mixed.end();
    expect(entries).toMatchObject([{ resource: { account: '333333333333', region: 'us-east-1' } }]);
  });
});

describe('it begins from the start', () => {
  it('if it cannot be read, or cannot be recorded', async () => {
    failing = 'read';
    const delivery = await begin(findings(2));
    expect(delivery.order()).toEqual([0, 1]);
    expect(warned).toEqual([[expect.stringContaining('could not be read'), 'RedressError: bad']]);
    failing = 'append';
    delivery.came(0, false);
    await delivery.end();
    expect(warned[1]).toEqual([expect.stringContaining('could not be recorded'), 'RedressError: bad']);
  });

  it.each<unknown>([
    undefined,
    'x',
    { next: 1 },
    { next: 1, again: {} },
    { next: -1, again: [] },
    { next: 3, again: [] },
    { next: 0.5, again: [] },
    { next: '1', again: [] },
    { next: 1, again: ['x'] },
    { next: 1, again: [{ at: 2, done: [], again: [] }] },
    { next: 1, again: [{ at: -1, done: [], again: [] }] },
    { next: 1, again: [{ at: 0, again: [] }] },
    { next: 1, again: [{ at: 0, done: [] }] },
    { next: 1, again: [{ at: 0, done: [], again: [] }, null] },
  ])('if the last record says %j', async (delivery) => {
    const first = await begin(findings(2));
    first.came(0, false);
    await first.end();
    entries.push({ ...(entries[0] as Entry), body: { delivery } });
    expect((await begin(findings(2))).order()).toEqual([0, 1]);
    expect(warned).toEqual([]);
    // What another has written there is no word of it.
    entries[1] = { ...(entries[1] as Entry), remediator: 'other' };
    expect((await begin(findings(2))).order()).toEqual([1]);
  });

  it('but continues at the last possible position', async () => {
    const first = await begin(findings(2));
    first.came(0, false);
    await first.end();
    entries.push({ ...(entries[0] as Entry), body: { delivery: { next: 2, again: [{ at: 1, done: [A], again: [] }] } } });
    const second = await begin(findings(2));
    expect(second.order()).toEqual([1]);
    expect(second.resources(1, [A, B])).toEqual([B]);
  });
});

describe('another resource begins', () => {
  it('as long as there is time, and the first one always', async () => {
    const delivery = await begin(findings(2), { deadline: NOW + 35_000 });
    expect(delivery.mayBegin()).toBe(true);
    expect(delivery.mayBegin()).toBe(true);
    now += 1;
    expect(delivery.mayBegin()).toBe(false);
    expect((await begin(findings(2), { deadline: NOW })).mayBegin()).toBe(true);
    const endless = await begin(findings(2), {});
    expect([endless.mayBegin(), endless.mayBegin()]).toEqual([true, true]);
  });
});
