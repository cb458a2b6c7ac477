import { type JsonObject, type OperationUse, type Remediator, readsFor } from '@redress/core';
import { type Conditions, NARROWING, type Narrowing, UNKNOWN } from './narrowing.js';
import { NEVER } from './never.js';

/** A policy of IAM, as data. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly JsonObject[];
}

/** Roles of a member account: to look and to sweep, to fix, to take back. */
export type MemberRole = 'read' | 'fix' | 'rollback';
export const MEMBER_ROLES: readonly MemberRole[] = ['read', 'fix', 'rollback'];

/** That of a policy that names none. */
const EXCEPTION_TAG = 'redress:exception';
/** Needed by `readConfigRules` of `@redress/connect`. */
const CONFIG_RULES = 'config:DescribeConfigRules';
/** Sid of the statement that refuses to change what has the exception tag. */
export const EXEMPT = 'Exempt';

/** IAM takes so many characters of a managed policy, spaces not counted; a permission boundary is one. */
export const MAX_MANAGED_POLICY = 6144;
/** IAM takes so many characters in all policies that are written into a role. */
export const MAX_ROLE_POLICIES = 10_240;

/** What {@link memberPolicy} and {@link boundaryPolicy} take. */
export interface IamOptions {
  /** The policies allow what these declare, and nothing else. */
  readonly remediators: readonly Remediator[];
  /** Tag of the policy (`exceptions.tag`), default `redress:exception`: what has it cannot be changed. Null: IAM does not look at it. */
  readonly exceptionTag?: string | null;
  /** The account of the role. Default: that of whoever has the policy. */
  readonly account?: string;
  /** Regions in which the role may act; default all. IAM has none. */
  readonly regions?: readonly string[];
  /** For actions of your own remediators; an entry for an action of {@link NARROWING} is used instead of that. */
  readonly narrowing?: Readonly<Record<string, Narrowing>>;
  /** How ARNs and the account are written; default for a policy by itself. A template has its own ways. */
  readonly write?: Writing;
}

/** How a policy writes what depends on where it is used. */
export interface Writing {
  /** Fills `{partition}`, `{region}` and `{account}` in. */
  arn(pattern: string): string | JsonObject;
  readonly account: string | JsonObject;
}

/** The policy of one role of a member account. Read, fix and rollback are apart; a fix may not do what only a rollback does. */
export function memberPolicy(role: MemberRole, options: IamOptions): PolicyDocument {
  return document([...allowed(role, options), ...refused(role, options)]);
}

/**
 * A permission boundary: the most that a role may do, also when another policy is attached to it, or a resource lets it in. It allows what is
 * declared, denies everything else outright, and denies what nobody may declare ({@link NEVER}).
 *
 * @param role one of the roles; without it the boundary fits all three, and so keeps fix and rollback less apart.
 */
export function boundaryPolicy(options: IamOptions, role?: MemberRole): PolicyDocument {
  const roles = role === undefined ? MEMBER_ROLES : [role];
  const actions = sorted(roles.flatMap((each) => actionsOf(each, options.remediators)));
  return document([
    ...statementsOf('Bound', actions, options),
    // A policy of a resource that names the session would get past what is only not allowed.
    { Sid: 'OnlyDeclared', Effect: 'Deny', NotAction: actions.length === 0 ? ['sts:GetCallerIdentity'] : actions, Resource: '*' },
    { Sid: 'Never', Effect: 'Deny', Action: [...NEVER], Resource: '*' },
  ]);
}

/** IAM actions of a role, sorted. Operations have actions of other names: `s3:ListBuckets` needs `s3:ListAllMyBuckets`. */
export function actionsOf(role: MemberRole, remediators: readonly Remediator[]): readonly string[] {
  // What a finding's Config rule is, the engine asks itself.
  const rules = role === 'read' && remediators.some(({ configRules }) => configRules.length > 0) ? [CONFIG_RULES] : [];
  return sorted([...rules, ...remediators.flatMap(({ uses }) => [...looking(role, uses), ...changing(role, uses)])]);
}

/** IAM actions of declared operations, sorted. */
export function iamActions(uses: readonly OperationUse[]): readonly string[] {
  return sorted(uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])));
}

/** What a role cannot be kept to the one resource that is meant, and why. */
export interface Rest {
  readonly action: string;
  readonly roles: readonly MemberRole[];
  /** As in a policy by itself; empty: every resource. */
  readonly resources: readonly string[];
  /** Keys of conditions. */
  readonly conditions: readonly string[];
  readonly rest: string;
}

/** For each declared action, how far it is narrowed, and what is left. */
export function narrowed(options: IamOptions): readonly Rest[] {
  const of = (role: MemberRole) => actionsOf(role, options.remediators);
  return sorted(MEMBER_ROLES.flatMap(of)).map((action) => {
    const found = narrowingOf(action, options);
    return {
      action,
      roles: MEMBER_ROLES.filter((role) => of(role).includes(action)),
      resources: (found.resources ?? []).map((each) => String(plain(options).arn(each))),
      conditions: sorted([
        ...Object.values(found.conditions ?? {}).flatMap((each) => Object.keys(each)),
        ...(found.accountKey === undefined ? [] : [found.accountKey]),
        ...(found.tagged === true && of('fix').includes(action) ? ['aws:ResourceTag'] : []),
      ]),
      rest: found.rest,
    };
  });
}

/** A request that a generated policy allows. */
export interface ExampleRequest {
  /** ARN of a resource that need not exist; `*` where AWS lets the action name none. */
  readonly resource: string;
  /** Condition keys with their values. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * A request that a generated policy allows when it allows the action at all. Whoever asks IAM to simulate a narrowed policy has to name one:
 * of every resource, such a policy says no.
 */
export function exampleRequest(
  action: string,
  { partition, account, region, narrowing }: { readonly partition: string; readonly account: string; readonly region: string } & Pick<IamOptions, 'narrowing'>,
): ExampleRequest {
  const found = narrowing?.[action] ?? NARROWING[action] ?? UNKNOWN;
  const fill = (text: string) => text.replace('{partition}', partition).replace('{region}', region).replace('{account}', account).replaceAll('*', 'example');
  const context: Record<string, string> = { ...(found.global === true ? {} : { 'aws:RequestedRegion': region }) };
  if (found.accountKey !== undefined) context[found.accountKey] = account;
  for (const [operator, keys] of Object.entries(found.conditions ?? {}))
    if (operator !== 'Null') for (const [key, value] of Object.entries(keys)) if (typeof value === 'string') context[key] = fill(value);
  return { resource: found.resources === null ? '*' : fill(String(found.resources[0])), context };
}

/** Remediators whose fix and rollback share an action, so that IAM cannot keep the two apart. */
export function oneActionForBoth(remediators: readonly Remediator[]): readonly { readonly id: string; readonly actions: readonly string[] }[] {
  return remediators
    .map(({ id, uses }) => ({ id, actions: iamActions(uses.undoes).filter((each) => iamActions(uses.writes).includes(each)) }))
    .filter(({ actions }) => actions.length > 0);
}

/** Who changes nothing need not look before it. */
function looking(role: MemberRole, uses: Remediator['uses']): readonly string[] {
  if (role !== 'read' && changing(role, uses).length === 0) return [];
  return iamActions(readsFor(uses, role === 'fix' ? 'write' : role));
}

function changing(role: MemberRole, { writes, undoes }: Remediator['uses']): readonly string[] {
  return role === 'read' ? [] : iamActions(role === 'fix' ? writes : undoes);
}

function allowed(role: MemberRole, options: IamOptions): JsonObject[] {
  const { remediators } = options;
  const changes = sorted(remediators.flatMap(({ uses }) => changing(role, uses)));
  const looks = actionsOf(role, remediators).filter((each) => !changes.includes(each));
  return [...statementsOf('Look', looks, options), ...statementsOf(role === 'fix' ? 'Fix' : 'TakeBack', changes, options)];
}

/** What is refused although the same role may do it elsewhere. */
function refused(role: MemberRole, options: IamOptions): JsonObject[] {
  const tag = options.exceptionTag === undefined ? EXCEPTION_TAG : options.exceptionTag;
  if (tag === null || role === 'read') return [];
  const changes = actionsOf(role, options.remediators);
  const that = (is: 'tagged' | 'tags') => changes.filter((each) => narrowingOf(each, options)[is] === true);
  // A rollback of what has got the tag since is wanted: that is how people stop a fix that was wrong.
  const tagged = role === 'fix' ? that('tagged') : [];
  const tags = that('tags');
  return [
    ...(tagged.length === 0
      ? []
      : [{ Sid: EXEMPT, Effect: 'Deny', Action: tagged, Resource: '*', Condition: { Null: { [`aws:ResourceTag/${tag}`]: 'false' } } }]),
    ...(tags.length === 0
      ? []
      : [{ Sid: 'Exempting', Effect: 'Deny', Action: tags, Resource: '*', Condition: { 'ForAnyValue:StringEqualsIgnoreCase': { 'aws:TagKeys': tag } } }]),
  ];
}

/** Actions as statements: one for those that share a name, resources and conditions. */
function statementsOf(prefix: string, actions: readonly string[], options: IamOptions): JsonObject[] {
  const groups = new Map<string, { readonly statement: JsonObject; readonly actions: string[] }>();
  for (const action of actions) {
    const found = narrowingOf(action, options);
    const condition = conditionsOf(found, options);
    const { arn } = plain(options);
    const statement: JsonObject = {
      Resource: found.resources === null ? '*' : found.resources.map((each) => arn(each)),
      ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
    };
    const key = JSON.stringify([found.name, statement]);
    const group = groups.get(key) ?? { statement, actions: [] };
    groups.set(key, group);
    group.actions.push(action);
  }
  const used = new Map<string, number>();
  return [...groups].map(([key, { statement, actions: together }]) => {
    const name = `${prefix}${(JSON.parse(key) as [string])[0]}`;
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return { Sid: count === 1 ? name : `${name}${count}`, Effect: 'Allow', Action: together, ...statement };
  });
}

function conditionsOf(found: Narrowing, options: IamOptions): JsonObject {
  const { regions } = options;
  const all: Conditions[] = [
    ...(found.conditions === undefined ? [] : [found.conditions]),
    ...(found.accountKey === undefined ? [] : [{ StringEquals: { [found.accountKey]: plain(options).account } }]),
    ...(regions === undefined || found.global === true ? [] : [{ StringEquals: { 'aws:RequestedRegion': [...regions] } }]),
  ];
  const merged: Record<string, Record<string, unknown>> = {};
  for (const conditions of all) for (const [operator, keys] of Object.entries(conditions)) merged[operator] = { ...merged[operator], ...keys };
  return merged as JsonObject;
}

function narrowingOf(action: string, { narrowing }: IamOptions): Narrowing {
  return narrowing?.[action] ?? NARROWING[action] ?? UNKNOWN;
}

/** A policy by itself: any partition, any region, the account that is given or that of the role. */
function plain({ write, account }: IamOptions): Writing {
  return (
    write ?? {
      arn: (pattern) =>
        pattern
          .replace('{partition}', '*')
          .replace('{region}', '*')
          .replace('{account}', account ?? '*'),
      // A variable of IAM, not of this language.
      account: account ?? '$' + '{aws:PrincipalAccount}',
    }
  );
}

function document(statements: readonly JsonObject[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

const sorted = (all: readonly string[]): string[] => [...new Set(all)].sort();
