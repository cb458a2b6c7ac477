import { type Json, type JsonObject, toJson } from '../model/json.js';
import type { ResourceRef } from '../model/resource.js';
import type { Glance, Remediator } from './define.js';

/** Whether a glance shows that there is nothing to do. */
export function isIdle(
  remediator: Pick<Remediator, 'plan'>,
  { seen }: Pick<Glance<Json, unknown>, 'seen'>,
  about: { readonly resource: ResourceRef; readonly parameters: JsonObject; readonly observedAt: number },
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
