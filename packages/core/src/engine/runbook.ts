import type { Facts } from '../guardrails/guardrail.js';
import type { ClosedExecution } from '../journal.js';
import { digestOf, type Json } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { Remediator } from '../remediator/define.js';
import { breakerAfter } from './breaker.js';
import { LEASE } from './limits.js';
import { type Asked, blank, type Closing, closeExecution, decisionBody, recordDecision, stillOpen } from './recorder.js';
import { type Look, parametersOf, type Runtime, tells } from './runtime.js';
import { readExecution, resolveUndo } from './story.js';
import type { PassResult } from './types.js';

/**
 * Handles a resource for which a runbook was started. While the runbook may still be running, nothing is started again. A read of the resource
 * closes it, not the runbook's own status. Null if there is no runbook: then the decision is made as usual.
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

/** A separate execution records the outcome of the runbook. To roll it back is to roll back the change of the runbook. */
async function close(
  runtime: Runtime,
  asked: Asked,
  started: ClosedExecution,
  { seen, facts, open }: { readonly seen: Look; readonly facts: Facts; readonly open: readonly string[] },
): Promise<PassResult> {
  const { remediator, ref } = asked;
  const journal = runtime.needJournal('The outcome of a runbook');
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
    return { ...blank(remediator, ref), outcome: 'busy', message: 'Another worker records the outcome of the runbook.', retryable: true };
  const { lease } = begun;
  const closing = closingOf(started, plan, { remediator, seen, open });
  if (closing.outcome === 'remediated')
    for (const [index, change] of plan.changes.entries()) {
      const { service, operation } = change.call;
      const call = { index, service, operation, attempt: 1, status: 'applied', observedBy: 'look', undo: resolveUndo(change, null) };
      await journal.append({ kind: 'call', lease, resource: ref, remediator: remediator.id, body: { call } });
    }
  const result = await closeExecution(runtime, { ...asked, plan, decision: null, lease, seen: facts }, closing);
  await breakerAfter(runtime, asked, result);
  return result;
}

/** What a look says that a runbook came to. */
function closingOf(
  { execution }: ClosedExecution,
  { changes }: Plan,
  { remediator, seen, open }: { readonly remediator: Remediator; readonly seen: Look; readonly open: readonly string[] },
): Closing {
  const { document } = remediator.runbook ?? { document: 'The runbook' };
  const state = seen.observation.ok && seen.observation.value !== 'gone' ? seen.observation.value.state : null;
  const closing = { sent: 0, ...(state === null ? {} : { documents: { after: state } }) };
  if (open.length > 0) {
    const message = `${document}, started by ${execution}, has not closed the gap in time: ${open.join('; ')}`;
    return { ...closing, outcome: 'failed', message, open, body: { verified: 'not-verified' } };
  }
  // Whoever takes it back would act on what was never seen.
  if (!tells(seen)) {
    const why = state === null ? 'the resource is gone' : 'it no longer applies';
    const message = `The gap no longer exists, but ${document}, started by ${execution}, was not observed to close it: ${why}.`;
    return { ...closing, outcome: 'unknown', message, body: { verified: 'unconfirmed' } };
  }
  const message = `${changes.map((change) => change.summary).join('; ')} (started by ${execution}, verified)`;
  return { ...closing, outcome: 'remediated', message, body: { verified: 'verified' } };
}
