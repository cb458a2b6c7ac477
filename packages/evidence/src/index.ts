/**
 * The journal of Redress: evidence, leases and budgets in one.
 *
 * @packageDocumentation
 */
export { type FolderJournalOptions, folderJournal } from './folder.js';
export { type Anchor, anchorTo, folderAnchor, type NotKept } from './ledger/anchor.js';
export type { DocumentText } from './ledger/archive.js';
export type { Break, Naming, Rotation, Seal } from './ledger/entry.js';
export { breakFolder, rotateFolder, type SealFolderOptions, sealFolder } from './ledger/folder.js';
export { generateKey, type KeptSigner, type NoteSigner, signerOf } from './ledger/note.js';
export type { Broken, Cosigned, LostKey, NextKey, NotCosigned, Rotated, SealReport, Skipped } from './ledger/sealer.js';
export type { End, JournalSource, LedgerStore, Mark, Positions, Published } from './ledger/store.js';
export { type Witness, witnessOf } from './ledger/witness.js';
export { memoryJournal } from './memory.js';
export { approvalsIn, recordsIn, streamSizes } from './records.js';
