// The only file of this package that imports an SDK client. It is loaded at the first call.
export { DescribeTaskDefinitionCommand, ECSClient, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
