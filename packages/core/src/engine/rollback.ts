import { subjectsOf } from '../guardrails/fights.js';
import { type Decision, type Fact, known } from '../guardrails/guardrail.js';
import type { Journal, Lease, StreamView } from '../journal.js';
import { isRedressError, RedressError } from '../model/errors.js';
import { canonicalJson, digestOf, isRecord, type Json, toJson } from '../model/json.js';
import { REVERSIBLE } from '../model/outcome.js';
import type { Change, Plan } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Policy } from '../policy/policy.js';
import { holdsMarker } from '../redact.js';
import type { Remediator } from '../remediator/define.js';
import { apply } from './apply.js';
import { inExecution } from './gate.js';
import { LEASE } from './limits.js';
import { makePlan } from './planning.js';
import { type Closing, closeExecution } from './recorder.js';
import { recoverOne } from './recover.js';
import type { Observed, Runtime } from './runtime.js';
import { HOLD, readExecution, type Story } from './story.js';
import type { PassResult, RollbackOptions } from './types.js';
import { lookUntil } from './verify.js';

/** @throws {RedressError} `rollback/refused`, with the cure in `next` */
function refuse(message: string, next: string, retryable = false): never {
  throw new RedressError('rollback/refused', message, { next, retryable });
}

/**
 * Whether an execution is one that can be rolled back, as far as its records say; the remediator that does it.
 *
 * @throws {RedressError} `rollback/refused`
 */
async function mayTakeBack(runtime: Pick<Runtime, 'installed'>, execution: string, story: Story, options: RollbackOptions): Promise<Remediator> {
  const { plan, outcome, appliedUndo, rollbackOf } = story;
  if (rollbackOf !== null) refuse(`${execution} is itself a rollback.`, 'To fix the gap again, end the hold and run the remediator.');
  if (outcome === null) refuse(`${execution} is still open.`, 'Run `redress recover`, then try again.');
  if (outcome === 'awaiting-runbook')
    refuse(`The runbook that ${execution} has started may still be running.`, 'Roll back the execution that records its outcome; `redress history` shows it.');
  if (!REVERSIBLE.includes(outcome)) refuse(`${execution} changed nothing (${outcome}).`, 'There is nothing to roll back.');
  const remediator = await runtime.installed(plan.remediator.id);
  if (remediator === null)
    return refuse(
      `The remediator ${plan.remediator.id} is not installed.`,
      `Install ${plan.remediator.package}: a rollback uses the installed package's declared undo operations only.`,
    );
  for (const { undo } of plan.changes) {
    if ('irreversible' in undo) refuse(`It cannot be rolled back: ${undo.irreversible}`, 'Restore by hand.');
  }
  const destroys = plan.changes.flatMap((change) => ('destroys' in change.undo && change.undo.destroys !== undefined ? [change.undo.destroys] : []));
  // With a gap that still showed it is not what the fix has left: nothing, or the work of somebody else.
  const isUnseen = outcome === 'unknown';
  if (destroys.length > 0 && (isUnseen || !story.isCertain))
    refuse(
      `Rolling it back destroys something: ${destroys.join('; ')}. It is not certain that what exists now comes from ${execution} alone.`,
      'Check the resource, and undo it by hand.',
    );
  if (destroys.length > 0 && options.acceptLoss !== true)
    refuse(`Rolling it back destroys something: ${destroys.join('; ')}.`, 'If that is wanted, accept the loss explicitly.');
  if (story.after === null && options.acceptLoss !== true)
    refuse(
      `The state after ${execution} is not recorded, so drift cannot be determined.`,
      'Check the resource. If its current state may be overwritten, accept the loss explicitly.',
    );
  if (isUnseen && options.acceptLoss !== true)
    refuse(
      `The read after ${execution} did not show its change, so it cannot be determined whether the current state comes from somebody else.`,
      'Check the resource. If its current state may be overwritten, accept the loss explicitly.',
    );
  if (appliedUndo.length === 0) refuse(`No call of ${execution} is recorded as applied.`, 'There is nothing to roll back.');
  if (appliedUndo.some(({ calls }) => canonicalJson(calls).includes('{"$unresolved":')))
    refuse('Its undo needs the response of a call, and that response was lost.', 'Roll it back by hand. The plan shows what was changed.');
  if (appliedUndo.some(({ calls }) => holdsMarker(calls)))
    refuse('Its undo would write a secret, which is not kept.', 'Undo it by hand. The plan shows what was changed.');
  return remediator;
}

/** The calls that undo what was applied, the last change first. */
function undoOf({ appliedUndo }: Story): Change[] {
  return [...appliedUndo].reverse().flatMap(({ change, calls }) =>
    calls.map((call) => ({
      call,
      undo: { irreversible: 'The fix itself restores the state.' },
      summary: `undo: ${change.summary}`,
      resolves: false,
    })),
  );
}

/**
 * Rolls an execution back, from its records, with the declared undo operations of the installed package, and only if nobody has changed the
 * resource since.
 */
export async function rollback(runtime: Runtime, execution: string, options: RollbackOptions): Promise<PassResult> {
  const journal = runtime.needJournal('A rollback');
  const deadline = options.deadline ?? null;
  if (options.by.trim() === '' || options.reason.trim() === '') refuse('A rollback needs a person and a reason.', 'Give who rolls back, and why.');
  const story = await readExecution(journal, execution);
  const { plan, ref } = story;
  const remediator = await mayTakeBack(runtime, execution, story, options);

  const policy = await runtime.readPolicy();
  if (await isStopped(runtime, policy)) refuse('The kill switch stops everything, including rollbacks.', 'Lift the stop first.');
  const { view, observation, now } = await asLeft(runtime, story, { execution, remediator, policy, deadline });

  const undo = undoOf(story);
  const undoPlan = makePlan(remediator, ref, now, { changes: undo, hazards: [] });
  const decision: Decision = {
    effect: 'allow',
    results: [{ guardrail: 'rollback', effect: 'allow', code: 'person', message: `${options.by} (unverified) asked for it: ${options.reason}` }],
  };
  const holdFor = options.hold ?? HOLD;
  const begun = await journal.begin({
    resource: ref,
    remediator: remediator.id,
    planDigest: undoPlan.digest,
    generation: view.generation,
    budgets: [],
    lease: LEASE,
    breaker: 'ignored',
    body: {
      purpose: 'rollback',
      rollbackOf: execution,
      subjects: [...subjectsOf(plan.changes)],
      by: { name: options.by, verified: false },
      reason: options.reason,
      policy: policy.digest,
      holdFor,
    },
    documents: { plan: undoPlan as unknown as Json, before: now, expected: plan.before },
  });
  if (begun.status !== 'begun')
    return refuse(
      begun.status === 'busy' ? `Execution ${begun.open.execution} holds the resource.` : 'Something happened to the resource just now.',
      'Try again.',
      true,
    );
  const { lease } = begun;
  const recheck = async () => {
    if (await isStopped(runtime, await runtime.readPolicy())) throw new RedressError('gate/stopped', 'The kill switch stops everything.');
  };
  const closing = await runtime.gate.within(lease, () =>
    takeBack(runtime, { remediator, ref, plan, undo, now, lease, policy, deadline, hold: { for: holdFor, owner: options.by }, recheck }),
  );
  return closeExecution(runtime, { remediator, ref, trigger: { by: 'request' }, plan: undoPlan, decision, lease, seen: { observation } }, closing);
}

/**
 * Why an execution cannot be rolled back, as {@link rollback} would say it now; null: nothing speaks against it. Looks only.
 *
 * @param byRecords Leave the resource aside: something else is rolled back on it before.
 */
export async function rollbackRefusal(
  runtime: Runtime,
  execution: string,
  options: Pick<RollbackOptions, 'acceptLoss' | 'deadline'> & { readonly byRecords?: boolean },
): Promise<{ readonly message: string; readonly next: string | null } | null> {
  const journal = runtime.needJournal('A rollback');
  try {
    const story = await readExecution(journal, execution);
    const remediator = await mayTakeBack(runtime, execution, story, { by: '', reason: '', ...options });
    const policy = await runtime.readPolicy();
    if (await isStopped(runtime, policy)) refuse('The kill switch stops everything, including rollbacks.', 'Lift the stop first.');
    if (options.byRecords === true) {
      await asWhom(runtime, story.ref, remediator);
      return null;
    }
    // A worker that is gone is not seen to here: nothing is written.
    const { open } = await journal.view(story.ref);
    if (open !== null) refuse(`Execution ${open.execution} holds the resource.`, 'Try again, or run `redress recover`.');
    await asLeft(runtime, story, { execution, remediator, policy, deadline: options.deadline ?? null });
    return null;
  } catch (error) {
    if (!isRedressError(error) || error.code !== 'rollback/refused') throw error;
    return { message: error.message, next: error.next ?? null };
  }
}

const AS = { access: 'rollback', execution: null } as const;

/** Refuses credentials that may not roll it back. */
async function asWhom(runtime: Runtime, ref: ResourceRef, remediator: Remediator): Promise<void> {
  const identity = await runtime.identity(ref, AS);
  if (identity.account !== ref.account)
    refuse(`The credentials belong to account ${identity.account}; the resource is in ${ref.account}.`, 'Connect to that account.');
  // IAM denies it to every role of Redress: refused before it begins, it leaves no record of a failure, and no hold.
  if (remediator.rollback?.by === 'person' && identity.actsAs !== undefined)
    refuse(
      `No role of Redress may undo what ${remediator.id} does.`,
      `Roll it back with credentials of your own in account ${ref.account}: connect without a role.`,
    );
}

/** The resource and its history, as long as it is what the fix has left. */
async function asLeft(
  runtime: Runtime,
  { ref, after }: Story,
  how: { readonly execution: string; readonly remediator: Remediator; readonly policy: Policy; readonly deadline: number | null },
): Promise<{ readonly view: StreamView; readonly observation: Fact<Observed>; readonly now: Json }> {
  const { execution, remediator, policy, deadline } = how;
  await asWhom(runtime, ref, remediator);

  const journal = runtime.needJournal('A rollback');
  const view = await closedView(runtime, journal, ref, deadline);
  if (await isTakenBack(journal, ref, execution)) refuse(`${execution} was rolled back already.`, 'See `redress history`.');
  const { observation } = await runtime.look(remediator, ref, known(policy), { as: AS, deadline, purpose: 'verification' });
  if (!observation.ok) return refuse(`The resource cannot be read: ${observation.error}`, 'Try again when it can.', true);
  if (observation.value === 'gone') return refuse('The resource is gone.', 'There is nothing to roll back.');
  const now = observation.value.state;
  const effective = (state: Json) => digestOf(toJson(remediator.effective?.(state) ?? state) as Json);
  if (after !== null && effective(now) !== effective(after))
    refuse(
      'The resource drifted after the fix: its state is not the one that the fix left.',
      holdsMarker(after)
        ? 'Its state holds a secret: if the redaction key was replaced since, use the earlier key. Otherwise roll back later executions first, or restore by hand.'
        : 'Roll back later executions first, or restore by hand. `redress history` shows what happened.',
    );
  return { view, observation, now };
}

/** Whether rollbacks are stopped, too: by the policy, or by the kill switch as it is now. */
async function isStopped(runtime: Runtime, { stop }: Pick<Policy, 'stop'>): Promise<boolean> {
  return stop === 'everything' || (await runtime.readStop()) === 'everything';
}

/** The history, with nothing open: a rollback whose worker is gone may be what has changed the resource since. */
async function closedView(runtime: Runtime, journal: Journal, ref: ResourceRef, deadline: number | null): Promise<StreamView> {
  const view = await journal.view(ref);
  if (view.open === null) return view;
  if (view.open.leaseUntil > runtime.clock.now()) return refuse(`Execution ${view.open.execution} holds the resource.`, 'Try again.', true);
  await recoverOne(runtime, view.open, deadline);
  return journal.view(ref);
}

/** Whether it was rolled back before: a view does not reach back forever, the records do. */
async function isTakenBack(journal: Journal, ref: ResourceRef, execution: string): Promise<boolean> {
  const rollbacks = new Set<string | null>();
  for await (const { record } of journal.read({ resource: ref })) {
    if (record.kind === 'intent' && record.body['rollbackOf'] === execution) rollbacks.add(record.execution);
    const own = record.kind === 'outcome' && rollbacks.has(record.execution) ? record.body['journal'] : undefined;
    if (isRecord(own) && own['outcome'] === 'rolled-back') return true;
  }
  return false;
}

/** Under the lease: read again, undo, and verify that it is as before; returns the outcome of the execution. */
async function takeBack(
  runtime: Runtime,
  args: {
    readonly remediator: Remediator;
    readonly ref: ResourceRef;
    readonly plan: Plan;
    readonly undo: readonly Change[];
    /** The state that was decided on. */
    readonly now: Json;
    readonly lease: Lease;
    readonly policy: Policy;
    readonly deadline: number | null;
    readonly hold: { readonly for: number; readonly owner: string };
    readonly recheck: () => Promise<void>;
  },
): Promise<Closing> {
  const { remediator, ref, plan, undo, lease, deadline, recheck } = args;
  const policy = known(args.policy);
  const as = inExecution(lease, remediator, ref, 'rollback');
  const look = async () => (await runtime.look(remediator, ref, policy, { as, deadline, purpose: 'verification' })).observation;
  const under = await look();
  if (!under.ok || under.value === 'gone' || digestOf(under.value.state) !== digestOf(args.now))
    return { outcome: 'superseded', message: 'The resource changed at the same time, so nothing was rolled back.', sent: 0 };
  const applied = await apply(runtime, { remediator, ref, changes: undo, purpose: 'rollback', lease, deadline, policy, recheck });
  const sent = applied.sent + applied.unsure;
  const calls = { calls: applied.calls };
  if (applied.error !== null && sent === 0) return { outcome: 'failed', message: applied.error, sent, body: calls, retryable: applied.retryable };

  // Whatever state this leaves, the next event must not fix it at once.
  const hold = { until: runtime.clock.now() + args.hold.for, owner: args.hold.owner };
  // The last that could be read, and why it was not the last look.
  const seen: { after: Json | null; error: string } = { after: null, error: 'it is gone' };
  const restored = await lookUntil(
    runtime,
    (isRestored) => isRestored,
    async () => {
      const observed = await look();
      if (!observed.ok) seen.error = observed.error;
      if (!observed.ok || observed.value === 'gone') return false;
      seen.after = observed.value.state;
      return remediator.equivalent(plan.before, seen.after);
    },
  );
  const closing = { sent, hold, ...(seen.after === null ? {} : { documents: { after: seen.after } }) };
  if (restored)
    return {
      ...closing,
      outcome: 'rolled-back',
      message: `${plan.changes.map((change) => change.summary).join('; ')}: rolled back`,
      body: { ...calls, verified: 'verified' },
    };
  return { ...closing, ...notRestored(applied.error, seen), body: { ...calls, verified: seen.after === null ? 'unconfirmed' : 'not-verified' } };
}

/** What a rollback comes to whose effect is not seen. */
function notRestored(stopped: string | null, { after, error }: { readonly after: Json | null; readonly error: string }): Pick<Closing, 'outcome' | 'message'> {
  if (stopped === null && after === null)
    return { outcome: 'unknown', message: `The calls were sent, but the resource could not be read afterwards: ${error}` };
  const message = `The rollback is not complete: ${stopped ?? 'the resource is not as it was before the fix'}`;
  return { outcome: stopped === null ? 'unknown' : 'partial', message };
}
