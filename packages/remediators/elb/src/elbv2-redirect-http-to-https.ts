import { allOf, defineSetting, given, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { elb } from './client.js';
import { loadBalancer, ofController, ownerOf } from './load-balancer.js';
import { packageRef } from './package-ref.js';

const MARKER = { input: 'Marker', output: 'NextMarker' };
const parameters = z.strictObject({
  permanent: z._default(z.boolean(), false).check(z.describe('Browsers keep a permanent redirect (301), even after it is rolled back.')),
});
const redirectTo = (Port: string, permanent: boolean) => ({
  Type: 'redirect' as const,
  RedirectConfig: {
    ...{ Protocol: 'HTTPS', Port, Host: '#{host}', Path: '/#{path}', Query: '#{query}' },
    StatusCode: permanent ? ('HTTP_301' as const) : ('HTTP_302' as const),
  },
});

/**
 * Redirects what comes in over HTTP to HTTPS: the default action of the one HTTP listener of an application load balancer. The whole list of its
 * actions is replaced, and put back as it was by a rollback.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-1
 */
export const redirectHttpToHttps = defineSetting({
  on: loadBalancer,
  id: 'elbv2-redirect-http-to-https',
  title: 'Redirect the HTTP listener of an application load balancer to HTTPS',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.1'] },
  rules: { ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK: 'alb-http-to-https-redirection-check' },
  calls: {
    'elasticloadbalancing:CreateListener': 'request.loadBalancerArn',
    'elasticloadbalancing:ModifyListener': ({ request }) => ownerOf(request?.['listenerArn']),
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients that do not follow redirects, or repeat a POST as a GET: API clients, health probes, CloudFront with an HTTP origin.',
    'Whether the certificate of the HTTPS listener covers the names that clients use.',
  ],
  parameters,
  read: {
    reads: [elb.pick('DescribeListeners')],
    async of({ aws, arn }) {
      const all = await allOf(paginate(aws.elasticloadbalancing.DescribeListeners, { LoadBalancerArn: arn }, 'Listeners', MARKER));
      const http = all.flatMap((each) =>
        given(each, 'Protocol') === 'HTTP' ? [{ listener: given(each, 'ListenerArn'), actions: given(each, 'DefaultActions') }] : [],
      );
      const isRedirected = ({ actions: [first] }: (typeof http)[number]) => first?.Type === 'redirect' && first.RedirectConfig?.Protocol === 'HTTPS';
      return {
        // What waits for its redirect, and all that is replaced of it.
        waiting: http.filter((each) => !isRedirected(each)) as readonly (typeof http)[number][],
        // A redirect that somebody has changed since is not what the fix has left.
        redirected: http.filter(isRedirected) as readonly (typeof http)[number][],
        https: all.flatMap(({ Protocol, Port }) => (Protocol === 'HTTPS' && Port !== undefined ? [Port] : [])).sort((a, b) => a - b),
      };
    },
  },
  context: {
    reads: [elb.pick('DescribeListeners', 'DescribeRules')],
    async of({ aws, arn }) {
      const listeners = await allOf(paginate(aws.elasticloadbalancing.DescribeListeners, { LoadBalancerArn: arn }, 'Listeners', MARKER));
      const http = listeners.flatMap((each) => (given(each, 'Protocol') === 'HTTP' ? [given(each, 'ListenerArn')] : []));
      const rules = await Promise.all(http.map((ListenerArn) => allOf(paginate(aws.elasticloadbalancing.DescribeRules, { ListenerArn }, 'Rules', MARKER))));
      return { rules: rules.flat().filter(({ IsDefault }) => IsDefault !== true).length };
    },
  },
  hazards: [
    {
      code: 'rules-of-its-own',
      effect: 'approve',
      what: 'HTTP listeners have rules in addition to their default action: requests that match these rules are not redirected.',
      advice: 'Find out what the rules are for. Approve the change of the default action, and change the rules by hand, or record an exception.',
      when: ({ context, id }) =>
        (context?.rules ?? 0) === 0 ? null : `HTTP listeners of ${id} have ${context?.rules} rules of their own, which stay as they are`,
    },
    ofController('it would revert the listener'),
  ],
  rollback: { restores: 'exact', what: 'The listener gets its earlier actions back.', not: ['A permanent redirect that browsers have cached.'] },
  inCode: { cloudFormation: 'AWS::ElasticLoadBalancingV2::Listener DefaultActions', terraform: 'aws_lb_listener default_action' },
  instead({ now: { waiting, https }, id }) {
    const [first, second] = waiting;
    if (first === undefined) return { status: 'compliant', message: 'Each HTTP listener redirects to HTTPS, or there is none.' };
    if (second === undefined && https.length > 0) return null;
    return {
      status: 'manual',
      message:
        https.length === 0
          ? `${id} has no HTTPS listener to redirect to.`
          : `${id} has ${waiting.length} HTTP listeners that do not redirect. A person has to decide which of them should.`,
      steps: [
        ...(https.length === 0 ? ['Add an HTTPS listener with a certificate.'] : []),
        ...waiting.map(({ listener }) => `Set the default action of ${listener} to redirect to HTTPS.`),
      ],
    };
  },
  wanted: ({ now }) => ({ ...now, waiting: [] }),
  writes: [elb.pick('ModifyListener')],
  write: ({ now: { waiting, https }, parameters: { permanent } }) =>
    elb.call('ModifyListener', {
      ListenerArn: waiting[0]?.listener ?? '',
      DefaultActions: [redirectTo(String(https.includes(443) ? 443 : https[0]), permanent)],
    }),
  undo: ({ now: { waiting } }) => ({
    calls: waiting.map(({ listener, actions }) => elb.call('ModifyListener', { ListenerArn: listener, DefaultActions: actions as never })),
    restores: 'exact',
  }),
  summary: ({ id, now }) => `redirect HTTP requests at ${now.waiting[0]?.listener ?? id} to HTTPS`,
});
