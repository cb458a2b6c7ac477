export {
  CANARY,
  CANARY_TAG,
  CANARY_WITHIN,
  type CanaryArrival,
  canaryArrival,
  canaryPattern,
  canaryResource,
  isCanaryTick,
} from './canary.js';
export { normalize } from './normalize.js';
export { type EventPattern, eventPatterns, GLOBAL_SERVICES } from './patterns.js';
export { SECURITY_HUB_AUTHOR } from './sources/securityhub.js';
export { type Envelope, EVENT_LISTS, isEnvelope, unwrap } from './unwrap.js';
