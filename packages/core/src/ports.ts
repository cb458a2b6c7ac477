import type { Partition, ResourceRef } from './model/resource.js';
import type { OperationUse, SdkClient } from './remediator/service.js';

/** Time, as a port, so that tests and simulations can control it. */
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

/** The target of a connection. */
export interface ConnectTarget {
  readonly partition: Partition;
  readonly account: string;
  /** Never `aws-global`: the partition's home region replaces it. */
  readonly region: string;
  /** `read` before an execution, `write` in a fix, `rollback` in a rollback: three roles, if they are separate. */
  readonly access: 'read' | 'write' | 'rollback';
  /** The execution, for all calls under its lease. Null before one begins, and for passes that only read. */
  readonly execution: TargetExecution | null;
}

/** The execution for which a connection is requested. */
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
  /** The identity of the credentials, as STS reports it; read once. */
  identity(): Promise<Identity>;
  /**
   * Only for the execution of its target, because its credentials name or restrict that execution. The engine then requests one connection for
   * each execution, and drops it at the end. Otherwise one connection serves all calls to the same place with the same access.
   */
  readonly perExecution?: boolean;
  /** A client to use instead of the SDK's own, for a simulated account. */
  client?(service: string): SdkClient;
}

/** The response of STS GetCallerIdentity. */
export interface Identity {
  readonly account: string;
  readonly arn: string;
  /** ARNs of the other roles of Redress in this account. Their calls are recognised as Redress's own, too. */
  readonly actsAs?: readonly string[];
}

/** Creates connections; `@redress/connect` implements it. */
export type Connect = (target: ConnectTarget) => Promise<Connection>;

/** `none`: nothing stops. `changes`: changes stop, rollbacks do not. `everything`: rollbacks stop, too. */
export type Stop = 'none' | 'changes' | 'everything';

/** Something that may change while a process runs, and is read again right before each write. */
export interface Live<T> {
  read(): Promise<T>;
}

/** A {@link Live} that never changes. */
export function fixed<T>(value: T): Live<T> {
  return { read: async () => value };
}

/** Whether a value is {@link Live}, that is, read again each time. */
export function isLive<T>(value: object): value is Live<T> {
  return 'read' in value && typeof value.read === 'function';
}

/** A rule of AWS Config. */
export interface ConfigRule {
  readonly name: string;
  /** Identifier of a managed rule: `INCOMING_SSH_DISABLED`. Null: it is a custom rule. */
  readonly identifier: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Reads rules of AWS Config: the identifier of a rule with a custom name, and its parameters. `readConfigRules` of `@redress/connect` returns one.
 */
export interface ConfigRuleReader {
  readonly reads: readonly OperationUse[];
  /** Null: there is no rule of that name. */
  read(args: { readonly aws: never; readonly name: string }): Promise<ConfigRule | null>;
}

/** Accounts in AWS Organizations; `organization` of `@redress/connect` returns one. */
export interface Organization {
  /** IDs of all accounts that are not suspended or closed. */
  accounts(): Promise<readonly string[]>;
  /** IDs of all accounts below an organizational unit or a root, at any depth. */
  within(unit: string): Promise<readonly string[]>;
  /** Tags of an account. */
  tags(account: string): Promise<Readonly<Record<string, string>>>;
}
