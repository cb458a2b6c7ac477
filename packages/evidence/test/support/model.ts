// DynamoDB and S3 in this process, as far as the journal uses them, with what the emulator does not have: requests that overlap, transactions
// that conflict, indexes that lag, replies that are lost. test/model.test.ts compares it with the emulator, call by call.
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { JOURNAL_TABLE } from '@redress/evidence/aws';

type Item = Record<string, AttributeValue>;
type Names = Readonly<Record<string, string>> | undefined;
type Values = Readonly<Record<string, AttributeValue>> | undefined;

export interface ModelOptions {
  /** From 0 to 1; the same numbers make the same run as far as the order of requests goes. */
  readonly random?: () => number;
  /** Requests that an index, and a read that does not ask for consistency, lags behind. */
  readonly lag?: number;
  /** Whether a transaction that comes again under its token is known (real DynamoDB does, for ten minutes; the emulator does not). */
  readonly tokens?: boolean;
  /** Share of requests that are throttled. */
  readonly throttled?: number;
  /** Keys of a batch read that are answered at once; the rest is put off. */
  readonly batch?: number;
  /** Items on a page. */
  readonly page?: number;
  /** Whether requests overlap at all. */
  readonly overlap?: boolean;
  /** Which reads show until when an object is locked. AWS: both, to who has `s3:GetObjectRetention`. */
  readonly locksShownBy?: readonly ('GetObject' | 'HeadObject')[];
  /** What it holds for the time where a lock is asked for; default any is in the future. */
  readonly now?: () => number;
}

/** An error as the SDK throws it. */
export class AwsError extends Error {
  readonly $metadata: { httpStatusCode?: number };
  readonly CancellationReasons?: readonly { Code: string; Item?: Item }[];
  constructor(name: string, message: string, status: number | null = 400, reasons?: readonly { Code: string; Item?: Item }[]) {
    super(message);
    this.name = name;
    this.$metadata = status === null ? {} : { httpStatusCode: status };
    if (reasons !== undefined) this.CancellationReasons = reasons;
  }
}

const invalid = (message: string) => new AwsError('ValidationException', message);

export class Model {
  readonly table: string;
  readonly bucket: string;
  /** How often what was asked. */
  readonly counts = new Map<string, number>();
  /** What transactions are made of: `Put`, `Update`, `ConditionCheck`. */
  readonly kinds = new Set<string>();
  /** Writes that took effect, by partition key. */
  readonly written = new Map<string, number>();
  readonly items = new Map<string, Item>();
  /** Texts; of bytes as Latin-1. */
  readonly objects = new Map<string, string>();
  readonly #binary = new Set<string>();
  /** How often each was written. */
  readonly #versions = new Map<string, number>();
  /** Until when nobody deletes an object. */
  readonly locked = new Map<string, Date>();
  readonly #options: Required<ModelOptions>;
  readonly #locks = new Set<string>();
  readonly #tokens = new Set<string>();
  #requests = 0;
  /** What the indexes see, and who reads without asking for consistency; and what is on its way there. */
  readonly #replica = new Map<string, Item>();
  #coming: { at: number; key: string; item: Item | null }[] = [];

  constructor(table = 'model', bucket = 'model', options: ModelOptions = {}) {
    this.table = table;
    this.bucket = bucket;
    this.#options = {
      random: Math.random,
      lag: 0,
      tokens: true,
      throttled: 0,
      batch: 100,
      page: 40,
      overlap: true,
      locksShownBy: ['GetObject', 'HeadObject'],
      now: () => 0,
      ...options,
    };
  }

  get clients() {
    const sender = { send: (command: never) => this.send(command) };
    return { dynamodb: sender, s3: sender };
  }

  async send(command: { readonly constructor: { readonly name: string }; readonly input: unknown }): Promise<unknown> {
    const name = command.constructor.name.replace(/Command$/, '');
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    await this.#while();
    this.#requests++;
    this.#settle();
    if (this.#options.random() < this.#options.throttled)
      throw name.endsWith('Object') ? new AwsError('SlowDown', 'Please reduce your request rate.', 503) : new AwsError('ThrottlingException', 'Rate exceeded');
    const input = structuredClone(command.input) as never;
    switch (name) {
      case 'GetItem':
        return this.#get(input);
      case 'BatchGetItem':
        return this.#batchGet(input);
      case 'Query':
        return this.#query(input);
      case 'Scan':
        return this.#scan(input);
      case 'TransactWriteItems':
        return this.#transact(input);
      case 'TransactGetItems':
        return this.#transactGet(input);
      case 'UpdateItem':
        return this.#update(input);
      case 'PutObject':
        return this.#putObject(input);
      case 'GetObject':
        return this.#getObject(input);
      case 'HeadObject':
        return this.#headObject(input);
      case 'PutObjectRetention':
        return this.#putObjectRetention(input);
      default:
        throw new Error(`The model does not know ${name}.`);
    }
  }

  /** Lets others go on, for a while that differs. */
  async #while(): Promise<void> {
    if (!this.#options.overlap) return;
    for (let turns = 1 + Math.floor(this.#options.random() * 3); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  }

  #own(table: string | undefined): void {
    if (table !== this.table) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
  }

  /** A replica may be behind; only a read that asks for it sees every write. */
  #seen(consistent: boolean | undefined): ReadonlyMap<string, Item> {
    return consistent === true ? this.items : this.#replica;
  }

  #get({ TableName, Key, ConsistentRead }: { TableName: string; Key: Item; ConsistentRead?: boolean }): { Item?: Item } {
    this.#own(TableName);
    const item = this.#seen(ConsistentRead).get(keyOf(Key));
    return item === undefined ? {} : { Item: structuredClone(item) };
  }

  async #batchGet({ RequestItems }: { RequestItems: Record<string, { Keys: Item[]; ConsistentRead?: boolean }> }) {
    const [[table, { Keys, ConsistentRead }] = ['', { Keys: [] as Item[], ConsistentRead: false }]] = Object.entries(RequestItems);
    this.#own(table);
    if (Keys.length > 100) throw invalid('Too many items requested for the BatchGetItem call');
    if (new Set(Keys.map(keyOf)).size < Keys.length) throw invalid('Provided list of item keys contains duplicates');
    const found: Item[] = [];
    const rest: Item[] = [];
    let answered = 0;
    for (const key of Keys) {
      // Each item is read as it is at some moment, not all at the same one.
      await this.#while();
      const late = answered >= this.#options.batch || (found.length > 0 && this.#options.random() < this.#options.throttled);
      if (rest.length > 0 || late) rest.push(key);
      else {
        answered++;
        const item = this.#seen(ConsistentRead).get(keyOf(key));
        if (item !== undefined) found.push(structuredClone(item));
      }
    }
    return { Responses: { [table]: found }, UnprocessedKeys: rest.length === 0 ? {} : { [table]: { Keys: rest } } };
  }

  #query(input: {
    TableName: string;
    IndexName?: string;
    ConsistentRead?: boolean;
    KeyConditionExpression: string;
    ExpressionAttributeNames?: Names;
    ExpressionAttributeValues?: Values;
    ExclusiveStartKey?: Item;
  }) {
    this.#own(input.TableName);
    const index = JOURNAL_TABLE.GlobalSecondaryIndexes.find((each) => each.IndexName === input.IndexName);
    if (input.IndexName !== undefined && index === undefined) throw invalid(`The table does not have the specified index: ${input.IndexName}`);
    const [hash, range] = (index ?? JOURNAL_TABLE).KeySchema.map((each) => each.AttributeName) as [string, string];
    if (index !== undefined && input.ConsistentRead === true) throw invalid('Consistent reads are not supported on global secondary indexes');
    const source = this.#seen(input.ConsistentRead);
    const matching = condition(input.KeyConditionExpression, input.ExpressionAttributeNames, input.ExpressionAttributeValues);
    const found = [...source.values()].filter((item) => item[hash] !== undefined && matching(item));
    found.sort((a, b) => compare(a[range]?.S ?? '', b[range]?.S ?? '') || compare(keyOf(a), keyOf(b)));
    return this.#paged(found, input.ExclusiveStartKey, range, (item) => (index === undefined ? item : pick(item, ['pk', 'sk', hash])));
  }

  #scan(input: {
    TableName: string;
    ConsistentRead?: boolean;
    FilterExpression?: string;
    ProjectionExpression?: string;
    ExpressionAttributeNames?: Names;
    ExpressionAttributeValues?: Values;
    ExclusiveStartKey?: Item;
  }) {
    this.#own(input.TableName);
    const all = [...this.#seen(input.ConsistentRead).values()].sort((a, b) => compare(keyOf(a), keyOf(b)));
    const matching =
      input.FilterExpression === undefined ? () => true : condition(input.FilterExpression, input.ExpressionAttributeNames, input.ExpressionAttributeValues);
    const projection = input.ProjectionExpression?.split(',').map((each) => named(each.trim(), input.ExpressionAttributeNames));
    const page = this.#paged(all, input.ExclusiveStartKey, null, (item) => item);
    const items = page.Items.filter(matching).map((item) => (projection === undefined ? item : pick(item, projection)));
    return { ...page, Items: items, Count: items.length };
  }

  #paged(found: readonly Item[], start: Item | undefined, range: string | null, shape: (item: Item) => Item) {
    const place = (item: Item) => `${range === null ? '' : (item[range]?.S ?? '')}\u0000${keyOf(item)}`;
    const rest = start === undefined ? found : found.filter((item) => compare(place(item), place(start)) > 0);
    const items = rest.slice(0, this.#options.page);
    const last = items.at(-1);
    const more =
      rest.length > items.length && last !== undefined
        ? { LastEvaluatedKey: structuredClone(pick(last, ['pk', 'sk', ...(range === null ? [] : [range])])) }
        : {};
    return { Items: structuredClone(items.map(shape)), Count: items.length, ...more };
  }

  /** All at one moment. */
  #transactGet({ TransactItems }: { TransactItems: { Get: { TableName: string; Key: Item } }[] }) {
    if (TransactItems.length > 100) throw invalid('Member must have length less than or equal to 100');
    return { Responses: TransactItems.map(({ Get }) => this.#get({ ...Get, ConsistentRead: true })) };
  }

  #update(input: NonNullable<TransactWriteItem['Update']>): object {
    this.#own(input.TableName);
    const key = keyOf(input.Key as Item);
    if (this.#locks.has(key)) throw new AwsError('TransactionConflictException', 'Transaction is ongoing for the item');
    const now = this.items.get(key);
    if (
      input.ConditionExpression !== undefined &&
      !condition(input.ConditionExpression, input.ExpressionAttributeNames, input.ExpressionAttributeValues)(now ?? {})
    )
      throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed');
    this.#write(key, updated(now ?? { ...(input.Key as Item) }, input));
    return {};
  }

  async #transact({ TransactItems, ClientRequestToken: token }: { TransactItems: TransactWriteItem[]; ClientRequestToken?: string }) {
    if (TransactItems.length > 100) throw invalid('Member must have length less than or equal to 100');
    const ops = TransactItems.map((each) => {
      for (const kind of Object.keys(each)) this.kinds.add(kind);
      const op = each.Put ?? each.Update ?? each.ConditionCheck ?? each.Delete;
      if (op === undefined) throw invalid('no operation');
      this.#own(op.TableName);
      return { each, op, key: keyOf(each.Put?.Item ?? (op as { Key: Item }).Key) };
    });
    if (new Set(ops.map(({ key }) => key)).size < ops.length) throw invalid('Transaction request cannot include multiple operations on one item');
    for (const { each } of ops) if (each.Put?.Item !== undefined) checkItem(each.Put.Item);
    if (this.#options.tokens && token !== undefined && this.#tokens.has(token)) return {};
    // Prepare: whoever comes to an item that another transaction has prepared is turned away.
    const busy = ops.map(({ key }) => this.#locks.has(key));
    if (busy.includes(true)) throw cancelled(busy.map((each) => (each ? { Code: 'TransactionConflict' } : { Code: 'None' })));
    for (const { key } of ops) this.#locks.add(key);
    try {
      await this.#while();
      const reasons: { Code: string; Item?: Item }[] = [];
      const effects: { key: string; item: Item }[] = [];
      for (const { each, op, key } of ops) {
        const now = this.items.get(key);
        const holds =
          op.ConditionExpression === undefined || condition(op.ConditionExpression, op.ExpressionAttributeNames, op.ExpressionAttributeValues)(now ?? {});
        if (!holds) {
          const old = op.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && now !== undefined ? { Item: structuredClone(now) } : {};
          reasons.push({ Code: 'ConditionalCheckFailed', ...old });
          continue;
        }
        reasons.push({ Code: 'None' });
        if (each.Put?.Item !== undefined) effects.push({ key, item: each.Put.Item });
        if (each.Update !== undefined) {
          const item = updated(now ?? { ...(each.Update.Key as Item) }, each.Update);
          checkItem(item);
          effects.push({ key, item });
        }
      }
      if (reasons.some(({ Code }) => Code !== 'None')) throw cancelled(reasons);
      for (const { key, item } of effects) this.#write(key, item);
      if (token !== undefined) this.#tokens.add(token);
      return {};
    } finally {
      for (const { key } of ops) this.#locks.delete(key);
    }
  }

  /** Nobody else has this item, and nothing here changes it: an update makes another. */
  #write(key: string, item: Item): void {
    this.items.set(key, item);
    const pk = item['pk']?.S ?? '';
    this.written.set(pk, (this.written.get(pk) ?? 0) + 1);
    this.#coming.push({ at: this.#requests + this.#options.lag, key, item });
    this.#settle();
  }

  #settle(): void {
    const due = this.#coming.filter((each) => each.at <= this.#requests);
    this.#coming = this.#coming.filter((each) => each.at > this.#requests);
    for (const { key, item } of due) if (item !== null) this.#replica.set(key, item);
  }

  async #putObject({
    Bucket,
    Key,
    Body,
    IfNoneMatch,
    IfMatch,
    ObjectLockRetainUntilDate: until,
  }: {
    Bucket: string;
    Key: string;
    Body: string | Uint8Array;
    IfNoneMatch?: string;
    IfMatch?: string;
    ObjectLockRetainUntilDate?: Date;
  }) {
    if (Bucket !== this.bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    if (IfNoneMatch === '*' && this.objects.has(Key))
      throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
    if (IfMatch !== undefined && !this.objects.has(Key)) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    if (IfMatch !== undefined && IfMatch !== this.#etag(Key))
      throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
    // AWS: InvalidArgument, on whatever is not after its own clock.
    if (until !== undefined && until.getTime() <= this.#options.now())
      throw new AwsError('InvalidArgument', 'The retain until date must be in the future!', 400);
    this.objects.set(Key, typeof Body === 'string' ? Body : Buffer.from(Body).toString('latin1'));
    if (typeof Body !== 'string') this.#binary.add(Key);
    this.#versions.set(Key, (this.#versions.get(Key) ?? 0) + 1);
    if (until !== undefined) this.locked.set(Key, until);
    return {};
  }

  async #putObjectRetention({ Bucket, Key, Retention }: { Bucket: string; Key: string; Retention: { Mode: string; RetainUntilDate: Date } }) {
    if (Bucket !== this.bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    const locked = this.locked.get(Key);
    if (Retention.Mode !== 'COMPLIANCE' || (locked !== undefined && Retention.RetainUntilDate < locked))
      throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', 403);
    this.locked.set(Key, Retention.RetainUntilDate);
    return {};
  }

  async #getObject({ Bucket, Key }: { Bucket: string; Key: string }) {
    if (Bucket !== this.bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    const text = this.objects.get(Key);
    if (text === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    const bytes = Buffer.from(text, this.#binary.has(Key) ? 'latin1' : 'utf8');
    return { Body: { transformToString: async () => text, transformToByteArray: async () => bytes }, ETag: this.#etag(Key), ...this.#shown('GetObject', Key) };
  }

  #etag(key: string): string {
    return `"${this.#versions.get(key) ?? 0}"`;
  }

  async #headObject({ Bucket, Key }: { Bucket: string; Key: string }) {
    if (Bucket !== this.bucket || !this.objects.has(Key)) throw new AwsError('NotFound', 'UnknownError', 404);
    return this.#shown('HeadObject', Key);
  }

  #shown(read: 'GetObject' | 'HeadObject', key: string): { ObjectLockRetainUntilDate?: Date } {
    const until = this.locked.get(key);
    return until === undefined || !this.#options.locksShownBy.includes(read) ? {} : { ObjectLockRetainUntilDate: until };
  }
}

function cancelled(reasons: readonly { Code: string; Item?: Item }[]): AwsError {
  return new AwsError('TransactionCanceledException', `Transaction cancelled [${reasons.map((each) => each.Code).join(', ')}]`, 400, reasons);
}

function keyOf(item: Item): string {
  return `${item['pk']?.S}\u0000${item['sk']?.S}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

function checkItem(item: Item): void {
  let size = 0;
  for (const [name, value] of Object.entries(item)) {
    if (value.SS !== undefined && value.SS.length === 0) throw invalid('An string set  may not be empty');
    size += name.length + (value.B?.length ?? Buffer.byteLength(JSON.stringify(Object.values(value)[0])));
  }
  if (size > 400 * 1024) throw invalid('Item size has exceeded the maximum allowed size');
}

function named(token: string, names: Names): string {
  if (!token.startsWith('#')) return token;
  const name = names?.[token];
  if (name === undefined) throw invalid(`An expression attribute name used in the document path is not defined; attribute name: ${token}`);
  return name;
}

/** `SET a = :a, b = if_not_exists(b, :b) ADD c :c DELETE d :d` */
function updated(item: Item, update: NonNullable<TransactWriteItem['Update']>): Item {
  const after = { ...item };
  const value = (token: string): AttributeValue => {
    const found = update.ExpressionAttributeValues?.[token];
    if (found === undefined) throw invalid(`${token} is not defined`);
    return found;
  };
  for (const clause of (update.UpdateExpression ?? '').split(/\s+(?=(?:SET|ADD|DELETE|REMOVE)\s)/)) {
    const [, verb, rest = ''] = /^(\w+)\s+(.*)$/s.exec(clause.trim()) ?? [];
    for (const part of rest.split(/,\s*(?![^(]*\))/)) {
      if (verb === 'SET') {
        const [, target = '', unless, given = ''] = /^(\S+)\s*=\s*(?:if_not_exists\((\S+),\s*)?(:\w+)\)?$/.exec(part.trim()) ?? [];
        if (target === '') throw new Error(`The model does not know ${part}.`);
        const kept = unless === undefined ? undefined : item[named(unless, update.ExpressionAttributeNames)];
        after[named(target, update.ExpressionAttributeNames)] = kept === undefined ? value(given) : kept;
        continue;
      }
      const [target = '', given = ''] = part.trim().split(/\s+/);
      const name = named(target, update.ExpressionAttributeNames);
      if (verb === 'REMOVE') {
        delete after[name];
        continue;
      }
      const by = value(given);
      const now = item[name];
      if (verb === 'ADD' && by.N !== undefined) after[name] = { N: String(Number(now?.N ?? 0) + Number(by.N)) };
      else if (verb === 'ADD' && by.SS !== undefined) after[name] = { SS: [...new Set([...(now?.SS ?? []), ...by.SS])] };
      else if (verb === 'DELETE' && by.SS !== undefined) {
        const left = (now?.SS ?? []).filter((each) => !by.SS?.includes(each));
        // A set without members is no attribute.
        if (left.length === 0) delete after[name];
        else after[name] = { SS: left };
      } else throw new Error(`The model does not know ${clause}.`);
    }
  }
  return after;
}

/** Conditions: `a = :a AND (b < :b OR NOT attribute_exists(c))`, `BETWEEN`, `size`, `begins_with`. */
function condition(text: string, names: Names, values: Values): (item: Item) => boolean {
  const tokens = text.match(/[A-Za-z_]+(?=\()|[#:]?\w+|<>|<=|>=|[=<>(),]/g) ?? [];
  let at = 0;
  const next = () => tokens[at++] ?? '';
  const take = (token: string) => {
    if (next() !== token) throw new Error(`The model does not know the condition ${text}.`);
  };
  type Operand = (item: Item) => string | number | boolean | undefined;
  const plain = (value: AttributeValue | undefined) => (value === undefined ? undefined : value.N !== undefined ? Number(value.N) : (value.S ?? value.BOOL));
  const operand = (): Operand => {
    const token = next();
    if (token === 'size') {
      take('(');
      const name = named(next(), names);
      take(')');
      return (item) => {
        const value = item[name];
        return value === undefined ? undefined : (value.SS ?? value.S ?? value.B ?? []).length;
      };
    }
    if (token.startsWith(':')) {
      const value = values?.[token];
      if (value === undefined) throw invalid(`An expression attribute value used in expression is not defined; attribute value: ${token}`);
      return () => plain(value);
    }
    const name = named(token, names);
    return (item) => plain(item[name]);
  };
  const term = (): ((item: Item) => boolean) => {
    const token = tokens[at] ?? '';
    if (token === 'NOT') {
      at++;
      const inner = term();
      return (item) => !inner(item);
    }
    if (token === '(') {
      at++;
      const inner = either();
      take(')');
      return inner;
    }
    if (token === 'attribute_exists' || token === 'attribute_not_exists') {
      at++;
      take('(');
      const name = named(next(), names);
      take(')');
      return (item) => (item[name] !== undefined) === (token === 'attribute_exists');
    }
    if (token === 'begins_with') {
      at++;
      take('(');
      const left = operand();
      take(',');
      const right = operand();
      take(')');
      return (item) => String(left(item) ?? '').startsWith(String(right(item)));
    }
    const left = operand();
    const sign = next();
    if (sign === 'BETWEEN') {
      const low = operand();
      take('AND');
      const high = operand();
      return (item) => (left(item) ?? '') >= (low(item) ?? '') && (left(item) ?? '') <= (high(item) ?? '');
    }
    const right = operand();
    return (item) => {
      const [a, b] = [left(item), right(item)];
      // What is not there compares with nothing.
      if (a === undefined || b === undefined) return sign === '<>';
      switch (sign) {
        case '=':
          return a === b;
        case '<>':
          return a !== b;
        case '<':
          return a < b;
        case '<=':
          return a <= b;
        case '>':
          return a > b;
        default:
          return a >= b;
      }
    };
  };
  const both = (): ((item: Item) => boolean) => {
    let left = term();
    while (tokens[at] === 'AND') {
      at++;
      const [before, right] = [left, term()];
      left = (item) => before(item) && right(item);
    }
    return left;
  };
  const either = (): ((item: Item) => boolean) => {
    let left = both();
    while (tokens[at] === 'OR') {
      at++;
      const [before, right] = [left, both()];
      left = (item) => before(item) || right(item);
    }
    return left;
  };
  const whole = either();
  if (at !== tokens.length) throw new Error(`The model does not know the condition ${text}.`);
  return whole;
}
