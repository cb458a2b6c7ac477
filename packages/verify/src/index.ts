/**
 * Checks the sealed evidence of Redress: files and a trust file, no network, nothing is written.
 *
 * @packageDocumentation
 */

export type { Copy } from './anchors.js';
export { proofText, reportText } from './command.js';
export type { Finding } from './findings.js';
export type { Break, Rotation } from './keys.js';
export { parseTrust, type Trust, type TrustedKey, UsageError, type Witnessed } from './note.js';
export { type ProofReport, type ProvenRecord, verifyBundle, verifyProof } from './proof.js';
export { type MadeProof, makeBundle, proveExecutions, proveRecord, type Selection } from './prove.js';
export type { Uncovered } from './streams.js';
export { exitCodeOf, type VerifyOptions, type VerifyReport, verifyLargeLedger, verifyLedger, verifyLedgerAside } from './verify.js';
