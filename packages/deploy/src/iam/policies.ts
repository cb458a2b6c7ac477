import { isRecord, type Json, type JsonObject, type OperationUse, type Remediator, readsFor } from '@redress/core';
import type { ParametersOf } from '../config/managed-rules.js';
import { divided, document, fit, MAX_MANAGED_POLICY, type Measured, type PolicyDocument, tooLarge } from './divided.js';
import { type Conditions, NARROWING, type Narrowing, UNKNOWN } from './narrowing.js';
import { NEVER } from './never.js';
import { narrowingOfPassing, PASS_ROLE, passes, passing } from './passed.js';

/** Roles of a member account: to read and sweep, to fix, to roll back. */
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
  /** Parameters as the policy has them: they name the roles that may be passed. Default: those of the remediators themselves. */
  readonly parametersOf?: ParametersOf;
  /** How ARNs and the account are written; default for a standalone policy. A template writes them differently. */
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
 * It is one managed policy, so it has to be short. Of many remediators it names each action once: resources that only bound *which*, those of looks first,
 * are left to the policies of the role, and the two denials that have no room are among {@link memberPolicies}, where they hold as well. Conditions stay.
 *
 * @param role one of the roles; without it the boundary fits all three, and so keeps fix and rollback less apart.
 * @throws {RedressError} `compose/invalid`: the names of the actions alone are longer than a managed policy
 */
export function boundaryPolicy(options: IamOptions, role?: MemberRole): PolicyDocument {
  const { boundary, beside } = bounds(options, role === undefined ? MEMBER_ROLES : [role]);
  // Without a role there are no policies of a role to which a denial could go.
  if (role === undefined && beside.length > 0)
    throw tooLarge(`A boundary for all three roles is longer than ${MAX_MANAGED_POLICY} characters: generate one for each.`);
  return document(boundary);
}

/** The boundary of roles, and the denials that it has no room for. A denial holds wherever it stands. */
function bounds(options: IamOptions, roles: readonly MemberRole[]): { readonly boundary: readonly JsonObject[]; readonly beside: readonly Measured[] } {
  const actions = sorted(roles.flatMap((each) => mayDo(each, options)));
  // A boundary for all three has to let the rollback role do what a condition keeps from the fix role.
  const [of] = roles.length === 1 ? roles : [];
  const narrow = (given: IamOptions) => statementsOf('Bound', actions, given, of);
  const written = iamActions(options.remediators.flatMap(({ uses }) => [...uses.writes, ...uses.undoes]));
  const [changes, looks] = [actions.filter((each) => written.includes(each)), actions.filter((each) => !written.includes(each))];
  // What is only looked at is kept to its kind by the policies of the role; what is changed, by the boundary as well, but for services that are wide.
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
    // A policy of a resource that names the session would get past what is only not allowed.
    { Sid: 'OnlyDeclared', Effect: 'Deny', NotAction: actions.length === 0 ? ['sts:GetCallerIdentity'] : actions, Resource: '*' },
    { Sid: 'Never', Effect: 'Deny', Action: [...NEVER], Resource: '*' },
  ].map((each): Measured => ({ statement: each, longest: each }));
  // The most that still fits; the order of importance is: exact names, then whose resources, then which are changed, of as many services as there is room
  // for, then which are looked at, then which of them is for which action, then denials, which hold elsewhere as well.
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
 * Statements that differ in their resources alone, in one. It says less of which action is for which resource; but a service asks about none of another
 * service, so that each action stays on resources of its own service.
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

/** ARNs of a statement that can be widened: what has a condition stays as it is. */
const arnsOf = ({ Resource, Condition }: JsonObject): readonly Json[] => (Array.isArray(Resource) && Condition === undefined ? Resource : []);
const arnIn = (one: Json): string => String(isRecord(one) ? one['Fn::Sub'] : one);
const serviceIn = (one: Json): string => /^arn:(?:\$\{[^}]*\}|[^:]*):([^:]*)/.exec(arnIn(one))?.[1] ?? '';

/** All resources of the account in the service of one. */
const serviceWide = (arn: string): string => arn.replace(/^(arn:(?:(?:\$\{[^}]*\}|[^:])*:){4}).*$/, '$1*');

/** A statement on all resources of the account in some services, instead of some kinds of them. */
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

/** Services by how much shorter their resources are if their kinds are not distinguished, those that save the most first. */
function widestFirst(statements: readonly JsonObject[]): readonly string[] {
  const saved = new Map<string, number>();
  for (const one of distinct(statements.flatMap(arnsOf))) {
    const before = saved.get(serviceIn(one)) ?? -serviceWide(arnIn(one)).length;
    saved.set(serviceIn(one), before + arnIn(one).length);
  }
  return [...saved].sort(([one, a], [other, b]) => b - a || one.localeCompare(other)).map(([service]) => service);
}

/** The partition takes room in each ARN, and an account is in one alone. */
function anyPartition(options: IamOptions): IamOptions {
  const { write } = options;
  return write === undefined ? options : { ...options, write: { ...write, arn: (pattern) => write.arn(pattern.replace('{partition}', '*')) } };
}

/** Names of statements are for readers, and take room. */
function unnamed({ Sid: _, ...statement }: JsonObject): JsonObject {
  return statement;
}

const distinct = (all: readonly Json[]): Json[] => [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];

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

/** Those that the role gets: of passing a role nothing is left where no parameter names one. */
function mayDo(role: MemberRole, options: IamOptions): readonly string[] {
  return actionsOf(role, options.remediators).filter((action) => narrowingsOf(action, options, role).length > 0);
}

/** IAM actions of declared operations, sorted. */
export function iamActions(uses: readonly OperationUse[]): readonly string[] {
  return sorted(uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])));
}

/** What a role cannot be kept to the one resource that is meant, and why. */
export interface Rest {
  readonly action: string;
  readonly roles: readonly MemberRole[];
  /** As in a standalone policy; empty: every resource. */
  readonly resources: readonly string[];
  /** Keys of conditions. */
  readonly conditions: readonly string[];
  readonly rest: string;
}

/** For each declared action, how far it is narrowed, and what is left. */
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

/** What of passing a role is left: which one, the policy says. */
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
  /** ARN of a resource that need not exist; `*` where AWS lets the action name none. */
  readonly resource: string;
  /** Condition keys with their values. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Requests that a generated policy allows when it allows the action at all: one, and of passing a role one for each that is passed. Whoever asks IAM
 * to simulate a narrowed policy has to name one: of every resource, such a policy says no.
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
  return [...statementsOf('Look', looks, options, role), ...statementsOf(role === 'fix' ? 'Fix' : 'TakeBack', changes, options, role)];
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
  found.conditions === undefined && found.fixing === undefined && found.accountKey === undefined
    ? { name: 'Named', resources: null, rest: found.rest, ...(found.global === undefined ? {} : { global: found.global }) }
    : found;

/** Actions as statements: one for those that share a name, resources and conditions. */
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

/** A standalone policy: any partition, any region, the given account or that of the role. */
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
