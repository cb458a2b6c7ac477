import { defineReport, given } from '@redress/core';
import { insecureListeners } from '../insecure-listeners.js';
import { packageRef } from '../package-ref.js';
import { classicCalls, classicLoadBalancer } from './load-balancer.js';

const SECURE: readonly string[] = ['HTTPS', 'SSL'];

/**
 * Reports a Classic Load Balancer that listens without TLS, or with a certificate that is not of Certificate Manager.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-3
 */
export const reportInsecureListener = defineReport({
  on: classicLoadBalancer,
  id: 'elb-report-insecure-listener',
  title: 'Report listeners of Classic Load Balancers without TLS, or with a certificate from elsewhere',
  package: packageRef,
  controls: { 'aws-fsbp': ['ELB.2', 'ELB.3'] },
  rules: { ELB_TLS_HTTPS_LISTENERS_ONLY: 'elb-tls-https-listeners-only', ELB_ACM_CERTIFICATE_REQUIRED: 'elb-acm-certificate-required' },
  calls: {
    ...classicCalls,
    'elasticloadbalancing:CreateLoadBalancerListeners': 'request.loadBalancerName',
    'elasticloadbalancing:DeleteLoadBalancerListeners': 'request.loadBalancerName',
    'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate': 'request.loadBalancerName',
  },
  alsoFoundBy: { prowler: ['elb_ssl_listeners', 'elb_ssl_listeners_use_acm_certificate'] },
  blindSpots: ['Clients that still call without TLS: access logs show them.', 'TCP listeners that pass TLS through to the instances: they count as open.'],
  at: (found) => ({
    listeners: given(found, 'ListenerDescriptions').map(({ Listener }) => ({
      port: Listener?.LoadBalancerPort ?? null,
      protocol: Listener?.Protocol?.toUpperCase() ?? '?',
      certificate: Listener?.SSLCertificateId ?? null,
    })),
  }),
  gap: ({ now: { listeners }, id }) =>
    insecureListeners(id, listeners, SECURE, [
      'Make an HTTPS or SSL listener with a certificate of Certificate Manager next to the open one, and let its port into the security group.',
      'Move clients over, by access logs, then delete the open listener. A Classic Load Balancer cannot redirect: an application load balancer can.',
    ]),
  closed: 'each listener has TLS and a certificate of Certificate Manager, or the load balancer is gone',
});
