/**
 * The journal of Redress: evidence, leases and budgets in one.
 *
 * @packageDocumentation
 */
export { type FolderJournalOptions, folderJournal } from './folder.js';
export { memoryJournal } from './memory.js';
