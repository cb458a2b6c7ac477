import { deedOf } from '../actors.js';
import { type Fact, known } from '../guardrails/guardrail.js';
import { type Approval, emptyView, type StreamView } from '../journal.js';
import { streamOf } from '../model/resource.js';
import { triggerBody } from './recorder.js';
import { factOf, type Runtime, type Standing } from './runtime.js';
import type { Way } from './way.js';

/** What is known before the resource is observed. */
export interface History {
  readonly standing: Standing;
  /** Read before the resource: if something has happened since, `begin` refuses. */
  readonly view: Fact<StreamView>;
}

/**
 * Reads the records of the resource, and concurrently everything that does not depend on them. Null: an execution whose worker is gone was closed,
 * since only then is known what happened; it has to be read once more.
 */
export async function readHistory(runtime: Runtime, way: Way): Promise<History | null> {
  const { ref, run, together } = way;
  const { journal } = runtime;
  const [standing, view] = await Promise.all([runtime.standing(), factOf(async () => (journal === null ? emptyView(streamOf(ref)) : await journal.view(ref)))]);
  const open = view.ok ? view.value.open : null;
  if (run.dryRun || open === null || open.leaseUntil > runtime.clock.now())
    return { standing, view: view.ok ? known(withItsCause(view.value, way, runtime.clock.now())) : view };
  const { recoverOne } = await import('./recover.js');
  await recoverOne(runtime, open, run.deadline);
  together.reads.forget();
  return null;
}

/** The event that asks is in no record so far: whoever it names may have caused what it names, and what they have approved. */
function withItsCause(view: StreamView, way: Way, now: number): StreamView {
  const { remediator } = way;
  const deed = deedOf({ kind: 'decision', body: { trigger: triggerBody(way) }, remediator: remediator.id, time: new Date(now).toISOString() });
  if (deed === null || deed.who === null) return view;
  const { parts, who } = deed;
  const isNamed = ({ subjects }: Approval) => parts === null || subjects.length === 0 || subjects.some((subject) => parts.includes(subject));
  const approvals = view.approvals.map((each) => (isNamed(each) ? { ...each, causedBy: [...new Set([...each.causedBy, ...who])] } : each));
  return { ...view, approvals };
}
