import type { Fact } from '../guardrails/guardrail.js';
import type { Lease } from '../journal.js';
import { isRedressError, messageOf } from '../model/errors.js';
import { atPointer, type JsonObject } from '../model/json.js';
import type { Change } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import type { AwsFailure } from './aws-errors.js';
import { denialOf, toldOf } from './denial.js';
import { inExecution, LOOKING, WRITE_BUDGET, type WriteContext, type WriteReply } from './gate.js';
import { remaining, unplanned } from './planning.js';
import { persist } from './recorder.js';
import { type Observed, type Runtime, tells } from './runtime.js';
import { resolveUndo } from './story.js';
import { lookUntil } from './verify.js';

/** A call is sent again only after a look has shown that it had no effect. */
const ATTEMPTS = 2;

/** Milliseconds before a throttled call is sent again, if calls of the same plan have had their effect: half a plan is worse than a slow one. */
const PAUSES = [1000, 2000, 4000] as const;

/** How far the calls of a plan got. */
export interface Applied {
  /** Changes made, from the first on. */
  readonly done: number;
  /** Calls that certainly had their effect. */
  readonly sent: number;
  /** Calls with an unknown effect. */
  readonly unsure: number;
  /** What stopped it; null when nothing did. */
  readonly error: string | null;
  readonly failure: AwsFailure | null;
  readonly retryable: boolean;
  /** As they were recorded. */
  readonly calls: JsonObject[];
}

/** What is applied, and how. */
interface Application {
  readonly remediator: Remediator;
  readonly ref: ResourceRef;
  readonly changes: readonly Change[];
  readonly purpose: WriteContext['purpose'];
  readonly lease: Lease;
  readonly deadline: number | null;
  readonly recheck: () => Promise<void>;
  readonly policy: Fact<Policy>;
  /** What the plan was made from. */
  readonly earlier?: Observed | null;
  /**
   * Receives the promise for the record of the last call, which is written while its effect is read. The caller awaits it before it closes the
   * execution.
   */
  readonly besides?: Promise<unknown>[];
}

/** Counts as it goes. */
interface Progress {
  sent: number;
  unsure: number;
  readonly calls: JsonObject[];
}

type Stop = Pick<Applied, 'error' | 'failure' | 'retryable'>;

/** Sends the calls of changes in order, one attempt each, unless one in the middle is throttled; after a lost reply it looks before anything else. */
export async function apply(runtime: Runtime, args: Application): Promise<Applied> {
  const progress: Progress = { sent: 0, unsure: 0, calls: [] };
  for (const index of args.changes.keys()) {
    const stop = await make(runtime, args, index, progress);
    if (stop !== null) return { done: index, ...progress, ...stop };
  }
  return { done: args.changes.length, ...progress, error: null, failure: null, retryable: false };
}

/** Makes one change; null when it is made, else what stopped it. */
async function make(runtime: Runtime, args: Application, index: number, progress: Progress): Promise<Stop | null> {
  const { remediator, ref, lease, purpose, deadline, recheck } = args;
  const change = args.changes[index] as Change;
  const { service, operation } = change.call;
  const context: WriteContext = { remediator, resource: ref, purpose, lease, deadline, recheck };
  // An earlier attempt whose reply was lost may still have had its effect, whatever the looks after it have shown.
  let losses = 0;
  const pauses = PAUSES.values();
  const unsure = (stop: Stop, is = losses > 0): Stop => {
    if (is) progress.unsure++;
    return stop;
  };
  for (let attempt = 1; ; attempt++) {
    const record = (status: string, more: JsonObject) => recordCall(runtime, args, progress, { index, service, operation, attempt, status, ...more });
    let reply: WriteReply;
    try {
      reply = await runtime.gate.write(change.call, context);
    } catch (error) {
      // The gate did not let it through: nothing was sent, this time.
      return unsure({ error: messageOf(error), failure: null, retryable: isRedressError(error) && error.retryable });
    }
    if (reply.ok) {
      progress.sent++;
      const automation = remediator.runbook === undefined ? undefined : atPointer(reply.response, '/AutomationExecutionId');
      const more = { undo: resolveUndo(change, reply.response), ...(typeof automation === 'string' ? { automation } : {}) };
      const recorded = record('applied', { requestId: reply.requestId, caller: reply.caller, ...more });
      if (args.besides === undefined || index + 1 < args.changes.length) await recorded;
      else args.besides.push(recorded);
      return null;
    }
    const { failure } = reply;
    const described = { requestId: failure.requestId, caller: reply.caller, error: failure.code, name: failure.name };
    const refused = failure.effect === 'refused';
    if (refused) await record('refused', described);
    const pause = failure.code === 'aws/throttled' && losses === 0 && progress.sent > 0 ? pauses.next().value : undefined;
    if (pause !== undefined && runtime.clock.now() + pause + WRITE_BUDGET <= Math.min(lease.until, deadline ?? Infinity)) {
      await runtime.clock.sleep(pause);
      continue;
    }
    const still = refused && losses === 0 ? true : await stillToDo(runtime, args, change);
    if (still === false) {
      // Its reply was lost; or it was refused, because the lost one has done it.
      progress.sent++;
      await record('applied', { ...described, observedBy: 'look', undo: resolveUndo(change, null) });
      return null;
    }
    const denial = purpose === 'fix' && losses === 0 ? denialOf(failure) : null;
    const said = denial === null ? failure.message : `${failure.message} ${toldOf(denial)}`;
    if (refused) return unsure({ error: `${service}:${operation} was refused: ${failure.name}: ${said}`, failure, retryable: failure.retryable });
    await record(still === null ? 'unknown' : 'not-applied', described);
    if (still === null)
      return unsure(
        { error: `The reply to ${operation} was lost, and whether it had its effect cannot be read: ${failure.message}`, failure, retryable: false },
        true,
      );
    if (++losses >= ATTEMPTS)
      return unsure({ error: `${operation} was lost twice, and no effect was found: ${failure.message}`, failure, retryable: failure.retryable });
  }
}

async function recordCall(runtime: Runtime, { lease, ref, remediator }: Application, { calls }: Progress, call: JsonObject): Promise<void> {
  calls.push(call);
  await persist(runtime, (journal) => journal.append({ kind: 'call', lease, resource: ref, remediator: remediator.id, body: { call } }));
}

/**
 * Looks after a lost reply whether the change is still to be made; null if that cannot be determined. One read that does not show it is not enough
 * to send the call again, for reads may be stale.
 */
function stillToDo(
  runtime: Runtime,
  { remediator, ref, changes, purpose, lease, policy, deadline, earlier = null }: Application,
  change: Change,
): Promise<boolean | null> {
  return lookUntil(
    runtime,
    (still) => still !== true,
    async () => {
      const seen = await runtime.look(remediator, ref, policy, {
        // Who writes reads nothing; who rolls back looks for itself.
        as: purpose === 'fix' ? LOOKING : inExecution(lease, remediator, ref, purpose),
        deadline,
        purpose: 'verification',
        earlier,
      });
      if (purpose !== 'fix' || !seen.assessment.ok || !tells(seen)) return null;
      if (remaining([change], seen.assessment.value).length > 0) return true;
      // It has the gap in another way: somebody has changed it meanwhile, and it says nothing of this call.
      return unplanned(changes, seen.assessment.value) ? null : false;
    },
  );
}
