// Fixes by filter, and one of them.
import { countOf } from '@redress/core';
import {
  type Around,
  approverOf,
  changeView,
  ENDS,
  type Fragment,
  type HistoryEntry,
  type Html,
  html,
  nameView,
  type Rollback,
  stateView,
  tableView,
  ticketsOf,
  timeView,
} from '@redress/report';
import type { FixesInput } from '../forms.js';
import { linkTo } from './page.js';

/** What one page shows. */
export const PER_PAGE = 100;

/** Where all that is recorded of a resource is. */
function resourceLink({ records, resource }: Pick<HistoryEntry, 'records' | 'resource'>): Html {
  const stream = records[0]?.stream.slice('sha256:'.length);
  return stream === undefined ? nameView(resource.id) : linkTo(`/resources/${stream}`, nameView(resource.id));
}

/** Entries as a table, newest first. */
export function entriesTable(caption: Fragment, entries: readonly HistoryEntry[], around: Around, none: string): Html {
  return tableView(
    caption,
    ['begun', 'end', 'environment', { name: 'resource', wide: true }, 'remediator', 'approved by', 'ticket', 'execution'],
    entries.map((entry) => [
      timeView(entry.time),
      stateView(entry.outcome ?? 'open'),
      around.environmentOf(entry.resource.account) ?? '-',
      html`${resourceLink(entry)} <span class="soft">${entry.resource.account}, ${entry.resource.region}</span>`,
      entry.remediator,
      nameOr(approverOf(entry, around)?.name),
      ticketsOf(entry, around).join(', ') || '-',
      entry.kind === 'execution' && entry.execution !== null ? linkTo(`/fixes/${entry.execution}`, nameView(entry.execution)) : entry.kind,
    ]),
    none,
  );
}

const nameOr = (name: string | undefined): Fragment => (name === undefined ? '-' : nameView(name));

/** What the page of fixes shows. */
export interface FixesModel {
  readonly input: FixesInput;
  readonly around: Around;
  /** What there is to choose from. */
  readonly environments: readonly string[];
  readonly remediators: readonly string[];
  /** Null: the filter is refused, and this is why. */
  readonly found: { readonly count: number; readonly entries: readonly HistoryEntry[] } | null;
  readonly problem: string | null;
}

/** The filter, and what it finds. */
export function fixesView({ input, around, environments, remediators, found, problem }: FixesModel): Html {
  const { given, show, page } = input;
  const field = (name: keyof typeof given, label: string, hint: string) =>
    html`<div><label for="${name}">${label} <span class="soft">${hint}</span></label><input id="${name}" name="${name}" value="${given[name] ?? ''}" maxlength="1100" autocomplete="off"></div>`;
  const choice = (name: keyof typeof given, label: string, values: readonly string[]) => {
    const own = given[name];
    const all = own === undefined || values.includes(own) ? values : [own, ...values];
    return html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}"><option value="">any</option>${all.map(
      (each) => html`<option value="${each}"${each === own && html` selected`}>${each}</option>`,
    )}</select></div>`;
  };
  return html`<form class="filter" method="get" action="/fixes">
${field('since', 'Since', '2026-07-01 or P7D')}${field('until', 'Until', 'includes the whole day')}${choice('environment', 'Environment', environments)}${field('account', 'Account', '12 digits')}
${choice('remediator', 'Remediator', remediators)}${choice('outcome', 'Outcome', ENDS)}${field('resource', 'Resource', 'id or TYPE/ID')}${field('actor', 'Caused by', 'part of a name')}
${field('approver', 'Approved by', 'part of a name')}${field('ticket', 'Ticket', 'exactly')}
<div><label for="show">Show</label><select id="show" name="show"><option value="fixes">changes</option><option value="everything"${show === 'everything' && html` selected`}>everything</option></select></div>
<div><button>Filter</button></div></form>
${problem !== null && html`<div class="notice bad" role="alert"><p>${problem}</p></div>`}
${found !== null && html`<div id="found" data-live>${resultsView(found, input, around, page)}</div>`}`;
}

function resultsView(found: NonNullable<FixesModel['found']>, input: FixesInput, around: Around, page: number): Html {
  const { count, entries } = found;
  const pages = Math.max(1, Math.ceil(count / PER_PAGE));
  const what = input.show === 'fixes' ? countOf(count, 'change matches', 'changes match') : countOf(count, 'entry matches', 'entries match');
  const first = (page - 1) * PER_PAGE + 1;
  const caption = entries.length === 0 ? '' : `${first} to ${first + entries.length - 1} of ${count}, newest first`;
  return html`<p><strong>${what}.</strong></p>${entriesTable(caption, entries, around, count === 0 ? 'Clear a field, or show everything: entries that changed nothing are not among the changes.' : 'There are fewer pages.')}
${pages > 1 && html`<p class="pages">${page > 1 && linkTo(pathOf(input, page - 1), 'Newer')}${page < pages && linkTo(pathOf(input, page + 1), 'Older')}</p>`}`;
}

function pathOf({ given, show }: FixesInput, page: number): string {
  const params = new URLSearchParams({ ...given, show, page: String(page) });
  return `/fixes?${params.toString()}`;
}

/** One fix, as the report shows it. */
export function fixView(entry: HistoryEntry, around: Around, rollbacks: readonly Rollback[]): Html {
  return html`<div id="fix" data-live><p>${resourceLink(entry)}: everything that is recorded about this resource.</p><h2>What was done, and on what basis</h2>${changeView(entry, null, { around, proofs: null }, rollbacks)}
<p class="soft">Its proof: <code>redress evidence proof ${(entry.records[0]?.stream ?? '').slice('sha256:'.length, 'sha256:'.length + 12)}/${entry.records.at(-1)?.seq ?? 0}</code></p></div>`;
}
