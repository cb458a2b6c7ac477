import { defineSetting, needs, shortLived } from '@redress/core';
import { loggingParameters } from '../elb-enable-access-logging.js';
import { ofController } from '../load-balancer.js';
import { packageRef } from '../package-ref.js';
import { classic } from './client.js';
import { classicAttributes, classicCalls, classicLoadBalancer } from './load-balancer.js';

/**
 * Turns on access logs of a Classic Load Balancer, to the bucket that the policy names. Requests do not wait for them.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-5
 */
export const enableClassicAccessLogging = defineSetting({
  on: classicLoadBalancer,
  id: 'elb-enable-classic-access-logging',
  title: 'Turn on access logs of a Classic Load Balancer',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.5'] },
  rules: { ELB_LOGGING_ENABLED: 'elb-logging-enabled' },
  calls: classicCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Whether the bucket policy allows log delivery: if not, Elastic Load Balancing rejects the call.',
    'What the logs cost, and how long the bucket keeps them.',
  ],
  parameters: loggingParameters,
  read: {
    reads: [classicAttributes],
    async of({ aws, id }) {
      const log = (await aws.elasticloadbalancing.DescribeLoadBalancerAttributes({ LoadBalancerName: id })).LoadBalancerAttributes?.AccessLog;
      // While nothing is logged, a bucket that is named has no effect.
      const { S3BucketName: bucket, S3BucketPrefix: prefix, EmitInterval: minutes } = log?.Enabled === true ? log : {};
      return { logged: log?.Enabled, bucket, prefix, minutes };
    },
  },
  absent: { bucket: null, prefix: null, minutes: null },
  hazards: [shortLived('its logs cost money, and nobody reads them'), ofController('it would revert the attribute')],
  rollback: {
    restores: 'exact',
    what: 'Access logs are turned off again.',
    not: ['Logs delivered in the meantime.', 'A bucket that was configured while they were off.'],
  },
  alsoFoundBy: { prowler: ['elb_logging_enabled'] },
  inCode: { cloudFormation: 'AWS::ElasticLoadBalancing::LoadBalancer AccessLoggingPolicy', terraform: 'aws_elb access_logs' },
  instead: ({ now: { logged }, id, parameters: { bucket } }) =>
    logged ? null : needs('elb-enable-classic-access-logging', `${id} has no access logs`, { bucket }),
  wanted: ({ now, parameters: { bucket, prefix } }) =>
    now.logged ? now : { logged: true, bucket: bucket ?? null, prefix: prefix === '' ? null : prefix, minutes: 60 },
  writes: [classic.pick('ModifyLoadBalancerAttributes')],
  // Attributes that are not named stay as they are.
  write: ({ id, to: { logged, bucket, prefix, minutes } }) =>
    classic.call('ModifyLoadBalancerAttributes', {
      LoadBalancerName: id,
      LoadBalancerAttributes: {
        AccessLog: {
          Enabled: logged,
          ...(bucket === null ? {} : { S3BucketName: bucket }),
          ...(prefix === null ? {} : { S3BucketPrefix: prefix }),
          ...(minutes === null ? {} : { EmitInterval: minutes }),
        },
      },
    }),
  summary: ({ id, to }) => `deliver access logs of ${id} to ${to.bucket}`,
  judge({ state: { logged, bucket }, claim: { parameters: asked }, resource }) {
    const buckets = asked?.['s3BucketNames']?.split(',').map((each) => each.trim());
    if (!logged || buckets === undefined || buckets.includes(bucket ?? '')) return [];
    return [`${resource.id} logs to ${bucket}, and one of ${buckets.join(', ')} is required`];
  },
});
