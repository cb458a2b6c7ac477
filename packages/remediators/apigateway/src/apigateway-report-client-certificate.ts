import { defineReport } from '@redress/core';
import { packageRef } from './package-ref.js';
import { stage, stageIn } from './stage.js';

/**
 * Reports a REST stage that has no client certificate: its backends cannot see that requests are from API Gateway.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-2
 */
export const reportClientCertificate = defineReport({
  on: stage,
  id: 'apigateway-report-client-certificate',
  title: 'Report REST stages without a client certificate',
  package: packageRef,
  controls: { 'aws-fsbp': ['APIGateway.2'] },
  rules: { API_GW_SSL_ENABLED: 'api-gw-ssl-enabled' },
  calls: {
    'apigateway:CreateStage': stageIn('createStageInput'),
    'apigateway:CreateDeployment': stageIn('createDeploymentInput'),
    'apigateway:UpdateStage': stageIn(),
  },
  alsoFoundBy: { prowler: ['apigateway_restapi_client_certificate_enabled'] },
  blindSpots: [
    'Whether the stage has HTTP backends at all: Lambda functions and AWS services require no certificate.',
    'Whether its backends require the certificate, and trust it.',
  ],
  at: ({ clientCertificateId }) => ({ certificate: clientCertificateId }),
  // A stage without one is described without it.
  absent: { certificate: null },
  gap: ({ now: { certificate }, id }) =>
    certificate !== null
      ? null
      : {
          message: `${id} has no client certificate.`,
          steps: [
            'Ask its owner whether it has HTTP backends. If it has none, record an exception.',
            'Create a client certificate in API Gateway. Make the backends trust it, but do not require it yet.',
            'Set it on the stage (aws apigateway update-stage, clientCertificateId), and check in the logs of the backends that it arrives.',
            'Only then make the backends reject requests without it. Note when it expires: API Gateway does not renew it.',
          ],
        },
  // The rule can be set up to ask for certain certificates.
  judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
  closed: 'the stage has a client certificate, or is gone',
});
