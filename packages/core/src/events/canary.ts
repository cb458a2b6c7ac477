import type { Finding } from '../model/finding.js';
import { isRecord } from '../model/json.js';
import { isAccountId, isRegion, partitionOf, type ResourceRef, resource } from '../model/resource.js';
import type { EventPattern } from './patterns.js';

/** The tag of the canary's parameter. Its value is the time at which the canary was sent. */
export const CANARY_TAG = 'redress:canary';

/** The name under which the journal records arrivals. */
export const CANARY = 'redress-canary';

/** The longest time in which a canary proves that events arrive, in milliseconds: a day, and two hours for a late start. */
export const CANARY_WITHIN = 26 * 3_600_000;

/** The arrival of a canary's event. */
export interface CanaryArrival {
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds: the value of the tag, or else the time of the call in CloudTrail. */
  readonly sentAt: number;
  /** Milliseconds from the change to its arrival; never negative. */
  readonly took: number;
  /** Whether it arrived in time to prove that events arrive. A message from an old queue does not. */
  readonly inTime: boolean;
}

/**
 * Whether an input is the tick that sends a canary: exactly `{ "redress": "canary" }`, the input of a scheduled rule, or an event
 * `Redress Canary` of the source `redress.canary`, which a rule's input transformer creates from its schedule.
 *
 * @example isCanaryTick({ redress: 'canary' }) === true
 */
export function isCanaryTick(input: unknown): boolean {
  if (!isRecord(input)) return false;
  if (input['source'] === 'redress.canary' && input['detail-type'] === 'Redress Canary') return true;
  return input['redress'] === 'canary' && Object.keys(input).length === 1;
}

/**
 * The pattern of the rule for the canary's own event. It follows the path of every API call: CloudTrail, EventBridge, queue, function.
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

/** The resource in whose stream arrivals are recorded: the parameter, so that reading the newest is cheap. */
export function canaryResource(parameter: string, account: string, region: string): ResourceRef {
  return resource({ type: 'AWS::SSM::Parameter', id: parameter, account, region, partition: partitionOf(region) });
}

/** The arrival that a finding reports; null if it is not a canary, if the call failed, or if an archive replayed it. */
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
