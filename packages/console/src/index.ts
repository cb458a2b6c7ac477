/**
 * The pages of Redress live, on this machine: what is open, what was fixed, and what waits for an approver.
 *
 * @packageDocumentation
 */

export type { Answered, AnsweredPass, ApprovalDesk, Approver, HealthFact, Knowledge, RecordSource } from './ports.js';
export { type ConsoleOptions, type RunningConsole, startConsole } from './server.js';
export { folderSource, type JournalSourceOptions, journalSource } from './sources.js';
