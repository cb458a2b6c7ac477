import type { Partition, ResourceRef } from '../model/resource.js';
import type { Tags } from './define.js';
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
  /** Where it is one of {@link ResourceTypeDefinition.also}. */
  readonly type?: string;
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
  /** Other types that have what is looked at as well, and which the same parts find, name and list: they differ by `resource.type`. */
  readonly also?: readonly string[];
  /** For resources without a region. */
  readonly global?: boolean;
  /** Forms of its ARN, with `{partition}`, `{region}`, `{account}` and `{id}`; by the first of them its tags are read. */
  readonly arn?: string | readonly [string, ...string[]];
  /**
   * The resource as the service describes it; null, or an error of the kind *gone*: it is not there. A reply that lacks it, or the list of it, says neither:
   * take it with `given`. Absent: there is one in each account.
   */
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
