/**
 * Checks the sealed evidence of Redress: files and a trust file, no network, nothing is written.
 *
 * @packageDocumentation
 */
export { reportText } from './command.js';
export type { Finding } from './findings.js';
export { parseTrust, type Trust, type TrustedKey, UsageError } from './note.js';
export type { Uncovered } from './streams.js';
export { exitCodeOf, type VerifyOptions, type VerifyReport, verifyLargeLedger, verifyLedger } from './verify.js';
