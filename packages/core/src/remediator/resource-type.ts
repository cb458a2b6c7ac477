import { RedressError } from '../model/errors.js';
import { GLOBAL_REGION, type Partition, type ResourceRef } from '../model/resource.js';
import type { CallReader, CallSubject, Tags } from './define.js';
import type { AwsReads, OperationUse } from './service.js';

/** The uses of a part that reads nothing of its own. */
export type NoReads = readonly [];

/** What a part that reads is given. */
export interface Asked<Reads extends readonly OperationUse[]> {
  /** The reads that the part declares, and no others. */
  readonly aws: AwsReads<Reads>;
  readonly resource: ResourceRef;
  /** As the service's API takes it. */
  readonly id: string;
  /** By the resource type's first form; without one the id, where that is an ARN. */
  readonly arn: string;
}

/** A part that reads: the operations that it may call, and what it makes of them. */
export interface Part<Reads extends readonly OperationUse[], More, Answer> {
  readonly reads?: Reads;
  /** What cannot be told is thrown, never guessed. */
  of(asked: Asked<Reads> & More): Promise<Answer>;
}

/** For parts that need what {@link ResourceTypeDefinition.find} gives. It is asked once for all of them; a resource that is gone ends the look. */
export interface WithFound<Found> {
  found(): Promise<Found>;
}

/** One resource of a listing. */
export interface Listed<Found> {
  readonly id: string;
  /** Default: the region that is listed. */
  readonly region?: string;
  /** What the listing gives of it, where that is all that `find` would: a setting that is read from it is judged without a further call. */
  readonly found?: Found;
}

/** What {@link defineResource} takes. */
export interface ResourceTypeDefinition<
  FindReads extends readonly OperationUse[],
  Found,
  TagReads extends readonly OperationUse[],
  ListReads extends readonly OperationUse[],
  NameReads extends readonly OperationUse[],
> {
  /** As CloudFormation and AWS Config name it. */
  readonly type: string;
  /** For resources without a region. */
  readonly global?: boolean;
  /** Forms of its ARN, with `{partition}`, `{region}`, `{account}` and `{id}`; by the first of them its tags are read. */
  readonly arn?: string | readonly [string, ...string[]];
  /** The resource as the service describes it; null, or an error of the kind *gone*: it is not there. Absent: there is one in each account. */
  readonly find?: Part<FindReads, unknown, Found | null | undefined>;
  /** What tells it from another of its name that was made after it: a date, or an id of the service's own. */
  created?(found: Found): string | number | Date | undefined;
  /** Where it says another ARN than the expected one, its tags are read by that. */
  arnOf?(found: Found): string | undefined;
  readonly tags: 'untaggable' | Part<TagReads, WithFound<Found>, Tags>;
  /** All of a region, for sweeps. */
  readonly list?: { readonly reads?: ListReads; of(args: ListArgs<ListReads>): AsyncIterable<Listed<Found>> };
  /** The canonical name of what is named otherwise than by an ARN of these forms; default: it is what is given. */
  readonly name?: Part<NameReads, unknown, { readonly id: string; readonly region?: string } | 'gone' | null>;
  /** Why it has no such settings at all (directory buckets); it is then not looked at. */
  except?(resource: ResourceRef): string | null;
}

/** What is swept. */
export interface ListArgs<Reads extends readonly OperationUse[]> {
  readonly aws: AwsReads<Reads>;
  readonly account: string;
  readonly region: string;
  readonly partition: Partition;
}

/** A resource type: what every setting of it shares. Made by {@link defineResource}. */
export interface ResourceType<Found> {
  readonly type: string;
  readonly global: boolean;
  /** @internal */
  readonly '~parts': ResourceTypeDefinition<readonly OperationUse[], Found, readonly OperationUse[], readonly OperationUse[], readonly OperationUse[]>;
  /** @internal */
  readonly '~arn': (resource: ResourceRef) => string;
}

/**
 * Declares what belongs to a resource type: how its ARN reads, how it is found, its tags, when it is gone, and how all of a region are listed.
 * {@link defineSetting} and {@link defineReport} take it.
 *
 * @example
 * export const table = defineResource({
 *   type: 'AWS::DynamoDB::Table',
 *   arn: 'arn:{partition}:dynamodb:{region}:{account}:table/{id}',
 *   find: { reads: [dynamodb.pick('DescribeTable')], of: async ({ aws, id }) => (await aws.dynamodb.DescribeTable({ TableName: id })).Table },
 *   created: ({ TableId }) => TableId,
 *   tags: { reads: [dynamodb.pick('ListTagsOfResource')], of: async ({ aws, arn }) => … },
 * });
 * @throws {RedressError} `remediator/invalid` where an ARN names no id.
 */
export function defineResource<
  Found,
  const FindReads extends readonly OperationUse[] = NoReads,
  const TagReads extends readonly OperationUse[] = NoReads,
  const ListReads extends readonly OperationUse[] = NoReads,
  const NameReads extends readonly OperationUse[] = NoReads,
>(definition: ResourceTypeDefinition<FindReads, Found, TagReads, ListReads, NameReads>): ResourceType<Found> {
  const { type, global = false, arn } = definition;
  const forms = arn === undefined ? [] : typeof arn === 'string' ? [arn] : arn;
  for (const form of forms)
    if (!form.startsWith('arn:') || !form.includes('{id}')) throw new RedressError('remediator/invalid', `${type}: ${JSON.stringify(form)} names no {id}.`);
  const [first = ''] = forms;
  const parts = definition as unknown as ResourceType<Found>['~parts'];
  const named = async (asked: Asked<readonly OperationUse[]>) => {
    const { id, resource } = asked;
    if (!id.startsWith('arn:')) return parts.name === undefined ? { id } : parts.name.of(asked);
    return (await import('./looking.js')).namedByArn(forms, resource, global);
  };
  return Object.freeze({
    type,
    global,
    '~parts': forms.length === 0 ? parts : { ...parts, name: { reads: parts.name?.reads ?? [], of: named } },
    '~arn': (resource: ResourceRef) =>
      first === '' && resource.id.startsWith('arn:')
        ? resource.id
        : first.replaceAll(/\{(partition|region|account|id)\}/g, (_, member: 'partition' | 'region' | 'account' | 'id') => resource[member]),
  });
}

/** Settings of an account in a region. */
export const accountInRegion: ResourceType<undefined> = defineResource({
  type: 'AWS::::Account',
  tags: 'untaggable',
  list: {
    async *of({ account }) {
      yield { id: account };
    },
  },
});

/** Settings of an account that hold in all regions. */
export const accountEverywhere: ResourceType<undefined> = defineResource({
  type: 'AWS::::Account',
  global: true,
  tags: 'untaggable',
  list: {
    async *of({ account }) {
      yield { id: account, region: GLOBAL_REGION };
    },
  },
});

/**
 * A list of tags as most services give it.
 *
 * @throws {Error} where there is no list at all: that is not the same as none, and an exception may be among them.
 */
export function tagsIn(list: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined): Tags {
  if (list === undefined) throw new Error('The service did not say which tags there are.');
  return Object.fromEntries(list.flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}

/**
 * Where a recorded call names the resource: `'request.tableName'`, `'response.volumeId'`, or `'account'` for settings of the account. What is
 * elsewhere, a {@link CallReader} finds.
 */
export type NamedIn = 'account' | `request.${string}` | `response.${string}` | CallReader;

/** @internal */
export function callReader(named: NamedIn, global: boolean): CallReader {
  if (typeof named === 'function') return named;
  if (named === 'account') return ({ account }) => [{ id: account, ...(global ? { region: GLOBAL_REGION } : {}) }];
  const [side, ...path] = named.split('.') as ['request' | 'response', ...string[]];
  return (call): readonly CallSubject[] => {
    let value: unknown = call[side];
    for (const member of path)
      value = typeof value === 'object' && value !== null && Object.hasOwn(value, member) ? (value as Record<string, unknown>)[member] : undefined;
    return typeof value === 'string' && value !== '' ? [{ id: value, ...(global ? { region: GLOBAL_REGION } : {}) }] : [];
  };
}
