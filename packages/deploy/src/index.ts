/**
 * What Redress needs in AWS accounts, as data: CloudFormation templates.
 *
 * @packageDocumentation
 */
export * from './config/index.js';
export * from './iam/index.js';
export * from './templates/index.js';
