/**
 * The journal on AWS: DynamoDB and S3.
 *
 * @packageDocumentation
 */
export { JOURNAL_TABLE } from './aws/table.js';
