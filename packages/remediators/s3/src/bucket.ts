import { type AwsReads, type CallReader, classifyAwsError, type Discovered, isGone, isRedressError, paginate, type ResourceRef } from '@redress/core';
import type { s3 } from './client.js';

type Reads<K extends Parameters<typeof s3.pick>[number]> = AwsReads<readonly [ReturnType<typeof s3.pick<K>>]>;

/** Who the bucket has to belong to: a bucket of the same name in another account is answered with AccessDenied. */
export function bucketOf(resource: Pick<ResourceRef, 'id' | 'account'>): { readonly Bucket: string; readonly ExpectedBucketOwner: string } {
  return { Bucket: resource.id, ExpectedBucketOwner: resource.account };
}

/** Directory buckets (S3 Express One Zone) have settings of their own. */
export function isDirectoryBucket(name: string): boolean {
  return name.endsWith('--x-s3');
}

/** S3's own code of a read that found nothing, `NoSuchBucket` for example; null for every other failure. */
function missing(error: unknown): string | null {
  return isGone(error) ? classifyAwsError((error as Error).cause).name : null;
}

/**
 * What a read answers, or null when S3 says by the given code that there is none. Every other failure is thrown: what cannot be read is
 * not absent.
 */
export async function unlessMissing<T>(read: Promise<T>, code: string): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (missing(error) === code) return null;
    throw error;
  }
}

/** Runs an observation of a bucket that may not exist any more. */
export async function unlessGone<T>(observe: () => Promise<T>): Promise<T | 'gone'> {
  try {
    return await observe();
  } catch (error) {
    if (missing(error) === 'NoSuchBucket') return 'gone';
    throw error;
  }
}

/** The tags of a bucket. S3 answers with an error where there are none. */
export async function tagsOf(aws: Reads<'GetBucketTagging'>, resource: ResourceRef): Promise<Record<string, string>> {
  const reply = await unlessMissing(aws.s3.GetBucketTagging(bucketOf(resource)), 'NoSuchTagSet');
  return Object.fromEntries((reply?.TagSet ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

// Buckets older than regions have constraints of their own.
const OLD_CONSTRAINTS: Readonly<Record<string, string>> = { '': 'us-east-1', EU: 'eu-west-1' };

/** The region that a location constraint names. */
export function regionOf(constraint: string | null | undefined): string {
  return OLD_CONSTRAINTS[constraint ?? ''] ?? (constraint as string);
}

/** A bucket has one region, whatever region an event about it came from. */
export async function identifyBucket({
  aws,
  resource,
}: {
  readonly aws: Reads<'GetBucketLocation'>;
  readonly resource: ResourceRef;
}): Promise<{ id: string; region: string } | 'gone'> {
  if (isDirectoryBucket(resource.id)) return { id: resource.id, region: resource.region };
  return unlessGone(async () => {
    const { LocationConstraint } = await aws.s3.GetBucketLocation(bucketOf(resource));
    return { id: resource.id, region: regionOf(LocationConstraint) };
  });
}

/** The buckets of a region. */
export async function* bucketsIn({
  aws,
  account,
  region,
}: {
  readonly aws: Reads<'ListBuckets' | 'GetBucketLocation'>;
  readonly account: string;
  readonly region: string;
}): AsyncGenerator<Discovered> {
  const tokens = { input: 'ContinuationToken', output: 'ContinuationToken' };
  for await (const { Name: id, BucketRegion } of paginate(aws.s3.ListBuckets, { BucketRegion: region, MaxBuckets: 1000 }, 'Buckets', tokens)) {
    if (id === undefined) continue;
    const home = BucketRegion ?? (await homeOf(aws, { id, account }, region));
    if (home === region) yield { type: 'AWS::S3::Bucket', id, region };
  }
}

/**
 * The region of a bucket, null when it is gone. One whose region may not be read could be here: it is looked at, which then says that it cannot be
 * read. Nothing else would, and the buckets behind it are looked at all the same.
 */
async function homeOf(aws: Reads<'GetBucketLocation'>, bucket: { readonly id: string; readonly account: string }, here: string): Promise<string | null> {
  try {
    const reply = await unlessMissing(aws.s3.GetBucketLocation(bucketOf(bucket)), 'NoSuchBucket');
    return reply === null ? null : regionOf(reply.LocationConstraint);
  } catch (error) {
    if (isRedressError(error) && error.code === 'aws/denied') return here;
    throw error;
  }
}

/** The bucket that a recorded call names. */
export const namedBucket: CallReader = ({ request }) =>
  typeof request?.['bucketName'] === 'string' && request['bucketName'] !== '' ? [{ id: request['bucketName'] }] : [];

// Authenticated users are those of every AWS account there is.
const EVERYBODY = /^https?:\/\/acs\.amazonaws\.com\/groups\/global\/(AllUsers|AuthenticatedUsers)$/;

/** Grants of an access control list to everybody: `AllUsers: READ`. */
export function publicGrantsOf(
  grants: readonly { readonly Grantee?: { readonly URI?: string | undefined } | undefined; readonly Permission?: string | undefined }[] | undefined,
): readonly string[] {
  const found = (grants ?? []).flatMap((grant) => {
    const group = EVERYBODY.exec(grant.Grantee?.URI ?? '')?.[1];
    return group === undefined ? [] : [`${group}: ${grant.Permission ?? '?'}`];
  });
  return [...new Set(found)].sort();
}

/** What GetBucketPolicyStatus says; null stands for a bucket without policy. What it does not say is not "no". */
export function policyIsPublic(
  reply: { readonly PolicyStatus?: { readonly IsPublic?: boolean | undefined } | undefined } | null,
  resource: Pick<ResourceRef, 'id'>,
): boolean {
  if (reply === null) return false;
  const isPublic = reply.PolicyStatus?.IsPublic;
  if (typeof isPublic !== 'boolean') throw new Error(`GetBucketPolicyStatus did not say whether the policy of ${resource.id} is public.`);
  return isPublic;
}
