/**
 * AWS CDK constructs that deploy Redress.
 *
 * @packageDocumentation
 */
export { RedressHub, type RedressHubProps } from './hub.js';
export {
  RedressMemberConfig,
  type RedressMemberConfigProps,
  RedressMemberEvents,
  type RedressMemberEventsProps,
  RedressMemberRole,
  type RedressMemberRoleProps,
} from './member.js';
export { RedressSealer, type RedressSealerProps } from './sealer.js';
