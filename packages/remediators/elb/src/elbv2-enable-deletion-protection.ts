import { defineSetting, shortLived } from '@redress/core';
import { elb } from './client.js';
import { attributeCalls, attributeIn, attributes, loadBalancer, ofController } from './load-balancer.js';
import { packageRef } from './package-ref.js';

/**
 * Turns on deletion protection of a load balancer. Traffic is not touched.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-6
 */
export const enableDeletionProtection = defineSetting({
  on: loadBalancer,
  id: 'elbv2-enable-deletion-protection',
  title: 'Turn on deletion protection of a load balancer',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.6'] },
  rules: { ELB_DELETION_PROTECTION_ENABLED: 'elb-deletion-protection-enabled' },
  calls: attributeCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['Stacks and pipelines that delete or replace the load balancer: they fail until the protection is turned off.'],
  read: {
    reads: [attributes],
    async of({ aws, arn }) {
      const { Attributes } = await aws.elasticloadbalancing.DescribeLoadBalancerAttributes({ LoadBalancerArn: arn });
      return { enabled: attributeIn(Attributes, 'deletion_protection.enabled') };
    },
  },
  hazards: [shortLived('whatever deletes the load balancer would fail'), ofController('it could no longer delete the load balancer')],
  rollback: { restores: 'exact', what: 'Deletion protection is turned off again.', not: [] },
  alsoFoundBy: { prowler: ['elbv2_deletion_protection'] },
  inCode: {
    cloudFormation: 'AWS::ElasticLoadBalancingV2::LoadBalancer LoadBalancerAttributes deletion_protection.enabled',
    terraform: 'aws_lb enable_deletion_protection',
  },
  wanted: () => ({ enabled: 'true' }),
  writes: [elb.pick('ModifyLoadBalancerAttributes')],
  write: ({ arn, to }) =>
    elb.call('ModifyLoadBalancerAttributes', { LoadBalancerArn: arn, Attributes: [{ Key: 'deletion_protection.enabled', Value: to.enabled }] }),
  summary: ({ id }) => `turn on deletion protection of ${id}`,
});
