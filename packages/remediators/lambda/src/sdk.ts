// One of the two files of this package that import an SDK client. It is loaded at the first call.
export { GetFunctionConfigurationCommand, LambdaClient, ListFunctionsCommand, ListTagsCommand } from '@aws-sdk/client-lambda';
