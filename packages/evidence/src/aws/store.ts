// The calls that the journal makes to DynamoDB and S3: few, each retried where that is safe, with errors of one kind.
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { isRedressError, messageOf, RedressError } from '@redress/core';

/** Sends commands of the AWS SDK, as its clients do. */
export interface Sender {
  send(command: never): Promise<unknown>;
  destroy?(): void;
}

/** An item of DynamoDB. */
export type Item = Record<string, AttributeValue>;

/** Location of the store, and how to reach it. */
export interface StoreOptions {
  readonly table: string;
  readonly bucket: string;
  /** Prefix of each key in the bucket, for example `evidence/`. */
  readonly prefix?: string;
  readonly region?: string;
  /** Endpoint of both services, for an emulator. */
  readonly endpoint?: string;
  /** Profile of the shared AWS configuration. */
  readonly profile?: string;
  /** Credentials for the SDK's clients; by default they come from the environment. */
  readonly credentials?: unknown;
  /** Replaces the SDK's own clients. Clients for DynamoDB should not retry: the journal does. */
  readonly clients?: { readonly dynamodb: Sender; readonly s3: Sender };
  /**
   * Lock each document in the bucket in compliance mode, for this many days after it was last stored. The bucket must have Object Lock. Nobody can
   * delete the document earlier, not even the root user. A document in the item of its record is in the bucket, and locked, after `exportJournal` has
   * stored it. Without this option, a default retention of the bucket locks a document from the time when it was first stored.
   */
  readonly lockDays?: number;
  /** Milliseconds for which one step is retried against other writers, or against throttling, before it fails. Default 10,000. */
  readonly patience?: number;
}

/** The result of a transaction. */
export type Ended =
  | { readonly kind: 'done' }
  /** A condition failed: the positions in the transaction, with the current items. */
  | { readonly kind: 'refused'; readonly failed: ReadonlyMap<number, Item | null> };

/** With these, nothing was done. */
const THROTTLED = new Set([
  'ThrottlingException',
  'ThrottlingError',
  'Throttling',
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'TransactionConflictException',
  'TransactionConflict',
  'SlowDown',
  'TooManyRequestsException',
  'ConditionalRequestConflict',
]);
/** An earlier request with our token may still be in progress. */
const UNCLEAR = new Set(['TransactionInProgressException', 'InternalServerError', 'InternalFailure', 'ServiceUnavailable', 'TimeoutError', 'RequestTimeout']);
/** Attempts against faults that are not contention. */
const FAULTS = 5;
const DAY = 86_400_000;
/** Milliseconds for which a stored document is not stored again. Locks last this much longer to make up for it. */
const KNOWN_FOR = 3_600_000;

/** `retry`: nothing was done. `unclear`: it may have been done. `final`: trying again is useless. */
function classify(error: unknown): 'retry' | 'unclear' | 'final' {
  const { name, $metadata, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (THROTTLED.has(name ?? '')) return 'retry';
  if (UNCLEAR.has(name ?? '')) return 'unclear';
  if (name === 'CredentialsProviderError') return 'final';
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return typeof code === 'string' || name === 'Error' || name === 'AbortError' || name === 'NetworkingError' ? 'unclear' : 'final';
  return status >= 500 ? 'unclear' : 'final';
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
}

/** DynamoDB and S3 behind the journal. */
export class Store {
  readonly options: StoreOptions;
  #loaded: Promise<{ sdk: typeof import('./clients.js'); dynamodb: Sender; s3: Sender }> | null = null;
  /** Documents that are known to exist, and when they were stored. */
  readonly #there = new Map<string, number>();

  constructor(options: StoreOptions) {
    this.options = options;
  }

  /** The deadline of a step that begins now. */
  deadline(): number {
    return performance.now() + (this.options.patience ?? 10_000);
  }

  /**
   * Waits before a step is retried because another writer was faster.
   *
   * @throws {RedressError} `journal/unavailable`
   */
  async turn(attempt: number, deadline: number): Promise<void> {
    if (attempt === 0) return;
    if (performance.now() > deadline) throw this.unavailable(new Error('other writers were faster each time'));
    // One loss is normal: the state that is known now is new.
    if (attempt > 1) await pause(attempt - 2);
  }

  #clients() {
    this.#loaded ??= (async () => {
      const sdk = await import('./clients.js').catch((cause: unknown) => {
        throw new RedressError('journal/unavailable', `The AWS SDK cannot be loaded: ${messageOf(cause)}`, {
          cause,
          next: 'Install @aws-sdk/client-dynamodb and @aws-sdk/client-s3 alongside @redress/evidence.',
        });
      });
      const { region, endpoint, profile, credentials, clients } = this.options;
      const config = {
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(profile === undefined ? {} : { profile }),
        ...(credentials === undefined ? {} : { credentials: credentials as never }),
        // By default, the SDK waits forever.
        requestHandler: { connectionTimeout: 3000, requestTimeout: 6000 },
      };
      return {
        sdk,
        // Retried here, because only this code knows what a lost reply means.
        dynamodb: clients?.dynamodb ?? (new sdk.DynamoDBClient({ ...config, maxAttempts: 1 }) as Sender),
        s3: clients?.s3 ?? (new sdk.S3Client({ ...config, maxAttempts: 1, forcePathStyle: endpoint !== undefined }) as Sender),
      };
    })();
    // Loading that failed may succeed later.
    this.#loaded.catch(() => {
      this.#loaded = null;
    });
    return this.#loaded;
  }

  async close(): Promise<void> {
    if (this.#loaded === null) return;
    const { dynamodb, s3 } = await this.#loaded;
    this.#loaded = null;
    if (this.options.clients === undefined) for (const each of [dynamodb, s3]) each.destroy?.();
  }

  /**
   * Sends a command that is safe to repeat.
   *
   * @param answers Names of errors that are valid replies.
   */
  async ask<T>(service: 'dynamodb' | 's3', command: object, answers: Readonly<Record<string, T>> = {}): Promise<T> {
    const client = (await this.#clients())[service];
    return this.#repeat(async () => {
      try {
        return await sent<T>(client, command);
      } catch (error) {
        const name = nameOf(error);
        if (Object.hasOwn(answers, name)) return answers[name] as T;
        throw error;
      }
    });
  }

  /** The bytes of a key, and an identifier of their version; null if nothing is there. */
  async bytes(key: string): Promise<{ readonly bytes: Buffer; readonly version: string } | null> {
    const { GetObjectCommand } = await import('./ledger-clients.js');
    const { bucket: Bucket, prefix = '' } = this.options;
    const client = (await this.#clients()).s3;
    return this.#repeat(async () => {
      try {
        const { Body, ETag = '' } = await sent<{ Body?: { transformToByteArray(): Promise<Uint8Array> }; ETag?: string }>(
          client,
          new GetObjectCommand({ Bucket, Key: prefix + key }),
        );
        return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), version: ETag };
      } catch (error) {
        if (nameOf(error) === 'NoSuchKey') return null;
        throw error;
      }
    });
  }

  /**
   * Stores bytes under a key, on a condition.
   *
   * @param over Version that they replace; null if there must be none.
   * @param until When their lock ends, if `lockDays` is set. By default after that many days; null leaves it to the bucket.
   * @returns false if another version is there, or none: then nothing was done. It may be this call that has stored it, if its reply was lost.
   */
  async place(key: string, bytes: Uint8Array, over: string | null, until?: Date | null): Promise<boolean> {
    const { PutObjectCommand } = await import('./ledger-clients.js');
    const { bucket: Bucket, prefix = '', lockDays } = this.options;
    const put = new PutObjectCommand({
      ...{ Bucket, Key: prefix + key, Body: bytes },
      ...(over === null ? { IfNoneMatch: '*' } : { IfMatch: over }),
      ...(lockDays === undefined || until === null
        ? {}
        : { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: until ?? new Date(Date.now() + lockDays * DAY) }),
    });
    return (await this.ask<object | null>('s3', put, { PreconditionFailed: null, NoSuchKey: null })) !== null;
  }

  /** Retries an operation that is safe to repeat. */
  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    const deadline = this.deadline();
    for (let attempt = 0, faults = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (isRedressError(error)) throw error;
        const kind = classify(error);
        if (kind === 'unclear') faults++;
        if (kind === 'final' || faults >= FAULTS || performance.now() > deadline) throw this.unavailable(error);
        await pause(attempt);
      }
    }
  }

  /** All pages of a query or scan. */
  async *#items(command: (from: { ExclusiveStartKey?: Item }) => object): AsyncIterable<Item> {
    const { dynamodb } = await this.#clients();
    let from: Item | undefined;
    do {
      const next = command(from === undefined ? {} : { ExclusiveStartKey: from });
      const reply = await this.#repeat(() => sent<{ Items?: Item[]; LastEvaluatedKey?: Item }>(dynamodb, next));
      yield* reply.Items ?? [];
      from = reply.LastEvaluatedKey;
    } while (from !== undefined);
  }

  async get(key: { pk: string; sk: string }): Promise<Item | null> {
    const { sdk, dynamodb } = await this.#clients();
    const reply = await this.#repeat(() =>
      sent<{ Item?: Item }>(
        dynamodb,
        new sdk.GetItemCommand({ TableName: this.options.table, Key: { pk: { S: key.pk }, sk: { S: key.sk } }, ConsistentRead: true }),
      ),
    );
    return reply.Item ?? null;
  }

  /**
   * The existing items, in any order, consistently read.
   *
   * @param only Attributes to read; default all.
   */
  async getAll(keys: readonly { pk: string; sk: string }[], only: readonly string[] = []): Promise<readonly Item[]> {
    const { sdk, dynamodb } = await this.#clients();
    const { table } = this.options;
    const names = Object.fromEntries(only.map((name) => [`#${name}`, name]));
    const projection = only.length === 0 ? {} : { ProjectionExpression: Object.keys(names).join(', '), ExpressionAttributeNames: names };
    const found: Item[] = [];
    for (let at = 0; at < keys.length; at += 100) {
      let rest = keys.slice(at, at + 100).map(({ pk, sk }): Item => ({ pk: { S: pk }, sk: { S: sk } }));
      const deadline = this.deadline();
      for (let attempt = 0; rest.length > 0; attempt++) {
        if (attempt > 0) {
          if (performance.now() > deadline) throw this.unavailable(new Error('the store keeps throttling reads'));
          await pause(attempt);
        }
        const reply = await this.#repeat(() =>
          sent<{ Responses?: Record<string, Item[]>; UnprocessedKeys?: Record<string, { Keys?: Item[] }> }>(
            dynamodb,
            new sdk.BatchGetItemCommand({ RequestItems: { [table]: { Keys: rest, ConsistentRead: true, ...projection } } }),
          ),
        );
        found.push(...(reply.Responses?.[table] ?? []));
        rest = reply.UnprocessedKeys?.[table]?.Keys ?? [];
      }
    }
    return found;
  }

  /** Items of one partition, in order. A read of the table is consistent, a read of an index is eventual. */
  async *query(of: {
    readonly pk: string;
    readonly from?: string;
    readonly to?: string;
    readonly index?: { readonly name: string; readonly key: string };
  }): AsyncIterable<Item> {
    const { sdk } = await this.#clients();
    const range = of.from !== undefined && of.to !== undefined;
    yield* this.#items(
      (from) =>
        new sdk.QueryCommand({
          TableName: this.options.table,
          ...(of.index === undefined ? { ConsistentRead: true } : { IndexName: of.index.name }),
          KeyConditionExpression: range ? '#pk = :pk AND #sk BETWEEN :from AND :to' : '#pk = :pk',
          ExpressionAttributeNames: { '#pk': of.index?.key ?? 'pk', ...(range ? { '#sk': 'sk' } : {}) },
          ExpressionAttributeValues: { ':pk': { S: of.pk }, ...(range ? { ':from': { S: of.from as string }, ':to': { S: of.to as string } } : {}) },
          ...from,
        }),
    );
  }

  /** The partition keys with a prefix. Reads the whole table. */
  async partitions(prefix: string): Promise<readonly string[]> {
    const { sdk } = await this.#clients();
    const found = new Set<string>();
    const items = this.#items(
      (from) =>
        new sdk.ScanCommand({
          TableName: this.options.table,
          ConsistentRead: true,
          ProjectionExpression: '#pk',
          FilterExpression: 'begins_with(#pk, :prefix)',
          ExpressionAttributeNames: { '#pk': 'pk' },
          ExpressionAttributeValues: { ':prefix': { S: prefix } },
          ...from,
        }),
    );
    for await (const item of items) if (item['pk']?.S !== undefined) found.add(item['pk'].S);
    return [...found].sort();
  }

  /**
   * Writes all of it or nothing. After a lost reply, the same transaction is sent again: if the first one succeeded, the second is refused with the existing
   * item, and `isOurs` recognizes it.
   */
  async transact(items: readonly TransactWriteItem[], token: string, isOurs: (failed: ReadonlyMap<number, Item | null>) => boolean): Promise<Ended> {
    const { sdk, dynamodb } = await this.#clients();
    const deadline = this.deadline();
    for (let attempt = 0, faults = 0; ; attempt++) {
      try {
        await sent(dynamodb, new sdk.TransactWriteItemsCommand({ TransactItems: [...items], ClientRequestToken: token }));
        return { kind: 'done' };
      } catch (error) {
        const reasons = reasonsOf(error);
        if (reasons !== null) {
          const failed = new Map<number, Item | null>();
          for (const [index, { Code, Item: item }] of reasons.entries()) if (Code === 'ConditionalCheckFailed') failed.set(index, item ?? null);
          if (failed.size > 0) return isOurs(failed) ? { kind: 'done' } : { kind: 'refused', failed };
          const odd = reasons.find(({ Code }) => Code !== undefined && Code !== 'None' && !THROTTLED.has(Code));
          if (odd !== undefined) throw new RedressError('journal/invalid', `DynamoDB does not accept it: ${odd.Code}: ${odd.Message ?? ''}`, { cause: error });
          if (performance.now() > deadline) throw this.unavailable(error);
        } else {
          const kind = classify(error);
          if (kind === 'unclear') faults++;
          if (kind === 'final' || faults >= FAULTS || performance.now() > deadline) throw this.unavailable(error);
        }
        await pause(attempt);
      }
    }
  }

  /**
   * Stores a text once, under a key that follows from the text. It is durable when this returns. Storing it again extends its lock.
   *
   * @param since The start of its lock in epoch milliseconds; a future time counts as now. A text whose lock would have ended is not stored.
   * @returns whether it is stored.
   * @throws {RedressError} `journal/corrupt` if its key has other content.
   */
  async put(key: string, text: string, since = Number.POSITIVE_INFINITY): Promise<boolean> {
    const now = Date.now();
    if (now - (this.#there.get(key) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR) return true;
    const { sdk, s3 } = await this.#clients();
    const { bucket, prefix = '', lockDays } = this.options;
    const until = lockDays === undefined ? null : Math.min(since, now) + lockDays * DAY + KNOWN_FOR;
    if (until !== null && until <= now) return false;
    const lock = until === null ? null : { Mode: 'COMPLIANCE' as const, RetainUntilDate: new Date(until) };
    await this.#repeat(async () => {
      try {
        await sent(
          s3,
          new sdk.PutObjectCommand({
            Bucket: bucket,
            Key: prefix + key,
            Body: text,
            ContentType: 'application/json',
            // A role may be allowed to create objects but not to replace them.
            IfNoneMatch: '*',
            ...(lock === null ? {} : { ObjectLockMode: lock.Mode, ObjectLockRetainUntilDate: lock.RetainUntilDate }),
          }),
        );
      } catch (error) {
        if (nameOf(error) !== 'PreconditionFailed') throw error;
        await this.#known(key, text, lock, error);
      }
    });
    if (this.#there.size >= 10_000) this.#there.clear();
    this.#there.set(key, now);
    return true;
  }

  /** The name is the digest, so existing content should be equal. But anybody who may create documents could have stored something else. */
  async #known(key: string, text: string, lock: { readonly Mode: 'COMPLIANCE'; readonly RetainUntilDate: Date } | null, refusal: unknown): Promise<void> {
    const { sdk, s3 } = await this.#clients();
    const { bucket, prefix = '' } = this.options;
    const at = { Bucket: bucket, Key: prefix + key };
    const there = await this.#object(at.Key);
    // Somebody has just deleted it, so it is stored after all.
    if (there === null)
      throw Object.assign(new Error('the document existed, and does not any more', { cause: refusal }), { name: 'ConditionalRequestConflict' });
    if (there.text !== text)
      throw new RedressError('journal/corrupt', `${bucket}/${at.Key} has content that does not match its name.`, {
        next: 'Find out who wrote it (CloudTrail data events, or the versions of the object), and move it away; then it is stored.',
      });
    if (lock === null) return;
    const enough = (until: Date | null) => until !== null && until >= lock.RetainUntilDate;
    // Some stores show a lock only in HeadObject.
    if (enough(there.until ?? (await this.#lockedUntil(at.Key, there.version)))) return;
    try {
      await sent(s3, new sdk.PutObjectRetentionCommand({ ...at, ...(there.version === null ? {} : { VersionId: there.version }), Retention: lock }));
    } catch (error) {
      // Somebody has set a longer lock since it was read. The request is refused, and the lock is sufficient. A lock that cannot be read counts as none.
      if (nameOf(error) !== 'AccessDenied' || !enough(await this.#lockedUntil(at.Key, there.version))) throw error;
    }
  }

  /** When the lock of a version ends; null if it has none, if the lock cannot be read, or if the version was replaced. */
  async #lockedUntil(Key: string, version: string | null): Promise<Date | null> {
    const { sdk, s3 } = await this.#clients();
    const reply = await sent<{ VersionId?: string; ObjectLockRetainUntilDate?: Date }>(s3, new sdk.HeadObjectCommand({ Bucket: this.options.bucket, Key }));
    return (reply.VersionId ?? null) === version ? (reply.ObjectLockRetainUntilDate ?? null) : null;
  }

  async #object(Key: string): Promise<{ readonly text: string; readonly version: string | null; readonly until: Date | null } | null> {
    const { sdk, s3 } = await this.#clients();
    try {
      const reply = await sent<{ Body?: { transformToString(): Promise<string> }; VersionId?: string; ObjectLockRetainUntilDate?: Date }>(
        s3,
        new sdk.GetObjectCommand({ Bucket: this.options.bucket, Key }),
      );
      return { text: (await reply.Body?.transformToString()) ?? '', version: reply.VersionId ?? null, until: reply.ObjectLockRetainUntilDate ?? null };
    } catch (error) {
      if (nameOf(error) === 'NoSuchKey') return null;
      throw error;
    }
  }

  /** A text that {@link put} stored; null if it does not exist. */
  async text(key: string): Promise<string | null> {
    return (await this.#repeat(() => this.#object((this.options.prefix ?? '') + key)))?.text ?? null;
  }

  unavailable(cause: unknown): RedressError {
    const { table, bucket } = this.options;
    return new RedressError('journal/unavailable', `The journal in table ${table} and bucket ${bucket} cannot be used: ${nameOf(cause)}: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: 'Check that table and bucket exist in this region, that the role may use them, and that AWS is available.',
    });
  }
}

function reasonsOf(error: unknown): readonly { Code?: string; Message?: string; Item?: Item }[] | null {
  if (nameOf(error) !== 'TransactionCanceledException') return null;
  return (error as { CancellationReasons?: readonly { Code?: string; Message?: string; Item?: Item }[] }).CancellationReasons ?? [];
}

function sent<T>(client: Sender, command: object): Promise<T> {
  return client.send(command as never) as Promise<T>;
}

/** Longer each time, with jitter: writers that collided once would collide again. */
function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(400, 15 * 2 ** attempt)));
}
