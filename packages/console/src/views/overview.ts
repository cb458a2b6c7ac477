// The first page: what is wrong, what waits, what is open, what happened.
import { type ApprovalDocument, countOf } from '@redress/core';
import { type Around, type Fragment, type GapsModel, type HistoryEntry, type Html, html, nameView, stateView, tableView, timeView } from '@redress/report';
import type { HealthFact } from '../ports.js';
import { waitingTable } from './approvals.js';
import { entriesTable } from './fixes.js';
import { linkTo } from './page.js';

/** What the first page shows. */
export interface OverviewModel {
  readonly facts: readonly HealthFact[];
  readonly approvals: readonly ApprovalDocument[];
  readonly gaps: GapsModel;
  readonly newest: readonly HistoryEntry[];
  readonly around: Around;
}

const SHOWN = 5;

/** The first page. */
export function overviewView({ facts, approvals, gaps, newest, around }: OverviewModel): Html {
  const bad = facts.filter(({ state }) => state === 'bad');
  const past = gaps.gaps.filter(({ pastPolicy }) => pastPolicy).length;
  const waiting = approvals.filter(({ verdict }) => verdict === 'none');
  const tile = (count: number, what: Fragment, kind: 'bad' | 'mind' | 'good') => html`<li class="${kind}"><b>${kind === 'bad' && '✗ '}${count}</b>${what}</li>`;
  return html`<div id="overview" data-live>
<ul class="tiles">
${tile(bad.length, linkTo('/health', bad.length === 1 ? 'problem' : 'problems'), bad.length > 0 ? 'bad' : 'good')}
${tile(past, linkTo('/gaps', 'past the policy’s deadline'), past > 0 ? 'bad' : 'good')}
${tile(waiting.length, linkTo('/approvals', waiting.length === 1 ? 'plan waits' : 'plans wait'), waiting.length > 0 ? 'mind' : 'good')}
${tile(gaps.gaps.length, linkTo('/gaps', gaps.gaps.length === 1 ? 'open gap' : 'open gaps'), gaps.gaps.length > 0 ? 'mind' : 'good')}
${tile(gaps.accepted.length, 'accepted under a live exception', 'good')}
</ul>
${bad.length > 0 && html`<div class="notice bad"><h2>${countOf(bad.length, 'problem')}</h2><ul>${bad.map((each) => html`<li>${factText(each)}</li>`)}</ul></div>`}
<section><h2>Waiting for an approver</h2>${waitingTable(waiting.slice(0, SHOWN))}${waiting.length > SHOWN && html`<p>${linkTo('/approvals', `All ${waiting.length}`)}</p>`}</section>
<section><h2>Latest entries</h2>${entriesTable('Newest first', newest, around, 'Nothing is recorded yet.')}<p>${linkTo('/fixes?show=everything', 'Everything that is recorded')}</p></section>
</div>`;
}

function factText({ name, text, next }: HealthFact): Fragment {
  return html`<strong>${name}</strong>: ${text}${next !== null && html` ${wordsOf(next)}`}`;
}

/** What to do, with its commands as such. */
const wordsOf = (next: string): Fragment => html`${next.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))}`;

const WORD = { good: 'yes', mind: 'mind', bad: 'none' } as const;
const LABEL = { good: 'good', mind: 'note', bad: 'wrong' } as const;

/** How Redress itself is. */
export function healthView(
  facts: readonly HealthFact[],
  inputs: readonly { readonly what: string; readonly name: string; readonly digest: string }[],
  readAt: number,
): Html {
  return html`<div id="health" data-live>${tableView(
    html`State of Redress itself, records as of ${timeView(readAt)}`,
    ['what', 'state', { name: 'details', wide: true }, { name: 'next', wide: true }],
    facts.map(({ name, state, text, next }) => [name, stateView(WORD[state], LABEL[state]), text, next === null ? '-' : wordsOf(next)]),
    'Nothing is known.',
  )}${tableView(
    'What these pages are made from, in addition to records. It was read when the console started',
    ['input', 'name', 'digest'],
    inputs.map(({ what, name, digest }) => [what, name, nameView(digest)]),
    'They are made from the records alone.',
  )}</div>`;
}
