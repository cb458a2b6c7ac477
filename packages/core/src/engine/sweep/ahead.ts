// Looks before it is a resource's turn, several at a time: passes are made one after the other, and find what they ask for read already.
import type { Fact } from '../../guardrails/guardrail.js';
import type { ResourceRef } from '../../model/resource.js';
import type { Policy } from '../../policy/policy.js';
import type { Remediator } from '../../remediator/define.js';
import { isIdle } from '../../remediator/idle.js';
import { LOOKING, SharedReads } from '../gate.js';
import { parametersOf, type Runtime } from '../runtime.js';
import { type ResourcePass, resourcePass } from '../way.js';
import { nameOf } from './list.js';

/** The result of a read ahead. */
export interface Looked {
  /** What was read for it: the passes over the resource ask for nothing twice. */
  readonly together: ResourcePass;
  /** Those for which there is nothing to do. */
  readonly idle: ReadonlySet<string>;
  /** When it was read; epoch milliseconds. */
  readonly seenAt: number;
}

/** Looks at a resource with the eyes of several remediators at the same time. Decides nothing, and records nothing. */
export async function lookAhead(
  runtime: Runtime,
  { ref, remediators }: { readonly ref: ResourceRef; readonly remediators: readonly Remediator[] },
  { policy, deadline }: { readonly policy: Fact<Policy>; readonly deadline: number | null },
): Promise<Looked> {
  const reads = new SharedReads(undefined, { failures: 'kept' });
  const together = resourcePass(remediators, reads);
  const seenAt = runtime.clock.now();
  const idle = new Set<string>();
  const look = async (remediator: Remediator) => {
    if (await isIdleAtAGlance(runtime, remediator, ref, policy, deadline, reads)) {
      idle.add(remediator.id);
      return;
    }
    const [named, { assessment }] = await Promise.all([
      runtime.identify(remediator, ref, deadline, together.names),
      runtime.look(remediator, ref, policy, { as: LOOKING, deadline, shared: reads }),
    ]);
    // Under another name it is another resource, and a pass finds that out.
    if (!named.ok || named.value === null || nameOf(named.value) !== nameOf(ref)) return;
    // A running runbook ends with a pass.
    if (assessment.ok && remediator.runbook === undefined && ['compliant', 'not-applicable'].includes(assessment.value.status)) idle.add(remediator.id);
  };
  await Promise.all(remediators.map(look));
  return { together, idle, seenAt };
}

/** Whether the few calls of a glance show that there is nothing to do. What they do not show, or cannot read, a look does. */
async function isIdleAtAGlance(
  runtime: Runtime,
  remediator: Remediator,
  ref: ResourceRef,
  policy: Fact<Policy>,
  deadline: number | null,
  reads: SharedReads,
): Promise<boolean> {
  if (remediator.glance === undefined || remediator.runbook !== undefined || !policy.ok) return false;
  const parameters = parametersOf(policy.value, remediator);
  try {
    const seen = await remediator.glance({ aws: runtime.gate.reads(remediator, ref, LOOKING, deadline, reads), resource: ref, parameters });
    return isIdle(remediator, { seen }, { resource: ref, parameters, observedAt: runtime.clock.now() });
  } catch {
    return false;
  }
}

/** Items in their order, each with what was begun for it. At most this many are begun before it is their turn. */
export async function* inAdvance<T, R>(items: readonly T[], most: number, begin: (item: T) => Promise<R>): AsyncGenerator<readonly [T, R]> {
  const begun: Promise<R>[] = [];
  let next = 0;
  try {
    for (const item of items) {
      while (next < items.length && begun.length < most) begun.push(begin(items[next++] as T));
      yield [item, await (begun[0] as Promise<R>)];
      begun.shift();
    }
  } finally {
    // None goes on unseen.
    await Promise.allSettled(begun);
  }
}
