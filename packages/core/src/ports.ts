import type { Partition, ResourceRef } from './model/resource.js';
import type { OperationUse, SdkClient } from './remediator/service.js';

/** Time, so that tests and simulations can own it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** Where to connect to. */
export interface ConnectTarget {
  readonly partition: Partition;
  readonly account: string;
  /** Never `aws-global`: the partition's home region stands in. */
  readonly region: string;
  /** `read` before an execution, `write` in a fix, `rollback` in a rollback: three roles where they are kept apart. */
  readonly access: 'read' | 'write' | 'rollback';
  /** In which execution: all calls under its lease. Null before one begins, and so for everything that only looks. */
  readonly execution: TargetExecution | null;
}

/** The execution for which a connection is asked. */
export interface TargetExecution {
  readonly id: string;
  readonly remediator: string;
  /** The one resource that it is about. */
  readonly resource: ResourceRef;
}

/** A connection to one account and region. */
export interface Connection {
  /** Configuration for AWS SDK v3 clients: region, credentials, endpoint. */
  readonly config: object;
  /** Who the credentials are, by STS; read once. */
  identity(): Promise<Identity>;
  /**
   * Made for the execution of its target alone, as its credentials name or bound it: the engine asks for another for each execution, and drops
   * it at its end. Otherwise one connection serves every call to the same place with the same access.
   */
  readonly perExecution?: boolean;
  /** A client to use instead of the SDK's own: a simulated account has them. */
  client?(service: string): SdkClient;
}

/** What STS GetCallerIdentity says. */
export interface Identity {
  readonly account: string;
  readonly arn: string;
  /** ARNs of the other roles that Redress acts as in this account: what they do is its own doing, too. */
  readonly actsAs?: readonly string[];
}

/** Gives connections; `@redress/connect` implements it. */
export type Connect = (target: ConnectTarget) => Promise<Connection>;

/** `none`: go. `changes`: nothing is changed, but rolled back. `everything`: rollbacks stop too. */
export type Stop = 'none' | 'changes' | 'everything';

/** Something that may change while a process runs, and is read again right before each write. */
export interface Live<T> {
  read(): Promise<T>;
}

/** A {@link Live} that never changes. */
export function fixed<T>(value: T): Live<T> {
  return { read: async () => value };
}

/** Whether it is read again each time. */
export function isLive<T>(value: object): value is Live<T> {
  return 'read' in value && typeof value.read === 'function';
}

/** A rule as AWS Config has it. */
export interface ConfigRule {
  readonly name: string;
  /** Of a managed rule: `INCOMING_SSH_DISABLED`. Null: it has code of its own. */
  readonly identifier: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Reads the rules of AWS Config: what a rule is that has a name of its own, and what it was configured to look for. `readConfigRules` of
 * `@redress/connect` is one.
 */
export interface ConfigRuleReader {
  readonly reads: readonly OperationUse[];
  /** Null: there is none of that name. */
  read(args: { readonly aws: never; readonly name: string }): Promise<ConfigRule | null>;
}

/** What AWS Organizations knows of accounts; `organization` of `@redress/connect` is one. */
export interface Organization {
  /** Ids of all accounts that are not suspended or closed. */
  accounts(): Promise<readonly string[]>;
  /** Ids of those below an organizational unit or a root, however deep. */
  within(unit: string): Promise<readonly string[]>;
  /** Tags of an account. */
  tags(account: string): Promise<Readonly<Record<string, string>>>;
}
