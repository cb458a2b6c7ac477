// The journal over one table and one bucket. For the layout of items see docs/adr/0013.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import {
  type AppendRequest,
  type Approval,
  type BeginRequest,
  type BeginResult,
  type Budget,
  breakerOf,
  type Clock,
  type Digest,
  digestText,
  type FinishRequest,
  isRedressError,
  type Journal,
  type Json,
  MOST_CHANGES,
  type OpenExecution,
  type RecordQuery,
  type RecordRef,
  RedressError,
  type ResourceRef,
  resource,
  type StoredRecord,
  type StreamView,
  streamOf,
  systemClock,
  type TrackedExecution,
} from '@redress/core';
import { emptyState, journalBody, readLine, type StreamState, viewOf } from '../chain.js';
import { approvalsOf, deedsOf } from '../deeds.js';
import { randomKey } from '../journal.js';
import { appending, beginning, type Checked, checked, checkFinish, corrupt, type Draft, finishing, inTurn, invalid, type Written, written } from '../rules.js';
import { placeOf, standingIn } from '../standing.js';
import { BehindGuard } from './behind.js';
import { carriedBy, carrying, divided } from './documents.js';
import { type Item, Store, type StoreOptions } from './store.js';

/** Options of {@link awsJournal}. */
export interface AwsJournalOptions extends StoreOptions {
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * A journal in one DynamoDB table ({@link JOURNAL_TABLE}) and one S3 bucket, for any number of workers.
 *
 * `begin`, `append` and `finish` are one transaction each. Documents are stored in the item of their record. Larger ones are stored in the bucket
 * before the record that names them. Until the first use, nothing is contacted and the SDK is not loaded.
 *
 * @example const journal = awsJournal({ table: process.env.REDRESS_TABLE, bucket: process.env.REDRESS_BUCKET });
 * @see docs/evidence.md
 */
export function awsJournal(options: AwsJournalOptions): Journal {
  return new AwsJournal(options);
}

/** Index partitions, so that no single one gets all writes. */
export const SHARDS = 8;
const DAY = 86_400_000;
/** The shortest time for which everything that a limit counts is kept; milliseconds. */
const YEAR = 366 * DAY;
/** A record that was written back: the number of documents that came with it, and those that did not. */
export interface RecordBack {
  readonly seq: number;
  readonly documents: number;
  readonly without: readonly { readonly name: string; readonly digest: Digest }[];
}

/** Bytes above which a text goes to the bucket instead of into an item. */
const INLINE = 200_000;
/** Milliseconds between checks that streams written by a worker of the previous version are named in their places. */
const PLACED_FOR = DAY;
/** Maximum number of items in one transaction. */
const AT_ONCE = 50;
/** Heads that an instance caches. */
const KNOWN = 2000;
const HEAD = 'head';

const hex = (digest: Digest) => digest.slice('sha256:'.length);
export const streamKey = (stream: Digest) => `stream#${hex(stream)}`;
export const recordKey = (seq: number) => `record#${String(seq).padStart(12, '0')}`;
const shardOf = (stream: Digest) => Number.parseInt(hex(stream).slice(0, 2), 16) % SHARDS;
export const blobKey = (digest: Digest) => `blobs/${hex(digest).slice(0, 2)}/${hex(digest)}.json`;
export const lineKey = (digest: Digest) => `lines/${hex(digest).slice(0, 2)}/${hex(digest)}`;
const stateKey = (digest: Digest) => `states/${hex(digest).slice(0, 2)}/${hex(digest)}`;
const budgetKey = (key: string) => ({ pk: `budget#${hex(digestText(key))}`, sk: 'budget' });
const breakerKey = (ref: ResourceRef, remediator: string) => ({ pk: `breaker#${ref.partition}#${ref.account}#${remediator}`, sk: 'breaker' });
const executionKey = (execution: string) => ({ pk: `execution#${execution}`, sk: 'execution' });
const trackKey = (remediator: string, account: string) => `track#${remediator}#${account}`;
const placeKey = ({ account, region }: Pick<ResourceRef, 'account' | 'region'>) => `standing#${account}#${region}`;
const PLACED = { pk: 'standing', sk: 'placed' };
const av = ({ pk, sk }: { pk: string; sk: string }): Item => ({ pk: { S: pk }, sk: { S: sk } });

/** A stream's newest state, and the budgets that its open execution has used. */
interface Head {
  readonly state: StreamState;
  readonly taken: readonly Taken[];
  /** Whether the item of its place names it, because something is open in it. */
  readonly placed: boolean;
}

const nothingIn = (stream: Digest): Head => ({ state: emptyState(stream), taken: [], placed: false });

interface Taken {
  readonly key: string;
  readonly entry: string;
}

/** What is known of a budget's item. */
interface Counted {
  readonly version: number;
  readonly entries: readonly string[];
  /** The longest window that it was counted in, in milliseconds. */
  readonly keep: number;
}

export class AwsJournal implements Journal {
  readonly kind = 'aws';
  readonly #store: Store;
  readonly #behind: BehindGuard;
  readonly #table: string;
  readonly #clock: Pick<Clock, 'now'>;
  /** Heads as last read. A transaction on an outdated head is refused, so trying is safe. A denial is only returned for a head that was just read. */
  readonly #known = new Map<Digest, Head>();
  /** One lock per stream, so that the workers of one process do not contend. */
  readonly #turns = new Map<Digest, Promise<unknown>>();
  /** Readings of an index that have not begun. All who request one until then share it. */
  readonly #asked = new Map<Index, Promise<readonly Head[]>>();
  /** When every stream with something open was last known to be named in its place; epoch milliseconds. */
  #placedAt = 0;

  constructor(options: AwsJournalOptions) {
    this.#store = new Store(options);
    this.#behind = new BehindGuard(this.#store);
    this.#table = options.table;
    this.#clock = options.clock ?? systemClock;
  }

  async view(ref: ResourceRef): Promise<StreamView> {
    const stream = streamOf(resource(ref));
    const account = streamOf(breakerOf(ref));
    const heads = await this.#heads([...new Set([stream, account])]);
    const of = (each: Digest) => heads.get(each)?.state ?? emptyState(each);
    return viewOf(of(stream), of(account).breakers);
  }

  async begin(request: BeginRequest): Promise<BeginResult> {
    const entry = checked(request);
    if (!(request.lease > 0)) throw invalid('a lease of no time');
    const large = request.budgets.find((each) => each.changes > MOST_CHANGES);
    if (large !== undefined) throw invalid(`a limit of more than ${MOST_CHANGES} changes (${large.key})`);
    const stream = streamOf(request.resource);
    const budgets = grouped(request.budgets);
    const counted = new Map<string, Counted>();
    return this.#inTurn(stream, async () => {
      let [{ head, fresh }] = await Promise.all([this.#start(stream), this.#behind.check()]);
      const deadline = this.#store.deadline();
      for (let attempt = 0; ; attempt++) {
        await this.#store.turn(attempt, deadline);
        const now = this.#clock.now();
        const may = beginning(head.state, request, now);
        if (may.status !== 'may') {
          if (fresh) return may;
          head = await this.#read(stream);
          fresh = true;
          continue;
        }
        const next = written(head.state, may.draft, entry, now);
        const room = may.fresh ? await this.#room(budgets, counted, entryOf(next, may.lease.execution), now) : { taken: head.taken, updates: [] };
        if ('status' in room) return room;
        const { taken, updates } = room;
        // What was refused is identified by its position: the id of the execution, then the budgets as in `taken`, then the breaker.
        const more = may.fresh ? [this.#executing(next, may.lease.execution), ...updates, ...this.#shut(request)] : [];
        const ended = await this.#commit(head, next, entry, taken, more);
        if (ended.kind === 'done') return { status: 'begun', lease: may.lease, record: next.ref };
        const { failed } = ended;
        if (ended.head !== null) {
          head = ended.head;
          fresh = true;
        } else if (failed.has(updates.length + 1)) return { status: 'stale', generation: head.state.generation };
        else if (failed.has(0)) throw invalid('the id of an execution that was begun before');
        for (const [index, { key }] of taken.entries()) if (failed.has(index + 1)) counted.set(key, countedOf(failed.get(index + 1) ?? null));
      }
    });
  }

  /** Room in each budget for one more: how to take it, or the first budget that has none as far as is known. */
  async #room(
    budgets: ReadonlyMap<string, readonly Budget[]>,
    counted: ReadonlyMap<string, Counted>,
    entry: string,
    now: number,
  ): Promise<{ readonly taken: readonly Taken[]; readonly updates: readonly TransactWriteItem[] } | (BeginResult & { status: 'over-budget' })> {
    const taken: Taken[] = [];
    const updates: TransactWriteItem[] = [];
    for (const [key, group] of budgets) {
      const known = counted.get(key) ?? (group.some((each) => each.changes < 1) ? await this.#counted(key) : null);
      const full =
        known === null
          ? undefined
          : group.map((budget) => ({ budget, used: spent(known, now - budget.window) })).find(({ budget, used }) => used >= budget.changes);
      if (full !== undefined) return { status: 'over-budget', ...full };
      taken.push({ key, entry });
      updates.push({ Update: this.#take({ key, entry }, group, known, now) });
    }
    return { taken, updates };
  }

  /** No breaker is open. The account's stream says so too, but a transaction can check this item without contending with that stream's writers. */
  #shut({ breaker, resource: ref, remediator }: BeginRequest): readonly TransactWriteItem[] {
    if (breaker === 'ignored') return [];
    const ConditionCheck = {
      TableName: this.#table,
      Key: av(breakerKey(ref, remediator)),
      ConditionExpression: 'attribute_not_exists(pk) OR #open = :no',
      ExpressionAttributeNames: { '#open': 'open' },
      ExpressionAttributeValues: { ':no': { BOOL: false } },
    };
    return [{ ConditionCheck }];
  }

  /** The execution's id, which must be unique. */
  #executing({ record, after }: Written, execution: string): TransactWriteItem {
    const Item = { ...av(executionKey(execution)), stream: { S: after.stream }, begun: { N: String(Date.parse(record.time)) } };
    return { Put: { TableName: this.#table, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
  }

  async redactionKey(): Promise<string> {
    const at = { pk: 'redaction', sk: 'key' };
    const there = await this.#store.get(at);
    if (there?.['key']?.S !== undefined) return there['key'].S;
    const key = randomKey();
    const Put = {
      TableName: this.#table,
      Item: { ...av(at), key: { S: key } },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    const ended = await this.#store.transact([{ Put }], key.slice(0, 32), (failed) => failed.get(0)?.['key']?.S === key);
    if (ended.kind === 'done') return key;
    const first = ended.failed.get(0)?.['key']?.S ?? (await this.#store.get(at))?.['key']?.S;
    if (first === undefined) throw this.#store.unavailable(new Error('the redaction key exists, but cannot be read'));
    return first;
  }

  async append(request: AppendRequest): Promise<RecordRef> {
    return this.#extend(
      request.resource,
      checked(request),
      (state) => appending(state, request),
      (head, next) => ({ taken: head.taken, more: request.kind === 'breaker' ? [this.#breakerIs(next)] : [] }),
    );
  }

  #breakerIs({ record: { resource: ref, remediator }, after }: Written): TransactWriteItem {
    const open = after.breakers.some((each) => each.remediator === remediator);
    return { Put: { TableName: this.#table, Item: { ...av(breakerKey(ref, remediator)), open: { BOOL: open } } } };
  }

  async finish(request: FinishRequest): Promise<RecordRef> {
    checkFinish(request);
    return this.#extend(
      request.resource,
      checked(request),
      (state) => finishing(state, request),
      (head, next) => ({ taken: [], more: this.#closing(head, next, request.sent) }),
    );
  }

  /** Its entry in the track record. An execution that sent nothing frees what it took of limits. */
  #closing(head: Head, next: Written, sent: number): readonly TransactWriteItem[] {
    const more: TransactWriteItem[] = [];
    const { remediator } = next.after.closed[0] ?? next.record;
    if (!head.state.closed.some((each) => each.remediator === remediator)) {
      const at = { pk: trackKey(remediator, next.record.resource.account), sk: streamKey(next.after.stream) };
      const Item = { ...av(at), resource: { S: JSON.stringify(next.record.resource) } };
      more.push({ Put: { TableName: this.#table, Item } });
    }
    if (sent === 0)
      for (const { key, entry } of head.taken)
        more.push({
          Update: {
            TableName: this.#table,
            Key: av(budgetKey(key)),
            UpdateExpression: 'ADD #version :one DELETE #taken :entry',
            ExpressionAttributeNames: { '#version': 'version', '#taken': 'taken' },
            ExpressionAttributeValues: { ':one': { N: '1' }, ':entry': { SS: [entry] } },
          },
        });
    return more;
  }

  async open(): Promise<readonly OpenExecution[]> {
    const heads = await this.#indexed('open');
    return heads.flatMap(({ state }) => (state.open === null ? [] : [state.open])).sort((a, b) => a.begunAt - b.begunAt);
  }

  async approvals(): Promise<readonly Approval[]> {
    const heads = await this.#indexed('waiting');
    return heads
      .flatMap(({ state }) => approvalsOf(state))
      .filter((each) => each.usedBy === null)
      .sort((a, b) => a.requestedAt - b.requestedAt);
  }

  async standing(place?: Pick<ResourceRef, 'account' | 'region'>): ReturnType<Journal['standing']> {
    if (place === undefined) return standingIn((await this.#indexed('waiting')).map(({ state }) => state));
    await this.#placeAll();
    const streams: Digest[] = [];
    for await (const { sk, expires } of this.#store.query({ pk: placeKey(place) })) if (expires === undefined) streams.push(streamNamed(sk?.S ?? ''));
    return standingIn(
      [...(await this.#heads(streams, true)).values()].map(({ state }) => state),
      place,
    );
  }

  /**
   * Names every stream with something open in its place, including streams that a worker of the previous version has written: that version does not know
   * places. It runs once a day for all workers, because it reads everything that is open.
   */
  async #placeAll(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#placedAt < PLACED_FOR) return;
    const last = Number((await this.#store.get(PLACED))?.['at']?.N ?? 0);
    if (now - last >= PLACED_FOR) {
      const heads = await this.#indexed('waiting');
      const items = heads.flatMap(({ state, placed }) => {
        const place = placed ? null : placeOf(state);
        return place === null ? [] : [this.#named(state.stream, place)];
      });
      for (let at = 0; at < items.length; at += AT_ONCE) await this.#write(items.slice(at, at + AT_ONCE));
      await this.#write([{ Put: { TableName: this.#table, Item: { ...av(PLACED), at: { N: String(now) } } } }]);
    }
    this.#placedAt = now - last >= PLACED_FOR ? now : last;
  }

  /** Items that say where something is found. Writing them twice does no harm. */
  async #write(items: readonly TransactWriteItem[]): Promise<void> {
    await this.#store.transact(items, crypto.randomUUID(), () => true);
  }

  /** Names a stream in a place. If nothing is open in it any more, the item expires in a day: workers delete nothing. */
  #named(stream: Digest, place: Pick<ResourceRef, 'account' | 'region'>, stands = true): TransactWriteItem {
    const over = stands ? {} : { expires: { N: String(Math.ceil((this.#clock.now() + DAY) / 1000)) } };
    return { Put: { TableName: this.#table, Item: { ...av({ pk: placeKey(place), sk: streamKey(stream) }), ...over } } };
  }

  async trackRecord({ remediator, accounts }: { readonly remediator: string; readonly accounts: readonly string[] }): Promise<readonly TrackedExecution[]> {
    const found: TrackedExecution[] = [];
    for (const account of new Set(accounts)) {
      const streams = new Map<Digest, ResourceRef>();
      for await (const item of this.#store.query({ pk: trackKey(remediator, account) }))
        streams.set(streamNamed(item['sk']?.S ?? ''), JSON.parse(item['resource']?.S ?? '') as ResourceRef);
      for (const [stream, { state }] of await this.#heads([...streams.keys()])) {
        const back = new Set(state.closed.filter((each) => each.outcome === 'rolled-back').map((each) => each.rollbackOf));
        const where = streams.get(stream) as ResourceRef;
        for (const each of state.closed) if (each.remediator === remediator) found.push({ ...each, resource: where, rolledBack: back.has(each.execution) });
      }
    }
    return found.sort((a, b) => b.closedAt - a.closedAt);
  }

  async *read(query: RecordQuery): AsyncIterable<StoredRecord> {
    if ('resource' in query) yield* this.#records(streamOf(resource(query.resource)), null);
    else if ('all' in query) yield* inTurn((await this.#store.partitions('stream#')).map(streamNamed), (stream) => this.#records(stream, null));
    else {
      const item = await this.#store.get(executionKey(query.execution));
      if (item === null)
        throw new RedressError('journal/not-found', `There is no execution ${query.execution}.`, { next: '`redress history` lists executions.' });
      yield* this.#records(item['stream']?.S as Digest, query.execution);
    }
  }

  async close(): Promise<void> {
    this.#known.clear();
    await this.#store.close();
  }

  /** A stream's records up to its head, verified while they are read. */
  async *#records(stream: Digest, execution: string | null): AsyncIterable<StoredRecord> {
    const head = await this.#read(stream);
    const { length } = head.state;
    let state = emptyState(stream);
    const all = length === 0 ? [] : this.#store.query({ pk: streamKey(stream), from: recordKey(1), to: recordKey(length) });
    for await (const item of all) {
      const seq = state.length + 1;
      const line = await lineOf(this.#store, item);
      if (line === null) throw corrupt(stream, seq, 'its line is missing in the bucket');
      const read = readLine(state, line);
      if (!read.ok) throw corrupt(stream, seq, read.problem.message);
      state = read.state;
      // A duplicate names an execution but does not belong to it.
      if (execution !== null && (read.record.execution !== execution || read.record.kind === 'duplicate')) continue;
      const documents: Record<string, Json> = {};
      const carried = carriedBy(item);
      if (carried === null) throw corrupt(stream, seq, 'the documents in its item cannot be read');
      await Promise.all(
        Object.entries(read.record.blobs).map(async ([name, digest]) => {
          const text = carried.get(digest) ?? (await this.#store.text(blobKey(digest)));
          if (text === null) return;
          if (digestText(text) !== digest) throw corrupt(stream, seq, `its document ${name} was changed`);
          documents[name] = JSON.parse(text) as Json;
        }),
      );
      yield { stream, seq, digest: read.digest, record: read.record, documents: inOrder(documents, Object.keys(read.record.blobs)) };
    }
    if (state.length !== length || state.head !== head.state.head)
      throw corrupt(stream, state.length + 1, 'records that the head of the stream counts are missing');
  }

  /** Appends one record that depends only on the newest state. */
  async #extend(
    ref: ResourceRef,
    entry: Checked,
    draft: (state: StreamState) => Draft,
    aside: (head: Head, next: Written) => { readonly taken: readonly Taken[]; readonly more: readonly TransactWriteItem[] },
  ): Promise<RecordRef> {
    const stream = streamOf(ref);
    return this.#inTurn(stream, async () => {
      let { head, fresh } = await this.#start(stream);
      const deadline = this.#store.deadline();
      for (let attempt = 0; ; attempt++) {
        await this.#store.turn(attempt, deadline);
        let next: Written;
        try {
          next = written(head.state, draft(head.state), entry, this.#clock.now());
        } catch (error) {
          // The cached state may be outdated. A denial has to be based on the current one.
          if (fresh) throw error;
          head = await this.#read(stream);
          fresh = true;
          continue;
        }
        const { taken, more } = aside(head, next);
        const ended = await this.#commit(head, next, entry, taken, more);
        if (ended.kind === 'done') return next.ref;
        head = ended.head ?? (await this.#read(stream));
        fresh = true;
      }
    });
  }

  /**
   * Writes back records that a stream had: each unchanged, at its position, with its items, on the condition that the stream has nothing there.
   *
   * @param lines The lines that follow its newest record.
   * @param last Digest of the last of them, if known: nothing is written unless they end with it.
   * @param textOf The text of the document with a digest; null if there is none. Existing texts are stored with their record.
   * @param done Called for each record that is written back.
   * @throws {RedressError} `journal/corrupt` if the lines do not follow the existing records, or if the stream continues differently meanwhile.
   */
  async writeBack(
    stream: Digest,
    lines: readonly string[],
    last: Digest | null,
    textOf: (digest: Digest) => string | null,
    done: (record: RecordBack) => void,
  ): Promise<void> {
    return this.#inTurn(stream, async () => {
      let head = await this.#read(stream);
      const next: Written[] = [];
      for (let { state } = head; next.length < lines.length; ) {
        const line = lines[next.length] ?? '';
        const read = readLine(state, line);
        if (!read.ok) throw corrupt(stream, state.length + 1, `the stream differs from what was sealed: ${read.problem.message}`);
        next.push({ line, record: read.record, after: read.state, ref: { stream, seq: read.record.seq, digest: read.digest } });
        state = read.state;
      }
      if (last !== null && next.at(-1)?.ref.digest !== last)
        throw corrupt(stream, head.state.length + next.length, 'it is not the record that was sealed last');
      for (const each of next) {
        const named = Object.entries(each.record.blobs).map(([name, digest]) => ({ name, digest, text: textOf(digest) }));
        const texts = named.flatMap(({ name, digest, text }) => (text === null ? [] : [[name, digest, text] as const]));
        head = await this.#wroteBack(head, each, texts);
        done({ seq: each.ref.seq, documents: texts.length, without: named.filter(({ text }) => text === null).map(({ name, digest }) => ({ name, digest })) });
      }
    });
  }

  async #wroteBack(before: Head, next: Written, texts: Checked['texts']): Promise<Head> {
    const deadline = this.#store.deadline();
    for (let attempt = 0; ; attempt++) {
      await this.#store.turn(attempt, deadline);
      const { taken, more } = await this.#beside(before, next);
      const ended = await this.#commit(
        before,
        next,
        { resource: next.record.resource, remediator: next.record.remediator, body: next.record.body, texts },
        taken,
        more,
      );
      if (ended.kind === 'done') return this.#known.get(next.after.stream) ?? (await this.#read(next.after.stream));
      if (next.record.kind === 'intent' && ended.failed.has(0))
        throw corrupt(next.after.stream, next.ref.seq, 'its execution is known, and its record is missing');
      // Only the count of a limit may have changed in the meantime, not the head.
      if (ended.head !== null) throw corrupt(next.after.stream, next.ref.seq, 'another record was written in its place in the meantime');
    }
  }

  /** The items that the first writing of a record created beside it, as far as they still count. */
  async #beside(before: Head, next: Written): Promise<{ readonly taken: readonly Taken[]; readonly more: readonly TransactWriteItem[] }> {
    const { record } = next;
    if (record.kind === 'breaker') return { taken: before.taken, more: [this.#breakerIs(next)] };
    if (record.kind === 'outcome') return { taken: [], more: this.#closing(before, next, journalBody(record).sent ?? 0) };
    if (record.kind !== 'intent' || record.execution === null) return { taken: before.taken, more: [] };
    const entry = entryOf(next, record.execution);
    const now = this.#clock.now();
    const taken: Taken[] = [];
    const updates: TransactWriteItem[] = [];
    for (const [key, group] of grouped(journalBody(record).budgets ?? [])) {
      taken.push({ key, entry });
      const known = await this.#counted(key);
      if (!known.entries.includes(entry)) updates.push({ Update: this.#take({ key, entry }, group, known, now) });
    }
    return { taken, more: [this.#executing(next, record.execution), ...updates] };
  }

  /**
   * The only function that writes. First it stores what is too large for an item. Then record, head and related items go into one transaction, on the
   * condition that the head is still the one that the record follows. `failed` counts from `more`. `head` is the newer head, if it has moved.
   */
  async #commit(
    before: Head,
    next: Written,
    entry: Checked,
    taken: readonly Taken[],
    more: readonly TransactWriteItem[],
  ): Promise<{ kind: 'done' } | { kind: 'refused'; failed: ReadonlyMap<number, Item | null>; head: Head | null }> {
    const { stream } = next.after;
    const { carried, stored } = divided(entry.texts);
    const after: Head = { state: next.after, taken, placed: placeOf(next.after) !== null };
    const [line, head] = await Promise.all([
      this.#lineItem(next),
      this.#headItem(after),
      ...stored.map(([, digest, text]) => this.#store.put(blobKey(digest), text)),
    ]);
    const token = crypto.randomUUID();
    const items: TransactWriteItem[] = [
      {
        Put: {
          TableName: this.#table,
          Item: {
            ...av({ pk: streamKey(stream), sk: recordKey(next.ref.seq) }),
            digest: { S: next.ref.digest },
            // Identifies the writer: two workers may write the same record at the same moment.
            token: { S: token },
            ...line,
            ...carrying(carried),
          },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      { Put: { TableName: this.#table, Item: head, ...sameHead(before.state), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
      ...more,
      ...(after.placed === before.placed ? [] : [this.#named(stream, next.record.resource, after.placed)]),
    ];
    try {
      const ended = await this.#store.transact(items, token, (failed) => failed.get(0)?.['token']?.S === token);
      if (ended.kind === 'done') {
        this.#remember(stream, after);
        return ended;
      }
      const failed = new Map([...ended.failed].map(([index, item]) => [index - 2, item]));
      if (!ended.failed.has(0) && !ended.failed.has(1)) return { kind: 'refused', failed, head: null };
      if (!ended.failed.has(1)) throw corrupt(stream, next.ref.seq, 'there is a record that the head of the stream does not count');
      const item = ended.failed.get(1) ?? null;
      const newer = item === null ? await this.#read(stream) : await this.#decode(stream, item);
      if (newer.state.length < before.state.length) throw corrupt(stream, before.state.length, 'the head of the stream was reset');
      this.#remember(stream, newer);
      return { kind: 'refused', failed, head: newer };
    } catch (error) {
      // Nobody knows whether it was written.
      this.#known.delete(stream);
      throw error;
    }
  }

  /** Counts one execution against a budget. While the item has fewer entries than the limit, expired ones included, nothing has to be read. */
  #take({ key, entry }: Taken, group: readonly Budget[], known: Counted | null, now: number): NonNullable<TransactWriteItem['Update']> {
    const keep = Math.max(...group.map((each) => each.window), known?.keep ?? 0);
    const names = { '#taken': 'taken', '#version': 'version', '#keep': 'keep', '#expires': 'expires', '#key': 'key' };
    const values: Item = {
      ':one': { N: '1' },
      ':keep': { N: String(keep) },
      // Long after its last entry has ceased to count, even for a longer window that is not known here.
      ':expires': { N: String(Math.ceil((now + Math.max(2 * keep, YEAR)) / 1000)) },
      ':key': { S: key },
    };
    const common = {
      TableName: this.#table,
      Key: av(budgetKey(key)),
      ExpressionAttributeNames: names,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;
    if (known === null)
      return {
        ...common,
        UpdateExpression: 'ADD #taken :entry, #version :one SET #keep = if_not_exists(#keep, :keep), #expires = :expires, #key = :key',
        // If the item was counted over a shorter window so far, it is read first: nobody may drop an entry that this window counts.
        ConditionExpression: '(attribute_not_exists(#taken) OR size(#taken) < :most) AND (attribute_not_exists(#keep) OR #keep >= :keep)',
        ExpressionAttributeValues: { ...values, ':entry': { SS: [entry] }, ':most': { N: String(Math.min(...group.map((each) => each.changes))) } },
      };
    // The newest entries are enough for any limit. A window that used to be longer may have left more than an item holds.
    const still = known.entries
      .filter((each) => timeOf(each) > now - keep)
      .sort((a, b) => timeOf(b) - timeOf(a))
      .slice(0, MOST_CHANGES);
    return {
      ...common,
      UpdateExpression: 'ADD #version :one SET #taken = :taken, #keep = :keep, #expires = :expires, #key = :key',
      ConditionExpression: known.version === 0 ? 'attribute_not_exists(#version)' : '#version = :version',
      ExpressionAttributeValues: {
        ...values,
        ':taken': { SS: [...still, entry] },
        ...(known.version === 0 ? {} : { ':version': { N: String(known.version) } }),
      },
    };
  }

  async #counted(key: string): Promise<Counted> {
    return countedOf(await this.#store.get(budgetKey(key)));
  }

  async #lineItem({ line, ref }: Written): Promise<Item> {
    if (Buffer.byteLength(line) <= INLINE) return { line: { S: line } };
    await this.#store.put(lineKey(ref.digest), line);
    return { at: { S: lineKey(ref.digest) } };
  }

  async #headItem({ state, taken, placed }: Head): Promise<Item> {
    const text = JSON.stringify(state);
    const packed = gzipSync(text);
    const large = packed.length > INLINE;
    const at = stateKey(digestText(text));
    if (large) await this.#store.put(at, text);
    const shard = shardOf(state.stream);
    return {
      ...av({ pk: streamKey(state.stream), sk: HEAD }),
      seq: { N: String(state.length) },
      digest: { S: state.head ?? '' },
      fence: { N: String(state.fence) },
      ...(large ? { at: { S: at } } : { state: { B: packed } }),
      ...(taken.length === 0 ? {} : { taken: { S: JSON.stringify(taken) } }),
      // Until a sealer has come this far.
      unsealedShard: { S: `unsealed#${shard}` },
      ...(state.open === null ? {} : { openShard: { S: `open#${shard}` } }),
      ...(waits(state) ? { waitingShard: { S: `waiting#${shard}` } } : {}),
      ...(placed ? { placed: { BOOL: true } } : {}),
    };
  }

  async #decode(stream: Digest, item: Item): Promise<Head> {
    const seq = Number(item['seq']?.N);
    let state: StreamState;
    try {
      const at = item['at']?.S;
      const text = at === undefined ? gunzipSync(item['state']?.B as Uint8Array).toString('utf8') : await this.#store.text(at);
      if (at !== undefined && at !== stateKey(digestText(text ?? ''))) throw corrupt(stream, seq, 'the state of its head was changed');
      // The previous version kept less. What it did not keep is unknown.
      const stored = JSON.parse(text ?? '') as StreamState;
      state = { ...emptyState(stream), ...stored, deeds: deedsOf(stored), swept: stored.swept ?? null };
    } catch (error) {
      if (error instanceof RedressError) throw error;
      throw corrupt(stream, seq, 'the head of the stream cannot be read');
    }
    if (state.stream !== stream || state.length !== seq || state.head !== item['digest']?.S || state.fence !== Number(item['fence']?.N))
      throw corrupt(stream, seq, 'the head of the stream contradicts itself');
    const taken = item['taken']?.S;
    return { state, taken: taken === undefined ? [] : (JSON.parse(taken) as Taken[]), placed: item['placed']?.BOOL === true };
  }

  async #read(stream: Digest): Promise<Head> {
    const item = await this.#store.get({ pk: streamKey(stream), sk: HEAD });
    const head = item === null ? nothingIn(stream) : await this.#decode(stream, item);
    this.#remember(stream, head);
    return head;
  }

  async #heads(streams: readonly Digest[], readable = false): Promise<ReadonlyMap<Digest, Head>> {
    const found = new Map<Digest, Head>();
    const absent = new Set(streams.filter((stream) => !this.#known.has(stream)));
    for (const item of await this.#store.getAll(streams.map((stream) => ({ pk: streamKey(stream), sk: HEAD })))) {
      const stream = streamNamed(item['pk']?.S ?? '');
      absent.delete(stream);
      let head: Head;
      try {
        head = await this.#decode(stream, item);
      } catch (error) {
        if (!readable || !isRedressError(error) || error.code !== 'journal/corrupt') throw error;
        continue;
      }
      found.set(stream, head);
      // A head that was read before our own write returned is older than the cached one.
      if ((this.#known.get(stream)?.state.length ?? 0) <= head.state.length) this.#remember(stream, head);
    }
    for (const stream of absent) if (!this.#known.has(stream)) this.#remember(stream, nothingIn(stream));
    return found;
  }

  async #start(stream: Digest): Promise<{ head: Head; fresh: boolean }> {
    const known = this.#known.get(stream);
    return known === undefined ? { head: await this.#read(stream), fresh: true } : { head: known, fresh: false };
  }

  /** Callers in the same turn share one reading, which begins after all of them have asked. */
  #indexed(index: Index): Promise<readonly Head[]> {
    const shared = this.#asked.get(index);
    if (shared !== undefined) return shared;
    const reading = Promise.resolve().then(() => {
      this.#asked.delete(index);
      return this.#readIndexed(index);
    });
    this.#asked.set(index, reading);
    return reading;
  }

  /**
   * Heads that an index names. The index may lag, so what this process wrote itself is checked as well. An unreadable head does not block the others: a
   * person can still reject an announcement among them. A request for the unreadable resource itself gets the error.
   */
  async #readIndexed(index: Index): Promise<readonly Head[]> {
    const streams = new Set([...this.#known].filter(([, head]) => INDEXED[index](head.state)).map(([stream]) => stream));
    await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        for await (const item of this.#store.query({ pk: `${index}#${shard}`, index: { name: index, key: `${index}Shard` } }))
          streams.add(streamNamed(item['pk']?.S ?? ''));
      }),
    );
    return [...(await this.#heads([...streams], true)).values()];
  }

  #remember(stream: Digest, head: Head): void {
    this.#known.delete(stream);
    this.#known.set(stream, head);
    if (this.#known.size > KNOWN) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  async #inTurn<T>(stream: Digest, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(stream) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(stream, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(stream) === mine) this.#turns.delete(stream);
    }
  }
}

/** The condition that nobody has appended since. The digest covers the fence and the number too; this states them in a readable form. */
function sameHead(
  state: StreamState,
): Pick<NonNullable<TransactWriteItem['Put']>, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'> {
  if (state.head === null) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: '#seq = :seq AND #digest = :digest AND #fence = :fence',
    ExpressionAttributeNames: { '#seq': 'seq', '#digest': 'digest', '#fence': 'fence' },
    ExpressionAttributeValues: { ':seq': { N: String(state.length) }, ':digest': { S: state.head }, ':fence': { N: String(state.fence) } },
  };
}

/** The indexes of heads, with the streams that each names. */
const INDEXED = { open: (state: StreamState) => state.open !== null, waiting: waits };
type Index = keyof typeof INDEXED;

/** Something in it waits for a person, or waited and was not used; or a gap is open; or nobody could be notified of an outcome. */
function waits(state: StreamState): boolean {
  return state.approvals.some((each) => each.usedBy === null) || state.gaps.length + state.unsaid.length > 0;
}

/** By key, in order: one item each. */
function grouped(budgets: readonly Budget[]): ReadonlyMap<string, readonly Budget[]> {
  const groups = new Map<string, Budget[]>();
  for (const budget of budgets) groups.set(budget.key, [...(groups.get(budget.key) ?? []), budget]);
  return groups;
}

/** The time and the execution: what a budget counts. */
function entryOf({ record }: Written, execution: string): string {
  return `${Date.parse(record.time).toString(36)}.${execution.slice(execution.lastIndexOf('-') + 1)}`;
}

function timeOf(entry: string): number {
  return Number.parseInt(entry, 36);
}

function spent({ entries }: Counted, since: number): number {
  return entries.filter((each) => timeOf(each) > since).length;
}

function countedOf(item: Item | null): Counted {
  return { version: Number(item?.['version']?.N ?? 0), entries: item?.['taken']?.SS ?? [], keep: Number(item?.['keep']?.N ?? 0) };
}

/** The line of a record's item; null if it was in the bucket and is gone. */
export async function lineOf(store: Pick<Store, 'text'>, item: Item): Promise<string | null> {
  const at = item['at']?.S;
  return at === undefined ? (item['line']?.S ?? '') : store.text(at);
}

export function streamNamed(pk: string): Digest {
  return `sha256:${pk.slice('stream#'.length)}`;
}

function inOrder(documents: Record<string, Json>, names: readonly string[]): Record<string, Json> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(documents, name)).map((name) => [name, documents[name] as Json]));
}
