// What waits for a person, and everything that an answer to it is about.
import { type ApprovalDocument, type ApprovalShown, type Change, countOf, type Json, type JsonObject } from '@redress/core';
import { diffView, type Fragment, factsView, type Html, html, nameView, stateView, tableView, timeView } from '@redress/report';
import type { Session } from '../access.js';
import { MOST_REASON } from '../forms.js';
import type { Answered, Approver } from '../ports.js';
import { linkTo, who } from './page.js';

/** The list. */
export function approvalsView(approvals: readonly ApprovalDocument[]): Html {
  return html`<div id="waiting" data-live><p>${countOf(approvals.filter(({ verdict }) => verdict === 'none').length, 'plan waits', 'plans wait')} for an approver.</p>
${waitingTable(approvals)}</div>`;
}

/** What waits, as a table. */
export function waitingTable(approvals: readonly ApprovalDocument[]): Html {
  return tableView(
    'Plans, the longest waiting first',
    [{ name: 'resource', wide: true }, 'remediator', 'asked', 'answer', 'until', 'request'],
    approvals.map((each) => [
      html`${linkTo(`/approvals/${each.id}`, nameView(each.resource.id))} <span class="soft">${each.resource.type}, ${each.resource.account}, ${each.resource.region}</span>`,
      each.remediator,
      timeView(each.requested),
      each.verdict === 'none' ? waits(each) : html`${stateView(each.verdict)} by ${nameView(each.by?.name ?? 'somebody')}`,
      timeView(each.expires),
      html`<span class="mono id">${each.id}</span>`,
    ]),
    'Nothing waits for an approver.',
  );
}

function waits({ grace }: ApprovalDocument): Fragment {
  if (grace === undefined) return stateView('pending');
  return grace.ends === null
    ? stateView('announced', 'announced, but nobody has been notified yet')
    : html`${stateView('announced')}: changed after ${timeView(grace.ends)}`;
}

/** One request: what would be done, why it needs an approval, what could break, and what no read can show. */
export function approvalView(shown: ApprovalShown, stream: string, form: Html): Html {
  const { plan, reasons, blindSpots, causedBy, verdict, by, answered } = shown;
  const hazards = plan === null ? [] : [...plan.hazards, ...plan.changes.flatMap((change) => change.hazards ?? [])];
  return html`${factsView([
    [
      'Resource',
      html`${linkTo(`/resources/${stream}`, nameView(shown.resource.id))} <span class="soft">${shown.resource.type}, ${shown.resource.account}, ${shown.resource.region}</span>`,
    ],
    ['Remediator', shown.remediator],
    ['Requested', timeView(shown.requested)],
    ['Expires', timeView(shown.expires)],
    ['Answer', verdict === 'none' ? waits(shown) : html`${stateView(verdict)} by ${nameView(by?.name ?? 'somebody')} ${timeView(answered ?? null)}`],
    [
      'Caused by',
      causedBy.length === 0
        ? 'not known: found by a sweep or a request'
        : causedBy.map((each) => html`<div>${each === null ? 'unknown' : nameView(each)}</div>`),
    ],
    ['Plan', nameView(shown.planDigest)],
  ])}
<section><h2>What would be done</h2>${plan === null ? html`<p>The plan is no longer in the records, so nobody can see what they would approve.</p>` : html`${plan.changes.map(changeView)}<details><summary>The state that the plan was made from</summary>${documentView(plan.before)}</details>`}</section>
<section><h2>Why it needs an approval</h2>${list(
    reasons.map((each) => html`${each.message} <span class="soft">(${each.guardrail}: ${each.code})</span>`),
    'No reason is recorded.',
  )}</section>
<section><h2>What could break</h2>${list(
    hazards.map((each) => html`${each.message} <span class="soft">(${each.code})</span>`),
    'The plan names no hazard.',
  )}</section>
<section><h2>What no read can show</h2>${list(blindSpots, 'The remediator names no blind spot.')}</section>
<section><h2>Answer</h2>${form}</section>`;
}

const list = (items: readonly Fragment[], none: string): Html =>
  items.length === 0 ? html`<p>${none}</p>` : html`<ul>${items.map((each) => html`<li>${each}</li>`)}</ul>`;

const documentView = (value: Json): Html => html`<div class="diff mono">${linesOf(value).map((line) => html`<span>${line}</span>`)}</div>`;

const sentView = (value: Json): Html =>
  html`<div class="diff mono">${linesOf(value).map((line) => html`<ins><span class="hidden">sent: </span>+ ${line}</ins>`)}</div>`;

const linesOf = (value: Json): readonly string[] => JSON.stringify(value, null, 2).split('\n');

/** A change as a difference: where an undo makes the same call, what it would send is how it is now. */
function changeView({ summary, call, undo, resolves, subject }: Change): Html {
  const name = `${call.service}:${call.operation}`;
  const back = 'irreversible' in undo ? null : undo;
  const same = back?.calls.length === 1 && back.calls[0]?.service === call.service && back.calls[0].operation === call.operation ? back.calls[0] : null;
  return html`<h3>${summary}</h3>
<p><code>${name}</code>${subject !== undefined && html` on ${nameView(subject)}`}. ${resolves ? 'It closes the gap.' : 'It marks the resource; the gap stays open.'}</p>
${same !== null ? html`<p class="soft">What the call sets, compared with the current state:</p>${diffView(same.input, call.input)}` : html`<p class="soft">What is sent:</p>${sentView(call.input)}`}
<p>${back === null ? html`${stateView('none', 'It cannot be undone')}: ${'irreversible' in undo && undo.irreversible}` : html`Undo: ${back.restores === 'exact' ? 'exactly as it was' : 'the same effect, under another identity'}${back.destroys !== undefined && html`; it destroys ${back.destroys}`}.`}</p>
${back !== null && same === null && html`<details><summary>What the undo would send</summary>${back.calls.map((each) => documentView(callDocument(each)))}</details>`}`;
}

const callDocument = ({ service, operation, input }: Change['call']): JsonObject => ({ [`${service}:${operation}`]: input });

/** What an approver sends. Its first button is disabled, so that Enter in the reason answers nothing; a sentence where nobody can answer. */
export function answerForm(
  id: string,
  { verdict, plan }: ApprovalShown,
  session: Session,
  approver: Approver | string,
  given: { readonly reason: string; readonly problem: string | null },
): Html {
  if (verdict !== 'none') return html`<p>It was answered already.</p>`;
  if (typeof approver === 'string') return html`<div class="notice mind"><p>${who(approver)}</p></div>`;
  return html`<form class="answer" method="post" action="/approvals/${id}">
${given.problem !== null && html`<div class="notice bad" role="alert" id="problem"><p>${given.problem}</p></div>`}
<p>${who(approver)}</p>
<input type="hidden" name="csrf" value="${session.csrf}">
<button disabled hidden>Enter answers nothing</button>
<div><label for="reason">Reason <span class="soft">kept in the evidence; a ticket, for example</span></label>
<input id="reason" name="reason" required maxlength="${MOST_REASON}" autocomplete="off" value="${given.reason}"${given.problem !== null && html` aria-invalid="true" aria-describedby="problem"`}></div>
<div class="buttons">${plan !== null && html`<button class="yes" name="verdict" value="approve">Approve: do exactly this</button>`}<button class="no" name="verdict" value="deny">Deny</button></div>
</form>`;
}

/** What an answer came to. */
export function answeredView(id: string, verdict: 'approve' | 'deny', { by, verified, repeated, passes }: Answered): Html {
  return html`<p class="lead">${nameView(by)}${!verified && ' (unverified)'} ${verdict === 'approve' ? 'approved' : 'denied'} ${nameView(id)}${repeated && ' earlier; nothing was done this time'}.</p>
${passes.map(
  ({
    outcome,
    message,
    execution,
    approval,
    open,
  }) => html`<div class="notice ${['remediated', 'flagged', 'no-op'].includes(outcome) ? 'good' : 'mind'}"><p>${stateView(outcome)} ${message}</p>
${open.length > 0 && list(open, '')}${execution !== null && html`<p>${linkTo(`/fixes/${execution}`, 'The fix, with its calls and its verification')}</p>`}${approval !== null && html`<p>${linkTo(`/approvals/${approval}`, 'It is requested again')}</p>`}</div>`,
)}
<p>${linkTo('/approvals', 'Other plans that need an approval')}</p>`;
}

/** Why an answer was refused. */
export function refusedView(id: string, message: string, next: string | null): Html {
  return html`<div class="notice bad" role="alert"><h2>Refused, and nothing was done</h2><p>${message}</p>${next !== null && html`<p>${next}</p>`}</div>
<p>${linkTo(`/approvals/${id}`, 'Back to the request')}</p>`;
}
