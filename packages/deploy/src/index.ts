/**
 * What Redress needs in AWS accounts, as data: IAM policies, CloudFormation templates, SSM documents, conformance packs.
 *
 * @packageDocumentation
 */
export * from './templates/index.js';
