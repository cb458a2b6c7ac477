import type { Fact } from '../guardrails/guardrail.js';
import { emptyView, type StreamView } from '../journal.js';
import { streamOf } from '../model/resource.js';
import { recoverOne } from './recover.js';
import { factOf, type Runtime, type Standing } from './runtime.js';
import type { Way } from './way.js';

/** What is known before the resource is looked at. */
export interface History {
  readonly standing: Standing;
  /** Read before the look: what happened since makes `begin` refuse. */
  readonly view: Fact<StreamView>;
}

/**
 * Reads what was recorded of the resource, and beside it all that does not depend on it. Null: an execution whose worker is gone was closed,
 * since only then is known what happened; it has to be read once more.
 */
export async function readHistory(runtime: Runtime, { ref, run, together }: Way): Promise<History | null> {
  const { journal } = runtime;
  const [standing, view] = await Promise.all([runtime.standing(), factOf(async () => (journal === null ? emptyView(streamOf(ref)) : await journal.view(ref)))]);
  const open = view.ok ? view.value.open : null;
  if (run.dryRun || open === null || open.leaseUntil > runtime.clock.now()) return { standing, view };
  await recoverOne(runtime, open, run.deadline);
  together.reads.forget();
  return null;
}
