// One of the two files of this package that import an SDK client. It is loaded at the first call.
export {
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  GetResourcePolicyCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  PutResourcePolicyCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
