/**
 * The Lambda handler of Redress: batch answers, deadline and logs around the engine. Thin.
 *
 * @packageDocumentation
 */

export type { AnsweredPass, ApprovalAnswer, ApprovalErrorCode, ApprovalHandler, ApprovalHandlerOptions, HttpResponse } from './approval-requests.js';
export type { CanaryInput, CanaryOptions } from './canary.js';
export type { PutEvaluations, PutEvaluationsInput } from './config-rule.js';
export { createApprovalHandler } from './create-approval-handler.js';
export { type ConfigHandler, type ConfigHandlerOptions, createConfigHandler, type RemediationAnswer } from './create-config-handler.js';
export { createHandler, type Handler, type HandlerOptions, type HandlerSummary, type SweepPlaces } from './create-handler.js';
export { createSealHandler, type SealAnswer, type Sealed, type SealHandler, type SealHandlerOptions } from './create-seal-handler.js';
export type { MetricsSink } from './metrics.js';
export { RetryError } from './retry-error.js';
export type { SweepQueue, SweepRegions } from './sweep-round.js';
export type { BatchResponse, HandlerLogger, InvocationContext, LogAttributes, SqsEvent, SqsRecord } from './types.js';
export type { ChangeVisibility } from './visibility.js';
