// Events for every trigger of every remediator, each with events that must not match.
import type { Remediator } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import * as fixtures from '../../packages/core/src/events/fixtures/events.js';

export const all: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const { ACCOUNT } = fixtures;
type Members = Record<string, unknown>;
const asMembers = (value: unknown) => value as Members;

/** One event for each trigger of each remediator, each with events that must not match. */
export function triggerEvents(remediators: readonly Remediator[] = all): [string, unknown][] {
  // An event without an envelope does not come from EventBridge.
  const found: [string, unknown][] = Object.entries(fixtures.everyKind()).filter(([, event]) => 'detail-type' in event);
  for (const remediator of remediators) {
    const type = remediator.resourceTypes[0] ?? '';
    const id = type === 'AWS::::Account' ? ACCOUNT : 'thing-1';
    for (const rule of remediator.configRules) {
      for (const state of ['NON_COMPLIANT', 'COMPLIANT', 'NOT_APPLICABLE']) {
        for (const mode of [undefined, 'DETECTIVE', 'PROACTIVE']) {
          const event = asMembers(fixtures.complianceChange(state, {}, mode));
          const detail = asMembers(event['detail']);
          found.push([`${rule} ${state} ${mode ?? ''}`, { ...event, detail: { ...detail, configRuleName: rule, resourceType: type, resourceId: id } }]);
        }
      }
    }
    for (const control of remediator.controls) {
      for (const [status, recordState] of [
        ['FAILED', 'ACTIVE'],
        ['PASSED', 'ACTIVE'],
        ['FAILED', 'ARCHIVED'],
      ]) {
        const own = {
          Compliance: { Status: status, SecurityControlId: control.id },
          RecordState: recordState,
          Resources: [{ Type: type, Id: id, Region: 'eu-west-1' }],
        };
        found.push([`${control.id} ${status} ${recordState}`, fixtures.asffImported(own)]);
        found.push([`${control.id} ${status} ${recordState} by hand`, fixtures.asffAction(own)]);
      }
      const resources = [{ cloud_partition: 'aws', owner: { account: { uid: ACCOUNT } }, region: 'eu-west-1', type, uid: id }];
      for (const status of [{ status_id: 3 }, { status_id: 1 }, { status_id: 2, status: 'Warning' }, { status: 'FAILED' }, { status: 'pass' }])
        found.push([
          `${control.id} ${JSON.stringify(status)}`,
          fixtures.ocsfImported({
            compliance: { control: control.id, standards: ['standards/aws-foundational-security-best-practices/v/1.0.0'], ...status },
            resources,
          }),
        ]);
    }
    for (const Status of ['Success', 'InProgress'])
      if (remediator.runbook !== undefined)
        found.push([`${remediator.runbook.document} ${Status}`, fixtures.automation({ Definition: remediator.runbook.document, Status })]);
    for (const call of Object.keys(remediator.apiCalls)) {
      const [service = '', operation = ''] = call.split(':');
      for (const more of [{}, { errorCode: 'AccessDenied' }, { readOnly: true }]) {
        found.push([
          `${call} ${JSON.stringify(more)}`,
          fixtures.apiCall({ eventSource: `${service}.amazonaws.com`, eventName: operation, ...more }, { source: `aws.${service}` }),
        ]);
      }
    }
  }
  return found;
}
