/**
 * Conformance packs of AWS Config and frameworks of controls, as data: identifiers, parameters and the source of each row. They contain no text of the
 * frameworks.
 *
 * @packageDocumentation
 */
export { FRAMEWORKS, type Framework, type FrameworkControl, type FrameworkId, frameworkOf, isFramework } from './framework.js';
export { type ConfigPack, isPack, PACKS, type PackId, type PackRule, PROCESS_CHECK, packOf, readPack } from './pack.js';
