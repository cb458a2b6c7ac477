// What is open, how old it is and whose, the clocks of CPS 234, and the exceptions.
import { countOf } from '@redress/core';
import { type Html, html } from '../html.js';
import type { OpenGap, ReportInput, ReportModel } from '../model.js';
import { nameView, stateView, tableView, timeView } from './parts.js';

/** What {@link gapsView} shows. */
export type GapsModel = Pick<ReportModel, 'gaps' | 'accepted' | 'exceptions' | 'unregistered' | 'period'>;

/** What {@link gapsView} is shown with. */
export interface GapsAround extends Pick<ReportInput, 'calendar'> {
  /** Leads from a gap to its resource; default: nothing does. */
  readonly linkOf?: (gap: OpenGap, name: Html) => Html;
}

/**
 * Open gaps, and the exceptions register.
 *
 * @param asOf of when it is, in words.
 */
export function gapsView({ calendar, linkOf = (_, name) => name }: GapsAround, model: GapsModel, asOf = 'at the end of the period'): Html {
  const { gaps, accepted } = model;
  const resources = gaps.reduce((sum, { members }) => sum + members, 0);
  const [pastPolicy, past36] = [gaps.filter((each) => each.pastPolicy).length, gaps.filter((each) => each.past36).length];
  return html`<section id="gaps"><h2>Open gaps</h2>
<p class="lead">${countOf(gaps.length, 'gap')} of ${countOf(resources, 'resource')} ${gaps.length === 1 ? 'is' : 'are'} open ${asOf}${pastPolicy > 0 && html`; ${stateView('past', `${pastPolicy} past the policy’s deadline`)}`}${past36 > 0 && html`; ${stateView('past', `${past36} past ten business days`)}`}.</p>
${gaps.length + accepted.length > 0 && html`<p><a href="#clocks">What these clocks show, and what they do not</a></p>`}
${owners(gaps)}
${gapTable('Open gaps, by deadline', gaps, 'No gap is open.', linkOf)}
${accepted.length > 0 && gapTable('Accepted gaps: open, and covered by a live exception', accepted, '', linkOf)}
${clocksView(calendar)}
</section>
${exceptionsView(model)}`;
}

function clocksView({ zone, weekend, holidays }: ReportInput['calendar']): Html {
  const [first = '', last = ''] = [holidays[0], holidays.at(-1)];
  return html`<div class="notice" id="clocks"><h3>The clocks of CPS 234</h3>
<p>A person decides whether a weakness is material, and whether it can be remediated in a timely manner. This report decides neither. It shows how long each gap has been on record.</p>
<ul><li><strong>Paragraph 29</strong>: deficiencies that testing finds and that cannot be remediated in a timely manner are escalated to the Board or senior management. The standard does not set a number of days. If the policy sets a deadline, it is shown.</li>
<li><strong>Paragraph 36</strong>: APRA is notified of a material control weakness that is not expected to be remediated in a timely manner within 10 business days of becoming aware of it. The clock here begins on the day of the first record, the earliest at which anybody could have become aware.</li></ul>
<p>Business days: zone ${zone}, without ${weekend.map((day) => day.slice(0, 1).toUpperCase() + day.slice(1)).join(' and ') || 'any day of the week'}, without ${holidays.length === 0 ? 'holidays, because none were given: no date above is later than it should be' : `${countOf(holidays.length, 'holiday')} (${first}${holidays.length > 1 ? ` to ${last}` : ''})`}.</p></div>`;
}

function owners(gaps: readonly OpenGap[]): Html | false {
  if (gaps.length === 0) return false;
  const by = new Map<string, OpenGap[]>();
  for (const gap of gaps) by.set(gap.owner ?? '', [...(by.get(gap.owner ?? '') ?? []), gap]);
  return tableView(
    'Open gaps by owner',
    [
      'owner',
      { name: 'open', number: true },
      { name: 'past the policy’s deadline', number: true },
      { name: 'past ten business days', number: true },
      'oldest since',
    ],
    [...by]
      .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
      .map(([owner, own]) => [
        owner === '' ? html`<span class="state bad">✗ no tag names an owner</span>` : nameView(owner),
        own.length,
        own.filter(({ pastPolicy }) => pastPolicy).length,
        own.filter(({ past36 }) => past36).length,
        timeView(Math.min(...own.map(({ since }) => since))),
      ]),
    '',
  );
}

function gapTable(caption: string, gaps: readonly OpenGap[], none: string, linkOf: NonNullable<GapsAround['linkOf']>): Html {
  return tableView(
    caption,
    [
      { name: 'gap', wide: true },
      'owner',
      { name: 'why it is open', wide: true },
      'since',
      { name: 'age', number: true },
      'deadline of the policy (§\u00a029)',
      'ten business days (§\u00a036)',
    ],
    gaps.map((gap) => [
      html`<div><span class="soft">${gap.of.type}</span> ${linkOf(gap, nameView(gap.of.id))} <span class="soft">(${gap.of.account}, ${gap.of.region})</span></div><div class="soft">${gap.remediator}${gap.environment !== null && ` · ${gap.environment}`}${gap.members > 1 && ` · stands for ${gap.members} resources`}</div>`,
      gap.owner === null ? '-' : nameView(gap.owner),
      html`${stateView(gap.outcome)} ${gap.message}${gap.exception !== null && html` <strong>Exception ${gap.exception.id}: ${gap.exception.why}</strong>`}`,
      timeView(gap.since),
      html`${countOf(gap.ageDays, 'day')}, ${countOf(gap.businessDays, 'business day')}`,
      gap.policyDeadline === null ? 'none is set' : html`${timeView(gap.policyDeadline)} ${gap.pastPolicy && past(gap)}`,
      html`<time datetime="${gap.paragraph36}"><span>${gap.paragraph36}</span></time> ${gap.past36 ? past(gap) : 'not reached'}`,
    ]),
    none,
  );
}

/** A day that has passed; of a gap that is accepted it says no more than that. */
const past = ({ exception }: OpenGap) => (exception?.covers === true ? 'passed' : stateView('past'));

function exceptionsView({ exceptions, unregistered, period }: GapsModel): Html {
  const table = (caption: string, status: 'live' | 'ended', none: string) =>
    tableView(
      caption,
      [{ name: 'exception', wide: true }, 'covers', 'owner', 'approver', 'ticket', 'compensating control', 'end', { name: 'used in the period', number: true }],
      exceptions
        .filter((each) => each.status === status)
        .map((each) => [
          html`<div>${nameView(each.id)}</div><div class="soft">${each.reason}</div>`,
          html`${each.scope}<div class="soft">${each.remediators === null ? 'from every remediator' : `from ${each.remediators.join(', ')}`}</div>`,
          nameView(each.owner),
          nameView(each.approver),
          each.ticket === null ? stateView('none') : nameView(each.ticket),
          each.compensatingControl ?? stateView('none'),
          html`${stateView(each.status)} ${timeView(each.expires)}`,
          each.used,
        ]),
      none,
    );
  return html`<section id="exceptions"><h2>Exceptions</h2><p>The given register, as of ${timeView(period.to)}. An exception that has ended covers nothing.</p>
${unregistered.length > 0 && html`<div class="notice bad"><h3>Used in the period, and not in the register</h3><ul>${unregistered.map(({ id, used }) => html`<li>${nameView(id)}: ${countOf(used, 'time')}</li>`)}</ul></div>`}
${table('Live', 'live', 'No exception is live.')}${table('Ended', 'ended', 'None has ended.')}</section>`;
}
