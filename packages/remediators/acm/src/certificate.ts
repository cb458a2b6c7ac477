import { defineResource, given, paginate, tagsIn } from '@redress/core';
import { acm } from './client.js';

/** Key algorithms of certificates. A listing that names none shows RSA keys of up to 2048 bits alone. */
const ALGORITHMS = ['RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1'] as const;

/** A certificate, by its ARN. */
export const certificate = defineResource({
  type: 'AWS::ACM::Certificate',
  find: {
    reads: [acm.pick('DescribeCertificate')],
    of: async ({ aws, id }) => given(await aws.acm.DescribeCertificate({ CertificateArn: id }), 'Certificate'),
  },
  tags: {
    reads: [acm.pick('ListTagsForCertificate')],
    // The list has one tag at least: it is left out where there is none.
    of: async ({ aws, id }) => tagsIn((await aws.acm.ListTagsForCertificate({ CertificateArn: id })).Tags ?? []),
  },
  list: {
    reads: [acm.pick('ListCertificates')],
    async *of({ aws }) {
      for await (const { CertificateArn: id } of paginate(aws.acm.ListCertificates, { Includes: { keyTypes: [...ALGORITHMS] } }, 'CertificateSummaryList'))
        if (id !== undefined) yield { id };
    },
  },
});
