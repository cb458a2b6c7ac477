import { LONGEST_LEASE, type OpenExecution } from '../journal.js';
import { messageOf, RedressError } from '../model/errors.js';
import { digestOf, type Json } from '../model/json.js';
import type { Assessment } from '../model/plan.js';
import type { Remediator } from '../remediator/define.js';
import { LOOKING } from './gate.js';
import { LEASE, SHOWS } from './limits.js';
import { remaining } from './planning.js';
import { blank, type Closing, closeExecution, stillOpen } from './recorder.js';
import { factOf, type Observed, type Runtime, tells, unread } from './runtime.js';
import { readExecution, type Story } from './story.js';
import type { PassResult } from './types.js';
import { unresolved } from './verify.js';

/** Closes every execution whose worker is gone. One that cannot be closed now stays open, says so, and keeps no other from being closed. */
export async function recover(runtime: Runtime, deadline: number | null): Promise<readonly PassResult[]> {
  const results: PassResult[] = [];
  for (const open of await runtime.needJournal('Recovery').open()) {
    if (open.leaseUntil > runtime.clock.now()) continue;
    try {
      const result = await recoverOne(runtime, open, deadline);
      if (result !== null) results.push(result);
    } catch (error) {
      runtime.warn(`execution ${open.execution} could not be closed`, error);
      results.push({
        ...blank({ id: open.remediator }, open.resource),
        outcome: 'busy',
        execution: open.execution,
        message: messageOf(error),
        retryable: true,
      });
    }
  }
  return results;
}

/**
 * Takes over an execution whose worker is gone, looks, and closes it with what is true. Sends no writing call. Null when another was faster.
 *
 * @throws {RedressError} `compose/invalid` when its remediator is not installed, `journal/unavailable` when the resource cannot be read
 */
export async function recoverOne(
  runtime: Runtime,
  open: OpenExecution,
  deadline: number | null,
  person: { readonly by: string; readonly reason: string } | null = null,
): Promise<PassResult | null> {
  const journal = runtime.needJournal('Recovery');
  const story = await readExecution(journal, open.execution);
  const { plan, ref } = story;
  const remediator = await runtime.installed(plan.remediator.id);
  if (remediator === null)
    throw new RedressError('compose/invalid', `Execution ${open.execution} is open, and its remediator ${plan.remediator.id} is not installed.`, {
      next: `Install ${plan.remediator.package} to close it.`,
    });
  // What was sent at the end of the lease may not show at once: what is recorded then would not be true, and it would be done again.
  const early = (person === null ? open.leaseUntil : runtime.clock.now()) + SHOWS - runtime.clock.now();
  if (early > 0) await runtime.clock.sleep(early);
  const policy = await factOf(() => runtime.readPolicy());
  const seen = await runtime.look(remediator, ref, policy, { as: LOOKING, deadline });
  if (!seen.observation.ok || !seen.assessment.ok)
    throw new RedressError('journal/unavailable', `Execution ${open.execution} is open, and the resource cannot be read: ${unread(seen)?.error ?? ''}`, {
      retryable: true,
    });
  // The old lease has ended, and no write outlives its lease: what was just read is what its worker left.
  const resumed = await journal.begin({
    resource: ref,
    remediator: remediator.id,
    planDigest: open.planDigest,
    generation: 0,
    budgets: [],
    lease: LEASE,
    body: person === null ? {} : { by: person.by, reason: person.reason, message: `${person.by} (unverified) says that its worker is gone: ${person.reason}` },
    resume: open.execution,
    ...(person === null ? {} : { gone: true }),
  });
  if (resumed.status !== 'begun') return null;
  // Calls whose replies are recorded were made, whatever is there now: it is verified as if nothing had come in between.
  const made = story.appliedUndo.length === plan.changes.length;
  const closing = found(
    story,
    remediator,
    { observed: seen.observation.value, assessment: seen.assessment.value, tells: made || tells(seen) },
    runtime.clock.now(),
  );
  return closeExecution(runtime, { remediator, ref, trigger: { by: 'sweep' }, plan, decision: null, lease: resumed.lease, seen }, closing);
}

/** Closes one execution of a worker whose clock was ahead: a person says that it is gone, since its lease does not. */
export async function recoverExecution(
  runtime: Runtime,
  execution: string,
  { by, reason, deadline }: { readonly by: string; readonly reason: string; readonly deadline?: number },
): Promise<PassResult> {
  const refuse = (message: string, next: string): never => {
    throw new RedressError('recovery/refused', message, { next });
  };
  if (by.trim() === '' || reason.trim() === '') refuse('Closing an execution needs a person and a reason.', 'Give who closes it, and why.');
  const open = (await runtime.needJournal('Recovery').open()).find((each) => each.execution === execution);
  if (open === undefined) return refuse(`Execution ${execution} is not open.`, '`redress recover` shows the open ones.');
  const until = new Date(open.leaseUntil).toISOString();
  const now = runtime.clock.now();
  if (open.leaseUntil > now && open.leaseUntil <= now + LONGEST_LEASE)
    refuse(`Execution ${execution} is leased until ${until}: its worker may still be working on it.`, 'Wait until then; `redress recover` closes it.');
  const closed = await recoverOne(runtime, open, deadline ?? null, { by, reason });
  return closed ?? refuse(`Another worker has closed execution ${execution} at the same moment.`, '`redress history` shows the outcome.');
}

const UNTOUCHED = 'Its worker was lost, and the resource is as it was before.';

/** What an execution came to, from its records and what is there now. */
function found(
  story: Story,
  remediator: Remediator,
  { observed, assessment, tells }: { readonly observed: Observed; readonly assessment: Assessment; readonly tells: boolean },
  now: number,
): Closing {
  const { plan } = story;
  const recorded = story.appliedUndo.length;
  // A resource as it was before does not show that nothing was sent: someone may have undone it since. What may have been sent counts.
  const sent = Math.max(recorded, 1);
  const close = (outcome: Closing['outcome'], message: string, verified: string, state: Json | null, more: Partial<Closing> = {}): Closing => ({
    outcome,
    message,
    sent,
    body: { observedBy: 'recovery', verified },
    ...(state === null ? {} : { documents: { after: state } }),
    ...more,
  });
  if (observed === 'gone') return close('unknown', 'Its worker was lost, and the resource is gone.', 'unconfirmed', null);
  const { state } = observed;
  const untouched = recorded === 0 && digestOf(state) === digestOf(plan.before);

  if (story.rollbackOf !== null) {
    const hold = { until: now + story.holdFor, owner: story.by };
    // First: what the fix has left may be as good as what was before it, and then says nothing of the rollback.
    if (untouched) return close('failed', UNTOUCHED, 'verified', state);
    if (story.expected !== null && remediator.equivalent(story.expected, state))
      return close('rolled-back', 'Its worker was lost after it had rolled the change back.', 'verified', state, { hold });
    return close('unknown', 'Its worker was lost during a rollback; a person has to decide.', 'not-verified', state, { hold });
  }

  const left = remaining(plan.changes, assessment);
  const { length } = plan.changes;
  // What is as it was before was not done, also where nothing asks for it any more: other parameters, for one.
  if (tells && !untouched && unresolved(plan.changes, assessment).length === 0) {
    const message = `${plan.changes.map((change) => change.summary).join('; ')} (its worker was lost; found done by recovery)`;
    return close(plan.changes.some((change) => change.resolves) ? 'remediated' : 'flagged', message, 'verified', state, { open: stillOpen(assessment) });
  }
  // It may be running without a trace: starting it again would make two.
  if (remediator.runbook !== undefined)
    return close('awaiting-runbook', `Its worker was lost when it may have started ${remediator.runbook.document}.`, 'not-verified', state, {
      open: stillOpen(assessment),
    });
  if (untouched) return close('failed', UNTOUCHED, 'verified', state, { retryable: true });
  if (left.length > 0 && left.length < length)
    return close('partial', `Its worker was lost after ${length - left.length} of ${length} changes.`, 'verified', state, {
      open: left.map((change) => change.summary),
    });
  return close('unknown', 'Its worker was lost, and the resource is neither as before nor as planned; a person has to decide.', 'not-verified', state);
}
