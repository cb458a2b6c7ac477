import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateRestApiCommand,
  CreateStageCommand,
  GetResourcesCommand,
  GetStageCommand,
  PutIntegrationCommand,
  PutMethodCommand,
  UpdateAccountCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll } from 'vitest';
import { startMinistack } from '../../../../tests/support/ministack.js';
import { enableExecutionLogging, reportClientCertificate } from '../src/index.js';

// moto does not say when a stage was made, which tells it from another of its name.
const ministack = await startMinistack();
afterAll(() => ministack.close());

const client = (sdk: Sdk) => new APIGatewayClient(sdk.config);
const refTo = (sdk: Sdk, id: string) => resource({ type: 'AWS::ApiGateway::Stage', id, account: sdk.account, region: sdk.region });
const partsOf = (id: string) => ({ restApiId: id.split('/')[1], stageName: id.split('/')[3] });
const patch = async (sdk: Sdk, id: string, settings: Readonly<Record<string, string>>) => {
  const patchOperations = Object.entries(settings).map(([path, value]) => ({ op: 'replace' as const, path, value }));
  await client(sdk).send(new UpdateStageCommand({ ...partsOf(id), patchOperations }));
};
const OFF = { '/*/*/logging/loglevel': 'OFF' };
interface Given {
  readonly settings?: Readonly<Record<string, string>>;
  readonly tags?: Record<string, string>;
  readonly role?: string;
  readonly certificate?: boolean;
}

const stage =
  ({ settings = {}, tags = {}, role = 'arn:aws:iam::123456789012:role/logs', certificate = false }: Given = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    await client(sdk).send(new UpdateAccountCommand({ patchOperations: [{ op: 'replace', path: '/cloudwatchRoleArn', value: role }] }));
    const { id: restApiId } = await client(sdk).send(new CreateRestApiCommand({ name: sdk.name('api') }));
    const { items: [root] = [] } = await client(sdk).send(new GetResourcesCommand({ restApiId }));
    const method = { restApiId, resourceId: root?.id, httpMethod: 'GET' };
    await client(sdk).send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
    await client(sdk).send(new PutIntegrationCommand({ ...method, type: 'HTTP', integrationHttpMethod: 'GET', uri: 'https://example.com' }));
    const { id: deploymentId } = await client(sdk).send(new CreateDeploymentCommand({ restApiId }));
    await client(sdk).send(new CreateStageCommand({ restApiId, deploymentId, stageName: 'prod', tags: { team: 'web', ...tags } }));
    const ref = refTo(sdk, `restapis/${restApiId}/stages/prod`);
    await patch(sdk, ref.id, settings);
    if (certificate) await patch(sdk, ref.id, { '/clientCertificateId': 'a1b2c3' });
    return ref;
  };
// It tags APIs, and no stages.
const common: Pick<Scenario, 'rest' | 'breakAgain'> = {
  rest: async (sdk, { id }) => {
    const { methodSettings = {}, $metadata: _, lastUpdatedDate: __, ...found } = await client(sdk).send(new GetStageCommand(partsOf(id)));
    // Settings of all methods come with their defaults when one of them is set.
    const others = Object.entries(methodSettings).filter(([method]) => method !== '*/*');
    return JSON.stringify([found, methodSettings['*/*']?.dataTraceEnabled ?? false, others.map(([method, { loggingLevel: ___, ...each }]) => [method, each])]);
  },
  breakAgain: (sdk, { id }) => patch(sdk, id, OFF),
};

describeRemediator(enableExecutionLogging, {
  account: { endpoint: ministack.endpoint, accountId: ministack.account },
  scenarios: [
    { ...common, name: 'a stage without settings', expect: 'change', arrange: stage() },
    {
      ...common,
      name: 'someone has just turned it off',
      expect: 'change',
      parameters: { level: 'INFO' },
      arrange: stage({ settings: { ...OFF, '/*/*/metrics/enabled': 'true' } }),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'apigateway', operation: 'UpdateStage', request: { ...partsOf(id) } as never }),
    },
    {
      ...common,
      name: 'one method is turned off for itself',
      expect: 'change',
      arrange: stage({ settings: { '/*/*/logging/loglevel': 'INFO', '/~1pets/GET/logging/loglevel': 'OFF', '/~1pets/GET/throttling/burstLimit': '7' } }),
    },
    {
      ...common,
      name: 'bodies would be logged',
      expect: 'change',
      hazards: ['bodies-would-be-logged'],
      arrange: stage({ settings: { ...OFF, '/*/*/logging/dataTrace': 'true' } }),
    },
    { ...common, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: stage({ tags: { purpose: 'preview' } }) },
    { ...common, name: 'a stage that logs errors', expect: 'compliant', arrange: stage({ settings: { '/*/*/logging/loglevel': 'ERROR' } }) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, `restapis/${sdk.name('a').replace('-', '')}/stages/prod`) },
  ],
});

describeRemediator(reportClientCertificate, {
  account: { endpoint: ministack.endpoint, accountId: ministack.account },
  scenarios: [
    { name: 'a stage without one', expect: 'manual', arrange: stage() },
    {
      name: 'someone has just taken it away',
      expect: 'manual',
      arrange: stage(),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'apigateway', operation: 'UpdateStage', request: { ...partsOf(id) } as never }),
    },
    { name: 'a stage with one', expect: 'compliant', arrange: stage({ certificate: true }) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, `restapis/${sdk.name('a').replace('-', '')}/stages/prod`) },
  ],
});
