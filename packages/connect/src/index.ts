/**
 * Connections to AWS accounts for Redress: credentials, roles, and who they are.
 *
 * @packageDocumentation
 */
export { type AwsCredentials, type ConnectAwsOptions, connectAws } from './connect-aws.js';
export { type ParameterStopOptions, parameterStop } from './parameter-stop.js';
export { sessionNameOf } from './session-name.js';
