import { GLOBAL_REGION, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look, stateOf } from '../../../../tests/support/look.js';
import { enableMultiRegionTrail } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
const arn = (name: string, account = '111111111111') => `arn:aws:cloudtrail:us-east-1:${account}:trail/${name}`;
const MANAGEMENT = { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All', ExcludeManagementEventSources: [] }] };
interface Given {
  readonly name?: string;
  readonly account?: string;
  readonly region?: string;
  readonly everywhere?: boolean;
  readonly status?: object;
  readonly selectors?: object;
  readonly settings?: object;
}
const LOGGING = { IsLogging: true, StartLoggingTime: new Date('2026-11-30T10:00:00Z') };
const one = ({ name = 'audit', account, everywhere = true, status = LOGGING, selectors = MANAGEMENT, settings = {} }: Given) => ({
  cloudtrail: {
    DescribeTrails: { trailList: [{ Name: name, TrailARN: arn(name, account), IsMultiRegionTrail: everywhere, ...settings }] },
    GetTrailStatus: status,
    GetEventSelectors: selectors,
    ListTrails: { Trails: [{ Name: name, TrailARN: arn(name, account) }] },
  },
});
const NONE_LISTED = { ListTrails: { Trails: [] } };
const NONE = { cloudtrail: { DescribeTrails: { trailList: [] }, ...NONE_LISTED } };
const of = (replies: Parameters<typeof assess>[2], parameters: object = { bucket: 'trails' }) => assess(enableMultiRegionTrail, REF, replies, { parameters });

describe('an account', () => {
  it('without any trail gets one for all regions, which is then started. A person undoes that', async () => {
    expect(await of(NONE, { bucket: 'trails', prefix: 'all' })).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: {
            operation: 'CreateTrail',
            input: {
              Name: 'management-events',
              S3BucketName: 'trails',
              S3KeyPrefix: 'all',
              IsMultiRegionTrail: true,
              IncludeGlobalServiceEvents: true,
              EnableLogFileValidation: true,
            },
          },
          undo: { calls: [{ operation: 'DeleteTrail', input: { Name: 'management-events' } }], destroys: expect.stringContaining('from then on') },
        },
        {
          call: { operation: 'StartLogging', input: { Name: 'management-events' } },
          undo: { calls: [{ operation: 'StopLogging', input: { Name: 'management-events' } }], destroys: expect.stringContaining('from then on') },
        },
      ],
    });
    expect([enableMultiRegionTrail.ceiling, enableMultiRegionTrail.uses.undoes]).toEqual(['enforce', []]);
  });
  it.each<[string, Parameters<typeof of>[0], string]>([
    ['of this region alone', one({ everywhere: false }), arn('audit')],
    [
      'of the organization, that is not listed',
      { cloudtrail: { ...one({ account: '999999999999', selectors: { EventSelectors: [] } }).cloudtrail, ...NONE_LISTED } },
      '999999999999',
    ],
    [
      'of another region, on the second page of the list',
      {
        cloudtrail: {
          DescribeTrails: { trailList: [] },
          ListTrails: ({ NextToken }: { NextToken?: string }) =>
            NextToken === undefined ? { Trails: [], NextToken: 'more' } : { Trails: [{ TrailARN: arn('far').replace('us-east-1', 'eu-west-1') }] },
        },
      },
      ':eu-west-1:',
    ],
    ['that leaves out some events', one({ selectors: { EventSelectors: [] } }), arn('audit')],
  ])('with a trail %s does not get another one without an approval', async (_, replies, named) => {
    expect(await of(replies)).toMatchObject({
      status: 'change',
      hazards: [{ code: 'second-copy', effect: 'approve', message: expect.stringContaining(named) }],
    });
  });
  const NAMED = { name: 'management-events', settings: { S3BucketName: 'trails' } };
  it.each([
    ['was stopped', { IsLogging: false, StopLoggingTime: new Date('2026-11-30T09:00:00Z') }],
    ['was never started', { IsLogging: false }],
  ])('with a trail of that name that %s is left to people, and to the remediator of that trail', async (_, status) => {
    expect(await of(one({ ...NAMED, status }))).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('is not logging'),
      steps: [expect.stringContaining('cloudtrail-restart-logging')],
    });
  });
  it('needs manual steps if the name is taken by a trail of one region, or that trail leaves some events out', async () => {
    expect(await of(one({ ...NAMED, everywhere: false }))).toMatchObject({ status: 'manual', message: expect.stringContaining('is called management-events') });
    expect(await of(one({ ...NAMED, selectors: { EventSelectors: [] } }))).toMatchObject({ status: 'manual', message: expect.stringContaining('leaves some') });
  });
  it('is covered by the trail of its organization', async () => {
    expect((await of(one({ account: '999999999999' }))).status).toBe('compliant');
    expect((await of(one({ account: '999999999999', name: 'management-events', status: { IsLogging: false } }))).status).toBe('manual');
  });
  it('needs manual steps if no bucket is named', async () => {
    expect(await of(NONE, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name bucket') });
  });
  it('is not judged by a trail without a logging status', async () => {
    await expect(of(one({ status: {} }))).rejects.toThrow('IsLogging');
  });
  it('has another state once somebody has changed its trail, or has stopped and started it: then a rollback does not delete it', async () => {
    const of = (given: Given) => stateOf(enableMultiRegionTrail, REF, one({ name: 'management-events', ...given }));
    const given = await of({ settings: { S3BucketName: 'trails' } });
    expect(await of({ settings: { S3BucketName: 'trails' } })).toEqual(given);
    const settings = { S3BucketName: 'trails' };
    for (const changed of [
      { settings: { S3BucketName: 'others' } },
      { settings: { ...settings, CloudWatchLogsLogGroupArn: 'arn:aws:logs:us-east-1:111111111111:log-group:trails:*' } },
      { settings: { ...settings, IsOrganizationTrail: true } },
      { settings, selectors: { EventSelectors: [...MANAGEMENT.EventSelectors, { IncludeManagementEvents: false, DataResources: [] }] } },
      { settings, status: { IsLogging: true, StartLoggingTime: new Date('2026-11-30T11:00:00Z') } },
    ])
      expect(await of(changed)).not.toEqual(given);
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

it.each<[string, Readonly<Record<string, string>> | null, null | []]>([
  ['nothing', {}, []],
  ['a bucket', { s3BucketName: 'trails' }, null],
  ['a bucket that is empty', { s3BucketName: '' }, []],
  ['unknown things', null, null],
])('a rule that requires %s of a trail besides is judged so far', async (_, parameters, said) => {
  const seen = await look(enableMultiRegionTrail, REF, one({}));
  expect(seen === 'gone' ? 'gone' : seen.judge({ configRule: 'trails', parameters })).toEqual(said);
});
