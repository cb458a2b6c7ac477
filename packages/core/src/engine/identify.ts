import type { Fact } from '../guardrails/guardrail.js';
import type { ResourceRef } from '../model/resource.js';
import type { Identity } from '../ports.js';
import { LOOKING } from './gate.js';
import { recordDecision } from './recorder.js';
import { factOf, type Runtime } from './runtime.js';
import type { PassResult } from './types.js';
import type { PassRequest, ResourcePass, Run } from './way.js';

/** Which resource is meant, and whose credentials have seen it: both for the whole pass, so that no claim is taken for a name later. */
export interface Named {
  readonly ref: ResourceRef;
  readonly identity: Fact<Identity>;
}

/**
 * The one name of the resource that an event may name in several ways, or the end where nobody can tell. With credentials of another account
 * nothing is read, since what they show would be the other's: the claim stands, and the decision says no.
 */
export async function identify(
  runtime: Runtime,
  {
    remediator,
    claimed,
    trigger,
    run,
    together,
  }: Pick<PassRequest, 'remediator' | 'claimed' | 'trigger'> & { readonly run: Run; readonly together: ResourcePass },
): Promise<Named | { readonly end: readonly PassResult[] }> {
  const identity = await factOf(() => runtime.identity(claimed, LOOKING));
  if (!identity.ok || identity.value.account !== claimed.account) return { ref: claimed, identity };
  const named = await runtime.identify(remediator, claimed, run.deadline, together.names);
  if (named.ok && named.value !== null) return { ref: named.value, identity };
  const why = named.ok ? 'it is none of this account.' : named.error;
  const message = `${claimed.id} could not be identified, so nothing was done: ${why}`;
  const verdict = { outcome: 'denied', message, retryable: !named.ok && named.retryable } as const;
  return { end: [await recordDecision(runtime, { remediator, ref: claimed, trigger }, run.dryRun, verdict)] };
}
