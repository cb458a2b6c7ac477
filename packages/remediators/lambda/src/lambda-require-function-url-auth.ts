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
    'Who calls it without signing: webhooks, browsers and CloudFront without origin access control get 403. The metric UrlRequestCount counts calls, and names nobody.',
    'Functions that check a secret or a signature of their own: they are closed to their callers, too.',
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
  hazards: [sharedOnPurpose('whoever calls its URL without signing is answered with 403')],
  rollback: { restores: 'exact', what: 'The URL asks for no credentials again.', not: ['Calls that were refused meanwhile.'] },
  alsoFoundBy: { prowler: ['awslambda_function_url_public'] },
  inCode: { cloudFormation: 'AWS::Lambda::Url AuthType', terraform: 'aws_lambda_function_url authorization_type' },
  wanted: ({ now }) => (now.auth === null ? now : { auth: 'AWS_IAM' as const }),
  writes: [lambda.pick('UpdateFunctionUrlConfig')],
  write: ({ id, to: { auth } }) => lambda.call('UpdateFunctionUrlConfig', { FunctionName: id, AuthType: auth ?? 'AWS_IAM' }),
  compliant: ({ now: { auth } }) => (auth === null ? 'It has no URL of its own; URLs of aliases are not read.' : 'Its URL asks for credentials.'),
  summary: ({ id }) => `let the URL of ${id} ask for credentials of AWS`,
});
