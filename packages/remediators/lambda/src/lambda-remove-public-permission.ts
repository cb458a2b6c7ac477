import { defineSetting, isGone, leftToAccount, nameOfStatement, opennessOf, type Statement, sharedOnPurpose, statementsOf } from '@redress/core';
import { lambda } from './client.js';
import { lambdaFunction, policyCalls } from './function.js';
import { packageRef } from './package-ref.js';
import { letsAnyBucketIn, OWN } from './policy.js';

/** What Lambda takes. */
const LARGEST = 20_480;
const isOpen = (statement: Statement) => opennessOf(statement, OWN) === 'everybody';

/**
 * Leaves calling a function, where its policy lets everybody do it, to the account. The statements stay, and so does all else of the policy: it is replaced
 * whole, and only while it is still the revision that was read.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-1
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_PutResourcePolicy.html
 */
export const removePublicPermission = defineSetting({
  on: lambdaFunction,
  id: 'lambda-remove-public-permission',
  title: 'Remove public invoke permission from a function policy',
  package: packageRef,
  controls: { 'aws-fsbp': ['Lambda.1'] },
  rules: { LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED: 'lambda-function-public-access-prohibited' },
  calls: policyCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Versions and aliases, which have their own policies.',
    'Callers that the policy does not name: the logs of the function show them, and are not read.',
    'Whether the account now blocks public policies: then Lambda rejects the old policy in a rollback.',
    'Automation that adds permissions: the next deployment opens it again.',
  ],
  read: {
    reads: [lambda.pick('GetResourcePolicy')],
    async of({ aws, arn }): Promise<{ readonly policy: string | null | undefined; readonly revision: string | null | undefined }> {
      try {
        const { Policy, RevisionId } = await aws.lambda.GetResourcePolicy({ ResourceArn: arn });
        return { policy: Policy, revision: RevisionId };
      } catch (error) {
        // A function without a policy is answered like one that is not there; whether it is, the function itself says.
        if (isGone(error)) return { policy: null, revision: null };
        throw error;
      }
    },
  },
  context: {
    reads: [lambda.pick('GetFunctionUrlConfig')],
    async of({ aws, id }) {
      try {
        return { url: (await aws.lambda.GetFunctionUrlConfig({ FunctionName: id })).AuthType ?? null };
      } catch (error) {
        if (isGone(error)) return { url: 'none' };
        throw error;
      }
    },
  },
  hazards: [
    {
      code: 'open-url',
      effect: 'approve',
      what: 'The function has a URL that requires no credentials: webhooks and browsers that call it would get 403.',
      advice: 'Ask its owner who calls it. Put CloudFront or an API with authorization in front of it, or record an exception.',
      when: ({ context, id }) =>
        context === undefined || context.url === 'none' || context.url === 'AWS_IAM'
          ? null
          : `The URL of ${id} requires no credentials, and would answer with 403.`,
    },
    sharedOnPurpose('callers that are not named would be denied'),
  ],
  rollback: { restores: 'exact', what: 'The earlier policy is restored.', not: [] },
  alsoFoundBy: { prowler: ['awslambda_function_not_publicly_accessible'] },
  inCode: { cloudFormation: 'AWS::Lambda::Permission Principal', terraform: 'aws_lambda_permission principal' },
  instead({ now: { policy }, id }) {
    if (policy === null) return null;
    const statements = statementsOf(policy);
    if (statements === null)
      return {
        status: 'manual',
        message: `The policy of ${id} could not be interpreted.`,
        steps: ['Find out whom it allows to call the function, and replace it.'],
      };
    if (statements.some((each) => isOpen(each)))
      return policy.length + 100 * statements.length <= LARGEST
        ? null
        : {
            status: 'manual',
            message: `The policy of ${id} lets everyone call the function, and has no room for a narrower statement.`,
            steps: ['Remove these statements by hand.'],
          };
    const unknown = statements.flatMap((each, at) => (opennessOf(each, OWN) === 'unknown' ? [nameOfStatement(each, at)] : []));
    return unknown.length === 0
      ? null
      : {
          status: 'manual',
          message: `${id} may be open to everyone, through statements that Redress cannot evaluate: ${unknown.join(', ')}.`,
          steps: ['Name the callers in these statements, or restrict them to a fixed account, organization or source.'],
        };
  },
  wanted({ now, resource }) {
    const statements = now.policy === null ? null : statementsOf(now.policy);
    if (now.policy === null || !statements?.some((each) => isOpen(each))) return now;
    const Statement = statements.map((each) => (isOpen(each) ? leftToAccount(each, resource) : each));
    return { ...now, policy: JSON.stringify({ ...(JSON.parse(now.policy) as object), Statement }) };
  },
  writes: [lambda.pick('PutResourcePolicy')],
  write: ({ arn, now: { revision }, to: { policy } }) =>
    lambda.call('PutResourcePolicy', { ResourceArn: arn, Policy: policy ?? '', ...(revision === null ? {} : { RevisionId: revision }) }),
  // By then it has another revision, by which a rollback sees whether somebody has changed it since.
  undo: ({ arn, now: { policy } }) => ({ calls: [lambda.call('PutResourcePolicy', { ResourceArn: arn, Policy: policy ?? '' })], restores: 'exact' }),
  equivalent: ({ before, after }) => before.policy === after.policy,
  compliant: ({ now: { policy } }) => (policy === null ? 'It has no policy.' : 'Its policy names everyone who may call it.'),
  summary: ({ id, now: { policy } }) => {
    const names = (statementsOf(policy ?? '') ?? []).flatMap((each, at) => (isOpen(each) ? [nameOfStatement(each, at)] : []));
    return `restrict calls of ${id} through the policy statement${names.length === 1 ? '' : 's'} ${names.join(', ')} to the account`;
  },
  // Security Hub counts these, too; AWS Config does not.
  judge: ({ state: { policy }, claim, resource }) =>
    claim.controls.includes('Lambda.1') && policy !== null
      ? (statementsOf(policy) ?? []).flatMap((each, at) =>
          letsAnyBucketIn(each)
            ? [`${resource.id} allows S3 for buckets of any account (${nameOfStatement(each, at)}): aws:SourceAccount is not required`]
            : [],
        )
      : [],
});
