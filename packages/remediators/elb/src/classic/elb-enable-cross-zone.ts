import { defineSetting } from '@redress/core';
import { ofController } from '../load-balancer.js';
import { packageRef } from '../package-ref.js';
import { classic } from './client.js';
import { classicAttributes, classicCalls, classicLoadBalancer } from './load-balancer.js';

/**
 * Lets a Classic Load Balancer spread requests over the instances of all of its zones.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-9
 */
export const enableCrossZone = defineSetting({
  on: classicLoadBalancer,
  id: 'elb-enable-cross-zone',
  title: 'Turn on cross-zone load balancing of a Classic Load Balancer',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.9'] },
  rules: { ELB_CROSS_ZONE_LOAD_BALANCING_ENABLED: 'elb-cross-zone-load-balancing-enabled' },
  calls: classicCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the instances of a small zone can handle the requests that they will get.',
    'Caches and sessions that belong to one zone: they will get requests of other zones.',
  ],
  read: {
    reads: [classicAttributes],
    of: async ({ aws, id }) => ({
      enabled: (await aws.elasticloadbalancing.DescribeLoadBalancerAttributes({ LoadBalancerName: id })).LoadBalancerAttributes?.CrossZoneLoadBalancing
        ?.Enabled,
    }),
  },
  context: { of: async ({ found }) => ({ zones: (await found()).AvailabilityZones?.length ?? 0 }) },
  hazards: [
    {
      code: 'one-zone',
      effect: 'approve',
      what: 'The load balancer is in one zone: the setting has no effect without a second zone.',
      advice: 'Add a second zone with instances first. Approve if one is planned.',
      when: ({ context, id }) => (context === undefined || context.zones > 1 ? null : `${id} is in ${context.zones === 1 ? 'one zone' : 'no zone'}`),
    },
    ofController('it would revert the attribute'),
  ],
  rollback: { restores: 'exact', what: 'Each zone again distributes its requests only to its own instances.', not: [] },
  alsoFoundBy: { prowler: ['elb_cross_zone_load_balancing_enabled'] },
  inCode: { cloudFormation: 'AWS::ElasticLoadBalancing::LoadBalancer CrossZone', terraform: 'aws_elb cross_zone_load_balancing' },
  wanted: () => ({ enabled: true }),
  writes: [classic.pick('ModifyLoadBalancerAttributes')],
  // Attributes that are not named stay as they are.
  write: ({ id, to }) =>
    classic.call('ModifyLoadBalancerAttributes', { LoadBalancerName: id, LoadBalancerAttributes: { CrossZoneLoadBalancing: { Enabled: to.enabled } } }),
  summary: ({ id }) => `turn on cross-zone load balancing of ${id}`,
});
