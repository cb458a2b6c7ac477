import { describe, expect, it } from 'vitest';
import { matchesPattern } from '../../../../tests/support/event-pattern.js';
import { canaryArrival, canaryPattern, canaryResource, isCanaryTick } from './canary.js';
import { normalize } from './normalize.js';

const SENT = '2026-11-24T06:00:00.000Z';
const NOW = Date.parse(SENT) + 90_000;
const tags = [{ key: 'redress:canary', value: SENT }];

function event(detail: Record<string, unknown> = {}, over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: '0',
    id: 'e-1',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ssm',
    account: '111111111111',
    time: SENT,
    region: 'eu-west-1',
    resources: [],
    detail: {
      eventVersion: '1.09',
      eventID: 'ct-1',
      eventTime: SENT,
      eventSource: 'ssm.amazonaws.com',
      eventName: 'AddTagsToResource',
      awsRegion: 'eu-west-1',
      readOnly: false,
      eventType: 'AwsApiCall',
      recipientAccountId: '111111111111',
      userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::111111111111:assumed-role/redress/f' },
      requestParameters: { resourceType: 'Parameter', resourceId: '/redress/canary', tags },
      responseElements: null,
      ...detail,
    },
    ...over,
  };
}
const arrival = (input: unknown, now = NOW) => {
  const [finding] = normalize(input);
  return finding === undefined ? undefined : canaryArrival(finding, '/redress/canary', now);
};

describe('the canary', () => {
  it('is sent by its own schedule and by nothing else', () => {
    expect(isCanaryTick({ redress: 'canary' })).toBe(true);
    expect(isCanaryTick({ source: 'redress.canary', 'detail-type': 'Redress Canary', id: 'x', detail: {} })).toBe(true);
    for (const other of [{ redress: 'sweep' }, { redress: 'canary', more: 1 }, { 'detail-type': 'Scheduled Event' }, 'canary', null, ['canary'], []])
      expect(isCanaryTick(other), JSON.stringify(other)).toBe(false);
  });

  it('arrives through its rule, and reports how long it took', () => {
    const { pattern } = canaryPattern('/redress/canary');
    expect(matchesPattern(event(), pattern)).toBe(true);
    expect(arrival(event())).toEqual({ account: '111111111111', region: 'eu-west-1', sentAt: Date.parse(SENT), took: 90_000, inTime: true });
    // Of a tag that someone set by hand the call's own time counts: its event has arrived all the same.
    expect(arrival(event({ requestParameters: { resourceType: 'Parameter', resourceId: '/redress/canary' } }))).toMatchObject({ took: 90_000, inTime: true });
  });

  it('that arrives days later proves nothing about today', () => {
    expect(arrival(event(), Date.parse(SENT) + 93_600_000)).toMatchObject({ inTime: true });
    expect(arrival(event(), Date.parse(SENT) + 93_600_001)).toMatchObject({ inTime: false });
    expect(arrival(event(), Date.parse(SENT) - 5000)).toMatchObject({ took: 0, inTime: true });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['of another parameter', { requestParameters: { resourceType: 'Parameter', resourceId: '/other', tags } }, {}],
    ['of a document', { requestParameters: { resourceType: 'Document', resourceId: '/redress/canary', tags } }, {}],
    ['that failed', { errorCode: 'AccessDenied' }, {}],
    ['of another operation', { eventName: 'RemoveTagsFromResource' }, {}],
    ['of another service', { eventSource: 'ec2.amazonaws.com' }, { source: 'aws.ec2' }],
    ['that somebody put on the bus', {}, { source: 'my.app' }],
  ])('does not match the call %s', (_name, detail, over) => {
    expect(matchesPattern(event(detail, over), canaryPattern('/redress/canary').pattern)).toBe(false);
    expect(arrival(event(detail, over)) ?? null).toBe(null);
  });

  it('does not count when an archive replays it', () => {
    expect(arrival(event({}, { 'replay-name': 'archive' }))).toBe(null);
  });

  it('has a stream of its own', () => {
    expect(canaryResource('/redress/canary', '111111111111', 'cn-north-1')).toMatchObject({
      type: 'AWS::SSM::Parameter',
      id: '/redress/canary',
      partition: 'aws-cn',
    });
  });
});
