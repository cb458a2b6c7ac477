// Loaded at the first call, and by name: importing the client itself at run time would make a bundle hold every command of it.
export { ConfigServiceClient, DescribeConfigRulesCommand } from '@aws-sdk/client-config-service';
