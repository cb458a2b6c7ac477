import { type Asked, given, type NamedIn } from '@redress/core';
import { bucketOf, unlessMissing } from '../../bucket.js';
import { s3 } from '../client.js';

const READS = [s3.pick('GetBucketLifecycleConfiguration')] as const;

/** A prefix, a tag, a size, or several of them: a rule is for objects that have all of it. */
interface Ruled {
  readonly Prefix?: string | undefined;
  readonly Filter?: object | undefined;
}
/** Whether a rule is for the whole bucket: its filter asks for nothing. One without a filter is of the old form, and has a prefix. */
const isWhole = ({ Prefix, Filter }: Ruled) =>
  Filter === undefined ? Prefix === '' : Object.entries(Filter).every(([member, value]) => value === undefined || (member === 'Prefix' && value === ''));

/** The lifecycle rules of a bucket that are on, as far as reports go by them. */
export const lifecycle = {
  reads: READS,
  async of({ aws, resource }: Asked<typeof READS>) {
    const reply = await unlessMissing(aws.s3.GetBucketLifecycleConfiguration(bucketOf(resource)), 'NoSuchLifecycleConfiguration');
    const rules = (reply === null ? [] : given(reply, 'Rules')).filter((rule) => given(rule, 'Status') === 'Enabled');
    return {
      rules: rules.length,
      uploads: rules.some((rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation !== undefined && isWhole(rule)),
      versions: rules.some((rule) => rule.NoncurrentVersionExpiration !== undefined || (rule.NoncurrentVersionTransitions ?? []).length > 0),
    };
  },
};

/** Calls after which the rules are looked at. */
export const lifecycleCalls: Readonly<Record<string, NamedIn>> = {
  's3:CreateBucket': 'request.bucketName',
  's3:PutBucketLifecycle': 'request.bucketName',
  's3:DeleteBucketLifecycle': 'request.bucketName',
};

/** How a person adds a rule, without losing those that are there. */
export const adding = (rule: object, { rules, id }: { readonly rules: number; readonly id: string }): readonly string[] => [
  `The rule: ${JSON.stringify({ Status: 'Enabled', Filter: { Prefix: '' }, ...rule })}`,
  rules === 0
    ? `Set it: aws s3api put-bucket-lifecycle-configuration --bucket ${id} --lifecycle-configuration '{"Rules":[…]}'`
    : `Add it to the existing rules (aws s3api get-bucket-lifecycle-configuration --bucket ${id}): the call replaces all rules.`,
];
