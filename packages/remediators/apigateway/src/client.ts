import { defineService } from '@redress/core';

const read = { iam: ['apigateway:GET'] };

/** API Gateway as this package uses it. Its rights are named by HTTP methods. */
export const apigateway = defineService({
  id: 'apigateway',
  load: () => import('./sdk.js'),
  client: 'APIGatewayClient',
  operations: {
    GetAccount: read,
    GetRestApis: read,
    GetStage: read,
    GetStages: read,
    // It replaces what it names: sent twice, it changes nothing more.
    UpdateStage: { iam: ['apigateway:PATCH'], retry: 'idempotent' },
  },
});
