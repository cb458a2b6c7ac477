import { defineSetting, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { apigateway } from './client.js';
import { packageRef } from './package-ref.js';
import { partsOf, stage, stageIn } from './stage.js';

const ALL = '*/*';
const parameters = z.strictObject({
  level: z._default(z.literal(['ERROR', 'INFO']), 'ERROR').check(z.describe('What to log where nothing is logged: errors, or every request.')),
});
/** Where a method's level is set: slashes of its resource are written as ~1, those that the description may have as they are, too. */
const pathOf = (method: string) => {
  const end = method.lastIndexOf('/');
  return `/${method.slice(0, end).replaceAll('/', '~1')}${method.slice(end)}/logging/loglevel`;
};

const LOGGED: readonly string[] = ['ERROR', 'INFO'];
interface Method {
  readonly loggingLevel?: string | undefined;
}

/**
 * Turns on execution logging of a REST stage: for all methods, and for those that have it turned off for themselves. Nothing is deployed anew, and
 * bodies are not logged.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/apigateway-controls.html#apigateway-1
 */
export const enableExecutionLogging = defineSetting({
  on: stage,
  id: 'apigateway-enable-execution-logging',
  title: 'Turn on execution logging of a REST stage',
  package: packageRef,
  controls: { 'aws-fsbp': ['APIGateway.1'] },
  rules: { API_GW_EXECUTION_LOGGING_ENABLED: 'api-gw-execution-logging-enabled' },
  calls: {
    'apigateway:CreateStage': stageIn('createStageInput'),
    'apigateway:CreateDeployment': stageIn('createDeploymentInput'),
    'apigateway:UpdateStage': stageIn(),
  },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['What the logs cost, and how long their log group keeps them.', 'Whether the CloudWatch Logs role of the account is allowed to write logs.'],
  parameters,
  at: ({ methodSettings = {} }) => ({
    levels: Object.fromEntries(Object.entries<Method>({ [ALL]: {}, ...methodSettings }).map(([method, { loggingLevel = 'OFF' }]) => [method, loggingLevel])),
  }),
  context: {
    reads: [apigateway.pick('GetAccount')],
    of: async ({ aws, found }) => ({
      role: (await aws.apigateway.GetAccount({})).cloudwatchRoleArn ?? null,
      traced: Object.entries((await found()).methodSettings ?? {}).flatMap(([method, { dataTraceEnabled = false }]) => (dataTraceEnabled ? [method] : [])),
    }),
  },
  hazards: [
    shortLived('its logs cost money, and nobody reads them'),
    {
      code: 'bodies-would-be-logged',
      effect: 'approve',
      what: 'Data tracing is on for methods that are not logged: with logging on, the logs would contain full requests and responses, secrets included.',
      advice: 'Turn data tracing off first, or approve if the bodies contain no secrets.',
      when({ now, context, id }) {
        const methods = (context?.traced ?? []).filter((method) => !LOGGED.includes(now.levels[method] ?? 'OFF'));
        return methods.length === 0 ? null : `${id} traces data of ${methods.join(', ')}: with logging on, the logs would contain full requests`;
      },
    },
  ],
  rollback: { restores: 'exact', what: 'Logging is turned off again where it was off before.', not: ['Logs written in the meantime.'] },
  alsoFoundBy: { prowler: ['apigateway_restapi_logging_enabled'] },
  inCode: { cloudFormation: 'AWS::ApiGateway::Stage MethodSettings.LoggingLevel', terraform: 'aws_api_gateway_method_settings settings.logging_level' },
  instead({ now, context, id }) {
    if (context === undefined || context.role !== null || Object.values(now.levels).every((level) => LOGGED.includes(level))) return null;
    return {
      status: 'manual',
      message: `${id} is not logged, and the account has no role with which API Gateway may write logs.`,
      steps: [
        'Create a role that apigateway.amazonaws.com may assume, with the policy AmazonAPIGatewayPushToCloudWatchLogs.',
        "aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value='ARN of the role'",
      ],
    };
  },
  wanted: ({ now, parameters: { level } }) => ({
    levels: Object.fromEntries(Object.entries(now.levels).map(([method, is]) => [method, LOGGED.includes(is) ? is : level])),
  }),
  writes: [apigateway.pick('UpdateStage')],
  write: ({ id, now, to }) =>
    apigateway.call('UpdateStage', {
      ...partsOf(id),
      patchOperations: Object.entries(to.levels)
        .filter(([method, level]) => now.levels[method] !== level)
        .map(([method, value]) => ({ op: 'replace' as const, path: pathOf(method), value })),
    }),
  summary: ({ id, parameters: { level } }) => `turn on execution logging of ${id} at level ${level}`,
  judge({ state: { levels }, claim: { parameters: asked }, resource }) {
    const wanted = asked?.['loggingLevel']?.split(',').map((each) => each.trim());
    const others = wanted === undefined ? [] : Object.entries(levels).filter(([, level]) => LOGGED.includes(level) && !wanted.includes(level));
    return others.map(([method, level]) => `${resource.id} logs ${method} at level ${level}, and ${wanted?.join(' or ')} is required`);
  },
});
