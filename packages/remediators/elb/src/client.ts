import { defineService } from '@redress/core';

/** Elastic Load Balancing as this package uses it: application, network and gateway load balancers. */
export const elb = defineService({
  id: 'elasticloadbalancing',
  load: () => import('./sdk.js'),
  client: 'ElasticLoadBalancingV2Client',
  operations: {
    DescribeListeners: {},
    DescribeLoadBalancerAttributes: {},
    DescribeLoadBalancers: {},
    DescribeRules: {},
    DescribeTags: {},
    // Each sets what it names: sent twice, it changes nothing more.
    ModifyListener: { retry: 'idempotent' },
    ModifyLoadBalancerAttributes: { retry: 'idempotent' },
  },
});
