import {
  type BeginRequest,
  createRedress,
  definePolicy,
  defineRegister,
  type Finding,
  type Journal,
  type Lease,
  type Notification,
  normalize,
  type PassResult,
  RedressError,
  type RedressOptions,
  type Remediator,
  type Stop,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, kindsOf, recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const settling: Remediator = { ...revokeOpenRules, settle: 60_000 };

let aws: Widgets;
let time: number;
let slept: number[];
let journal: Journal;
let notices: Notification[];

const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    slept.push(milliseconds);
    time += milliseconds;
  },
};
const policy = (extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: { 'widget-revoke-open': { dev: 'enforce' } },
    ...extra,
  });
const redress = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: policy(),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void notices.push(each),
    ...over,
  });
const event = (at = time - 60_000, id = 'w1', rule = 'open-1') => openedEvent(id, rule, at);
const handle = async (input: unknown, over: Partial<RedressOptions> = {}, run = {}) =>
  (await redress(over).handle(input, run)).results.flatMap((each) => each.passes);
const outcomes = (passes: readonly PassResult[]) => passes.map(({ outcome }) => outcome);
/** A promise, and what resolves it. */
const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
};

beforeEach(() => {
  aws = new Widgets();
  time = START;
  slept = [];
  journal = memoryJournal({ clock });
  notices = [];
});

describe('concurrent calls', () => {
  it('read the resource a second time while the intent is written', async () => {
    aws.put('w1', ['open-1']);
    const second = gate();
    aws.before = () => void (aws.calls.filter(({ write }) => !write).length === 1 && second.open());
    const slow: Journal = {
      ...bound(journal),
      begin: async (request) => {
        // One that waited for the intent first would wait for ever.
        await second.opened;
        return journal.begin(request);
      },
    };
    expect(outcomes(await handle(event(), { journal: slow }))).toEqual(['remediated']);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['DescribeWidget', 'DescribeWidget', 'RevokeRule', 'DescribeWidget']);
  });

  it('open the session of the execution while the intent is written', async () => {
    aws.put('w1', ['open-1']);
    const connected = gate();
    const slow: Journal = { ...bound(journal), begin: async (request) => (await connected.opened, journal.begin(request)) };
    const connect: RedressOptions['connect'] = async (target) => {
      if (target.access === 'write') connected.open();
      return { ...(await aws.connect(target)), perExecution: true };
    };
    expect(outcomes(await handle(event(), { journal: slow, connect }))).toEqual(['remediated']);
  });

  it('write the record of the last call while its effect is read', async () => {
    aws.put('w1', ['open-1']);
    const verifying = gate();
    aws.before = (operation) => void (operation === 'DescribeWidget' && aws.writes.length > 0 && verifying.open());
    const slow: Journal = {
      ...bound(journal),
      append: async (entry) => {
        if (entry.kind === 'call') await verifying.opened;
        return journal.append(entry);
      },
    };
    expect(outcomes(await handle(event(), { journal: slow }))).toEqual(['remediated']);
    expect(await kindsOf(journal)).toEqual(['intent', 'call', 'outcome']);
  });

  it('send the reads of the next remediator while the fix is verified, and do not repeat them', async () => {
    aws.put('w1', ['open-1']);
    const asked = gate();
    const narrow: Remediator = {
      ...revokeOpenRules,
      observe: async (args) => {
        // One that asked after the verification would wait for ever.
        if (args.purpose === 'verification') await asked.opened;
        return revokeOpenRules.observe(args);
      },
    };
    const next: Remediator = {
      ...revokeOpenRules,
      id: 'widget-revoke-all',
      breadth: 10,
      observe: async (args) => {
        if (aws.writes.length > 0) asked.open();
        return revokeOpenRules.observe(args);
      },
    };
    expect(outcomes(await handle(event(), { remediators: [next, narrow] }))).toEqual(['remediated', 'no-op']);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['DescribeWidget', 'DescribeWidget', 'RevokeRule', 'DescribeWidget']);
  });

  it('give the next remediator the last read if the first one does not show the fix yet', async () => {
    aws.put('w1', ['open-1']);
    const next: Remediator = { ...revokeOpenRules, id: 'widget-revoke-all', breadth: 10 };
    aws.before = (operation) => void (operation === 'DescribeWidget' && aws.writes.length > 0 && slept.length === 0 && aws.faults.set(operation, ['stale']));
    const modes = { remediators: { 'widget-revoke-open': { dev: 'enforce' }, 'widget-revoke-all': { dev: 'enforce' } } };
    expect(outcomes(await handle(event(), { remediators: [next, revokeOpenRules], policy: policy(modes) }))).toEqual(['remediated', 'no-op']);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('read the resource of an event while its identity is resolved', async () => {
    aws.put('w1', ['open-1']);
    const looked = gate();
    const named: Remediator = {
      ...revokeOpenRules,
      identify: async ({ resource }) => (await looked.opened, { id: resource.id }),
      observe: async (args) => (looked.open(), revokeOpenRules.observe(args)),
    };
    expect(outcomes(await handle(event(), { remediators: [named] }))).toEqual(['remediated']);
    expect(aws.calls).toHaveLength(4);
  });

  it('do not use what was read under another name for the decision', async () => {
    aws.put('w1', ['open-1']);
    aws.put('w2', ['open-1']);
    const named: Remediator = { ...revokeOpenRules, identify: async () => ({ id: 'w2' }) };
    expect((await handle(event(), { remediators: [named] })).map((pass) => [pass.outcome, pass.resource.id])).toEqual([['remediated', 'w2']]);
    expect([aws.rules('w1'), aws.rules('w2')]).toEqual([['open-1'], []]);
  });

  it('do not close an execution whose call record cannot be written; recovery finds what was done', async () => {
    aws.put('w1', ['open-1']);
    const down: Journal = {
      ...bound(journal),
      append: async (entry) => {
        if (entry.kind === 'call') throw new RedressError('journal/unavailable', 'down', { retryable: true });
        return journal.append(entry);
      },
    };
    const { results, retry } = await redress({ journal: down }).handle(event());
    expect([results[0]?.error?.code, results[0]?.retryable, retry]).toEqual(['journal/unavailable', true, []]);
    expect(await kindsOf(journal)).toEqual(['intent']);
    time += 130_000;
    expect(await redress().recover()).toMatchObject([{ outcome: 'remediated' }]);
  });
});

describe('the second read', () => {
  it('stops the change at a hazard that was not part of the decision', async () => {
    const hazard = { code: 'busy', effect: 'approve' as const, message: 'Somebody is connected.' };
    const risky: Remediator = {
      ...revokeOpenRules,
      plan: (args) => {
        const assessment = revokeOpenRules.plan(args);
        return assessment.status === 'change' && aws.calls.length === 2 ? { ...assessment, hazards: [hazard] } : assessment;
      },
    };
    aws.put('w1', ['open-1']);
    expect(outcomes(await handle(event(), { remediators: [risky] }))).toEqual(['superseded', 'remediated']);
  });

  it('does not stop it at a hazard of what this plan does not change', async () => {
    aws.put('w1', ['open-1', 'open-wide']);
    expect(outcomes(await handle(event()))).toEqual(['remediated', 'awaiting-approval']);
    expect(aws.rules('w1')).toEqual(['open-wide']);
  });

  it('makes only the reads for a confirmation', async () => {
    const purposes: (string | undefined)[] = [];
    const noting: Remediator = { ...revokeOpenRules, observe: (args) => (purposes.push(args.purpose), revokeOpenRules.observe(args)) };
    aws.put('w1', ['open-1']);
    await handle(event(), { remediators: [noting] });
    expect(purposes).toEqual(['decision', 'confirmation', 'verification']);
  });
});

describe('a wait of a command', () => {
  it('is reported before each sleep, with the time of its end', async () => {
    aws.put('w1', ['open-1']);
    const waits: unknown[] = [];
    const onWait: RedressOptions['onWait'] = ({ reason, remediator, resource: { id }, until }) => {
      // Nothing was looked at so far.
      waits.push([reason, remediator, id, until - time, aws.calls.length]);
    };
    expect(outcomes(await handle(event(START), { remediators: [settling], onWait }))).toEqual(['remediated']);
    expect(waits).toEqual([['settling', 'widget-revoke-open', 'w1', 60_000, 0]]);
  });
});

describe('an event younger than the settle time', () => {
  it('is not read before that time: a read that lags would show the resource as missing', async () => {
    aws.put('w1', ['open-1']);
    const looks: number[] = [];
    aws.before = () => {
      looks.push(time);
      // For eleven seconds it does not show.
      if (time < START + 8000) aws.faults.set('DescribeWidget', ['gone']);
    };
    expect(outcomes(await handle(event(START - 3000), { remediators: [settling] }))).toEqual(['remediated']);
    expect([slept, looks[0]]).toEqual([[57_000], START + 57_000]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('is delivered again at that time, if there is no time or patience to wait', async () => {
    aws.put('w1', ['open-1']);
    const then = { outcome: 'busy', retryable: true, retryAt: START + 57_000 };
    expect(await handle(event(START - 3000), { remediators: [settling] }, { patience: 10_000 })).toMatchObject([then]);
    expect(await handle(event(START - 3000), { remediators: [settling] }, { deadline: START + 100_000 })).toMatchObject([then]);
    expect([aws.calls, slept, await kindsOf(journal)]).toEqual([[], [], []]);
    expect(outcomes(await handle(event(START - 3000), { remediators: [settling] }, { patience: 57_000 }))).toEqual(['remediated']);
  });

  it.each([
    ['has no time', null],
    ['is dated tomorrow', new Date(START + 86_400_000).toISOString()],
  ])('that %s is as old as its first delivery: it does not settle again at each delivery', async (_name, observedAt) => {
    aws.put('w1', ['open-1']);
    const [finding] = normalize(event()) as Finding[];
    const deliver = async (run: object) => redress({ remediators: [{ ...settling, freshWithin: null }] }).run({ ...(finding as Finding), observedAt }, run);
    const queued = { patience: 10_000, seenAt: START };
    time = START + 2000;
    expect(await deliver(queued)).toMatchObject([{ outcome: 'busy', retryable: true, retryAt: START + 60_000 }]);
    time = START + 60_000;
    expect(outcomes(await deliver(queued))).not.toContain('busy');
    expect(slept).toEqual([]);
  });

  it('has the time when all of it can be decided, if each part has one', async () => {
    aws.put('w1', ['open-1']);
    const slower: Remediator = { ...settling, id: 'widget-slower', settle: 90_000 };
    const at = async (...remediators: Remediator[]) => (await redress({ remediators }).handle(event(START - 3000), { patience: 10_000 })).results[0]?.retryAt;
    expect(await at(settling, slower)).toBe(START + 87_000);
    expect(await at(slower, settling)).toBe(START + 87_000);
    aws.faults.set('DescribeWidget', Array(50).fill('throttled'));
    expect(await at(settling, { ...anyAge, id: 'widget-throttled' })).toBeNull();
    aws.faults.clear();
    expect(await at(revokeOpenRules)).toBeNull();
  });

  it('is not waited for if it is older, or in a dry run', async () => {
    aws.put('w1', ['open-1']);
    expect(outcomes(await handle(event(START - 1), { remediators: [settling] }, { dryRun: true }))).toEqual(['planned']);
    expect(outcomes(await handle(event(START - 60_000), { remediators: [settling] }))).toEqual(['remediated']);
    expect(slept).toEqual([]);
  });

  it('is not waited for if nothing would be changed: a sweep notifies people at once', async () => {
    aws.put('w1', ['open-1']);
    const manual: Remediator = { ...settling, plan: () => ({ status: 'manual', message: 'Look at it.' }) };
    const passes: PassResult[] = [];
    await redress({ remediators: [manual] }).sweep({
      targets: [{ account: ACCOUNT, region: 'us-east-1' }],
      onPass: (pass) => void passes.push(pass),
    });
    expect(passes).toMatchObject([{ outcome: 'notified', message: 'Look at it.' }]);
    expect(await redress({ remediators: [manual] }).run(widget('w1'))).toMatchObject([{ outcome: 'notified', message: 'Look at it.' }]);
  });
});

describe('an event without a time', () => {
  it('is read at once, and again when it has settled: changes in between count', async () => {
    aws.put('w1', ['open-1']);
    const waiting = {
      ...clock,
      sleep: async (milliseconds: number) => {
        await clock.sleep(milliseconds);
        (aws.widgets.get('w1') as { tags: object }).tags = { 'redress:exception': 'x' };
      },
    };
    const passes = await redress({ remediators: [{ ...settling, freshWithin: null }], clock: waiting }).run(widget('w1'));
    expect(outcomes(passes)).toEqual(['notified']);
    // It was seen before anything was begun.
    expect([slept, await kindsOf(journal)]).toEqual([[60_000], ['decision', 'notice']]);
  });
});

describe('a resource that another worker holds', () => {
  const hold = async (lease: number) => {
    const ref = aws.put('w1', ['open-1']);
    const { generation } = await journal.view(ref);
    const begun = await journal.begin({ resource: ref, remediator: 'another', planDigest: 'sha256:x', generation, budgets: [], lease, body: {} });
    if (begun.status !== 'begun') throw new Error(begun.status);
    return begun.lease;
  };

  it('is waited for and then read again', async () => {
    const lease = await hold(60_000);
    const sleep = clock.sleep;
    const looksWhileHeld = () => aws.calls.length;
    let held = 0;
    const waiting = {
      ...clock,
      sleep: async (milliseconds: number) => {
        await sleep(milliseconds);
        held = looksWhileHeld();
        if (time >= START + 9000 && (await journal.view(widget('w1'))).open !== null) {
          await journal.finish({ resource: widget('w1'), remediator: 'another', lease, outcome: 'failed', sent: 0, body: {} });
          aws.put('w1', ['open-1', 'open-2']);
        }
      },
    };
    expect(outcomes(await handle(event(), { clock: waiting }))).toEqual(['remediated', 'awaiting-approval']);
    expect([time, held]).toEqual([START + 9000, 2]);
    expect(aws.rules('w1')).toEqual(['open-2']);
  });

  it('for longer than ten seconds is left until the lease ends', async () => {
    await hold(60_000);
    expect(await handle(event())).toMatchObject([{ outcome: 'busy', retryable: true, retryAt: START + 60_000 }]);
    expect([time, aws.writes]).toEqual([START + 10_000, []]);
  });

  it('is not waited for if there would be no time left to begin: the process keeps its time for other work', async () => {
    await hold(60_000);
    expect(await handle(event(), {}, { deadline: START + 33_000 })).toMatchObject([{ outcome: 'busy', retryable: true, retryAt: START + 60_000 }]);
    expect(time).toBe(START + 3000);
  });

  it('by one worker after another is waited for no longer than the process has time', async () => {
    aws.put('w1', ['open-1']);
    let leases = 0;
    let lease: Lease | null = null;
    const inTurn = {
      ...bound(journal),
      // Whenever it is free somebody else is faster.
      begin: async (request: BeginRequest) => {
        lease = await hold(60_000);
        leases++;
        return journal.begin(request);
      },
    };
    const { sleep } = clock;
    const waiting = {
      ...clock,
      sleep: async (milliseconds: number) => {
        await sleep(milliseconds);
        if (lease !== null && time % 9000 === START % 9000) {
          await journal.finish({ resource: widget('w1'), remediator: 'another', lease, outcome: 'failed', sent: 0, body: {} });
          lease = null;
        }
      },
    };
    const passes = await handle(event(), { journal: inTurn, clock: waiting }, { deadline: START + 60_000 });
    expect(passes).toMatchObject([{ outcome: 'busy', retryable: true }]);
    expect([time, leases, aws.writes]).toEqual([START + 30_000, 4, []]);
  });

  it('does not delay what changes nothing', async () => {
    await hold(60_000);
    aws.put('w1', ['closed']);
    expect(outcomes(await handle(event()))).toEqual(['no-op']);
    expect(slept).toEqual([]);
  });
});

describe('a store that cannot be reached for a moment right before the write', () => {
  const away = () => new RedressError('journal/unavailable', 'away', { retryable: true });
  /** Away at the re-read that follows the intent; there again afterwards. */
  const readsOf = <T>(value: T, failing: (reads: number) => boolean) => {
    let reads = 0;
    return {
      read: async () => {
        if (failing(++reads)) throw away();
        return value;
      },
    };
  };

  it.each([
    ['the kill switch', (fails: (reads: number) => boolean) => ({ killSwitch: readsOf<Stop>('none', fails) })],
    ['the register', (fails: (reads: number) => boolean) => ({ exceptions: readsOf(defineRegister([]), fails) })],
  ])('%s: nothing is written, and the event is delivered again', async (_name, over) => {
    aws.put('w1', ['open-1']);
    const options = over((reads) => reads === 2);
    const shared = redress(options);
    const first = await shared.handle(event());
    expect(first.results[0]).toMatchObject({ retryable: true, passes: [{ outcome: 'denied', retryable: true }] });
    expect(aws.writes).toEqual([]);
    expect((await shared.handle(event())).results[0]?.passes.map(({ outcome }) => outcome)).toEqual(['remediated']);
  });

  it('between two writes: what was made stays, the rest is delivered again, and it does not count as a failure', async () => {
    const shared = redress({ remediators: [anyAge], killSwitch: readsOf<Stop>('none', (reads) => reads % 3 === 0) });
    for (const id of ['w1', 'w2', 'w3']) {
      aws.put(id, ['open-1', 'open-2']);
      expect((await shared.handle(event(time - 60_000, id))).results[0]).toMatchObject({ retryable: true, passes: [{ outcome: 'partial', retryable: true }] });
      expect(aws.rules(id)).toEqual(['open-2']);
    }
    // Three of them open no circuit breaker.
    expect((await journal.view(widget('w1'))).breakers).toEqual([]);
  });
});

describe('a gap that somebody else closes during an execution', () => {
  const twoOpen = (after: () => void) => {
    aws.put('w1', ['open-1', 'open-2']);
    let writes = 0;
    aws.before = (operation) => void (operation === 'RevokeRule' && ++writes === 2 && after());
  };
  const outcome = async () => (await recordsOf(journal)).find(({ record }) => record.kind === 'outcome')?.record.body;

  it('is closed: the record has what this execution did, and what it found done', async () => {
    twoOpen(() => aws.put('w1', []));
    const [pass] = await handle(event(), { remediators: [anyAge] });
    expect(pass).toMatchObject({ outcome: 'remediated', open: [], retryable: false });
    expect(pass?.message).toBe(
      'revoke open-1; revoke open-2; not by this execution, but found done: revoke open-2 (widget:RevokeRule was refused: Rule.NotFound: Rule.NotFound)',
    );
    expect(await outcome()).toMatchObject({ foundDone: ['revoke open-2'], verified: 'verified' });
  });

  it('is waited for if it is visible late', async () => {
    twoOpen(() => {
      aws.put('w1', []);
      let stale = 3;
      aws.before = (operation) => {
        if (operation === 'DescribeWidget' && stale-- > 0) aws.faults.set('DescribeWidget', ['stale']);
      };
    });
    expect(outcomes(await handle(event(), { remediators: [anyAge] }))).toEqual(['remediated']);
  });

  it('is not closed if the resource is gone', async () => {
    twoOpen(() => aws.widgets.delete('w1'));
    expect(outcomes(await handle(event(), { remediators: [anyAge] }))).toEqual(['partial']);
    expect(await outcome()).not.toHaveProperty('foundDone');
  });

  it('makes the execution partial, without a wait, if nobody has closed it', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    let writes = 0;
    aws.before = (operation) => void (operation === 'RevokeRule' && ++writes === 2 && aws.faults.set('RevokeRule', ['denied']));
    expect(outcomes(await handle(event(), { remediators: [anyAge] }))).toEqual(['partial']);
    expect(slept).toEqual([]);
  });
});

describe('an answer between the decision and the intent', () => {
  it('counts: a denial of the call stops it', async () => {
    aws.put('w1', ['open-1']);
    const asked = await handle(event(time - 60_000, 'w1', 'another'));
    expect(asked).toMatchObject([{ outcome: 'awaiting-approval' }]);
    const body = { approval: { id: asked[0]?.approval ?? '', verdict: 'denied', by: { name: 'arn:aws:iam::111111111111:role/Lead', verified: true } } };
    const late: Journal = {
      ...bound(journal),
      begin: async (request) => {
        await journal.append({ kind: 'approval', resource: widget('w1'), remediator: 'widget-revoke-open', body });
        return journal.begin(request);
      },
    };
    expect(outcomes(await handle(event(), { journal: late }))).toEqual(['denied']);
    expect(aws.writes).toEqual([]);
  });
});

describe('an objection to one part', () => {
  it('does not keep the others from being decided', async () => {
    aws.put('w1', ['open-1', 'open-old']);
    let stop: Stop = 'none';
    aws.before = () => void (aws.calls.length >= 1 && (stop = 'changes'));
    const passes = await handle(event(), { killSwitch: { read: async () => stop } });
    expect(outcomes(passes)).toEqual(['denied', 'awaiting-approval']);
    expect(aws.writes).toEqual([]);
  });
});

describe('one gap', () => {
  const wide: Remediator = { ...anyAge, id: 'widget-revoke-all', breadth: 10 };
  const modes = (narrow: string, broad: string) => policy({ remediators: { 'widget-revoke-open': { dev: narrow }, 'widget-revoke-all': { dev: broad } } });
  const sweep = async (ids: string[], over: Partial<RedressOptions>) => {
    const passes: PassResult[] = [];
    await redress({ remediators: [revokeOpenRules, wide, noteWidget], ...over }).sweep({
      targets: [{ account: ACCOUNT, region: 'us-east-1' }],
      remediators: ids,
      onPass: (pass) => void passes.push(pass),
    });
    return passes;
  };

  it('is one request and one notice, whichever remediator finds it first', async () => {
    for (const order of [
      ['widget-revoke-open', 'widget-revoke-all'],
      ['widget-revoke-all', 'widget-revoke-open'],
    ]) {
      aws = new Widgets();
      journal = memoryJournal({ clock });
      notices = [];
      aws.put('w1', ['open-1']);
      const options = { policy: modes('approve', 'approve') };
      const [first] = await sweep(order.slice(0, 1), options);
      const [second] = await sweep(order.slice(1), options);
      expect([first?.outcome, second?.outcome, second?.approval]).toEqual(['awaiting-approval', 'awaiting-approval', first?.approval]);
      expect(await redress().approvals()).toMatchObject([{ remediator: order[0] }]);
      expect(notices).toHaveLength(1);
    }
  });

  it('a request that only its own mode required does not affect another remediator', async () => {
    aws.put('w1', ['open-1']);
    const any = { ...anyAge, id: 'widget-revoke-open' };
    const options = { remediators: [any, wide], policy: modes('approve', 'enforce') };
    expect(await sweep(['widget-revoke-open'], options)).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(outcomes(await sweep(['widget-revoke-all'], options))).toEqual(['remediated']);
  });

  it('a refused call is not sent by a wider remediator in the same pass', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['denied']);
    const options = { remediators: [anyAge, wide], policy: modes('enforce', 'enforce') };
    const passes = await redress(options).run(widget('w1'));
    expect(passes.map(({ remediator, outcome }) => [remediator, outcome])).toEqual([
      ['widget-revoke-open', 'failed'],
      ['widget-revoke-all', 'no-op'],
    ]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });
});

it('a claim is not used as the name of a resource when its credentials are unknown for a moment', async () => {
  aws.put('w1', ['open-1']);
  const named: Remediator = { ...revokeOpenRules, identify: async () => ({ id: 'w1' }) };
  let fails = 1;
  const connect: RedressOptions['connect'] = async (target) => {
    if (fails-- > 0) throw new RedressError('aws/unreachable', 'not now', { retryable: true });
    return aws.connect(target);
  };
  const passes = await handle(event(time - 60_000, 'arn:w1'), { remediators: [named], connect });
  expect(passes).toMatchObject([{ outcome: 'denied', retryable: true }]);
  expect(aws.calls).toEqual([]);
});
