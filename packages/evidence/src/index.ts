/**
 * The journal of Redress: evidence, leases and budgets in one.
 *
 * @packageDocumentation
 */
export { folderJournal, type FolderJournalOptions } from './folder.js';
export { memoryJournal } from './memory.js';
