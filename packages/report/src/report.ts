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
  const numbers = new Map<string, number>();
  const rollbacks = new Map<string, Rollback[]>();
  for (const { execution } of index.lines(changesIn(period))) numbers.set(execution ?? '', numbers.size + 1);
  for (const entry of index.query({ ...EVERYTHING, kinds: ['execution'], outcomes: ['rolled-back'] })) keepRollback(rollbacks, entry);
  const numberOf = (execution: string) => numbers.get(execution) ?? 0;
  const sampled = new Set(model.sample.ids);
  yield render(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>Redress: ${period.from.slice(0, 10)} to ${period.to.slice(0, 10)}</title>${styleElement(STYLE)}</head><body>
${coverView(input, model)}${coverageView(input.coverage)}${gapsView(input, model)}${populationView(input, model, numberOf)}${timesView(model)}
<section id="changes"><h2>Every change</h2>`);
  yield* rows(input, numberOf, sampled);
  for (const entry of index.query(changesIn(period))) {
    const execution = entry.execution ?? '';
    yield render(changeView(entry, numberOf(execution), input, rollbacks.get(execution) ?? []));
  }
  yield render(html`</section></main>${footer()}</body></html>
`);
}

/** The table of changes; a long one in several, so that no piece is large. */
function* rows(input: ReportInput, numberOf: (execution: string) => number, sampled: ReadonlySet<string>): Generator<string> {
  const WITHIN_ONE = 500;
  let some: ReturnType<typeof changeRow>[] = [];
  let first = 1;
  const table = () =>
    render(tableView(`Changes ${first} to ${first + some.length - 1}, in order of time`, CHANGE_COLUMNS, some, 'Nothing was changed in the period.'));
  for (const entry of input.index.query(changesIn(input.period))) {
    const execution = entry.execution ?? '';
    some.push(changeRow(entry, numberOf(execution), input, sampled.has(execution)));
    if (some.length < WITHIN_ONE) continue;
    yield table();
    first += some.length;
    some = [];
  }
  if (some.length > 0 || first === 1) yield table();
}

function keepRollback(rollbacks: Map<string, Rollback[]>, { rollbackOf, execution, time, by, reason }: HistoryEntry): void {
  if (rollbackOf === null) return;
  rollbacks.set(rollbackOf, [...(rollbacks.get(rollbackOf) ?? []), { execution, time, by: text(objectOf(by)?.['name']) ?? text(by), reason }]);
}

function footer(): Html {
  return html`<footer><p>This page is a view of the records next to it. Check them without it: <code>sha256sum -c SHA256SUMS</code>, and <code>redress-verify</code> on the ledger and on each proof.</p></footer>`;
}
