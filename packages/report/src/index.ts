/**
 * Queries over the records of Redress, and the report that auditors read.
 *
 * @packageDocumentation
 */

export { businessDaysBetween, businessDeadline, type Calendar, DEFAULT_CALENDAR, parseCalendar, type Weekday } from './business-days.js';
export { csvOf } from './csv.js';
export { causeOf, type HistoryCall, type HistoryEntry, type HistoryNotice, noticeOf, objectOf, text } from './entries.js';
export { type DayCount, EntryIndex, type EntryLine, indexOf } from './entry-index.js';
export { ENDS, EVERYTHING, type Filter, type FilterInput, type Known, momentIn, parseFilter } from './filter.js';
export { type Fragment, type Html, html, render, scriptElement, styleElement } from './html.js';
export {
  type CoverageInput,
  changesIn,
  type ExceptionInput,
  type ExceptionRow,
  type GapsInput,
  gapsOf,
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
export { type Around, approverOf, RECORDS_ALONE, ROW_COLUMNS, type Row, rowOf, ticketsOf } from './rows.js';
export { rankOf, SAMPLE_ALGORITHM, sampleOf } from './sample.js';
export { csvSiblings, type Sibling } from './siblings.js';
export { changeView, diffView, type Rollback } from './views/change.js';
export { MEANS, verdictOf } from './views/cover.js';
export { type GapsAround, type GapsModel, gapsView } from './views/gaps.js';
export { type Column, factsView, nameView, stateView, tableView, timeView } from './views/parts.js';
export { STYLE } from './views/style.js';
