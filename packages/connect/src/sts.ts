// Loaded at the first call, with named imports: importing the client itself at run time would put every command of it into a bundle.
export { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
