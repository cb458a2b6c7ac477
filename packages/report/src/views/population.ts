// The population, the sample, and the times.
import { countOf } from '@redress/core';
import { barChart, rangeChart } from '../charts.js';
import { type Html, html, link } from '../html.js';
import type { ReportInput, ReportModel, Shares } from '../model.js';
import type { Row } from '../rows.js';
import { SAMPLE_ALGORITHM } from '../sample.js';
import { durationText } from '../times.js';
import { factsView, nameView, stateView, tableView, timeView } from './parts.js';

/** The population by numbers, and how the sample is drawn. */
export function populationView({ verification }: ReportInput, model: ReportModel, numberOf: (execution: string) => number): Html {
  const { sample, counts, changes, populationDigest } = model;
  const size = verification.checkpoint?.size;
  return html`<section id="population"><h2>Population and sample</h2>
<p>The population is every change that was started within the period, whatever its outcome: ${countOf(changes, 'change')}. ${
    size === undefined
      ? 'The ledger is not sealed, so nothing proves this number.'
      : `It is taken from the sealed tree of ${countOf(size, 'entry', 'entries')}: anyone who has the tree gets the same count.`
  }</p>
${factsView([
  ['Tree size', size === undefined ? 'not sealed' : String(size)],
  ['Digest of the population', nameView(populationDigest)],
  ['Seed of the sample', html`${nameView(sample.seed)} <span class="soft">(${sample.seedFrom})</span>`],
  ['Sample', `${sample.ids.length} of ${changes}`],
  [
    'To draw it again',
    html`${SAMPLE_ALGORITHM} For each id of <span class="mono">changes.csv</span>: <code>printf '%s\\n%s' SEED ID | sha256sum</code>, and sort.`,
  ],
])}
<h3>The sample</h3><ol>${sample.ids.map((id) => html`<li>${link(`#change-${numberOf(id)}`, nameView(id))}</li>`)}</ol>
${tableView(
  'Everything that was recorded in the period, by kind and outcome',
  ['kind', 'outcome', { name: 'entries', number: true }],
  counts.map(({ kind, outcome, count }) => [kind, stateView(outcome), count]),
  'Nothing was recorded.',
)}
</section>`;
}

/** One line of the population. */
export function changeRow(row: Row, number: number, sampled: boolean): readonly (Html | string | number)[] {
  return [
    link(`#change-${number}`, `${number}`),
    html`${timeView(row.time)}`,
    stateView(row.outcome),
    row.environment || '-',
    html`${nameView(row.resource.slice(row.resource.indexOf('/') + 1))} <span class="soft">${row.account}</span>`,
    row.remediator,
    row.approver === '' ? '-' : nameView(row.approver),
    row.ticket.replaceAll(' ', ', ') || '-',
    sampled ? 'yes' : '',
  ];
}

/** Columns of {@link changeRow}. */
export const CHANGE_COLUMNS = [
  { name: 'no.', number: true },
  'begun',
  'end',
  'environment',
  'resource',
  'remediator',
  'approved by',
  'ticket',
  'in the sample',
];

const shares = ({ p50, p90 }: Shares) => (p50 === null || p90 === null ? 'not recorded' : `${durationText(p50)} / ${durationText(p90)}`);

/** How long fixes took, and what happened week by week. */
export function timesView({ times, weeks }: ReportModel): Html {
  const name = ({ remediator, environment }: ReportModel['times'][number]) => `${remediator}${environment === null ? '' : ` · ${environment}`}`;
  const chart = (part: 'detect' | 'decide' | 'close') => {
    const known = times.flatMap((row) => {
      const { p50, p90 } = row[part];
      return p50 === null || p90 === null ? [] : [{ name: name(row), p50, p90 }];
    });
    const title = `Time to ${part}, p50 and p90`;
    const description = `For each of ${countOf(known.length, 'class', 'classes')}; the numbers are in the table of times.`;
    return known.length > 0 && html`<h3>Time to ${part}</h3>${rangeChart({ id: `chart-${part}`, title, description }, known, durationText)}`;
  };
  const perWeek = (id: string, title: string, of: (week: ReportModel['weeks'][number]) => number) => {
    const all = weeks.reduce((sum, week) => sum + of(week), 0);
    return html`<h3>${title}</h3>${barChart(
      { id, title: `${title}, by week`, description: `${all} in ${countOf(weeks.length, 'week')}; the numbers are in the table of weeks.` },
      weeks.map((week) => ({ name: week.week, value: of(week) })),
    )}`;
  };
  return html`<section id="times"><h2>Times, and what happened in each week</h2>
<p>These are fixes that a second read confirmed, without drills. <em>detect</em>: from the time in the event to the first record. <em>decide</em>: from the first record to the start of the change, with any wait for an approval. <em>close</em>: from the time in the event to the second read. p50 and p90 are by nearest rank. If no event shows when a gap appeared, it does not count in <em>detect</em>, and <em>close</em> starts at the first record.</p>
${chart('detect')}${chart('decide')}${chart('close')}
${tableView(
  'Times: p50 / p90',
  ['class', 'environment', { name: 'fixes', number: true }, 'detect', 'decide', 'close'],
  times.map((row) => [
    row.remediator,
    row.environment ?? '-',
    row.fixes,
    html`${shares(row.detect)} <span class="soft">(${row.dated} of ${row.fixes})</span>`,
    shares(row.decide),
    shares(row.close),
  ]),
  'No fix was confirmed in the period.',
)}
${perWeek('chart-closed', 'Gaps closed', ({ closed: of }) => of)}
${perWeek('chart-fights', 'Fights: somebody keeps undoing a fix', ({ fights }) => fights)}
${perWeek('chart-drills', 'Drills', ({ drills }) => drills)}
${perWeek('chart-breakers', 'Circuit breakers that opened', ({ breakers }) => breakers)}
${tableView(
  'Weeks, by their Monday (UTC)',
  ['week', ...['closed', 'rolled back', 'fights', 'drills', 'circuit breakers'].map((each) => ({ name: each, number: true }))],
  weeks.map((week) => [week.week, week.closed, week.rolledBack, week.fights, week.drills, week.breakers]),
  'The period has no week.',
)}</section>`;
}
