// Sweeps of many places: what waits and what does not, what is left and when it comes back, what a place may ask of AWS, and workers that die.
import { createRedress, definePolicy, type Journal, RedressError, type RedressOptions, type Remediator, type SweepOptions, unfinished } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const START = Date.parse('2026-11-24T10:00:00Z');

let aws: Widgets;
let time: number;
let journal: Journal;
let slept: number[];

/** Who sleeps at the same time wakes at the same time. */
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    slept.push(milliseconds);
    const until = time + milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
    time = Math.max(time, until);
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null, settle: 60_000 };
const policy = (mode = 'enforce') =>
  definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: mode } } } as never);
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({ remediators: [anyAge], policy: policy(), journal, connect: aws.connect, clock, ...over });
const sweep = async (options: Partial<SweepOptions> = {}, over: Partial<RedressOptions> = {}) => engine(over).sweep({ targets: [HERE], ...options });
const waits = () => slept.filter((each) => each >= 10_000);

beforeEach(() => {
  aws = new Widgets();
  time = START;
  slept = [];
  journal = memoryJournal({ clock });
});

describe('the time to settle', () => {
  it('is waited for once for all places, and only if something would be changed', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
    const targets = ['us-east-1', 'eu-west-1', 'eu-west-2'].map((region) => ({ account: ACCOUNT, region }));
    const elsewhere: Remediator = {
      ...anyAge,
      discover: async function* ({ region }) {
        yield { type: 'AWS::Test::Widget', id: { 'us-east-1': 'w1', 'eu-west-1': 'w2', 'eu-west-2': 'w3' }[region] ?? '' };
      },
    };
    const summaries = await sweep({ targets }, { remediators: [elsewhere] });
    expect(summaries.map(({ outcomes, complete }) => [outcomes, complete])).toEqual(targets.map(() => [{ remediated: 1 }, true]));
    expect(waits()).toEqual([60_000]);
  });

  it.each(['notify', 'plan', 'approve'])('is not waited for if the policy allows no change (%s)', async (mode) => {
    aws.put('w1', ['open-1']);
    const [summary] = await sweep({}, { policy: policy(mode) });
    expect(summary).toMatchObject({ complete: true, left: 0 });
    expect(waits()).toEqual([]);
    expect(time).toBe(START);
  });

  it('is over for a gap that the journal has known for that long', async () => {
    aws.put('w1', ['open-1']);
    await sweep({}, { policy: policy('notify') });
    time += 60_000;
    const [summary] = await sweep();
    expect(summary).toMatchObject({ complete: true, outcomes: { remediated: 1 } });
    expect(waits()).toEqual([]);
  });

  it('is not over for a new gap of a resource that the journal knows', async () => {
    aws.put('w1', ['open-1']);
    await sweep({}, { policy: policy('notify') });
    time += 60_000;
    aws.put('w1', ['open-1', 'open-2']);
    await sweep();
    expect(waits()).toEqual([60_000]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('is reported by a worker that cannot wait that long, and the next worker begins with that resource without waiting', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
    aws.put('w4', ['closed']);
    const first = await sweep({ patience: 0, deadline: time + 120_000 });
    expect(first).toMatchObject([{ status: 'stopped', complete: false, left: 3, retryAt: START + 60_000, outcomes: { busy: 3, 'no-op': 1 } }]);
    expect(unfinished(first)).toEqual([{ target: HERE, at: START + 60_000 }]);
    time = START + 60_000;
    aws.calls.length = 0;
    const next = await sweep({ patience: 0, deadline: time + 120_000 });
    expect(next).toMatchObject([{ status: 'complete', complete: true, left: 0, retryAt: null, lastComplete: START, outcomes: { remediated: 3 } }]);
    expect(unfinished(next)).toEqual([]);
    // Nothing is listed again: what was left is all that was left.
    expect(aws.calls.filter(({ operation }) => operation === 'DescribeWidgets')).toEqual([]);
    expect(waits()).toEqual([]);
  });

  it('does not cause an approval request of a wider remediator while a narrower one is about to act', async () => {
    aws.put('w1', ['open-1']);
    const wide: Remediator = { ...anyAge, id: 'widget-wide', breadth: 10, ceiling: 'approve' };
    const remediators = { 'widget-revoke-open': { dev: 'enforce' }, 'widget-wide': { dev: 'enforce' } } as const;
    const both = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators });
    const summaries = await sweep({}, { remediators: [wide, anyAge], policy: both });
    expect(summaries.map(({ remediator, outcomes }) => [remediator, outcomes])).toEqual([
      ['widget-wide', { 'no-op': 1 }],
      ['widget-revoke-open', { remediated: 1 }],
    ]);
    expect(await journal.approvals()).toEqual([]);
  });
});

describe('a resource that a sweep leaves', () => {
  it('is retried if it could not be read, and the sweep is complete only when it was decided on', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    aws.faults.set('DescribeWidget', ['server']);
    const [summary] = await sweep();
    expect(summary).toMatchObject({ complete: true, looked: 2, unread: 0, outcomes: { remediated: 2 } });
  });

  it('is tried three times in a round; the next round begins with it, and nothing is retried before that', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['closed']);
    const dead: Remediator = {
      ...anyAge,
      observe: async (args) => {
        if (args.resource.id === 'w2') throw new RedressError('aws/server', 'InternalError', { retryable: true });
        return anyAge.observe(args);
      },
    };
    const [summary] = await sweep({}, { remediators: [dead] });
    expect(summary).toMatchObject({ status: 'stopped', complete: false, looked: 3, left: 1, unread: 1, retryAt: null, lastComplete: null });
    aws.calls.length = 0;
    const [next] = await sweep();
    expect(next).toMatchObject({ status: 'complete', looked: 3, left: 0 });
    expect(aws.calls[0]).toMatchObject({ operation: 'DescribeWidget', input: { Id: 'w2' } });
  });

  it('is left when a sweep is stopped, and the next sweep continues; the caller gets what was done', async () => {
    for (let at = 1; at <= 9; at++) aws.put(`w${at}`, ['open-1']);
    const stop = new AbortController();
    const passes: string[] = [];
    const remediators = [{ ...anyAge, settle: 0 }];
    const options = { signal: stop.signal, onPass: ({ resource: { id } }: { resource: { id: string } }) => void (passes.push(id) === 3 && stop.abort()) };
    expect(await sweep(options, { remediators })).toMatchObject([
      { status: 'stopped', complete: false, looked: 3, outcomes: { remediated: 3 }, retryAt: time },
    ]);
    const [next] = await sweep({}, { remediators });
    expect(next).toMatchObject({ status: 'complete', looked: 6, outcomes: { remediated: 6 } });
    expect(aws.writes).toHaveLength(9);
  });

  it('is not waited for any longer when the sweep is stopped', async () => {
    aws.put('w1', ['open-1']);
    const stop = new AbortController();
    const sleeping = { ...clock, sleep: () => new Promise<void>(() => stop.abort()) };
    expect(await sweep({ signal: stop.signal }, { clock: sleeping })).toMatchObject([{ status: 'stopped', left: 1 }]);
    expect(aws.writes).toEqual([]);
  });

  it('counts as progress when it is found and decided on', async () => {
    for (let at = 1; at <= 3; at++) aws.put(`w${at}`, ['closed']);
    aws.put('w4', ['open-1']);
    const seen: unknown[] = [];
    await sweep({ onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ places: 1, placesDone: 1, found: 4, decided: 4 });
  });
});

describe('the API budget of a place', () => {
  const calls = { widget: { perSecond: 2, burst: 5 } };
  const closed: Remediator = { ...anyAge, settle: 0 };

  it('limits calls for each account, region and service', async () => {
    for (let at = 0; at < 20; at++) aws.put(`w${String(at).padStart(2, '0')}`, ['closed']);
    await sweep({ calls }, { remediators: [closed] });
    // One list and twenty looks: five at once, and sixteen at two a second.
    expect(aws.calls).toHaveLength(21);
    expect(time - START).toBe(8000);
  });

  it('is shared by concurrent sweeps, and by one sweep after another', async () => {
    for (let at = 0; at < 10; at++) aws.put(`w${at}`, ['closed']);
    const redress = engine({ remediators: [closed] });
    await Promise.all([1, 2].map(() => redress.sweep({ targets: [HERE], calls, dryRun: true })));
    expect(aws.calls).toHaveLength(22);
    expect(time - START).toBe(8500);
    await redress.sweep({ targets: [HERE], calls, dryRun: true });
    expect(time - START).toBe(14_000);
  });

  it('counts the calls of fixes as well', async () => {
    for (let at = 0; at < 4; at++) aws.put(`w${at}`, ['open-1']);
    const redress = engine({ remediators: [closed] });
    await redress.sweep({ targets: [HERE], calls });
    expect(aws.writes).toHaveLength(4);
    // Those of the last fix are waited for by who sweeps next.
    await redress.sweep({ targets: [HERE], calls, dryRun: true });
    expect(time - START).toBeGreaterThanOrEqual(((aws.calls.length - 5) / 2) * 1000);
  });

  it('does not delay a fix between its second read and its write: a tag that is set while the sweep waits applies', async () => {
    const calls = { widget: { perSecond: 0.1, burst: 1 } };
    // At the first wait, then at the second …: what is not fixed by then gets the tag, and stays as it is.
    const fixedBefore: number[] = [];
    for (let at = 1; at <= 8; at++) {
      aws = new Widgets();
      journal = memoryJournal({ clock });
      aws.put('w1', ['open-1']);
      aws.put('w2', ['open-1']);
      let waited = 0;
      let fixed = -1;
      const sleep = async (milliseconds: number) => {
        if (++waited === at) {
          fixed = aws.writes.length;
          for (const widget of aws.widgets.values()) widget.tags['redress:exception'] = 'x';
        }
        await clock.sleep(milliseconds);
      };
      await sweep({ calls }, { remediators: [closed], clock: { ...clock, sleep } });
      if (fixed === -1) break;
      fixedBefore.push(fixed);
      expect(aws.writes).toHaveLength(fixed);
    }
    // A look waits, and who is to begin, each twice; in between nobody does.
    expect(fixedBefore).toEqual([0, 0, 0, 1]);
  });

  it('does not count the calls of events', async () => {
    aws.put('w1', ['open-1']);
    const redress = engine({ remediators: [closed] });
    await redress.sweep({ targets: [HERE], calls: { widget: { perSecond: 0.001, burst: 2 } }, dryRun: true });
    const before = time;
    await redress.run({ type: 'AWS::Test::Widget', id: 'w1', ...HERE, partition: 'aws' });
    expect(aws.rules('w1')).toEqual([]);
    expect(time - before).toBeLessThan(10_000);
  });

  it('shrinks when AWS throttles the place, and that of no other place does', async () => {
    for (let at = 0; at < 10; at++) aws.put(`w${at}`, ['closed']);
    const timed = async (region: string, faults: 'throttled'[]) => {
      aws.faults.set('DescribeWidget', faults);
      const from = time;
      const [summary] = await engine({ remediators: [closed] }).sweep({ targets: [{ account: ACCOUNT, region }], calls });
      expect(summary).toMatchObject({ complete: true, looked: 10, unread: 0 });
      return time - from;
    };
    const redress = engine({ remediators: [closed] });
    const both = async (region: string) => {
      const from = time;
      await redress.sweep({ targets: [{ account: ACCOUNT, region }], calls });
      return time - from;
    };
    const alone = await timed('us-east-1', []);
    expect(await timed('us-east-1', ['throttled', 'throttled', 'throttled'])).toBeGreaterThan(alone);
    aws.faults.set('DescribeWidget', ['throttled', 'throttled', 'throttled']);
    await both('us-east-1');
    expect(await both('eu-west-1')).toBe(alone);
    expect(await both('us-east-1')).toBeGreaterThan(alone);
  });
});

describe('the order of places', () => {
  it('is that of their last sweeps: places that were never swept first, then those that were swept longest ago', async () => {
    const order: string[] = [];
    const noted: Remediator = {
      ...anyAge,
      discover: async function* ({ region }) {
        order.push(region);
        yield* [];
      },
    };
    const at = async (...regions: string[]) => {
      order.length = 0;
      time += 3_600_000;
      await sweep({ targets: regions.map((region) => ({ account: ACCOUNT, region })) }, { remediators: [noted] });
      return [...order];
    };
    await at('us-east-1');
    await at('eu-west-1');
    expect(await at('eu-west-1', 'us-west-2', 'us-east-1')).toEqual(['us-west-2', 'us-east-1', 'eu-west-1']);
    await at('us-west-2');
    expect(await at('us-west-2', 'us-east-1', 'eu-west-1')).toEqual(['us-east-1', 'eu-west-1', 'us-west-2']);
  });
});

describe('a place that cannot be swept', () => {
  const error = (name: string) => Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 } });
  const two = [anyAge, { ...anyAge, id: 'widget-fan', resourceTypes: ['AWS::Test::Fan'] }];
  const targets = ['us-east-1', 'me-south-1', 'eu-west-1'].map((region) => ({ account: ACCOUNT, region }));
  const warnings: string[] = [];
  const connect =
    (refuses: (region: string) => Error | null): RedressOptions['connect'] =>
    async (target) => {
      const refused = refuses(target.region);
      if (refused !== null) throw refused;
      return aws.connect(target);
    };
  beforeEach(() => {
    warnings.length = 0;
    aws.put('w1', ['closed']);
  });

  it('is reported once if its region is not enabled, and has nothing left to do; the others are swept', async () => {
    const refuses = (region: string) => (region === 'me-south-1' ? error('InvalidClientTokenId') : null);
    const summaries = await sweep({ targets }, { remediators: two, connect: connect(refuses), onWarning: (message) => warnings.push(message) });
    expect(summaries.map(({ region, remediator, status, complete }) => [region, remediator, status, complete])).toEqual([
      ['us-east-1', 'widget-revoke-open', 'complete', true],
      ['us-east-1', 'widget-fan', 'complete', true],
      ['me-south-1', '*', 'absent', true],
      ['eu-west-1', 'widget-revoke-open', 'complete', true],
      ['eu-west-1', 'widget-fan', 'complete', true],
    ]);
    expect(summaries[2]?.message).toBe(`Region me-south-1 is not enabled in account ${ACCOUNT}: nothing of it can be read.`);
    expect(warnings).toEqual([]);
    // Nobody has to ask for ever when it is swept at last.
    expect(summaries[2]?.lastComplete).toBe(START);
    expect(await engine({ remediators: two }).swept({ account: ACCOUNT, region: 'me-south-1' })).toBe(START);
  });

  it('is also recognized by the error of a list call', async () => {
    const off: Remediator = {
      ...anyAge,
      discover: async function* ({ region }) {
        if (region === 'me-south-1') throw new RedressError('aws/denied', 'OptInRequired', { cause: error('OptInRequired') });
        yield { type: 'AWS::Test::Widget', id: 'w1' };
      },
    };
    const summaries = await sweep({ targets }, { remediators: [off, { ...off, id: 'widget-fan', resourceTypes: ['AWS::Test::Fan'] }] });
    expect(summaries.filter(({ region }) => region === 'me-south-1')).toMatchObject([{ remediator: '*', status: 'absent' }]);
  });

  it('is reported once if the account denies access, and is not complete', async () => {
    const denied = connect(() => new RedressError('aws/denied', 'AssumeRole: AccessDenied: not authorized to perform sts:AssumeRole'));
    const summaries = await sweep({ targets: targets.slice(0, 1) }, { remediators: two, connect: denied });
    expect(summaries).toMatchObject([
      { remediator: '*', status: 'failed', complete: false, retryAt: null, message: expect.stringContaining('not authorized') },
    ]);
    const records = (await recordsOf(journal)).map(({ record }) => record.body['sweep']);
    expect(records).toMatchObject([{ status: 'failed', message: expect.stringContaining('not authorized') }]);
  });

  it('is not reported as a disabled region if the credentials are valid nowhere', async () => {
    const summaries = await sweep({ targets: targets.slice(1, 2) }, { connect: connect(() => error('InvalidClientTokenId')) });
    expect(summaries).toMatchObject([{ remediator: '*', status: 'failed', complete: false }]);
  });

  it('has nothing to sweep if the service does not exist in the region; without a network it fails', async () => {
    const nameless = Object.assign(new Error('getaddrinfo ENOTFOUND fan.me-south-1.amazonaws.com'), { code: 'ENOTFOUND' });
    const gone: Remediator = {
      ...anyAge,
      id: 'widget-fan',
      resourceTypes: ['AWS::Test::Fan'],
      // biome-ignore lint/correctness/useYield: it fails before the first.
      discover: async function* () {
        throw new RedressError('aws/unreachable', 'fan:ListFans', { cause: nameless });
      },
    };
    const status = async (remediators: Remediator[]) =>
      (await sweep({}, { remediators, policy: definePolicy({ version: 1 }), journal: memoryJournal({ clock }) })).map((each) => each.status);
    expect(await status([anyAge, gone])).toEqual(['complete', 'absent']);
    expect(await status([gone])).toEqual(['failed']);
    const redress = engine({ remediators: [anyAge, gone] });
    expect(await redress.swept(HERE)).toBeNull();
    const summaries = await redress.sweep({ targets: [HERE] });
    expect(summaries.map(({ lastComplete }) => lastComplete)).toEqual([START, START]);
    expect(await redress.swept(HERE)).toBe(START);
  });

  it('sweeps resources without a region once for each account, in the first of its places or where that is requested', async () => {
    const listed: string[] = [];
    const everywhere: Remediator = {
      ...anyAge,
      global: true,
      discover: async function* ({ region }) {
        listed.push(region);
        yield { type: 'AWS::Test::Widget', id: 'w1' };
      },
    };
    await sweep({ targets }, { remediators: [everywhere] });
    expect(listed.splice(0)).toEqual(['us-east-1']);
    await sweep({ targets: targets.map((each, at) => ({ ...each, global: at === 2 })) }, { remediators: [everywhere] });
    expect(listed).toEqual(['eu-west-1']);
  });
});

describe('a worker that dies at any write of a sweep', () => {
  /** After so many writes nothing of it reaches anybody any more: before the write, or after it was made and before it is known. */
  const dying = (after: number, when: 'before' | 'after') => {
    let writes = 0;
    let dead = false;
    const gone = () => new RedressError('journal/unavailable', 'its process is gone', { retryable: true });
    const written = async <T>(write: () => Promise<T>): Promise<T> => {
      if (dead) throw gone();
      if (++writes < after) return write();
      dead = true;
      if (when === 'after') await write();
      throw gone();
    };
    const real = bound(journal);
    const alive = <T>(read: () => Promise<T>) => (dead ? Promise.reject(gone()) : read());
    const wrapped: Journal = {
      ...real,
      view: (ref) => alive(() => journal.view(ref)),
      standing: (place) => alive(() => journal.standing(place)),
      begin: (request) => written(() => journal.begin(request)),
      append: (entry) => written(() => journal.append(entry)),
      finish: (request) => written(() => journal.finish(request)),
    };
    const connect: RedressOptions['connect'] = async (target) => {
      const connection = await aws.connect(target);
      return {
        ...connection,
        config: {
          ...connection.config,
          widgets: { handle: (operation: string, input: never) => (dead ? Promise.reject(gone()) : aws.handle(operation, input)) },
        },
      };
    };
    return { journal: wrapped, connect, isDead: () => dead };
  };

  it('is followed by one that continues: everything is fixed once, and every intent has its outcome', async () => {
    let deaths = 0;
    for (const when of ['before', 'after'] as const)
      for (let after = 1; ; after++) {
        aws = new Widgets();
        time = START;
        journal = memoryJournal({ clock });
        for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
        for (const id of ['w4', 'w5']) aws.put(id, ['closed']);
        const worker = dying(after, when);
        await sweep({}, { journal: worker.journal, connect: worker.connect }).catch(() => undefined);
        if (!worker.isDead()) break;
        deaths++;
        // The next one comes when the lease of the dead one has ended.
        time += 300_000;
        const summaries = await sweep();
        expect(summaries.every(({ complete }) => complete)).toBe(true);
        expect([...aws.widgets.values()].flatMap(({ rules }) => rules)).toEqual(['closed', 'closed']);
        expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule', 'RevokeRule']);
        expect(await journal.open()).toEqual([]);
        const kinds = (await recordsOf(journal)).map(({ record }) => record.kind);
        expect(kinds.filter((kind) => kind === 'outcome')).toHaveLength(kinds.filter((kind) => kind === 'intent').length);
        // And the one after it has nothing to do.
        await sweep();
        expect(aws.writes).toHaveLength(3);
      }
    expect(deaths).toBeGreaterThanOrEqual(18);
  });
});
