import { type ApprovalDocument, type ApprovalShown, formatResource, type Journal, type Redress, RedressError, showApproval } from '@redress/core';
import type { ApprovalAnswer } from '@redress/lambda-runtime';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { inOrder } from '../in-order.js';
import { type Answer, type Io, painter } from '../io.js';
import { onceEach } from '../passes.js';
import { printable } from '../printable.js';
import { isHandled, type PassDocument, passDocument, passLines } from './run.js';

/** Where the approvals are: the Function URL, or else the journal of the data folder. */
export interface RemoteOptions {
  readonly url?: string;
}

/** Everything with a journal and an engine, closed afterwards. */
async function withEngine<T>(composition: Composition, work: (engine: ReturnType<Composition['engine']>, journal: Journal) => Promise<T>): Promise<T> {
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  try {
    return await work(redress, journal);
  } finally {
    redress.close();
    await journal.close?.();
  }
}

/** `redress approvals list` */
export async function approvalsListCommand(io: Io, composition: Composition, options: RemoteOptions = {}): Promise<Answer> {
  const approvals = await shownOf(composition, options.url);
  const paint = painter(io);
  const lines = approvals.flatMap((each) => [
    `${paint('bold', each.id)}  ${printable(formatResource(each.resource))}  ${each.remediator}  ${each.verdict === 'none' ? waits(each) : `${each.verdict}, until ${each.expires}`}`,
    ...(each.plan?.changes ?? []).map((change) => `  would     ${printable(change.summary)}`),
    ...onceEach('', each.reasons).reasons.map((reason) => `  because   ${printable(`${reason.message} (${reason.code})`)}`),
    `  caused by ${causeWords(each)}`,
  ]);
  return { json: approvals, text: lines.length === 0 ? 'Nothing waits for a person.' : lines.join('\n'), exit: 0 };
}

/** Requests that are shown with their plan are asked for a few at a time. */
const AT_ONCE = 4;

/** What waits, with what would be done and why. */
async function shownOf(composition: Composition, url: string | undefined): Promise<readonly ApprovalShown[]> {
  if (url === undefined)
    return withEngine(composition, async (redress, journal) =>
      inOrder(await redress.approvals(), AT_ONCE, (approval) => showApproval(journal, composition.remediators, approval)),
    );
  const { list, show } = remote(composition, url);
  return inOrder(await list(), AT_ONCE, ({ id }) => show(id));
}

/** Who may have caused it: none of them may approve. */
function causeWords({ causedBy }: Pick<ApprovalShown, 'causedBy'>): string {
  return causedBy.length === 0 ? 'someone not known: a sweep or a request found it' : causedBy.map((each) => printable(each ?? 'someone not known')).join(', ');
}

/** For what, and until when. */
function waits({ grace, expires }: Pick<ApprovalDocument, 'grace' | 'expires'>): string {
  if (grace === undefined) return `waits, until ${expires}`;
  return grace.ends === null ? 'is announced, and nobody was told yet' : `is changed by itself after ${grace.ends}`;
}

/** `redress approvals show` */
export async function approvalsShowCommand(io: Io, composition: Composition, id: string, options: RemoteOptions = {}): Promise<Answer> {
  const shown =
    options.url === undefined
      ? await withEngine(composition, async (redress, journal) => {
          const approval = (await redress.approvals()).find((each) => each.id === id);
          if (approval === undefined) throw await nothingUnder(redress, id);
          return showApproval(journal, composition.remediators, approval);
        })
      : await remote(composition, options.url).show(id);
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
          `  by itself ${shown.grace.ends === null ? 'after a grace period that has not begun: nobody was told yet' : `after ${shown.grace.ends}, unless somebody says no`}`,
        ]
      : []),
    `  until     ${shown.expires}`,
  ];
  return { json: shown, text: lines.join('\n'), exit: 0 };
}

/** What `redress approvals approve` and `deny` answer. */
interface AnswerDocument {
  readonly by: string;
  /** Whether the request was signed, and so names who answers. */
  readonly verified: boolean;
  readonly approval: string;
  /** It was said before, and nothing was done now. */
  readonly repeated: boolean;
  readonly passes: readonly PassDocument[];
}

/**
 * `redress approvals approve` and `deny`. With a URL the request is signed, and IAM says who answers; the answer is carried out there. On a
 * local journal the answer is that of the AWS credentials in use, and recorded as unverified.
 */
export async function approvalsAnswerCommand(
  io: Io,
  composition: Composition,
  id: string,
  verdict: 'approve' | 'deny',
  options: RemoteOptions & { readonly reason: string },
): Promise<Answer> {
  const answer =
    options.url === undefined
      ? await answerHere(composition, id, verdict, options.reason)
      : await remote(composition, options.url).answer(id, verdict, options.reason);
  const paint = painter(io);
  const lines = [
    `${printable(answer.by)}${answer.verified ? '' : ' (unverified)'} ${verdict === 'approve' ? 'has approved' : 'has denied'} ${id}${answer.repeated ? ' before; nothing was done now' : ''}.`,
    ...answer.passes.flatMap((pass) => passLines(pass, paint)),
  ];
  return { json: answer, text: lines.join('\n'), exit: answer.passes.every(isHandled) ? 0 : 1 };
}

/** Why there is nothing to answer: somebody was faster, or it was never asked. */
async function nothingUnder(redress: Pick<Redress, 'approvalUse'>, id: string): Promise<Error> {
  const use = await redress.approvalUse(id);
  if (use === null) return new CliError('cli/not-found', `Nothing waits under ${JSON.stringify(id)}.`, { next: '`redress approvals list` shows what waits.' });
  const { execution, by } = use;
  return new RedressError('approval/refused', `${id} was used by ${execution}${by === null ? '' : `: ${by} has approved it`}.`, {
    next: `\`redress history ${execution}\` shows the outcome.`,
  });
}

function answerHere(composition: Composition, id: string, verdict: 'approve' | 'deny', reason: string): Promise<AnswerDocument> {
  return withEngine(composition, async (redress) => {
    const approval = (await redress.approvals()).find((each) => each.id === id);
    if (approval === undefined) throw await nothingUnder(redress, id);
    const { partition, account } = approval.resource;
    const { arn } = await (await composition.ambient({ partition, account, region: composition.region, access: 'read', execution: null })).identity();
    const how = { by: { name: arn, verified: false }, reason };
    const said = { by: arn, verified: false, approval: id, repeated: false };
    if (verdict === 'approve') return { ...said, passes: (await redress.approve(id, how)).map(passDocument) };
    await redress.deny(id, how);
    return { ...said, passes: [] };
  });
}

/** Asks the approvals' Function URL. */
function remote(composition: Composition, url: string) {
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
    const { signedRequest } = await import('../signed-request.js');
    return signedRequest(composition, url, method, path, body);
  };
  const of = (id: string) => `/approvals/${encodeURIComponent(id)}`;
  return {
    list: async () => (await ask('GET', '/approvals')) as readonly ApprovalDocument[],
    show: async (id: string) => (await ask('GET', of(id))) as ApprovalShown,
    answer: async (id: string, verdict: 'approve' | 'deny', reason: string): Promise<AnswerDocument> => {
      const { by, repeated, passes } = (await ask('POST', `${of(id)}/${verdict}`, { reason })) as ApprovalAnswer;
      return { by, verified: true, approval: id, repeated, passes: passes.map((pass) => ({ ...pass, hints: [], code: pass.outcome })) };
    },
  };
}
