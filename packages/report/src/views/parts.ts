// Pieces that several views are made of.
import { type Fragment, type Html, html } from '../html.js';

/** A column of a table; numbers stand to the right, and a wide one has room for names. */
export interface Column {
  readonly name: string;
  readonly number?: boolean;
  readonly wide?: boolean;
}

/** A table with a caption. Its roles are written out, since a narrow screen shows rows as blocks. */
export function tableView(caption: Fragment, columns: readonly (string | Column)[], rows: readonly (readonly Fragment[])[], none: string): Html {
  if (rows.length === 0) return html`<p>${none}</p>`;
  const all = columns.map((each) => (typeof each === 'string' ? { name: each } : each) as Column);
  const classOf = ({ number, wide }: Column) => (number === true ? 'num' : wide === true ? 'wide' : '');
  return html`<table role="table"><caption>${caption}</caption><thead role="rowgroup"><tr role="row">${all.map((each) => html`<th role="columnheader" scope="col" class="${classOf(each)}">${each.name}</th>`)}</tr></thead><tbody role="rowgroup">
${rows.map(
  (
    cells,
  ) => html`<tr role="row">${all.map((each, at) => html`<td role="cell" class="${classOf(each)}" data-label="${each.name}"><span>${cells[at] ?? ''}</span></td>`)}</tr>
`,
)}</tbody></table>`;
}

/** What is known, name by name; what is nothing is left out. */
export function factsView(facts: readonly (readonly [string, Fragment])[]): Html {
  return html`<dl class="facts">${facts.map(([name, value]) => value !== null && value !== '' && html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

const GOOD = ['remediated', 'rolled-back', 'live', 'intact', 'yes', 'closes', 'no-op'];
const BAD = ['failed', 'unknown', 'partial', 'open', 'tampered', 'untrusted', 'unsealed', 'incomplete', 'none', 'past', 'ended', 'contested'];

/** A state by symbol, word and colour: any one of them is enough. */
export function stateView(word: string, label: string = word): Html {
  const kind = GOOD.includes(word) ? 'good' : BAD.includes(word) ? 'bad' : 'mind';
  return html`<span class="state ${kind}">${{ good: '✓', bad: '✗', mind: '◦' }[kind]} ${label}</span>`;
}

/** A name from an account, which keeps its direction to itself. */
export function nameView(name: string): Html {
  return html`<bdi class="mono">${name}</bdi>`;
}

/** A moment as records have it, without the milliseconds. */
export function timeView(time: string | number | null): Fragment {
  if (time === null || time === '') return null;
  const iso = typeof time === 'number' ? new Date(time).toISOString() : time;
  return html`<time datetime="${iso}"><span>${iso.slice(0, 10)}</span> <span>${iso.slice(11, 19)} UTC</span></time>`;
}
