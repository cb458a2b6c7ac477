// Records against CloudTrail: changes without a record, records without an event, and cases that prove nothing.
import { digestOf, type JsonObject, newExecution, resource } from '@redress/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryJournal } from './memory.js';
import { type Comparison, Coverage, isWanted, mayHold, readTrail, reconcile, recordedOf, trailFile } from './reconcile.js';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const REGION = 'eu-west-1';
const HOUR = 3_600_000;
const NOON = Date.parse('2026-11-20T12:00:00Z');
const ROLE = 'RedressFix';

let now: number;
let journal: ReturnType<typeof memoryJournal>;
beforeEach(() => {
  now = NOON;
  journal = memoryJournal({ clock: { now: () => now } });
});

interface Made {
  readonly execution: string;
  readonly session: string;
}

/** An execution with calls; one that is not finished stays open. */
async function executed(
  calls: readonly JsonObject[],
  { id = 'sg-1', account = ACCOUNT, region = REGION, finish = true, session = null as string | null } = {},
): Promise<Made> {
  const ref = resource({ type: 'AWS::EC2::SecurityGroup', id, account, region });
  const execution = newExecution(now);
  const begun = await journal.begin({
    resource: ref,
    remediator: 'test-fix',
    planDigest: digestOf({ id }),
    generation: (await journal.view(ref)).generation,
    execution,
    budgets: [],
    lease: 60_000,
    body: { identity: `arn:aws:sts::${account}:assumed-role/RedressRead/redress-read` },
  });
  if (begun.status !== 'begun') throw new Error(begun.status);
  const name = session ?? execution;
  const caller = `arn:aws:sts::${account}:assumed-role/${ROLE}/${name}`;
  for (const call of calls)
    await journal.append({
      ...{ kind: 'call', lease: begun.lease, resource: ref, remediator: 'test-fix' },
      body: { call: { service: 'ec2', operation: 'RevokeSecurityGroupIngress', status: 'applied', caller, ...call } },
    });
  if (finish) await journal.finish({ lease: begun.lease, outcome: 'remediated', sent: calls.length, resource: ref, remediator: 'test-fix', body: {} });
  return { execution, session: name };
}

let numbered = 0;
/** A record of CloudTrail in a log file. */
function logged(over: { requestID?: string | null; session?: string; account?: string; identity?: JsonObject; role?: string } & JsonObject = {}): JsonObject {
  const { session = 'x', account = ACCOUNT, identity = {}, role = ROLE, ...more } = over;
  return {
    eventVersion: '1.09',
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
      accountId: account,
      sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/security/${role}` } },
      ...identity,
    },
    eventTime: new Date(now).toISOString().replace('.000Z', 'Z'),
    eventSource: 'ec2.amazonaws.com',
    eventName: 'RevokeSecurityGroupIngress',
    awsRegion: REGION,
    eventID: `e-${String(++numbered).padStart(6, '0')}`,
    eventType: 'AwsApiCall',
    readOnly: false,
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
    ...more,
  };
}

/** Two days later, in a trail that covers everything. */
async function found(records: readonly JsonObject[], over: Partial<Comparison> = {}) {
  const recorded = await recordedOf(journal.read({ all: true }));
  const coverage = new Coverage(900_000);
  for (const account of [ACCOUNT, OTHER])
    for (const region of [REGION, 'us-east-1']) coverage.asked(account, region, { from: NOON - 48 * HOUR, until: NOON + 48 * HOUR });
  const { events, mistakes } = readTrail({ Records: records });
  expect(mistakes).toEqual([]);
  return reconcile({
    recorded,
    events: events.filter(isWanted(recorded, over.principals)),
    coverage,
    period: { from: NOON - 24 * HOUR, until: NOON + 24 * HOUR },
    grace: 24 * HOUR,
    delay: 900_000,
    now: NOON + 48 * HOUR,
    ...over,
  });
}

describe('a change that both have', () => {
  it('is matched by the request id, whatever CloudTrail calls the operation', async () => {
    const { session } = await executed([{ requestId: 'r-1' }, { requestId: 'r-2' }]);
    const { discrepancies, events, records } = await found([
      logged({ requestID: 'r-1', session }),
      logged({ requestID: 'r-2', session, eventName: 'RevokeSecurityGroupIngress20160915' }),
      logged({ requestID: 'r-3', role: 'Somebody' }),
    ]);
    expect({ discrepancies, events, records }).toEqual({
      discrepancies: [],
      events: { ours: 2, byRequest: 2, byExecution: 0, failed: 0, byServices: 0, ignored: 0 },
      records: { calls: 2, confirmed: 2, notComparable: 0 },
    });
  });

  it('is counted once, in however many files its event is', async () => {
    const { session } = await executed([{ requestId: 'r-1' }]);
    const event = logged({ requestID: 'r-1', session });
    expect(await found([event, event])).toMatchObject({ discrepancies: [], events: { ours: 1, byRequest: 1 } });
  });

  it('with a lost reply is matched by its execution, once for each call', async () => {
    const { session } = await executed([{ requestId: null, observedBy: 'look' }]);
    const one = logged({ requestID: 'r-8', session });
    expect(await found([one])).toMatchObject({ discrepancies: [], events: { byExecution: 1 }, records: { calls: 1, confirmed: 1 } });
    expect((await found([one, logged({ requestID: 'r-9', session })])).discrepancies).toMatchObject([{ kind: 'orphan', requestId: 'r-9' }]);
  });

  it('that a worker made before it died is matched by its execution or its source identity', async () => {
    const { session, execution } = await executed([], { finish: false });
    expect(await found([logged({ requestID: 'r-1', session })])).toMatchObject({ discrepancies: [], events: { ours: 1, byExecution: 1 } });
    const sourced = logged({
      requestID: 'r-1',
      session: 'other',
      identity: { sessionContext: { sourceIdentity: `redress-${execution}` } },
    });
    expect(await found([sourced])).toMatchObject({ discrepancies: [], events: { byExecution: 1 } });
    expect((await found([logged({ requestID: 'r-1', session }), sourced])).discrepancies).toMatchObject([{ kind: 'orphan', execution }]);
  });

  it('of a worker that died is matched even if recovery has closed its execution', async () => {
    const { session, execution } = await executed([], { finish: false });
    now += HOUR;
    const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-1', account: ACCOUNT, region: REGION });
    const resumed = await journal.begin({
      ...{ resource: ref, remediator: 'test-fix', planDigest: digestOf({ id: 'sg-1' }), generation: 0, budgets: [], lease: 60_000, body: {} },
      resume: execution,
    });
    if (resumed.status !== 'begun') throw new Error(resumed.status);
    await journal.finish({ lease: resumed.lease, outcome: 'remediated', sent: 1, resource: ref, remediator: 'test-fix', body: { observedBy: 'recovery' } });
    const two = [logged({ requestID: 'r-1', session }), logged({ requestID: 'r-2', session })];
    expect(await found(two.slice(0, 1))).toMatchObject({ discrepancies: [], events: { byExecution: 1 } });
    // A worker has one call in progress.
    expect((await found(two)).discrepancies).toMatchObject([{ kind: 'orphan' }]);
  });
});

describe('an orphan', () => {
  it('is a change by our role that no record has, with the reason', async () => {
    const { session, execution } = await executed([{ requestId: 'r-1' }]);
    const gone = newExecution(now);
    const elsewhere = await executed([{ requestId: 'r-2' }], { account: OTHER, id: 'sg-2', finish: false });
    const { discrepancies } = await found([
      logged({ requestID: 'r-1', session }),
      logged({ requestID: 'r-2', session: elsewhere.session, account: OTHER }),
      logged({ requestID: 'o-1', session: 'redress-write' }),
      logged({ requestID: 'o-2', session: gone }),
      logged({ requestID: 'o-3', session }),
      logged({ requestID: 'o-4', session: elsewhere.session }),
      logged({ requestID: 'o-5', session: 'redress-read', role: 'RedressRead' }),
      logged({ requestID: null as never, session: 'who' }),
    ]);
    expect(discrepancies.map(({ kind, requestId, execution: of, message }) => [kind, requestId, of, message.split(': ')[1]])).toEqual([
      ['orphan', 'o-1', null, 'its session belongs to no execution.'],
      ['orphan', 'o-2', gone, 'its execution is in no record.'],
      ['orphan', 'o-3', execution, 'its execution is recorded, but this call is not.'],
      ['orphan', 'o-4', elsewhere.execution, `its execution belongs to account ${OTHER}.`],
      ['orphan', 'o-5', null, 'its session belongs to no execution.'],
      ['orphan', null, null, 'its session belongs to no execution.'],
    ]);
  });

  it('is found by the name of the session if no record is left that names the role', async () => {
    expect((await found([logged({ requestID: 'r-1', session: newExecution(now) })])).discrepancies).toMatchObject([{ kind: 'orphan', requestId: 'r-1' }]);
    expect((await found([logged({ requestID: 'r-1', session: 'ada' })])).discrepancies).toEqual([]);
    for (const principal of [ROLE, `arn:aws:iam::${ACCOUNT}:role/security/${ROLE}`])
      expect((await found([logged({ requestID: 'r-1', session: 'ada' })], { principals: [principal] })).discrepancies).toHaveLength(1);
    expect((await found([logged({ requestID: 'r-1', session: 'ada' })], { principals: [`arn:aws:iam::${OTHER}:role/${ROLE}`] })).discrepancies).toEqual([]);
  });

  it('is by our role in any account, but by a person only in the recorded accounts', async () => {
    await executed([{ requestId: 'r-1' }]);
    expect((await found([logged({ requestID: 'r-9', session: 'x', account: OTHER })])).discrepancies.filter(({ kind }) => kind === 'orphan')).toHaveLength(1);
    journal = memoryJournal({ clock: { now: () => now } });
    await executed([{ requestId: 'r-1' }], { session: 'ada' });
    const { discrepancies } = await found([logged({ requestID: 'r-9', session: 'bob', account: OTHER })]);
    expect(discrepancies.map(({ kind }) => kind)).toEqual(['ghost']);
  });

  it('is not a call that failed, only read, was about data, was made by a service on our behalf, or was omitted', async () => {
    await executed([{ requestId: 'r-1' }]);
    const { events, discrepancies } = await found(
      [
        logged({ requestID: 'r-1' }),
        logged({ requestID: 'f', errorCode: 'Client.UnauthorizedOperation' }),
        logged({ requestID: 'd', eventName: 'DescribeInstances', readOnly: true }),
        logged({ requestID: 'p', eventName: 'PutObject', eventSource: 's3.amazonaws.com', eventCategory: 'Data', managementEvent: false }),
        logged({ requestID: 's', identity: { invokedBy: 'cloudformation.amazonaws.com' } }),
        logged({ requestID: 'l', eventSource: 'logs.amazonaws.com', eventName: 'CreateLogStream' }),
        logged({ requestID: 'w', eventType: 'AwsServiceEvent' }),
        logged({ requestID: 'i', eventSource: 'ssm.amazonaws.com', eventName: 'PutParameter' }),
      ],
      { ignored: ['ssm:PutParameter'] },
    );
    expect(discrepancies).toEqual([]);
    expect(events).toEqual({ ours: 5, byRequest: 1, byExecution: 0, failed: 1, byServices: 1, ignored: 2 });
  });
});

describe('a ghost', () => {
  it('is a record without an event in CloudTrail, after the grace time', async () => {
    const { execution } = await executed([{ requestId: 'r-1' }]);
    const ghost = { kind: 'ghost', requestId: 'r-1', execution, event: null, record: { seq: 2 }, account: ACCOUNT, region: REGION };
    expect((await found([])).discrepancies).toMatchObject([ghost]);
    // To the millisecond.
    expect(await found([], { now: NOON + 24 * HOUR })).toMatchObject({ discrepancies: [ghost], waiting: [] });
    expect(await found([], { now: NOON + 24 * HOUR - 1 })).toMatchObject({ discrepancies: [], waiting: [{ requestId: 'r-1', late: true }] });
    expect(await found([], { now: NOON + 900_000 - 1 })).toMatchObject({ discrepancies: [], waiting: [{ late: false }] });
  });

  it('is a change that was observed, and that the execution did not make', async () => {
    const { session } = await executed([{ requestId: null, observedBy: 'look' }]);
    expect((await found([])).discrepancies).toMatchObject([{ kind: 'ghost', message: expect.stringContaining('Somebody else may have made it') }]);
    // A call that may have been made does not explain the event if there is one that was made.
    await executed(
      [
        { requestId: null, status: 'not-applied' },
        { requestId: null, observedBy: 'look' },
      ],
      { id: 'sg-2' },
    );
    const of2 = (await recordedOf(journal.read({ all: true }))).calls.at(-1)?.execution ?? '';
    expect((await found([logged({ session }), logged({ session: of2 })])).discrepancies).toEqual([]);
  });

  it('is not a call that was refused or is unknown, and nothing that a runbook did', async () => {
    await executed([
      { requestId: 'r-1', status: 'refused' },
      { requestId: 'r-2', status: 'unknown' },
      { caller: null, observedBy: 'look' },
    ]);
    expect(await found([])).toMatchObject({ discrepancies: [], records: { calls: 0, notComparable: 0 } });
  });

  it('does not exist if nothing identifies the call: that is counted', async () => {
    await executed([{ requestId: null, observedBy: 'look' }], { session: 'ada' });
    expect(await found([])).toMatchObject({ discrepancies: [], records: { calls: 1, confirmed: 0, notComparable: 1 } });
  });

  it('is looked for where CloudTrail records resources without a region', async () => {
    await executed([{ requestId: 'r-1' }], { region: 'aws-global' });
    expect((await found([])).discrepancies).toMatchObject([{ kind: 'ghost', region: 'us-east-1' }]);
  });
});

describe('a contradiction', () => {
  it('is a call that was made according to the record and failed according to CloudTrail, or the other way round', async () => {
    const { session } = await executed([{ requestId: 'r-1' }, { requestId: 'r-2', status: 'refused' }, { requestId: 'r-3' }]);
    const { discrepancies } = await found([
      logged({ requestID: 'r-1', session, errorCode: 'AccessDenied' }),
      logged({ requestID: 'r-2', session }),
      logged({ requestID: 'r-3', session, account: OTHER }),
    ]);
    expect(discrepancies.map(({ kind, requestId, message }) => [kind, requestId, message])).toEqual([
      ['contradiction', 'r-1', 'The record says that the call was made; CloudTrail says that it failed with AccessDenied.'],
      ['contradiction', 'r-2', 'The record says that the call was refused; CloudTrail says that it was made.'],
      ['contradiction', 'r-3', `The record names account ${ACCOUNT}; CloudTrail has the call in account ${OTHER}.`],
    ]);
  });

  it('does not exist if an event is shared with another account', async () => {
    const { session } = await executed([{ requestId: 'r-1' }]);
    expect((await found([logged({ requestID: 'r-1', session, account: OTHER }), logged({ requestID: 'r-1', session })])).discrepancies).toEqual([]);
  });
});

describe('the period', () => {
  it('limits what is judged, and matches what is next to it', async () => {
    const { session } = await executed([{ requestId: 'r-1' }]);
    const event = logged({ requestID: 'r-1', session, eventTime: '2026-11-20T11:59:59Z' });
    const from = NOON;
    // The event is before it, its record in it.
    expect(await found([event], { period: { from, until: NOON + HOUR } })).toMatchObject({
      discrepancies: [],
      records: { calls: 1, confirmed: 1 },
      events: { ours: 0 },
    });
    expect(await found([event], { period: { from: NOON - HOUR, until: from } })).toMatchObject({
      discrepancies: [],
      records: { calls: 0 },
      events: { ours: 1 },
    });
    expect((await found([], { period: { from: NOON + 1, until: NOON + HOUR } })).discrepancies).toEqual([]);
  });

  it('covers only these accounts', async () => {
    await executed([{ requestId: 'r-1' }]);
    const orphan = logged({ requestID: 'r-2', account: OTHER });
    expect((await found([orphan], { accounts: new Set([ACCOUNT]) })).discrepancies.map(({ kind }) => kind)).toEqual(['ghost']);
    expect((await found([orphan], { accounts: new Set([OTHER]) })).discrepancies.map(({ kind }) => kind)).toEqual(['orphan']);
  });
});

describe('a gap in the trail', () => {
  const uncovered = async (coverage: Coverage) => {
    const { discrepancies, uncovered: gaps } = await found([], { coverage });
    return discrepancies.length > 0 ? discrepancies.map(({ kind }) => kind) : gaps.map(({ reason, records }) => [records, reason]);
  };
  const file = (name: string) => {
    const parsed = trailFile(name);
    if (parsed === null) throw new Error(name);
    return parsed;
  };
  const LOG = `${ACCOUNT}_CloudTrail_${REGION}_20261120T1205Z_AbCdEfGhIjKlMnOp.json.gz`;

  it('is reported, with the reason, and is not a ghost', async () => {
    await executed([{ requestId: 'r-1' }]);
    const coverage = new Coverage(900_000);
    expect(await uncovered(coverage)).toEqual([[1, 'nothing was read from the account']]);
    coverage.seen({ account: ACCOUNT, region: 'us-east-1', time: NOON });
    expect(await uncovered(coverage)).toEqual([[1, 'nothing of the region was read']]);
    coverage.seen({ account: ACCOUNT, region: REGION, time: NOON + 24 * HOUR });
    expect(await uncovered(coverage)).toEqual([[1, 'no log file of that day was read']]);
    coverage.file(file(LOG));
    expect(await uncovered(coverage)).toEqual(['ghost']);
  });

  it('includes what comes after the newest file', async () => {
    await executed([{ requestId: 'r-1' }]);
    const coverage = new Coverage(900_000);
    coverage.file(file(LOG.replace('1205Z', '1155Z')));
    expect(await uncovered(coverage)).toEqual([[1, 'it is after the newest log file']]);
  });

  it('is known from digests if there are some: also that nothing was delivered, and what is missing', async () => {
    await executed([{ requestId: 'r-1' }]);
    const digest = (from: string, until: string, files: string[]) =>
      readTrail({
        awsAccountId: ACCOUNT,
        digestStartTime: from,
        digestEndTime: until,
        digestS3Object: `p/AWSLogs/${ACCOUNT}/CloudTrail-Digest/${REGION}/2026/11/20/${ACCOUNT}_CloudTrail-Digest_${REGION}_t_us-east-1_20261120T130000Z.json.gz`,
        logFiles: files.map((s3Object) => ({ s3Bucket: 'b', s3Object })),
      }).digest as NonNullable<ReturnType<typeof readTrail>['digest']>;
    const of = (...digests: ReturnType<typeof digest>[]) => {
      const coverage = new Coverage(900_000);
      for (const each of digests) coverage.digest(each);
      return coverage;
    };
    const [before, noon] = [digest('2026-11-20T10:50:00Z', '2026-11-20T11:50:00Z', []), digest('2026-11-20T11:50:00Z', '2026-11-20T12:50:00Z', [])];
    expect(await uncovered(of(before))).toEqual([[1, 'no digest file covers it']]);
    // Nothing was delivered in that hour, and a digest says so.
    expect(await uncovered(of(before, noon))).toEqual(['ghost']);
    // Calls at its end are delivered in the next hour.
    expect(await uncovered(of(digest('2026-11-20T11:10:00Z', '2026-11-20T12:10:00Z', [])))).toEqual([[1, 'no digest file covers it']]);
    const missing = of(digest('2026-11-20T11:50:00Z', '2026-11-20T12:50:00Z', [`AWSLogs/${ACCOUNT}/CloudTrail/${REGION}/2026/11/20/${LOG}`]));
    expect(missing.missing).toEqual([LOG]);
    expect(await uncovered(missing)).toEqual([[1, 'a log file that the digest names was not read']]);
    missing.file(file(LOG));
    expect([missing.missing, await uncovered(missing)]).toEqual([[], ['ghost']]);
  });
});

describe('readTrail', () => {
  it('reads log files, responses of LookupEvents, lists and single records', () => {
    const record = logged({ requestID: 'r-1' });
    const [event] = readTrail({ Records: [record] }).events;
    expect(event).toMatchObject({ account: ACCOUNT, operation: 'ec2:RevokeSecurityGroupIngress', requestId: 'r-1', sessionName: 'x', errorCode: null });
    for (const document of [{ Events: [{ EventId: 'e', CloudTrailEvent: JSON.stringify(record) }] }, [record], record])
      expect(readTrail(document).events).toEqual([event]);
  });

  it('names by its position what is not an event, and continues', () => {
    const { events, mistakes, records } = readTrail({
      Records: [
        logged(),
        { ...logged(), eventTime: 'yesterday' },
        7,
        { ...logged(), recipientAccountId: 'me' },
        { ...logged(), awsRegion: '*' },
        { ...logged(), eventID: null },
      ],
    });
    expect([events.length, records]).toEqual([1, 6]);
    expect(mistakes.map(({ code, path, message }) => [code, path, message])).toEqual([
      ['trail/not-an-event', 'Records.1', 'It has no eventTime.'],
      ['trail/not-an-event', 'Records.2', 'It is not an object.'],
      ['trail/not-an-event', 'Records.3', 'It names no account.'],
      ['trail/not-an-event', 'Records.4', 'It names no region.'],
      ['trail/not-an-event', 'Records.5', 'It names no operation: eventSource, eventName or eventID is missing.'],
    ]);
    expect(readTrail({ Events: [{ CloudTrailEvent: '{' }] }).mistakes).toMatchObject([{ path: 'Events.0', message: 'Its CloudTrailEvent is not JSON.' }]);
    for (const other of [null, 'text', {}, { logFiles: 3 }]) expect(readTrail(other).mistakes).toMatchObject([{ code: 'trail/not-cloudtrail', path: null }]);
  });

  it('infers from its name whether a call without readOnly is a read', () => {
    const { readOnly: _, ...old } = logged();
    expect(readTrail([{ ...old, eventName: 'DescribeInstances' }]).events).toEqual([]);
    expect(readTrail([old]).events).toHaveLength(1);
  });
});

it('the tree of a trail is only walked where it may hold what is needed', () => {
  const wanted = { from: Date.parse('2026-11-20T01:00:00Z'), until: Date.parse('2026-11-20T20:00:00Z'), accounts: new Set([ACCOUNT]) };
  const day = (account: string, date: string, kind = 'CloudTrail') => `copy/AWSLogs/o-abcdefghij/${account}/${kind}/${REGION}/${date}/`;
  for (const path of [
    'copy/',
    'copy/AWSLogs/',
    `copy/AWSLogs/${ACCOUNT}/`,
    'notes/today.json',
    day(ACCOUNT, '2026'),
    day(ACCOUNT, '2026/11'),
    day(ACCOUNT, '2026/11/20'),
  ])
    expect(mayHold(path, wanted), path).toBe(true);
  // Delivered after midnight, three hours at most.
  for (const path of [day(ACCOUNT, '2026/11/19'), day(ACCOUNT, '2026/11/20', 'CloudTrail-Digest'), `${day(ACCOUNT, '2026/11/20')}a.json.gz`])
    expect(mayHold(path, wanted), path).toBe(true);
  for (const path of [
    day(OTHER, '2026/11/20'),
    day(ACCOUNT, '2025'),
    day(ACCOUNT, '2026/10'),
    day(ACCOUNT, '2026/11/18'),
    day(ACCOUNT, '2026/11/21'),
    `copy/AWSLogs/${ACCOUNT}/elasticloadbalancing/`,
    day(ACCOUNT, '2026/11/20', 'CloudTrail-Insight'),
  ])
    expect(mayHold(path, wanted), path).toBe(false);
});
