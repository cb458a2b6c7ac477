// Imports the SDK client of Security Hub: apart from that of AWS Config, since one may be tracked without the other. It is loaded at the first call.
export { BatchGetSecurityControlsCommand, GetFindingsCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
