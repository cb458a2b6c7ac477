import * as z from 'zod/mini';
import { claimOfId } from '../events/resource-ids.js';
import { type Digest, deepFreeze, digestOf, toJson } from '../model/json.js';
import { GLOBAL_REGION, isAccountId, type ResourceRef } from '../model/resource.js';
import { check, instant, type Mistake, mistakes, type PlaceOf, pathOnly } from './validate.js';

/** A resource that an exception names. */
export interface ExceptionResource {
  /** The id that findings and plans have: `sg-0abc`, a bucket's name. */
  readonly id: string;
  /** What an ARN says besides; null where it says nothing. */
  readonly type: string | null;
  readonly account: string | null;
}

/** What an exception covers: every member that is given must match. */
export interface ExceptionScope {
  readonly accounts: readonly string[] | null;
  readonly regions: readonly string[] | null;
  readonly resources: readonly ExceptionResource[] | null;
  readonly resourceTypes: readonly string[] | null;
  readonly remediators: readonly string[] | null;
  /** `key=value`. */
  readonly tags: readonly { readonly key: string; readonly value: string }[] | null;
}

/** One accepted risk, with its owner and its end. */
export interface ExceptionEntry {
  readonly id: string;
  readonly scope: ExceptionScope;
  readonly reason: string;
  readonly owner: string;
  /** Never the owner. */
  readonly approver: string;
  readonly ticket: string | null;
  readonly compensatingControl: string | null;
  /** Epoch milliseconds; from then on it exempts nothing. */
  readonly expires: number;
}

/** The exceptions register, validated. */
export interface Register {
  readonly digest: Digest;
  /** Finds places in the file it was read from. */
  readonly placeOf: PlaceOf;
  readonly entries: readonly ExceptionEntry[];
}

const text = z.string().check(z.refine((value) => value.trim() !== '', 'is empty'));
const oneOrMore = <T extends z.ZodMiniType>(item: T) =>
  z.optional(z.union([item, z.array(item).check(z.minLength(1, 'is empty; leave it out or name something'))]));
// `*` would select everything, and an empty text nothing that anyone meant.
const name = text.check(
  z.refine((value) => !value.includes('*') && !value.includes('?'), 'holds a wildcard; name what is exempt'),
  z.refine((value) => value === value.trim(), 'begins or ends with a space'),
);
// A name that can match nothing would leave unprotected what someone meant to protect.
const region = name.check(
  z.refine((value) => value === GLOBAL_REGION || /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(value), `is no region, such as eu-west-1, or ${GLOBAL_REGION} for IAM`),
);
const resourceType = name.check(z.refine((value) => /^\w+::\w*::\w+$/.test(value), 'is no CloudFormation type, such as AWS::EC2::SecurityGroup'));
const resourceName = name.check(
  z.refine(
    (value) => !value.startsWith('arn:') || claimOfId(value) !== null,
    'is an ARN of a form that is not known; give the id (sg-…, the name of a bucket)',
  ),
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
      tag: oneOrMore(text.check(z.refine((value) => /^[^=*?]+=[^*?]+$/.test(value), 'is not of the form key=value'))),
    }),
    reason: text,
    owner: text,
    approver: text,
    ticket: z.optional(text),
    compensatingControl: z.optional(text),
    expires: instant,
  }),
);

/** What {@link defineRegister} takes: the shape of `exceptions.yaml`. */
export type RegisterInput = z.input<typeof schema>;

/**
 * A validated exceptions register. Refuses entries without an end, approved by their own owner, or with a scope that is empty or a wildcard.
 *
 * @example
 * defineRegister([{ id: 'EXC-42', scope: { account: '111111111111', resource: 'sg-0abc' }, reason: 'vendor window',
 *   owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' }]);
 * @throws {RedressError} `register/invalid` with every mistake and its place.
 */
export function defineRegister(input: RegisterInput | unknown, placeOf: PlaceOf = pathOnly): Register {
  const raw = check(schema, input ?? [], 'register/invalid', 'The exceptions register', placeOf);
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
      resources: list(each.scope.resource)?.map(resourceOf) ?? null,
      resourceTypes: list(each.scope.resourceType),
      remediators: list(each.scope.remediators),
      tags: list(each.scope.tag)?.map((pair) => ({ key: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1) })) ?? null,
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

/** An id, or an ARN: people copy what they see. */
function resourceOf(value: string): ExceptionResource {
  const claim = value.startsWith('arn:') ? claimOfId(value) : null;
  if (claim === null) return { id: value, type: null, account: null };
  const account = value.split(':')[4];
  return { id: claim.id, type: claim.type, account: isAccountId(account) ? account : null };
}

/** Whether an entry's scope holds a resource under a remediator. */
export function inScope(entry: ExceptionEntry, ref: ResourceRef, remediator: string, tags: Readonly<Record<string, string>>): boolean {
  const { scope } = entry;
  return (
    (scope.accounts === null || scope.accounts.includes(ref.account)) &&
    (scope.regions === null || scope.regions.includes(ref.region)) &&
    (scope.resources === null ||
      scope.resources.some(
        (each) => each.id === ref.id && (each.type === null || each.type === ref.type) && (each.account === null || each.account === ref.account),
      )) &&
    (scope.resourceTypes === null || scope.resourceTypes.includes(ref.type)) &&
    (scope.remediators === null || scope.remediators.includes(remediator)) &&
    (scope.tags === null || scope.tags.some((pair) => Object.hasOwn(tags, pair.key) && tags[pair.key] === pair.value))
  );
}
