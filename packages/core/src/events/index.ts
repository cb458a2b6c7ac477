export { type NormalizeOptions, normalize } from './normalize.js';
export { type Arn, canonicalType, claimOf, claimOfId, fromArn, type NamedByArn, parseArn, type RawResource } from './resource-ids.js';
export { type Envelope, isEnvelope, MAX_BYTES, type UnwrapOptions, unwrap } from './unwrap.js';
