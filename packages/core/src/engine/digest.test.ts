// The digest of the day: who sends it, what it says, and what of it is recorded.
import { describe, expect, it } from 'vitest';
import { group } from '../internal/testing/facts.js';
import { breakerOf, type Gap } from '../journal.js';
import { messageOf, RedressError } from '../model/errors.js';
import type { GapDigest } from '../notify.js';
import { definePolicy } from '../policy/policy.js';
import { sendDigest } from './digest.js';
import type { Runtime } from './runtime.js';

const TODAY = Date.parse('2026-11-24T00:00:00Z');
const NOW = TODAY + 36_000_000;
const HERE = { account: '111111111111', region: 'us-east-1' };
const global = { ...group, region: 'aws-global', type: 'AWS::IAM::User', id: 'alice' };
const gap = (over: Partial<Gap> = {}): Gap =>
  ({ resource: group, remediator: 'mine', since: TODAY - 1, seenAt: 5, quiet: false, members: null, ...over }) as unknown as Gap;
const unsaid = (over: object = {}) => ({ resource: group, remediator: 'mine', of: 7, execution: 'x-1', outcome: 'failed', message: 'm', at: 1, ...over });

interface World {
  readonly gaps?: readonly Gap[];
  readonly unsaid?: readonly object[];
  readonly digest?: object | null;
  readonly answer?: object | Error | undefined;
  /** The number of the claim that counts; another one came first. */
  readonly first?: number;
  readonly policy?: object | Error;
  readonly targets?: readonly { readonly account: string; readonly region: string }[];
  readonly deadline?: number | null;
  readonly swept?: object;
}

async function sent(world: World = {}) {
  const appended: { readonly resource: object; readonly body: Record<string, unknown> }[] = [];
  const [sends, warnings, flushed, viewed]: [GapDigest[], string[], unknown[], object[]] = [[], [], [], []];
  const journal = {
    view: async (ref: { readonly region: string }) => {
      if (ref.region !== 'aws-global') return { swept: { time: 1, lasts: {}, rounds: [], ...world.swept } };
      viewed.push(ref);
      return { digest: appended.length === 0 ? (world.digest ?? null) : { sending: { record: world.first ?? 1 } } };
    },
    standing: async () => ({ gaps: world.gaps ?? [gap()], unsaid: world.unsaid ?? [] }),
    append: async (entry: (typeof appended)[number]) => ({ seq: appended.push(entry) }),
  };
  const digest = async (given: GapDigest) => {
    sends.push(given);
    if (world.answer instanceof Error) throw world.answer;
    return 'answer' in world ? world.answer : { status: 'delivered', channels: ['mail'] };
  };
  const notify = Object.assign(async () => undefined, { digest, flush: async (how: unknown) => void flushed.push(how) });
  const policy = definePolicy({ version: 1, environments: { prod: { accounts: ['111111111111', '333333333333'], after: 'none', because: 'x' } as never } });
  const runtime = {
    notify,
    clock: { now: () => NOW },
    warn: (message: string, error: unknown) => warnings.push(`${message}: ${messageOf(error)}`),
    needJournal: () => journal,
    readPolicy: async () => {
      if (world.policy instanceof Error) throw world.policy;
      return world.policy ?? policy;
    },
    remediators: [{ id: 'mine', title: 'Mine' }],
  } as unknown as Runtime;
  await sendDigest(runtime, world.targets ?? [HERE], world.deadline ?? null);
  return { sends, warnings, flushed, viewed, appended, bodies: appended.map(({ body }) => body) };
}
const day = '2026-11-24';
const claim = (until: number) => ({ digest: { day, sending: { until } }, message: `The digest of ${day} is being sent.` });
const delivered = (over: object = {}) => ({
  digest: { day, sent: 1, channels: ['mail'], gaps: 1, unsaid: 0, ...over },
  message: `The digest of ${day} was delivered.`,
});

describe('the digest of a day', () => {
  it('is claimed, sent, and recorded as sent', async () => {
    const { sends, bodies, warnings, flushed, appended } = await sent();
    expect(sends).toMatchObject([{ day, at: NOW, gaps: [{ title: 'Mine', environment: 'prod' }], unsaid: [] }]);
    // Nothing ends a worker without a deadline: it has an hour and a half, and clocks may differ by a minute.
    expect(bodies).toEqual([claim(NOW + 5_460_000), delivered()]);
    expect(appended).toMatchObject([
      { kind: 'notice', remediator: 'redress-digest' },
      { kind: 'notice', remediator: 'redress-digest' },
    ]);
    expect([warnings, flushed]).toEqual([[], []]);
    expect((await sent({ deadline: NOW + 5 })).bodies[0]).toEqual(claim(NOW + 60_005));
  });
  it('is not sent without a channel for it', async () => {
    const needJournal = () => {
      throw new Error('It was asked for.');
    };
    for (const notify of [null, async () => undefined]) await sendDigest({ notify, needJournal } as unknown as Runtime, [HERE], null);
  });
  it.each<[string, object, boolean]>([
    ['was sent', { day, sent: true, sending: null }, false],
    ['is being sent', { day, sent: false, sending: { until: NOW + 1 } }, false],
    ['was being sent by a worker whose claim has expired', { day, sent: false, sending: { until: NOW } }, true],
    ['was not claimed', { day, sent: false, sending: null }, true],
    ['was sent the day before', { day: '2026-11-23', sent: true, sending: { until: NOW + 1 } }, true],
    ['was sent the day after, with a clock ahead', { day: '2026-11-25', sent: false, sending: null }, false],
  ])('is sent if it is due, and not otherwise: the one that %s', async (_what, digest, isSent) => {
    const { sends, appended } = await sent({ digest });
    expect([sends.length, appended.length]).toEqual(isSent ? [1, 2] : [0, 0]);
  });
  it('is sent by the worker with the first claim', async () => {
    const { sends, bodies } = await sent({ first: 9 });
    expect(sends).toEqual([]);
    expect(bodies).toHaveLength(1);
  });
  it('is not sent if nothing is open and everything was sent', async () => {
    expect((await sent({ gaps: [] })).appended).toEqual([]);
    expect((await sent({ gaps: [], unsaid: [unsaid()] })).sends).toHaveLength(1);
  });
  it('has the gaps that are older than today, not suppressed, not held back together, and still checked', async () => {
    const gaps = [
      gap({ key: 'g-1' }),
      gap({ key: 'g-2', since: TODAY }),
      gap({ key: 'g-3', quiet: true }),
      gap({ key: 'g-4', members: 3 }),
      gap({ key: 'g-5', remediator: 'gone' }),
    ];
    const { sends } = await sent({ gaps, unsaid: [unsaid(), unsaid({ remediator: 'gone' })] });
    expect(sends[0]?.gaps.map(({ key }) => key)).toEqual(['g-1']);
    // What happened is said whoever looked.
    expect(sends[0]?.unsaid.map(({ title }) => title)).toEqual(['Mine', 'gone']);
  });
  it('has the environment, if the policy can be read', async () => {
    const other = { ...group, account: '999999999999' };
    expect((await sent({ gaps: [gap(), gap({ resource: other })] })).sends[0]?.gaps.map(({ environment }) => environment)).toEqual(['prod', null]);
    expect((await sent({ policy: new Error('no') })).sends[0]?.gaps[0]).toMatchObject({ environment: null, title: 'Mine' });
  });
  it('has when each gap was last seen: by its record, or by a sweep that has completed since', async () => {
    const seen = async (seenAt: number, complete: number | null, over: Partial<Gap> = {}) =>
      (await sent({ gaps: [gap({ seenAt, ...over })], swept: { lasts: { mine: { time: 9, complete } } } })).sends[0]?.gaps[0]?.seen;
    expect([await seen(5, 8), await seen(8, 5), await seen(5, null)]).toEqual([8, 8, 5]);
    // What has no region no sweep of a region answers for.
    expect(await seen(5, 8, { resource: global })).toBe(5);
    expect(
      (await sent({ gaps: [gap({ resource: global }), gap()], swept: { lasts: { mine: { time: 9, complete: 8 } } } })).sends[0]?.gaps.map((each) => each.seen),
    ).toEqual([5, 8]);
  });
});

describe('the place where it is recorded', () => {
  const at = async (world: World) => (await sent(world)).appended[0]?.resource;
  const account = (id: string, partition: 'aws' | 'aws-cn' = 'aws') => breakerOf({ account: id, partition });
  it('is the same for all workers: the first account of the policy, or of what is swept', async () => {
    const targets = ['333333333333', '222222222222'].map((each) => ({ account: each, region: 'us-east-1' }));
    expect(await at({ targets })).toEqual(account('111111111111'));
    expect(await at({ targets, policy: new Error('no') })).toEqual(account('222222222222'));
    const environments = { a: { accounts: ['555555555555'] }, b: { accounts: ['444444444444'], after: 'none', because: 'x' } as never };
    expect(await at({ targets, policy: definePolicy({ version: 1, environments }) })).toEqual(account('444444444444'));
    expect(await at({ targets: [{ account: '222222222222', region: 'cn-north-1' }], policy: new Error('no') })).toEqual(account('222222222222', 'aws-cn'));
  });
  it('is also where a claim is read', async () => {
    const { viewed, appended } = await sent();
    expect(viewed).toEqual([appended[0]?.resource, appended[0]?.resource]);
  });
});

describe('the result of the digest', () => {
  it('is the one of the notifier; a notifier without a result has delivered it', async () => {
    expect((await sent({ answer: undefined })).bodies[1]).toEqual(delivered({ channels: [] }));
    const { bodies, warnings } = await sent({ answer: { status: 'delivered', channels: ['mail'], failed: 'chat: 500' } });
    expect(bodies[1]).toEqual(delivered({ failed: 'chat: 500' }));
    expect(warnings).toEqual([`the digest of ${day} was not delivered everywhere: chat: 500`]);
  });
  it('is delivered at once if the notifier would hold it', async () => {
    expect((await sent({ answer: { status: 'held', channels: ['mail'] } })).flushed).toEqual([{ all: true }]);
  });
  it('is that nobody was notified if no route sends it, nor of the events in it', async () => {
    const { bodies } = await sent({ answer: { status: 'nobody', channels: [] }, unsaid: [unsaid()] });
    expect(bodies.slice(1)).toEqual([{ ...delivered({ channels: [], unsaid: 1 }), message: `The digest of ${day} was not sent: a route says so.` }]);
  });
  it('is that people were notified of each event, under its record and execution', async () => {
    const { appended } = await sent({ unsaid: [unsaid(), unsaid({ of: 8, execution: null, outcome: 'denied' })] });
    const notice = (of: number, outcome: string) => ({
      notice: { of, outcome, status: 'delivered', channels: ['mail'] },
      message: 'People were notified by a digest.',
    });
    const about = { kind: 'notice', resource: group, remediator: 'mine' };
    expect(appended.slice(2)).toEqual([
      { ...about, execution: 'x-1', body: notice(7, 'failed') },
      { ...about, body: notice(8, 'denied') },
    ]);
  });
  it('is that it could not be delivered: the next sweep retries it', async () => {
    const { bodies, warnings } = await sent({ answer: new Error('no reply'), unsaid: [unsaid()] });
    expect(bodies.slice(1)).toEqual([{ digest: { day, unsent: 1 }, message: `The digest of ${day} could not be delivered.` }]);
    expect(warnings).toEqual([`the digest of ${day} was not delivered: no reply`]);
  });
  it('is a warning if the journal is down, and does not end a sweep', async () => {
    const warnings: string[] = [];
    const down = () => {
      throw new RedressError('journal/unavailable', 'down');
    };
    const notify = Object.assign(async () => undefined, { digest: async () => undefined });
    const warn = (message: string, error: unknown) => warnings.push(`${message}: ${messageOf(error)}`);
    await sendDigest({ notify, warn, needJournal: down, clock: { now: () => NOW } } as unknown as Runtime, [HERE], null);
    expect(warnings).toEqual(['the digest of the day was not sent: down']);
  });
});
