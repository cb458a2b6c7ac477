import { defineSetting, isRecord, listOf, statementsOf } from '@redress/core';
import { bucketOf, unlessMissing } from '../bucket.js';
import { packageRef } from '../package-ref.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';
import { websiteContext } from './website.js';

const SID = 'RedressRequireTls';
/** What S3 takes. */
const LARGEST = 20_480;
const arnsOf = (partition: string, id: string) => [`arn:${partition}:s3:::${id}`, `arn:${partition}:s3:::${id}/*`];

/** Whether a statement denies everybody everything without TLS, on the bucket and on its objects. */
function requiresTls(statement: Readonly<Record<string, unknown>>, arns: readonly string[]): boolean {
  const { Effect, Principal, Action, Resource, Condition } = statement;
  const everybody = Principal === '*' || (isRecord(Principal) && listOf(Principal['AWS']).includes('*'));
  const bool = isRecord(Condition) && Object.keys(Condition).length === 1 && isRecord(Condition['Bool']) ? Condition['Bool'] : {};
  const onlyTls =
    Object.keys(bool).length === 1 && listOf(bool['aws:SecureTransport']).every((each) => String(each) === 'false') && 'aws:SecureTransport' in bool;
  return (
    Effect === 'Deny' &&
    everybody &&
    onlyTls &&
    listOf(Action).some((each) => each === 's3:*' || each === '*') &&
    arns.every((arn) => listOf(Resource).includes(arn) || listOf(Resource).includes('*'))
  );
}

/**
 * Adds a statement to a bucket's policy that denies requests without TLS. The other statements stay as they are.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-5
 */
export const requireTls = defineSetting({
  on: bucket,
  id: 's3-require-tls',
  title: 'Add a bucket policy statement that denies requests without TLS',
  package: packageRef,
  controls: {
    'aws-fsbp': ['S3.5'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['2.1.2'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.1.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.1.1'],
  },
  rules: { S3_BUCKET_SSL_REQUESTS_ONLY: 's3-bucket-ssl-requests-only' },
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketPolicy': 'request.bucketName', 's3:DeleteBucketPolicy': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients that still use plain HTTP: access logs and data events show them, and are not read.',
    'Automation that sets the whole policy: its next run removes the statement.',
  ],
  read: {
    reads: [s3.pick('GetBucketPolicy')],
    of: async ({ aws, resource }) => ({ policy: (await unlessMissing(aws.s3.GetBucketPolicy(bucketOf(resource)), 'NoSuchBucketPolicy'))?.Policy ?? null }),
  },
  context: websiteContext,
  hazards: [
    {
      code: 'website',
      effect: 'notify',
      what: 'The bucket is a website, and website endpoints support only plain HTTP: its visitors would lose access.',
      advice: 'Put CloudFront with origin access control in front of it, remove the website configuration, and try again.',
      when: ({ context, id }) => (context?.website === true ? `${id} is a website: its visitors would lose access.` : null),
    },
  ],
  rollback: { restores: 'exact', what: 'The earlier policy is restored, or the policy is removed if there was none.', not: [] },
  alsoFoundBy: { prowler: ['s3_bucket_secure_transport_policy'] },
  inCode: { cloudFormation: 'AWS::S3::BucketPolicy PolicyDocument', terraform: 'aws_s3_bucket_policy policy' },
  instead({ now: { policy }, id }) {
    if (policy === null || (statementsOf(policy) !== null && policy.length + 400 + 2 * id.length <= LARGEST)) return null;
    return {
      status: 'manual',
      message: `${id} may accept requests without TLS, and its policy ${statementsOf(policy) === null ? 'could not be interpreted' : 'has no room for a statement that denies them'}.`,
      steps: ['Add the statement by hand: Deny, Principal *, s3:*, on the bucket and its objects, where aws:SecureTransport is false.'],
    };
  },
  wanted({ now: { policy }, id, resource }) {
    const arns = arnsOf(resource.partition, id);
    const statements = policy === null ? [] : (statementsOf(policy) ?? []);
    if (statements.some((each) => requiresTls(each, arns))) return { policy };
    const statement = { Sid: SID, Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: arns, Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    const document = policy === null ? { Version: '2012-10-17' } : (JSON.parse(policy) as object);
    // A statement of this name that says less is replaced.
    return { policy: JSON.stringify({ ...document, Statement: [...statements.filter((each) => each['Sid'] !== SID), statement] }) };
  },
  writes: [s3.pick('PutBucketPolicy')],
  undoes: [s3.pick('PutBucketPolicy', 'DeleteBucketPolicy')],
  write: ({ resource, to: { policy } }) =>
    policy === null ? s3.call('DeleteBucketPolicy', bucketOf(resource)) : s3.call('PutBucketPolicy', { ...bucketOf(resource), Policy: policy }),
  summary: ({ id }) => `deny requests to ${id} without TLS`,
});
