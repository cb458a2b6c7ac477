import { allOf, defineReport, paginate } from '@redress/core';
import { elb } from './client.js';
import { insecureListeners } from './insecure-listeners.js';
import { loadBalancer, ownerOf } from './load-balancer.js';
import { packageRef } from './package-ref.js';

const SECURE: readonly string[] = ['HTTPS', 'TLS'];

/**
 * Reports an application or network load balancer that listens without TLS, or with a certificate that is not of Certificate Manager. A listener
 * that does nothing but redirect to HTTPS is no gap.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-18
 */
export const reportInsecureListenerV2 = defineReport({
  on: loadBalancer,
  id: 'elbv2-report-insecure-listener',
  title: 'Report listeners without TLS, or with a certificate from outside Certificate Manager',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.18'] },
  rules: {
    ELBV2_ACM_CERTIFICATE_REQUIRED: 'elbv2-acm-certificate-required',
    ELBV2_LISTENER_ENCRYPTION_IN_TRANSIT: 'elbv2-listener-encryption-in-transit',
  },
  calls: {
    'elasticloadbalancing:CreateListener': 'request.loadBalancerArn',
    'elasticloadbalancing:ModifyListener': ({ request }) => ownerOf(request?.['listenerArn']),
    'elasticloadbalancing:DeleteListener': ({ request }) => ownerOf(request?.['listenerArn']),
  },
  alsoFoundBy: { prowler: ['elbv2_ssl_listeners'] },
  blindSpots: [
    'Clients that still connect without TLS: access logs show them.',
    'TCP and UDP listeners of network load balancers that pass TLS or DTLS through to the targets: they count as unencrypted.',
    'Additional certificates of a listener, other than its default one.',
  ],
  read: {
    reads: [elb.pick('DescribeListeners')],
    async of({ aws, arn, found }) {
      const all = await allOf(
        paginate(aws.elasticloadbalancing.DescribeListeners, { LoadBalancerArn: arn }, 'Listeners', { input: 'Marker', output: 'NextMarker' }),
      );
      return {
        kind: (await found()).Type,
        listeners: all
          .map(({ Port, Protocol, Certificates = [], DefaultActions: [first] = [] }) => ({
            port: Port ?? null,
            protocol: Protocol ?? '?',
            certificate: Certificates[0]?.CertificateArn ?? null,
            redirects: first?.Type === 'redirect' && first.RedirectConfig?.Protocol === 'HTTPS',
          }))
          .sort((a, b) => (a.port ?? 0) - (b.port ?? 0) || a.protocol.localeCompare(b.protocol)),
      };
    },
  },
  exempt: ({ now: { kind } }) => (kind === 'gateway' ? 'Gateway load balancers forward packets unchanged.' : null),
  gap({ now: { listeners }, id }) {
    const counted = listeners.filter(({ protocol, redirects }) => SECURE.includes(protocol) || !redirects);
    return insecureListeners(id, counted, SECURE, [
      'Add an HTTPS or TLS listener with a Certificate Manager certificate next to the unencrypted one, and allow its port in the security group.',
      'Move the clients, using access logs to find them. Then make an unencrypted HTTP listener redirect to HTTPS, or delete it.',
    ]);
  },
  judge({ state: { kind, listeners }, claim, resource }) {
    // The rule counts a listener that only redirects as one without a certificate.
    const redirects = kind === 'gateway' ? [] : listeners.filter(({ protocol, redirects: only }) => only && !SECURE.includes(protocol));
    if (Object.keys(claim.parameters ?? {}).length > 0) return null;
    return redirects.map(({ protocol, port }) => `${resource.id} has a listener without a certificate (${protocol} ${port}), which only redirects to HTTPS`);
  },
  closed: 'each listener uses TLS and a Certificate Manager certificate, or redirects to HTTPS, or the load balancer is gone',
});
