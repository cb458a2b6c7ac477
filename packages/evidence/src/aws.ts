/**
 * The journal on AWS: DynamoDB and S3.
 *
 * @packageDocumentation
 */
export { type BucketAnchorOptions, bucketAnchor } from './aws/anchor.js';
export { type ExportOptions, type ExportReport, exportJournal } from './aws/export.js';
export { type AwsJournalOptions, awsJournal } from './aws/journal.js';
export type { KmsSignerOptions } from './aws/kms.js';
export type { SealAwsOptions, SealedAws } from './aws/ledger.js';
export { type JournalResources, journalPermissions, type PolicyStatement } from './aws/permissions.js';
export type { Restored, RestoredOptions } from './aws/restored.js';
export { acceptRestored, breakAws, copyCheckpoint, kmsSigner, rotateAws, sealAws, witnessOf } from './aws/seal.js';
export type { Sender, StoreOptions } from './aws/store.js';
export { JOURNAL_TABLE } from './aws/table.js';
export type { LostDocument, NotWrittenBack, WrittenBack } from './aws/written-back.js';
export type { Witness } from './ledger/witness.js';
