import { createRedress, type Redress, RedressError, systemClock } from '@redress/core';
import type { ApprovalHandler, ApprovalHandlerOptions } from './approval-requests.js';
import { describe, makeLogger, redactingLogger } from './log.js';

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
