/**
 * What Redress needs in AWS accounts, as data: CloudFormation templates.
 *
 * @packageDocumentation
 */
export * from './templates/index.js';
