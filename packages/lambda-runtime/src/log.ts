import { Logger } from '@aws-lambda-powertools/logger';
import { decisive, formatResource, messageOf, type PassResult, type SweepSummary } from '@redress/core';
import type { HandlerLogger, LogAttributes } from './types.js';

/** A Powertools Logger, which `POWERTOOLS_…` variables configure. */
export function makeLogger(): HandlerLogger {
  return new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'redress' });
}

/** A logger that is given no secret: a message may hold what AWS, or anybody's event, has said. */
export function redactingLogger(logger: HandlerLogger, redact: <T>(value: T) => T): HandlerLogger {
  const cleanly = (level: keyof HandlerLogger) => (message: string, attributes: LogAttributes) => logger[level](redact(message), redact(attributes));
  return { info: cleanly('info'), warn: cleanly('warn'), error: cleanly('error') };
}

/** One line per pass: names, outcome and codes. Never the event itself, which may hold anything. */
export function logPass(
  logger: HandlerLogger,
  pass: PassResult,
  messageId: string | null,
  kind: 'pass' | 'recovery' | 'sweep',
  toCloseMs: number | null = null,
): void {
  const bad = pass.outcome === 'failed' || pass.outcome === 'partial' || pass.outcome === 'unknown';
  logger[bad ? 'error' : 'info'](pass.message === '' ? pass.outcome : pass.message, {
    kind,
    remediator: pass.remediator,
    resource: formatResource(pass.resource),
    outcome: pass.outcome,
    execution: pass.execution,
    // Nothing to change is the account's doing, not a guardrail's.
    reasons: pass.decision === null || pass.outcome === 'no-op' ? [] : decisive(pass.decision).map((each) => each.code),
    duplicate: pass.duplicate,
    retryable: pass.retryable,
    ...(messageId === null ? {} : { messageId }),
    ...(toCloseMs === null ? {} : { toCloseMs }),
  });
}

/** One line for each remediator and place that a sweep looked at. */
export function logSweep(logger: HandlerLogger, { message, record: _, ...summary }: SweepSummary): void {
  const level = summary.status === 'failed' ? 'error' : summary.unread + summary.errors > 0 ? 'warn' : 'info';
  logger[level](message, { kind: 'sweep-summary', ...summary });
}

/** An error for the log. */
export function describe(error: unknown): { name: string; code?: unknown; message: string } {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return { name: error instanceof Error ? error.name : typeof error, ...(code === undefined ? {} : { code }), message: messageOf(error) };
}
