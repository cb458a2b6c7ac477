// Files next to the page, for spreadsheets.
import { countOf } from '@redress/core';
import { csvOf } from './csv.js';
import type { OpenGap, ReportInput, ReportModel } from './model.js';
import { ROW_COLUMNS } from './rows.js';

/** A file next to the page. */
export interface Sibling {
  readonly name: string;
  readonly what: string;
  readonly text: string;
}

type Cell = string | number | boolean | null | undefined;
const cells = (row: readonly Cell[]): string[] => row.map((each) => (each === null || each === undefined ? '' : String(each)));
const moment = (time: number | null) => (time === null ? '' : new Date(time).toISOString());

/** Tables of the report for a spreadsheet. */
export function csvSiblings(input: ReportInput, model: ReportModel): readonly Sibling[] {
  const { rows } = model;
  const changes = (some: typeof rows) =>
    csvOf(
      ROW_COLUMNS,
      some.map((row) => ROW_COLUMNS.map((column) => row[column])),
    );
  const sampled = new Map(model.sample.ids.map((id, at) => [id, at]));
  const sample = rows.filter(({ execution }) => sampled.has(execution)).sort((a, b) => (sampled.get(a.execution) ?? 0) - (sampled.get(b.execution) ?? 0));
  return [
    { name: 'changes.csv', what: `the population: ${countOf(rows.length, 'change')}`, text: changes(rows) },
    { name: 'sample.csv', what: `the sample: ${countOf(sample.length, 'change')}, lowest rank first`, text: changes(sample) },
    { name: 'gaps.csv', what: 'open and accepted gaps, with their clocks', text: gapsCsv(model) },
    { name: 'exceptions.csv', what: 'the exceptions register, as of the end of the period', text: exceptionsCsv(model) },
    { name: 'coverage.csv', what: 'each rule and control, and how it is covered', text: coverageCsv(input) },
    { name: 'times.csv', what: 'times to detect, decide and close, in milliseconds', text: timesCsv(model) },
    { name: 'weeks.csv', what: 'what happened in each week', text: weeksCsv(model) },
  ];
}

function gapsCsv({ gaps, accepted }: ReportModel): string {
  const row = (accepts: boolean) => (gap: OpenGap) =>
    cells([
      ...[accepts ? 'accepted' : 'open', gap.resource, gap.account, gap.environment, gap.remediator, gap.owner, gap.outcome, gap.message, gap.members],
      ...[moment(gap.since), gap.ageDays, gap.businessDays, moment(gap.policyDeadline), gap.pastPolicy, gap.paragraph36, gap.past36],
      ...[gap.exception?.id, gap.exception?.why],
    ]);
  const columns = [
    ...['status', 'resource', 'account', 'environment', 'remediator', 'owner', 'outcome', 'message', 'resources'],
    ...['since', 'ageDays', 'businessDays', 'policyDeadline', 'pastPolicyDeadline', 'tenthBusinessDay', 'pastTenthBusinessDay', 'exception', 'exceptionStatus'],
  ];
  return csvOf(columns, [...gaps.map(row(false)), ...accepted.map(row(true))]);
}

function exceptionsCsv({ exceptions, unregistered }: ReportModel): string {
  const columns = ['id', 'status', 'expires', 'owner', 'approver', 'ticket', 'compensatingControl', 'reason', 'scope', 'remediators', 'used', 'lastUsed'];
  return csvOf(columns, [
    ...exceptions.map((each) =>
      cells([
        ...[each.id, each.status, moment(each.expires), each.owner, each.approver, each.ticket, each.compensatingControl, each.reason, each.scope],
        ...[each.remediators?.join(' '), each.used, each.lastUsed],
      ]),
    ),
    ...unregistered.map(({ id, used }) => cells([id, 'not in the register', ...Array<null>(8).fill(null), used, null])),
  ]);
}

function coverageCsv({ coverage }: ReportInput): string {
  return csvOf(
    ['of', 'id', 'answer', 'because', 'paragraphs', 'remediators', 'modes', 'last', 'open'],
    coverage.flatMap(({ of, rows }) =>
      rows.map(({ id, answer, because, paragraphs, by }) =>
        cells([
          ...[of, id, answer, because, paragraphs.join(' '), by.map(({ remediator }) => remediator).join('; '), by.map(({ modes }) => modes).join('; ')],
          ...[by.map(({ last }) => last).join('; '), by.reduce((sum, { open }) => sum + open, 0)],
        ]),
      ),
    ),
  );
}

function timesCsv({ times }: ReportModel): string {
  const columns = ['remediator', 'environment', 'fixes', 'dated', 'detectP50', 'detectP90', 'decideP50', 'decideP90', 'closeP50', 'closeP90'];
  return csvOf(
    columns,
    times.map(({ remediator, environment, fixes, dated, detect, decide, close }) =>
      cells([remediator, environment, fixes, dated, detect.p50, detect.p90, decide.p50, decide.p90, close.p50, close.p90]),
    ),
  );
}

function weeksCsv({ weeks }: ReportModel): string {
  return csvOf(
    ['week', 'closed', 'rolledBack', 'fights', 'drills', 'breakers'],
    weeks.map(({ week, closed, rolledBack, fights, drills, breakers }) => cells([week, closed, rolledBack, fights, drills, breakers])),
  );
}
