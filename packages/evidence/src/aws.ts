/**
 * The journal on AWS: DynamoDB and S3.
 *
 * @packageDocumentation
 */
export { type AwsJournalOptions, awsJournal } from './aws/journal.js';
export type { Sender, StoreOptions } from './aws/store.js';
export { JOURNAL_TABLE } from './aws/table.js';
