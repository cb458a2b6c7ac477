export { normalize } from './normalize.js';
export { type Envelope, isEnvelope, unwrap } from './unwrap.js';
