// Loaded at the first call, and by name: importing the client itself at run time would make a bundle hold every command of it.
export { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
