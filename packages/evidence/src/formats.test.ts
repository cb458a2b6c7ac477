// Records in standard formats. `npm run judges -- --only formats` checks whether the documents are valid.
import { digestOf, type JsonObject, newExecution, type Outcome, resource, type StoredRecord } from '@redress/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { assess, FormatsReading, ocsfEvents, oscalAssessmentResults, oscalPoam, tokenOf, uuidOf } from './formats.js';
import { memoryJournal } from './memory.js';

const ACCOUNT = '111111111111';
const NOON = Date.parse('2026-11-20T12:00:00Z');
const ref = (id: string) => resource({ type: 'AWS::S3::Bucket', id, account: ACCOUNT, region: 'eu-west-1' });
const CALLER = `arn:aws:sts::${ACCOUNT}:assumed-role/RedressFix/x-1`;

let now: number;
let journal: ReturnType<typeof memoryJournal>;
beforeEach(() => {
  now = NOON;
  journal = memoryJournal({ clock: { now: () => now } });
});

async function decided(outcome: Outcome, { id = 'a', remediator = 'test-fix', body = {} as JsonObject } = {}): Promise<void> {
  now += 1000;
  await journal.append({ kind: 'decision', resource: ref(id), remediator, body: { outcome, message: `It is ${outcome}.`, ...body } });
}
const gap = (key = 'g-1', more: JsonObject = {}): JsonObject => ({ gap: { key, state: 's', subjects: ['part'], ...more } });

async function executed(
  outcome: Outcome,
  { id = 'a', calls = 1, body = {} as JsonObject, after = { open: false } as JsonObject | null } = {},
): Promise<string> {
  const of = { resource: ref(id), remediator: 'test-fix' };
  const execution = newExecution(now);
  const { generation } = await journal.view(of.resource);
  now += 1000;
  const begun = await journal.begin({
    ...{ ...of, execution, planDigest: digestOf(1), generation, budgets: [], lease: 60_000, documents: { before: { open: true } } },
    body: { trigger: { by: 'finding', controls: ['S3.8', '2.1.4'] }, ...body },
  });
  if (begun.status !== 'begun') throw new Error(begun.status);
  const { lease } = begun;
  for (let n = 1; n <= calls; n++) {
    now += 1000;
    const call = { service: 's3', operation: 'PutPublicAccessBlock', status: 'applied', requestId: `r-${n}`, caller: CALLER };
    await journal.append({ ...of, kind: 'call', lease, body: { call } });
  }
  now += 1000;
  await journal.finish({
    ...of,
    lease,
    outcome,
    sent: calls,
    body: { message: `It is ${outcome}.`, verified: 'verified' },
    ...(after === null ? {} : { documents: { after } }),
  });
  return execution;
}

async function all(query: Parameters<typeof journal.read>[0]): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const each of journal.read(query)) found.push(each);
  return found;
}
async function events(): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for await (const event of ocsfEvents(journal.read({ all: true }))) found.push(event);
  return found;
}
const source = async () => ({ records: journal.read({ all: true }), gaps: (await journal.standing()).gaps });
const results = async () => {
  const { document } = await oscalAssessmentResults(await source());
  return (document['assessment-results'] as unknown as { results: [JsonObject] }).results[0] as unknown as Record<string, JsonObject[]>;
};
const poam = async () => (await oscalPoam(await source())).document['plan-of-action-and-milestones'] as unknown as Record<string, JsonObject[]>;

describe('OCSF', () => {
  it('a fix is a finding, a remediation, and an entity before and after, which reference each other and the resource', async () => {
    const execution = await executed('remediated');
    const made = await events();
    const [finding, remediation, entity] = made;
    const common = {
      cloud: { provider: 'AWS', region: 'eu-west-1', account: { uid: ACCOUNT, type_id: 10 } },
      metadata: { version: '1.8.0', profiles: ['cloud'], correlation_uid: execution, sequence: 3 },
      observables: [{ type_id: 10, value: 'a' }, { value: ACCOUNT }],
      time: NOON + 3000,
    };
    expect(finding).toMatchObject({
      ...common,
      ...{ class_uid: 2003, type_uid: 200301, status: 'Resolved' },
      compliance: { control: 'test-fix', status_id: 1, status: 'Pass', status_code: 'remediated', requirements: ['S3.8', '2.1.4'] },
      resources: [{ uid: 'a', type: 'AWS::S3::Bucket' }],
    });
    expect(remediation).toMatchObject({
      ...common,
      ...{ class_uid: 7001, type_uid: 700104, command_uid: execution, status_id: 1, status_detail: 'verified', start_time: NOON + 1000 },
      api: { operation: 'PutPublicAccessBlock', service: { name: 's3' }, request: { uid: 'r-1' } },
      unmapped: { calls: [{ operation: 's3:PutPublicAccessBlock', status: 'applied', request_uid: 'r-1', caller: CALLER }] },
    });
    for (const absent of ['resources', 'finding_info']) expect(remediation).not.toHaveProperty(absent);
    expect(entity).toMatchObject({
      ...common,
      ...{ class_uid: 3004, type_uid: 300403, status_id: 1, actor: { user: { uid: CALLER } } },
      entity: { uid: 'a', data: { open: true } },
      entity_result: { uid: 'a', data: { open: false } },
    });
    expect(new Set(made.map(({ metadata }) => (metadata as JsonObject)['uid'])).size).toBe(3);
    expect(made).toHaveLength(3);
  });

  it('a finding is created, updated and closed by passes; it has one id, and the time when it was first seen', async () => {
    await decided('notified', { body: gap() });
    await decided('exempt', { body: gap() });
    await executed('remediated', { calls: 0 });
    await decided('notified', { body: gap() });
    const found = (await events()).filter((each) => each['class_uid'] === 2003);
    expect(found.map(({ activity_name, status, compliance }) => [activity_name, status, (compliance as JsonObject)['status']])).toEqual([
      ['Create', 'New', 'Fail'],
      ['Update', 'Suppressed', 'Warning'],
      ['Close', 'Resolved', 'Pass'],
      ['Update', 'In Progress', 'Fail'],
    ]);
    const infos = found.map(({ finding_info }) => finding_info as JsonObject);
    expect(new Set(infos.map(({ uid }) => uid)).size).toBe(1);
    expect(infos.map(({ first_seen_time, last_seen_time }) => [first_seen_time, last_seen_time])).toEqual(
      [1, 2, 4, 5].map((n) => [NOON + 1000, NOON + n * 1000]),
    );
  });

  it.each([
    ['flagged', 4, 3],
    ['partial', 4, 3],
    ['failed', 2, 3],
    ['contested', 2, 3],
    ['unknown', 0, 3],
    ['superseded', 99, 3],
    ['rolled-back', 1, 3],
  ] as const)('an execution that is %s does not pass', async (outcome, status, compliance) => {
    await executed(outcome);
    const [finding, remediation] = await events();
    expect(remediation).toMatchObject({ status_id: status, status_code: outcome });
    expect(finding).toMatchObject({ compliance: { status_id: compliance } });
  });

  it('a rollback restores, with the person and the reason; a missing state is left out', async () => {
    await executed('rolled-back', { body: { rollbackOf: 'x-9', by: { name: 'ada' }, reason: 'it was wrong' }, after: null });
    const [finding, remediation, entity] = await events();
    expect(remediation).toMatchObject({ type_uid: 700103, activity_name: 'Restore', remediation: { desc: 'Execution x-9 was rolled back.' } });
    expect(entity?.['comment']).toContain('rolls x-9 back, by ada: it was wrong');
    expect(entity).not.toHaveProperty('entity_result');
    expect(finding?.['comment']).toBe('It was rolled back: it was wrong');
  });
});

describe('OSCAL', () => {
  it('a control is satisfied if every resource is, and nothing is in between', async () => {
    await executed('remediated', { id: 'a' });
    await executed('remediated', { id: 'b' });
    const target = async () => (await results())['findings']?.map((each) => (each['target'] as JsonObject)['status']);
    expect(await target()).toEqual([{ state: 'satisfied', reason: 'pass' }]);
    await decided('notified', { id: 'c', body: gap() });
    expect(await target()).toEqual([{ state: 'not-satisfied', reason: 'fail' }]);
    expect((await results())['findings']?.[0]).toMatchObject({ title: 'test-fix', description: '1 of 3 resources are not compliant.' });
  });

  it('an open gap is not satisfied, even if the last action passed', async () => {
    await decided('notified', { body: gap() });
    await executed('remediated', { calls: 0 });
    expect((await journal.standing()).gaps).toHaveLength(1);
    expect((await results())['findings']?.[0]).toMatchObject({ target: { status: { state: 'not-satisfied' } } });
    expect((await poam())['poam-items']).toHaveLength(1);
  });

  it('each resource is observed, with its record as evidence, and each execution is in the log', async () => {
    const execution = await executed('remediated');
    const { observations = [], findings = [] } = await results();
    const log = ((await results())['assessment-log'] as unknown as { entries: JsonObject[] }).entries;
    const [stored] = await all({ execution });
    const hex = stored?.stream.slice('sha256:'.length) ?? '';
    expect(observations).toMatchObject([
      {
        methods: ['TEST'],
        collected: '2026-11-20T12:00:03.000Z',
        'relevant-evidence': [{ href: `streams/${hex.slice(0, 2)}/${hex}.jsonl`, description: expect.stringContaining('Record 3 of the stream, sha256:') }],
      },
    ]);
    expect(findings[0]?.['related-observations']).toEqual([{ 'observation-uuid': observations[0]?.['uuid'] }]);
    expect(log).toMatchObject([{ title: 'test-fix: remediated', start: '2026-11-20T12:00:01.000Z', end: '2026-11-20T12:00:03.000Z' }]);
  });

  it('each open gap has an item with a risk, its deadline, and whether it is accepted', async () => {
    await decided('notified', { id: 'a', body: gap('g-1', { deadline: Date.parse('2026-12-01T00:00:00Z') }) });
    await decided('exempt', { id: 'b', body: gap('g-2') });
    await executed('unknown', { id: 'c' });
    await executed('remediated', { id: 'd' });
    const { 'poam-items': items = [], risks = [] } = await poam();
    const statuses = risks.map(({ title, status, deadline }) => [String(title).split(' ')[2], status, deadline]).sort();
    expect(statuses).toEqual([
      ['a', 'open', '2026-12-01T00:00:00.000Z'],
      ['b', 'deviation-approved', undefined],
      ['c', 'open', undefined],
    ]);
    expect(items.map((each) => each['related-risks'])).toEqual(risks.map(({ uuid }) => [{ 'risk-uuid': uuid }]));
  });

  it('without an open gap, one item says so, since a plan needs items', async () => {
    await executed('remediated');
    const { document, count } = await oscalPoam(await source());
    expect(count).toBe(0);
    expect(document['plan-of-action-and-milestones']).toMatchObject({ 'poam-items': [{ title: 'Nothing is open' }] });
  });

  it('the result is the same for the same records, whatever the order of their streams, and differs for others', async () => {
    await decided('notified', { id: 'a', body: gap() });
    await executed('remediated', { id: 'b' });
    await executed('failed', { id: 'c' });
    const streams = Object.values(Object.groupBy(await all({ all: true }), ({ stream }) => stream)).map((each) => each ?? []);
    const { gaps } = await journal.standing();
    const made = async (order: typeof streams) =>
      JSON.stringify([await oscalAssessmentResults({ records: order.flat(), gaps }), await oscalPoam({ records: order.flat(), gaps })]);
    expect(await made(streams.toReversed())).toBe(await made(streams));
    expect(await made(streams.slice(1))).not.toBe(await made(streams));
  });

  it('an id begins with a letter, and different ids stay different', () => {
    expect(tokenOf('ec2-revoke-sg-open-ssh')).toBe('ec2-revoke-sg-open-ssh');
    expect(tokenOf('2.1.1')).toMatch(/^control-2\.1\.1-[0-9a-f]{8}$/);
    expect(tokenOf('a b')).not.toBe(tokenOf('a_b'));
    expect(tokenOf('a b')).not.toBe(tokenOf('a/b'));
  });

  it('a UUID is of version 5 and derived from its parts', () => {
    expect(uuidOf('a', 'b')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('a', 'b')).not.toBe(uuidOf('ab'));
    // As Python's uuid.uuid5 creates it.
    expect(uuidOf('finding', 'test-fix')).toBe('9576cc05-b723-5644-a51f-3dff21bf09d2');
  });
});

describe('one reading for all formats', () => {
  it('has the events and the assessment of a single reading for each', async () => {
    await decided('notified', { body: gap() });
    await executed('remediated');
    await decided('exempt', { id: 'b', body: gap('g-2') });
    await executed('rolled-back', { body: { rollbackOf: 'x-0', by: { name: 'dana' }, reason: 'it broke' } });
    await executed('failed', { id: 'c', calls: 2 });
    const records = await all({ all: true });
    const reading = new FormatsReading();
    const events = records.flatMap((each) => reading.add(each));
    const apart: JsonObject[] = [];
    for await (const each of ocsfEvents(records)) apart.push(each);
    expect(events).toEqual(apart);
    expect(events).toHaveLength(2 + 3 * 3);
    expect(reading.done()).toEqual(await assess({ records, gaps: (await journal.standing()).gaps }));
  });

  it('makes no event of what was before the given time, and uses it in those after it', async () => {
    await decided('notified', { body: gap() });
    const since = now + 1;
    await decided('no-op');
    const records = await all({ all: true });
    const whole = new FormatsReading();
    const later = new FormatsReading(since);
    const [, second] = records.flatMap((each) => whole.add(each));
    expect(records.flatMap((each) => later.add(each))).toEqual([second]);
    expect(second).toMatchObject({ activity_name: 'Close', finding_info: { first_seen_time: since - 1 } });
    expect(later.done()).toEqual(whole.done());
  });
});
