import { RedressError } from '../model/errors.js';
import { isRecord, type JsonObject, type JsonSafe, toJson } from '../model/json.js';
import type { ApiCall, ResponseRef, Retry } from '../model/plan.js';

/** An AWS SDK v3 command class, by structure: core needs no SDK types. */
export type CommandClass = new (
  // biome-ignore lint/suspicious/noExplicitAny: parameters are contravariant; `any` is what lets every command class fit.
  input: any,
) => {
  readonly input: object;
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  resolveMiddleware(stack: any, configuration: any, options: any): (args: any) => Promise<{ output: any }>;
};

/** Input type of a command class: the type of its instances' `input`. */
export type InputOf<C extends CommandClass> = InstanceType<C>['input'];
/** Output type of a command class: what its `resolveMiddleware` handler resolves to. */
export type OutputOf<C extends CommandClass> = Awaited<ReturnType<ReturnType<InstanceType<C>['resolveMiddleware']>>>['output'];

/** An AWS SDK v3 client, by structure. */
export interface SdkClient {
  // biome-ignore lint/suspicious/noExplicitAny: every client's `send` has its own union of commands.
  send(command: any, options?: any): Promise<unknown>;
  destroy?(): void;
}

/** How one operation is called. */
export interface OperationBinding<C extends CommandClass = CommandClass> extends OperationTraits {
  readonly command: C;
}

/** Properties of an operation, in addition to its command. */
export interface OperationTraits {
  /** IAM actions that the call needs; default `<prefix>:<operation>`. */
  readonly iam?: readonly string[];
  /** For writes; default `verify-first`, the cautious choice. */
  readonly retry?: Retry;
}

/** Operations of a service binding. */
export type Operations = Readonly<Record<string, OperationBinding>>;

/** A declared operation: what `service.pick` returns and `uses` contains. */
export interface OperationUse<Service extends string = string, Ops extends Operations = Operations> {
  readonly service: ServiceRuntime<Service>;
  readonly operations: readonly string[];
  /** Type only: carries input and output types. */
  readonly '~types'?: { readonly service: Service; readonly operations: Ops };
}

/** What the engine needs of a service, without types of the SDK. */
export interface ServiceRuntime<Service extends string = string> {
  readonly id: Service;
  /** @internal */
  readonly operations: ReadonlyMap<string, { readonly iam: readonly string[]; readonly retry: Retry; readonly access: 'read' | 'write' }>;
  /** The part of the SDK, loaded on first use. */
  sdk(): Promise<ServiceSdk>;
}

/** The part of the SDK that a service needs. */
export interface ServiceSdk {
  /** A client that makes `attempts` attempts per call. */
  client(config: object, attempts: number): SdkClient;
  /** The command of a declared operation. */
  command(operation: string): CommandClass;
}

/** Names of the operations whose commands a module exports: `DescribeVolumes` for `DescribeVolumesCommand`. */
export type OperationsOf<M> = { [K in keyof M]: K extends `${infer Name}Command` ? (M[K] extends CommandClass ? Name : never) : never }[keyof M];
/** Names under which a module exports clients. */
type ClientsOf<M> = { [K in keyof M]: K extends `${string}Client` ? K : never }[keyof M];
/** Operations of a module that is loaded when it is needed. */
export type LoadedOperations<M, O> = {
  readonly [K in keyof O & string]: OperationBinding<
    `${K}Command` extends keyof M ? (M[`${K}Command`] extends CommandClass ? M[`${K}Command`] : never) : never
  >;
};

// biome-ignore lint/suspicious/noExplicitAny: each client has its own configuration type.
type ClientClass = new (config: any) => SdkClient;

/** A service binding, made by {@link defineService}. */
export interface Service<Id extends string, Ops extends Operations> extends ServiceRuntime<Id> {
  /** Declares operations for `uses`. */
  pick<K extends keyof Ops & string>(...operations: K[]): OperationUse<Id, Pick<Ops, K>>;
  /**
   * Declares an operation that needs additional permissions for this use only, such as `iam:PassRole` if only one setting passes a role.
   *
   * @example rds.pickWith('ModifyDBInstance', 'iam:PassRole')
   * @throws {RedressError} `service/invalid`
   */
  pickWith<K extends keyof Ops & string>(operation: K, ...iam: string[]): OperationUse<Id, Pick<Ops, K>>;
  /**
   * A call as data, for a plan. The input is typed by the command and must be JSON; in an undo a value may be
   * `{ $response: '/JSON/pointer' }` of the change's reply.
   *
   * @throws {RedressError} `json/not-json`
   */
  call<K extends keyof Ops & string>(operation: K, input: CallInput<Ops[K]>): ApiCall<`${Id}:${K}`>;
}

/** The JSON form of an operation's input. */
export type CallInput<B extends OperationBinding> = WithResponseRefs<JsonSafe<InputOf<B['command']>>>;
type WithResponseRefs<T> = T extends readonly (infer E)[]
  ? readonly WithResponseRefs<E>[] | ResponseRef
  : T extends object
    ? { readonly [K in keyof T]: WithResponseRefs<T[K]> } | ResponseRef
    : T | (T extends undefined ? never : ResponseRef);

/** The reads in an `aws` object: `aws.ec2.DescribeVolumes({ … })`. */
export type AwsReads<Uses extends readonly OperationUse[]> = UnionToIntersection<
  Uses[number] extends infer U ? (U extends OperationUse<infer S, infer Ops> ? { readonly [K in S]: ReadFunctions<Ops> } : never) : never
>;
type ReadFunctions<Ops extends Operations> = {
  readonly [K in keyof Ops]: (input: InputOf<Ops[K]['command']>) => Promise<OutputOf<Ops[K]['command']>>;
};
// biome-ignore lint/suspicious/noExplicitAny: the usual way to intersect the members of a union.
type UnionToIntersection<U> = (U extends any ? (x: U) => void : never) extends (x: infer I) => void ? I : never;

/** `ec2:RevokeSecurityGroupIngress` for each operation in a list of uses. */
export type OperationNames<Uses extends readonly OperationUse[]> = Uses[number] extends infer U
  ? U extends OperationUse<infer S, infer Ops>
    ? `${S}:${keyof Ops & string}`
    : never
  : never;

// An operation reads only when its very name says so: a wrong word here would open the dry run for writes.
const READ_NAME = /^(?:Describe|Get|List|Head|Lookup|Search|BatchGet|Query|Scan|Simulate|Validate)(?:[A-Z]|$)/;

/** Whether an API operation only reads, judged by its name. */
export function isReadOperation(operation: string): boolean {
  return READ_NAME.test(operation);
}

/**
 * Binds AWS API operations to the SDK. It belongs in a remediator package's `client.ts`. Only this file, and the module that it loads, import an
 * SDK client.
 *
 * With `load`, the SDK's client is loaded at the first call, so that a function for many services starts without them. That module exports the
 * client and a command for each operation, under their names in the SDK.
 *
 * @example
 * // sdk.ts: export { DescribeSecurityGroupRulesCommand, EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
 * export const ec2 = defineService({
 *   id: 'ec2', load: () => import('./sdk.js'), client: 'EC2Client',
 *   operations: { DescribeSecurityGroupRules: {}, RevokeSecurityGroupIngress: { retry: 'idempotent' } },
 * });
 * @example
 * export const ec2 = defineService({
 *   id: 'ec2', client: EC2Client,
 *   operations: {
 *     DescribeSecurityGroupRules: { command: DescribeSecurityGroupRulesCommand },
 *     RevokeSecurityGroupIngress: { command: RevokeSecurityGroupIngressCommand, retry: 'idempotent' },
 *   },
 * });
 * @param options.id the IAM prefix: default for the `iam` actions, and the name under which `observe` finds its reads.
 * @throws {RedressError} `service/invalid`, also at the first call, if the module lacks what is declared
 */
export function defineService<const Id extends string, M extends object, const O extends { readonly [K in OperationsOf<M>]?: OperationTraits }>(options: {
  readonly id: Id;
  readonly load: () => Promise<M>;
  readonly client: ClientsOf<M>;
  readonly operations: O & { readonly [K in Exclude<keyof O, OperationsOf<M>>]: never };
}): Service<Id, LoadedOperations<M, O>>;
export function defineService<const Id extends string, const Ops extends Operations>(options: {
  readonly id: Id;
  readonly client: ClientClass;
  readonly operations: Ops;
}): Service<Id, Ops>;
export function defineService(options: {
  readonly id: string;
  readonly load?: () => Promise<object>;
  readonly client: ClientClass | PropertyKey;
  readonly operations: Readonly<Record<string, OperationTraits & { readonly command?: CommandClass }>>;
}): Service<string, Operations> {
  if (!/^[a-z][a-z0-9-]*$/.test(options.id)) throw new RedressError('service/invalid', `Service id ${JSON.stringify(options.id)} is not an IAM prefix.`);
  const operations = new Map<string, { iam: readonly string[]; retry: Retry; access: 'read' | 'write' }>();
  for (const [name, binding] of Object.entries(options.operations)) {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) throw new RedressError('service/invalid', `${options.id}: ${JSON.stringify(name)} is not an API operation name.`);
    const iam = binding.iam ?? [`${options.id}:${name}`];
    if (iam.length === 0 || iam.some((action) => !/^[a-z0-9-]+:[A-Z][A-Za-z0-9]*$/.test(action))) {
      throw new RedressError('service/invalid', `${options.id}:${name}: iam must name whole actions, without wildcards.`);
    }
    operations.set(name, { iam, retry: binding.retry ?? 'verify-first', access: isReadOperation(name) ? 'read' : 'write' });
  }
  const { load, client } = options;
  const loaded = async (): Promise<ServiceSdk> => {
    const module = load === undefined ? null : ((await load()) as Readonly<Record<PropertyKey, unknown>>);
    // biome-ignore lint/suspicious/noExplicitAny: what the types of the two forms of `options` say is checked here once more.
    const exported = (name: PropertyKey): any => {
      if (typeof module?.[name] === 'function') return module[name];
      throw new RedressError('service/invalid', `${options.id}: the module that is loaded exports no ${String(name)}.`);
    };
    const Client: ClientClass = typeof client === 'function' ? client : exported(client);
    return {
      client: (config, attempts) => new Client({ ...config, maxAttempts: attempts }),
      command: (operation) => options.operations[operation]?.command ?? exported(`${operation}Command`),
    };
  };
  let once: Promise<ServiceSdk> | null = null;
  const sdk = (): Promise<ServiceSdk> => {
    if (once === null) {
      once = loaded();
      // What could not be loaded is tried again.
      once.catch(() => {
        once = null;
      });
    }
    return once;
  };
  const runtime: ServiceRuntime = { id: options.id, operations, sdk };
  const known = (operation: string) => {
    const binding = operations.get(operation);
    if (binding === undefined) throw new RedressError('service/invalid', `${options.id} has no operation ${operation}.`);
    return binding;
  };
  return Object.freeze({
    ...runtime,
    pick: (...names: string[]) => {
      for (const name of names) known(name);
      return Object.freeze({ service: runtime, operations: Object.freeze([...names]) });
    },
    pickWith: (name: string, ...more: string[]) => {
      const { iam, ...rest } = known(name);
      if (more.length === 0 || more.some((action) => !/^[a-z0-9-]+:[A-Z][A-Za-z0-9]*$/.test(action)))
        throw new RedressError('service/invalid', `${options.id}:${name}: more must name whole actions, without wildcards.`);
      const service: ServiceRuntime = Object.freeze({ ...runtime, operations: new Map([...operations, [name, { ...rest, iam: [...iam, ...more] }]]) });
      return Object.freeze({ service, operations: Object.freeze([name]) });
    },
    call: <K extends string>(operation: K, input: unknown): ApiCall<`${string}:${K}`> => {
      const { retry } = known(operation);
      const json: unknown = toJson(input);
      if (!isRecord(json)) throw new RedressError('service/invalid', `${options.id}:${operation}: the input is not an object.`);
      return Object.freeze({ service: options.id, operation, input: json as JsonObject, retry });
    },
  });
}

/**
 * A required member of a reply. An empty list is there. A list that the service omits shows nothing, and certainly not that it is empty.
 *
 * @example given(await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: id }), 'DBInstances')[0]
 * @throws {Error} naming the member, if it is missing: the read then fails.
 */
export function given<T extends object, K extends keyof T & string>(reply: T, member: K): NonNullable<T[K]> {
  const value = reply[member];
  if (value === undefined || value === null) throw new Error(`The service did not return ${member}: its value is not known.`);
  return value as NonNullable<T[K]>;
}

/**
 * Runs independent reads at the same time. A value that is not a promise is returned as it is.
 *
 * @example const [keys, { User }] = await inParallel(aws.iam.ListAccessKeys({ UserName }), aws.iam.GetUser({ UserName }));
 * @throws the error of the first one that failed, in their order, after all of them have ended, so that none continues unobserved.
 */
export async function inParallel<const T extends readonly unknown[]>(...reads: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ended = await Promise.allSettled(reads);
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  return ended.map((each) => (each as PromiseFulfilledResult<unknown>).value) as never;
}

/** All items of {@link paginate}, for {@link inParallel}. */
export async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/**
 * All items of a paginated read. A response without the list is an error, not an empty page.
 *
 * @example for await (const rule of paginate(aws.ec2.DescribeSecurityGroupRules, { Filters }, 'SecurityGroupRules')) …
 * @param tokens names of the token in the input and the output; default `NextToken` for both.
 */
export async function* paginate<I extends object, O extends object, K extends keyof O>(
  read: (input: I) => Promise<O>,
  input: I,
  items: K,
  tokens: { readonly input: string; readonly output: string } = { input: 'NextToken', output: 'NextToken' },
): AsyncGenerator<Item<O[K]>> {
  for await (const page of pages(read, input, items, tokens)) yield* page;
}

type Item<List> = NonNullable<List> extends readonly (infer E)[] ? E : never;

/** {@link paginate}, page by page, for `observeMany`. */
export async function* pages<I extends object, O extends object, K extends keyof O>(
  read: (input: I) => Promise<O>,
  input: I,
  items: K,
  tokens: { readonly input: string; readonly output: string } = { input: 'NextToken', output: 'NextToken' },
): AsyncGenerator<readonly Item<O[K]>[]> {
  let token: unknown;
  const seen = new Set<unknown>();
  do {
    const page = await read(token === undefined ? input : ({ ...input, [tokens.input]: token } as I));
    // An answer without the list at all is not an empty list: nothing may be concluded from it.
    yield given(page, items as K & string) as never;
    token = (page as Record<string, unknown>)[tokens.output];
    if (token === '' || token === null) token = undefined;
    if (token !== undefined && seen.has(token)) throw new RedressError('aws/unknown', `The service answered the same page token twice (${String(items)}).`);
    seen.add(token);
  } while (token !== undefined);
}
