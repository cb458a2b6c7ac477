import { defineSetting, needs, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { elb } from './client.js';
import { attributeCalls, attributeIn, attributes, loadBalancer, ofController } from './load-balancer.js';
import { packageRef } from './package-ref.js';

/** Where logs go, for load balancers of all generations. */
export const loggingParameters = z.strictObject({
  bucket: z
    .optional(z.bucketName())
    .check(z.describe('The bucket that receives the logs, in the same region. Its policy has to let Elastic Load Balancing deliver.')),
  prefix: z._default(z.string(), '').check(z.describe('The prefix of their object keys.')),
});

/**
 * Turns on access logs of a load balancer, to the bucket that the policy names. Requests do not wait for them.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-5
 */
export const enableAccessLogging = defineSetting({
  on: loadBalancer,
  id: 'elb-enable-access-logging',
  title: 'Turn on access logs of a load balancer',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.5'] },
  rules: { ELB_LOGGING_ENABLED: 'elb-logging-enabled', NLB_LOGGING_ENABLED: 'nlb-logging-enabled' },
  calls: attributeCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Whether the bucket policy allows log delivery: if not, Elastic Load Balancing rejects the call.',
    'Network load balancer listeners without TLS: they are not logged.',
    'What the logs cost, and how long the bucket keeps them.',
  ],
  parameters: loggingParameters,
  read: {
    reads: [attributes],
    async of({ aws, arn, found }) {
      const { Attributes } = await aws.elasticloadbalancing.DescribeLoadBalancerAttributes({ LoadBalancerArn: arn });
      const logged = attributeIn(Attributes, 'access_logs.s3.enabled') === 'true';
      // While nothing is logged, a bucket that is named has no effect.
      const [bucket = null, prefix = null] = logged ? ['bucket', 'prefix'].map((each) => attributeIn(Attributes, `access_logs.s3.${each}`)) : [];
      return { kind: (await found()).Type, logged: Attributes === undefined ? undefined : logged, bucket, prefix };
    },
  },
  hazards: [shortLived('its logs cost money, and nobody reads them'), ofController('it would revert the attribute')],
  rollback: {
    restores: 'exact',
    what: 'Access logs are turned off again.',
    not: ['Logs delivered in the meantime.', 'A bucket that was configured while they were off.'],
  },
  alsoFoundBy: { prowler: ['elbv2_logging_enabled'] },
  inCode: {
    cloudFormation: 'AWS::ElasticLoadBalancingV2::LoadBalancer LoadBalancerAttributes access_logs.s3.enabled, access_logs.s3.bucket',
    terraform: 'aws_lb access_logs',
  },
  instead({ now: { kind, logged }, id, parameters: { bucket } }) {
    if (kind === 'gateway') return { status: 'not-applicable', reason: 'Gateway load balancers have no access logs.' };
    return logged ? null : needs('elb-enable-access-logging', `${id} has no access logs`, { bucket });
  },
  wanted: ({ now, parameters: { bucket, prefix } }) => (now.logged ? now : { ...now, logged: true, bucket: bucket ?? null, prefix }),
  writes: [elb.pick('ModifyLoadBalancerAttributes')],
  write: ({ arn, to: { logged, bucket, prefix } }) =>
    elb.call('ModifyLoadBalancerAttributes', {
      LoadBalancerArn: arn,
      Attributes: Object.entries({ enabled: String(logged), ...(logged ? { bucket: bucket ?? '', prefix: prefix ?? '' } : {}) }).map(([name, Value]) => ({
        Key: `access_logs.s3.${name}`,
        Value,
      })),
    }),
  summary: ({ id, to }) => `deliver access logs of ${id} to ${to.bucket}`,
  judge({ state: { logged, bucket }, claim: { parameters: asked }, resource }) {
    const buckets = asked?.['s3BucketNames']?.split(',').map((each) => each.trim());
    if (!logged || buckets === undefined || buckets.includes(bucket ?? '')) return [];
    return [`${resource.id} logs to ${bucket}, and one of ${buckets.join(', ')} is required`];
  },
});
