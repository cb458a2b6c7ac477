import { type Assessment, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { enableExecutionLogging } from './index.js';

const REF = resource({ type: 'AWS::ApiGateway::Stage', id: 'restapis/a1b2c3d4e5/stages/prod', account: '111111111111', region: 'eu-west-1' });
type Methods = Readonly<Record<string, { readonly loggingLevel?: string; readonly dataTraceEnabled?: boolean; readonly metricsEnabled?: boolean }>>;

async function assess(
  methodSettings: Methods | undefined,
  { role = 'arn:role', level }: { readonly role?: string | undefined; readonly level?: string } = {},
): Promise<Assessment> {
  const aws = {
    apigateway: {
      GetStage: async () => ({ stageName: 'prod', createdDate: new Date(0), ...(methodSettings === undefined ? {} : { methodSettings }) }),
      GetAccount: async () => (role === 'none' ? {} : { cloudwatchRoleArn: role }),
    },
  };
  const parameters = enableExecutionLogging.parameters(level === undefined ? {} : { level });
  const seen = await enableExecutionLogging.observe({ aws, resource: REF, parameters, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return enableExecutionLogging.plan({ state: seen.state, context: seen.context, resource: REF, parameters, observedAt: 0 } as never);
}
const patches = (assessment: Assessment) => (assessment.status === 'change' ? assessment.changes[0]?.call.input['patchOperations'] : undefined);
const replace = (method: string, value: string) => ({ op: 'replace', path: `/${method}/logging/loglevel`, value });

describe('execution logging', () => {
  it('is turned on for all methods if nothing is set', async () => {
    expect(patches(await assess(undefined))).toEqual([replace('*/*', 'ERROR')]);
  });
  it('is turned on for a method that has it off, without a change of the level of others', async () => {
    const found = await assess({ '*/*': { loggingLevel: 'INFO' }, '~1pets/GET': { loggingLevel: 'OFF' }, '~1pets/PUT': { metricsEnabled: true } });
    expect(patches(found)).toEqual([replace('~1pets/GET', 'ERROR'), replace('~1pets/PUT', 'ERROR')]);
    expect(found).toMatchObject({
      changes: [{ undo: { restores: 'exact', calls: [{ input: { patchOperations: [replace('~1pets/GET', 'OFF'), replace('~1pets/PUT', 'OFF')] } }] } }],
    });
  });
  it('is turned on for a method however its resource is written', async () => {
    const found = await assess({ '*/*': { loggingLevel: 'INFO' }, '/pets/{id}/GET': { loggingLevel: 'OFF' }, '~1pets~1{id}/PUT': { loggingLevel: 'OFF' } });
    expect(patches(found)).toEqual([replace('~1pets~1{id}/GET', 'ERROR'), replace('~1pets~1{id}/PUT', 'ERROR')]);
  });
  it('of a stage is exempt by the tags of the stage', async () => {
    const aws = { apigateway: { GetStage: async () => ({ createdDate: new Date(0), tags: { 'redress:exception': 'x' } }), GetAccount: async () => ({}) } };
    expect(await enableExecutionLogging.observe({ aws, resource: REF, parameters: {}, purpose: 'confirmation' } as never)).toMatchObject({
      tags: { 'redress:exception': 'x' },
    });
  });
  it('never sets anything except the level', async () => {
    for (const each of patches(await assess({ '*/*': { loggingLevel: 'OFF', dataTraceEnabled: false } })) as { path: string }[])
      expect(each.path).toMatch(/\/logging\/loglevel$/);
  });
  it('needs a role in the account settings', async () => {
    expect(await assess({}, { role: 'none' })).toMatchObject({ status: 'manual' });
    expect(await assess({ '*/*': { loggingLevel: 'ERROR' } }, { role: 'none' })).toMatchObject({ status: 'compliant' });
  });
  it('needs an approval if bodies would be logged, and not if they are logged already', async () => {
    expect(await assess({ '*/*': { loggingLevel: 'OFF', dataTraceEnabled: true } })).toMatchObject({
      hazards: [{ code: 'bodies-would-be-logged', effect: 'approve' }],
    });
    expect(await assess({ '*/*': { loggingLevel: 'OFF' }, 'pets/GET': { loggingLevel: 'INFO', dataTraceEnabled: true } })).toMatchObject({ hazards: [] });
  });
  it('has the level of the rule, or is reported', async () => {
    const judge = (loggingLevel: string) =>
      enableExecutionLogging.judge?.({
        state: { created: '', levels: { '*/*': 'ERROR' } },
        claim: { controls: [], configRule: 'api-gw-execution-logging-enabled', isRule: () => true, parameters: { loggingLevel }, observedAt: 0 },
        resource: REF,
        parameters: {},
      } as never);
    expect(await judge('ERROR,INFO')).toEqual([]);
    expect(await judge('INFO')).toEqual(['restapis/a1b2c3d4e5/stages/prod logs */* at level ERROR, and INFO is required']);
  });
});

it.each([
  ['CreateStage', { restApiId: 'a1b2c3d4e5', createStageInput: { stageName: 'prod' } }],
  ['CreateDeployment', { restApiId: 'a1b2c3d4e5', createDeploymentInput: { stageName: 'prod' } }],
  ['UpdateStage', { restApiId: 'a1b2c3d4e5', stageName: 'prod' }],
])('%s names the stage', (operation, request) => {
  const read = enableExecutionLogging.apiCalls[`apigateway:${operation}`];
  expect(read?.({ account: '111111111111', region: 'eu-west-1', request, response: {} } as never)).toEqual([{ id: REF.id }]);
  expect(read?.({ account: '111111111111', region: 'eu-west-1', request: { restApiId: 'a1b2c3d4e5' }, response: {} } as never)).toEqual([]);
});
