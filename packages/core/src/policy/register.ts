import { type Digest, deepFreeze, digestOf, toJson } from '../model/json.js';
import { GLOBAL_REGION, isAccountId, oneType, type ResourceRef } from '../model/resource.js';
import * as z from '../parameters.js';
import type { Remediator, Tagged } from '../remediator/define.js';
import { REGIONS } from './regions.js';
import { type ExceptionResource, mayBe, readResourceName, typeByForm, unknownRegion } from './resource-name.js';
import { type Constant, check, instant, type Mistake, mistakes, nearest, type PlaceOf, pathOnly } from './validate.js';

/** The scope of an exception: every given member must match. */
export interface ExceptionScope {
  readonly accounts: readonly string[] | null;
  readonly regions: readonly string[] | null;
  readonly resources: readonly ExceptionResource[] | null;
  readonly resourceTypes: readonly string[] | null;
  readonly remediators: readonly string[] | null;
  /** `key=value`. */
  readonly tags: readonly { readonly key: string; readonly value: string }[] | null;
}

/** One accepted risk, with its owner and its expiry date. */
export interface ExceptionEntry {
  readonly id: string;
  readonly scope: ExceptionScope;
  readonly reason: string;
  readonly owner: string;
  /** Never the owner. */
  readonly approver: string;
  readonly ticket: string | null;
  readonly compensatingControl: string | null;
  /** Epoch milliseconds. From then on it exempts nothing. */
  readonly expires: number;
}

/** A validated exceptions register. */
export interface Register {
  readonly digest: Digest;
  /** Finds places in the file it was read from. */
  readonly placeOf: PlaceOf;
  readonly entries: readonly ExceptionEntry[];
}

const text = z.string().check(z.refine((value) => value.trim() !== '', 'is empty'));
const oneOrMore = (item: z.Schema<string>) => z.optional(z.union([item, z.array(item).check(z.minLength(1, 'is empty; leave it out or name something'))]));
// `*` would select everything, and an empty text nothing that anyone meant.
const name = text.check(
  z.refine((value) => !value.includes('*') && !value.includes('?'), 'contains a wildcard; name what is exempt'),
  z.refine((value) => value === value.trim(), 'begins or ends with a space'),
);
// A name that can match nothing would leave unprotected what someone meant to protect.
const refused = (why: (value: string) => string | null) =>
  z.refine<string>(
    (value) => why(value) === null,
    (value) => why(value) ?? '',
  );
const region = name.check(refused((value) => (value === GLOBAL_REGION || REGIONS.includes(value) ? null : unknownRegion(value))));
const resourceType = name.check(z.refine((value) => /^\w+::\w*::\w+$/.test(value), 'is not a CloudFormation type, such as AWS::EC2::SecurityGroup'));
const resourceName = z.string().check(
  refused((value) => {
    const found = readResourceName(value);
    return 'wrong' in found ? found.wrong : null;
  }),
);
const tag = text.check(
  refused((value) => {
    if (!/^[^=*?]+=[^*?]+$/.test(value)) return 'is not of the form key=value';
    const { key, value: wanted } = pairOf(value);
    if (key !== key.trim() || wanted !== wanted.trim()) return `has spaces around the key or the value (did you mean ${key.trim()}=${wanted.trim()}?)`;
    return key.length > 128 || wanted.length > 256 ? 'is longer than a tag can be: 128 characters for the key, 256 for the value' : null;
  }),
);
const schema = z.array(
  z.strictObject({
    id: text,
    scope: z.strictObject({
      account: oneOrMore(z.string().check(z.refine(isAccountId, 'is not a 12-digit account id (quote it)'))),
      region: oneOrMore(region),
      resource: oneOrMore(resourceName),
      resourceType: oneOrMore(resourceType),
      remediators: oneOrMore(name),
      tag: oneOrMore(tag),
    }),
    reason: text,
    owner: text,
    approver: text,
    ticket: z.optional(text),
    compensatingControl: z.optional(text),
    expires: instant,
  }),
);

/** Input of {@link defineRegister}, in the form of `exceptions.yaml`. */
export type RegisterInput = Constant<z.input<typeof schema>>;

/**
 * Creates a validated exceptions register. It refuses entries that never expire, that their own owner approved, or whose scope is empty or a
 * wildcard.
 *
 * @example
 * defineRegister([{ id: 'EXC-42', scope: { account: '111111111111', resource: 'sg-0abc' }, reason: 'vendor window',
 *   owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' }]);
 * @throws {RedressError} `register/invalid` with every mistake and its place.
 */
export function defineRegister(input: RegisterInput): Register {
  return parseRegister(input);
}

/**
 * {@link defineRegister} for input of unknown type, which may not be a register.
 *
 * @param placeOf finds places for errors; `readRegister` of `@redress/core/yaml` gives lines.
 * @throws {RedressError} `register/invalid` with every mistake and its place.
 */
export function parseRegister(input: unknown, placeOf: PlaceOf = pathOnly): Register {
  // A file that was written by half, or not at all, must not end what people have agreed on.
  if (input === undefined || input === null)
    throw mistakes('register/invalid', 'The exceptions register', [{ path: [], message: 'is empty; a register without entries is written as []' }], placeOf);
  const raw = check(schema, input, 'register/invalid', 'The exceptions register', placeOf);
  const found: Mistake[] = [];
  const ids = new Set<string>();
  const entries = raw.map((each, index): ExceptionEntry => {
    if (ids.has(each.id)) found.push({ path: [index, 'id'], message: `${JSON.stringify(each.id)} is used twice` });
    ids.add(each.id);
    if (each.owner.trim().toLowerCase() === each.approver.trim().toLowerCase())
      found.push({ path: [index, 'approver'], message: 'the owner cannot approve their own exception' });
    const scope: ExceptionScope = {
      accounts: list(each.scope.account),
      regions: list(each.scope.region),
      resources: list(each.scope.resource)?.flatMap(resourceOf) ?? null,
      resourceTypes: list(each.scope.resourceType)?.map(oneType) ?? null,
      remediators: list(each.scope.remediators),
      tags: list(each.scope.tag)?.map(pairOf) ?? null,
    };
    if (scope.accounts === null && scope.resources === null && scope.tags === null) {
      found.push({ path: [index, 'scope'], message: 'must name an account, a resource or a tag; an empty scope would exempt everything' });
    }
    return {
      id: each.id,
      scope,
      reason: each.reason,
      owner: each.owner,
      approver: each.approver,
      ticket: each.ticket ?? null,
      compensatingControl: each.compensatingControl ?? null,
      expires: Date.parse(each.expires),
    };
  });
  if (found.length > 0) throw mistakes('register/invalid', 'The exceptions register', found, placeOf);
  return deepFreeze({ digest: digestOf(toJson(entries)), placeOf, entries });
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] | null {
  if (value === undefined) return null;
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function pairOf(pair: string): { readonly key: string; readonly value: string } {
  const at = pair.indexOf('=');
  return { key: pair.slice(0, at), value: pair.slice(at + 1) };
}

function resourceOf(value: string): ExceptionResource[] {
  const found = readResourceName(value);
  return 'wrong' in found ? [] : [found];
}

/** A tag's key in a normal form, because people ignore case and spaces, which AWS distinguishes. */
export function meantKey(key: string): string {
  return key.trim().toLowerCase();
}

/**
 * Whether a name is of an id: an ARN ends in it, where ids of its type are not ARNs, and the ID of a domain in AWS Config has the account before it. Its
 * type, account and region are compared separately.
 */
function isIdOf(name: string, id: string, account: string): boolean {
  return name === id || name === `${account}/${id}` || (name.startsWith('arn:') && (name.endsWith(`/${id}`) || name.endsWith(`:${id}`)));
}

/**
 * On what an entry's scope holds a resource under a remediator; null when it does not. Tags of several are several maps: one that carries what is
 * wanted is enough, whatever the others carry.
 *
 * @param held The resource itself first, then what uses it, and the part that is concerned: an entry may name any of them.
 */
export function inScope(entry: ExceptionEntry, ref: ResourceRef, remediator: string, held: readonly [Tagged, ...Tagged[]]): Tagged | null {
  const { accounts, regions, resources, resourceTypes, remediators, tags } = entry.scope;
  if (accounts !== null && !accounts.includes(ref.account)) return null;
  if (regions !== null && !regions.includes(ref.region)) return null;
  if (remediators !== null && !remediators.includes(remediator)) return null;
  const isNamed = ({ type, id }: Tagged) =>
    resources === null ||
    resources.some(
      (each) =>
        isIdOf(each.id, id, ref.account) &&
        (each.type === null || each.type === oneType(type)) &&
        (each.account === null || each.account === ref.account) &&
        (each.region === null || each.region === ref.region),
    );
  const carries = (each: Tagged) => {
    const found = Object.entries(each.tags);
    return tags === null || tags.some((pair) => found.some(([key, value]) => meantKey(key) === meantKey(pair.key) && value.trim() === pair.value));
  };
  const itself = held[0];
  // What is not named by its id or its tags is not meant: an account's instances do not exempt the groups that they use.
  const by = resources === null && tags === null ? [itself] : held.filter((each) => isNamed(each) && carries(each));
  const isOfType = (type: string) => resourceTypes === null || resourceTypes.includes(oneType(type));
  if (!isOfType(ref.type) && !by.some((each) => isOfType(each.type))) return null;
  if (by.length > 0) return by.includes(itself) ? itself : (by[0] ?? null);
  // The id of one, the tag of another: together they are in scope.
  return held.some(isNamed) ? (held.find(carries) ?? null) : null;
}

/**
 * Entries of a register that can match nothing with these remediators: a resource type that none of them handles, an ID that is not possible for
 * the type, or a place where none of them works.
 */
export function matchingNothing({ entries }: Pick<Register, 'entries'>, remediators: readonly Remediator[]): readonly Mistake[] {
  const ids = remediators.map(({ id }) => id);
  return entries.flatMap(({ scope }, index) => {
    const wrong = (member: string, message: string): Mistake => ({ path: [index, 'scope', member], message });
    const unknown = (scope.remediators ?? []).filter((id) => !ids.includes(id));
    if (unknown.length > 0)
      return unknown.map((id) => wrong('remediators', `${JSON.stringify(id)} is not a remediator${meant(id, ids)}; allowed: ${ids.join(', ')}`));
    const asked = remediators.filter(({ id }) => scope.remediators?.includes(id) ?? true);
    const besides = asked.flatMap(({ exceptionTypes = [] }) => exceptionTypes);
    const types = [...new Set([...asked.flatMap(({ resourceTypes }) => resourceTypes), ...besides])];
    const whose =
      scope.remediators === null ? 'no remediator works' : `${scope.remediators.join(', ')} ${scope.remediators.length > 1 ? 'do' : 'does'} not work`;
    const found: Mistake[] = [];
    for (const type of scope.resourceTypes ?? [])
      if (!types.includes(type))
        found.push(wrong('resourceType', `${JSON.stringify(type)}: ${whose} on that type${meant(type, types)}; allowed: ${types.join(', ')}`));
    for (const { id, type, account, region } of scope.resources ?? []) {
      const say = (why: string) => found.push(wrong('resource', `${JSON.stringify(id)} ${why}`));
      const sure = type ?? (scope.resourceTypes === null ? typeByForm(id) : null);
      // A type without a remediator was reported already.
      const possible = (sure === null ? [...(scope.resourceTypes ?? types), ...besides] : [sure]).filter((each) => types.includes(each));
      if (sure !== null && possible.length === 0) say(`is of type ${sure}: ${whose} on that type; allowed: ${types.join(', ')}`);
      else if (possible.length > 0 && !possible.some((each) => mayBe(id, each)))
        say(`is not an id: ${whose} on what has ids of that form (${possible.join(', ')})`);
      else if (type !== null && scope.resourceTypes !== null && !scope.resourceTypes.includes(type) && !besides.includes(type))
        say(`is of type ${type}, which resourceType does not name`);
      const home = sure === 'AWS::::Account' ? id : account;
      if (home !== null && scope.accounts !== null && !scope.accounts.includes(home)) say(`is of account ${home}, which account does not name`);
      if (region !== null && scope.regions !== null && !scope.regions.includes(region)) say(`is in ${region}, which region does not name`);
    }
    const everywhere = asked.every((each) => each.global);
    for (const each of scope.regions ?? [])
      if (asked.length > 0 && (each === GLOBAL_REGION ? !asked.some(({ global }) => global) : everywhere))
        found.push(
          wrong(
            'region',
            each === GLOBAL_REGION ? `${whose} on resources without a region` : `${whose} in ${each}: the region of such resources is ${GLOBAL_REGION}`,
          ),
        );
    return found;
  });
}

function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null ? '' : ` (did you mean ${near}?)`;
}
