// Removal matrices: each action of each role is removed once, in an account where IAM policies are enforced.
import { type AwsCredentials, type ConnectAwsOptions, connectAws, memberRoles } from '@redress/connect';
import {
  type Clock,
  type Connect,
  type ConnectTarget,
  createRedress,
  definePolicy,
  isRedressError,
  type Journal,
  type JsonObject,
  type PassResult,
  type Redress,
  type Remediator,
  type ResourceRef,
} from '@redress/core';
import { iamActions, type MemberRole, memberPolicy, NARROWING, type PolicyDocument } from '@redress/deploy';
import { memoryJournal } from '@redress/evidence';
import { type RecordingProxy, recordingProxy } from '@redress/testing';
import { AwsError, type Boto } from './boto.ts';
import type { Enforced } from './ministack.ts';

/** One scenario of a remediator. */
export interface Situation {
  /** `fix`, `flag`, …: the name of the row in the table. */
  readonly name: string;
  readonly parameters?: JsonObject;
  /** Days that the clock is ahead, so that new resources count as old. */
  readonly days?: number;
  /** Opens the gap. */
  arrange(aws: Boto): Promise<ResourceRef>;
  /** Everything that a fix could change, read by a separate client. */
  state(aws: Boto, ref: ResourceRef): Promise<unknown>;
  /** Removes what the sweep of the next situation would find and read unnecessarily. */
  remove?(aws: Boto, ref: ResourceRef): Promise<void>;
  /** Default: the engine runs on the resource. */
  start?(redress: Redress, ref: ResourceRef): Promise<readonly PassResult[]>;
}

/** A remediator with the situations in which it uses everything that it declares. */
export interface Subject {
  readonly remediator: Remediator;
  readonly situations: readonly Situation[];
}

/** One removed action. */
export interface Row {
  readonly remediator: string;
  readonly role: MemberRole;
  readonly situation: string;
  readonly action: string;
  /** The result, as shown in the table. */
  readonly came: string;
  /** Whether the emulator's policies decided; otherwise the call was only compared with the declarations. */
  readonly enforced: boolean;
}

/** Actions that the emulator does not authorize, and why. Their absence is only compared with the declarations. */
export const NOT_ENFORCED: Readonly<Record<string, string>> = {
  's3:GetAccountPublicAccessBlock': 'The emulator does not know what an account blocks of its buckets.',
  'ec2:CreateTags': 'The emulator does not ask whether a rule may be made with tags.',
};
/** The emulator does not know the owner of a key, so it checks every resource. */
export const NARROWING_HERE: NonNullable<Parameters<typeof memberPolicy>[1]['narrowing']> = {
  'iam:GetAccessKeyLastUsed': { ...(NARROWING['iam:GetAccessKeyLastUsed'] as (typeof NARROWING)[string]), resources: null },
};
export const ROLES = { read: 'RedressRead', fix: 'RedressFix', rollback: 'RedressRollback' } as const;
export const EXTERNAL_ID = 'o-example-redress';
export const REGION = 'us-east-1';
const APPROVER = 'arn:aws:iam::123456789012:role/SecurityLead';
const ROLE_OF: Readonly<Record<ConnectTarget['access'], MemberRole>> = { read: 'read', write: 'fix', rollback: 'rollback' };

/** Served by the other emulator, after this one has authorized it. */
const SERVED_BY_MOTO = /EbsEncryptionByDefault|EbsDefaultKmsKeyId/;

/** Lines of the table. Equal results share a line. */
export function table(rows: readonly Row[]): readonly string[] {
  const groups = new Map<string, { readonly row: Row; readonly actions: string[] }>();
  for (const row of rows) {
    const emulator = row.enforced ? (SERVED_BY_MOTO.test(row.action) ? 'ministack, then moto' : 'ministack') : '*not enforced*';
    const key = [`\`${row.remediator}\``, row.situation, row.role, '', row.came, emulator].join(' | ');
    const group = groups.get(key) ?? { row, actions: [] };
    groups.set(key, group);
    group.actions.push(`\`${row.action}\``);
  }
  return [...groups].map(([key, { actions }]) => `| ${key.replace(' |  | ', ` | ${actions.join(', ')} | `)} |`);
}

/** A policy without one of its actions. */
export function without(policy: PolicyDocument, action: string): PolicyDocument {
  const Statement = policy.Statement.flatMap((each) => {
    if (each['Effect'] !== 'Allow') return [each];
    const left = (each['Action'] as string[]).filter((name) => name !== action);
    return left.length === 0 ? [] : [{ ...each, Action: left }];
  });
  return { ...policy, Statement };
}

/** The roles of an account, and the calls of each. */
export class Bench {
  readonly #enforced: Enforced;
  readonly #aws: Boto;
  /** For the role that may assume the others, and nothing else. */
  readonly #hub: AwsCredentials;
  readonly #proxies = new Map<MemberRole, RecordingProxy>();

  constructor(enforced: Enforced, aws: Boto, hub: AwsCredentials) {
    this.#enforced = enforced;
    this.#aws = aws;
    this.#hub = hub;
  }

  async open(): Promise<void> {
    for (const role of Object.keys(ROLES) as MemberRole[]) this.#proxies.set(role, await recordingProxy(this.#enforced.endpoint));
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.close();
  }

  /** Each role has its own sessions and its own wire. */
  connect(): Connect {
    const options: ConnectAwsOptions = {
      credentials: this.#hub,
      ...memberRoles({ ...ROLES, externalId: EXTERNAL_ID }),
    };
    const by = new Map([...this.#proxies].map(([role, { endpoint }]) => [role, connectAws({ ...options, endpoint })]));
    return (target) => (by.get(ROLE_OF[target.access]) as Connect)(target);
  }

  /** Replaces the permissions of a role with a policy. */
  async give(role: MemberRole, policy: PolicyDocument): Promise<void> {
    const which = { RoleName: ROLES[role], PolicyName: 'Redress' };
    // IAM accepts no policy without statements.
    if (policy.Statement.length > 0) await this.#aws.call(REGION, 'iam', 'put_role_policy', { ...which, PolicyDocument: JSON.stringify(policy) });
    else
      await this.#aws.call(REGION, 'iam', 'delete_role_policy', which).catch((error: unknown) => {
        if (!(error instanceof AwsError && error.code === 'NoSuchEntity')) throw error;
      });
  }

  /** Operations that a role has used since the last call. */
  used(role: MemberRole): ReadonlySet<string> {
    const { calls } = this.#proxies.get(role) as RecordingProxy;
    const found = (calls as unknown as { service: string; operation: string }[]).filter(({ service }) => service !== 'sts');
    const names = new Set(found.map(({ service, operation }) => `${service}:${operation}`));
    (calls as unknown as unknown[]).length = 0;
    return names;
  }
}

async function recordsOf(journal: Journal): Promise<readonly { readonly kind: string; readonly text: string }[]> {
  const found: { kind: string; text: string }[] = [];
  for await (const { record } of journal.read({ all: true })) found.push({ kind: record.kind, text: JSON.stringify(record.body) });
  return found;
}

const MATRIX_ROLES = ['read', 'fix', 'rollback'] as const;
/** Used for events of Config rules, and for groups with prefix lists. Neither occurs here. */
const NOT_HERE = ['config:DescribeConfigRules', 'ec2:GetManagedPrefixListEntries'];
const allowedBy = (policy: PolicyDocument): readonly string[] =>
  policy.Statement.flatMap((each) => (each['Effect'] === 'Allow' ? (each['Action'] as string[]) : []));

/** The result of a matrix. */
export interface Matrix {
  readonly rows: readonly Row[];
  /** What is wrong; empty if nothing is. */
  readonly problems: readonly string[];
}

/**
 * The matrix of one remediator. With its complete policies everything works, and nothing in them is unused. Without one action, only what needs it fails. It
 * fails closed: recorded with the name of the denied action, and with nothing changed.
 */
export async function matrix(subject: Subject, bench: Bench, aws: Boto, account: string): Promise<Matrix> {
  const { remediator, situations } = subject;
  const { uses } = remediator;
  const rows: Row[] = [];
  const problems: string[] = [];
  const needed: Readonly<Record<MemberRole, Set<string>>> = { read: new Set(), fix: new Set(), rollback: new Set() };
  const policyOf = (role: MemberRole) => memberPolicy(role, { remediators: [remediator], account, narrowing: NARROWING_HERE });
  const operations = [...uses.reads, ...uses.writes, ...uses.undoes].flatMap(({ service, operations: names }) =>
    names.map((name) => ({ operation: `${service.id}:${name}`, actions: iamActions([{ service, operations: [name] }]) })),
  );
  /** IAM actions of a role's calls since the last time, all of them declared for that role. */
  const used = (role: MemberRole): readonly string[] => {
    const actions = [...bench.used(role)].flatMap((sent) => {
      const found = operations.find(({ operation }) => operation === sent);
      if (found === undefined || !found.actions.every((each) => allowedBy(policyOf(role)).includes(each)))
        problems.push(`${role}: ${sent} is not declared for it`);
      return found?.actions ?? [];
    });
    return [...new Set(actions)].sort();
  };
  /** Whether a text names the denied action or operation. AWS itself does not always do so. */
  const isNamed = (text: string, action: string) =>
    [action, ...operations.filter(({ actions }) => actions.includes(action)).map(({ operation }) => operation)].some((each) => text.includes(each));

  for (const situation of situations) {
    const one = new Ways(subject, situation, bench, account);
    const wrong = (where: string, problem: string | null | false) => {
      if (problem !== null && problem !== false) problems.push(`${situation.name}, ${where}: ${problem}`);
    };
    const isClosed = async (where: string, journal: Journal) => wrong(where, (await journal.open()).length > 0 && 'an execution is still open');
    for (const role of MATRIX_ROLES) {
      await bench.give(role, policyOf(role));
      bench.used(role);
    }

    // A rehearsal shows what each role needs here.
    const rehearsed = await situation.arrange(aws);
    const swept = await one.sweep(rehearsed);
    wrong(
      'sweep',
      !(swept.summary?.status === 'complete' && ['planned', 'notified', 'awaiting-approval'].includes(swept.mine?.outcome ?? '')) &&
        `${swept.summary?.status}: ${swept.summary?.message}; ${swept.mine?.outcome}: ${swept.mine?.message}`,
    );
    const reads = used('read');
    for (const action of reads) needed.read.add(action);
    let fixes: readonly string[] = [];
    let undoes: readonly string[] = [];
    let confirms: readonly string[] = [];
    if (uses.writes.length > 0) {
      const untouched = JSON.stringify(await situation.state(aws, rehearsed));
      const journal = one.journal();
      const fixed = await one.fix(rehearsed, journal);
      wrong('fix', !['remediated', 'flagged'].includes(fixed.outcome) && `${fixed.outcome}: ${fixed.message}`);
      wrong('fix', JSON.stringify(await situation.state(aws, rehearsed)) === untouched && 'nothing was changed');
      const taken = await one.rollback(fixed, journal);
      wrong('rollback', (taken instanceof Error || taken.outcome !== 'rolled-back') && taken.message);
      fixes = used('fix');
      undoes = used('rollback');
      // Reads that only the check right before a change makes.
      confirms = used('read').filter((action) => !reads.includes(action));
      for (const action of confirms) needed.read.add(action);
      for (const action of fixes) needed.fix.add(action);
      for (const action of undoes) needed.rollback.add(action);
    }

    await situation.remove?.(aws, rehearsed);
    let ref = await situation.arrange(aws);
    const state = async () => JSON.stringify(await situation.state(aws, ref));
    const add = (role: MemberRole, action: string, came: string) =>
      rows.push({ remediator: remediator.id, role, situation: situation.name, action, came, enforced: NOT_ENFORCED[action] === undefined });
    const before = await state();
    const stays = async (where: string, as: string) => {
      const now = await state();
      wrong(where, now !== as && `it was changed from ${as} to ${now}`);
    };

    for (const action of reads) {
      if (NOT_ENFORCED[action] !== undefined) {
        add('read', action, 'recorded, and declared');
        continue;
      }
      const where = `sweep without ${action}`;
      await bench.give('read', without(policyOf('read'), action));
      const { summary, mine, records, journal } = await one.sweep(ref);
      // Either nothing is found, or what is found cannot be read.
      const found = summary?.status === 'complete';
      wrong(where, !(found ? mine?.outcome === 'denied' : summary?.status === 'failed' && mine === undefined) && `${summary?.status}, ${mine?.outcome}`);
      const kind = found ? 'decision' : 'sweep';
      wrong(where, !records.some((each) => each.kind === kind && isNamed(each.text, action)) && `no ${kind} record names it`);
      await isClosed(where, journal);
      await stays(where, before);
      add('read', action, found ? 'denied: it could not be read' : 'the sweep fails');
    }
    await bench.give('read', policyOf('read'));
    if (uses.writes.length === 0) {
      await situation.remove?.(aws, ref);
      continue;
    }

    for (const [role, actions] of [
      ['read', confirms],
      ['fix', fixes],
    ] as const)
      for (const action of actions) {
        if (NOT_ENFORCED[action] !== undefined) {
          add(role, action, 'recorded, and declared');
          continue;
        }
        const where = `fix without ${action}`;
        await bench.give(role, without(policyOf(role), action));
        const journal = one.journal();
        const { outcome, message } = await one.fix(ref, journal);
        wrong(where, outcome !== 'failed' && `${outcome}: ${message}`);
        wrong(where, !(await recordsOf(journal)).some((each) => each.kind === 'outcome' && isNamed(each.text, action)) && 'no outcome names it');
        await isClosed(where, journal);
        await stays(where, before);
        add(role, action, 'failed, nothing changed');
        if (role === 'read') await bench.give('read', policyOf('read'));
      }
    // An action that is not needed here is not missed.
    const only = (role: MemberRole, actions: readonly string[]) =>
      allowedBy(policyOf(role))
        .filter((each) => !actions.includes(each))
        .reduce(without, policyOf(role));
    await bench.give('fix', only('fix', fixes));
    const fixNow = async () => {
      const journal = one.journal();
      const fixed = await one.fix(ref, journal);
      wrong('fix with what it needs', !['remediated', 'flagged'].includes(fixed.outcome) && `${fixed.outcome}: ${fixed.message}`);
      await isClosed('fix', journal);
      return { fixed, journal, after: await state() };
    };
    let done = await fixNow();

    for (const action of undoes) {
      if (NOT_ENFORCED[action] !== undefined) {
        add('rollback', action, 'recorded, and declared');
        continue;
      }
      const where = `rollback without ${action}`;
      const { fixed, journal, after } = done;
      await bench.give('rollback', without(policyOf('rollback'), action));
      const count = (await recordsOf(journal)).length;
      const came = await one.rollback(fixed, journal);
      wrong(where, !isNamed(came.message, action) && `it does not say so: ${came.message}`);
      const records = (await recordsOf(journal)).slice(count);
      await isClosed(where, journal);
      if (came instanceof Error) {
        wrong(where, records.length > 0 && 'something that never began is recorded');
        await stays(where, after);
        add('rollback', action, 'refused before it begins');
        continue;
      }
      wrong(where, !records.some((each) => each.kind === 'outcome' && isNamed(each.text, action)) && 'no outcome names it');
      if (came.outcome === 'unknown') {
        // The undo restores more than could be read before it.
        wrong(where, (await state()) === after && 'nothing was rolled back');
        add('rollback', action, 'rolled back, and unknown: it could not be read afterwards');
        await situation.remove?.(aws, ref);
        ref = await situation.arrange(aws);
        done = await fixNow();
        continue;
      }
      wrong(where, came.outcome !== 'failed' && `${came.outcome}: ${came.message}`);
      await stays(where, after);
      add('rollback', action, 'failed, nothing changed');
    }
    await bench.give('rollback', only('rollback', undoes));
    const taken = await one.rollback(done.fixed, done.journal);
    wrong('rollback with what it needs', (taken instanceof Error || taken.outcome !== 'rolled-back') && taken.message);
    await isClosed('rollback', done.journal);
    await situation.remove?.(aws, ref);
  }
  for (const role of MATRIX_ROLES)
    for (const action of allowedBy(policyOf(role)))
      if (!needed[role].has(action) && !NOT_HERE.includes(action)) problems.push(`${role}: ${action} is allowed, and never used`);
  return { rows, problems };
}

/** Everything that happens to one resource, each time with a new engine. */
class Ways {
  readonly #subject: Subject;
  readonly #situation: Situation;
  readonly #bench: Bench;
  readonly #account: string;
  readonly #clock: Clock;

  constructor(subject: Subject, situation: Situation, bench: Bench, account: string) {
    this.#subject = subject;
    this.#situation = situation;
    this.#bench = bench;
    this.#account = account;
    let ahead = (situation.days ?? 0) * 86_400_000;
    this.#clock = {
      now: () => Date.now() + ahead,
      // Waiting takes no time here.
      sleep: async (milliseconds) => {
        ahead += milliseconds;
      },
    };
  }

  journal(): Journal {
    return memoryJournal({ clock: this.#clock });
  }

  async sweep(ref: ResourceRef) {
    const journal = this.journal();
    const passes: PassResult[] = [];
    const redress = this.#engine('plan', journal);
    try {
      const targets = [{ account: this.#account, region: REGION }];
      const [summary] = await redress.sweep({ targets, perSecond: 10_000, onPass: (pass) => void passes.push(pass) });
      return { summary, mine: passes.find(({ resource }) => resource.id === ref.id), records: await recordsOf(journal), journal };
    } finally {
      redress.close();
    }
  }

  /** The whole path, including a person's approval. */
  async fix(ref: ResourceRef, journal: Journal): Promise<PassResult> {
    const { start } = this.#situation;
    const redress = this.#engine('enforce', journal);
    try {
      const passes = start === undefined ? await redress.run(ref) : await start(redress, ref);
      const waiting = passes.find(({ approval }) => approval !== null)?.approval;
      const all = waiting == null ? passes : await redress.approve(waiting, { by: { name: APPROVER, verified: true }, reason: 'a test' });
      const last = all.at(-1);
      if (last === undefined) throw new Error('Nothing was decided.');
      return last;
    } finally {
      redress.close();
    }
  }

  /** An error: it was refused before it began. */
  async rollback({ execution, message }: PassResult, journal: Journal): Promise<PassResult | Error> {
    if (execution === null) return new Error(`There was no execution: ${message}`);
    const redress = this.#engine('enforce', journal);
    try {
      return await redress.rollback(String(execution), { by: 'a person', reason: 'a test', acceptLoss: true });
    } catch (error) {
      if (isRedressError(error) && error.code === 'rollback/refused') return error;
      throw error;
    } finally {
      redress.close();
    }
  }

  #engine(mode: 'enforce' | 'plan', journal: Journal): Redress {
    const { remediator } = this.#subject;
    const { parameters } = this.#situation;
    return createRedress({
      remediators: [remediator],
      policy: definePolicy({
        version: 1,
        environments: { dev: { accounts: [this.#account] } },
        approvers: { dev: [APPROVER] },
        remediators: { [remediator.id]: { dev: mode, ...(parameters === undefined ? {} : { parameters }) } },
      }),
      journal,
      clock: this.#clock,
      connect: this.#bench.connect(),
    });
  }
}
