import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { look } from '../../../../tests/support/look.js';
import { restartLogging } from './index.js';

const REF = resource({ type: 'AWS::CloudTrail::Trail', id: 'audit', account: '111111111111', region: 'us-east-1' });
const arn = (name: string) => `arn:aws:cloudtrail:us-east-1:111111111111:trail/${name}`;
const NOW = Date.parse('2026-11-30T10:00:00Z');
const DAY = 86_400_000;
const MANAGEMENT = { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All' }] };
interface Given {
  readonly state?: string;
  readonly own?: object;
  readonly stopped?: number | null;
  readonly others?: readonly object[];
  readonly status?: object;
  readonly selectors?: object;
}
const OTHER = { TrailARN: arn('other') };
const seenOf = ({ state = 'live', own = {}, stopped = NOW - DAY, others = [], status = { IsLogging: true }, selectors = MANAGEMENT }: Given = {}) =>
  look(
    restartLogging,
    REF,
    {
      cloudtrail: {
        GetTrail: { Trail: { Name: 'audit', TrailARN: arn('audit'), HomeRegion: 'us-east-1', IsOrganizationTrail: false, ...own } },
        ListTags: { ResourceTagList: [{ ResourceId: arn('audit'), TagsList: [{ Key: 'state', Value: state }] }] },
        DescribeTrails: { trailList: [{ TrailARN: arn('audit') }, ...others] },
        GetTrailStatus: ({ Name }: { Name: string }) =>
          Name === arn('other') ? status : { IsLogging: false, ...(stopped === null ? {} : { StopLoggingTime: new Date(stopped) }) },
        GetEventSelectors: selectors,
      },
    },
    { now: NOW },
  );
const assessed = async (given?: Given) => {
  const seen = await seenOf(given);
  return seen === 'gone' ? seen : seen.assessment;
};

it('starts a trail that was just stopped. Its undo is a call that a person sends, and that says what it destroys', async () => {
  expect(await assessed()).toMatchObject({
    status: 'change',
    hazards: [],
    changes: [
      {
        call: { operation: 'StartLogging', input: { Name: 'audit' } },
        undo: { calls: [{ operation: 'StopLogging', input: { Name: 'audit' } }], restores: 'exact', destroys: expect.stringContaining('from then on') },
      },
    ],
  });
  expect(restartLogging.ceiling).toBe('enforce');
  expect(restartLogging.uses.undoes).toEqual([]);
});

it.each<[string, Given, string[]]>([
  ['stopped seven days ago', { stopped: NOW - 7 * DAY }, []],
  ['stopped before', { stopped: NOW - 7 * DAY - 1 }, ['not-stopped-just-now']],
  ['never started', { stopped: null }, ['not-stopped-just-now']],
  ['retired', { state: 'Retired' }, ['retired']],
  ['of the organization', { own: { IsOrganizationTrail: true } }, ['organization-trail']],
  ['maybe of the organization', { own: { IsOrganizationTrail: undefined } }, ['organization-trail']],
  ['next to one that records everything', { others: [OTHER] }, ['second-copy']],
  ['next to one that does not say what it records', { others: [OTHER], selectors: {} }, ['second-copy']],
  ['next to one that does not say that it leaves them out', { others: [OTHER], selectors: { EventSelectors: [{}] } }, ['second-copy']],
  [
    'next to one that records a part of them',
    {
      others: [OTHER],
      selectors: {
        AdvancedEventSelectors: [
          {
            FieldSelectors: [
              { Field: 'eventCategory', Equals: ['Management'] },
              { Field: 'readOnly', Equals: ['false'] },
            ],
          },
        ],
      },
    },
    ['second-copy'],
  ],
  ['next to one that is stopped, too', { others: [OTHER], status: { IsLogging: false } }, []],
  ['next to one of objects alone', { others: [OTHER], selectors: { EventSelectors: [{ IncludeManagementEvents: false }] } }, []],
])('needs an approval only where that may be on purpose: one that is %s', async (_, given, hazards) => {
  expect(await assessed(given)).toMatchObject({ status: 'change', hazards: hazards.map((code) => ({ code, effect: 'approve' })) });
});

it('cannot be judged next to a trail without a logging status', async () => {
  await expect(seenOf({ others: [OTHER], status: {} })).rejects.toThrow('IsLogging');
});

it('has in its state since when it logs, and waits for that; of other trails nothing is read then', async () => {
  const started = (StartLoggingTime?: Date) =>
    look(restartLogging, REF, {
      cloudtrail: {
        GetTrail: { Trail: { Name: 'audit', TrailARN: arn('audit') } },
        ListTags: { ResourceTagList: [{ ResourceId: arn('audit'), TagsList: [] }] },
        GetTrailStatus: { IsLogging: true, StartLoggingTime },
      },
    });
  expect(await started(new Date(NOW))).toMatchObject({ state: { logging: true, since: '2026-11-30T10:00:00.000Z' }, assessment: { status: 'compliant' } });
  await expect(started()).rejects.toThrow('StartLoggingTime');
});
