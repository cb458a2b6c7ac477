// What other remediators of the same resource plan by now, and what of what people were asked for them still stands.
import { isOfOther } from '../guardrails/approval.js';
import { callOf } from '../guardrails/fights.js';
import { type Fact, type Facts, known } from '../guardrails/guardrail.js';
import type { Approval, StreamView } from '../journal.js';
import type { Digest } from '../model/json.js';
import { modeOf, type Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { LOOKING } from './gate.js';
import { type Look, type Runtime, unread } from './runtime.js';
import type { Way } from './way.js';

/**
 * The narrower remediators that plan the same calls, if an exception names one of them: the exception then applies to the call, whichever
 * remediator plans it. If this cannot be determined, nothing is decided.
 */
export async function plannedByOthers(
  runtime: Runtime,
  way: Way,
  { policy, register }: Pick<Facts, 'policy' | 'register'>,
  seen: Look,
): Promise<Fact<ReadonlyMap<Digest, readonly string[]>>> {
  const { remediator, ref } = way;
  const planned = new Map<Digest, string[]>();
  if (!register.ok || !seen.assessment.ok || seen.assessment.value.status !== 'change') return known(planned);
  const named = new Set(register.value.entries.flatMap(({ scope }) => scope.remediators ?? []));
  for (const narrow of runtime.remediators) {
    const { id, breadth, resourceTypes } = narrow;
    if (!named.has(id) || breadth >= remediator.breadth || !resourceTypes.includes(ref.type)) continue;
    const calls = await callsOf(runtime, way, narrow, policy);
    if (!calls.ok) return { ...calls, error: `an exception names ${id}, and what that would change could not be read: ${calls.error}` };
    for (const call of calls.value) planned.set(call, [...(planned.get(call) ?? []), id]);
  }
  return known(planned);
}

/** The calls that another remediator would make. */
async function callsOf(runtime: Runtime, { ref, run, together }: Way, other: Remediator, policy: Fact<Policy>): Promise<Fact<readonly Digest[]>> {
  const look = await runtime.look(other, ref, policy, { as: LOOKING, deadline: run.deadline, shared: together.reads });
  const blind = unread(look);
  if (blind !== null || !look.assessment.ok) return blind ?? known([]);
  return known(look.assessment.value.status === 'change' ? look.assessment.value.changes.map(callOf) : []);
}

/**
 * The history without requests of other remediators that can no longer be carried out. They would hold these changes back until they expire, and
 * nobody could answer them. A denial stays, because it is about the calls, whichever remediator requested them.
 */
export async function answerable(
  runtime: Runtime,
  way: Way,
  { policy, view, seen }: { readonly policy: Fact<Policy>; readonly view: Fact<StreamView>; readonly seen: Look },
): Promise<Fact<StreamView>> {
  if (!policy.ok || !view.ok || !seen.assessment.ok || seen.assessment.value.status !== 'change') return view;
  const { changes } = seen.assessment.value;
  const over = new Set<Approval>();
  for (const each of view.value.approvals)
    if (isOfOther(each, { remediator: way.remediator, changes, now: runtime.clock.now() }) && !(await canBeCarriedOut(runtime, way, each, policy.value)))
      over.add(each);
  return over.size === 0 ? view : known({ ...view.value, approvals: view.value.approvals.filter((each) => !over.has(each)) });
}

/** Whether its remediator is there, may change something after an answer, and still plans the calls, as far as can be determined. */
async function canBeCarriedOut(runtime: Runtime, way: Way, { remediator: id, calls = [] }: Approval, policy: Policy): Promise<boolean> {
  const other = runtime.remediators.find((each) => each.id === id);
  if (other === undefined || !['enforce', 'approve'].includes(modeOf(policy, id, way.ref.account))) return false;
  const planned = await callsOf(runtime, way, other, known(policy));
  return !planned.ok || calls.every((call) => planned.value.includes(call));
}
