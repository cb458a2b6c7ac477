// The fault matrix finds what is broken: else that everything survives says nothing. What it does is counted here, in numbers of its own.
import {
  type Connect,
  createRedress,
  type Journal,
  type PassResult,
  type Redress,
  type RedressOptions,
  type Remediator,
  resource,
  type StoredRecord,
} from '@redress/core';
import { type AccountState, FAULTS, type FaultReport, faultMatrix, type Gap, journalProblems, type SimulatedAccount } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { faultMatrices } from '../../campaign/faults.js';
import { makers, writing } from '../../campaign/world.js';
import { bound } from '../support/journal.js';
import { repeated } from '../support/size.js';

/** No injection but the first: what fails without any fault needs no other. */
const CLEAN = 100_000;
const byId = (id: string) => writing.find((each) => each.id === id) as Remediator;
const encryption = byId('s3-enforce-default-encryption');
/** Few calls, and a gap with which others may do everything. */
const retention = byId('logs-raise-retention');
const SUBJECT = resource({ type: 'AWS::Logs::LogGroup', id: 'subject', account: '111111111111', region: 'us-east-1' });
const gapOf = ({ id }: Remediator, account: SimulatedAccount): Gap => makers[id]?.(account, 'subject') as Gap;
/** What an engine of a test may get at besides. */
interface Here {
  readonly account: SimulatedAccount;
  readonly gap: Gap;
}
type Engine = (options: RedressOptions, here: Here) => Redress;
const matrix = (remediator: Remediator, engine?: Engine, every = 1) => {
  let here: Here;
  return faultMatrix(remediator, {
    every,
    arrange: (account) => {
      here = { account, gap: gapOf(remediator, account) };
      return here.gap;
    },
    ...(engine === undefined ? {} : { engine: (options) => engine(options, here) }),
  });
};

/** Kinds that may meet a call to AWS, and a call to the journal. */
const ON_AWS = [
  ...['throttled', 'server', 'denied', 'lost', 'lost-before', 'stale', 'gone'],
  ...['dies-before', 'dies-after', 'someone-deletes', 'someone-fixes', 'someone-changes', 'kill-switch', 'clock-back', 'clock-ahead'],
];
const ON_JOURNAL = ['crash-before', 'crash-after', 'unavailable', 'unavailable-after', 'down'];

/** The kinds that meet the calls of a run, in order. */
const kindsOf = (aws: number, journal: number): string[] => [...Array(aws).fill(ON_AWS).flat(), ...Array(journal).fill(ON_JOURNAL).flat()];

/** How often each operation. */
const tally = (calls: readonly { readonly operation: string }[]) => {
  const counts: Record<string, number> = {};
  for (const { operation } of calls) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
};

it('there is a gap for each remediator that writes', () => {
  expect(Object.keys(makers).sort()).toEqual(writing.map(({ id }) => id).sort());
});

it('the catalogue has 21 kinds', () => {
  expect(Object.keys(FAULTS).sort()).toEqual([...ON_AWS, ...ON_JOURNAL, 'duplicate'].sort());
});

it('every call of a fix and of its rollback survives every fault', async () => {
  const every = repeated(4, 1);
  const report = await matrix(encryption, undefined, every);
  expect(report.broken).toEqual([]);
  expect(report.survived).toBe(report.injected);
  // The crowd is injected besides.
  expect(report.injected).toBe(Math.ceil(280 / every) + 1);
  if (every > 1) return;
  // Sixteen calls to AWS for a fix and its rollback, each look with the one that says which bucket it is; eight to the journal.
  const each = (kinds: readonly string[], calls: number) => Object.fromEntries(kinds.map((kind) => [kind, { injected: calls, survived: calls }]));
  expect(report.kinds).toEqual({ ...each(ON_AWS, 16), ...each(ON_JOURNAL, 8), duplicate: { injected: 1, survived: 1 } });
});

describe('the fix before a rollback', () => {
  /** How often somebody looks, and what the report says. */
  const lookedAt = async (arrange: (account: SimulatedAccount) => void, engine?: Engine) => {
    let looks = 0;
    const counted: Remediator = { ...retention, observe: (args) => (looks++, retention.observe(args)) };
    const { injected, broken } = await faultMatrix(counted, {
      every: 4,
      arrange: (account) => {
        arrange(account);
        return gapOf(retention, account);
      },
      ...(engine === undefined ? {} : { engine: (options) => engine(options, {} as Here) }),
    });
    return { looks, injected, broken };
  };

  it('is made once, where accounts are alike', async () => {
    const once = await lookedAt(() => undefined);
    const eachTime = await lookedAt(() => undefined, createRedress);
    expect({ ...once, looks: 0 }).toEqual({ ...eachTime, looks: 0 });
    expect([once.broken, once.looks < eachTime.looks]).toEqual([[], true]);
  });

  it('is resumed in place: a gap that holds a part of the account goes on seeing it', async () => {
    const seen: boolean[] = [];
    const report = await faultMatrix(retention, {
      every: 4,
      arrange: (account) => {
        const gap = gapOf(retention, account);
        const { logGroups } = account.state;
        return { ...gap, isOpen: () => (seen.push(logGroups === account.state.logGroups), gap.isOpen()) };
      },
    });
    expect([report.broken, seen.length > 50, seen.includes(false)]).toEqual([[], true, false]);
  });

  it('is made each time, where a gap keeps a part of its state outside the account', async () => {
    let days = 0;
    let fixes = 0;
    const logs = {
      PutRetentionPolicy: ({ logGroups }: AccountState, { logGroupName, retentionInDays }: { logGroupName: string; retentionInDays: number }) => {
        (logGroups[logGroupName] as { days: number }).days = days = retentionInDays;
        if (retentionInDays === 365) fixes++;
        return {};
      },
    };
    const beside = (account: SimulatedAccount) => {
      days = 1;
      return { ...gapOf(retention, account), isOpen: () => days < 365 };
    };
    const run = async (more: object) => {
      fixes = 0;
      const { injected, broken } = await faultMatrix(retention, { every: 4, services: { logs }, arrange: beside, ...more });
      return { injected, broken, fixes };
    };
    expect(await run({})).toEqual(await run({ engine: createRedress }));
  });

  it('is made each time, where accounts differ', async () => {
    let made = 0;
    const differs = (account: SimulatedAccount) => void account.act('logs', 'CreateLogGroup', { logGroupName: `beside-${made++}` });
    const different = await lookedAt(differs);
    const eachTime = await lookedAt(differs, createRedress);
    expect(different).toEqual(eachTime);
    expect(different.broken).toEqual([]);
  });
});

describe('what is to happen happens', () => {
  it('once for each injection, in the fix and in its rollback', async () => {
    const accounts: SimulatedAccount[] = [];
    const others = { delete: 0, fix: 0, change: 0 };
    /** What each engine did with its journal, and when its remediator looked. */
    const worlds: { journal: string[]; unavailable: number; recovered: number; stopped: number; times: Set<number> }[] = [];
    let current = { journal: [] as string[], unavailable: 0, recovered: 0, stopped: 0, times: new Set<number>() };
    const watching: Remediator = {
      ...retention,
      plan: (args) => {
        current.times.add(args.observedAt);
        return retention.plan(args);
      },
    };
    const watched = (journal: Journal): Journal => {
      const counted = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
        current.journal.push(name);
        try {
          return await work();
        } catch (error) {
          if ((error as { code?: string }).code === 'journal/unavailable') current.unavailable++;
          throw error;
        }
      };
      return {
        ...bound(journal),
        view: (ref) => counted('view', () => journal.view(ref)),
        begin: (request) =>
          request.resume === undefined
            ? counted('begin', () => journal.begin(request))
            : (current.recovered++, counted('resume', () => journal.begin(request))),
        append: (entry) => counted('append', () => journal.append(entry)),
        finish: (request) => counted('finish', () => journal.finish(request)),
      };
    };
    const report = await faultMatrix(watching, {
      arrange: (account) => {
        accounts.push(account);
        current = { journal: [], unavailable: 0, recovered: 0, stopped: 0, times: new Set() };
        worlds.push(current);
        const gap = gapOf(retention, account);
        const count = (name: 'delete' | 'fix' | 'change') => () => {
          others[name]++;
          gap.others?.[name]?.();
        };
        return { ...gap, others: { delete: count('delete'), fix: count('fix'), change: count('change') } };
      },
      engine: (options) => {
        const world = current;
        const stop = options.killSwitch;
        return createRedress({
          ...options,
          journal: watched(options.journal as Journal),
          killSwitch: {
            read: async () => {
              const read = (await stop?.read()) ?? 'none';
              if (read === 'changes') world.stopped++;
              return read;
            },
          },
        });
      },
    });
    expect(report.broken).toEqual([]);
    // Seven calls to AWS for a fix, the last of them when it is closed, and four for its rollback; four to the journal for each of them.
    const [ON, AT] = [11, 8];
    expect(Object.fromEntries(Object.entries(report.kinds).map(([kind, { injected }]) => [kind, injected]))).toEqual({
      ...Object.fromEntries(ON_AWS.map((kind) => [kind, ON])),
      ...Object.fromEntries(ON_JOURNAL.map((kind) => [kind, AT])),
      duplicate: 1,
    });
    // Two clean runs, one world for each injection, and one for the crowd.
    expect(accounts).toHaveLength(2 + ON_AWS.length * ON + ON_JOURNAL.length * AT + 1);
    // One call each, also where two are under way at the same time; and each of them once.
    const disturbed = accounts.map((account) => account.calls.filter((call) => call.disturbed !== null)).filter((calls) => calls.length > 0);
    expect(disturbed.filter((calls) => calls.length !== 1)).toEqual([]);
    for (const kind of ['throttled', 'server', 'denied', 'lost', 'lost-before', 'stale', 'gone'])
      expect([kind, tally(disturbed.flat().filter((call) => call.disturbed === kind))]).toEqual([
        kind,
        { DescribeLogGroups: 6, ListTagsForResource: 3, PutRetentionPolicy: 2 },
      ]);
    expect(others).toEqual({ delete: ON, fix: ON, change: ON });
    // In the order in which they are injected: by run, by call, by kind.
    const kinds = [null, ...kindsOf(7, 4), null, ...kindsOf(4, 4), 'duplicate'];
    const of = (kind: string) => worlds.filter((_world, index) => kinds[index] === kind);
    const count = (kind: string, shows: (world: (typeof worlds)[number]) => boolean) => of(kind).filter(shows).length;
    const START = Date.parse('2026-11-24T10:00:00Z');
    expect({
      // Each call that is refused, or not acknowledged, is one; the store that is away stays away.
      unavailable: count('unavailable', (world) => world.unavailable === 1),
      unavailableAfter: count('unavailable-after', (world) => world.unavailable === 1),
      down: count('down', (world) => world.unavailable > 1),
      // Whoever has begun and does not come to its end is recovered.
      diesBefore: count('dies-before', (world) => world.recovered > 0),
      diesAfter: count('dies-after', (world) => world.recovered > 0),
      crashBefore: count('crash-before', (world) => world.recovered > 0),
      crashAfter: count('crash-after', (world) => world.recovered > 0),
      recoveredAfterDown: count('down', (world) => world.recovered > 0),
      // Before the write somebody asks once more; after it nobody does.
      stopped: count('kill-switch', (world) => world.stopped > 0),
      back: count('clock-back', ({ times }) => [...times].some((time) => time < START)),
      ahead: count('clock-ahead', ({ times }) => [...times].some((time) => time > START + 600_000 && time < START + 900_000)),
      crowd: count('duplicate', ({ journal }) => journal.filter((name) => name === 'begin').length > 1),
    }).toEqual({
      unavailable: 8,
      unavailableAfter: 8,
      down: 5,
      diesBefore: 7,
      diesAfter: 7,
      crashBefore: 4,
      crashAfter: 4,
      recoveredAfterDown: 4,
      // Two of them at the intent, which goes out beside the second look.
      stopped: 8,
      back: 11,
      ahead: 11,
      crowd: 1,
    });
  });
});

/** An engine whose journal does something else. */
const onJournal =
  (defect: (journal: Journal) => Partial<Journal>): Engine =>
  (options) =>
    createRedress({ ...options, journal: { ...bound(options.journal as Journal), ...defect(options.journal as Journal) } });
/** An engine whose clients do something with the calls that they send. */
const onClient =
  (send: (call: () => Promise<unknown>) => Promise<unknown>): Engine =>
  (options) => {
    const connect: Connect = async (target) => {
      const { client: of, ...connection } = await options.connect(target);
      if (of === undefined) throw new Error('A simulated account has clients.');
      return { ...connection, client: (service) => ({ send: (command) => send(() => of(service).send(command)) as never }) };
    };
    return createRedress({ ...options, connect });
  };
/** An engine that answers something of itself. */
const answering =
  (defect: (redress: Redress, here: Here) => Partial<Redress>): Engine =>
  (options, here) => {
    const redress = createRedress(options);
    return { ...redress, ...defect(redress, here) };
  };
/** An engine that reads the kill switch when it starts, and not again. */
const readingOnce: Engine = (options) => {
  const first = options.killSwitch?.read();
  return createRedress({ ...options, killSwitch: { read: async () => (await first) ?? 'none' } });
};
/** Does something the first time in each world, and something else after that. */
const once = () => {
  const worlds = new WeakSet<object>();
  return <T>({ account }: Here, first: () => T, then: () => T): T => (worlds.has(account) ? then() : (worlds.add(account), first()));
};
const brokenBy = ({ broken }: FaultReport) => [...new Set(broken.map(({ run, fault }) => `${run}: ${fault}`))].sort();
const whyBroken = ({ broken }: FaultReport) => [...new Set(broken.flatMap(({ why }) => why.map((each) => each.replaceAll(/x-[0-9a-z-]+/g, 'x'))))].sort();

/** What every second injection shows as well as all of them. */
const ALIKE: ReadonlySet<string> = new Set([
  'reads the kill switch when it starts, and not again',
  'takes its lease for longer than it is',
  'rolls nothing back a second time',
  'lets ten workers have one lease',
]);

const tryingOnce = () =>
  answering(
    ((first) => (redress, here) => ({
      handle: (event, run) =>
        first(
          here,
          () => redress.handle(event, run),
          () => Promise.resolve({ results: [], retry: [], counted: {} }),
        ),
      sweep: async () => [],
    }))(once()),
  );

describe('an engine that is not sound is found, by the faults that show it', () => {
  it.each<[string, Engine, string[], string[]]>([
    [
      'takes over nothing of a worker that has died',
      onJournal((journal) => ({
        open: async () => [],
        view: async (ref) => ({ ...(await journal.view(ref)), open: null }),
        begin: (request) => (request.resume === undefined ? journal.begin(request) : Promise.resolve({ status: 'stale' as const, generation: 0 })),
      })),
      ['fix', 'rollback'].flatMap((run) =>
        ['crash-after', 'crash-before', 'dies-after', 'dies-before', 'down', 'unavailable-after'].map((fault) => `${run}: ${fault}`),
      ),
      ['execution x has no outcome', 'execution x is open', 'the fix was not rolled back', 'the gap is still open'],
    ],
    [
      'has clients that send again what got no reply',
      onClient(async (call) => {
        try {
          return await call();
        } catch (error) {
          if ((error as Error).name !== 'ECONNRESET') throw error;
          return call();
        }
      }),
      ['fix: lost', 'rollback: lost'],
      ['2 changes for one gap', '2 changes on 1 intent', '3 changes for one fix and its rollback', '3 changes on 2 intents'],
    ],
    ['reads the kill switch when it starts, and not again', readingOnce, ['fix: kill-switch'], ['logs:PutRetentionPolicy was sent after changes were stopped']],
    [
      'takes its lease for longer than it is',
      onJournal((journal) => ({
        begin: async (request) => {
          const begun = await journal.begin(request);
          return begun.status === 'begun' ? { ...begun, lease: { ...begun.lease, until: begun.lease.until + 3_600_000 } } : begun;
        },
      })),
      ['fix: clock-ahead', 'rollback: clock-ahead'],
      ['logs:PutRetentionPolicy was sent after its lease had ended'],
    ],
    [
      'tries nothing a second time',
      tryingOnce(),
      [
        ...['clock-ahead', 'clock-back', 'crash-after', 'crash-before', 'denied', 'dies-after', 'dies-before', 'down', 'gone', 'kill-switch'],
        ...['lost', 'lost-before', 'server', 'stale', 'throttled', 'unavailable', 'unavailable-after'],
      ].map((fault) => `fix: ${fault}`),
      ['the gap is still open'],
    ],
    [
      'rolls nothing back a second time',
      answering(
        ((first) => (redress, here) => ({
          rollback: (execution, how) =>
            first(
              here,
              () => redress.rollback(execution, how),
              () => Promise.reject(new Error('no')),
            ),
        }))(once()),
      ),
      [
        ...['clock-ahead', 'crash-after', 'crash-before', 'denied', 'dies-after', 'dies-before', 'down', 'gone', 'lost', 'lost-before'],
        ...['server', 'stale', 'throttled', 'unavailable', 'unavailable-after'],
      ].map((fault) => `rollback: ${fault}`),
      ['the fix was not rolled back'],
    ],
    [
      'lets ten workers have one lease',
      onJournal((journal) => ({
        begin: async (request) => {
          const begun = await journal.begin(request);
          if (begun.status !== 'busy') return begun;
          const { fence, leaseUntil: until } = begun.open;
          return { status: 'begun' as const, lease: { execution: request.execution ?? '', fence, until }, record: null as never };
        },
      })),
      ['fix: duplicate'],
      ['10 changes for ten equal events', '10 changes on 1 intent'],
    ],
  ])('%s', async (name, engine, kinds, why) => {
    const report = await matrix(retention, engine, ALIKE.has(name) ? repeated(2, 1) : 1);
    expect({ kinds: brokenBy(report), why: whyBroken(report) }).toEqual({ kinds, why });
    expect(report.injected - report.survived).toBe(report.broken.length);
    for (const [kind, { injected, survived }] of Object.entries(report.kinds))
      expect([kind, injected - survived]).toEqual([kind, report.broken.filter(({ fault }) => fault === kind).length]);
  });
});

it('what people have to finish stays open only if they are notified of it', async () => {
  const engine = tryingOnce();
  let here: Here;
  const report = await faultMatrix(retention, {
    finishedByPeople: true,
    arrange: (account) => (here = { account, gap: gapOf(retention, account) }).gap,
    engine: (options) => engine(options, here),
  });
  expect(brokenBy(report)).toContain('fix: denied');
  expect(whyBroken(report)).toEqual(['the gap is still open']);
});

describe('an engine that is not sound without any fault is refused, and it is said why', () => {
  const nothing = () => Promise.resolve({ results: [], retry: [], counted: {} });
  it.each<[string, Engine, RegExp]>([
    [
      'changes something else besides',
      answering((redress, { account }) => ({
        handle: (event, run) => {
          if (account.state.logGroups['beside'] === undefined) account.act('logs', 'CreateLogGroup', { logGroupName: 'beside' });
          return redress.handle(event, run);
        },
      })),
      /the fix fails without any fault: something else than the resource was changed$/,
    ],
    ['does nothing', answering(() => ({ handle: nothing, sweep: async () => [] })), /the fix fails without any fault: the gap is still open$/],
    [
      'has it done by others',
      answering((_redress, { gap }) => ({ handle: () => (gap.others?.fix?.(), nothing()) })),
      /the fix fails without any fault: nothing was changed, and yet the gap is closed$/,
    ],
    [
      'does it twice',
      answering((redress, { gap }) => ({
        handle: async (event, run) => {
          await redress.handle(event, run);
          return redress.handle(gap.open(Date.parse('2026-11-24T10:02:30Z')), run);
        },
      })),
      /the fix fails without any fault: the gap is still open; 2 changes for one gap$/,
    ],
    [
      'sends without an intent',
      onJournal((journal) => ({
        begin: async ({ execution = '' }) => ({ status: 'begun', lease: { execution, fence: 1, until: Number.MAX_SAFE_INTEGER }, record: null as never }),
        append: (entry) => (entry.kind === 'call' ? Promise.resolve(null as never) : journal.append(entry)),
        finish: async () => null as never,
      })),
      /the fix fails without any fault: 1 change on 0 intents; logs:PutRetentionPolicy was sent without an intent$/,
    ],
    [
      'leaves an intent open',
      onJournal(() => ({ finish: async () => null as never, open: async () => [] })),
      /the fix fails without any fault: execution \S+ has no outcome; execution \S+ is open$/,
    ],
    [
      'says that it rolled something back, and did not',
      answering((redress) => ({
        rollback: async (_execution, _how) => ({ ...((await redress.plan(retention.id, SUBJECT))[0] as PassResult), outcome: 'rolled-back' }),
      })),
      /the rollback fails without any fault: the fix was not rolled back$/,
    ],
    [
      'does not say that it rolled something back',
      answering((redress) => ({ rollback: async (execution, how) => ({ ...(await redress.rollback(execution, how)), outcome: 'partial' }) })),
      /the rollback fails without any fault: it says partial$/,
    ],
    [
      'forgets holds',
      onJournal((journal) => ({ view: async (ref) => ({ ...(await journal.view(ref)), holds: [] }) })),
      /the rollback fails without any fault: what was rolled back was fixed again at once$/,
    ],
  ])('one that %s', async (_name, engine, message) => {
    await expect(matrix(retention, engine, CLEAN)).rejects.toThrow(message);
  });
});

describe('what a journal has to hold in the end', () => {
  const of = (records: readonly (readonly [kind: string, execution: string])[], open: readonly string[] = []) =>
    journalProblems({
      read: async function* () {
        for (const [kind, execution] of records) yield { record: { kind, execution } } as StoredRecord;
      },
      open: async () => open.map((execution) => ({ execution }) as never),
    });
  const [ONE, TWO] = ['x-1', 'x-2'] as const;
  it.each<[string, Parameters<typeof of>[0], string[]]>([
    ['nothing', [], []],
    ['an outcome for each intent', (['intent', 'call', 'outcome'] as const).flatMap((kind) => [ONE, TWO].map((each) => [kind, each] as const)), []],
    ['two outcomes of one', (['intent', 'outcome', 'outcome'] as const).map((kind) => [kind, ONE]), ['execution x-1 has two outcomes']],
    [
      'an intent without one, of two',
      [
        ['intent', ONE],
        ['intent', TWO],
        ['outcome', ONE],
      ],
      ['execution x-2 has no outcome'],
    ],
  ])('%s', async (_name, records, problems) => {
    expect(await of(records)).toEqual(problems);
    expect(await of(records, ['x-3'])).toEqual([...problems, 'execution x-3 is open']);
  });

  it('and a chain that cannot be read', async () => {
    const read = async function* (): AsyncGenerator<StoredRecord> {
      yield* [];
      throw new Error('Record 3: changed');
    };
    expect(await journalProblems({ read, open: async () => [] })).toEqual(['a chain is broken: Record 3: changed']);
  });
});

describe('the matrices of all remediators', () => {
  it('are one for each that writes, each with its faults', async () => {
    const seen = new Set<string>();
    const engine = (options: RedressOptions) => {
      for (const { id } of options.remediators) seen.add(id);
      return createRedress(options);
    };
    // The first injection of each, and the crowd.
    const report = await faultMatrices({ every: CLEAN, engine });
    expect([...seen].sort()).toEqual([
      'ec2-enable-ebs-encryption-by-default',
      'ec2-revoke-sg-open-admin-existing',
      'ec2-revoke-sg-open-admin-ipv6',
      'ec2-revoke-sg-open-rdp',
      'ec2-revoke-sg-open-ssh',
      'iam-flag-stale-access-key',
      'iam-strengthen-password-policy',
      'logs-raise-retention',
      's3-block-public-access-private-bucket',
      's3-enforce-default-encryption',
    ]);
    expect(report).toMatchObject({ remediators: 10, injected: 20, survived: 20, broken: [] });
    expect(report.kinds).toEqual({
      throttled: { means: 'a call is throttled', injected: 10, survived: 10 },
      duplicate: { means: 'ten equal events at once', injected: 10, survived: 10 },
    });
  });

  it('take every injection where nothing else is asked for, and name what is broken by its remediator', async () => {
    const report = await faultMatrices({
      every: repeated(2, 1),
      of: [retention, byId('iam-strengthen-password-policy')],
      engine: (options) => readingOnce(options, null as never),
    });
    const { injected, survived, broken, kinds } = report;
    // Eleven and eight calls to AWS, eight and eight to the journal; four and two of them before the write.
    expect([injected, survived, broken.length]).toEqual(repeated([185, 182, 3], [367, 361, 6]));
    const of = (kind: 'kill-switch' | 'gone' | 'down') => [kinds[kind]?.injected, kinds[kind]?.survived];
    expect([of('kill-switch'), of('gone'), of('down')]).toEqual(
      repeated(
        [
          [10, 7],
          [10, 10],
          [8, 8],
        ],
        [
          [19, 13],
          [19, 19],
          [16, 16],
        ],
      ),
    );
    expect([...new Set(broken.map(({ remediator, fault }) => `${remediator}: ${fault}`))]).toEqual([
      'logs-raise-retention: kill-switch',
      'iam-strengthen-password-policy: kill-switch',
    ]);
  });
});

describe('a remediator that is not sound is found', () => {
  it('one that does not look before it writes', async () => {
    const hasty: Remediator = {
      ...encryption,
      plan: (args) => {
        const found = encryption.plan(args);
        return found.status === 'compliant' ? encryption.plan({ ...args, state: { rules: null } }) : found;
      },
    };
    await expect(matrix(hasty, undefined, CLEAN)).rejects.toThrow(/fails without any fault/);
  });

  it('one whose undo does something else', async () => {
    const wrong: Remediator = {
      ...encryption,
      plan: (args) => {
        const found = encryption.plan(args);
        if (found.status !== 'change') return found;
        return { ...found, changes: found.changes.map((change) => ({ ...change, undo: { calls: [change.call], restores: 'exact' as const } })) };
      },
      uses: { ...encryption.uses, undoes: encryption.uses.writes },
      equivalent: (before, after) => JSON.stringify(before) === JSON.stringify(after),
    };
    await expect(matrix(wrong, undefined, CLEAN)).rejects.toThrow(/the rollback fails without any fault/);
  });

  it('one that cannot determine whether it was rolled back', async () => {
    await expect(matrix({ ...encryption, equivalent: () => false }, undefined, CLEAN)).rejects.toThrow(/the rollback fails without any fault: it says unknown/);
  });
});
