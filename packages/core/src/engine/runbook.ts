import type { Facts } from '../guardrails/guardrail.js';
import type { ClosedExecution } from '../journal.js';
import { digestOf, type Json } from '../model/json.js';
import { breakerAfter } from './breaker.js';
import { LEASE } from './limits.js';
import { type Asked, blank, type Closing, closeExecution, decisionBody, recordDecision, stillOpen } from './recorder.js';
import { type Look, parametersOf, type Runtime, tells } from './runtime.js';
import { readExecution, resolveUndo } from './story.js';
import type { PassResult } from './types.js';

/**
 * What becomes of a resource for which a runbook was started: while it may be at work nothing is started anew; what a look shows, not what the
 * runbook says of itself, closes it. Null when there is none: then it is decided as ever.
 */
export async function whileRunbook(
  runtime: Runtime,
  asked: Asked,
  { seen, facts, dryRun }: { readonly seen: Look; readonly facts: Facts; readonly dryRun: boolean },
): Promise<PassResult | null> {
  const { remediator } = asked;
  if (remediator.runbook === undefined || !facts.history.ok || !seen.assessment.ok || !seen.observation.ok) return null;
  const started = facts.history.value.closed.find((each) => each.remediator === remediator.id);
  if (started?.outcome !== 'awaiting-runbook') return null;
  const { document, waits } = remediator.runbook;
  const open = stillOpen(seen.assessment.value);
  if (open.length > 0 && runtime.clock.now() < started.closedAt + waits) {
    const until = new Date(started.closedAt + waits).toISOString();
    const message = `${document} was started by ${started.execution}, and has until ${until}.`;
    return recordDecision(runtime, asked, dryRun, { outcome: 'awaiting-runbook', message, duplicateOf: started.execution, open });
  }
  return dryRun ? null : close(runtime, asked, started, { seen, facts, open });
}

/** An execution of its own records what the runbook came to; taken back, it takes the runbook's change back. */
async function close(
  runtime: Runtime,
  asked: Asked,
  started: ClosedExecution,
  { seen, facts, open }: { readonly seen: Look; readonly facts: Facts; readonly open: readonly string[] },
): Promise<PassResult> {
  const { remediator, ref } = asked;
  const journal = runtime.needJournal('What a runbook came to');
  const { plan } = await readExecution(journal, started.execution);
  const begun = await journal.begin({
    resource: ref,
    remediator: remediator.id,
    planDigest: plan.digest,
    generation: facts.history.ok ? facts.history.value.generation : 0,
    budgets: [],
    lease: LEASE,
    // Nothing is sent.
    breaker: 'ignored',
    body: {
      purpose: 'runbook',
      runbookOf: started.execution,
      subjects: [...started.subjects],
      terms: {
        version: remediator.package.version,
        parameters: facts.policy.ok ? digestOf(parametersOf(facts.policy.value, remediator)) : '',
        drill: started.drill,
      },
      ...decisionBody(asked, null, facts),
    },
    documents: { plan: plan as unknown as Json, before: plan.before },
  });
  if (begun.status !== 'begun')
    return { ...blank(remediator, ref), outcome: 'busy', message: 'Another worker records what the runbook came to.', retryable: true };
  const { lease } = begun;
  const finish = async (closing: Closing) => {
    const result = await closeExecution(runtime, { ...asked, plan, decision: null, lease, seen: facts }, closing);
    await breakerAfter(runtime, asked, result);
    return result;
  };
  const state = seen.observation.ok && seen.observation.value !== 'gone' ? seen.observation.value.state : null;
  const documents = state === null ? {} : { documents: { after: state } };
  if (open.length > 0)
    return finish({
      outcome: 'failed',
      message: `${remediator.runbook?.document ?? 'The runbook'}, started by ${started.execution}, has not closed the gap in time: ${open.join('; ')}`,
      sent: 0,
      open,
      body: { verified: 'not-verified' },
      ...documents,
    });
  // Whoever takes it back would act on what was never seen.
  if (!tells(seen))
    return finish({
      outcome: 'unknown',
      message: `The gap is not there any more, but not because ${remediator.runbook?.document ?? 'the runbook'}, started by ${started.execution}, was seen to close it: ${state === null ? 'the resource is gone' : 'it does not apply any more'}.`,
      sent: 0,
      body: { verified: 'unconfirmed' },
      ...documents,
    });
  for (const [index, change] of plan.changes.entries()) {
    const { service, operation } = change.call;
    const call = { index, service, operation, attempt: 1, status: 'applied', observedBy: 'look', undo: resolveUndo(change, null) };
    await journal.append({ kind: 'call', lease, resource: ref, remediator: remediator.id, body: { call } });
  }
  const message = `${plan.changes.map((change) => change.summary).join('; ')} (started by ${started.execution}, seen to be done)`;
  return finish({ outcome: 'remediated', message, sent: 0, body: { verified: 'verified' }, ...documents });
}
