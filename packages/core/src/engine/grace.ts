import { isLive } from '../guardrails/approval.js';
import { announcement, dueNotice, graceExpected } from '../guardrails/grace.js';
import type { Facts } from '../guardrails/guardrail.js';
import type { Approval, Grace } from '../journal.js';
import { makePlan, type Part } from './planning.js';
import { type Asked, announcedBy, persist, tell } from './recorder.js';
import type { Look, Runtime } from './runtime.js';
import type { PassResult } from './types.js';

/**
 * How long a worker that nothing ends has for sending a notice, before another one takes it for gone: as long as Lambda lets any function run.
 * One with a deadline has until then.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
 */
const SENDING = 5_400_000;
/** By how much clocks of workers may differ. */
const SKEW = 60_000;

/**
 * Sends the notice of an announced change, if one is due. A record claims it first, and only the worker with the first claim in the stream sends.
 * Another record says that it was sent, and the period begins with that record. So a change that nobody was notified of is never made.
 */
export async function sendNotice(
  runtime: Runtime,
  { remediator, ref, trigger }: Asked,
  result: PassResult,
  seen: Facts | null,
  deadline: number | null,
): Promise<PassResult> {
  const planDigest = result.plan?.digest;
  const terms = result.decision === null ? null : announcedBy(result.decision);
  if (planDigest === undefined || terms === null) return result;
  const journal = runtime.needJournal('A grace period');
  const request = async () => announcement(await journal.view(ref), { remediator: remediator.id, plan: planDigest, terms, now: runtime.clock.now() });
  const before = await request();
  if (before === null) return result;
  const announced: PassResult = { ...result, approval: before.id };
  const now = runtime.clock.now();
  const notice = dueNotice(before.grace, now);
  if (notice === null || before.verdict !== 'none' || (before.grace.sending !== null && before.grace.sending.until > now)) return announced;
  if (runtime.notify === null) {
    runtime.warn(`the grace period of ${before.id} does not begin`, new Error('There is no `notify`, so nobody can be notified.'));
    return announced;
  }
  const write = (what: object, message: string) =>
    persist(runtime, (each) =>
      each.append({ kind: 'approval', resource: ref, remediator: remediator.id, body: { approval: { id: before.id, ...what }, planDigest, message } }),
    );
  const which = notice === 0 ? 'the first notice' : `reminder ${notice} of ${terms.remind.length}`;
  const { seq } = await write({ sending: { notice, until: (deadline ?? now + SENDING) + SKEW } }, `${which} of ${before.id} is being sent`);
  const claimed = await request();
  // Another worker's claim came first, or somebody has said no meanwhile.
  if (claimed?.id !== before.id || claimed.verdict !== 'none' || claimed.grace.sending?.record !== seq) return announced;
  const ends = expected(claimed.grace, notice, now);
  const told: PassResult = {
    ...announced,
    message: `It is changed automatically after ${new Date(ends).toISOString()}, unless it is denied before: ${result.plan?.changes.map(({ summary }) => summary).join('; ') ?? ''}.`,
  };
  const delivered = await tell(runtime, remediator, told, trigger, { seen, grace: { notice, ends } });
  await (delivered?.status === 'delivered'
    ? write({ sent: { notice, record: seq } }, `${which} of ${before.id} was delivered; it is changed automatically after ${new Date(ends).toISOString()}`)
    : write({ unsent: { notice, record: seq } }, `${which} of ${before.id} could not be delivered`));
  return told;
}

/** When it is changed, once this notice has been delivered. */
function expected(grace: Grace, notice: number, now: number): number {
  return graceExpected({ ...grace, sent: [...grace.sent, { notice, at: now }] }) ?? now + grace.period;
}

/** Ends announcements of changes that will not be made any more, or not in that form. If such a change is planned again, its period begins again. */
export async function endMoot(
  runtime: Runtime,
  { remediator, ref }: Asked,
  seen: Look,
  approvals: readonly Approval[],
  partsIn: (look: Look) => readonly Part[],
): Promise<void> {
  const waiting = approvals.filter(
    (each) => each.remediator === remediator.id && each.grace !== undefined && each.verdict === 'none' && isLive(each, runtime.clock.now()),
  );
  if (waiting.length === 0 || !seen.observation.ok || !seen.assessment.ok) return;
  const observed = seen.observation.value;
  const plans = observed === 'gone' ? [] : partsIn(seen).map((part) => makePlan(remediator, ref, observed.state, part).digest);
  for (const { id, planDigest } of waiting) {
    if (plans.includes(planDigest)) continue;
    const ended =
      observed === 'gone' ? 'the resource is gone' : seen.assessment.value.status === 'change' ? 'the plan has changed' : 'the gap no longer exists';
    await persist(runtime, (journal) =>
      journal.append({
        kind: 'approval',
        resource: ref,
        remediator: remediator.id,
        body: { approval: { id, ended }, planDigest, message: `${id} is over: ${ended}` },
      }),
    );
  }
}
