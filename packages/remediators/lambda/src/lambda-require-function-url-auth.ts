import { defineSetting, given, isGone, sharedOnPurpose } from '@redress/core';
import { lambda } from './client.js';
import { lambdaFunction, urlCalls } from './function.js';
import { packageRef } from './package-ref.js';

/**
 * Lets the URL of a function ask for credentials of AWS. The URL stays, with its CORS settings and how it answers.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
export const requireFunctionUrlAuth = defineSetting({
  on: lambdaFunction,
  id: 'lambda-require-function-url-auth',
  title: 'Require IAM authorization on a function URL',
  package: packageRef,
  controls: {},
  rules: {},
  calls: urlCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Callers that do not sign requests: webhooks, browsers and CloudFront without origin access control get 403. The metric UrlRequestCount counts calls, but names no callers.',
    'Functions that check their own secret or signature: their callers are denied, too.',
    'URLs of aliases.',
  ],
  read: {
    reads: [lambda.pick('GetFunctionUrlConfig')],
    async of({ aws, id }) {
      try {
        return { auth: given(await aws.lambda.GetFunctionUrlConfig({ FunctionName: id }), 'AuthType') };
      } catch (error) {
        // A function without a URL is answered like one that is not there; whether it is, the function itself says.
        if (isGone(error)) return { auth: null };
        throw error;
      }
    },
  },
  hazards: [sharedOnPurpose('callers of its URL that do not sign requests would get 403')],
  rollback: { restores: 'exact', what: 'The URL requires no credentials again.', not: ['Calls that were denied in the meantime.'] },
  alsoFoundBy: { prowler: ['awslambda_function_url_public'] },
  inCode: { cloudFormation: 'AWS::Lambda::Url AuthType', terraform: 'aws_lambda_function_url authorization_type' },
  wanted: ({ now }) => (now.auth === null ? now : { auth: 'AWS_IAM' as const }),
  writes: [lambda.pick('UpdateFunctionUrlConfig')],
  write: ({ id, to: { auth } }) => lambda.call('UpdateFunctionUrlConfig', { FunctionName: id, AuthType: auth ?? 'AWS_IAM' }),
  compliant: ({ now: { auth } }) => (auth === null ? 'It has no function URL itself; URLs of aliases are not read.' : 'Its URL requires credentials.'),
  summary: ({ id }) => `require AWS credentials for the URL of ${id}`,
});
