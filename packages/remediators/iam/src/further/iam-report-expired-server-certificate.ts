import { defineReport, defineResource, GLOBAL_REGION, given, paginate, tagsIn } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { MARKER, namedBy } from './principal.js';

async function* named(all: AsyncIterable<{ readonly ServerCertificateName?: string | undefined; readonly ServerCertificateId?: string | undefined }>) {
  for await (const { ServerCertificateName: name, ServerCertificateId: unique } of all) yield { name, unique };
}

/** A certificate that IAM holds, by its name. AWS Config names it by its unique id, and Security Hub by its ARN. */
const serverCertificate = defineResource({
  type: 'AWS::IAM::ServerCertificate',
  global: true,
  find: {
    reads: [iam.pick('GetServerCertificate')],
    of: async ({ aws, id }) => given(await aws.iam.GetServerCertificate({ ServerCertificateName: id }), 'ServerCertificate'),
  },
  created: ({ ServerCertificateMetadata: of }) => of?.ServerCertificateId,
  // IAM leaves the list out where there are none.
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  name: {
    reads: [iam.pick('ListServerCertificates')],
    of: ({ aws, id }) =>
      namedBy(
        id.slice(id.lastIndexOf('/') + 1),
        /^ASCA[A-Z0-9]{12,}$/,
        named(paginate(aws.iam.ListServerCertificates, {}, 'ServerCertificateMetadataList', MARKER)),
      ),
  },
  list: {
    reads: [iam.pick('ListServerCertificates')],
    async *of({ aws }) {
      for await (const { ServerCertificateName: id } of paginate(aws.iam.ListServerCertificates, {}, 'ServerCertificateMetadataList', MARKER))
        if (id !== undefined) yield { id, region: GLOBAL_REGION };
    },
  },
});

/**
 * Reports a certificate in IAM that has expired. It is not deleted: IAM gives its private key to nobody, so it could not be put back, and a listener may
 * still have it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-26
 */
export const reportExpiredServerCertificate = defineReport({
  on: serverCertificate,
  id: 'iam-report-expired-server-certificate',
  title: 'Report an expired certificate in IAM',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.26'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.19'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.19'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.18'],
  },
  rules: { IAM_SERVER_CERTIFICATE_EXPIRATION_CHECK: 'iam-server-certificate-expiration-check' },
  calls: { 'iam:UploadServerCertificate': 'request.serverCertificateName' },
  alsoFoundBy: { prowler: ['iam_no_expired_server_certificates_stored'] },
  blindSpots: ['Which load balancers and distributions use it.', 'Whether its owner keeps a copy of the private key.'],
  at: ({ ServerCertificateMetadata: of }) => ({ expires: of?.Expiration?.toISOString(), arn: of?.Arn }),
  gap: ({ now: { expires, arn }, id, observedAt }) =>
    Date.parse(expires) > observedAt
      ? null
      : {
          message: `Certificate ${id} in IAM expired on ${expires.slice(0, 10)}.`,
          steps: [
            `Make sure that no listener and no distribution uses it, in any region: aws elb describe-load-balancers, aws elbv2 describe-listeners and aws cloudfront list-distributions name ${arn}.`,
            'Replace it with an ACM certificate wherever it is used: ACM renews those.',
            `Then delete it: aws iam delete-server-certificate --server-certificate-name ${id}. Its private key cannot be read back.`,
          ],
        },
  closed: 'the certificate has not expired, or is gone',
});
