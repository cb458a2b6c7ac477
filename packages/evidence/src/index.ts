/**
 * The journal of Redress: evidence, leases and budgets in one.
 *
 * @packageDocumentation
 */
export { type FolderJournalOptions, folderJournal } from './folder.js';
export type { Seal } from './ledger/entry.js';
export { type SealFolderOptions, sealFolder } from './ledger/folder.js';
export { generateKey, type NoteSigner, signerOf } from './ledger/note.js';
export type { SealFiles, SealReport, Skipped } from './ledger/sealer.js';
export { memoryJournal } from './memory.js';
