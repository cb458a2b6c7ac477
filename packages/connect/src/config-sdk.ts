// Loaded at the first call, with named imports: importing the client itself at run time would put every command of it into a bundle.
export { ConfigServiceClient, DescribeConfigRulesCommand } from '@aws-sdk/client-config-service';
