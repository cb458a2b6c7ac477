import { isLive, requestOn } from '../guardrails/approval.js';
import { setApart } from '../guardrails/exceptions.js';
import { callOf } from '../guardrails/fights.js';
import { type Shown, shownBy } from '../guardrails/freshness.js';
import { type Facts, unreadable } from '../guardrails/guardrail.js';
import type { Change } from '../model/plan.js';
import { LOOKING } from './gate.js';
import type { History } from './history.js';
import { answerable, plannedByOthers } from './others.js';
import { type Approved, makePlan, type Part, partition } from './planning.js';
import type { Look, Runtime } from './runtime.js';
import type { Way } from './way.js';

/** The resource, and all facts for a decision. */
export interface Sight {
  readonly seen: Look;
  readonly facts: Facts;
  /** What the event shows to be new. */
  readonly shown: Shown;
}

/** Looks at the resource, and gathers the facts for the decision. */
export async function lookAt(runtime: Runtime, way: Way, { standing, view }: History): Promise<Sight> {
  const { remediator, ref, identity, trigger, ids, run, together } = way;
  const { policy } = standing;
  const home = identity.ok && identity.value.account === ref.account;
  const [found, track] = await Promise.all([
    home ? runtime.look(remediator, ref, policy, { as: LOOKING, deadline: run.deadline, shared: together.reads }) : unseen(identity),
    runtime.trackRecord(policy, remediator, ref),
  ]);
  const [others, history] = await Promise.all([plannedByOthers(runtime, way, standing, found), answerable(runtime, way, { policy, view, seen: found })]);
  const seen: Look = others.ok ? found : { ...found, assessment: others };
  const shown = shownBy(trigger, remediator, ref, ids, policy.ok ? policy.value : null, runtime.clock.now());
  const facts = runtime.facts({
    remediator,
    ref,
    trigger,
    identity,
    standing,
    history,
    track,
    seen,
    ...(others.ok ? { alsoPlannedBy: others.value } : {}),
    changes: run.budget.changes,
    lastChange: way.lastChange,
  });
  return { seen, shown, facts };
}

/** Nothing is read with credentials that are not known to belong to the resource's account. */
function unseen(identity: Facts['identity']): Look {
  const observation = identity.ok
    ? unreadable('not read with credentials of another account')
    : { ...identity, error: `whose the credentials are could not be read: ${identity.error}` };
  return { observation, assessment: unreadable('not read') };
}

/** Changes that another remediator has not decided on in this pass. */
function undecided(changes: readonly Change[], { together, remediator }: Pick<Way, 'together' | 'remediator'>): readonly Change[] {
  return changes.filter((change) => (together.decided.get(callOf(change))?.remediator ?? remediator.id) === remediator.id);
}

/** The changes by what decides on them; what was approved as one is one, as long as it is still the same plan. */
export function partsOf({ facts, shown }: Sight, way: Way, look: Look, all: 'undecided' | 'all' = 'undecided'): readonly Part[] {
  if (!look.assessment.ok || !look.observation.ok || look.observation.value === 'gone' || look.assessment.value.status !== 'change') return [];
  const { remediator, ref, trigger } = way;
  const { state } = look.observation.value;
  const { history, now } = facts;
  const approvals = history.ok ? history.value.approvals.filter((each) => isLive(each, now)) : [];
  // What was approved just now comes first: an earlier yes to the same plan may have been to less.
  const isAsked = (id: string) => trigger.by === 'approval' && trigger.approval === id;
  const approved = approvals
    .toSorted((a, b) => Number(isAsked(b.id)) - Number(isAsked(a.id)))
    .filter((each) => each.remediator === remediator.id && (each.verdict === 'approved' || (each.verdict === 'none' && each.grace !== undefined)))
    .map((each): Approved => ({ ...each, holds: (part) => makePlan(remediator, ref, state, part).digest === each.planDigest }));
  const { value } = look.assessment;
  const changes = all === 'all' ? value.changes : undecided(value.changes, way);
  const said = (change: Change) => `${setApart({ ...facts, observation: look.observation }, change)}${requestOn(approvals, remediator, change) ?? ''}`;
  // Changes without a subject stay together: what is said of one of them is said of all.
  const whole = [...new Set(changes.filter(({ subject }) => subject === undefined).map(said))].join(' ');
  return partition({ ...value, changes }, shown, approved, (change) => (change.subject === undefined ? whole : said(change)));
}
