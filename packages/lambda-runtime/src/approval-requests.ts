// What answers the requests of approvers. Loaded with the first of them.
import {
  type Approval,
  type ApprovalDocument,
  type ApprovalShown,
  approvalDocument,
  type Clock,
  type GuardrailResult,
  isRecord,
  isRedressError,
  loaded,
  type PassResult,
  type Redress,
  type RedressOptions,
  type ResourceRef,
  resource,
  showApproval,
} from '@redress/core';
import { type Caller, callerOf } from './caller.js';
import { describe, logPass } from './log.js';
import type { HandlerLogger, InvocationContext } from './types.js';

/** What `createApprovalHandler` takes: that of `createRedress`, with a journal. */
export interface ApprovalHandlerOptions extends Omit<RedressOptions, 'journal' | 'onWarning'> {
  /** The one that the other functions share. A folder is refused inside Lambda. */
  readonly journal: NonNullable<RedressOptions['journal']>;
  /** Id of an AWS Organization (`o-…`): callers of other ones are refused. Default: IAM alone says who may call. */
  readonly organization?: string;
  /** Default: a Powertools Logger. */
  readonly logger?: HandlerLogger;
}

/** What a Function URL answers: payload format 2.0. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A Lambda handler of a Function URL. */
export type ApprovalHandler = (event: unknown, context: InvocationContext) => Promise<HttpResponse>;

/** A pass that an approval led to, as it is answered. */
export interface AnsweredPass
  extends Pick<PassResult, 'resource' | 'remediator' | 'outcome' | 'execution' | 'duplicate' | 'message' | 'open' | 'approval' | 'record' | 'retryable'> {
  readonly plan: string | null;
  readonly changes: readonly string[];
  /** Answers of guardrails that restrict. */
  readonly reasons: readonly GuardrailResult[];
}

/** The answer to `approve` and `deny`. */
export interface ApprovalAnswer {
  readonly approval: string;
  readonly verdict: 'approved' | 'denied';
  /** The ARN that signed the request. */
  readonly by: string;
  readonly verified: true;
  /** It was said before, and nothing was done now. */
  readonly repeated: boolean;
  /** The result; empty for `deny`, and for a repeated answer. */
  readonly passes: readonly AnsweredPass[];
  /** The execution that used the approval, where that is known. */
  readonly usedBy: string | null;
}

/** Codes of errors that are answered. Compare them, never the message. */
export type ApprovalErrorCode =
  | 'request/unidentified'
  | 'request/invalid'
  | 'request/too-large'
  | 'request/media-type'
  | 'request/method'
  | 'request/not-found'
  | 'request/no-time-left'
  | 'approval/not-found'
  | 'approval/expired'
  | 'approval/answered'
  | 'approval/refused'
  | 'journal/unavailable'
  | 'internal';

class HttpError extends Error {
  readonly status: number;
  readonly code: ApprovalErrorCode;
  readonly next: string | null;

  constructor(status: number, code: ApprovalErrorCode, message: string, next: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

/** Bytes of a body; a reason and the name of a resource fit into far less. */
const MAX_BODY = 16_384;
/** Characters of a reason. */
const MAX_REASON = 1000;
/** A yes is not taken with less time than this: what follows is a fix with its verification. */
const NEEDED = 35_000;
/** Answers that a sandbox remembers. */
const REMEMBERED = 1000;
const ID = /^a-[0-9a-f]{16}$/;

/** Answers requests, and remembers whom it has answered lately. */
export function approvalRequests({
  options,
  redress,
  logger,
  clock,
}: {
  readonly options: ApprovalHandlerOptions;
  readonly redress: Redress;
  readonly logger: HandlerLogger;
  readonly clock: Clock;
}): ApprovalHandler {
  const { journal } = options;
  const list = async (): Promise<readonly ApprovalDocument[]> => (await redress.approvals()).map(approvalDocument);
  const show = async (id: string): Promise<ApprovalShown> => {
    const approval = await waiting(id);
    return showApproval(journal, await loaded(options.remediators.filter((each) => each.id === approval.remediator)), approval);
  };

  /** One that waits, or waited: also when it ran out. */
  const waiting = async (id: string): Promise<Approval> => {
    const found = (await journal.approvals()).find((each) => each.id === id);
    if (found === undefined) throw new HttpError(404, 'approval/not-found', `There is no open approval ${id}: it does not exist, or was used.`);
    return found;
  };

  /** Whose approvals were answered here lately, so that who sends twice is answered twice. */
  const lately = new Map<string, ResourceRef>();

  /** One that was used is in no list any more; its resource's stream knows it. */
  const answered = async (id: string, given: ResourceRef | null): Promise<Approval> => {
    const at = lately.get(id) ?? given;
    if (at !== null) {
      const used = (await journal.view(at)).approvals.find((each) => each.id === id && each.usedBy !== null);
      if (used !== undefined) return used;
    }
    return waiting(id);
  };

  const answer = async (
    id: string,
    verdict: 'approved' | 'denied',
    caller: Caller,
    request: Answering,
    context: InvocationContext,
  ): Promise<ApprovalAnswer> => {
    const remaining = context.getRemainingTimeInMillis();
    const said = { approval: id, verdict, by: caller.arn, verified: true } as const;
    const before = await answered(id, request.resource);
    const who = before.by?.name ?? 'someone';
    if (before.verdict === verdict && before.by?.name === caller.arn && before.by.verified)
      return { ...said, repeated: true, passes: [], usedBy: before.usedBy };
    if (before.usedBy !== null) throw new HttpError(409, 'approval/answered', `${id} was used by ${before.usedBy}; ${who} approved it.`);
    if (before.expires <= clock.now())
      throw new HttpError(
        409,
        'approval/expired',
        `${id} expired on ${new Date(before.expires).toISOString()}.`,
        'It is requested again when the gap is reported or swept again.',
      );
    if (before.verdict === 'denied' || before.verdict === verdict)
      throw new HttpError(409, 'approval/answered', `${who} has ${before.verdict} ${id} already.`, 'It is requested again after the request has expired.');
    if (verdict === 'approved' && remaining < NEEDED)
      throw new HttpError(503, 'request/no-time-left', 'The function has too little time left to carry it out; nothing was recorded.', 'Ask again.');
    // The engine asks again whether the caller may: it is the one that decides.
    const how = { by: { name: caller.arn, verified: true }, reason: request.reason, deadline: clock.now() + remaining };
    if (verdict === 'denied') {
      await redress.deny(id, how);
      return { ...said, repeated: false, passes: [], usedBy: null };
    }
    lately.set(id, before.resource);
    if (lately.size > REMEMBERED) for (const oldest of lately.keys()) if (lately.delete(oldest)) break;
    const passes = await redress.approve(id, how);
    for (const pass of passes) logPass(logger, pass, null, 'pass');
    return { ...said, repeated: false, passes: passes.map(answeredPass), usedBy: null };
  };

  const route = async (event: unknown, context: InvocationContext): Promise<unknown> => {
    const caller = callerOf(event);
    if (caller === null)
      throw new HttpError(
        403,
        'request/unidentified',
        'This request is not signed.',
        'The function URL needs AuthType AWS_IAM; sign with the credentials of an IAM user or role.',
      );
    if (options.organization !== undefined && caller.organization !== options.organization)
      throw new HttpError(403, 'request/unidentified', 'The caller is not of this organization.');
    const { method, path } = requestOf(event);
    const [root, id, verb, ...rest] = path.replace(/^\//, '').split('/');
    if (root !== 'approvals' || rest.length > 0 || (verb !== undefined && verb !== 'approve' && verb !== 'deny'))
      throw new HttpError(404, 'request/not-found', 'There is no such path.', 'GET /approvals, GET /approvals/{id}, POST /approvals/{id}/approve or /deny');
    if (id !== undefined && !ID.test(id)) throw new HttpError(404, 'approval/not-found', 'This is not the ID of an approval.');
    const needed = verb === undefined ? 'GET' : 'POST';
    if (method !== needed) throw new HttpError(405, 'request/method', `This path takes ${needed} only.`);
    if (id === undefined) return list();
    if (verb === undefined) return show(id);
    const verdict = verb === 'approve' ? 'approved' : 'denied';
    const done = await answer(id, verdict, caller, answeringOf(event), context);
    logger.info(`approval ${verdict}`, { kind: 'approval', approval: id, verdict, by: caller.arn, repeated: done.repeated });
    return done;
  };

  return async (event, context) => {
    try {
      return respond(200, redress.redact(await route(event, context)));
    } catch (error) {
      const told = toldOf(error);
      // What is not reported to the caller is in the log.
      logger[told.status >= 500 ? 'error' : 'warn']('approval request refused', {
        kind: 'approval',
        code: told.code,
        caller: callerOf(event)?.arn ?? null,
        ...(told.status >= 500 ? { error: describe(error) } : {}),
      });
      const { code, message, next } = told;
      return respond(told.status, redress.redact({ error: { code, message, next } }));
    }
  };
}

/** What a person sent with their answer. */
interface Answering {
  readonly reason: string;
  /** Where to find what was used already. */
  readonly resource: ResourceRef | null;
}

function answeredPass(pass: PassResult): AnsweredPass {
  const { remediator, outcome, execution, duplicate, message, open, approval, record, retryable } = pass;
  return {
    resource: pass.resource,
    remediator,
    outcome,
    execution,
    duplicate,
    message,
    open,
    approval,
    record,
    retryable,
    plan: pass.plan?.digest ?? null,
    changes: pass.plan?.changes.map((change) => change.summary) ?? [],
    reasons: pass.decision?.results.filter((each) => each.effect !== 'allow') ?? [],
  };
}

/** Method and path, as Lambda took them from the request. */
function requestOf(event: unknown): { method: string; path: string } {
  const context = isRecord(event) && isRecord(event['requestContext']) ? event['requestContext'] : {};
  const { method, path } = isRecord(context['http']) ? context['http'] : {};
  if (typeof method !== 'string' || typeof path !== 'string' || path.length > 256) throw new HttpError(400, 'request/invalid', 'This is not a valid request.');
  return { method, path };
}

/** The body of an answer: JSON, small, and nothing in it that is not known. */
function answeringOf(event: unknown): Answering {
  const { headers, body, isBase64Encoded } = event as Record<string, unknown>;
  const type = isRecord(headers) ? Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] : undefined;
  if (typeof type !== 'string' || !/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type.trim()))
    throw new HttpError(415, 'request/media-type', 'The body has to be application/json.');
  const invalid = (message: string): never => {
    throw new HttpError(400, 'request/invalid', message, 'For example: { "reason": "CHG-1234" }');
  };
  if (typeof body !== 'string' || body === '') return invalid('There is no body.');
  // Base64 is longer than what it stands for; the limit is that of what was sent.
  if (body.length > MAX_BODY * 2) throw new HttpError(413, 'request/too-large', `A body has at most ${MAX_BODY} bytes.`);
  const bytes = Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8');
  if (bytes.length > MAX_BODY) throw new HttpError(413, 'request/too-large', `A body has at most ${MAX_BODY} bytes.`);
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return invalid('The body is not JSON.');
  }
  if (!isRecord(given)) return invalid('The body is not a JSON object.');
  // `by`, `verified` and the like are refused, so that nobody takes them for something that counts.
  const unknown = Object.keys(given).find((key) => key !== 'reason' && key !== 'resource');
  if (unknown !== undefined) return invalid(`${JSON.stringify(unknown.slice(0, 64))} is not known here.`);
  const { reason } = given;
  if (typeof reason !== 'string' || reason.trim() === '') return invalid('An answer needs a reason.');
  if (reason.length > MAX_REASON) return invalid(`A reason has at most ${MAX_REASON} characters.`);
  // It goes into the journal, and from there to terminals, mails and chats.
  if (UNPRINTABLE.test(reason)) return invalid('A reason holds no control characters.');
  return { reason, resource: locator(given['resource'], () => invalid('The resource is not valid.')) };
}

function locator(value: unknown, invalid: () => never): ResourceRef | null {
  if (value === undefined) return null;
  try {
    return resource(value as ResourceRef);
  } catch {
    return invalid();
  }
}

// C0, DEL and C1 controls, line separators, and the marks that turn the direction of text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE.source, 'g');

/** What is reported to the caller about an error. Of an unexpected one, only that there was one. */
function toldOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (isRedressError(error)) {
    // Its text is for the person who answers: who may, and what to do next.
    if (error.code === 'approval/refused') return new HttpError(403, 'approval/refused', error.message, error.next ?? null);
    if (error.code === 'journal/unavailable')
      return new HttpError(503, 'journal/unavailable', 'The journal cannot be reached; nothing was done.', 'Ask again.');
  }
  return new HttpError(500, 'internal', 'It failed. The log of the function says why.', 'Check the approval before you answer again.');
}

function respond(statusCode: number, document: unknown): HttpResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    // Names and tags come from accounts: whoever writes them must not drive the terminal of who reads them.
    body: JSON.stringify(document).replace(EACH_UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  };
}
