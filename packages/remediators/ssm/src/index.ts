/**
 * Redress remediators that run SSM Automation runbooks.
 *
 * @packageDocumentation
 */
export {};
