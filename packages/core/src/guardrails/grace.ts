import type { Approval, Grace, StreamView } from '../journal.js';
import { type Digest, digestOf } from '../model/json.js';
import { graceOf, modeOf } from '../policy/policy.js';
import { allow, iso } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/**
 * The earliest time of an announced change: the period after its first notice, and as long after its last reminder as the reminder says. Null as
 * long as it is not certain that people were notified. Nothing is changed then.
 */
export function graceEnds({ period, remind, sent, ended }: Grace): number | null {
  const first = sent.find(({ notice }) => notice === 0);
  if (first === undefined || ended !== null) return null;
  const last = remind.at(-1);
  if (last === undefined) return first.at + period;
  const reminded = sent.find(({ notice }) => notice === remind.length);
  return reminded === undefined ? null : Math.max(first.at + period, reminded.at + last);
}

/** When the change is made if every notice is delivered in time; null before the first notice. */
export function graceExpected(grace: Grace): number | null {
  const first = grace.sent.find(({ notice }) => notice === 0);
  return first === undefined ? null : Math.max(graceEnds(grace) ?? 0, first.at + grace.period);
}

/**
 * The notice that is to be sent now: 0 is the first, then reminders by number. Of several that are late only the newest; null when none is due.
 */
export function dueNotice({ period, remind, sent, ended }: Grace, now: number): number | null {
  const first = sent.find(({ notice }) => notice === 0);
  if (ended !== null) return null;
  if (first === undefined) return 0;
  const newest = Math.max(...sent.map(({ notice }) => notice));
  const due = remind.reduce((found, before, at) => (now >= first.at + period - before ? at + 1 : found), 0);
  return due > newest ? due : null;
}

/** The request that announced a plan: it can still be used, its terms are those of today's policy, and nothing was made of it yet. */
export function announcement(
  { approvals, closed }: Pick<StreamView, 'approvals' | 'closed'>,
  asked: { readonly remediator: string; readonly plan: Digest; readonly terms: Pick<Grace, 'period' | 'remind'>; readonly now: number },
): (Approval & { readonly grace: Grace }) | null {
  const terms = ({ period, remind }: Pick<Grace, 'period' | 'remind'>) => digestOf({ period, remind: [...remind] });
  const found = approvals.find(
    (each) =>
      each.remediator === asked.remediator &&
      each.planDigest === asked.plan &&
      each.grace !== undefined &&
      each.grace.ended === null &&
      each.verdict !== 'denied' &&
      each.usedBy === null &&
      each.expires > asked.now &&
      terms(each.grace) === terms(asked.terms) &&
      !closed.some((one) => one.remediator === asked.remediator && one.planDigest === asked.plan && one.sent > 0 && one.begunAt >= each.requestedAt),
  );
  return found === undefined ? null : (found as Approval & { readonly grace: Grace });
}

/**
 * Gives the owner time to object before a change that needs no approval. The change is announced, with reminders, and made when the period ends.
 * Until then an approval discharges its answer, like any other. Afterwards `begin` uses the announcement up.
 */
export const gracePeriod = defineGuardrail({
  id: 'grace',
  needs: ['policy', 'history'],
  evaluate: ({ now, policy, history, remediator, resource, changes, plan }) => {
    const terms = graceOf(policy, remediator.id, resource.account);
    if (terms === null || changes.length === 0 || modeOf(policy, remediator.id, resource.account) !== 'enforce')
      return allow('no-grace', 'No grace period applies.');
    const data = { period: terms.period, remind: [...terms.remind] };
    const request = plan === null ? null : announcement(history, { remediator: remediator.id, plan, terms, now });
    const ends = request === null ? null : graceEnds(request.grace);
    if (request !== null && ends !== null && now >= ends)
      return allow('grace-over', `It was announced, and was not denied until ${iso(ends)}.`, { approval: request.id, ends: iso(ends) });
    const expected = request === null ? null : graceExpected(request.grace);
    return {
      effect: 'approve',
      code: 'grace',
      message:
        expected === null
          ? 'A grace period applies first. It begins when people have been notified.'
          : `It is changed automatically after ${iso(expected)}, unless it is denied before.`,
      data,
    };
  },
});
