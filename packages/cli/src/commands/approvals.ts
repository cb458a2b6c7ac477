import { type Approval, formatResource, isRecord, type JsonObject, type Plan, type StoredRecord } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { isHandled, type PassDocument, passDocument, passLines } from './run.js';

/** What waits for a person, as JSON. */
export interface ApprovalDocument extends Omit<Approval, 'requestedAt' | 'expires'> {
  readonly requested: string;
  readonly expires: string;
}

/** `redress approvals show --json`: everything that an answer is about. */
export interface ApprovalShown extends ApprovalDocument {
  readonly plan: Plan | null;
  /** Why it asks. */
  readonly reasons: readonly { readonly guardrail: string; readonly code: string; readonly message: string }[];
  /** What no read can tell. */
  readonly blindSpots: readonly string[];
}

const document = ({ requestedAt, expires, ...rest }: Approval): ApprovalDocument => ({
  ...rest,
  requested: new Date(requestedAt).toISOString(),
  expires: new Date(expires).toISOString(),
});

/** Everything with a journal and an engine, closed afterwards. */
async function withEngine<T>(
  composition: Composition,
  work: (engine: ReturnType<Composition['engine']>, records: (each: Approval) => AsyncIterable<StoredRecord>) => Promise<T>,
): Promise<T> {
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  try {
    return await work(redress, (each) => journal.read({ resource: each.resource }));
  } finally {
    redress.close();
    await journal.close?.();
  }
}

/** `redress approvals list` */
export async function approvalsListCommand(io: Io, composition: Composition): Promise<Answer> {
  const approvals = (await withEngine(composition, (redress) => redress.approvals())).map(document);
  const paint = painter(io);
  const lines = approvals.map(
    (each) =>
      `${paint('bold', each.id)}  ${printable(formatResource(each.resource))}  ${each.remediator}  ${each.verdict === 'none' ? 'waits' : each.verdict}, until ${each.expires}`,
  );
  return { json: approvals, text: lines.length === 0 ? 'Nothing waits for a person.' : lines.join('\n'), exit: 0 };
}

/** `redress approvals show` */
export async function approvalsShowCommand(io: Io, composition: Composition, id: string): Promise<Answer> {
  const shown = await withEngine(composition, async (redress, records): Promise<ApprovalShown> => {
    const approval = (await redress.approvals()).find((each) => each.id === id);
    if (approval === undefined)
      throw new CliError('cli/not-found', `Nothing waits under ${JSON.stringify(id)}.`, { next: '`redress approvals list` shows what waits.' });
    let plan: Plan | null = null;
    let reasons: ApprovalShown['reasons'] = [];
    for await (const { record, documents } of records(approval)) {
      const own = record.body['approval'];
      if (record.kind !== 'decision' || !isRecord(own) || own['id'] !== id) continue;
      plan = (documents['plan'] ?? null) as unknown as Plan | null;
      const results = Array.isArray(record.body['guardrails']) ? (record.body['guardrails'] as JsonObject[]) : [];
      reasons = results
        .filter((each) => each['effect'] === 'approve')
        .map((each) => ({ guardrail: String(each['guardrail']), code: String(each['code']), message: String(each['message']) }));
    }
    const blindSpots = composition.remediators.find((each) => each.id === approval.remediator)?.blindSpots ?? [];
    return { ...document(approval), plan, reasons, blindSpots };
  });
  const paint = painter(io);
  const lines = [
    `${paint('bold', shown.id)}  ${printable(formatResource(shown.resource))}  ${shown.remediator}`,
    ...(shown.plan?.changes ?? []).map((change) => `  would     ${printable(change.summary)}`),
    ...(shown.plan?.changes ?? []).map((change) =>
      printable(
        `  undo      ${'irreversible' in change.undo ? `none: ${change.undo.irreversible}` : `${change.undo.restores}${change.undo.destroys === undefined ? '' : `, and destroys ${change.undo.destroys}`}`}`,
      ),
    ),
    ...shown.reasons.map((each) => `  asks      ${printable(`${each.message} (${each.code})`)}`),
    ...shown.blindSpots.map((each) => `  not seen  ${printable(each)}`),
    `  caused by ${shown.causedBy.length === 0 ? 'someone not known: a sweep or a request found it' : shown.causedBy.map((each) => printable(each ?? 'unknown')).join(', ')}`,
    `  plan      ${shown.planDigest}`,
    `  until     ${shown.expires}`,
  ];
  return { json: shown, text: lines.join('\n'), exit: 0 };
}

/** `redress approvals approve` and `deny`. The answer is that of the AWS credentials in use, and as the journal is a local one it is recorded as unverified. */
export async function approvalsAnswerCommand(
  io: Io,
  composition: Composition,
  id: string,
  verdict: 'approve' | 'deny',
  options: { readonly reason: string },
): Promise<Answer> {
  const answer = await withEngine(composition, async (redress): Promise<{ by: string; approval: string; passes: PassDocument[] }> => {
    const approval = (await redress.approvals()).find((each) => each.id === id);
    if (approval === undefined)
      throw new CliError('cli/not-found', `Nothing waits under ${JSON.stringify(id)}.`, { next: '`redress approvals list` shows what waits.' });
    const { partition, account } = approval.resource;
    const { arn } = await (await composition.ambient({ partition, account, region: composition.region, access: 'read' })).identity();
    const how = { by: { name: arn, verified: false }, reason: options.reason };
    if (verdict === 'approve') return { by: arn, approval: id, passes: (await redress.approve(id, how)).map(passDocument) };
    await redress.deny(id, how);
    return { by: arn, approval: id, passes: [] };
  });
  const paint = painter(io);
  const lines = [
    `${printable(answer.by)} (unverified) ${verdict === 'approve' ? 'has approved' : 'has denied'} ${id}.`,
    ...answer.passes.flatMap((pass) => passLines(pass, paint)),
  ];
  return { json: answer, text: lines.join('\n'), exit: answer.passes.every(isHandled) ? 0 : 1 };
}
