import { isRecord, type Json, type JsonObject, type OperationUse, type Remediator, readsFor } from '@redress/core';
import type { ParametersOf } from '../config/managed-rules.js';
import { divided, document, fit, MAX_MANAGED_POLICY, type Measured, type PolicyDocument, tooLarge } from './divided.js';
import { type Conditions, NARROWING, type Narrowing, UNKNOWN } from './narrowing.js';
import { NEVER } from './never.js';
import { narrowingOfPassing, PASS_ROLE, passes, passing } from './passed.js';

/** Roles of a member account: to read and sweep, to fix, to roll back. */
export type MemberRole = 'read' | 'fix' | 'rollback';
export const MEMBER_ROLES: readonly MemberRole[] = ['read', 'fix', 'rollback'];

/** The exception tag of a policy that names none. */
const EXCEPTION_TAG = 'redress:exception';
/** Needed by `readConfigRules` of `@redress/connect`. */
const CONFIG_RULES = 'config:DescribeConfigRules';
/** Sid of the statement that denies changes of resources with the exception tag. */
export const EXEMPT = 'Exempt';

/** Input of {@link memberPolicy} and {@link boundaryPolicy}. */
export interface IamOptions {
  /** The policies allow what these declare, and nothing else. */
  readonly remediators: readonly Remediator[];
  /** The policy's exception tag (`exceptions.tag`), default `redress:exception`: resources with it cannot be changed. Null: IAM does not check it. */
  readonly exceptionTag?: string | null;
  /** The account of the role. Default: that of the principal with the policy. */
  readonly account?: string;
  /** Regions in which the role may act; default all. They do not apply to IAM. */
  readonly regions?: readonly string[];
  /** For actions of your own remediators. An entry for an action in {@link NARROWING} replaces that entry. */
  readonly narrowing?: Readonly<Record<string, Narrowing>>;
  /** Parameters from the policy: they name the roles that may be passed. Default: those of the remediators themselves. */
  readonly parametersOf?: ParametersOf;
  /** How ARNs and the account are written. The default is for a standalone policy; a template writes them differently. */
  readonly write?: Writing;
}

/** How a policy writes the parts that depend on where it is used. */
export interface Writing {
  /** Fills `{partition}`, `{region}` and `{account}` in. */
  arn(pattern: string): string | JsonObject;
  readonly account: string | JsonObject;
}

/** The permissions of one role of a member account, in one document. Read, fix and rollback are separate: the fix role cannot do what only a rollback does. */
export function memberPolicy(role: MemberRole, options: IamOptions): PolicyDocument {
  return document([...allowed(role, options), ...refused(role, options)]);
}

/**
 * The same as managed policies for the role, each within the limit of IAM, with the denials that its boundary has no room for.
 *
 * @throws {RedressError} `compose/invalid`: a role cannot have that many policies
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function memberPolicies(role: MemberRole, options: IamOptions): readonly PolicyDocument[] {
  // Denials come first. So the statement that can be omitted at deployment is never alone in a policy.
  const own = measured(options, (given) => [...refused(role, given), ...allowed(role, given)]);
  if (own.length === 0) return [];
  return divided(`The role ${role}`, [...own, ...bounds(options, [role]).beside]).map(document);
}

/**
 * A permission boundary: the maximum permissions of a role, even if another policy is attached to it, or a resource policy grants it access. It allows what
 * is declared, explicitly denies everything else, and denies what nobody may declare ({@link NEVER}).
 *
 * It is one managed policy, so its length is limited. With many remediators it names each action once, and leaves limits on resources to the policies of
 * the role, first for reads. Denials that have no room move to {@link memberPolicies}, where they apply as well. Conditions stay.
 *
 * @param role one of the roles. Without it, the boundary fits all three, and so separates fix and rollback less.
 * @throws {RedressError} `compose/invalid`: the names of the actions alone exceed a managed policy
 */
export function boundaryPolicy(options: IamOptions, role?: MemberRole): PolicyDocument {
  const { boundary, beside } = bounds(options, role === undefined ? MEMBER_ROLES : [role]);
  // Without a role, there are no role policies to which a denial could move.
  if (role === undefined && beside.length > 0)
    throw tooLarge(`A boundary for all three roles is longer than ${MAX_MANAGED_POLICY} characters: generate one for each.`);
  return document(boundary);
}

/** The boundary of roles, and the denials that it has no room for. A denial applies in any policy. */
function bounds(options: IamOptions, roles: readonly MemberRole[]): { readonly boundary: readonly JsonObject[]; readonly beside: readonly Measured[] } {
  const actions = sorted(roles.flatMap((each) => mayDo(each, options)));
  // A boundary for all three has to allow the rollback role what a condition denies to the fix role.
  const [of] = roles.length === 1 ? roles : [];
  const narrow = (given: IamOptions) => statementsOf('Bound', actions, given, of);
  const written = iamActions(options.remediators.flatMap(({ uses }) => [...uses.writes, ...uses.undoes]));
  const [changes, looks] = [actions.filter((each) => written.includes(each)), actions.filter((each) => !written.includes(each))];
  // The policies of the role limit reads to their kind of resource. The boundary also limits changes, except for services that are widened.
  const short = (wide: readonly string[]) => (given: IamOptions) =>
    together([
      ...statementsOf('BoundLook', looks, anyPartition(given), of, BY_NAME),
      ...statementsOf('Bound', changes, anyPartition(given), of).map((each) => ofServices(each, wide)),
    ]).map(unnamed);
  const services = widestFirst(statementsOf('Bound', changes, options, of));
  const allows = [
    narrow,
    (given: IamOptions) => together(narrow(given)),
    ...[0, ...services.map((_, at) => at + 1)].map((many) => short(services.slice(0, many))),
    (given: IamOptions) => statementsOf('Bound', actions, given, of, BY_NAME),
  ];
  const denies = [
    // An implicit denial is not enough: a resource policy that names the session would bypass it.
    { Sid: 'OnlyDeclared', Effect: 'Deny', NotAction: actions.length === 0 ? ['sts:GetCallerIdentity'] : actions, Resource: '*' },
    { Sid: 'Never', Effect: 'Deny', Action: [...NEVER], Resource: '*' },
  ].map((each): Measured => ({ statement: each, longest: each }));
  // The most precise boundary that fits. In order of importance: exact action names; whose resources; which kinds are changed, for as many services as there
  // is room; which kinds are read; which resource goes with which action; and denials, which also apply elsewhere.
  for (const made of allows) {
    const allow = measured(options, made);
    for (const within of [2, 1, 0]) {
      const boundary = [...allow, ...denies.slice(0, within)];
      if (fit(boundary.map(({ longest }) => longest))) return { boundary: boundary.map(({ statement }) => statement), beside: denies.slice(within) };
    }
  }
  throw tooLarge(`The names of ${actions.length} actions do not fit into a permission boundary (${MAX_MANAGED_POLICY} characters).`);
}

/**
 * Merges statements that differ only in their resources. This loses which action is for which resource. But a service only accepts its own resources, so
 * each action stays limited to resources of its service.
 */
function together(statements: readonly JsonObject[]): readonly JsonObject[] {
  const groups = new Map<string, JsonObject[]>();
  for (const each of statements) {
    const key = JSON.stringify([each['Resource'] === '*', each['Condition'] ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group, index) => {
    const [first = {}] = group;
    if (group.length === 1) return first;
    const all = (member: 'Action' | 'Resource') => distinct(group.flatMap((each) => each[member] as readonly Json[]));
    return { ...first, Sid: `BoundTogether${index + 1}`, Action: all('Action'), Resource: first['Resource'] === '*' ? '*' : all('Resource') };
  });
}

/** ARNs of a statement that can be widened. A statement with a condition stays as it is. */
const arnsOf = ({ Resource, Condition }: JsonObject): readonly Json[] => (Array.isArray(Resource) && Condition === undefined ? Resource : []);
const arnIn = (one: Json): string => String(isRecord(one) ? one['Fn::Sub'] : one);
const serviceIn = (one: Json): string => /^arn:(?:\$\{[^}]*\}|[^:]*):([^:]*)/.exec(arnIn(one))?.[1] ?? '';

/** All resources of the account in the service of an ARN. */
const serviceWide = (arn: string): string => arn.replace(/^(arn:(?:(?:\$\{[^}]*\}|[^:])*:){4}).*$/, '$1*');

/** A statement on all resources of the account in some services, instead of only some kinds. */
function ofServices(statement: JsonObject, wide: readonly string[]): JsonObject {
  const arns = arnsOf(statement);
  if (!arns.some((one) => wide.includes(serviceIn(one)))) return statement;
  const widened = (one: Json): Json => {
    if (!wide.includes(serviceIn(one))) return one;
    const arn = serviceWide(arnIn(one));
    return isRecord(one) ? { 'Fn::Sub': arn } : arn;
  };
  return { ...statement, Resource: distinct(arns.map(widened)) };
}

/** Services by how much shorter their resources get if their kinds are not distinguished. The largest saving comes first. */
function widestFirst(statements: readonly JsonObject[]): readonly string[] {
  const saved = new Map<string, number>();
  for (const one of distinct(statements.flatMap(arnsOf))) {
    const before = saved.get(serviceIn(one)) ?? -serviceWide(arnIn(one)).length;
    saved.set(serviceIn(one), before + arnIn(one).length);
  }
  return [...saved].sort(([one, a], [other, b]) => b - a || one.localeCompare(other)).map(([service]) => service);
}

/** The partition takes room in each ARN, and an account is in only one partition. */
function anyPartition(options: IamOptions): IamOptions {
  const { write } = options;
  return write === undefined ? options : { ...options, write: { ...write, arn: (pattern) => write.arn(pattern.replace('{partition}', '*')) } };
}

/** Names of statements are for readers, and take room. */
function unnamed({ Sid: _, ...statement }: JsonObject): JsonObject {
  return statement;
}

const distinct = (all: readonly Json[]): Json[] => [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];

/** Statements as written, and at their longest: with the longest partition name and an account number. */
function measured(options: IamOptions, made: (options: IamOptions) => readonly JsonObject[]): readonly Measured[] {
  const longest = options.write === undefined ? options : { ...options, write: LONGEST };
  const lengths = made(longest);
  return made(options).map((statement, index) => ({ statement, longest: lengths[index] ?? statement }));
}

const LONGEST: Writing = {
  arn: (pattern) => pattern.replace('{partition}', 'aws-us-gov').replace('{region}', '*').replace('{account}', '123456789012'),
  account: '123456789012',
};

/** IAM actions of a role, sorted. Operations may have other action names: `s3:ListBuckets` needs `s3:ListAllMyBuckets`. */
export function actionsOf(role: MemberRole, remediators: readonly Remediator[]): readonly string[] {
  // The engine itself looks up the Config rule of a finding.
  const rules = role === 'read' && remediators.some(({ configRules }) => configRules.length > 0) ? [CONFIG_RULES] : [];
  return sorted([...rules, ...remediators.flatMap(({ uses }) => [...looking(role, uses), ...changing(role, uses)])]);
}

/** The actions that the role gets. `iam:PassRole` is omitted if no parameter names a role. */
function mayDo(role: MemberRole, options: IamOptions): readonly string[] {
  return actionsOf(role, options.remediators).filter((action) => narrowingsOf(action, options, role).length > 0);
}

/** IAM actions of declared operations, sorted. */
export function iamActions(uses: readonly OperationUse[]): readonly string[] {
  return sorted(uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])));
}

/** What in a role cannot be narrowed to a single resource, and why. */
export interface Rest {
  readonly action: string;
  readonly roles: readonly MemberRole[];
  /** As in a standalone policy; empty: every resource. */
  readonly resources: readonly string[];
  /** Condition keys. */
  readonly conditions: readonly string[];
  readonly rest: string;
}

/** For each declared action, how far it is narrowed, and what remains wide. */
export function narrowed(options: IamOptions): readonly Rest[] {
  const of = (role: MemberRole) => actionsOf(role, options.remediators);
  return sorted(MEMBER_ROLES.flatMap(of)).map((action) => {
    const roles = MEMBER_ROLES.filter((role) => of(role).includes(action));
    if (action === PASS_ROLE && options.narrowing?.[PASS_ROLE] === undefined) return passedRest(roles, options);
    const found = narrowingOf(action, options);
    return {
      action,
      roles,
      resources: (found.resources ?? []).map((each) => String(plain(options).arn(each))),
      conditions: sorted([
        ...[found.conditions, found.fixing].flatMap((each) => Object.values(each ?? {}).flatMap((keys) => Object.keys(keys))),
        ...(found.accountKey === undefined ? [] : [found.accountKey]),
        ...(found.tagged === true && of('fix').includes(action) ? ['aws:ResourceTag'] : []),
      ]),
      rest: found.rest,
    };
  });
}

/** What remains wide about passing a role: the policy says which one. */
function passedRest(roles: readonly MemberRole[], options: IamOptions): Rest {
  return {
    action: PASS_ROLE,
    roles,
    resources: passing(options.remediators, options.parametersOf).map(({ remediator, parameter, role }) =>
      role === null ? `{${remediator.id}.${parameter}}` : String(plain(options).arn(role)),
    ),
    conditions: ['iam:PassedToService'],
    rest: 'The roles that these parameters of the policy name, each only for its service; none if the policy names none.',
  };
}

/** A request that a generated policy allows. */
export interface ExampleRequest {
  /** ARN of a resource that need not exist; `*` if AWS does not support resources for the action. */
  readonly resource: string;
  /** Condition keys with their values. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Example requests that a generated policy allows: one for an action, and one per passed role. A simulation of a narrowed policy in IAM needs one, because
 * such a policy does not allow the action on every resource.
 */
export function exampleRequests(
  action: string,
  place: { readonly partition: string; readonly account: string; readonly region: string },
  options: Pick<IamOptions, 'remediators' | 'narrowing' | 'parametersOf'>,
): readonly ExampleRequest[] {
  return narrowingsOf(action, options, 'fix').flatMap((found) =>
    (action === PASS_ROLE ? (found.resources ?? [null]) : [found.resources?.[0] ?? null]).map((resource) => exampleOf(found, resource, place)),
  );
}

function exampleOf(
  found: Narrowing,
  example: string | null,
  { partition, account, region }: { readonly partition: string; readonly account: string; readonly region: string },
): ExampleRequest {
  const fill = (text: string) => text.replace('{partition}', partition).replace('{region}', region).replace('{account}', account).replaceAll('*', 'example');
  const context: Record<string, string> = { ...(found.global === true ? {} : { 'aws:RequestedRegion': region }) };
  if (found.accountKey !== undefined) context[found.accountKey] = account;
  for (const [operator, keys] of [found.conditions, found.fixing].flatMap((each) => Object.entries(each ?? {})))
    if (operator !== 'Null') for (const [key, value] of Object.entries(keys)) context[key] = fill(String([value].flat()[0]));
  return { resource: example === null ? '*' : fill(example), context };
}

/** Remediators whose fix and rollback share an action, so that IAM cannot separate them. */
export function oneActionForBoth(remediators: readonly Remediator[]): readonly { readonly id: string; readonly actions: readonly string[] }[] {
  return remediators
    .map(({ id, uses }) => ({ id, actions: iamActions(uses.undoes).filter((each) => iamActions(uses.writes).includes(each)) }))
    .filter(({ actions }) => actions.length > 0);
}

/** The reads of a role. A role that changes nothing does not need those before a change. */
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
  return [...statementsOf('Look', looks, options, role), ...statementsOf(role === 'fix' ? 'Fix' : 'TakeBack', changes, options, role)];
}

/** Requests that are denied although the same role may make them elsewhere. */
function refused(role: MemberRole, options: IamOptions): JsonObject[] {
  const tag = options.exceptionTag === undefined ? EXCEPTION_TAG : options.exceptionTag;
  if (tag === null || role === 'read') return [];
  const changes = actionsOf(role, options.remediators);
  const that = (is: 'tagged' | 'tags') => changes.filter((each) => narrowingOf(each, options)[is] === true);
  // A rollback of a resource that has got the tag in the meantime is intended: people use the tag to stop a wrong fix.
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

/** The parts of a narrowing that a statement has. */
type Form = (found: Narrowing) => Narrowing;
const NARROWED: Form = (found) => found;
/** Only names. But an action with conditions is dangerous without them: passing a role, setting a tag, another account's bucket. */
const BY_NAME: Form = (found) =>
  found.conditions === undefined && found.fixing === undefined && found.accountKey === undefined
    ? { name: 'Named', resources: null, rest: found.rest, ...(found.global === undefined ? {} : { global: found.global }) }
    : found;

/** Actions as statements: those with equal names, resources and conditions share one. */
function statementsOf(prefix: string, actions: readonly string[], options: IamOptions, role: MemberRole | undefined, form: Form = NARROWED): JsonObject[] {
  const groups = new Map<string, { readonly statement: JsonObject; readonly actions: string[] }>();
  for (const [action, found] of actions.flatMap((each) => narrowingsOf(each, options, role).map((narrowing) => [each, form(narrowing)] as const))) {
    const condition = conditionsOf(found, options, role);
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

function conditionsOf(found: Narrowing, options: IamOptions, role: MemberRole | undefined): JsonObject {
  const { regions } = options;
  const all: Conditions[] = [
    ...(found.conditions === undefined ? [] : [found.conditions]),
    ...(found.fixing === undefined || role !== 'fix' ? [] : [found.fixing]),
    ...(found.accountKey === undefined ? [] : [{ StringEquals: { [found.accountKey]: plain(options).account } }]),
    ...(regions === undefined || found.global === true ? [] : [{ StringEquals: { 'aws:RequestedRegion': [...regions] } }]),
  ];
  const merged: Record<string, Record<string, unknown>> = {};
  for (const conditions of all) for (const [operator, keys] of Object.entries(conditions)) merged[operator] = { ...merged[operator], ...keys };
  return merged as JsonObject;
}

function narrowingOf(action: string, { narrowing }: Pick<IamOptions, 'narrowing'>): Narrowing {
  return narrowing?.[action] ?? NARROWING[action] ?? UNKNOWN;
}

/** Each of them allows the action; none: nothing does. */
function narrowingsOf(
  action: string,
  options: Pick<IamOptions, 'remediators' | 'narrowing' | 'parametersOf'>,
  role: MemberRole | undefined,
): readonly Narrowing[] {
  if (action !== PASS_ROLE || options.narrowing?.[PASS_ROLE] !== undefined) return [narrowingOf(action, options)];
  const one = options.remediators.filter(({ uses }) => (role !== 'rollback' && passes(uses.writes)) || (role !== 'fix' && passes(uses.undoes)));
  return narrowingOfPassing(passing(one, options.parametersOf));
}

/** A standalone policy: any partition, any region, and the given account or that of the role. */
function plain({ write, account }: IamOptions): Writing {
  return (
    write ?? {
      arn: (pattern) =>
        pattern
          .replace('{partition}', '*')
          .replace('{region}', '*')
          .replace('{account}', account ?? '*'),
      // A variable of IAM, not of TypeScript.
      account: account ?? '$' + '{aws:PrincipalAccount}',
    }
  );
}

const sorted = (all: readonly string[]): string[] => [...new Set(all)].sort();
