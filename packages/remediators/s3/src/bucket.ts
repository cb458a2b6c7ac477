import {
  type AwsReads,
  type CallReader,
  classifyAwsError,
  type Discovered,
  GLOBAL_REGION,
  given,
  isGone,
  paginate,
  RedressError,
  type ResourceRef,
} from '@redress/core';
import type { s3, s3control } from './client.js';

type Reads<K extends Parameters<typeof s3.pick>[number]> = AwsReads<readonly [ReturnType<typeof s3.pick<K>>]>;
type AccountReads = AwsReads<readonly [ReturnType<typeof s3control.pick<'GetPublicAccessBlock'>>]>;

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

const TOKENS = { input: 'ContinuationToken', output: 'ContinuationToken' };

/** The buckets of the account, of one region where one is given: S3 takes that of the endpoint alone. */
function listed(aws: Reads<'ListBuckets'>, where: { readonly Prefix?: string; readonly BucketRegion?: string }) {
  return paginate(aws.s3.ListBuckets, { ...where, MaxBuckets: 1000 }, 'Buckets', TOKENS);
}

/** The bucket of that very name, or null. */
async function find(aws: Reads<'ListBuckets'>, { id, region }: { readonly id: string; readonly region?: string }) {
  for await (const bucket of listed(aws, { Prefix: id, ...(region === undefined ? {} : { BucketRegion: region }) })) if (bucket.Name === id) return bucket;
  return null;
}

/** A bucket has one region, whatever region an event about it came from. One that is not in the account's list is gone, or another account's. */
export async function identifyBucket({
  aws,
  resource: { id, region },
}: {
  readonly aws: Reads<'ListBuckets'>;
  readonly resource: ResourceRef;
}): Promise<{ id: string; region: string } | 'gone'> {
  if (isDirectoryBucket(id)) return { id, region };
  if (region !== GLOBAL_REGION && (await find(aws, { id, region })) !== null) return { id, region };
  const elsewhere = await find(aws, { id });
  if (elsewhere === null) return 'gone';
  if (elsewhere.BucketRegion === undefined) throw new Error(`ListBuckets did not return the region of ${id}.`);
  return { id, region: elsewhere.BucketRegion };
}

/**
 * Since when the bucket of this name is there, ISO 8601. One that was deleted and made again is another one: what was decided for the first is not
 * done to it.
 *
 * @throws {RedressError} when the list does not show it: whether it is the same one cannot be told.
 */
export async function createdOf(aws: Reads<'ListBuckets'>, { id, region }: ResourceRef): Promise<string> {
  const created = (await find(aws, { id, region }))?.CreationDate;
  if (created === undefined)
    throw new RedressError('aws/unknown', `ListBuckets returned no creation date of ${id}, so it cannot be determined whether it is the same bucket.`, {
      // A new bucket may be missing from the list for a moment.
      retryable: true,
    });
  return created.toISOString();
}

/** The buckets of a region. */
export async function* bucketsIn({ aws, region }: { readonly aws: Reads<'ListBuckets'>; readonly region: string }): AsyncGenerator<Discovered> {
  for await (const { Name: id, BucketRegion: home = region } of listed(aws, { BucketRegion: region }))
    if (id !== undefined && home === region) yield { type: 'AWS::S3::Bucket', id, region };
}

/** A public access block, of a bucket or an account. A type, not an interface: state must be plain JSON. */
export type Block = {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
};

const blockOf = (found: Partial<Record<keyof Block, boolean | undefined>> | undefined): Block | null =>
  found === undefined
    ? null
    : {
        BlockPublicAcls: found.BlockPublicAcls === true,
        IgnorePublicAcls: found.IgnorePublicAcls === true,
        BlockPublicPolicy: found.BlockPublicPolicy === true,
        RestrictPublicBuckets: found.RestrictPublicBuckets === true,
      };

const NO_BLOCK = 'NoSuchPublicAccessBlockConfiguration';

/** The bucket's own block. */
export async function ownBlockOf(aws: Reads<'GetPublicAccessBlock'>, resource: ResourceRef): Promise<Block | null> {
  return blockOf((await unlessMissing(aws.s3.GetPublicAccessBlock(bucketOf(resource)), NO_BLOCK))?.PublicAccessBlockConfiguration);
}

/**
 * What the account, or the organization for it, blocks of each of its buckets: S3 answers with what holds.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
 */
export async function accountBlockOf(aws: AccountReads, { account }: ResourceRef): Promise<Block | null> {
  return blockOf((await unlessMissing(aws.s3control.GetPublicAccessBlock({ AccountId: account }), NO_BLOCK))?.PublicAccessBlockConfiguration);
}

/** What lets everybody into a bucket, as far as none of these blocks cuts it off. */
export function openingsOf(
  { policyIsPublic: isPublic, publicGrants }: { readonly policyIsPublic: boolean; readonly publicGrants: readonly string[] },
  ...blocks: readonly (Block | null)[]
): readonly string[] {
  return [
    ...(isPublic && !blocks.some((block) => block?.RestrictPublicBuckets) ? ['its policy is public'] : []),
    ...(publicGrants.length > 0 && !blocks.some((block) => block?.IgnorePublicAcls) ? [`its access control list grants ${publicGrants.join(', ')}`] : []),
  ];
}

/** The bucket that a recorded call names. */
export const namedBucket: CallReader = ({ request }) =>
  typeof request?.['bucketName'] === 'string' && request['bucketName'] !== '' ? [{ id: request['bucketName'] }] : [];

// Authenticated users are those of every AWS account there is.
const EVERYBODY = /^https?:\/\/acs\.amazonaws\.com\/groups\/global\/(AllUsers|AuthenticatedUsers)$/;

/** What GetBucketAcl says, as far as it is read. */
interface GrantsReply {
  readonly Grants?:
    | readonly {
        readonly Grantee?: { readonly URI?: string | undefined; readonly Type?: string | undefined } | undefined;
        readonly Permission?: string | undefined;
      }[]
    | undefined;
}

/** Grants of an access control list to everybody: `AllUsers: READ`. */
export function publicGrantsOf(reply: GrantsReply): readonly string[] {
  const found = given(reply, 'Grants').flatMap((grant) => {
    const grantee = given(grant, 'Grantee');
    // A user has no URI; a group of which it is not said may be everybody.
    const group = EVERYBODY.exec(grantee.Type === 'Group' ? given(grantee, 'URI') : (grantee.URI ?? ''))?.[1];
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
  if (typeof isPublic !== 'boolean') throw new Error(`GetBucketPolicyStatus did not return whether the policy of ${resource.id} is public.`);
  return isPublic;
}
