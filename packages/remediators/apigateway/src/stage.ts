import { type CallReader, defineResource, given, isRecord, paginate } from '@redress/core';
import { apigateway } from './client.js';

/** A stage of a REST API, by what its ARN ends in: `restapis/a1b2c3d4e5/stages/prod`. */
export const stage = defineResource({
  type: 'AWS::ApiGateway::Stage',
  arn: 'arn:{partition}:apigateway:{region}::/{id}',
  find: { reads: [apigateway.pick('GetStage')], of: async ({ aws, id }) => aws.apigateway.GetStage(partsOf(id)) },
  created: ({ createdDate }) => createdDate,
  // A stage without tags is described without them.
  tags: { of: async ({ found }) => (await found()).tags ?? {} },
  list: {
    reads: [apigateway.pick('GetRestApis', 'GetStages')],
    async *of({ aws }) {
      for await (const { id } of paginate(aws.apigateway.GetRestApis, {}, 'items', { input: 'position', output: 'position' }))
        for (const { stageName } of id === undefined ? [] : given(await aws.apigateway.GetStages({ restApiId: id }), 'item'))
          if (stageName !== undefined) yield { id: `restapis/${id}/stages/${stageName}` };
    },
  },
});

/** As the API takes it. */
export function partsOf(id: string): { readonly restApiId: string; readonly stageName: string } {
  const [, restApiId = '', , stageName = ''] = id.split('/');
  return { restApiId, stageName };
}

/** Calls name API and stage, some of them in an input of their own. */
export const stageIn =
  (input?: string): CallReader =>
  ({ request }) => {
    const named = input === undefined ? request : request?.[input];
    const [api, name] = [request?.['restApiId'], isRecord(named) ? named['stageName'] : undefined];
    return typeof api === 'string' && typeof name === 'string' ? [{ id: `restapis/${api}/stages/${name}` }] : [];
  };
