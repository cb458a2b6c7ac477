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
  title: 'Report Classic Load Balancer listeners without TLS, or with a certificate from outside Certificate Manager',
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
  blindSpots: [
    'Clients that still connect without TLS: access logs show them.',
    'TCP listeners that pass TLS through to the instances: they count as unencrypted.',
  ],
  at: (found) => ({
    listeners: given(found, 'ListenerDescriptions').map(({ Listener }) => ({
      port: Listener?.LoadBalancerPort ?? null,
      protocol: Listener?.Protocol?.toUpperCase() ?? '?',
      certificate: Listener?.SSLCertificateId ?? null,
    })),
  }),
  gap: ({ now: { listeners }, id }) =>
    insecureListeners(id, listeners, SECURE, [
      'Add an HTTPS or SSL listener with a Certificate Manager certificate next to the unencrypted one, and allow its port in the security group.',
      'Move the clients, using access logs to find them. Then delete the unencrypted listener. A Classic Load Balancer cannot redirect; an application load balancer can.',
    ]),
  closed: 'each listener uses TLS and a Certificate Manager certificate, or the load balancer is gone',
});
