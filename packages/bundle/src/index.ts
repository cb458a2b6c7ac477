/**
 * Bundles a Redress Lambda function: small, reproducible, with its software bill of materials.
 *
 * @packageDocumentation
 */
export {};
