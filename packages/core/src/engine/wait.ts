import type { Trigger } from '../guardrails/guardrail.js';
import type { OpenExecution } from '../journal.js';
import type { Remediator } from '../remediator/define.js';
import { NEEDED, NEEDED_AFTER_SETTLING, TURN, TURN_POLL } from './limits.js';
import type { Runtime } from './runtime.js';
import type { Lead, Way } from './way.js';

/** When a resource changed last, at the latest: what an event reports is no later than the event; for anything else only the first observation is known. */
export function lastChangeBy(trigger: Trigger, seenAt: number, now: number): number | null {
  // Whoever approves has looked.
  if (trigger.by === 'approval') return null;
  // What is reported was before it was seen: a clock that is ahead must not make it wait for ever, delivery by delivery.
  return Math.min(reportedBy(trigger) ?? seenAt, seenAt, now);
}

/**
 * An event younger than the settling time is not handled yet: reads are eventually consistent, and a change that does not show yet would look gone,
 * or closed. If a trigger has no time, the resource is read at once, and the pass waits only if something would be changed.
 */
export function settledAt(trigger: Trigger, lastChange: number | null, { settle }: Pick<Remediator, 'settle'>, now: number): Lead {
  if (lastChange === null || reportedBy(trigger) === null || lastChange + settle <= now) return { is: 'look-again' };
  return { is: 'settle', until: lastChange + settle };
}

function reportedBy(trigger: Trigger): number | null {
  const reported = trigger.by === 'finding' ? Date.parse(trigger.finding.observedAt ?? '') : Number.NaN;
  return Number.isNaN(reported) ? null : reported;
}

/** Whether a pass waits until then: a sweep comes back to it, and who has not the time, or not the patience, has it delivered later. */
export function mayWait({ trigger, run }: Pick<Way, 'trigger' | 'run'>, until: number, now: number): boolean {
  const late = run.deadline !== null && until + NEEDED_AFTER_SETTLING > run.deadline;
  return trigger.by !== 'sweep' && !late && until - now <= run.patience;
}

/**
 * Waits until the resource is not leased, or its lease has expired. Returns null then, or the holder, if it holds the resource for longer than a
 * fix takes, or than there is time.
 */
export async function awaitTurn(runtime: Runtime, { ref, run, remediator }: Pick<Way, 'ref' | 'run' | 'remediator'>): Promise<OpenExecution | null> {
  const journal = runtime.needJournal('Changing something');
  for (let waited = 0; ; waited += TURN_POLL) {
    const { open } = await journal.view(ref);
    if (open === null || open.leaseUntil <= runtime.clock.now()) return null;
    if (waited >= TURN || (run.deadline !== null && runtime.clock.now() + TURN_POLL + NEEDED > run.deadline)) return open;
    if (waited === 0) runtime.waits({ reason: 'held', remediator: remediator.id, resource: ref, until: Math.min(open.leaseUntil, runtime.clock.now() + TURN) });
    await runtime.clock.sleep(TURN_POLL);
  }
}
