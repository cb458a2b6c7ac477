import { type JsonObject, type OperationUse, type Remediator, readsFor } from '@redress/core';
import { divided, document, fit, MAX_MANAGED_POLICY, type Measured, type PolicyDocument, tooLarge } from './divided.js';
import { type Conditions, NARROWING, type Narrowing, UNKNOWN } from './narrowing.js';
import { NEVER } from './never.js';

/** Roles of a member account: to look and to sweep, to fix, to take back. */
export type MemberRole = 'read' | 'fix' | 'rollback';
export const MEMBER_ROLES: readonly MemberRole[] = ['read', 'fix', 'rollback'];

/** That of a policy that names none. */
const EXCEPTION_TAG = 'redress:exception';
/** Needed by `readConfigRules` of `@redress/connect`. */
const CONFIG_RULES = 'config:DescribeConfigRules';
/** Sid of the statement that refuses to change what has the exception tag. */
export const EXEMPT = 'Exempt';

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

/** What one role of a member account may do, in one document. Read, fix and rollback are apart; a fix may not do what only a rollback does. */
export function memberPolicy(role: MemberRole, options: IamOptions): PolicyDocument {
  return document([...allowed(role, options), ...refused(role, options)]);
}

/**
 * The same as managed policies to attach to the role, each within the length that IAM takes, and with them what its boundary has no room for.
 *
 * @throws {RedressError} `compose/invalid`: more than a role takes
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function memberPolicies(role: MemberRole, options: IamOptions): readonly PolicyDocument[] {
  // What is refused comes first: the statement that whoever deploys may leave out is then never alone in a policy.
  const own = measured(options, (given) => [...refused(role, given), ...allowed(role, given)]);
  if (own.length === 0) return [];
  return divided(`The role ${role}`, [...own, ...bounds(options, [role]).beside]).map(document);
}

/**
 * A permission boundary: the most that a role may do, also when another policy is attached to it, or a resource lets it in. It allows what is
 * declared, denies everything else outright, and denies what nobody may declare ({@link NEVER}).
 *
 * It is one managed policy, so it has to be short. Of many remediators it names each action once: resources that only bound *which* are left to
 * the policies of the role, and the two denials that have no room are among {@link memberPolicies}, where they hold as well. Conditions stay.
 *
 * @param role one of the roles; without it the boundary fits all three, and so keeps fix and rollback less apart.
 * @throws {RedressError} `compose/invalid`: the names of the actions alone are longer than a managed policy
 */
export function boundaryPolicy(options: IamOptions, role?: MemberRole): PolicyDocument {
  const { boundary, beside } = bounds(options, role === undefined ? MEMBER_ROLES : [role]);
  // Without a role there are no policies of a role to which a denial could go.
  if (role === undefined && beside.length > 0)
    throw tooLarge(`A boundary for all three roles is longer than ${MAX_MANAGED_POLICY} characters: make one for each.`);
  return document(boundary);
}

/** The boundary of roles, and the denials that it has no room for. A denial holds wherever it stands. */
function bounds(options: IamOptions, roles: readonly MemberRole[]): { readonly boundary: readonly JsonObject[]; readonly beside: readonly Measured[] } {
  const actions = sorted(roles.flatMap((each) => actionsOf(each, options.remediators)));
  const allows = [NARROWED, BY_NAME].map((form) => measured(options, (given) => statementsOf('Bound', actions, given, form)));
  const denies = [
    // A policy of a resource that names the session would get past what is only not allowed.
    { Sid: 'OnlyDeclared', Effect: 'Deny', NotAction: actions.length === 0 ? ['sts:GetCallerIdentity'] : actions, Resource: '*' },
    { Sid: 'Never', Effect: 'Deny', Action: [...NEVER], Resource: '*' },
  ].map((each): Measured => ({ statement: each, longest: each }));
  // The most that still fits; the order of importance is: exact names, then resources, then denials, which hold elsewhere as well.
  for (const allow of allows)
    for (const within of [2, 1, 0]) {
      const boundary = [...allow, ...denies.slice(0, within)];
      if (fit(boundary.map(({ longest }) => longest))) return { boundary: boundary.map(({ statement }) => statement), beside: denies.slice(within) };
    }
  throw tooLarge(`The names of ${actions.length} actions are longer than a permission boundary may be (${MAX_MANAGED_POLICY} characters).`);
}

/** Statements as they are written, and as long as they get: with the longest name of a partition, and the number of an account. */
function measured(options: IamOptions, made: (options: IamOptions) => readonly JsonObject[]): readonly Measured[] {
  const longest = options.write === undefined ? options : { ...options, write: LONGEST };
  const lengths = made(longest);
  return made(options).map((statement, index) => ({ statement, longest: lengths[index] ?? statement }));
}

const LONGEST: Writing = {
  arn: (pattern) => pattern.replace('{partition}', 'aws-us-gov').replace('{region}', '*').replace('{account}', '123456789012'),
  account: '123456789012',
};

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

/** What of a narrowing a statement has. */
type Form = (found: Narrowing) => Narrowing;
const NARROWED: Form = (found) => found;
/** Names alone; but what has conditions is dangerous without them: a role to pass, a tag to set, a bucket of somebody else. */
const BY_NAME: Form = (found) =>
  found.conditions === undefined && found.accountKey === undefined
    ? { name: 'Named', resources: null, rest: found.rest, ...(found.global === undefined ? {} : { global: found.global }) }
    : found;

/** Actions as statements: one for those that share a name, resources and conditions. */
function statementsOf(prefix: string, actions: readonly string[], options: IamOptions, form: Form = NARROWED): JsonObject[] {
  const groups = new Map<string, { readonly statement: JsonObject; readonly actions: string[] }>();
  for (const action of actions) {
    const found = form(narrowingOf(action, options));
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

const sorted = (all: readonly string[]): string[] => [...new Set(all)].sort();
