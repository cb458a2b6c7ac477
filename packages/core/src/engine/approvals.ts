import { deedOf } from '../actors.js';
import { isLive, mayNotApprove } from '../guardrails/approval.js';
import { type Approval, breakerOf, type Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { isRecord } from '../model/json.js';
import { isAccountId, type Partition } from '../model/resource.js';
import { runPass } from './path.js';
import { persist } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { ApprovalOptions, PassResult } from './types.js';

/** @throws {RedressError} `approval/refused`, with the cure in `next` */
function refuse(message: string, next: string): never {
  throw new RedressError('approval/refused', message, { next });
}

/** Records that someone approves, and carries out exactly what they were shown. */
export async function approve(runtime: Runtime, id: string, options: ApprovalOptions): Promise<readonly PassResult[]> {
  const approval = await answer(runtime, id, 'approved', options);
  const remediator = await runtime.remediator(approval.remediator);
  const request = { remediator, claimed: approval.resource, ids: [approval.resource.id] };
  const run = { budget: { changes: 0 }, ...(options.deadline === undefined ? {} : { deadline: options.deadline }) };
  const passes = await runPass(runtime, { ...request, trigger: { by: 'approval', approval: id } }, run);
  if (!passes.some((pass) => pass.outcome === 'superseded')) return passes;
  // It drifted while it waited: the current state is planned, and requested, again.
  return [...passes, ...(await runPass(runtime, { ...request, trigger: { by: 'request' } }, run))];
}

/** Records that someone says no. */
export function deny(runtime: Runtime, id: string, options: ApprovalOptions): Promise<Approval> {
  return answer(runtime, id, 'denied', options);
}

async function answer(runtime: Runtime, id: string, verdict: 'approved' | 'denied', { by, reason }: ApprovalOptions): Promise<Approval> {
  const journal = runtime.needJournal('An approval');
  if (by.name.trim() === '' || reason.trim() === '') refuse('An answer needs a person and a reason.', 'Give who answers, and why.');
  const approval = (await journal.approvals()).find((each) => each.id === id);
  if (approval === undefined) {
    const use = await approvalUse(journal, id);
    if (use !== null) refuse(`${id} was used by ${use.execution}${use.by === null ? '' : `; ${use.by} approved it`}.`, '`redress history` shows the outcome.');
    return refuse(`There is no open approval ${id}.`, '`redress approvals list` shows the open approvals.');
  }
  if (!isLive(approval, runtime.clock.now()))
    refuse(`${id} expired on ${new Date(approval.expires).toISOString()}.`, 'It is requested again when the gap is reported or swept again.');
  if (approval.verdict === 'denied') refuse(`${approval.by?.name ?? ''} has denied ${id} already.`, 'It is requested again after the request has expired.');
  if (approval.verdict === verdict)
    refuse(`${approval.by?.name ?? ''} has approved ${id} already.`, 'It is carried out the next time the resource is handled.');
  // Saying no needs nothing that may fail to load.
  await (verdict === 'approved' ? runtime.remediator(approval.remediator) : runtime.named(approval.remediator));
  const policy = await runtime.readPolicy();
  // Saying no restricts: who caused it may, and need not be verified.
  const why =
    verdict === 'approved'
      ? mayNotApprove(policy, approval.resource.account, { causedBy: await causes(journal, approval) }, by)
      : mayNotApprove(policy, approval.resource.account, { causedBy: [] }, { ...by, verified: true });
  if (why !== null) refuse(why, '`approvers` of the policy lists who may approve, by environment. A signed request verifies the caller.');
  const { resource, remediator, planDigest } = approval;
  await persist(runtime, (each) =>
    each.append({
      kind: 'approval',
      resource,
      remediator,
      body: { approval: { id, verdict, by: { name: by.name, verified: by.verified } }, reason, planDigest, policy: policy.digest },
    }),
  );
  // Somebody else may have answered or begun it at the same time. The order in the journal decides, and the person who answered is notified.
  const after = await journal.view(resource).catch((error: unknown) => {
    // The no is recorded, and nothing is begun where it cannot be read what else was.
    if (verdict === 'denied') return null;
    throw error;
  });
  if (after === null) return { ...approval, verdict, by };
  const { approvals, open } = after;
  const stands = approvals.find((each) => each.id === id) ?? approval;
  const carriedOut = stands.usedBy ?? (open?.remediator === remediator && open.planDigest === planDigest ? open.execution : null);
  if (verdict === 'approved' && stands.verdict === 'denied')
    refuse(`${stands.by?.name ?? ''} has denied ${id} at the same moment.`, 'It is requested again after the request has expired.');
  if (verdict === 'denied' && carriedOut !== null) refuse(`${id} is being carried out already, by ${carriedOut}.`, 'To roll that back: `redress rollback`.');
  return { ...approval, verdict, by };
}

/** The use of a request that can no longer be answered. */
export interface ApprovalUse {
  /** The execution that used it. */
  readonly execution: string;
  /** Who approved it; null: its grace period was over. */
  readonly by: string | null;
}

/**
 * The execution that has used an approval; null: none, as far as known. It reads all records of a local journal. A journal on AWS is not searched
 * for it.
 */
export async function approvalUse(journal: Journal, id: string): Promise<ApprovalUse | null> {
  if (journal.kind === 'aws') return null;
  let [execution, by]: [string | null, string | null] = [null, null];
  for await (const { record } of journal.read({ all: true })) {
    const said = record.body['approval'];
    if (record.kind === 'approval' && isRecord(said) && said['id'] === id && isRecord(said['by'])) by = String(said['by']['name']);
    const own = record.body['journal'];
    if (record.kind === 'intent' && isRecord(own) && own['approval'] === id) execution = record.execution;
  }
  return execution === null ? null : { execution, by };
}

/** Who may have caused it. Where that is unknown it is everybody who ever did anything to the resource: a view does not go back for ever, the records do. */
async function causes(journal: Journal, { causedBy, resource }: Approval): Promise<Approval['causedBy']> {
  if (!causedBy.includes(null)) return causedBy;
  const all = new Set(causedBy);
  for await (const { record } of journal.read({ resource })) for (const who of deedOf(record)?.who ?? []) all.add(who);
  return [...all];
}

/** Records that a person closes a circuit breaker. */
export async function closeBreaker(
  runtime: Runtime,
  remediator: string,
  { account, partition = 'aws' }: { readonly account: string; readonly partition?: Partition },
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<void> {
  const stop = (message: string, next: string): never => {
    throw new RedressError('breaker/refused', message, { next });
  };
  if (by.trim() === '' || reason.trim() === '') stop('Closing a circuit breaker needs a person and a reason.', 'Give who closes it, and why.');
  if (!isAccountId(account)) stop(`${JSON.stringify(account)} is not an account ID.`, 'Give its 12 digits.');
  const { id } = runtime.named(remediator);
  const at = breakerOf({ account, partition });
  const { breakers } = await runtime.needJournal('A circuit breaker').view(at);
  if (!breakers.some((each) => each.remediator === id))
    stop(`The circuit breaker of ${id} in ${account} is not open.`, '`redress breakers` shows the open ones.');
  const message = `${by} (unverified) has closed the circuit breaker of ${id} in ${account}: ${reason}`;
  await persist(runtime, (journal) => journal.append({ kind: 'breaker', resource: at, remediator: id, body: { breaker: 'closed', by, reason, message } }));
}
