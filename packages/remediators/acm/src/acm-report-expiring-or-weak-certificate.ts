import { defineReport, given } from '@redress/core';
import * as z from '@redress/core/parameters';
import { certificate } from './certificate.js';
import { packageRef } from './package-ref.js';

const DAY = 24 * 3_600_000;

/**
 * Reports a certificate that ends soon, has ended, or has an RSA key of fewer than 2048 bits.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/acm-controls.html#acm-1
 */
export const reportExpiringOrWeakCertificate = defineReport({
  on: certificate,
  id: 'acm-report-expiring-or-weak-certificate',
  title: 'Report certificates near expiry or with short keys',
  package: packageRef,
  controls: { 'aws-fsbp': ['ACM.1', 'ACM.2'] },
  rules: { ACM_CERTIFICATE_EXPIRATION_CHECK: 'acm-certificate-expiration-check', ACM_CERTIFICATE_RSA_CHECK: 'acm-certificate-rsa-check' },
  calls: { 'acm:ImportCertificate': 'response.certificateArn', 'acm:RequestCertificate': 'response.certificateArn' },
  alsoFoundBy: { prowler: ['acm_certificates_expiration_check', 'acm_certificates_with_secure_key_algorithms'] },
  blindSpots: [
    'Whether the domain names of the certificate still resolve to the resources that use it.',
    'Whether the DNS validation records still exist: without them the certificate is not renewed.',
    'Copies of an imported certificate outside Certificate Manager.',
  ],
  parameters: z.strictObject({
    days: z._default(z.int().check(z.gte(1), z.lte(365)), 30).check(z.describe('A certificate that expires within this many days is reported.')),
  }),
  ruleParameters: { daysToExpiration: 'days' },
  at: (found) => ({
    status: found.Status,
    // One that was never issued has no end.
    ends: (found.Status === 'ISSUED' ? given(found, 'NotAfter') : found.NotAfter)?.toISOString(),
    type: found.Type,
    // Described as RSA-1024, and listed as RSA_1024.
    algorithm: found.KeyAlgorithm?.replace('-', '_'),
    renewed: found.RenewalEligibility === 'ELIGIBLE',
    used: (found.InUseBy ?? []).length > 0,
  }),
  absent: { ends: null },
  exempt: ({ now: { status } }) => (status === 'ISSUED' || status === 'EXPIRED' ? null : `It is not issued: ${status}.`),
  gap({ now: { status, ends, type, algorithm, renewed, used }, id, observedAt, parameters: { days } }) {
    const left = ends === null ? null : Math.ceil((Date.parse(ends) - observedAt) / DAY);
    const late = status === 'EXPIRED' || (left !== null && left <= days);
    const weak = algorithm === 'RSA_1024';
    if (!late && !weak) return null;
    const has =
      left === null || left <= 0 || status === 'EXPIRED' ? `has expired${ends === null ? '' : ` on ${ends.slice(0, 10)}`}` : `expires in ${left} days`;
    return {
      message: `Certificate ${id} ${[...(late ? [has] : []), ...(weak ? ['has an RSA key of 1024 bits'] : [])].join(', and ')}. It is ${used ? '' : 'not '}in use.`,
      steps: [
        ...(used ? [] : ['Nothing uses it: delete it when its owner agrees.']),
        ...(weak
          ? [
              'Request or import a certificate with a 2048-bit RSA key or an elliptic curve key. Replace this one with it wherever it is used, and check that clients can connect.',
            ]
          : type === 'IMPORTED'
            ? ['Get a new certificate from its issuer, and import it under the same ARN: the resources that use it pick it up.']
            : renewed
              ? ['Certificate Manager renews it. Check its domain validation: every name needs its validation record. Restore missing records.']
              : ['Certificate Manager does not renew it. Request another one with DNS validation, and replace this one with it wherever it is used.']),
      ],
    };
  },
  closed: 'the certificate is not near expiry and its key is long enough, or it is gone',
});
