import { defineService } from '@redress/core';

/** Certificate Manager as this package uses it: it only reads. */
export const acm = defineService({
  id: 'acm',
  load: () => import('./sdk.js'),
  client: 'ACMClient',
  operations: { DescribeCertificate: {}, ListCertificates: {}, ListTagsForCertificate: {} },
});
