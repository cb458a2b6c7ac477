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
export { type EventPattern, eventPatterns } from './patterns.js';
export { SECURITY_HUB_AUTHOR } from './sources/securityhub.js';
export { type Envelope, isEnvelope, unwrap } from './unwrap.js';
