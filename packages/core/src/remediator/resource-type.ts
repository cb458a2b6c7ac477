import { RedressError } from '../model/errors.js';
import { GLOBAL_REGION, type ResourceRef } from '../model/resource.js';
import type { CallReader, CallSubject, Tags } from './define.js';
import type { Asked, NoReads, ResourceType, ResourceTypeDefinition } from './resource-parts.js';
import { given, type OperationUse } from './service.js';

export type { Asked, ListArgs, Listed, NoReads, Part, ResourceType, ResourceTypeDefinition, WithFound } from './resource-parts.js';

/**
 * Declares a resource type: the form of its ARN, how to find it, its tags, when it is gone, and how to list all of a region.
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
 * @throws {RedressError} `remediator/invalid` if an ARN has no ID.
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
 * Tags from a list, in the form that most services return.
 *
 * @throws {Error} if there is no list, or a tag has no key. This does not mean that there are no tags: there may be an exception among them.
 */
export function tagsIn(list: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined): Tags {
  if (list === undefined) throw new Error('The service did not return the tags.');
  return Object.fromEntries(list.map((tag) => [given(tag, 'Key'), tag.Value ?? '']));
}

/**
 * Where a recorded call names the resource: `'request.tableName'`, `'response.volumeId'`, or `'account'` for settings of the account. If the name
 * is elsewhere, use a {@link CallReader}.
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
