import { type ApprovalDocument, type ApprovalShown, formatResource } from '@redress/core';
import { approvalDesk } from '../approval-desk.js';
import type { Composition } from '../compose.js';
import { type Answer, type Io, painter } from '../io.js';
import { onceEach } from '../passes.js';
import { printable } from '../printable.js';
import { isHandled, passLines } from './run.js';

/** Where the approvals are: the Function URL, or else the journal of the data folder. */
export interface RemoteOptions {
  readonly url?: string;
}

/** `redress approvals list` */
export async function approvalsListCommand(io: Io, composition: Composition, options: RemoteOptions = {}): Promise<Answer> {
  const approvals = await approvalDesk(composition, options.url).list();
  const paint = painter(io);
  const lines = approvals.flatMap((each) => [
    `${paint('bold', each.id)}  ${printable(formatResource(each.resource))}  ${each.remediator}  ${each.verdict === 'none' ? waits(each) : `${each.verdict}, until ${each.expires}`}`,
    ...(each.plan?.changes ?? []).map((change) => `  would     ${printable(change.summary)}`),
    ...onceEach('', each.reasons).reasons.map((reason) => `  because   ${printable(`${reason.message} (${reason.code})`)}`),
    `  caused by ${causeWords(each)}`,
  ]);
  return { json: approvals, text: lines.length === 0 ? 'Nothing needs an approval.' : lines.join('\n'), exit: 0 };
}

/** Who may have caused it: none of them may approve. */
function causeWords({ causedBy }: Pick<ApprovalShown, 'causedBy'>): string {
  return causedBy.length === 0 ? 'unknown: found by a sweep or a request' : causedBy.map((each) => printable(each ?? 'unknown caller')).join(', ');
}

/** For what, and until when. */
function waits({ grace, expires }: Pick<ApprovalDocument, 'grace' | 'expires'>): string {
  if (grace === undefined) return `open until ${expires}`;
  return grace.ends === null ? 'announced, but nobody has been notified yet' : `will be changed automatically after ${grace.ends}`;
}

/** `redress approvals show` */
export async function approvalsShowCommand(io: Io, composition: Composition, id: string, options: RemoteOptions = {}): Promise<Answer> {
  const shown = await approvalDesk(composition, options.url).show(id);
  const paint = painter(io);
  const lines = [
    `${paint('bold', shown.id)}  ${printable(formatResource(shown.resource))}  ${shown.remediator}`,
    ...(shown.plan?.changes ?? []).map((change) => `  would     ${printable(change.summary)}`),
    ...(shown.plan?.changes ?? []).map((change) =>
      printable(
        `  undo      ${'irreversible' in change.undo ? `none: ${change.undo.irreversible}` : `${change.undo.restores}${change.undo.destroys === undefined ? '' : `, and destroys ${change.undo.destroys}`}`}`,
      ),
    ),
    ...onceEach('', shown.reasons).reasons.map((each) => `  asks      ${printable(`${each.message} (${each.code})`)}`),
    ...shown.blindSpots.map((each) => `  not seen  ${printable(each)}`),
    `  caused by ${causeWords(shown)}`,
    `  plan      ${shown.planDigest}`,
    ...(shown.verdict === 'none' && shown.grace !== undefined
      ? [
          `  automatically ${shown.grace.ends === null ? 'after a grace period that has not begun: nobody has been notified yet' : `after ${shown.grace.ends}, unless it is denied`}`,
        ]
      : []),
    `  until     ${shown.expires}`,
  ];
  return { json: shown, text: lines.join('\n'), exit: 0 };
}

/**
 * `redress approvals approve` and `deny`.
 */
export async function approvalsAnswerCommand(
  io: Io,
  composition: Composition,
  id: string,
  verdict: 'approve' | 'deny',
  options: RemoteOptions & { readonly reason: string },
): Promise<Answer> {
  const answer = await approvalDesk(composition, options.url).answer(id, verdict, options.reason);
  const paint = painter(io);
  const lines = [
    `${printable(answer.by)}${answer.verified ? '' : ' (unverified)'} ${verdict === 'approve' ? 'approved' : 'denied'} ${id}${answer.repeated ? ' earlier; nothing was done this time' : ''}.`,
    ...answer.passes.flatMap((pass) => passLines(pass, paint)),
  ];
  return { json: answer, text: lines.join('\n'), exit: answer.passes.every(isHandled) ? 0 : 1 };
}
