import { CANARY_WITHIN, countOf, formatResource } from '@redress/core';
import { fail, ok, read, warn } from './check.js';
import type { CanaryFacts, Check, RecordFacts } from './facts.js';

const DAY = 86_400_000;
/** An exception that expires within this time is reported. */
const REMINDER = 14 * DAY;
/** An answer is wanted this long before a request runs out. */
const SOON = DAY;

/** Policy and register, as they are here. */
export function policyChecks({ policy, policyFound, register, stopFile, now }: RecordFacts): readonly Check[] {
  const found: Check[] = [];
  if (!policyFound)
    found.push(warn('policy-missing', 'policy', 'There is no policy here: everything is notify-only.', 'Write redress.yaml, or give --policy.'));
  else if (policy.environments.length === 0)
    found.push(warn('policy-no-environment', 'policy', 'It has no environment: every account is notify-only.', 'Name environments with their accounts.'));
  else found.push(ok('policy', 'policy', policy.digest));
  if (policy.stop !== 'none') found.push(warn('kill-switch-on', 'policy', `It stops ${policy.stop}.`, 'Remove `stop` when it is no longer needed.'));
  found.push(
    ...read('kill-switch', 'STOP', stopFile, (stop) =>
      stop === 'none' ? [] : [warn('kill-switch-on', 'STOP', `The file stops ${stop}.`, 'Remove it when it is no longer needed.')],
    ),
  );
  const ending = register.entries.filter((each) => each.expires > now && each.expires <= now + REMINDER);
  const ended = register.entries.filter((each) => each.expires <= now);
  for (const each of ending)
    found.push(
      warn(
        'exception-ending',
        each.id,
        `It expires on ${new Date(each.expires).toISOString()}; its owner is ${each.owner}.`,
        'Fix what it covers, or ask for a new one.',
      ),
    );
  if (ended.length > 0)
    found.push(
      warn('exceptions-ended', 'register', `${ended.map((each) => each.id).join(', ')} exempt nothing any more.`, 'Remove them, or renew them under a new id.'),
    );
  if (ending.length + ended.length === 0)
    found.push(ok('register', 'register', `${countOf(register.entries.length, 'entry', 'entries')}, none of which expires soon.`));
  return found;
}

/** What somebody has to look at in the journal. */
export function journalChecks({ journal, now }: RecordFacts): readonly Check[] {
  return read('journal', 'journal', journal, (facts) => {
    if (facts === null) return [ok('journal', 'journal', 'There is none yet, so nothing is open.')];
    const stale = facts.open.filter((each) => each.leaseUntil <= now);
    const late = facts.approvals.filter((each) => each.verdict === 'none' && each.usedBy === null && each.expires > now && each.expires <= now + SOON);
    const waiting = facts.approvals.filter((each) => each.verdict === 'none' && each.usedBy === null && each.expires > now);
    return [
      ...stale.map((each) =>
        fail(
          'stale-lease',
          each.execution,
          `${each.remediator} on ${formatResource(each.resource)} has no outcome, and its lease ended on ${new Date(each.leaseUntil).toISOString()}.`,
          '`redress recover` reads the resource and closes it.',
        ),
      ),
      ...facts.breakers.map((each) =>
        warn(
          'breaker-open',
          `${each.remediator} in ${each.account}`,
          `Since ${new Date(each.since).toISOString()}: ${each.reason}`,
          'Find out why it opened, then run `redress breakers close`.',
        ),
      ),
      ...late.map((each) =>
        warn(
          'approval-late',
          each.id,
          `Nobody has answered; it expires on ${new Date(each.expires).toISOString()}.`,
          '`redress approvals show` shows the plan.',
        ),
      ),
      ok('journal', facts.shown, `${countOf(facts.open.length, 'execution')} open, ${countOf(waiting.length, 'approval')} waiting.`),
    ];
  });
}

/** Whether the daily canary came back. */
export function canaryChecks(facts: readonly CanaryFacts[]): readonly Check[] {
  return facts.flatMap(({ region, now, last }) =>
    read('canary', region, last, (time) => {
      if (time === null)
        return [warn('canary-never', region, 'None has ever arrived: nothing proves that events are delivered.', 'Deploy the canary, and wait a day.')];
      const when = new Date(time).toISOString();
      return now - time > CANARY_WITHIN
        ? [fail('canary-missing', region, `The last one arrived on ${when}.`, 'Check trail, rule, queue and function, in this order.')]
        : [ok('canary', region, `It arrived on ${when}.`)];
    }),
  );
}
