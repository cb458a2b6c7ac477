// Where approvals are listed, shown and answered: one way for the command line and for the console.
import {
  type ApprovalDocument,
  type ApprovalShown,
  type Journal,
  partitionOf,
  type Redress,
  RedressError,
  type ResourceRef,
  showApproval,
} from '@redress/core';
import type { ApprovalAnswer } from '@redress/lambda-runtime';
import { type PassDocument, passDocument } from './commands/run.js';
import { type Composition, openJournal } from './compose.js';
import { CliError } from './errors.js';
import { inOrder } from './in-order.js';

/** What an answer came to. */
interface AnswerDocument {
  readonly by: string;
  /** Whether the request was signed, and so names who answers. */
  readonly verified: boolean;
  readonly approval: string;
  /** It was said before, and nothing was done now. */
  readonly repeated: boolean;
  readonly passes: readonly PassDocument[];
}

/** Lists, shows and answers what waits for a person. */
export interface ApprovalDesk {
  /** What waits, with what would be done and why. */
  list(): Promise<readonly ApprovalShown[]>;
  show(id: string): Promise<ApprovalShown>;
  /** Who answers is never an argument: it is whose the credentials are. */
  answer(id: string, verdict: 'approve' | 'deny', reason: string): Promise<AnswerDocument>;
}

/**
 * Where approvals are answered. With a URL requests are signed, IAM says who answers, and the answer is carried out there. On a journal the answer is that
 * of the AWS credentials in use, and recorded as unverified.
 */
export function approvalDesk(composition: Composition, url: string | undefined): ApprovalDesk {
  return url === undefined ? here(composition) : remote(composition, url);
}

/** Whose the credentials in use are, whatever the configuration makes of them. */
export async function callerOf({ ambient, region }: Pick<Composition, 'ambient' | 'region'>, of?: Pick<ResourceRef, 'partition' | 'account'>): Promise<string> {
  // Before it is asked, nobody knows of which account they are; no account has this id.
  const { partition, account } = of ?? { partition: partitionOf(region), account: '000000000000' };
  return (await (await ambient({ partition, account, region, access: 'read', execution: null })).identity()).arn;
}

function here(composition: Composition): ApprovalDesk {
  const find = async (redress: ReturnType<Composition['engine']>, id: string) => {
    const approval = (await redress.approvals()).find((each) => each.id === id);
    if (approval === undefined) throw await nothingUnder(redress, id);
    return approval;
  };
  return {
    list: () =>
      withEngine(composition, async (redress, journal) =>
        inOrder(await redress.approvals(), AT_ONCE, (approval) => showApproval(journal, composition.remediators, approval)),
      ),
    show: (id) => withEngine(composition, async (redress, journal) => showApproval(journal, composition.remediators, await find(redress, id))),
    answer: (id, verdict, reason) =>
      withEngine(composition, async (redress) => {
        const arn = await callerOf(composition, (await find(redress, id)).resource);
        const how = { by: { name: arn, verified: false }, reason };
        const said = { by: arn, verified: false, approval: id, repeated: false };
        if (verdict === 'approve') return { ...said, passes: (await redress.approve(id, how)).map(passDocument) };
        await redress.deny(id, how);
        return { ...said, passes: [] };
      }),
  };
}

/** Requests that are shown with their plan are asked for a few at a time. */
const AT_ONCE = 4;

/** Why there is nothing to answer: somebody was faster, or it was never asked. */
async function nothingUnder(redress: Pick<Redress, 'approvalUse'>, id: string): Promise<Error> {
  const use = await redress.approvalUse(id);
  if (use === null)
    return new CliError('cli/not-found', `There is no open approval ${JSON.stringify(id)}.`, { next: '`redress approvals list` shows the open approvals.' });
  const { execution, by } = use;
  return new RedressError('approval/refused', `${id} was used by ${execution}${by === null ? '' : `; ${by} approved it`}.`, {
    next: `\`redress history ${execution}\` shows the outcome.`,
  });
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

/** Asks the approvals' Function URL. */
function remote(composition: Composition, url: string): ApprovalDesk {
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
    const { signedRequest } = await import('./signed-request.js');
    return signedRequest(composition, url, method, path, body);
  };
  const of = (id: string) => `/approvals/${encodeURIComponent(id)}`;
  const show = async (id: string) => (await ask('GET', of(id))) as ApprovalShown;
  return {
    list: async () => inOrder((await ask('GET', '/approvals')) as readonly ApprovalDocument[], AT_ONCE, ({ id }) => show(id)),
    show,
    answer: async (id, verdict, reason) => {
      const { by, repeated, passes } = (await ask('POST', `${of(id)}/${verdict}`, { reason })) as ApprovalAnswer;
      return { by, verified: true, approval: id, repeated, passes: passes.map((pass) => ({ ...pass, hints: [], code: pass.outcome })) };
    },
  };
}
