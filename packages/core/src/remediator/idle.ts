import { type Json, type JsonObject, toJson } from '../model/json.js';
import type { Assessment } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';

interface About {
  readonly resource: ResourceRef;
  readonly parameters: JsonObject;
  readonly observedAt: number;
}

/** Whether a glance shows that there is nothing to do. */
export function isIdle(
  remediator: { plan(args: About & { state: Json; context: unknown }): Assessment },
  { seen }: { readonly seen: { readonly state: Json; readonly context?: unknown } | null },
  about: About,
): boolean {
  if (seen === null) return false;
  try {
    const { status } = remediator.plan({ ...about, state: toJson(seen.state), context: seen.context });
    return status === 'compliant' || status === 'not-applicable';
  } catch {
    // What a list cannot show is read.
    return false;
  }
}
