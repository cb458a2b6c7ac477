// Which paragraphs, rules and controls are answered: what is not covered comes first.
import { countOf } from '@redress/core';
import { type Html, html } from '../html.js';
import type { CoverageInput } from '../model.js';
import { nameView, stateView, tableView } from './parts.js';

/** Answers from none to all. */
const ORDER = ['none', 'partly', 'tracked', 'attested', 'reports', 'asks', 'closes', 'retired'];
const rank = (answer: string) => (ORDER.includes(answer) ? ORDER.indexOf(answer) : 0);

/** The section of coverage. */
export function coverageView(coverage: readonly CoverageInput[]): Html {
  return html`<section id="coverage"><h2>Coverage</h2>
<p>Rules and controls that nothing covers come first. <em>closes</em>: closed automatically. <em>asks</em>: closed after an approval. <em>reports</em>: people are notified. <em>attested</em>: a person attests it. <em>tracked</em>: only its source reports whether it is open.</p>
${coverage.length === 0 && html`<p>No pack and no framework was requested.</p>`}${coverage.map(one)}</section>`;
}

function one({ of, title, rows }: CoverageInput): Html {
  const counts = ORDER.flatMap((answer) => {
    const count = rows.filter((each) => each.answer === answer).length;
    return count === 0 ? [] : [`${count} ${answer}`];
  });
  const sorted = [...rows].sort((a, b) => rank(a.answer) - rank(b.answer));
  return html`<h3>${title}</h3><p>${countOf(rows.length, 'row')}: ${counts.join(', ')}.</p>
${paragraphs(rows, title)}
${tableView(
  `${title} (${of})`,
  ['rule or control', 'answer', 'remediator and mode', 'last result', 'because'],
  sorted.map(({ id, answer, because, by, paragraphs: about }) => [
    html`${nameView(id)}${about.length > 0 && html` <span class="soft">§ ${about.join(', ')}</span>`}`,
    stateView(answer),
    by.map(({ remediator, modes }) => html`<div>${nameView(remediator)} <span class="soft">${modes}</span></div>`),
    by.map(({ last, open }) => html`<div>${last}${open > 0 && html`, <span class="state bad">✗ ${open} open</span>`}</div>`),
    because,
  ]),
  'It has no rows.',
)}`;
}

/** By paragraph of the guidance: of how many rules something answers. */
function paragraphs(rows: CoverageInput['rows'], title: string): Html | false {
  const found = new Map<string, { all: number; none: number; open: number }>();
  for (const { paragraphs: about, answer, by } of rows)
    for (const each of about) {
      const known = found.get(each) ?? { all: 0, none: 0, open: 0 };
      const open = by.reduce((sum, one) => sum + one.open, 0);
      found.set(each, { all: known.all + 1, none: known.none + (answer === 'none' ? 1 : 0), open: known.open + open });
    }
  if (found.size === 0) return false;
  const sorted = [...found].sort(([a, { none }], [b, { none: other }]) => Math.sign(other) - Math.sign(none) || a.localeCompare(b, 'en', { numeric: true }));
  return tableView(
    `${title}, by paragraph`,
    ['paragraph', { name: 'rules', number: true }, { name: 'not answered', number: true }, { name: 'gaps open', number: true }],
    sorted.map(([paragraph, { all, none, open }]) => [paragraph, all, none === 0 ? '0' : stateView('none', String(none)), open]),
    '',
  );
}
