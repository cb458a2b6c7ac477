// Lost replies, dead workers and tampering, on a model of DynamoDB and S3 that test/model.test.ts compares with the emulator.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { breakerOf, canonicalJson, digestOf, digestText, type Journal, type Json, type Lease, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsError, Model } from '../../test/support/model.js';
import { all, HOUR, opened, ref, request, seeded, verified } from '../../test/support/world.js';
import { awsJournal, exportJournal } from '../aws.js';

/** More than fits into an item. */
const large = (more: object = {}) => ({ ...more, text: 'x'.repeat(70_000) });

describe('requests to the store', () => {
  /** The requests of a fix in order, and what they wrote: by a new worker, or by one that is warm. */
  const fix = async (model: Model, journal: Journal, calls: number, documents: { [name: string]: Json }) => {
    const asked: string[][] = [];
    const write = vi.spyOn(model, 'send').mockImplementation(function (this: Model, command) {
      asked.at(-1)?.push(command.constructor.name.replace('Command', ''));
      return Model.prototype.send.call(this, command);
    });
    const step = async <T>(work: () => Promise<T>): Promise<T> => {
      asked.push([]);
      return work();
    };
    model.written.clear();
    const { generation } = await step(() => journal.view(ref()));
    const begun = await step(() =>
      journal.begin(request('a', { generation, breaker: undefined, budgets: [{ key: 'k', changes: 10, window: HOUR }], documents })),
    );
    if (begun.status !== 'begun') throw new Error(begun.status);
    const of = { resource: ref(), remediator: 'r', lease: begun.lease } as const;
    for (let n = 0; n < calls; n++) await step(() => journal.append({ ...of, kind: 'call', body: { n } }));
    await step(() => journal.finish({ ...of, outcome: 'remediated', sent: calls, body: {}, documents: { after: { calls } } }));
    write.mockRestore();
    return { asked, writes: [...model.written.values()].reduce((sum, count) => sum + count, 0) };
  };
  const few = { before: { id: 'a' }, plan: { fix: 'a' }, observation: { id: 'a', tags: {} } };
  const one = ['TransactWriteItems'];

  it.each([1, 2, 3])('are one for each step of a fix of %i calls, on a new stream and on a known one', async (calls) => {
    const model = new Model('t', 'b', { random: seeded(3) });
    const journal = opened(model);
    // Before the first execution: whether the table was set back behind its ledger.
    const steps = (begin = one) => [['BatchGetItem'], begin, ...Array.from({ length: calls }, () => one), one];
    const first = steps(['GetObject', 'TransactWriteItems']);
    // Record and head per step; the execution and the budget; once per resource and remediator its place in the track record.
    expect(await fix(model, journal, calls, few)).toEqual({ asked: first, writes: 2 * (2 + calls) + 2 + 1 });
    // By the same worker, and by a new one.
    expect(await fix(model, journal, calls, few)).toEqual({ asked: steps(), writes: 2 * (2 + calls) + 2 });
    expect(await fix(model, opened(model), calls, few)).toEqual({ asked: first, writes: 2 * (2 + calls) + 2 });
    expect(model.objects.size).toBe(0);
  });

  it('are three in sequence if the record of a call is written while something else is awaited', async () => {
    const model = new Model('t', 'b', { random: seeded(3) });
    const journal = opened(model);
    const { generation } = await journal.view(ref());
    const begun = await journal.begin(request('a', { generation }));
    if (begun.status !== 'begun') throw new Error(begun.status);
    const of = { resource: ref(), remediator: 'r', lease: begun.lease } as const;
    // Requested in one turn: the outcome waits only for the record before it.
    const call = journal.append({ ...of, kind: 'call', body: {} });
    const outcome = journal.finish({ ...of, outcome: 'remediated', sent: 1, body: {} });
    expect([(await call).seq, (await outcome).seq]).toEqual([2, 3]);
    expect(Object.fromEntries(model.counts)).toEqual({ BatchGetItem: 1, GetObject: 1, TransactWriteItems: 3 });
  });

  it('are one more, before the transaction, if documents are too large for an item', async () => {
    const model = new Model('t', 'b', { random: seeded(3) });
    const { asked } = await fix(model, opened(model), 1, { ...few, before: large({ id: 'a' }), observation: large({ id: 'a', tags: {} }) });
    expect(asked).toEqual([['BatchGetItem'], ['GetObject', 'PutObject', 'PutObject', 'TransactWriteItems'], one, one]);
    expect(model.objects.size).toBe(2);
  });
});

it('refuses on the current state, not on what it has cached', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const [mine, other] = [opened(model), opened(model)];
  const begun = await other.begin(request('a'));
  expect((await mine.begin(request('a'))).status).toBe('busy');
  await other.finish({ resource: ref(), remediator: 'r', lease: (begun as { lease: Lease }).lease, outcome: 'remediated', sent: 1, body: {} });
  expect((await mine.begin(request('a', { generation: 1 }))).status).toBe('begun');
});

it('lists what is open and what waits, of every resource, whoever wrote it', async () => {
  const model = new Model('t', 'b', { overlap: false });
  // Enough that every shard of an index has some.
  const ids = Array.from({ length: 40 }, (_, n) => `r-${String(n).padStart(2, '0')}`);
  expect(new Set(ids.map((id) => Number.parseInt(streamOf(ref(id)).slice(7, 9), 16) % 8)).size).toBe(8);
  for (const id of ids) {
    const approval = { id: `a-${id}`, planDigest: digestOf(1), discharges: [], expires: Date.now() + HOUR };
    await opened(model).append({ kind: 'decision', resource: ref(id), remediator: 'r', body: { approval } });
    await opened(model).begin(request(id));
  }
  expect((await opened(model).open()).map(({ resource }) => resource.id).sort()).toEqual(ids);
  expect((await opened(model).approvals()).map(({ resource }) => resource.id).sort()).toEqual(ids);
});

it('continues from a head of the last version, which does not record who did what: then anyone may have done it', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const of = { kind: 'decision', resource: ref(), remediator: 'r' } as const;
  const approval = { id: 'a-1', planDigest: digestOf(1), discharges: [], expires: Date.now() + HOUR };
  await opened(model).append({ ...of, body: { subjects: ['one'], approval } });
  expect((await opened(model).view(ref())).approvals).toMatchObject([{ causedBy: [] }]);
  const head = [...model.items].find(([at]) => at.includes('\u0000head'))?.[1] as Record<string, { B: Uint8Array }>;
  const { deeds, ...last } = JSON.parse(gunzipSync((head['state'] as { B: Uint8Array }).B).toString('utf8'));
  expect(deeds).toMatchObject({ done: [], forgotten: null });
  head['state'] = { B: gzipSync(JSON.stringify(last)) };
  expect((await opened(model).view(ref())).approvals).toMatchObject([{ causedBy: [null] }]);
  await opened(model).append({ ...of, body: { trigger: { by: 'finding', actor: 'arn:eve', call: 'x:Y', parts: ['one'] } } });
  expect((await opened(model).approvals())[0]?.causedBy).toEqual(['arn:eve', null]);
  expect(await verified(model)).toMatchObject({ report: { status: 'intact' } });
});

describe('a store that fails', () => {
  /** Clients that do to the n-th request what is given. */
  const failing = (model: Model, at: number, how: 'dead-before' | 'dead-after' | 'lost-before' | 'lost-after') => {
    let n = 0;
    let dead = false;
    const send = async (command: never): Promise<unknown> => {
      if (dead) throw new AwsError('Error', 'the worker is dead', null);
      const here = n++ === at;
      if (!here) return model.send(command);
      if (how.startsWith('dead')) dead = true;
      if (how.endsWith('after')) await model.send(command);
      throw new AwsError('TimeoutError', 'socket hang up', null);
    };
    return { clients: { dynamodb: { send }, s3: { send } }, requests: () => n };
  };
  const budgets = [{ key: 'k', changes: 2, window: HOUR }];
  const work = async (journal: Journal) => {
    const { generation } = await journal.view(ref());
    const documents = { before: large({ id: 'a' }), plan: { fix: 'a' }, observation: large({ id: 'a', tags: {} }) };
    const begun = await journal.begin(request('a', { generation, budgets, documents }));
    if (begun.status !== 'begun') throw new Error(begun.status);
    const of = { resource: ref(), remediator: 'r', lease: begun.lease } as const;
    await journal.append({ ...of, kind: 'call', body: {} });
    await journal.finish({ ...of, outcome: 'remediated', sent: 1, body: {}, documents: { after: large() } });
  };
  // 1 view, 1 read of the checkpoint, 2 large documents, begin with a small one, call, 1 large document, finish.
  const REQUESTS = 8;

  it('is called eight times for a fix of one call with three large documents', async () => {
    const { clients, requests } = failing(new Model('t', 'b'), -1, 'lost-after');
    await work(awsJournal({ table: 't', bucket: 'b', clients }));
    expect(requests()).toBe(REQUESTS);
  });

  for (const tokens of [true, false])
    it.each(Array.from({ length: REQUESTS }, (_, at) => at))(`does nothing twice when reply or request %i is lost (tokens: ${tokens})`, async (at) => {
      for (const how of ['lost-before', 'lost-after'] as const) {
        const model = new Model('t', 'b', { tokens, random: seeded(at) });
        await work(awsJournal({ table: 't', bucket: 'b', clients: failing(model, at, how).clients }));
        const records = await all(opened(model));
        expect(records.map(({ record, documents }) => [record.kind, Object.keys(documents)])).toEqual([
          ['intent', ['before', 'observation', 'plan']],
          ['call', []],
          ['outcome', ['after']],
        ]);
        expect(await verified(model)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact' } });
        // Counted once: there is room for one more, and no second one.
        expect((await opened(model).begin(request('b', { budgets }))).status).toBe('begun');
        expect((await opened(model).begin(request('c', { budgets }))).status).toBe('over-budget');
      }
    });

  it.each(Array.from({ length: REQUESTS }, (_, at) => at))(
    'has all or nothing of a step when its worker dies at request %i, and the next worker continues',
    async (at) => {
      for (const how of ['dead-before', 'dead-after'] as const) {
        const model = new Model('t', 'b', { random: seeded(at) });
        let time = 1_800_000_000_000;
        const clock = { now: () => time };
        const { clients } = failing(model, at, how);
        await work(awsJournal({ table: 't', bucket: 'b', clients, clock, patience: 50 })).catch((error: unknown) =>
          expect(error).toMatchObject({ code: 'journal/unavailable', retryable: true }),
        );
        const found = await verified(model);
        expect(found).toMatchObject({ cut: [], tampered: [] });
        time += 60_001;
        const journal = opened(model, { clock });
        const [open] = await journal.open();
        const kinds = (await all(journal)).map(({ record }) => record.kind);
        expect(open !== undefined).toBe(kinds.includes('intent') && !kinds.includes('outcome'));
        if (open !== undefined) {
          const taken = await journal.begin(request('a', { resume: open.execution }));
          if (taken.status !== 'begun') throw new Error(taken.status);
          await journal.finish({ resource: ref(), remediator: 'r', lease: taken.lease, outcome: 'unknown', sent: 0, body: {} });
        }
        expect(await journal.open()).toEqual([]);
        const view = await journal.view(ref());
        expect(view.open).toBeNull();
        // The budget has what was sent, and nothing that was given back.
        const used = view.closed.filter((each) => each.sent > 0).length;
        const more = await Promise.all(['x', 'y', 'z'].map((id) => opened(model, { clock }).begin(request(id, { budgets }))));
        expect(more.filter((each) => each.status === 'begun')).toHaveLength(2 - used);
      }
    },
  );

  it('is reported as unavailable when it is down, throttles for long, or refuses', async () => {
    const down = { send: async () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })) };
    const slow = { send: async () => Promise.reject(new AwsError('ThrottlingException', 'Rate exceeded')) };
    const denied = { send: async () => Promise.reject(new AwsError('AccessDeniedException', 'not authorized')) };
    for (const each of [down, slow, denied]) {
      const journal = awsJournal({ table: 't', bucket: 'b', clients: { dynamodb: each, s3: each }, patience: 60 });
      await expect(journal.view(ref())).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true });
      await expect(journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })).rejects.toMatchObject({ code: 'journal/unavailable' });
    }
  });
});

describe('a store that responds late', () => {
  const of = (id: string) => ({ resource: ref(id), remediator: 'r' });
  const done = async (journal: Journal, id: string) => {
    const begun = await journal.begin(request(id));
    if (begun.status !== 'begun') throw new Error(begun.status);
    await journal.finish({ ...of(id), lease: begun.lease, outcome: 'remediated', sent: 1, body: {} });
    return begun.lease.execution;
  };

  it('is read consistently: a worker sees at once what another one has just written', async () => {
    // Writes never become visible to an index, or to an eventually consistent read.
    const model = new Model('t', 'b', { overlap: false, lag: Number.POSITIVE_INFINITY });
    const execution = await done(opened(model), 'a');
    await opened(model).append({
      kind: 'breaker',
      resource: breakerOf(ref()),
      remediator: 'r',
      body: { breaker: 'open', reason: 'too many' },
    });
    const view = await opened(model).view(ref('a'));
    expect(view).toMatchObject({ generation: 1, closed: [{ execution }], breakers: [{ remediator: 'r' }] });
    expect((await all(opened(model))).map(({ record }) => record.kind).sort()).toEqual(['breaker', 'intent', 'outcome']);
    const own: string[] = [];
    for await (const { record } of opened(model).read({ execution })) own.push(record.kind);
    expect(own).toEqual(['intent', 'outcome']);
    expect((await opened(model).trackRecord({ remediator: 'r', accounts: ['111111111111'] })).map((each) => each.execution)).toEqual([execution]);
    // On the newest head: otherwise it would be a second first record.
    await opened(model).append({ ...of('a'), kind: 'decision', body: {} });
    expect((await opened(model).view(ref('a'))).length).toBe(3);
    const { report, cut } = await verified(model);
    expect([report.status, report.streams, report.records, cut]).toEqual(['intact', 2, 4, []]);
  });

  it('is asked again for the unprocessed part of a batch, until it has returned all of it', async () => {
    const model = new Model('t', 'b', { overlap: false, batch: 1 });
    const executions: string[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) executions.push(await done(opened(model), id));
    await opened(model).append({ kind: 'breaker', resource: breakerOf(ref()), remediator: 'r', body: { breaker: 'open', reason: 'too many' } });
    model.counts.clear();
    const track = await opened(model).trackRecord({ remediator: 'r', accounts: ['111111111111'] });
    expect(track.map((each) => each.execution).sort()).toEqual([...executions].sort());
    expect(model.counts.get('BatchGetItem')).toBe(5);
    // Those of the resource and of its account: neither counts as a stream without records.
    for (const id of ['a', 'e']) expect(await opened(model).view(ref(id))).toMatchObject({ generation: 1, breakers: [{ remediator: 'r' }] });
  });

  it('is asked for at most a hundred items at once, and for all of them', async () => {
    const model = new Model('t', 'b', { overlap: false });
    for (let n = 0; n < 101; n++) await done(opened(model), `r-${n}`);
    model.counts.clear();
    expect(await opened(model).trackRecord({ remediator: 'r', accounts: ['111111111111'] })).toHaveLength(101);
    expect(model.counts.get('BatchGetItem')).toBe(2);
  });

  it('that returns nothing of a batch for too long is unavailable', async () => {
    const model = new Model('t', 'b', { overlap: false, batch: 0 });
    await expect(opened(model, { patience: 50 }).view(ref())).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true });
  });
});

describe('a store that was tampered with', () => {
  let model: Model;
  beforeEach(async () => {
    model = new Model('t', 'b', { overlap: false });
    const journal = opened(model);
    for (let n = 0; n < 3; n++) await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { n }, documents: { seen: { n } } });
  });
  const key = (part: string) => [...model.items.keys()].find((each) => each.includes(part)) as string;
  it('is found corrupt where a record was changed, and the copy names it', async () => {
    const item = model.items.get(key('record#000000000002')) as Record<string, { S: string }>;
    item['line'] = { S: (item['line'] as { S: string }).S.replace('"n":1', '"n":7') };
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt' });
    expect((await verified(model)).report).toMatchObject({ status: 'tampered', firstBad: { seq: 2 } });
  });
  it('is found corrupt where the newest record was removed', async () => {
    model.items.delete(key('record#000000000003'));
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt' });
    expect((await verified(model)).cut).toMatchObject([{ head: 3, records: 2 }]);
  });
  it('is found corrupt where a head was rolled back', async () => {
    const before = structuredClone(model.items.get(key('\u0000head')) as never);
    await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
    model.items.set(key('\u0000head'), before);
    await expect(opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })).rejects.toMatchObject({ code: 'journal/corrupt' });
  });
  it('is found corrupt where a head cannot be read or contradicts itself', async () => {
    const head = model.items.get(key('\u0000head')) as Record<string, { N?: string; B?: Uint8Array }>;
    head['fence'] = { N: '7' };
    await expect(opened(model).view(ref())).rejects.toMatchObject({ code: 'journal/corrupt' });
    head['state'] = { B: new Uint8Array([1, 2, 3]) };
    await expect(opened(model).view(ref())).rejects.toMatchObject({ code: 'journal/corrupt' });
  });
  it('is found corrupt where the state of a head was changed in the bucket: a request for approval does not become an approval', async () => {
    // A state that does not compress.
    const subjects = Array.from({ length: 8000 }, (_, index) => digestOf(index));
    const approval = { id: 'a-1', planDigest: digestOf(1), discharges: [], expires: Date.now() + HOUR };
    await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: { subjects, approval } });
    const at = [...model.objects.keys()].find((each) => each.startsWith('states/')) as string;
    const state = model.objects.get(at) as string;
    const forged = state.replace('"verdict":"none","by":null', '"verdict":"approved","by":{"name":"lead","verified":true}');
    expect(forged).not.toBe(state);
    model.objects.set(at, forged);
    await expect(opened(model).view(ref())).rejects.toMatchObject({ code: 'journal/corrupt' });
    await expect(opened(model).begin(request('a', { approval: 'a-1' }))).rejects.toMatchObject({ code: 'journal/corrupt' });
  });
  it('is named by the copy where a record was inserted behind the newest one', async () => {
    const newest = model.items.get(key('record#000000000003')) as Record<string, { S: string }>;
    const line = (newest['line'] as { S: string }).S;
    const record = JSON.parse(line.slice(line.indexOf(' ') + 1));
    const json = canonicalJson({
      ...record,
      seq: 4,
      prev: line.slice(0, line.indexOf(' ')),
      kind: 'approval',
      body: { approval: { id: 'a-1', verdict: 'approved' } },
      blobs: {},
    });
    const put = { ...newest, sk: { S: 'record#000000000004' }, line: { S: `${digestText(json)} ${json}` } };
    model.items.set(key('record#000000000003').replace('record#000000000003', 'record#000000000004'), put as never);
    expect((await verified(model)).cut).toMatchObject([{ head: 3, records: 4 }]);
  });
  it('is not reported because a record is appended during the copy', async () => {
    const send = async (command: { readonly constructor: { readonly name: string } }) => {
      const reply = await model.send(command as never);
      if (command.constructor.name === 'GetItemCommand' && model.items.size < 6)
        await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
      return reply;
    };
    const directory = mkdtempSync(join(tmpdir(), 'redress-aws-'));
    const report = await exportJournal({ table: 't', bucket: 'b', clients: { dynamodb: { send }, s3: { send } }, directory });
    rmSync(directory, { recursive: true });
    expect(report).toMatchObject({ records: 4, cut: [] });
  });
  it('is named by the copy where an execution relies on an approval that only a head has', async () => {
    const at = key('\u0000head');
    const head = model.items.get(at) as Record<string, { B: Uint8Array }>;
    const state = JSON.parse(gunzipSync((head['state'] as { B: Uint8Array }).B).toString('utf8'));
    const given = {
      verdict: 'approved',
      by: { name: 'lead', verified: true },
      usedBy: null,
      planDigest: digestOf(1),
      remediator: 'r',
      expires: Date.now() + HOUR,
    };
    state.approvals.push({ id: 'a-1', ...given });
    head['state'] = { B: gzipSync(JSON.stringify(state)) };
    // A writer of the table can deceive once, but not afterwards.
    expect((await opened(model).begin(request('a', { approval: 'a-1' }))).status).toBe('begun');
    expect((await verified(model)).report).toMatchObject({ status: 'tampered', firstBad: { code: 'no-approval', seq: 4 } });
  });
  it('continues after a head of the last version: what that did not keep is unknown', async () => {
    const at = key('\u0000head');
    const head = model.items.get(at) as Record<string, { B: Uint8Array }>;
    const { gaps: _, unsaid: __, digest: ___, ...old } = JSON.parse(gunzipSync((head['state'] as { B: Uint8Array }).B).toString('utf8'));
    head['state'] = { B: gzipSync(JSON.stringify(old)) };
    const journal = opened(model);
    expect(await journal.view(ref('a'))).toMatchObject({ gaps: [], digest: null });
    expect(await journal.standing()).toEqual({ gaps: [], unsaid: [] });
    await journal.append({
      kind: 'decision',
      resource: ref('a'),
      remediator: 'r',
      body: { outcome: 'notified', message: 'm', gap: { key: 'g-1', state: 's', subjects: [] } },
    });
    expect((await opened(model).standing()).gaps).toMatchObject([{ key: 'g-1', state: 's' }]);
  });
  it('blocks neither answers about other streams nor closing their executions', async () => {
    const asks = (id: string) =>
      opened(model).append({
        kind: 'decision',
        resource: ref(id),
        remediator: 'r',
        body: { approval: { id: `a-${id}`, planDigest: digestOf(1), discharges: [], expires: Date.now() + HOUR } },
      });
    for (const id of ['b', 'c']) {
      await asks(id);
      expect((await opened(model).begin(request(id))).status).toBe('begun');
    }
    const broken = [...model.items].find(([at, item]) => at.includes('\u0000head') && item['pk']?.S === `stream#${streamOf(ref('b')).slice(7)}`)?.[1];
    (broken as Record<string, { B: Uint8Array }>)['state'] = { B: new Uint8Array([1]) };
    expect((await opened(model).approvals()).map(({ id }) => id)).toEqual(['a-c']);
    expect((await opened(model).open()).map(({ resource }) => resource.id)).toEqual(['c']);
    await expect(opened(model).view(ref('b'))).rejects.toMatchObject({ code: 'journal/corrupt' });
    await expect(opened(model).begin(request('b'))).rejects.toMatchObject({ code: 'journal/corrupt' });
  });
  it('is found corrupt where a document in the bucket was changed; a missing one is only missing', async () => {
    for (let n = 3; n < 5; n++) await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { seen: large({ n }) } });
    const [first, second] = [...model.objects.keys()];
    model.objects.delete(first as string);
    expect((await all(opened(model))).filter(({ documents }) => documents['seen'] === undefined)).toHaveLength(1);
    model.objects.set(second as string, '{"n":9}');
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt' });
    expect((await verified(model)).report.status).toBe('tampered');
  });
});

it('keeps what is too large for an item in the bucket', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const journal = opened(model);
  const text = 'x'.repeat(300_000);
  await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text } });
  expect((await all(opened(model)))[0]?.record.body['text']).toBe(text);
  // A state that does not compress: its subjects are digests.
  const subjects = Array.from({ length: 8000 }, (_, index) => digestOf(index));
  const begun = await journal.begin(request('a', { body: { subjects } }));
  expect(begun.status).toBe('begun');
  expect((await opened(model).view(ref())).open?.subjects).toEqual(subjects);
  expect(await verified(model)).toMatchObject({ cut: [], tampered: [], report: { records: 2 } });
  await expect(journal.begin(request('b', { budgets: [{ key: 'k', changes: 5001, window: 1 }] }))).rejects.toMatchObject({ code: 'journal/invalid' });
});

it('copies all of a journal, or leaves nothing that passes for a copy', async () => {
  const model = new Model('t', 'b', { page: 1 });
  for (let n = 0; n < 5; n++)
    await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: { n }, documents: { seen: n < 2 ? large({ n }) : { n } } });
  await opened(model).append({ kind: 'decision', resource: ref('b'), remediator: 'r', body: {} });
  const send = async (command: { readonly constructor: { readonly name: string } }) => {
    if (command.constructor.name === 'GetObjectCommand') throw new AwsError('AccessDenied', 'no', 403);
    return model.send(command as never);
  };
  const root = mkdtempSync(join(tmpdir(), 'redress-aws-'));
  const directory = join(root, 'copy');
  const copying = (clients: object) => exportJournal({ table: 't', bucket: 'b', clients: clients as never, directory });
  await expect(copying({ dynamodb: { send }, s3: { send } })).rejects.toMatchObject({ code: 'journal/unavailable' });
  expect(verifyLedger({ directory })).toMatchObject({ status: 'tampered', firstBad: { code: 'no-format' } });
  await expect(copying(model.clients)).rejects.toMatchObject({ code: 'journal/invalid' });
  rmSync(directory, { recursive: true });
  await copying(model.clients);
  expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 6, documents: 5 });
  rmSync(root, { recursive: true });
});

it('stores everything in the bucket under its prefix, and finds it there', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const under = () => opened(model, { prefix: 'evidence/' });
  // A document, a line and a state that are each too large for an item.
  const subjects = Array.from({ length: 8000 }, (_, index) => digestOf(index));
  const documents = { before: large(), plan: { fix: 'a' } };
  await under().begin(request('a', { body: { subjects }, documents }));
  const folders = [...new Set([...model.objects.keys()].map((key) => key.split('/').slice(0, 2).join('/')))].sort();
  expect(folders).toEqual(['evidence/blobs', 'evidence/lines', 'evidence/states']);
  expect((await all(under()))[0]?.documents).toEqual(documents);
  expect((await under().view(ref('a'))).open?.subjects).toHaveLength(8000);
});

it('stores a record in any script: an item holds bytes, not characters', async () => {
  const model = new Model('t', 'b', { overlap: false });
  // Three bytes each.
  const text = '安'.repeat(190_000);
  await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text } });
  expect((await all(opened(model)))[0]?.record.body['text']).toBe(text);
});

it('continues to count when a longer window has left more entries than an item holds', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const WEEK = 7 * 24 * HOUR;
  const now = 1_800_000_000_000;
  const begin = async (id: string, changes: number, window: number) =>
    (await opened(model, { clock: { now: () => now } }).begin(request(id, { budgets: [{ key: 'k', changes, window }] }))).status;
  expect(await begin('first', 100, WEEK)).toBe('begun');
  const item = [...model.items].find(([key]) => key.startsWith('budget#'))?.[1] as { taken: { SS: string[] } };
  // A hundred in each hour since.
  const entry = (n: number, ago: number) => `${(now - ago).toString(36)}.${String(n).padStart(20, '0')}`;
  item.taken.SS.push(...Array.from({ length: 14_000 }, (_, n) => entry(n, 2 * HOUR + n * 36_000)));
  item.taken.SS.push(...Array.from({ length: 97 }, (_, n) => entry(n, n * 1000)));
  expect(await begin('second', 100, HOUR)).toBe('begun');
  expect(await begin('third', 100, HOUR)).toBe('begun');
  expect(await begin('fourth', 100, HOUR)).toBe('over-budget');
  // For a limit over any longer time, the newest are enough.
  expect(await begin('fifth', 5000, WEEK)).toBe('over-budget');
});

describe('a document that already exists', () => {
  const decision = { kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { seen: large({ a: 1 }) } } as const;
  const DAY = 24 * HOUR;
  const stored = async (model: Model, more: object) => opened(model, more).append(decision);
  const only = (model: Model) => {
    const [key, ...others] = model.objects.keys();
    expect(others).toEqual([]);
    return key as string;
  };
  const daysLocked = (model: Model) => ((model.locked.get(only(model))?.getTime() ?? 0) - Date.now()) / DAY;

  it('is locked from when it was last stored, and never for less than before', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, { lockDays: 10 });
    expect(daysLocked(model)).toBeGreaterThanOrEqual(10);
    await stored(model, { lockDays: 30 });
    expect(daysLocked(model)).toBeGreaterThanOrEqual(30);
    await stored(model, { lockDays: 10 });
    expect(daysLocked(model)).toBeGreaterThanOrEqual(30);
    expect(daysLocked(model)).toBeLessThan(31);
    await stored(model, {});
    expect(model.counts.get('PutObjectRetention')).toBe(1);
  });

  it('is locked if it was not, also by a long-running worker', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, {});
    expect(model.locked.size).toBe(0);
    const worker = opened(model, { lockDays: 10 });
    await worker.append(decision);
    expect(daysLocked(model)).toBeGreaterThanOrEqual(10);
    vi.useFakeTimers({ now: Date.now() + 9 * DAY, toFake: ['Date'] });
    try {
      await worker.append(decision);
      expect(daysLocked(model)).toBeGreaterThanOrEqual(10);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not locked for less if a read does not show its lock', async () => {
    const model = new Model('t', 'b', { overlap: false, locksShownBy: ['HeadObject'] });
    for (const [lockDays, days] of [
      [30, 30],
      [10, 30],
      [60, 60],
    ] as const) {
      await stored(model, { lockDays });
      expect(Math.floor(daysLocked(model))).toBe(days);
    }
    // The shorter one was not requested.
    expect(model.counts.get('PutObjectRetention')).toBe(1);
  });

  it('is stored if another worker locks it for longer at that moment, and keeps that lock', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, { lockDays: 1 });
    const longer = new Date(Date.now() + 30 * DAY);
    const send = async (command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'PutObjectRetentionCommand') model.locked.set(only(model), longer);
      return model.send(command as never);
    };
    await stored(model, { lockDays: 10, clients: { dynamodb: { send }, s3: { send } } });
    expect(model.counts.get('PutObjectRetention')).toBe(1);
    expect(model.locked.get(only(model))).toEqual(longer);
    expect([...model.items.values()].filter((item) => item['sk']?.S?.startsWith('record#'))).toHaveLength(2);
  });

  it.each([
    ['its lock is shorter', ['GetObject', 'HeadObject']],
    ['nobody sees its lock', []],
  ] as const)('does not count as locked when its lock is refused and %s', async (_why, locksShownBy) => {
    const model = new Model('t', 'b', { overlap: false, locksShownBy });
    await stored(model, { lockDays: 5 });
    const before = structuredClone([...model.items.values()]);
    const send = async (command: { constructor: { name: string } }) => {
      if (command.constructor.name !== 'PutObjectRetentionCommand') return model.send(command as never);
      throw Object.assign(new Error('not authorized to perform: s3:PutObjectRetention'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    };
    await expect(stored(model, { lockDays: 10, clients: { dynamodb: { send }, s3: { send } } })).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(Math.floor(daysLocked(model))).toBe(5);
    // No record names a document with too short a lock.
    expect([...model.items.values()]).toEqual(before);
  });

  it('is locked although another version that was added at that moment is', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, {});
    const asked: unknown[] = [];
    const send = async (command: { constructor: { name: string }; input: unknown }) => {
      const reply = (await model.send(command as never)) as object;
      if (command.constructor.name === 'GetObjectCommand') return { ...reply, VersionId: 'ours' };
      if (command.constructor.name === 'HeadObjectCommand')
        return { ...reply, VersionId: 'other', ObjectLockRetainUntilDate: new Date(Date.now() + 100 * DAY) };
      if (command.constructor.name === 'PutObjectRetentionCommand') asked.push(command.input);
      return reply;
    };
    await stored(model, { lockDays: 10, clients: { dynamodb: { send }, s3: { send } } });
    expect(asked).toMatchObject([{ VersionId: 'ours', Retention: { Mode: 'COMPLIANCE' } }]);
    expect(Math.floor(daysLocked(model))).toBe(10);
  });

  it('and does not match its name is not evidence: nothing is done because of it', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, {});
    model.objects.set(only(model), '{"a":2}');
    const items = model.items.size;
    await expect(stored(model, { lockDays: 10 })).rejects.toMatchObject({ code: 'journal/corrupt', retryable: false });
    expect([model.objects.get(only(model)), model.locked.size]).toEqual(['{"a":2}', 0]);
    expect(model.items.size).toBe(items);
  });

  it('and is deleted at that moment is stored', async () => {
    const model = new Model('t', 'b', { overlap: false });
    await stored(model, {});
    const key = only(model);
    const send = async (command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'GetObjectCommand' && model.counts.get('GetObject') === undefined) model.objects.delete(key);
      return model.send(command as never);
    };
    await stored(model, { clients: { dynamodb: { send }, s3: { send } } });
    expect(model.objects.get(key)).toBe(canonicalJson(large({ a: 1 })));
  });
});
