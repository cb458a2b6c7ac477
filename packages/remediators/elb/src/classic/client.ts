import { defineService } from '@redress/core';

/** Elastic Load Balancing of the first generation. Its actions of IAM have the names of the second. */
export const classic = defineService({
  id: 'elasticloadbalancing',
  load: () => import('./sdk.js'),
  client: 'ElasticLoadBalancingClient',
  operations: {
    DescribeLoadBalancerAttributes: {},
    DescribeLoadBalancers: {},
    DescribeTags: {},
    // It sets what it names: sent twice, it changes nothing more.
    ModifyLoadBalancerAttributes: { retry: 'idempotent' },
  },
});
