// The cover: what could not be verified, what was, and from what the report was made.
import { countOf } from '@redress/core';
import { type Fragment, type Html, html, link } from '../html.js';
import type { ReportInput, ReportModel, Verification } from '../model.js';
import { factsView, nameView, stateView, tableView, timeView } from './parts.js';

/** What can be said of a ledger: without a seal its chains may hold, and nothing shows more. */
export function verdictOf({ status, checkpoint }: Pick<Verification, 'status' | 'checkpoint'>): Verification['status'] | 'unsealed' {
  return status === 'intact' && checkpoint === null ? 'unsealed' : status;
}

/** What that means, as a sentence. */
export const MEANS: Readonly<Record<ReturnType<typeof verdictOf>, string>> = {
  unsealed: 'The ledger is not sealed. The chains of its records are valid, but a missing record or a missing resource would go unnoticed.',
  intact: 'Every sealed record is unchanged since it was sealed, and a trusted key signed the seal.',
  tampered: 'Records were changed, inserted, removed or moved. This report is based on records that do not verify.',
  untrusted: 'No trusted key has signed these records. Nothing shows that they were not rewritten as a whole.',
  incomplete: 'Something cannot be read or is missing. What is missing is not in this report.',
};

/** What could not be verified, each as a sentence. Nothing but an intact ledger that is sealed as a whole leaves it empty of findings. */
function unverified({ verification, unread }: Pick<ReportInput, 'verification' | 'unread'>): readonly string[] {
  const { unsealed, expired, findings } = verification;
  const verdict = verdictOf(verification);
  return [
    ...(verdict === 'intact' ? [] : [MEANS[verdict]]),
    ...unread.map((each) => `Some records could not be read and are missing below: ${each}`),
    ...findings.map(({ severity, code, message, file, line }) => `${severity} (${code}): ${message} ${file}${line === null ? '' : `, line ${line}`}`),
    ...(unsealed === 0
      ? []
      : [
          `${countOf(unsealed, 'record is', 'records are')} not sealed yet: their chains are valid, but anyone who can write the evidence could have made them.`,
        ]),
    ...(expired === 0
      ? []
      : [`${countOf(expired, 'document has', 'documents have')} expired: their retention ended, so the states before and after these changes are not shown.`]),
  ];
}

/** The head of the page and the first section. */
export function coverView(input: ReportInput, model: ReportModel): Html {
  const { verification, period, inputs, files } = input;
  const problems = unverified(input);
  const verdict = verdictOf(verification);
  const holds = problems.length === 0;
  return html`<header><p class="soft">Redress · report for auditors</p><h1>Security gaps, changes and exceptions</h1>
<p class="lead">${timeView(period.from)} up to, and not including, ${timeView(period.to)}. Ages are as of the end of this period.</p>
<p class="lead">${stateView(verdict)} ${MEANS[verdict]}</p>
<p>${countOf(model.changes, 'change')} · ${countOf(model.gaps.length, 'open gap')} · ${countOf(model.accepted.length, 'accepted gap')} · ${countOf(model.exceptions.filter(({ status }) => status === 'live').length, 'live exception')}</p></header>
${contents()}
<main id="main"><section id="verification"><h2>What could not be verified, and what was</h2>
<div class="notice ${holds ? 'mind' : 'bad'}"><h3>What could not be verified</h3>${!holds && list(problems)}${holds && html`<p>Every record before the end of the period is sealed and verifies.</p>`}<p>What no check of this kind can show:</p>${list(verification.limits)}</div>
${scopeView(model)}
<h3>What was verified</h3>${factsView([
    ['Result', stateView(verdict)],
    [
      'Tree',
      verification.checkpoint === null
        ? 'not sealed'
        : html`${nameView(verification.checkpoint.origin)}, ${countOf(verification.checkpoint.size, 'entry', 'entries')}`,
    ],
    ['Root', verification.checkpoint === null ? null : nameView(verification.checkpoint.root)],
    ['Sealed', verification.checkpoint?.sealed == null ? null : timeView(verification.checkpoint.sealed)],
    ['Keys that were trusted', verification.keys.length === 0 ? 'none was given' : verification.keys.map((each) => html`<div>${nameView(each)}</div>`)],
    ['Checkpoints kept elsewhere', verification.compared === 0 ? 'none was compared' : `${verification.compared} compared`],
    ['Witnesses', verification.witnesses.length === 0 ? 'none was asked for' : verification.witnesses.join(', ')],
    ['Records', `${verification.records} in ${countOf(verification.streams, 'stream')}`],
  ])}
${tableView(
  'What this report was made from',
  ['input', 'name', 'digest'],
  inputs.map(({ what, name, digest }) => [what, nameView(name), nameView(digest)]),
  'It was made from the records alone.',
)}
${tableView(
  'Policies under which decisions of the period were made',
  ['digest', { name: 'decisions and executions', number: true }],
  model.policies.map(({ digest, decisions }) => [nameView(digest), decisions]),
  'No decision of the period names a policy.',
)}
${tableView(
  'Files next to this page',
  ['file', 'what it is'],
  files.map(({ name, what }) => [link(name, name), what]),
  'There are none.',
)}
</section>`;
}

/** Of what there are records: where nobody looked there are none. */
function scopeView({ scope: { accounts, remediators } }: ReportModel): Html {
  return html`<h3>Scope</h3><p>Everything that has records, up to the end of the period. The report says nothing about accounts, resources or remediators that are not listed here.</p>
${factsView([
  [
    'Accounts',
    accounts.length === 0
      ? 'none'
      : accounts.map(
          ({ account, environment, resources }) =>
            html`<div>${nameView(account)}, ${environment ?? 'in no environment'}: ${countOf(resources, 'resource')}</div>`,
        ),
  ],
  ['Remediators', remediators.length === 0 ? 'none' : remediators.map((each) => html`<div>${nameView(each)}</div>`)],
])}`;
}

const list = (items: readonly Fragment[]): Html => html`<ul>${items.map((each) => html`<li>${each}</li>`)}</ul>`;

const SECTIONS = [
  ['verification', 'What could not be verified, and what was'],
  ['coverage', 'Coverage: what is not covered first'],
  ['gaps', 'Open gaps and their clocks'],
  ['exceptions', 'Exceptions'],
  ['population', 'Population and sample'],
  ['times', 'Times, and what happened in each week'],
  ['changes', 'Every change'],
] as const;

function contents(): Html {
  return html`<nav aria-label="Contents"><ol>${SECTIONS.map(([id, title]) => html`<li>${link(`#${id}`, title)}</li>`)}</ol></nav>`;
}
