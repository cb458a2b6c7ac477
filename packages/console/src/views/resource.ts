// One resource's story: everything that is recorded of it, newest first.
import { countOf } from '@redress/core';
import { type Around, approverOf, causeOf, type HistoryEntry, type Html, html, nameView, noticeOf, objectOf, stateView, timeView } from '@redress/report';
import { linkTo } from './page.js';

/** More than a person reads at once; the command line shows all. */
const MOST = 200;

/** The story. */
export function resourceView(entries: readonly HistoryEntry[], around: Around): Html {
  const [first] = entries;
  if (first === undefined) return html`<p>Nothing is recorded about it.</p>`;
  const { resource } = first;
  const newest = [...entries].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
  const left = newest.length - MOST;
  return html`<div id="story" data-live><p class="lead">${nameView(resource.id)}</p><p>${resource.type}, account ${resource.account}, ${resource.region}${around.environmentOf(resource.account) !== null && html`, in ${around.environmentOf(resource.account)}`}. ${countOf(entries.length, 'entry', 'entries')}, newest first.</p>
<ol class="story">${newest.slice(0, MOST).map((entry) => html`<li>${entryView(entry, around)}</li>`)}</ol>
${left > 0 && html`<p>${countOf(left, 'older entry is', 'older entries are')} not shown: <code>redress history</code> with this resource shows all.</p>`}</div>`;
}

function entryView(entry: HistoryEntry, around: Around): Html {
  const cause = causeOf(entry);
  const approver = approverOf(entry, around);
  const held = entry.reasons.map(objectOf).filter((each) => each !== null);
  const notified = entry.notices.length > 0 || entry.notice !== null;
  return html`<h2>${timeView(entry.time)} ${stateView(entry.outcome ?? 'open')}</h2>
<p>${entry.kind}, ${entry.remediator}${entry.drill && ', a drill'}${entry.execution !== null && html`: ${entry.kind === 'execution' ? linkTo(`/fixes/${entry.execution}`, nameView(entry.execution)) : nameView(entry.execution)}`}</p>
${entry.message !== null && entry.message !== '' && html`<p>${entry.message}</p>`}
${cause !== '' && html`<p>Cause: ${cause}</p>`}
${entry.changes.length > 0 && !isSaid(entry) && html`<ul>${entry.changes.map((each) => html`<li>${each}</li>`)}</ul>`}
${held.length > 0 && html`<ul>${held.map((each) => html`<li><strong>${String(each['effect'])}</strong> · ${String(each['message'])} <span class="soft">(${String(each['code'])})</span></li>`)}</ul>`}
${approver !== null && html`<p>Approver: ${nameView(approver.name)}</p>`}
${entry.open.length > 0 && html`<p>Still open:</p><ul>${entry.open.map((each) => html`<li>${each}</li>`)}</ul>`}
${notified && html`<p class="soft">${noticeOf(entry)}</p>`}
${entry.seenUntil !== null && html`<p class="soft">Sweeps confirmed it until ${timeView(entry.seenUntil)}.</p>`}`;
}

/** Whether its message is its one change, which is not said twice. */
const isSaid = ({ message, changes }: HistoryEntry) => changes.length === 1 && changes[0] === message;
