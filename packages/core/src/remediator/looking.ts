// How settings and reports look. Loaded at the first look: a function starts without it.
import { isGone } from '../engine/aws-errors.js';
import { RedressError } from '../model/errors.js';
import { type Json, toJson } from '../model/json.js';
import type { Partition, ResourceRef } from '../model/resource.js';
import { sayingOf } from '../model/words.js';
import type { Glance, Observation, ObservationPurpose, Tagged, Tags } from './define.js';
import type { Asked, Part, ResourceType, WithFound } from './resource-parts.js';
import type { OperationUse } from './service.js';

type Reads = readonly OperationUse[];
type Reading = Part<Reads, WithFound<never> & { readonly parameters: unknown; readonly observedAt: number }, unknown>;

/** What is read, and how. */
export interface Looked<Found> {
  readonly on: ResourceType<Found>;
  readonly at?: (found: Found) => object;
  readonly read?: Reading;
  readonly context?: Reading;
  readonly usedBy?: (context: never) => readonly Tagged[];
  readonly holds?: boolean;
  readonly absent?: Readonly<Record<string, unknown>>;
  readonly worded: readonly { readonly code: string; readonly words: readonly string[] }[];
}

/** The id and region in an ARN of one of some forms; null: it is none of them, or another account's. */
export function namedByArn(forms: readonly string[], { id: arn, account: own }: ResourceRef, global: boolean): { id: string; region?: string } | null {
  for (const form of forms) {
    const { id, region, account } = patternOf(form).exec(arn)?.groups ?? {};
    if (id === undefined) continue;
    if (account !== undefined && account !== own) return null;
    return { id, ...(region === undefined || global ? {} : { region }) };
  }
  return null;
}

/** A form of an ARN as an expression. */
function patternOf(form: string): RegExp {
  const text = form
    .replaceAll(/[.*+?^$()|[\]\\/]/g, '\\$&')
    .replaceAll(/\{(\w+)\}/g, (_, member: string) => (member === 'partition' ? '[^:]+' : `(?<${member}>[^:]+)`));
  return new RegExp(`^${text}$`);
}

/** All that a look found: null, it is gone. */
interface Sighting<Found, Answers extends readonly unknown[]> {
  readonly found: Found;
  readonly tags: Tags | 'untaggable';
  readonly answers: Answers;
}

type Reader = (asked: Asked<Reads> & WithFound<never>) => Promise<unknown>;

/**
 * One look at a resource: it, its tags, and what the given parts read, all in one round trip as far as they do not need each other.
 *
 */
async function sight<Found>(
  on: ResourceType<Found>,
  { aws, resource }: { readonly aws: never; readonly resource: ResourceRef },
  withTags: boolean,
  readers: readonly Reader[],
): Promise<Sighting<Found, readonly unknown[]> | null> {
  const { find, tags, arnOf } = on['~parts'];
  const asked = { aws, resource, id: resource.id, arn: on['~arn'](resource) };
  const seek = async (): Promise<Found | null> => {
    try {
      return find === undefined ? (undefined as Found) : ((await find.of(asked)) ?? null);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  };
  const seeking = seek();
  const found = async () => {
    const it = await seeking;
    if (it === null) throw new RedressError('aws/gone', `${resource.id} does not exist.`);
    return it as never;
  };
  const tagsBy = async (arn: string): Promise<Tags | 'untaggable'> => (tags === 'untaggable' ? tags : withTags ? tags.of({ ...asked, arn, found }) : {});
  const ended = await Promise.allSettled([seeking, tagsBy(asked.arn), ...readers.map((reader) => reader({ ...asked, found }))]);
  const [it, labels, ...answers] = ended as [PromiseSettledResult<Found | null>, PromiseSettledResult<Tags | 'untaggable'>, ...PromiseSettledResult<unknown>[]];
  if (it.status === 'rejected') throw it.reason;
  if (it.value === null) return null;
  const failed = ended.find((each) => each.status === 'rejected' && !isGone(each.reason));
  if (failed?.status === 'rejected') throw failed.reason;
  // It is there, and a part of it is said to be gone: it went in this moment, or came.
  if (find !== undefined && ended.some((each) => each.status === 'rejected') && (await seek()) === null) return null;
  for (const each of answers) if (each.status === 'rejected') throw each.reason;
  const own = arnOf === undefined ? asked.arn : arnOf(it.value);
  if (own === undefined) throw new Error(`The service did not return the ARN of ${resource.id}, which is needed to read its tags.`);
  const known = labels.status === 'fulfilled' && own === asked.arn ? labels.value : await tagsBy(own);
  return { found: it.value, tags: known, answers: answers.map((each) => (each as PromiseFulfilledResult<unknown>).value) };
}

/** The value that is there, with what its absences mean put in. */
function complete(raw: object, absent: Looked<never>['absent'], id: string): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(raw)) {
    known[member] = value ?? (absent !== undefined && Object.hasOwn(absent, member) ? absent[member] : value);
    if (known[member] === undefined) throw new Error(`The service did not return ${member} of ${id}, and its absence has no meaning.`);
  }
  return toJson(known) as unknown as Record<string, unknown>;
}

/** What tags of it, and of what uses it, say of worded hazards, by code. */
function said(worded: Looked<never>['worded'], labels: Tags | 'untaggable', using: readonly Tagged[]): Readonly<Record<string, string>> {
  const tagged = [{ tags: labels === 'untaggable' ? {} : labels, on: '' }, ...using.map(({ tags, id }) => ({ tags, on: ` of ${id}` }))];
  const pairs = tagged.flatMap(({ tags, on }) => Object.entries(tags).map(([key, value]) => ({ pair: `${key}=${value}`, on })));
  return Object.fromEntries(
    worded.flatMap(({ code, words }) => {
      const saying = pairs.filter(({ pair }) => sayingOf(pair, words) !== null).map(({ pair, on }) => `${pair}${on}`);
      return saying.length === 0 ? [] : [[code, saying.join(', ')]];
    }),
  );
}

/** The state, by which one of its name that was made after it is another one. */
function stateOf<Found>({ on, absent }: Looked<Found>, found: Found, raw: object, id: string): Json {
  const { created } = on['~parts'];
  const since = created?.(found);
  if (created !== undefined && since === undefined)
    throw new Error(`The service did not return when ${id} was created, so it cannot be determined whether it is the same one.`);
  return { ...(since === undefined ? {} : { created: since instanceof Date ? since.toISOString() : since }), ...complete(raw, absent, id) } as Json;
}

/** The look itself. */
export async function observing<Found>(
  looked: Looked<Found>,
  args: {
    readonly aws: never;
    readonly resource: ResourceRef;
    readonly parameters: unknown;
    readonly purpose: ObservationPurpose;
    readonly observedAt: number;
  },
): Promise<Observation<Json, unknown> | 'gone'> {
  const { on, at, read, context, usedBy, holds, worded } = looked;
  const { resource, parameters, purpose, observedAt } = args;
  const { tags, except } = on['~parts'];
  if ((except?.(resource) ?? null) !== null) return { state: { created: null }, tags: tags === 'untaggable' ? tags : {} };
  const reader =
    (part: Reading): Reader =>
    (asked) =>
      part.of({ ...asked, parameters, observedAt });
  // Exceptions on what uses it, and hazards that come up at any time, hold a change back until it goes out.
  const informs = purpose === 'decision' || ((usedBy !== undefined || holds === true) && purpose === 'confirmation');
  const readers = [...(read === undefined ? [] : [reader(read)]), ...(context === undefined || !informs ? [] : [reader(context)])];
  const seen = await sight(on, args, purpose !== 'verification', readers);
  if (seen === null) return 'gone';
  const [first, second] = seen.answers;
  const raw = read === undefined ? (at as NonNullable<typeof at>)(seen.found) : (first as object);
  const own = read === undefined ? first : second;
  const using = usedBy === undefined || !informs ? undefined : usedBy(own as never);
  const informing = worded.length === 0 ? own : informs ? { own, said: said(worded, seen.tags, using ?? []) } : undefined;
  return {
    state: stateOf(looked, seen.found, raw, resource.id),
    ...(informing === undefined ? {} : { context: informing }),
    tags: seen.tags,
    ...(using === undefined ? {} : { usedBy: using }),
  };
}

/** How many resources of a listing are checked at once. */
const PAGE = 1000;

/** The listing of a region, in pages, each resource with what of its state the listing gives; null where it cannot be judged by that. */
export async function* glancing<Found>(
  looked: Looked<Found>,
  args: { readonly aws: never; readonly account: string; readonly region: string; readonly partition: Partition },
): AsyncGenerator<readonly Glance<Json, unknown>[]> {
  const { on, at } = looked;
  let page: Glance<Json, unknown>[] = [];
  for await (const { id, type = on.type, region, found } of on['~parts'].list?.of(args) ?? []) {
    let seen: { readonly state: Json } | null = null;
    try {
      if (at !== undefined && found !== undefined) seen = { state: stateOf(looked, found, at(found), id) };
    } catch {
      // What the listing cannot show is read.
    }
    page.push({ type, id, ...(region === undefined ? {} : { region }), seen });
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}
