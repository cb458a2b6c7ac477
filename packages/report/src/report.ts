// The report as one page of HTML.
import { createHash } from 'node:crypto';
import { type HistoryEntry, objectOf, text } from './entries.js';
import { EVERYTHING } from './filter.js';
import { type Html, html, render, styleElement } from './html.js';
import { changesIn, modelOf, type ReportInput, type ReportModel } from './model.js';
import { changeView, type Rollback } from './views/change.js';
import { coverView } from './views/cover.js';
import { coverageView } from './views/coverage.js';
import { gapsView } from './views/gaps.js';
import { tableView } from './views/parts.js';
import { CHANGE_COLUMNS, changeRow, populationView, timesView } from './views/population.js';
import { STYLE } from './views/style.js';

/** Nothing but the style may be used: what got in as markup in spite of everything could neither run nor fetch. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/**
 * The report, piece by piece: what it says of all changes, and then a page for each. The same input gives the same bytes.
 *
 * @example for (const piece of reportHtml(input)) file.write(piece);
 */
export function* reportHtml(input: ReportInput, model: ReportModel = modelOf(input)): Generator<string> {
  const { index, period } = input;
  const numbers = new Map(model.rows.map(({ execution }, at) => [execution, at + 1]));
  const rollbacks = new Map<string, Rollback[]>();
  for (const entry of index.query({ ...EVERYTHING, kinds: ['execution'], outcomes: ['rolled-back'] })) keepRollback(rollbacks, entry);
  const numberOf = (execution: string) => numbers.get(execution) ?? 0;
  const sampled = new Set(model.sample.ids);
  yield render(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>Redress: ${period.from.slice(0, 10)} to ${period.to.slice(0, 10)}</title>${styleElement(STYLE)}</head><body>
${coverView(input, model)}${coverageView(input.coverage)}${gapsView(input, model)}${populationView(input, model, numberOf)}${timesView(model)}
<section id="changes"><h2>Every change</h2>`);
  yield* rows(model, sampled);
  for (const entry of index.query(changesIn(period))) {
    const execution = entry.execution ?? '';
    yield render(changeView(entry, numberOf(execution), input, rollbacks.get(execution) ?? []));
  }
  yield render(html`</section></main>${footer()}</body></html>
`);
}

/** The table of changes; a long one in several, so that no piece is large. */
function* rows({ rows: all }: ReportModel, sampled: ReadonlySet<string>): Generator<string> {
  const WITHIN_ONE = 500;
  for (let from = 0; from === 0 || from < all.length; from += WITHIN_ONE) {
    const some = all.slice(from, from + WITHIN_ONE).map((row, at) => changeRow(row, from + at + 1, sampled.has(row.execution)));
    const caption = `Changes ${from + 1} to ${from + some.length}, in chronological order`;
    yield render(tableView(caption, CHANGE_COLUMNS, some, 'Nothing was changed in the period.'));
  }
}

function keepRollback(rollbacks: Map<string, Rollback[]>, { rollbackOf, execution, time, by, reason }: HistoryEntry): void {
  if (rollbackOf === null) return;
  rollbacks.set(rollbackOf, [...(rollbacks.get(rollbackOf) ?? []), { execution, time, by: text(objectOf(by)?.['name']) ?? text(by), reason }]);
}

function footer(): Html {
  return html`<footer><p>This page is a view of the records next to it. To verify them independently, run <code>sha256sum -c SHA256SUMS</code>, and <code>redress-verify</code> on the ledger and on each proof.</p></footer>`;
}
