import { approvalOf, isOwn } from '../guardrails/approval.js';
import { callOf } from '../guardrails/fights.js';
import type { Shown } from '../guardrails/freshness.js';
import { type Decision, decisive, type Fact, type Facts, known } from '../guardrails/guardrail.js';
import type { StreamView } from '../journal.js';
import type { Plan } from '../model/plan.js';
import { enforcing, modeOf } from '../policy/policy.js';
import { execute } from './execute.js';
import { endMoot, sendNotice } from './grace.js';
import { mayBeReadLater } from './later.js';
import { partsOf, type Sight } from './look.js';
import { makePlan, type Part } from './planning.js';
import { announcedBy, blank, outcomeOf, recordDecision, type Verdict } from './recorder.js';
import { type Runtime, unread } from './runtime.js';
import type { PassResult } from './types.js';
import type { End, Lead, Way } from './way.js';

const DONE: Lead = { is: 'done' };

/** Decides on each part of what would be changed, and carries out what is allowed; after a change what is left is planned from what is there then. */
export async function decideParts(runtime: Runtime, way: Way, sight: Sight): Promise<End> {
  const { facts, seen } = sight;
  const runbook =
    way.remediator.runbook === undefined ? null : await (await import('./runbook.js')).whileRunbook(runtime, way, { seen, facts, dryRun: way.run.dryRun });
  if (runbook !== null) return { results: [runbook], leads: DONE };
  if (!way.run.dryRun && facts.history.ok) await endMoot(runtime, way, seen, facts.history.value.approvals, (look) => partsOf(sight, way, look, 'all'));
  const elsewhere = decidedElsewhere(way, sight);
  if (elsewhere !== null) return { results: [await recordDecision(runtime, way, way.run.dryRun, elsewhere)], leads: DONE };
  const results: PassResult[] = [];
  let last: Lead = DONE;
  for (const part of todo(sight, way)) {
    const { results: made, leads } = await decideOn(runtime, way, sight, part);
    results.push(...made);
    if (leads.is === 'settle') last = leads;
    else {
      if (part !== null && leads.is !== 'turn' && !isSuperseded(made)) way.done.add(part.key);
      if (part !== null) for (const result of made) remember(way, part, result);
      // Something was changed, or is not what it was: the rest is planned from what is there now.
      if (leads.is !== 'go-on') return { results, leads };
    }
  }
  return { results, leads: last };
}

function isSuperseded(results: readonly PassResult[]): boolean {
  return results.length === 0 || results.some(({ outcome }) => outcome === 'superseded');
}

/** What has to be decided on; one decision without a part when nothing is to be changed. After an approval, only what was approved. */
function todo(sight: Sight, way: Way): readonly (Part | null)[] {
  const { seen } = sight;
  const { trigger, done } = way;
  const parts = partsOf(sight, way, seen);
  if (trigger.by === 'approval') {
    const mine = parts.filter((part) => part.approval?.id === trigger.approval && !done.has(part.key));
    return mine.length > 0 || done.size > 0 ? mine : [null];
  }
  if (seen.assessment.ok && seen.assessment.value.status === 'change') return parts.filter((part) => !done.has(part.key));
  return done.size > 0 ? [] : [null];
}

/** When others have decided on everything in this pass: what was said of a call holds for it, whoever plans it. */
function decidedElsewhere({ together, remediator }: Way, { seen }: Sight): Verdict | null {
  if (!seen.assessment.ok || seen.assessment.value.status !== 'change') return null;
  const { changes } = seen.assessment.value;
  const by = new Set(changes.map((change) => together.decided.get(callOf(change))));
  if (changes.length === 0 || [...by].some((each) => each === undefined || each.remediator === remediator.id)) return null;
  const message = `Decided on already: ${[...by].map((each) => `${each?.remediator}: ${each?.outcome}`).join(', ')}.`;
  return { outcome: 'no-op', message, open: changes.map((change) => change.summary) };
}

/** What was decided on and not made is not decided on by another remediator. What the policy lets one of them do says nothing of another. */
function remember({ together }: Way, part: Part, result: PassResult): void {
  const { decision, outcome } = result;
  if (['remediated', 'flagged', 'superseded', 'busy'].includes(outcome)) return;
  const own = decision !== null && isOwn(decisive(decision).map((each) => each.guardrail));
  if (!own) for (const change of part.changes) together.decided.set(callOf(change), result);
}

/** One part: the decision, and what follows from it. */
async function decideOn(runtime: Runtime, way: Way, sight: Sight, part: Part | null): Promise<End> {
  const { remediator, ref, run } = way;
  const { plan, ...facts } = factsOf(way, sight, part);
  // What was new when its approval was asked for stays so: waiting for an answer makes nothing older.
  const shown = part?.approval === undefined ? sight.shown : part.approval.fresh ? 'all' : 'nothing';
  const decided: Facts = { ...facts, plan: plan?.digest ?? null };
  const decision = runtime.decide(decided, shown);
  if (decision.effect === 'deny' && part !== null && decisive(decision).every((each) => each.code === 'settling'))
    return { results: [], leads: { is: 'settle', until: (facts.lastChange ?? facts.now) + remediator.settle } };
  const ifEnforced = run.dryRun && plan !== null ? await decidedIfEnforced(runtime, way, decided, shown) : null;
  const verdict = verdictOf(way, decided, plan, decision);
  if (verdict !== null || plan === null)
    return { results: [{ ...(await conclude(runtime, way, decided, { ...(verdict ?? NO_PLAN), decision, plan })), ifEnforced }], leads: { is: 'go-on' } };
  const open = assessedOpen(facts);
  if (run.dryRun) {
    const message = plan.changes.map((change) => change.summary).join('; ');
    return { results: [{ ...blank(remediator, ref), outcome: 'planned', message, decision, ifEnforced, plan, open }], leads: { is: 'go-on' } };
  }
  return execute(runtime, way, { facts: decided, shown, plan, decision, approval: approvalOf(decision), open });
}

/** What would be decided if the policy enforced it here; also what a lower environment has to show first is asked then. */
async function decidedIfEnforced(runtime: Runtime, { remediator, ref }: Way, facts: Facts, shown: Shown): Promise<Decision | null> {
  if (!facts.policy.ok) return null;
  const policy = known(enforcing(facts.policy.value, remediator.id, ref.account));
  return runtime.decide({ ...facts, policy, track: await runtime.trackRecord(policy, remediator, ref) }, shown);
}

const NO_PLAN = { outcome: 'denied', message: 'There is no plan.' } as const;

/** The facts for one part, and its plan. */
function factsOf({ remediator, ref, run }: Way, { facts, seen }: Sight, part: Part | null): Omit<Facts, 'plan'> & { readonly plan: Plan | null } {
  const observed = seen.observation.ok && seen.observation.value !== 'gone' ? seen.observation.value : null;
  return {
    ...facts,
    // As it is now: others of the run may have taken their place since the facts were gathered.
    run: { changes: run.budget.changes },
    changes: part?.changes ?? [],
    hazards: part?.hazards ?? facts.hazards,
    // Only what would be changed has to settle.
    lastChange: part === null ? null : facts.lastChange,
    plan: part === null || observed === null ? null : makePlan(remediator, ref, observed.state, part),
  };
}

function assessedOpen({ assessment }: Pick<Facts, 'assessment'>): readonly string[] {
  return assessment.ok && assessment.value.status === 'change' ? (assessment.value.open ?? []) : [];
}

/** The outcome of a decision; null: the plan is carried out. `repeats`: whoever reported it before it was closed may report the same thing again. */
function verdictOf(way: Way, facts: Facts, plan: Plan | null, decision: Decision): (Verdict & { readonly repeats?: true }) | null {
  const { remediator, ref, trigger } = way;
  const why = decisive(decision)
    .map((each) => each.message)
    .join(' ');
  if (!facts.assessment.ok) {
    return { outcome: 'denied', message: `Not decided, because it could not be read: ${unread(facts)?.error ?? ''}`, retryable: mayBeReadLater(facts) };
  }
  const assessment = facts.assessment.value;
  if (trigger.by === 'approval' && plan === null)
    return { outcome: 'superseded', message: 'The resource is not as it was when the approval was requested, so the approval was not used.' };
  if (assessment.status === 'compliant') return { outcome: 'no-op', message: assessment.message ?? 'There is nothing to change.', repeats: true };
  if (assessment.status === 'not-applicable') return { outcome: 'no-op', message: `It does not apply: ${assessment.reason}`, repeats: true };
  if (decision.effect === 'deny') return { outcome: 'denied', message: why, retryable: mayBeReadLater(facts) };
  if (decision.effect === 'exempt') return { outcome: 'exempt', message: why };
  if (assessment.status === 'manual')
    return { outcome: 'notified', message: assessment.message, open: [assessment.message], steps: assessment.steps ?? [], repeats: true };
  if (decision.effect === 'allow') return null;
  const planned = decision.effect === 'notify' && facts.policy.ok && modeOf(facts.policy.value, remediator.id, ref.account) === 'plan';
  return { outcome: planned ? 'planned' : outcomeOf(decision), message: why, open: assessedOpen(facts), fresh: isFresh(decision) };
}

/** Records the outcome of a decision, and sends the notice of an announced change. */
async function conclude(
  runtime: Runtime,
  way: Way,
  facts: Facts,
  { repeats, ...verdict }: Verdict & { readonly decision: Decision; readonly repeats?: true },
): Promise<PassResult> {
  const { run } = way;
  const earlier = repeats === true ? await answered(runtime, way, facts.history) : null;
  const repeated = earlier === null ? {} : ({ outcome: 'no-op', message: earlier.message, duplicateOf: earlier.execution, steps: [] } as const);
  const result = await recordDecision(runtime, way, run.dryRun, { ...verdict, facts, ...repeated });
  const announced = !run.dryRun && result.outcome === 'awaiting-approval' && announcedBy(verdict.decision) !== null;
  return announced ? sendNotice(runtime, way, result, facts, run.deadline) : result;
}

/** Whether the event showed the change itself when it was decided on. */
function isFresh(decision: Decision): boolean {
  return decision.results.some((each) => each.guardrail === 'freshness' && each.effect === 'allow');
}

/** The execution that already does, or did, what this input asks for. */
async function answered(
  runtime: Runtime,
  { remediator, ref, trigger, run }: Way,
  history: Fact<StreamView>,
): Promise<{ readonly execution: string; readonly message: string } | null> {
  // What was reported before it was fixed is the same report again.
  const reported = trigger.by === 'finding' && trigger.finding.observedAt !== null ? Date.parse(trigger.finding.observedAt) : Number.POSITIVE_INFINITY;
  const find = ({ open, closed }: StreamView) => {
    const last = closed.find((each) => each.remediator === remediator.id);
    if (last !== undefined && ['remediated', 'flagged'].includes(last.outcome) && reported <= last.closedAt)
      return { execution: last.execution, message: `Execution ${last.execution} has closed it already.` };
    return open !== null && open.remediator === remediator.id ? { execution: open.execution, message: `Execution ${open.execution} is working on it.` } : null;
  };
  const answer = history.ok ? find(history.value) : null;
  // The history was read before the resource: another worker may have made the change in between.
  return answer !== null || run.dryRun || runtime.journal === null ? answer : find(await runtime.journal.view(ref));
}
