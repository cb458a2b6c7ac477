import type { Journal, StoredRecord } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { atPointer, isRecord, type Json, type JsonObject } from '../model/json.js';
import type { Outcome } from '../model/outcome.js';
import type { ApiCall, Change, Plan } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import { isPlan } from './planning.js';

/** How long a fix is only notified after a rollback, in milliseconds, unless the person sets another period. */
export const HOLD = 7 * 86_400_000;

/** An execution, from its verified records. */
export interface Story {
  readonly ref: ResourceRef;
  readonly plan: Plan;
  /** Null while it is open. */
  readonly outcome: Outcome | null;
  /** The state that it left; null when it was not read. */
  readonly after: Json | null;
  /** The state that a rollback should restore. */
  readonly expected: Json | null;
  /** The execution that it takes back. */
  readonly rollbackOf: string | null;
  readonly by: string;
  readonly holdFor: number;
  /** The changes that were made, with the calls that undo them. */
  readonly appliedUndo: readonly { readonly change: Change; readonly calls: readonly ApiCall[] }[];
  /**
   * Whether AWS has acknowledged each change that was made, and the execution itself has read the state that it left. Otherwise that may be the work of
   * somebody else, in part.
   */
  readonly isCertain: boolean;
}

/**
 * Reads an execution.
 *
 * @throws {RedressError} `journal/not-found`, also where its plan has expired; `journal/corrupt`
 */
export async function readExecution(journal: Journal, execution: string): Promise<Story> {
  const records: StoredRecord[] = [];
  for await (const each of journal.read({ execution })) records.push(each);
  const intent = records.find((each) => each.record.kind === 'intent');
  if (intent === undefined) throw new RedressError('journal/not-found', `There is no execution ${execution}.`, { next: '`redress history` lists executions.' });
  const plan = intent.documents['plan'];
  if (plan === undefined && Object.hasOwn(intent.record.blobs, 'plan'))
    throw new RedressError('journal/not-found', `The plan of ${execution} does not exist: its retention has ended, or it was removed.`, {
      next: '`redress evidence verify` shows which. The records show what was done: undo it by hand.',
    });
  if (!isPlan(plan))
    throw new RedressError('journal/corrupt', `The plan of ${execution} does not match its digest.`, { next: 'Run `redress evidence verify`.' });
  const outcome = records.find((each) => each.record.kind === 'outcome');
  const appliedUndo: { change: Change; calls: readonly ApiCall[] }[] = [];
  const ended = outcome?.record.body ?? {};
  const after = outcome?.documents['after'] ?? null;
  let isCertain = after !== null && ended['observedBy'] === undefined && ended['foundDone'] === undefined;
  for (const each of records) {
    const call = each.record.kind === 'call' ? each.record.body['call'] : undefined;
    if (!isRecord(call) || call['status'] !== 'applied') continue;
    // A look shows that it is done, and not by whom.
    if (call['observedBy'] !== undefined) isCertain = false;
    const change = plan.changes[Number(call['index'])];
    // A record whose reply was lost may be there twice; the change was made once, and is undone once.
    if (change === undefined || appliedUndo.some((known) => known.change === change)) continue;
    const calls = Array.isArray(call['undo']) ? (call['undo'] as unknown as ApiCall[]) : [];
    appliedUndo.push({ change, calls });
  }
  // A recovered execution has no record of its last call: the plan itself says how to undo it.
  const applied = outcome !== undefined && ended['observedBy'] === 'recovery' && ['remediated', 'flagged'].includes(String(journalMember(outcome, 'outcome')));
  if (applied) {
    for (const change of plan.changes) {
      if (appliedUndo.some((each) => each.change === change)) continue;
      if ('calls' in change.undo) appliedUndo.push({ change, calls: resolveUndo(change, null) as unknown as ApiCall[] });
    }
  }
  const body = intent.record.body;
  const by = isRecord(body['by']) ? body['by']['name'] : undefined;
  return {
    ref: intent.record.resource,
    plan,
    outcome: outcome === undefined ? null : (journalMember(outcome, 'outcome') as Outcome),
    after,
    expected: intent.documents['expected'] ?? null,
    rollbackOf: typeof body['rollbackOf'] === 'string' ? body['rollbackOf'] : null,
    by: typeof by === 'string' ? by : 'recovery',
    holdFor: typeof body['holdFor'] === 'number' ? body['holdFor'] : HOLD,
    appliedUndo,
    isCertain,
  };
}

/** The undo calls of a change that was made, with what they need of its reply filled in. */
export function resolveUndo(change: Pick<Change, 'undo'>, response: unknown): Json {
  if (!('calls' in change.undo)) return null;
  const fill = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(fill);
    if (!isRecord(value)) return value;
    const pointer = (value as JsonObject)['$response'];
    if (typeof pointer === 'string') {
      const found = atPointer(response, pointer);
      if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return found;
      return { $unresolved: pointer };
    }
    return Object.fromEntries(Object.entries(value as JsonObject).map(([key, member]) => [key, fill(member)]));
  };
  return change.undo.calls.map((call) => ({ service: call.service, operation: call.operation, input: fill(call.input), retry: call.retry }));
}

function journalMember(stored: StoredRecord, name: string): Json | undefined {
  const own = stored.record.body['journal'];
  return isRecord(own) ? (own as JsonObject)[name] : undefined;
}
