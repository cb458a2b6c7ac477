import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess } from '../../../../tests/support/look.js';
import { restartLogging } from './index.js';

const REF = resource({ type: 'AWS::CloudTrail::Trail', id: 'audit', account: '111111111111', region: 'us-east-1' });
const arn = (name: string) => `arn:aws:cloudtrail:us-east-1:111111111111:trail/${name}`;
const own = { Name: 'audit', TrailARN: arn('audit'), HomeRegion: 'us-east-1', IsMultiRegionTrail: true };
const whole = { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All' }] };
interface Given {
  readonly state?: string;
  readonly logging?: Readonly<Record<string, boolean>>;
  readonly others?: readonly object[];
  readonly selectors?: object;
}
const assessed = ({ state = 'live', logging = {}, others = [], selectors = whole }: Given = {}) =>
  assess(restartLogging, REF, {
    cloudtrail: {
      GetTrail: { Trail: own },
      ListTags: { ResourceTagList: [{ ResourceId: arn('audit'), TagsList: [{ Key: 'state', Value: state }] }] },
      DescribeTrails: { trailList: [own, ...others] },
      GetTrailStatus: ({ Name }: { Name: string }) => ({ IsLogging: logging[Name] ?? false }),
      GetEventSelectors: selectors,
    },
  });
const other = (IsMultiRegionTrail: boolean) => ({ TrailARN: arn('other'), IsMultiRegionTrail });

it('starts a trail that is stopped. Its undo is a call that a person sends, and that says what it destroys', async () => {
  expect(await assessed()).toMatchObject({
    status: 'change',
    hazards: [],
    changes: [
      {
        call: { operation: 'StartLogging', input: { Name: 'audit' } },
        undo: { calls: [{ operation: 'StopLogging', input: { Name: 'audit' } }], restores: 'equivalent', destroys: expect.stringContaining('the record') },
      },
    ],
  });
  expect(restartLogging.ceiling).toBe('enforce');
  expect(restartLogging.uses.undoes).toEqual([]);
});

const ON = { [arn('other')]: true };
const PART = {
  AdvancedEventSelectors: [
    {
      FieldSelectors: [
        { Field: 'eventCategory', Equals: ['Management'] },
        { Field: 'readOnly', Equals: ['false'] },
      ],
    },
  ],
};
const OBJECTS = { EventSelectors: [{ IncludeManagementEvents: false, ReadWriteType: 'All' }] };
it.each([
  ['it is retired', { state: 'Retired' }, ['retired']],
  ['its creation was rolled back', { state: 'rolled-back' }, ['retired']],
  ['another one records everything', { others: [other(true)], logging: ON }, ['second-copy']],
  ['another one records a part', { others: [other(true)], logging: ON, selectors: PART }, ['second-copy']],
  ['another one does not say what it records', { others: [other(true)], logging: ON, selectors: {} }, ['second-copy']],
  ['another one does not say that it leaves them out', { others: [other(true)], logging: ON, selectors: { EventSelectors: [{}] } }, ['second-copy']],
  ['another one records one region', { others: [other(false)], logging: ON }, ['second-copy']],
  ['another one is stopped, too', { others: [other(true)] }, []],
  ['another one records what is done with objects', { others: [other(true)], logging: ON, selectors: OBJECTS }, []],
])('asks about a second copy, and about a retired trail: %s', async (_, given, hazards) => {
  expect(await assessed(given)).toMatchObject({ status: 'change', hazards: hazards.map((code) => ({ code, effect: 'approve' })) });
});
