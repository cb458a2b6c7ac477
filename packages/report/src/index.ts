/**
 * Queries over the records of Redress, and the report that auditors read.
 *
 * @packageDocumentation
 */

export { businessDaysBetween, businessDeadline, type Calendar, DEFAULT_CALENDAR, parseCalendar, type Weekday } from './business-days.js';
export { csvOf } from './csv.js';
export { causeOf, type HistoryCall, type HistoryEntry, type HistoryNotice, noticeOf } from './entries.js';
export { type DayCount, EntryIndex, type EntryLine, indexOf } from './entry-index.js';
export { ENDS, EVERYTHING, type Filter, type FilterInput, type Known, momentIn, parseFilter } from './filter.js';
export {
  type CoverageInput,
  changesIn,
  type ExceptionInput,
  type ExceptionRow,
  modelOf,
  type NamedInput,
  type OpenGap,
  type Period,
  type ReportInput,
  type ReportModel,
  type TimesRow,
  type Verification,
  type WeekRow,
} from './model.js';
export { reportHtml } from './report.js';
export { type Around, RECORDS_ALONE, ROW_COLUMNS, type Row, rowOf } from './rows.js';
export { rankOf, SAMPLE_ALGORITHM, sampleOf } from './sample.js';
export { csvSiblings, type Sibling } from './siblings.js';
export { verdictOf } from './views/cover.js';
