import { GLOBAL_REGION, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { enableMultiRegionTrail } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: GLOBAL_REGION });
const arn = (name: string, account = '111111111111') => `arn:aws:cloudtrail:us-east-1:${account}:trail/${name}`;
const MANAGEMENT = { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All', ExcludeManagementEventSources: [] }] };
const one = (given: { name?: string; account?: string; everywhere?: boolean; logging?: boolean | undefined; selectors?: object }) => {
  const { name = 'audit', account, everywhere = true, selectors = MANAGEMENT } = given;
  return {
    cloudtrail: {
      DescribeTrails: { trailList: [{ Name: name, TrailARN: arn(name, account), IsMultiRegionTrail: everywhere }] },
      GetTrailStatus: { IsLogging: 'logging' in given ? given.logging : true },
      GetEventSelectors: selectors,
    },
  };
};
const NONE = { cloudtrail: { DescribeTrails: { trailList: [] } } };
const of = (replies: Parameters<typeof assess>[2], parameters: object = { bucket: 'trails' }) => assess(enableMultiRegionTrail, REF, replies, { parameters });

describe('an account', () => {
  it.each([
    ['without a trail', NONE],
    ['with one of a single region', one({ everywhere: false })],
  ])('%s gets a trail for all regions, which is then started', async (_, replies) => {
    const plan = await of(replies, { bucket: 'trails', prefix: 'all' });
    expect(plan.status === 'change' ? plan.changes.map(({ call: { operation, input } }) => [operation, input]) : plan).toEqual([
      [
        'CreateTrail',
        {
          Name: 'management-events',
          S3BucketName: 'trails',
          S3KeyPrefix: 'all',
          IsMultiRegionTrail: true,
          IncludeGlobalServiceEvents: true,
          EnableLogFileValidation: true,
        },
      ],
      ['StartLogging', { Name: 'management-events' }],
    ]);
    expect(plan.status === 'change' && plan.changes.map(({ undo }) => 'irreversible' in undo)).toEqual([true, true]);
  });
  it('with a stopped trail of that name gets it started, by its ARN', async () => {
    const plan = await of(one({ name: 'management-events', logging: false }));
    expect(plan.status === 'change' ? plan.changes.map(({ call: { operation, input } }) => [operation, input]) : plan).toEqual([
      ['StartLogging', { Name: arn('management-events') }],
    ]);
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
