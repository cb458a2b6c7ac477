// The page of one change: what was so before and after, who and what decided, what was called, and what proves it.
import type { Json, JsonObject } from '@redress/core';
import { diffOf } from '../diff.js';
import { causeOf, type HistoryEntry, objectOf, text } from '../entries.js';
import { type Fragment, type Html, html, link } from '../html.js';
import type { ReportInput } from '../model.js';
import { actorsOf, approverOf, ticketsOf } from '../rows.js';
import { factsView, nameView, stateView, tableView, timeView } from './parts.js';

/** What took a change back. */
export interface Rollback {
  readonly execution: string | null;
  readonly time: string;
  readonly by: string | null;
  readonly reason: string | null;
}

/** Lines of one difference on the page; all of it is in its documents. */
const MOST_LINES = 300;

/** What the verifying read found, in words. */
const VERIFIED: Readonly<Record<string, string>> = {
  '': 'no verification is recorded',
  verified: 'a second read found nothing left to change',
  'not-verified': 'a second read found that the resource is not as it should be',
  unconfirmed: 'a second read could not determine it',
};

const NAMED_BY = { signed: 'identified by a signed request', unsigned: 'the name was not verified', register: 'according to the register' } as const;

/** What is known around a change. */
export interface ChangeInput extends Pick<ReportInput, 'around'> {
  /** Null: no proofs were made, so nothing is said of one. */
  readonly proofs: ReportInput['proofs'] | null;
}

/**
 * One change.
 *
 * @param number its place in the population; null: it is shown alone.
 */
export function changeView(entry: HistoryEntry, number: number | null, { around, proofs }: ChangeInput, rollbacks: readonly Rollback[]): Html {
  const approver = approverOf(entry, around);
  const proof = entry.execution === null ? undefined : proofs?.get(entry.execution);
  const { resource } = entry;
  return html`<article class="change" id="change-${number ?? 'alone'}"><h3>${number !== null && `${number}. `}${entry.remediator} on ${nameView(resource.id)}</h3>
${factsView([
  ['Outcome', html`${stateView(entry.outcome ?? 'open')} ${entry.message ?? ''}`],
  ['Resource', html`${resource.type}, account ${resource.account}, ${resource.region}`],
  ['Environment', around.environmentOf(resource.account)],
  ['Started', timeView(entry.time)],
  ['Closed', entry.closed === null ? 'not yet: it has no outcome' : timeView(entry.closed)],
  ['What was done', entry.changes.length === 0 ? null : entry.changes.map((each) => html`<div>${each}</div>`)],
  ['Cause', causeOf(entry)],
  ['Caused by', names(actorsOf(entry))],
  ['Approved by', approved(entry, approver)],
  ['Ticket', ticketsOf(entry, around).join(', ')],
  ['Verification', VERIFIED[entry.verified ?? ''] ?? entry.verified],
  ['Rolled back', entry.rollbackOf !== null ? html`This is the rollback of ${nameView(entry.rollbackOf)}.` : rolledBack(rollbacks)],
  ['Drill', entry.drill ? 'yes: it was made as an exercise' : null],
  ['Still open', entry.open.length === 0 ? null : entry.open.map((each) => html`<div>${each}</div>`)],
  ['Execution', entry.execution === null ? null : nameView(entry.execution)],
  ['Policy', entry.policy === null ? null : nameView(entry.policy)],
  ['Records', html`${entry.records.map(({ seq }) => seq).join(', ')} of ${nameView(entry.records[0]?.stream ?? '')}`],
  [
    'Proof',
    proofs === null ? null : proof === undefined ? 'none: its last record is not sealed, or no proof of it was requested' : html`${link(proof, proof)}`,
  ],
])}
${difference(entry)}
<h4>Decision: every guardrail’s answer</h4>${answers(entry.guardrails)}
${tableView(
  'Calls',
  ['time', 'operation', 'answer', 'request id', 'session'],
  entry.calls.map((call) => [
    timeView(call.time),
    call.operation,
    call.status,
    call.requestId === null ? 'none' : nameView(call.requestId),
    call.caller === null ? 'not recorded' : nameView(call.caller),
  ]),
  'No call is recorded.',
)}
</article>`;
}

const names = (all: readonly string[]): Fragment => (all.length === 0 ? 'nobody is named' : all.map((each) => html`<div>${nameView(each)}</div>`));

function approved({ approvedBy, trigger, rollbackOf }: HistoryEntry, approver: ReturnType<typeof approverOf>): Fragment {
  if (approver !== null)
    return html`${nameView(approver.name)} (${NAMED_BY[approver.namedBy]})${approvedBy !== null && html`, ${timeView(approvedBy.at)}: ${approvedBy.reason ?? ''}`}`;
  if (rollbackOf !== null) return 'the person who rolled it back';
  return text(objectOf(trigger)?.['by']) === 'approval' ? 'an approval that is not in these records' : 'no approval was needed: the policy allows it';
}

function rolledBack(rollbacks: readonly Rollback[]): Fragment {
  if (rollbacks.length === 0) return 'no';
  return rollbacks.map(
    ({ execution, time, by, reason }) =>
      html`<div>${timeView(time)} by ${nameView(by ?? 'somebody')}: ${reason ?? ''} ${execution !== null && nameView(execution)}</div>`,
  );
}

function difference({ before, after, documents }: HistoryEntry): Html {
  const missing = [
    ...(before === null ? ['The state before is not recorded, or its retention has ended.'] : []),
    ...(after === null ? ['The state after is not recorded.'] : []),
  ];
  const digests = ['before', 'after'].flatMap((name) =>
    documents[name] === undefined ? [] : [html`<div class="soft">${name}: ${nameView(documents[name])}</div>`],
  );
  return html`<h4>Before and after</h4>${missing.map((each) => html`<p>${each}</p>`)}${(before !== null || after !== null) && diffView(before, after)}${digests}`;
}

/** Two documents as a difference: what was added and removed is said in words, too. */
export function diffView(before: Json, after: Json): Html {
  const all = diffOf(before, after);
  const left = all.length - MOST_LINES;
  return html`<div class="diff mono">${all.slice(0, MOST_LINES).map((line) => {
    if (line.sign === '…') return html`<span class="skip">… ${line.lines} unchanged</span>`;
    if (line.sign === ' ') return html`<span>  ${line.text}</span>`;
    return line.sign === '+'
      ? html`<ins><span class="hidden">added: </span>+ ${line.text}</ins>`
      : html`<del><span class="hidden">removed: </span>− ${line.text}</del>`;
  })}${left > 0 && html`<span class="skip">… ${left} more lines: the documents have all of them</span>`}</div>`;
}

/** Answers that restrict come first. */
function answers(results: readonly Json[]): Html {
  const all = results.map(objectOf).filter((each) => each !== null);
  if (all.length === 0) return html`<p>No answer is recorded.</p>`;
  const restricts = (each: JsonObject) => each['effect'] !== 'allow';
  const sorted = [...all.filter(restricts), ...all.filter((each) => !restricts(each))];
  return html`<ul class="answers">${sorted.map(
    (each) =>
      html`<li>${restricts(each) ? html`<strong>${String(each['effect'])}</strong>` : 'allow'} · ${String(each['guardrail'])} (${String(each['code'])}): ${String(each['message'])}</li>`,
  )}</ul>`;
}
