/** An error as the SDK throws it. */
export class SimulatedError extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: { httpStatusCode?: number; requestId?: string };

  constructor(name: string, status: number | undefined, message: string = name) {
    // It stands for a reply: where it is made says nothing, and takes longer to find out than the call itself.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = name;
    this.$fault = status !== undefined && status < 500 ? 'client' : 'server';
    this.$metadata = status === undefined ? {} : { httpStatusCode: status };
  }
}

/** Says no, as a service does. */
export function refuse(name: string, status = 400, message?: string): never {
  throw new SimulatedError(name, status, message);
}

export interface Rule {
  id: string;
  egress: boolean;
  protocol: string;
  from: number;
  to: number;
  cidr: string;
  description: string | null;
  tags: Record<string, string>;
}

/** Everything in a simulated account, as plain data, so that it can be copied, compared and inspected. */
export interface AccountState {
  groups: Record<string, { name: string; description: string; tags: Record<string, string>; rules: Rule[] }>;
  /** `groups`: of its first interface; the others are in `interfaces`. */
  instances: Record<string, { groups: string[]; tags: Record<string, string>; hidden?: boolean }>;
  /** Second interfaces of instances, and those of services. */
  interfaces: Record<string, { groups: string[]; instance: string | null; description: string; tags: Record<string, string>; hidden?: boolean }>;
  /** `hidden`, here and above: a service manages it, and the account does not show such resources unless asked to. */
  /** Managed prefix lists: the ranges of each. */
  prefixLists: Record<string, { cidrs: string[] }>;
  volumes: Record<string, { encrypted: boolean; tags: Record<string, string>; hidden?: boolean }>;
  ebs: Record<string, { default: boolean; key: string }>;
  buckets: Record<
    string,
    {
      region: string;
      /** ISO 8601. */
      created: string;
      tags: Record<string, string> | null;
      encryption: unknown[] | null;
      block: Record<string, boolean> | null;
      policy: string | null;
      website: unknown;
      ownership: string | null;
      grants: { uri: string; permission: string }[];
    }
  >;
  /** What the account, or the organization for it, blocks of each bucket. */
  accountBlock: Record<string, boolean> | null;
  users: Record<string, { id: string; created: string; tags: Record<string, string>; keys: { id: string; active: boolean; created: string }[] }>;
  passwords: Record<string, unknown> | null;
  logGroups: Record<string, { region: string /** Epoch milliseconds. */; created: number; days: number | null; tags: Record<string, string>; class?: string }>;
  /** The retention policy of the account, which holds for groups of a prefix: `days` null is for ever. */
  retentionPolicy: { name: string; prefix: string; days: number | null } | null;
  /** State of your own operations. */
  custom: Record<string, unknown>;
  /** Of ids. */
  made: number;
}

export function emptyAccount(): AccountState {
  return {
    groups: {},
    instances: {},
    interfaces: {},
    prefixLists: {},
    volumes: {},
    ebs: {},
    buckets: {},
    accountBlock: null,
    users: {},
    passwords: null,
    logGroups: {},
    retentionPolicy: null,
    custom: {},
    made: 0,
  };
}

/** A copy of an input, a reply or a state. For what is plain data, and small, `structuredClone` takes several times as long. */
export function copied<T>(value: T): T {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  if (value instanceof Date) return new Date(value) as T;
  // As a member, `__proto__` would be assigned to the prototype.
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.hasOwn(value, '__proto__')) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) copy[name] = copied((value as Record<string, unknown>)[name]);
  return copy as T;
}

/** Where and when an operation is carried out. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly now: number;
}

/** One API operation on the state. */
export type Operation = (state: AccountState, input: never, place: Place) => object;

export const tagList = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
export const tagsFrom = (list: readonly { Key?: string; Value?: string }[] | undefined) =>
  Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

/** A new id of a kind: the same one in each run. */
export function newId(state: AccountState, prefix: string, length = 17): string {
  state.made++;
  return `${prefix}-${state.made.toString(16).padStart(length, '0')}`;
}

/** A member of a record, or the service's own error. */
export function existing<T>(record: Readonly<Record<string, T>>, key: string | undefined, code: string, status = 400): T {
  return key !== undefined && Object.hasOwn(record, key) ? (record[key] as T) : refuse(code, status, `${code}: ${key ?? ''}`);
}

/**
 * Makes an account what it was. Its members stay, and whoever holds one goes on seeing it. What is in them is replaced: a test may have put it into several
 * accounts.
 */
export function restore(state: AccountState, to: AccountState): void {
  const now = state as unknown as Record<string, unknown>;
  for (const [name, then] of Object.entries(copied(to))) {
    const member = now[name];
    if (typeof member !== 'object' || member === null || typeof then !== 'object' || then === null) {
      now[name] = then;
      continue;
    }
    for (const key of Object.keys(member)) Reflect.deleteProperty(member, key);
    Object.defineProperties(member, Object.getOwnPropertyDescriptors(then));
  }
}
