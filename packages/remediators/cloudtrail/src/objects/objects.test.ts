import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { enableObjectReadDataEvents, enableObjectWriteDataEvents } from '../index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' });
const arn = (name: string, account = '111111111111') => `arn:aws:cloudtrail:eu-west-1:${account}:trail/${name}`;
const MANAGEMENT = { ReadWriteType: 'All', IncludeManagementEvents: true, DataResources: [], ExcludeManagementEventSources: ['kms.amazonaws.com'] };
const basic = (ReadWriteType: string, value: string, more: object = {}) => ({
  EventSelectors: [MANAGEMENT, { ReadWriteType, IncludeManagementEvents: false, DataResources: [{ Type: 'AWS::S3::Object', Values: [value] }], ...more }],
});
const field = (Field: string, ...Equals: readonly string[]) => ({ Field, Equals });
const advanced = (...FieldSelectors: readonly object[]) => ({
  EventSelectors: [],
  AdvancedEventSelectors: [{ Name: 'own', FieldSelectors: [field('eventCategory', 'Management')] }, { FieldSelectors }],
});
const replies = (selectors: unknown, { name = 'audit', account = '111111111111', home = 'eu-west-1', everywhere = true, logging = true } = {}) => ({
  cloudtrail: {
    DescribeTrails: { trailList: [{ Name: name, TrailARN: arn(name, account), HomeRegion: home, IsMultiRegionTrail: everywhere }] },
    GetTrailStatus: { IsLogging: logging },
    GetEventSelectors: selectors,
  },
});
const both = async (given: Parameters<typeof replies>, parameters: object = { trail: 'audit' }) =>
  Promise.all(
    [enableObjectReadDataEvents, enableObjectWriteDataEvents].map(async (each) => (await assess(each, REF, replies(...given), { parameters })).status),
  );
const PLAIN = { EventSelectors: [MANAGEMENT] };
const OBJECTS = [field('eventCategory', 'Data'), field('resources.type', 'AWS::S3::Object')];

describe('object events of S3', () => {
  it('are recorded by another selector in the form of the trail, and all others stay', async () => {
    const written = { ReadWriteType: 'WriteOnly', IncludeManagementEvents: false, DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] };
    expect(await assess(enableObjectWriteDataEvents, REF, replies(PLAIN), { parameters: { trail: 'audit' } })).toMatchObject({
      status: 'change',
      changes: [
        {
          call: { operation: 'PutEventSelectors', input: { TrailName: arn('audit'), EventSelectors: [MANAGEMENT, written] } },
          undo: { restores: 'exact', calls: [{ input: { TrailName: arn('audit'), EventSelectors: [MANAGEMENT] } }] },
        },
      ],
    });
    const own = { EventSelectors: [], AdvancedEventSelectors: [{ Name: 'own', FieldSelectors: [field('eventCategory', 'Management')] }] };
    const assessment = await assess(enableObjectReadDataEvents, REF, replies(own), { parameters: { trail: 'audit' } });
    expect(assessment.status === 'change' && assessment.changes[0]?.call.input).toEqual({
      TrailName: arn('audit'),
      AdvancedEventSelectors: [...own.AdvancedEventSelectors, { Name: 'S3 objects, read', FieldSelectors: [...OBJECTS, field('readOnly', 'true')] }],
    });
  });
  it.each<[string, object, boolean, boolean]>([
    ['all events', basic('All', 'arn:aws:s3'), true, true],
    ['the same in another form', basic('All', 'arn:aws:s3:::'), true, true],
    ['read events', basic('ReadOnly', 'arn:aws:s3'), true, false],
    ['events of one bucket', basic('All', 'arn:aws:s3:::invoices/'), false, false],
    ['functions', basic('All', 'arn:aws:lambda', { DataResources: [{ Type: 'AWS::Lambda::Function', Values: ['arn:aws:s3'] }] }), false, false],
    ['advanced selectors for all events', advanced(...OBJECTS), true, true],
    ['advanced selectors for write events', advanced(...OBJECTS, field('readOnly', 'false')), false, true],
    ['advanced selectors for some events', advanced(...OBJECTS, field('resources.ARN', 'arn:aws:s3:::invoices/')), false, false],
    ['advanced selectors for management events', advanced(field('eventCategory', 'Management')), false, false],
  ])('are recorded by a trail with %s: reading %s %s, writing %s', async (_, selectors, reads, writes) => {
    expect(await both([selectors])).toEqual([reads ? 'compliant' : 'change', writes ? 'compliant' : 'change']);
  });
  it('are recorded by the trail of the organization', async () => {
    expect(await both([basic('All', 'arn:aws:s3'), { account: '999999999999' }], {})).toEqual(['compliant', 'compliant']);
  });
  it.each<[string, Parameters<typeof replies>, object, string]>([
    ['the trail is stopped, whatever it records', [basic('All', 'arn:aws:s3'), { logging: false }], { trail: 'audit' }, 'manual'],
    ['the trail has a single region', [basic('All', 'arn:aws:s3'), { everywhere: false }], { trail: 'audit' }, 'manual'],
    ['no trail is named', [PLAIN], {}, 'manual'],
    ['there is no such trail', [PLAIN], { trail: 'other' }, 'manual'],
    ['the trail of that name belongs to another account', [PLAIN, { account: '999999999999' }], { trail: 'audit' }, 'manual'],
    ['it has no room for another selector', [{ EventSelectors: Array.from({ length: 5 }, () => MANAGEMENT) }], { trail: 'audit' }, 'manual'],
    ['it has another home region', [PLAIN, { home: 'us-east-1' }], { trail: 'audit' }, 'not-applicable'],
  ])('are not changed if %s', async (_, given, parameters, status) => {
    expect(await both(given, parameters)).toEqual([status, status]);
  });
  it('are open according to a source if the trail has another home region', async () => {
    const seen = await look(enableObjectReadDataEvents, REF, replies(PLAIN, { home: 'us-east-1' }), { parameters: { trail: 'audit' } });
    expect(seen !== 'gone' && seen.judge()).toEqual(['nothing records read data events of S3 objects yet: the trail has to be changed in us-east-1']);
    const closed = await look(enableObjectReadDataEvents, REF, replies(basic('All', 'arn:aws:s3')), { parameters: { trail: 'audit' } });
    expect(closed !== 'gone' && closed.judge()).toEqual([]);
  });
  it('are not judged by a trail with selectors of both forms', async () => {
    const given = { ...PLAIN, AdvancedEventSelectors: [{ FieldSelectors: [field('eventCategory', 'Management')] }] };
    await expect(look(enableObjectReadDataEvents, REF, replies(given), { parameters: { trail: 'audit' } })).rejects.toThrow('both forms');
  });
  it('are not judged by a trail without selectors', async () => {
    await expect(look(enableObjectReadDataEvents, REF, replies({}), { parameters: { trail: 'audit' } })).rejects.toThrow('did not say what');
  });
});
