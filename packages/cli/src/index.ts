/**
 * The `redress` command, as a function.
 *
 * @packageDocumentation
 */
export { builtinRemediators } from './builtin.js';
export type { ConfigFile } from './compose.js';
export { CliError, type CliErrorCode, type ErrorDocument } from './errors.js';
export { type Io, processIo } from './io.js';
export { type RunOverrides, run } from './run.js';
