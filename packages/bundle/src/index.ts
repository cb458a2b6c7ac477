/**
 * Makes the code of the Lambda functions.
 *
 * @packageDocumentation
 */
export { type Bundle, type BundleOptions, bundle } from './bundle.js';
export { type EntryOptions, entryText, type RemediatorList } from './entry.js';
export { type OperationProof, type ProofOptions, proveEqual } from './prove.js';
export { literalKeys } from './prune.js';
export type { BundledPackage } from './sbom.js';
