export { normalize } from './normalize.js';
export { type EventPattern, eventPatterns } from './patterns.js';
export { type Envelope, isEnvelope, unwrap } from './unwrap.js';
