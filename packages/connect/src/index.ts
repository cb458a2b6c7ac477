/**
 * Connections to AWS accounts for Redress: credentials, roles, and who they are.
 *
 * @packageDocumentation
 */
export { type AccountRegions, accountRegions } from './account-regions.js';
export { readConfigRules } from './config-rules.js';
export { type ConnectAwsOptions, connectAws } from './connect-aws.js';
export type { AwsCredentials } from './credentials.js';
export { type MemberRolesOptions, memberRoles } from './member-roles.js';
export { messageVisibility, type ReceivedMessage } from './message-visibility.js';
export { onlyDeclared } from './only-declared.js';
export { type OrganizationOptions, organization } from './organization.js';
export { type ParameterStopOptions, parameterKey, parameterStop } from './parameter-stop.js';
export { type ParameterTags, parameterTags } from './parameter-tags.js';
export { type QueuedMessage, queueMessages } from './queue-messages.js';
export { sessionNameOf } from './session-name.js';
