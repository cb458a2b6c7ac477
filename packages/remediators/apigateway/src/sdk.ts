// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  APIGatewayClient,
  GetAccountCommand,
  GetRestApisCommand,
  GetStageCommand,
  GetStagesCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
