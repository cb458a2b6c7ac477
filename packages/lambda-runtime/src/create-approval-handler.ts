import { createRedress, type Redress, RedressError, type RedressOptions, systemClock } from '@redress/core';
import { describe, makeLogger, redactingLogger } from './log.js';
import type { HandlerLogger, InvocationContext } from './types.js';

/** What {@link createApprovalHandler} takes: that of `createRedress`, with a journal. */
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

/**
 * Makes the Lambda handler of the approvals' Function URL, which must have `AuthType: AWS_IAM`: IAM verifies the signature of each request,
 * and what it says of the signer is the only identity that counts here. So approvals work in the highest environment, too.
 *
 * `GET /approvals` lists what waits, `GET /approvals/{id}` shows one with its plan, `POST /approvals/{id}/approve` and `…/deny` take
 * `{ "reason": "…" }` as JSON, and carry out what was shown. Saying the same again does nothing again.
 *
 * Keep it a function of its own: who may *invoke* a function can hand it any event, and so be anyone. Approvers are to be allowed
 * `lambda:InvokeFunctionUrl`, and `lambda:InvokeFunction` only with the condition `lambda:InvokedViaFunctionUrl`.
 *
 * @example export const approvals = createApprovalHandler({ remediators, policy, journal, connect });
 * @throws {RedressError} `compose/invalid`, `policy/invalid`
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
export function createApprovalHandler(options: ApprovalHandlerOptions): ApprovalHandler {
  const { journal } = options;
  if (journal === undefined || journal === null || (journal.kind === 'folder' && process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined))
    throw new RedressError('compose/invalid', 'Approvals need the journal that all functions share.', {
      next: 'Give createApprovalHandler the journal of createHandler.',
    });
  const clock = options.clock ?? systemClock;
  const redress: Redress = createRedress({ ...options, onWarning: (message, error) => logger.warn(message, { error: describe(error) }) });
  const logger = redactingLogger(options.logger ?? makeLogger(), redress.redact);
  // Only the sandboxes of its own function answer requests: the others start without what it takes.
  let answering: Promise<ApprovalHandler> | null = null;
  return async (event, context) => {
    answering ??= import('./approval-requests.js').then(({ approvalRequests }) => approvalRequests({ options, redress, logger, clock }));
    return (await answering)(event, context);
  };
}
