import { type Decoder, verdict } from '../draft.js';
import { scalars, text } from '../read.js';

/** Statuses after which an Automation does nothing more. */
export const ENDED: readonly string[] = ['Success', 'Failed', 'TimedOut', 'Cancelled', 'CompletedWithSuccess', 'CompletedWithFailure'];

/**
 * `EC2 Automation Execution Status-change Notification`: how far a Systems Manager Automation is. It says nothing about a gap; a change that is
 * a runbook is judged by reading the resource again.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
 */
export const automationStatus: Decoder = (detail, context) => ({
  source: 'ssm',
  kind: 'automation-status',
  id: context.envelope?.id ?? undefined,
  // The resource that it was started for is read; its own status is not used.
  ...(ENDED.includes(text(detail.Status, 64) ?? '')
    ? verdict('candidate', 'An Automation has ended.')
    : verdict('record-only', 'The status of an Automation says nothing about a setting.')),
  account: context.account,
  region: context.region,
  state: text(detail.Status, 64),
  observedAt: context.envelope?.time ?? null,
  extra: scalars({
    automationExecutionId: text(detail.ExecutionId, 64),
    document: text(detail.Definition, 256),
    documentVersion: text(detail.DefinitionVersion, 32),
  }),
});
