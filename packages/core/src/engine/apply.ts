import type { Fact } from '../guardrails/guardrail.js';
import type { Lease } from '../journal.js';
import { isRedressError, messageOf } from '../model/errors.js';
import { atPointer, type Json, type JsonObject } from '../model/json.js';
import type { Assessment, Change } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import type { AwsFailure } from './aws-errors.js';
import { inExecution, SharedReads, type WriteContext, type WriteReply } from './gate.js';
import { remaining } from './planning.js';
import { persist, stillOpen } from './recorder.js';
import { type Runtime, tells, unread } from './runtime.js';
import { resolveUndo } from './story.js';

/** Reads are eventually consistent: what does not show at once is looked at again after so many milliseconds. */
export const VERIFY_WAITS: readonly number[] = [0, 250, 1000, 2000, 4000];
/** A call is sent again only after a look has shown that it had no effect. */
const ATTEMPTS = 2;

/** How far the calls of a plan got. */
export interface Applied {
  /** Changes made, from the first on. */
  readonly done: number;
  /** Calls that certainly had their effect. */
  readonly sent: number;
  /** Calls of which nobody knows. */
  readonly unsure: number;
  /** What stopped it; null when nothing did. */
  readonly error: string | null;
  readonly failure: AwsFailure | null;
  readonly retryable: boolean;
  /** As they were recorded. */
  readonly calls: JsonObject[];
}

/** Sends the calls of changes in order, one attempt each; after a lost reply it looks before anything else. */
export async function apply(
  runtime: Runtime,
  args: {
    remediator: Remediator;
    ref: ResourceRef;
    changes: readonly Change[];
    purpose: WriteContext['purpose'];
    lease: Lease;
    deadline: number | null;
    recheck: () => Promise<void>;
    policy: Fact<Policy>;
  },
): Promise<Applied> {
  const { remediator, ref, lease, purpose, deadline, changes } = args;
  const context: WriteContext = { remediator, resource: ref, purpose, lease, deadline, recheck: args.recheck };
  const calls: JsonObject[] = [];
  let sent = 0;
  let unsure = 0;
  const stopped = (done: number, error: string, failure: AwsFailure | null, retryable: boolean): Applied => ({
    done,
    sent,
    unsure,
    error,
    failure,
    retryable,
    calls,
  });
  for (const [index, change] of changes.entries()) {
    const { service, operation } = change.call;
    // An earlier attempt whose reply was lost may still have had its effect, whatever the looks after it have shown.
    let lost = false;
    for (let attempt = 1; ; attempt++) {
      const record = async (status: string, more: JsonObject) => {
        const call = { index, service, operation, attempt, status, ...more };
        calls.push(call);
        await persist(runtime, (journal) => journal.append({ kind: 'call', lease, resource: ref, remediator: remediator.id, body: { call } }));
      };
      let reply: WriteReply;
      try {
        reply = await runtime.gate.write(change.call, context);
      } catch (error) {
        // The gate did not let it through: nothing was sent, this time.
        if (lost) unsure++;
        return stopped(index, messageOf(error), null, isRedressError(error) && error.retryable);
      }
      if (reply.ok) {
        sent++;
        const automation = remediator.runbook === undefined ? undefined : atPointer(reply.response, '/AutomationExecutionId');
        await record('applied', {
          requestId: reply.requestId,
          caller: reply.caller,
          undo: resolveUndo(change, reply.response),
          ...(typeof automation === 'string' ? { automation } : {}),
        });
        break;
      }
      const { failure } = reply;
      const described = { requestId: failure.requestId, caller: reply.caller, error: failure.code, name: failure.name };
      const seenApplied = async () => {
        sent++;
        await record('applied', { ...described, observedBy: 'look', undo: resolveUndo(change, null) });
      };
      if (failure.effect === 'refused') {
        await record('refused', described);
        if (lost && (await stillToDo(runtime, args, change)) === false) {
          // Refused, because the lost one has done it.
          await seenApplied();
          break;
        }
        if (lost) unsure++;
        return stopped(index, `${service}:${operation} was refused: ${failure.name}: ${failure.message}`, failure, failure.retryable);
      }
      const still = await stillToDo(runtime, args, change);
      if (still === false) {
        await seenApplied();
        break;
      }
      if (still === null) {
        unsure++;
        await record('unknown', described);
        return stopped(index, `The reply to ${operation} was lost, and whether it had its effect cannot be read: ${failure.message}`, failure, false);
      }
      lost = true;
      await record('not-applied', described);
      if (attempt >= ATTEMPTS) {
        unsure++;
        return stopped(index, `${operation} was lost twice, and no effect was seen: ${failure.message}`, failure, failure.retryable);
      }
    }
  }
  return { done: changes.length, sent, unsure, error: null, failure: null, retryable: false, calls };
}

/**
 * Looks after a lost reply whether the change is still to be made; null when that cannot be told. One look that does not show it is not enough
 * to send the call again, for reads may be stale.
 */
async function stillToDo(
  runtime: Runtime,
  { remediator, ref, purpose, lease, policy, deadline }: Parameters<typeof apply>[1],
  change: Change,
): Promise<boolean | null> {
  let still: boolean | null = null;
  for (const wait of VERIFY_WAITS) {
    if (wait > 0) await runtime.clock.sleep(wait);
    const seen = await runtime.look(remediator, ref, policy, { as: inExecution(lease, remediator, ref, purpose), deadline });
    still = purpose === 'fix' && seen.assessment.ok && tells(seen) ? remaining([change], seen.assessment.value).length > 0 : null;
    if (still !== true) return still;
  }
  return still;
}

/** What an independent read says of changes that were made. */
export interface Verification {
  readonly status: 'verified' | 'not-verified' | 'unconfirmed';
  readonly message: string;
  readonly after: Json | null;
  /** What the resource still has open besides. */
  readonly open: readonly string[];
  /** Whether the remediator finds nothing more to change. */
  readonly done: boolean;
  /** What was read, for those who look next. */
  readonly reads: SharedReads;
}

/** Reads anew until nothing of what was changed is left to change, or its time is up. */
export async function verify(
  runtime: Runtime,
  args: { remediator: Remediator; ref: ResourceRef; lease: Lease; changed: readonly Change[]; policy: Fact<Policy>; deadline: number | null },
): Promise<Verification> {
  const as = inExecution(args.lease, args.remediator, args.ref, 'fix');
  let last: Verification = { status: 'unconfirmed', message: 'not read', after: null, open: [], done: false, reads: new SharedReads() };
  for (const wait of VERIFY_WAITS) {
    if (wait > 0) await runtime.clock.sleep(wait);
    // Its own each time: no look after a change sees what was read before it.
    const reads = new SharedReads();
    const seen = await runtime.look(args.remediator, args.ref, args.policy, { as, deadline: args.deadline, purpose: 'verification', shared: reads });
    if (!seen.observation.ok || !seen.assessment.ok) {
      last = { status: 'unconfirmed', message: unread(seen)?.error ?? '', after: null, open: [], done: false, reads };
      continue;
    }
    const after = seen.observation.value === 'gone' ? null : seen.observation.value.state;
    const left = unresolved(args.changed, seen.assessment.value);
    const done = seen.assessment.value.status !== 'change';
    if (left.length === 0) return { status: 'verified', message: '', after, open: stillOpen(seen.assessment.value), done, reads };
    last = { status: 'not-verified', message: left.map((change) => change.summary).join('; '), after, open: [], done: false, reads };
  }
  return last;
}

/** What still has to be done of what was done: the changes themselves, and whatever else a change should have resolved altogether. */
export function unresolved(changed: readonly Change[], assessment: Assessment): readonly Change[] {
  const left = remaining(changed, assessment);
  if (left.length > 0 || assessment.status !== 'change' || !changed.some((change) => change.resolves && change.subject === undefined)) return left;
  return assessment.changes.filter((change) => change.resolves && change.subject === undefined);
}
