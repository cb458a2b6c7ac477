import { defineResource, given, type NamedIn, paginate, tagsIn, type WordedHazard } from '@redress/core';
import { elb } from './client.js';

const MARKER = { input: 'Marker', output: 'NextMarker' };

/** An application, network or gateway load balancer, by what its ARN has after `loadbalancer/`: `app/web/50dc6c495c0c9188`. */
export const loadBalancer = defineResource({
  type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
  arn: 'arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}',
  find: {
    reads: [elb.pick('DescribeLoadBalancers')],
    of: async ({ aws, arn }) => given(await aws.elasticloadbalancing.DescribeLoadBalancers({ LoadBalancerArns: [arn] }), 'LoadBalancers')[0],
  },
  created: ({ CreatedTime }) => CreatedTime,
  tags: {
    reads: [elb.pick('DescribeTags')],
    of: async ({ aws, arn }) => tagsIn((await aws.elasticloadbalancing.DescribeTags({ ResourceArns: [arn] })).TagDescriptions?.[0]?.Tags),
  },
  list: {
    reads: [elb.pick('DescribeLoadBalancers')],
    async *of({ aws }) {
      for await (const { LoadBalancerArn: arn } of paginate(aws.elasticloadbalancing.DescribeLoadBalancers, {}, 'LoadBalancers', MARKER))
        if (arn !== undefined) yield { id: arn.slice(arn.indexOf('/') + 1) };
    },
  },
});

/** Calls after which the attributes of a load balancer are looked at. */
export const attributeCalls: Readonly<Record<string, NamedIn>> = {
  'elasticloadbalancing:CreateLoadBalancer': 'response.loadBalancers.0.loadBalancerArn',
  'elasticloadbalancing:ModifyLoadBalancerAttributes': 'request.loadBalancerArn',
};

/** A listener's ARN is its load balancer's, with its own id at the end. */
export const ownerOf = (listener: unknown) =>
  typeof listener === 'string' ? [{ id: listener.replace(':listener/', ':loadbalancer/').replace(/\/[^/]+$/, '') }] : [];

/** Its attributes. */
export const attributes = elb.pick('DescribeLoadBalancerAttributes');
type Attributes = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
/** One of them by its name: `deletion_protection.enabled`. */
export const attributeIn = (all: Attributes, name: string): string | undefined => all?.find(({ Key }) => Key === name)?.Value;

/** Controllers set everything back, and delete a load balancer when its service is deleted. */
export function ofController(what: string): WordedHazard {
  return {
    code: 'of-a-controller',
    effect: 'approve',
    what: `Tags show that a Kubernetes controller created it: ${what}.`,
    advice: 'Set it in the annotations of the service or ingress instead. Approve if the controller no longer manages it.',
    words: ['kubernetes', 'k8s', 'eks'],
  };
}
