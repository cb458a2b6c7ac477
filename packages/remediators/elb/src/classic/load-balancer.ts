import { defineResource, given, paginate, tagsIn } from '@redress/core';
import { classic } from './client.js';

/** A Classic Load Balancer, by its name. */
export const classicLoadBalancer = defineResource({
  type: 'AWS::ElasticLoadBalancing::LoadBalancer',
  arn: 'arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}',
  find: {
    reads: [classic.pick('DescribeLoadBalancers')],
    of: async ({ aws, id }) => given(await aws.elasticloadbalancing.DescribeLoadBalancers({ LoadBalancerNames: [id] }), 'LoadBalancerDescriptions')[0],
  },
  created: ({ CreatedTime }) => CreatedTime,
  tags: {
    reads: [classic.pick('DescribeTags')],
    of: async ({ aws, id }) => tagsIn((await aws.elasticloadbalancing.DescribeTags({ LoadBalancerNames: [id] })).TagDescriptions?.[0]?.Tags),
  },
  list: {
    reads: [classic.pick('DescribeLoadBalancers')],
    async *of({ aws }) {
      const marker = { input: 'Marker', output: 'NextMarker' };
      for await (const found of paginate(aws.elasticloadbalancing.DescribeLoadBalancers, {}, 'LoadBalancerDescriptions', marker))
        if (found.LoadBalancerName !== undefined) yield { id: found.LoadBalancerName, found };
    },
  },
});

/** Its attributes. */
export const classicAttributes = classic.pick('DescribeLoadBalancerAttributes');

/** Calls that make one, or change its attributes; those of other generations name it otherwise. */
export const classicCalls = {
  'elasticloadbalancing:CreateLoadBalancer': 'request.loadBalancerName',
  'elasticloadbalancing:ModifyLoadBalancerAttributes': 'request.loadBalancerName',
} as const;
