import type { Partition, ResourceRef } from '../model/resource.js';
import type { Tags } from './define.js';
import type { AwsReads, OperationUse } from './service.js';

/** The uses of a part without its own reads. */
export type NoReads = readonly [];

/** Arguments of a part that reads. */
export interface Asked<Reads extends readonly OperationUse[]> {
  /** The reads that the part declares, and no others. */
  readonly aws: AwsReads<Reads>;
  readonly resource: ResourceRef;
  /** In the form that the service's API takes. */
  readonly id: string;
  /** In the resource type's first form; without a form, the ID, if it is an ARN. */
  readonly arn: string;
}

/** A part that reads: the operations that it may call, and the function that calls them. */
export interface Part<Reads extends readonly OperationUse[], More, Answer> {
  readonly reads?: Reads;
  /** If something cannot be determined, throw. Never guess. */
  of(asked: Asked<Reads> & More): Promise<Answer>;
}

/** For parts that need the result of {@link ResourceTypeDefinition.find}. It is read once for all of them. If the resource is gone, the read ends. */
export interface WithFound<Found> {
  found(): Promise<Found>;
}

/** One resource of a listing. */
export interface Listed<Found> {
  readonly id: string;
  /** If it is one of {@link ResourceTypeDefinition.also}. */
  readonly type?: string;
  /** Default: the region that is listed. */
  readonly region?: string;
  /** What the listing returns for it, if this is all that `find` would return. A setting in it is then evaluated without a further call. */
  readonly found?: Found;
}

/** Definition for {@link defineResource}. */
export interface ResourceTypeDefinition<
  FindReads extends readonly OperationUse[],
  Found,
  TagReads extends readonly OperationUse[],
  ListReads extends readonly OperationUse[],
  NameReads extends readonly OperationUse[],
> {
  /** Type name in CloudFormation and AWS Config. */
  readonly type: string;
  /** Other types that have the same settings, and that the same parts find, name and list. `resource.type` distinguishes them. */
  readonly also?: readonly string[];
  /** For resources without a region. */
  readonly global?: boolean;
  /** Forms of its ARN, with `{partition}`, `{region}`, `{account}` and `{id}`. Its tags are read with the first form. */
  readonly arn?: string | readonly [string, ...string[]];
  /**
   * The resource as the service describes it. Null, or an error of the kind *gone*: it does not exist. A reply without the resource, or without the
   * list, shows neither: read it with `given`. Absent: there is one in each account.
   */
  readonly find?: Part<FindReads, unknown, Found | null | undefined>;
  /** What distinguishes it from a later resource of the same name: a date, or an ID of the service. */
  created?(found: Found): string | number | Date | undefined;
  /** Its ARN, if it differs from the expected one: its tags are then read with this ARN. */
  arnOf?(found: Found): string | undefined;
  readonly tags: 'untaggable' | Part<TagReads, WithFound<Found>, Tags>;
  /** All resources of a region, for sweeps. */
  readonly list?: { readonly reads?: ListReads; of(args: ListArgs<ListReads>): AsyncIterable<Listed<Found>> };
  /** The canonical name of a resource that is not named by an ARN of these forms; default: the given name. */
  readonly name?: Part<NameReads, unknown, { readonly id: string; readonly region?: string } | 'gone' | null>;
  /** Why it does not have these settings (directory buckets). It is then not observed. */
  except?(resource: ResourceRef): string | null;
}

/** Where a sweep lists, and with which calls. */
export interface ListArgs<Reads extends readonly OperationUse[]> {
  readonly aws: AwsReads<Reads>;
  readonly account: string;
  readonly region: string;
  readonly partition: Partition;
}

/** A resource type: what all of its settings share. Created by {@link defineResource}. */
export interface ResourceType<Found> {
  readonly type: string;
  readonly global: boolean;
  /** @internal */
  readonly '~parts': ResourceTypeDefinition<readonly OperationUse[], Found, readonly OperationUse[], readonly OperationUse[], readonly OperationUse[]>;
  /** @internal */
  readonly '~arn': (resource: ResourceRef) => string;
}
