import type { ResourceRef } from '../model/resource.js';
import { recordDecision } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';
import type { Way } from './way.js';

/**
 * The canonical name of a resource that an event may name in several ways, or the end of the pass if it cannot be determined. It is determined once
 * in a pass, so that no claim is later taken for a name. With credentials of another account nothing is read, because a read would show resources
 * of that account. The claim stays as it is, and the decision denies.
 */
export async function identify(
  runtime: Runtime,
  { remediator, ref: claimed, identity, trigger, run, together }: Way,
): Promise<{ readonly ref: ResourceRef } | { readonly end: readonly PassResult[] }> {
  if (!identity.ok || identity.value.account !== claimed.account) return { ref: claimed };
  const named = await runtime.identify(remediator, claimed, run.deadline, together.names);
  if (named.ok && named.value !== null) return { ref: named.value };
  const why = named.ok ? 'it is not in this account.' : named.error;
  const message = `${claimed.id} could not be identified, so nothing was done: ${why}`;
  const verdict = { outcome: 'denied', message, retryable: !named.ok && named.retryable } as const;
  return { end: [await recordDecision(runtime, { remediator, ref: claimed, trigger }, run.dryRun, verdict)] };
}
