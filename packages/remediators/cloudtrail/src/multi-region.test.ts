import { GLOBAL_REGION, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { enableMultiRegionTrail } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
const arn = (name: string, account = '111111111111', region = 'us-east-1') => `arn:aws:cloudtrail:${region}:${account}:trail/${name}`;
const MANAGEMENT = { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All', ExcludeManagementEventSources: [] }] };
interface Given {
  readonly name?: string;
  readonly account?: string;
  readonly region?: string;
  readonly everywhere?: boolean;
  readonly logging?: boolean | undefined;
  /** Whether it was started, if it does not log. */
  readonly started?: boolean;
  readonly selectors?: object;
  readonly tags?: object[];
}
const one = (given: Given) => {
  const { name = 'audit', account, region, everywhere = true, selectors = MANAGEMENT, started = false, tags = [] } = given;
  const TrailARN = arn(name, account, region);
  return {
    cloudtrail: {
      DescribeTrails: { trailList: [{ Name: name, TrailARN, IsMultiRegionTrail: everywhere }] },
      ListTrails: { Trails: [{ Name: name, TrailARN }] },
      ListTags: { ResourceTagList: [{ ResourceId: TrailARN, TagsList: tags }] },
      GetTrailStatus: { IsLogging: 'logging' in given ? given.logging : true, ...(started ? { StopLoggingTime: new Date(0) } : {}) },
      GetEventSelectors: selectors,
    },
  };
};
const NONE = { cloudtrail: { DescribeTrails: { trailList: [] }, ListTrails: { Trails: [] } } };
const of = (replies: Parameters<typeof assess>[2], parameters: object = { bucket: 'trails' }) => assess(enableMultiRegionTrail, REF, replies, { parameters });

describe('an account', () => {
  const SINGLE = one({ everywhere: false });
  // DescribeTrails does not show it.
  const ELSEWHERE = { cloudtrail: { ...NONE.cloudtrail, ListTrails: one({ everywhere: false, region: 'eu-west-1' }).cloudtrail.ListTrails } };
  const PART = one({ selectors: { EventSelectors: [] } });
  it.each([
    ['without a trail', NONE, []],
    ['with one of a single region', SINGLE, ['second-copy']],
    ['with one of a part of the events', PART, ['second-copy']],
    ['with one of a single region elsewhere', ELSEWHERE, ['second-copy']],
  ])('%s gets a trail for all regions, which is then started', async (_, replies, hazards) => {
    const plan = await of(replies, { bucket: 'trails', prefix: 'all' });
    const created = { Name: 'management-events', S3BucketName: 'trails', S3KeyPrefix: 'all', IsMultiRegionTrail: true, IncludeGlobalServiceEvents: true };
    const Name = arn('management-events');
    expect(plan).toMatchObject({
      status: 'change',
      hazards: hazards.map((code) => ({ code, effect: 'approve', message: expect.stringMatching(/^The account has arn:.*:trail\/audit$/) })),
      changes: [
        { call: { operation: 'CreateTrail', input: { ...created, EnableLogFileValidation: true } } },
        { call: { operation: 'StartLogging', input: { Name } } },
      ],
    });
    // In reverse: it is marked, then stopped. Nothing is deleted.
    const stopped = { calls: [{ operation: 'StopLogging', input: { Name } }], restores: 'equivalent', destroys: expect.stringContaining('the record') };
    const mark = { ResourceId: Name, TagsList: [{ Key: 'redress:rolled-back', Value: 'cloudtrail-enable-multi-region-trail' }] };
    const marked = { calls: [{ operation: 'AddTags', input: mark }], restores: 'equivalent' };
    expect(plan.status === 'change' && plan.changes.map((change) => change.undo)).toMatchObject([stopped, marked]);
  });
  const OURS = { name: 'management-events', logging: false };
  it('with a trail of that name that was never started gets it started, with an undo that marks it and stops it', async () => {
    expect(await of(one(OURS))).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: { operation: 'StartLogging', input: { Name: arn('management-events') } },
          undo: { calls: [{ operation: 'AddTags' }, { operation: 'StopLogging' }], destroys: expect.stringContaining('the record') },
        },
      ],
    });
  });
  it.each([
    ['that somebody has stopped', { ...OURS, started: true }, 'is stopped'],
    ['of another region', { ...OURS, region: 'eu-west-1' }, 'is stopped'],
    ['that leaves something out', { ...OURS, selectors: { EventSelectors: [] } }, 'leaves some of them out'],
  ])('with a trail of that name %s needs manual steps', async (_, given, message) => {
    expect(await of(one(given))).toMatchObject({ status: 'manual', message: expect.stringContaining(message) });
  });
  it('honours an exception on the trail of that name, and asks if its tags say that it is retired', async () => {
    const tags = [{ Key: 'state', Value: 'Retired' }];
    const replies = one({ ...OURS, tags });
    expect(await of(replies)).toMatchObject({ status: 'change', hazards: [{ code: 'retired', effect: 'approve' }] });
    const seen = await enableMultiRegionTrail.observe({
      aws: Object.fromEntries(
        Object.entries(replies).map(([service, calls]) => [
          service,
          Object.fromEntries(Object.entries(calls).map(([call, reply]) => [call, async () => reply])),
        ]),
      ) as never,
      resource: REF,
      parameters: enableMultiRegionTrail.parameters({ bucket: 'trails' }),
    });
    expect(seen).toMatchObject({ usedBy: [{ type: 'AWS::CloudTrail::Trail', id: 'management-events', tags: { state: 'Retired' } }] });
    expect(enableMultiRegionTrail.exceptionTypes).toEqual(['AWS::CloudTrail::Trail']);
  });
  it('is covered by the trail of its organization', async () => {
    expect((await of(one({ account: '999999999999' }))).status).toBe('compliant');
    expect((await of(one({ account: '999999999999', name: 'management-events', logging: false }))).status).toBe('manual');
  });
  it('needs manual steps if its trail is stopped, or no bucket is named', async () => {
    expect(await of(one({ logging: false }))).toMatchObject({ status: 'manual', message: expect.stringContaining('is stopped') });
    expect(await of(NONE, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name bucket') });
  });
  it('is not judged by a trail without a logging status', async () => {
    await expect(of(one({ logging: undefined }))).rejects.toThrow('logging');
  });
});

const basic = (more: object) => ({ EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All', ...more }] });
const advanced = (...FieldSelectors: object[]) => ({ EventSelectors: [], AdvancedEventSelectors: [{ FieldSelectors }] });
it.each([
  ['all management events', basic({}), true],
  ['no management events', basic({ IncludeManagementEvents: false }), false],
  ['only write events', basic({ ReadWriteType: 'WriteOnly' }), false],
  ['everything except the events of a service', basic({ ExcludeManagementEventSources: ['kms.amazonaws.com'] }), false],
  ['by advanced selectors, all management events', advanced({ Field: 'eventCategory', Equals: ['Management'] }), true],
  ['by advanced selectors, only read events', advanced({ Field: 'eventCategory', Equals: ['Management'] }, { Field: 'readOnly', Equals: ['true'] }), false],
  ['by advanced selectors, data events', advanced({ Field: 'eventCategory', Equals: ['Data'] }), false],
  ['unknown events', {}, false],
])('a trail that records %s', async (_, selectors, whole) => {
  expect((await of(one({ selectors }))).status).toBe(whole ? 'compliant' : 'change');
});

describe('a rule that requires a secure trail', () => {
  const secure = { LogFileValidationEnabled: true, IncludeGlobalServiceEvents: true, KmsKeyId: 'arn:aws:kms:us-east-1:111111111111:key/k' };
  const judged = async (trail: object, rule: string) => {
    const { cloudtrail } = one({});
    const [found] = cloudtrail.DescribeTrails.trailList;
    const replies = { cloudtrail: { ...cloudtrail, DescribeTrails: { trailList: [{ ...found, ...trail }] } } };
    const seen = await look(enableMultiRegionTrail, REF, replies);
    return seen === 'gone' ? null : seen.judge({ isRule: (known) => known === rule });
  };
  it('is open if the trail is not secure, and no other rule is', async () => {
    const open = [expect.stringContaining('no multi-region trail of account 111111111111 has log file validation, is encrypted')];
    for (const left of Object.keys(secure)) expect(await judged({ ...secure, [left]: undefined }, 'CLOUDTRAIL_SECURITY_TRAIL_ENABLED')).toEqual(open);
    expect(await judged({}, 'CLOUD_TRAIL_ENABLED')).toEqual([]);
  });
  it('is closed by a secure trail', async () => {
    expect(await judged(secure, 'CLOUDTRAIL_SECURITY_TRAIL_ENABLED')).toEqual([]);
  });
});
