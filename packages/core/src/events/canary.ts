import type { Finding } from '../model/finding.js';
import { isRecord } from '../model/json.js';
import { isAccountId, isRegion, partitionOf, type ResourceRef, resource } from '../model/resource.js';
import type { EventPattern } from './patterns.js';

/** The tag of the canary's parameter that says when it was sent. */
export const CANARY_TAG = 'redress:canary';

/** Under this name arrivals are in the journal. */
export const CANARY = 'redress-canary';

/** A canary that takes longer is no proof that events arrive today: a day, and two hours for a late start. Milliseconds. */
export const CANARY_WITHIN = 26 * 3_600_000;

/** A canary came back as an event. */
export interface CanaryArrival {
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds: what the tag says, or else when CloudTrail saw the call. */
  readonly sentAt: number;
  /** Milliseconds from the change to its arrival; never negative. */
  readonly took: number;
  /** Whether it came in time to show that events arrive; a message of an old queue does not. */
  readonly inTime: boolean;
}

/**
 * Whether an input is the tick that sends a canary: exactly `{ "redress": "canary" }`, the input of a scheduled rule, or an event
 * `Redress Canary` of the source `redress.canary`, which a rule's input transformer makes of its schedule.
 *
 * @example isCanaryTick({ redress: 'canary' }) === true
 */
export function isCanaryTick(input: unknown): boolean {
  if (!isRecord(input)) return false;
  if (input['source'] === 'redress.canary' && input['detail-type'] === 'Redress Canary') return true;
  return input['redress'] === 'canary' && Object.keys(input).length === 1;
}

/**
 * The rule that lets the canary's own event through. It takes the way of every API call: CloudTrail, EventBridge, queue, function.
 *
 * @param parameter name of the Systems Manager parameter that is tagged
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 */
export function canaryPattern(parameter: string): EventPattern {
  return {
    name: 'canary',
    description: 'The daily proof that events arrive.',
    pattern: {
      source: ['aws.ssm'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: {
        eventSource: ['ssm.amazonaws.com'],
        eventName: ['AddTagsToResource'],
        errorCode: [{ exists: false }],
        requestParameters: { resourceType: ['Parameter'], resourceId: [parameter] },
      },
    },
  };
}

/** Where arrivals are recorded: the stream of the parameter, so that the newest is a short read. */
export function canaryResource(parameter: string, account: string, region: string): ResourceRef {
  return resource({ type: 'AWS::SSM::Parameter', id: parameter, account, region, partition: partitionOf(region) });
}

/** What a finding says of the canary; null when it is none, failed, or was sent again by an archive. */
export function canaryArrival(finding: Finding, parameter: string, now: number): CanaryArrival | null {
  const { call, account, region } = finding;
  if (call === null || finding.envelope?.source !== 'aws.ssm' || finding.replayed) return null;
  if (call.service !== 'ssm' || call.operation !== 'AddTagsToResource' || (call.errorCode ?? '') !== '') return null;
  if (call.request?.['resourceType'] !== 'Parameter' || call.request['resourceId'] !== parameter) return null;
  if (!isAccountId(account) || !isRegion(region)) return null;
  const tags = Array.isArray(call.request['tags']) ? call.request['tags'] : [];
  const sent = tags.find((each) => isRecord(each) && each['key'] === CANARY_TAG);
  const says = isRecord(sent) && typeof sent['value'] === 'string' ? Date.parse(sent['value']) : Number.NaN;
  const sentAt = Number.isNaN(says) ? Date.parse(finding.observedAt ?? '') : says;
  if (Number.isNaN(sentAt)) return null;
  const took = Math.max(0, now - sentAt);
  return { account, region, sentAt, took, inTime: took <= CANARY_WITHIN };
}
