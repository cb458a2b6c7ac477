/**
 * AWS CDK constructs that deploy Redress.
 *
 * @packageDocumentation
 */
export {};
